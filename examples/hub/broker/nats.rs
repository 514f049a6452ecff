//! NATS JetStream: <https://docs.nats.io/nats-concepts/jetstream>.
//!
//! | stream, subject or bucket | contents |
//! |---|---|
//! | `HUB_CHAT`, `hub.chat` | messages; the sequence number is the stream's |
//! | `HUB_DOCUMENT`, `hub.document` | updates |
//! | object store `hub-document` | snapshots, each named after the last update that is in it |
//! | `hub.live` | cursors and people, in no stream |
//!
//! A resend is known by its `Nats-Msg-Id` for two minutes, and by the hub's copy of the history
//! before and after. If both fail, because the broker was away for longer after it had stored a
//! message, the message is in the stream twice: every hub skips the second one.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::{Ordered, OrderedConfig};
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::object_store::{self, ObjectStore};
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType, Stream};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectOptions, HeaderMap, Subscriber};
use futures_util::{StreamExt, TryStreamExt};
use tokio::io::AsyncReadExt;
use tokio::sync::watch;

use super::{Backend, Entry, Event, Live, PAUSE, Positions, Reader, Write, Writer, Written};
use crate::Failure;
use crate::store::Store;
use crate::store::chat::{Said, Stored, find};

const CHAT: &str = "hub.chat";
const DOCUMENT: &str = "hub.document";
const LIVE: &str = "hub.live";
const CHAT_STREAM: &str = "HUB_CHAT";
const DOCUMENT_STREAM: &str = "HUB_DOCUMENT";
const BUCKET: &str = "hub-document";
const BUCKET_STREAM: &str = "OBJ_hub-document";

/// The header with the name of the hub that has appended an update.
const HUB: &str = "Hub";

const LOST: &str = "the connection is lost";

/// How long `Nats-Msg-Id` is known: JetStream's default.
const DUPLICATES: Duration = Duration::from_secs(120);

/// Bytes of a message that are not an update: headers, and what merging may add.
const MARGIN: usize = 64 * 1024;

pub(super) struct Nats {
    client: Client,
    context: Context,
    chat: Stream,
    document: Stream,
    snapshots: ObjectStore,
    history: u64,
    hub: String,
    store: Arc<Store>,
    /// Changes when the connection is lost.
    lost: watch::Receiver<u64>,
}

impl Nats {
    pub(super) async fn connect(
        url: &str,
        hub: String,
        history: u64,
        store: &Arc<Store>,
    ) -> Result<Self, Failure> {
        let (sender, lost) = watch::channel(0);
        let sender = Arc::new(sender);
        let options = ConnectOptions::new()
            .ping_interval(Duration::from_secs(2))
            .reconnect_delay_callback(|_| PAUSE)
            .event_callback(move |event| {
                if matches!(event, async_nats::Event::Disconnected) {
                    sender.send_modify(|lost| *lost += 1);
                }
                std::future::ready(())
            });
        let client = options.connect(url).await?;
        let context = jetstream::new(client.clone());
        let (chat, document) = streams(&context, history).await?;
        let snapshots = match context.get_object_store(BUCKET).await {
            Ok(snapshots) => snapshots,
            Err(_) => {
                let bucket = object_store::Config { bucket: BUCKET.into(), ..Default::default() };
                context.create_object_store(bucket).await?
            }
        };
        let store = Arc::clone(store);
        Ok(Self { client, context, chat, document, snapshots, history, hub, store, lost })
    }

    /// The longest update that the server takes.
    pub(super) fn max_update(&self) -> usize {
        self.client.server_info().max_payload.saturating_sub(MARGIN)
    }

    /// The newest snapshot, if it is newer than this.
    async fn snapshot(&self, after: u64) -> Result<Option<Entry>, Failure> {
        let newest = numbers(&self.snapshots).await?.into_iter().max();
        let Some(number) = newest.filter(|number| *number > after) else { return Ok(None) };
        let mut update = vec![];
        self.snapshots.get(name_of(number)).await?.read_to_end(&mut update).await?;
        Ok(Some(Entry { number, update, hub: None }))
    }
}

/// The streams of the chat and the document, which are made if they are missing.
async fn streams(context: &Context, history: u64) -> Result<(Stream, Stream), Failure> {
    let config = |name: &str, subject: &str, max_messages| Config {
        name: name.into(),
        subjects: vec![subject.into()],
        max_messages,
        discard: DiscardPolicy::Old,
        storage: StorageType::File,
        duplicate_window: DUPLICATES,
        ..Config::default()
    };
    let history = i64::try_from(history).unwrap_or(i64::MAX);
    let chat = context.get_or_create_stream(config(CHAT_STREAM, CHAT, history)).await?;
    let document = context.get_or_create_stream(config(DOCUMENT_STREAM, DOCUMENT, -1)).await?;
    Ok((chat, document))
}

fn name_of(number: u64) -> String {
    format!("snapshot-{number}")
}

/// The numbers of the snapshots.
async fn numbers(snapshots: &ObjectStore) -> Result<Vec<u64>, Failure> {
    let objects: Vec<_> = snapshots.list().await?.try_collect().await?;
    let number = |name: &str| name.strip_prefix("snapshot-")?.parse().ok();
    Ok(objects.iter().filter_map(|object| number(&object.name)).collect())
}

/// Reads a stream from the entry after this one.
async fn follow(stream: &Stream, after: u64) -> Result<Ordered, Failure> {
    let deliver_policy = DeliverPolicy::ByStartSequence { start_sequence: after + 1 };
    let config = OrderedConfig { deliver_policy, ..OrderedConfig::default() };
    Ok(stream.create_consumer(config).await?.messages().await?)
}

impl Backend for Nats {
    type Writer = NatsWriter;
    type Reader = NatsReader;
    type Live = Subscriber;

    async fn writer(&self) -> Result<NatsWriter, Failure> {
        let mut lost = self.lost.clone();
        lost.borrow_and_update();
        Ok(NatsWriter {
            client: self.client.clone(),
            context: self.context.clone(),
            chat: self.chat.clone(),
            document: self.document.clone(),
            snapshots: self.snapshots.clone(),
            hub: self.hub.clone(),
            store: Arc::clone(&self.store),
            lost,
        })
    }

    async fn reader(&self, after: Positions) -> Result<(NatsReader, Positions), Failure> {
        let mut lost = self.lost.clone();
        lost.borrow_and_update();
        // A broker that has lost its data has no streams.
        let (chat, document) = streams(&self.context, self.history).await?;
        let latest = Positions {
            chat: chat.cached_info().state.last_sequence,
            document: document.cached_info().state.last_sequence,
        };
        // Without updates there is no snapshot, and perhaps no bucket.
        let has_more = latest.document > after.document;
        let snapshot = if has_more { self.snapshot(after.document).await? } else { None };
        let document = snapshot.as_ref().map_or(after.document, |snapshot| snapshot.number);
        let (chat, document) =
            (follow(&self.chat, after.chat).await?, follow(&self.document, document).await?);
        Ok((NatsReader { chat, document, snapshot, lost }, latest))
    }

    async fn listen(&self) -> Result<Subscriber, Failure> {
        let subscriber = self.client.subscribe(LIVE).await?;
        self.client.flush().await?;
        Ok(subscriber)
    }
}

pub(super) struct NatsWriter {
    client: Client,
    context: Context,
    chat: Stream,
    document: Stream,
    snapshots: ObjectStore,
    hub: String,
    store: Arc<Store>,
    lost: watch::Receiver<u64>,
}

/// A write that has begun.
enum Begun {
    Said(PublishAckFuture, String),
    Appended(PublishAckFuture),
    Done(Written),
}

impl Writer for NatsWriter {
    async fn write(&mut self, writes: &[&Write]) -> Result<Vec<Written>, Failure> {
        let mut lost = self.lost.clone();
        tokio::select! {
            biased;
            // Acknowledgements of this connection will not come.
            _ = lost.changed() => Err(LOST.into()),
            written = self.write_some(writes) => written,
        }
    }

    async fn publish(&mut self, bytes: Vec<u8>) -> Result<(), Failure> {
        Ok(self.client.publish(LIVE, bytes.into()).await?)
    }
}

impl NatsWriter {
    /// Writes at most one message of each sender: one that fails must not be overtaken by the next.
    async fn write_some(&self, writes: &[&Write]) -> Result<Vec<Written>, Failure> {
        let (mut senders, mut begun) = (HashSet::new(), vec![]);
        for write in writes {
            let sender = match write {
                Write::Say(said) => Some(said.client.as_str()),
                Write::Append(_) => Some(" document"),
                _ => None,
            };
            if sender.is_some_and(|sender| !senders.insert(sender)) {
                break;
            }
            begun.push(self.begin(write).await?);
        }
        let mut written = vec![];
        for begun in begun {
            match self.finish(begun).await {
                Ok(done) => written.push(done),
                // The next attempt begins with this one.
                Err(_) if !written.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    async fn begin(&self, write: &Write) -> Result<Begun, Failure> {
        let mut headers = HeaderMap::new();
        Ok(match write {
            Write::Say(said) => {
                if let Some(stored) = find(&self.store.read()?, said)? {
                    return Ok(Begun::Done(Written::Said(stored)));
                }
                headers.insert(
                    async_nats::header::NATS_MESSAGE_ID,
                    format!("{}-{}", said.client, said.id),
                );
                let payload = serde_json::to_vec(said)?;
                let ack = self.context.publish_with_headers(CHAT, headers, payload.into());
                Begun::Said(ack.await?, said.text.clone())
            }
            Write::Append(update) if update.len() + 1024 > self.max_payload() => {
                Begun::Done(Written::Refused)
            }
            Write::Append(update) => {
                headers.insert(HUB, self.hub.as_str());
                let update = update.clone().into();
                Begun::Appended(self.context.publish_with_headers(DOCUMENT, headers, update).await?)
            }
            Write::Snapshot(number, all) => {
                self.replace(*number, all).await?;
                Begun::Done(Written::Nothing)
            }
            Write::Latest => {
                let info = self.chat.get_info().await?;
                Begun::Done(Written::Number(info.state.last_sequence))
            }
            Write::Nothing => Begun::Done(Written::Nothing),
        })
    }

    fn max_payload(&self) -> usize {
        self.client.server_info().max_payload
    }

    async fn finish(&self, begun: Begun) -> Result<Written, Failure> {
        Ok(match begun {
            Begun::Done(written) => written,
            Begun::Appended(ack) => Written::Number(ack.await?.sequence),
            Begun::Said(ack, text) => {
                let ack = ack.await?;
                let is_same = !ack.duplicate || {
                    let stored = self.chat.get_raw_message(ack.sequence).await?;
                    serde_json::from_slice::<Said>(&stored.payload)?.text == text
                };
                let stored = if is_same { Stored::Again(ack.sequence) } else { Stored::Conflict };
                Written::Said(stored)
            }
        })
    }

    /// Stores a snapshot, and removes what is older. Each has its own name, so that hubs that do
    /// this at once can't replace a newer one.
    async fn replace(&self, number: u64, all: &[u8]) -> Result<(), Failure> {
        let older = numbers(&self.snapshots).await?;
        if older.iter().any(|other| *other >= number) {
            return Ok(());
        }
        let bucket = self.context.get_stream(BUCKET_STREAM).await?;
        let subjects = bucket.info_with_subjects(format!("$O.{BUCKET}.M.>")).await?;
        let subjects: Vec<_> = subjects.try_collect().await?;
        self.snapshots.put(name_of(number).as_str(), &mut &*all).await?;
        for other in older {
            self.snapshots.delete(name_of(other)).await?;
        }
        // A deleted object leaves a note.
        for (subject, _) in subjects {
            bucket.purge().filter(subject).await?;
        }
        self.document.purge().sequence(number + 1).await?;
        Ok(())
    }
}

pub(super) struct NatsReader {
    chat: Ordered,
    document: Ordered,
    snapshot: Option<Entry>,
    lost: watch::Receiver<u64>,
}

impl Reader for NatsReader {
    async fn next(&mut self) -> Result<Vec<Event>, Failure> {
        if let Some(snapshot) = self.snapshot.take() {
            return Ok(vec![Event::Entry(snapshot)]);
        }
        tokio::select! {
            biased;
            _ = self.lost.changed() => Err(LOST.into()),
            message = self.chat.next() => {
                let message = message.ok_or("the consumer has ended")??;
                let seq = sequence(&message)?;
                let said = serde_json::from_slice::<Said>(&message.payload)?;
                Ok(vec![Event::Said(Said { seq, ..said })])
            }
            message = self.document.next() => {
                let message = message.ok_or("the consumer has ended")??;
                let hub = message.headers.as_ref().and_then(|headers| headers.get(HUB));
                let hub = Some(hub.map(ToString::to_string).unwrap_or_default());
                let number = sequence(&message)?;
                Ok(vec![Event::Entry(Entry { number, update: message.payload.to_vec(), hub })])
            }
        }
    }
}

fn sequence(message: &jetstream::Message) -> Result<u64, Failure> {
    Ok(message.info()?.stream_sequence)
}

impl Live for Subscriber {
    async fn next(&mut self) -> Result<Vec<u8>, Failure> {
        let message = StreamExt::next(self).await.ok_or("the connection has ended")?;
        Ok(message.payload.to_vec())
    }
}
