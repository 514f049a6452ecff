//! Redis Streams: <https://redis.io/docs/latest/develop/data-types/streams/>.
//!
//! | key | contents |
//! |---|---|
//! | `{hub}:id` | the id of this history |
//! | `{hub}:chat` | stream: messages, entry `N-0` for sequence number N |
//! | `{hub}:chat:last`, `{hub}:document:last` | the last N |
//! | `{hub}:chat:ids` | hash: client and its id of each message in the stream ► N |
//! | `{hub}:document` | stream: updates |
//! | `{hub}:document:snapshot` | hash: the document up to update `at` |
//! | `{hub}:live` | channel: cursors and people |
//!
//! The braces keep all keys on one node of a cluster, as the scripts need it. A script runs as a
//! whole or not at all, so a message, its number and its id are stored together.

use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::{MultiplexedConnection, PubSubStream};
use redis::streams::{StreamId, StreamReadReply};
use redis::{AsyncConnectionConfig, Client, FromRedisValue, Script, Value, cmd, pipe};

use super::ANSWER_TIMEOUT;
use super::backend::{
    Backend, Entry, Event, Latest, Live, Positions, Reader, Write, Writer, Written,
};
use crate::Failure;
use crate::store::chat::{Said, Stored};
use crate::store::random;

const ID: &str = "{hub}:id";
const CHAT: &str = "{hub}:chat";
const CHAT_LAST: &str = "{hub}:chat:last";
const IDS: &str = "{hub}:chat:ids";
const DOCUMENT: &str = "{hub}:document";
const DOCUMENT_LAST: &str = "{hub}:document:last";
const SNAPSHOT: &str = "{hub}:document:snapshot";
const LIVE: &str = "{hub}:live";

/// The maximum number of entries of each stream that one read returns.
const COUNT: usize = 256;

/// How long a read waits for entries.
const BLOCK: Duration = Duration::from_secs(1);

/// Stores a message once, and removes the oldest ones. Returns its number, and whether it has the
/// same text as the one that is stored.
const SAY: &str = "
local field = ARGV[1] .. ' ' .. ARGV[2]
local known = redis.call('HGET', KEYS[3], field)
if known then
  local entry = redis.call('XRANGE', KEYS[1], known .. '-0', known .. '-0')[1]
  return {tonumber(known), entry and entry[2][8] == ARGV[4] and 1 or 0}
end
local seq = redis.call('INCR', KEYS[2])
redis.call('XADD', KEYS[1], seq .. '-0', 'client', ARGV[1], 'id', ARGV[2], 'name', ARGV[3],
  'text', ARGV[4], 'at', ARGV[5])
redis.call('HSET', KEYS[3], field, seq)
local over = redis.call('XLEN', KEYS[1]) - tonumber(ARGV[6])
if over > 0 then
  for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', over)) do
    -- An entry of another program has other fields.
    if entry[2][4] then redis.call('HDEL', KEYS[3], entry[2][2] .. ' ' .. entry[2][4]) end
    redis.call('XDEL', KEYS[1], entry[1])
  end
end
return {seq, 1}";

/// Appends an update. Returns its number.
const APPEND: &str = "
local number = redis.call('INCR', KEYS[2])
redis.call('XADD', KEYS[1], number .. '-0', 'hub', ARGV[1], 'update', ARGV[2])
return number";

/// Stores a snapshot, if there is no newer one, and removes the updates that are in it.
const REPLACE: &str = "
local at = tonumber(redis.call('HGET', KEYS[2], 'at') or 0)
if at < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[2], 'at', ARGV[1], 'state', ARGV[2])
  redis.call('XTRIM', KEYS[1], 'MINID', '=', (tonumber(ARGV[1]) + 1) .. '-0')
end
return at";

/// An update of Yjs that changes nothing: no structs, and no deletions.
const NO_UPDATE: [u8; 2] = [0, 0];

pub(super) struct Redis {
    client: Client,
    hub: String,
    history: u64,
}

impl Redis {
    pub(super) async fn connect(url: &str, hub: String, history: u64) -> Result<Self, Failure> {
        let this = Self { client: Client::open(url)?, hub, history };
        let mut connection = this.connection().await?;
        cmd("PING").exec_async(&mut connection).await?;
        // A server may refuse CONFIG; then there is no warning.
        let is_kept = cmd("CONFIG").arg("GET").arg("append*").query_async(&mut connection).await;
        if let Ok(settings) = is_kept {
            warn(&settings);
        }
        Ok(this)
    }

    async fn connection(&self) -> Result<MultiplexedConnection, Failure> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWER_TIMEOUT))
            .set_response_timeout(Some(ANSWER_TIMEOUT));
        Ok(self.client.get_multiplexed_async_connection_with_config(&config).await?)
    }
}

/// Warns if an acknowledged message may not outlive the broker.
fn warn(settings: &std::collections::HashMap<String, String>) {
    let is = |name: &str, value: &str| settings.get(name).is_some_and(|it| it == value);
    if !is("appendonly", "yes") {
        eprintln!("hub: Redis keeps nothing when it ends abruptly: set appendonly yes");
    } else if !is("appendfsync", "always") {
        eprintln!("hub: Redis may lose its last second: set appendfsync always to lose nothing");
    }
}

impl Backend for Redis {
    type Writer = RedisWriter;
    type Reader = RedisReader;
    type Live = PubSubStream;

    async fn writer(&self) -> Result<RedisWriter, Failure> {
        let mut connection = self.connection().await?;
        let [say, append, replace] = [SAY, APPEND, REPLACE].map(Script::new);
        for script in [&say, &append, &replace] {
            script.load_async(&mut connection).await?;
        }
        let (hub, history) = (self.hub.clone(), self.history);
        Ok(RedisWriter { connection, say, append, replace, hub, history })
    }

    async fn reader(&self, after: Positions) -> Result<(RedisReader, Latest), Failure> {
        let mut connection = self.connection().await?;
        let (id, chat, document, (at, state)): Last = pipe()
            .atomic()
            .cmd("SET")
            .arg(ID)
            .arg(random())
            .arg("NX")
            .ignore()
            .get(ID)
            .get(CHAT_LAST)
            .get(DOCUMENT_LAST)
            .hmget(SNAPSHOT, &["at", "state"])
            .query_async(&mut connection)
            .await?;
        let positions =
            Positions { chat: chat.unwrap_or_default(), document: document.unwrap_or_default() };
        let snapshot = at.zip(state).filter(|(at, _)| *at > after.document);
        let snapshot = snapshot.map(|(number, update)| Entry { number, update, hub: None });
        let read = [after.chat, after.document].map(|number| format!("{number}-0"));
        Ok((RedisReader { connection, read, snapshot }, Latest { id, positions }))
    }

    async fn listen(&self) -> Result<PubSubStream, Failure> {
        let mut channel = self.client.get_async_pubsub().await?;
        channel.subscribe(LIVE).await?;
        Ok(channel.into_on_message())
    }
}

/// The id, the last numbers, and the snapshot.
type Last = (String, Option<u64>, Option<u64>, (Option<u64>, Option<Vec<u8>>));

pub(super) struct RedisWriter {
    connection: MultiplexedConnection,
    say: Script,
    append: Script,
    replace: Script,
    hub: String,
    history: u64,
}

impl Writer for RedisWriter {
    async fn write(&mut self, writes: &[&Write]) -> Result<Vec<Written>, Failure> {
        let mut pipe = pipe();
        for write in writes {
            match write {
                Write::Say(said) => {
                    let Said { client, id, name, text, at, .. } = said;
                    let mut say = self.say.key(&[CHAT, CHAT_LAST, IDS]);
                    say.arg(client).arg(id).arg(name).arg(text).arg(at).arg(self.history);
                    pipe.invoke_script(&say);
                }
                Write::Append(update) => {
                    let mut append = self.append.key(&[DOCUMENT, DOCUMENT_LAST]);
                    pipe.invoke_script(append.arg(&self.hub).arg(update));
                }
                Write::Snapshot(number, all) => {
                    let mut replace = self.replace.key(&[DOCUMENT, SNAPSHOT]);
                    pipe.invoke_script(replace.arg(number).arg(all));
                }
                Write::Latest => {
                    pipe.get(CHAT_LAST);
                }
                Write::Nothing => {}
            }
        }
        let mut replies = vec![].into_iter();
        if !pipe.is_empty() {
            replies = pipe.query_async::<Vec<Value>>(&mut self.connection).await?.into_iter();
        }
        let written = writes.iter().map(|write| match write {
            Write::Nothing => Ok(Written::Nothing),
            Write::Say(_) => {
                let (seq, is_same): (u64, bool) = parse(replies.next())?;
                Ok(Written::Said(if is_same { Stored::Again(seq) } else { Stored::Conflict }))
            }
            Write::Latest => {
                let latest: Option<u64> = parse(replies.next())?;
                Ok(Written::Number(latest.unwrap_or_default()))
            }
            Write::Append(_) | Write::Snapshot(..) => Ok(Written::Number(parse(replies.next())?)),
        });
        written.collect()
    }

    async fn publish(&mut self, bytes: Vec<u8>) -> Result<(), Failure> {
        Ok(cmd("PUBLISH").arg(LIVE).arg(bytes).exec_async(&mut self.connection).await?)
    }
}

fn parse<T: FromRedisValue>(reply: Option<Value>) -> Result<T, Failure> {
    Ok(redis::from_redis_value(reply.ok_or("an answer is missing")?)?)
}

pub(super) struct RedisReader {
    connection: MultiplexedConnection,
    /// The ids of the last entries of the chat and the document.
    read: [String; 2],
    snapshot: Option<Entry>,
}

impl Reader for RedisReader {
    async fn next(&mut self) -> Result<Vec<Event>, Failure> {
        if let Some(snapshot) = self.snapshot.take() {
            self.read[1] = format!("{}-0", snapshot.number);
            return Ok(vec![Event::Entry(snapshot)]);
        }
        let mut read = cmd("XREAD");
        read.arg("COUNT").arg(COUNT).arg("BLOCK").arg(BLOCK.as_millis() as u64);
        read.arg("STREAMS").arg(CHAT).arg(DOCUMENT);
        read.arg(&self.read);
        let reply: Option<StreamReadReply> = read.query_async(&mut self.connection).await?;
        let mut events = vec![];
        for stream in reply.into_iter().flat_map(|reply| reply.keys) {
            let is_chat = stream.key == CHAT;
            for entry in stream.ids {
                let number = entry.id.split('-').next().unwrap_or_default().parse()?;
                events.push(if is_chat { message(number, &entry) } else { update(number, &entry) });
                self.read[usize::from(!is_chat)] = entry.id;
            }
        }
        Ok(events)
    }
}

fn message(seq: u64, entry: &StreamId) -> Event {
    said(seq, entry).map_or_else(|error| Event::unreadable(seq, &error), Event::Said)
}

fn said(seq: u64, entry: &StreamId) -> Result<Said, Failure> {
    Ok(Said {
        seq,
        client: field(entry, "client")?,
        id: field(entry, "id")?,
        name: field(entry, "name")?,
        text: field(entry, "text")?,
        at: field(entry, "at")?,
    })
}

fn update(number: u64, entry: &StreamId) -> Event {
    let fields = || Ok::<_, Failure>((field(entry, "update")?, field(entry, "hub")?));
    let (update, hub) = fields().unwrap_or_else(|error| {
        eprintln!("hub: update {number} of the document can't be read, and is skipped: {error}");
        (NO_UPDATE.to_vec(), String::new())
    });
    Event::Entry(Entry { number, update, hub: Some(hub) })
}

fn field<T: FromRedisValue>(entry: &StreamId, name: &str) -> Result<T, Failure> {
    entry.get(name).ok_or_else(|| format!("entry {} has no {name}", entry.id).into())
}

impl Live for PubSubStream {
    async fn next(&mut self) -> Result<Vec<u8>, Failure> {
        let message = StreamExt::next(self).await.ok_or("the connection has ended")?;
        Ok(message.get_payload_bytes().to_vec())
    }
}
