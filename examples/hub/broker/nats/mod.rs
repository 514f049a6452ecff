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

mod reader;
mod snapshots;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType, Stream};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectOptions, Event, Subscriber};
use tokio::sync::watch;

use self::reader::NatsReader;
use self::snapshots::Snapshots;
use self::writer::NatsWriter;
use super::PAUSE;
use super::backend::{Backend, Latest, Positions};
use crate::Failure;
use crate::store::Store;

const CHAT: &str = "hub.chat";
const DOCUMENT: &str = "hub.document";
const LIVE: &str = "hub.live";
const CHAT_STREAM: &str = "HUB_CHAT";
const DOCUMENT_STREAM: &str = "HUB_DOCUMENT";

/// The header with the name of the hub that has appended an update.
const HUB: &str = "Hub";

/// How long `Nats-Msg-Id` is known: JetStream's default.
const DUPLICATES: Duration = Duration::from_secs(120);

/// Bytes of a message that are not an update: headers, and what merging may add.
const MARGIN: usize = 64 * 1024;

/// A connection, which async-nats opens again when it is lost.
#[derive(Clone)]
pub(super) struct Nats {
    client: Client,
    context: Context,
    chat: Stream,
    document: Stream,
    snapshots: Snapshots,
    history: u64,
    hub: String,
    store: Arc<Store>,
    lost: Lost,
}

impl Nats {
    pub(super) async fn connect(
        url: &str,
        hub: String,
        history: u64,
        store: &Arc<Store>,
    ) -> Result<Self, Failure> {
        let (sender, lost) = watch::channel(());
        let sender = Arc::new(sender);
        let options = ConnectOptions::new()
            .ping_interval(Duration::from_secs(2))
            .reconnect_delay_callback(|_| PAUSE)
            .event_callback(move |event| {
                if matches!(event, Event::Disconnected) {
                    sender.send_replace(());
                }
                std::future::ready(())
            });
        let client = options.connect(url).await?;
        let context = jetstream::new(client.clone());
        let (chat, document) = streams(&context, history).await?;
        let snapshots = Snapshots::open(&context).await?;
        let (store, lost) = (Arc::clone(store), Lost(lost));
        Ok(Self { client, context, chat, document, snapshots, history, hub, store, lost })
    }

    /// The longest update that the server takes.
    pub(super) fn max_update(&self) -> usize {
        self.client.server_info().max_payload.saturating_sub(MARGIN)
    }
}

/// Opens the streams of the chat and the document, and creates missing ones.
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

impl Backend for Nats {
    type Writer = NatsWriter;
    type Reader = NatsReader;
    type Live = Subscriber;

    async fn writer(&self) -> Result<NatsWriter, Failure> {
        let lost = self.lost.renewed();
        Ok(NatsWriter { nats: self.clone(), lost })
    }

    async fn reader(&self, after: Positions) -> Result<(NatsReader, Latest), Failure> {
        let lost = self.lost.renewed();
        // A broker that has lost its data has no streams.
        let (chat, document) = streams(&self.context, self.history).await?;
        let positions = Positions {
            chat: chat.cached_info().state.last_sequence,
            document: document.cached_info().state.last_sequence,
        };
        // Without updates there is no snapshot, and perhaps no bucket.
        let has_more = positions.document > after.document;
        let snapshot = if has_more { self.snapshots.newest(after.document).await? } else { None };
        let after = Positions {
            document: snapshot.as_ref().map_or(after.document, |it| it.number),
            ..after
        };
        // A stream that was created again is another history.
        let id = format!("{:x}", chat.cached_info().created.unix_timestamp_nanos());
        let reader = NatsReader::new(&self.chat, &self.document, after, snapshot, lost).await?;
        Ok((reader, Latest { id, positions }))
    }

    async fn listen(&self) -> Result<Subscriber, Failure> {
        let subscriber = self.client.subscribe(LIVE).await?;
        self.client.flush().await?;
        Ok(subscriber)
    }
}

/// A notification that the connection was lost.
#[derive(Clone)]
struct Lost(watch::Receiver<()>);

impl Lost {
    /// Returns a receiver of later losses only.
    fn renewed(&self) -> Self {
        let mut lost = self.clone();
        lost.0.borrow_and_update();
        lost
    }

    /// Waits for the loss of the connection, and returns it as an error.
    async fn error(&mut self) -> Failure {
        let _ = self.0.changed().await;
        "the connection is lost".into()
    }
}
