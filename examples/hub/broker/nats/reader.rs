//! Reads the streams of the chat and the document, and the messages that other hubs publish.

use async_nats::Subscriber;
use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::{Ordered, OrderedConfig};
use async_nats::jetstream::stream::Stream;
use futures_util::StreamExt;

use super::{HUB, Lost};
use crate::Failure;
use crate::broker::backend::{Entry, Event, Live, Positions, Reader};
use crate::store::chat::Said;

pub(in crate::broker) struct NatsReader {
    chat: Ordered,
    document: Ordered,
    snapshot: Option<Entry>,
    lost: Lost,
}

impl NatsReader {
    /// Reads the snapshot, and then the entries after these positions.
    pub(super) async fn new(
        chat: &Stream,
        document: &Stream,
        after: Positions,
        snapshot: Option<Entry>,
        lost: Lost,
    ) -> Result<Self, Failure> {
        let chat = follow(chat, after.chat).await?;
        let document = follow(document, after.document).await?;
        Ok(Self { chat, document, snapshot, lost })
    }
}

/// Reads a stream from the entry after this one.
async fn follow(stream: &Stream, after: u64) -> Result<Ordered, Failure> {
    let deliver_policy = DeliverPolicy::ByStartSequence { start_sequence: after + 1 };
    let config = OrderedConfig { deliver_policy, ..OrderedConfig::default() };
    Ok(stream.create_consumer(config).await?.messages().await?)
}

impl Reader for NatsReader {
    async fn next(&mut self) -> Result<Vec<Event>, Failure> {
        if let Some(snapshot) = self.snapshot.take() {
            return Ok(vec![Event::Entry(snapshot)]);
        }
        tokio::select! {
            biased;
            error = self.lost.error() => Err(error),
            message = self.chat.next() => {
                let message = message.ok_or(ENDED)??;
                let seq = sequence(&message)?;
                Ok(vec![match serde_json::from_slice::<Said>(&message.payload) {
                    Ok(said) => Event::Said(Said { seq, ..said }),
                    Err(error) => Event::unreadable(seq, &error.into()),
                }])
            }
            message = self.document.next() => {
                let message = message.ok_or(ENDED)??;
                let hub = message.headers.as_ref().and_then(|headers| headers.get(HUB));
                let hub = Some(hub.map(ToString::to_string).unwrap_or_default());
                let number = sequence(&message)?;
                Ok(vec![Event::Entry(Entry { number, update: message.payload.to_vec(), hub })])
            }
        }
    }
}

const ENDED: &str = "the consumer has ended";

fn sequence(message: &Message) -> Result<u64, Failure> {
    Ok(message.info()?.stream_sequence)
}

impl Live for Subscriber {
    async fn next(&mut self) -> Result<Vec<u8>, Failure> {
        let message = StreamExt::next(self).await.ok_or("the connection has ended")?;
        Ok(message.payload.to_vec())
    }
}
