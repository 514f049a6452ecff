//! The journal of the chat and the document: the store of this hub, or a broker that several hubs
//! share.
//!
//! ```text
//!   alone:        room ──► store ──commit──► ack, said
//!   with others:  room ──► broker ─────────► ack
//!                 broker ──its streams──► store in memory: the copy ──► said
//! ```
//!
//! Rooms read the store in both cases.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::broker::{Broker, Job, Write, Written};
use crate::store::chat::{Said, Stored, say};
use crate::store::document::{append, compact};
use crate::store::{self, Store};

/// The journal of a hub.
#[derive(Clone)]
pub(crate) struct Journal {
    /// The store that the rooms read: with a broker, a copy in memory.
    pub(crate) store: Arc<Store>,
    broker: Option<Arc<Broker>>,
    /// The number of chat messages that are kept.
    history: u64,
}

/// A place in the queue: what is submitted with it does not wait.
pub(crate) enum Slot<'a> {
    Store(store::Slot<'a>, u64),
    Broker(mpsc::Permit<'a, Option<Job>>),
}

impl Journal {
    pub(crate) fn new(store: Arc<Store>, broker: Option<Arc<Broker>>, history: u64) -> Self {
        Self { store, broker, history }
    }

    /// Waits for a place in the queue. `None` after the end.
    pub(crate) async fn slot(&self) -> Option<Slot<'_>> {
        match &self.broker {
            None => self.store.slot().await.map(|slot| Slot::Store(slot, self.history)),
            Some(broker) => broker.reserve().await.map(Slot::Broker),
        }
    }

    /// Whether the broker is there; `None` without one.
    pub(crate) fn state(&self) -> Option<watch::Receiver<bool>> {
        self.broker.as_ref().map(|broker| broker.state())
    }

    pub(crate) fn broker(&self) -> Option<&Broker> {
        self.broker.as_deref()
    }
}

impl Slot<'_> {
    /// Stores a message. `then` gets `Stored::New` if it has to publish the message; with a broker,
    /// this is done when the broker delivers it.
    pub(crate) fn say(self, said: Said, then: impl FnOnce(Option<Stored>) + Send + 'static) {
        match self {
            Self::Store(slot, keep) => slot.submit(move |write| say(write, said, keep), then),
            Self::Broker(permit) => submit(permit, Write::Say(said), |written| {
                then(match written {
                    Written::Said(stored) => Some(stored),
                    _ => None,
                });
            }),
        }
    }

    /// Appends an update, or replaces all updates by `all`. `then` gets its number at the broker.
    pub(crate) fn append(
        self,
        new: Vec<u8>,
        all: Option<Vec<u8>>,
        then: impl FnOnce(Option<u64>) + Send + 'static,
    ) {
        match self {
            Self::Store(slot, _) => {
                let write = move |transaction: &_| match &all {
                    Some(all) => compact(transaction, all),
                    None => append(transaction, &new),
                };
                slot.submit(write, |done| then(done.map(|()| 0)));
            }
            Self::Broker(permit) => submit(permit, Write::Append(new), |written| {
                then(match written {
                    Written::Number(number) => Some(number),
                    _ => None,
                });
            }),
        }
    }

    /// `then` runs when all that was submitted before is done.
    pub(crate) fn barrier(self, then: impl FnOnce(Option<()>) + Send + 'static) {
        match self {
            Self::Store(slot, _) => slot.submit(|_| Ok(()), then),
            Self::Broker(permit) => submit(permit, Write::Nothing, |_| then(Some(()))),
        }
    }
}

fn submit(
    permit: mpsc::Permit<'_, Option<Job>>,
    write: Write,
    then: impl FnOnce(Written) + Send + 'static,
) {
    permit.send(Some(Job { write, then: Box::new(then) }));
}
