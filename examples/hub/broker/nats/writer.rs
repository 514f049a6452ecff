//! Writes to the streams: several entries at once, each acknowledged by JetStream.

use std::collections::HashSet;

use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::context::PublishAckFuture;

use super::{CHAT, DOCUMENT, HUB, LIVE, Lost, Nats};
use crate::Failure;
use crate::broker::backend::{Write, Writer, Written};
use crate::store::chat::{Said, Stored, find};

/// Bytes of a message that is an update: its headers.
const HEADERS: usize = 1024;

pub(in crate::broker) struct NatsWriter {
    pub(super) nats: Nats,
    pub(super) lost: Lost,
}

/// A write that has begun.
enum Begun {
    Said(PublishAckFuture, String),
    Appended(PublishAckFuture),
    Done(Written),
}

impl Writer for NatsWriter {
    async fn write(&mut self, writes: &[&Write]) -> Result<Vec<Written>, Failure> {
        tokio::select! {
            biased;
            // Acknowledgements of this connection will not come.
            error = self.lost.error() => Err(error),
            written = self.nats.write_some(writes) => written,
        }
    }

    async fn publish(&mut self, bytes: Vec<u8>) -> Result<(), Failure> {
        Ok(self.nats.client.publish(LIVE, bytes.into()).await?)
    }
}

impl Nats {
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
                let stored = self.store.read().and_then(|read| find(&read, said));
                if let Some(stored) = stored? {
                    return Ok(Begun::Done(Written::Said(stored)));
                }
                headers.insert(NATS_MESSAGE_ID, format!("{}-{}", said.client, said.id));
                let payload = serde_json::to_vec(said)?;
                let ack = self.context.publish_with_headers(CHAT, headers, payload.into());
                Begun::Said(ack.await?, said.text.clone())
            }
            Write::Append(update) if update.len() + HEADERS > self.max_payload() => {
                Begun::Done(Written::Refused)
            }
            Write::Append(update) => {
                headers.insert(HUB, self.hub.as_str());
                let update = update.clone().into();
                Begun::Appended(self.context.publish_with_headers(DOCUMENT, headers, update).await?)
            }
            Write::Snapshot(number, all) => {
                if self.snapshots.replace(*number, all).await? {
                    self.document.purge().sequence(number + 1).await?;
                }
                Begun::Done(Written::Nothing)
            }
            Write::Latest => {
                let info = self.chat.get_info().await?;
                Begun::Done(Written::Number(info.state.last_sequence))
            }
            Write::Nothing => Begun::Done(Written::Nothing),
        })
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

    fn max_payload(&self) -> usize {
        self.client.server_info().max_payload
    }
}
