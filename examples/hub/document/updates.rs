//! The updates: applied to the copy, stored, acknowledged, and then sent to all.

use std::sync::{Arc, Mutex, PoisonError};

use sansocket::topic::Topic;
use sansocket::{CloseCode, Message};
use tokio::sync::watch;
use yrs::sync::{Message as Sync, SyncMessage};
use yrs::{StateVector, Update};

use super::replica::{Applied, BYTES, Replica, UPDATES};
use super::sync::to_binary;
use crate::Failure;
use crate::broker::Entry;
use crate::journal::{Journal, Slot};
use crate::outbox::Place;
use crate::store::document::{append, compact, load, merge};

/// The copy, and where the updates are stored.
pub(crate) struct Updates {
    journal: Journal,
    state: Mutex<State>,
    topic: Topic,
    /// The number of the last update that the broker has delivered, and that is in the store.
    delivered: watch::Sender<u64>,
}

struct State {
    /// `None` while it is loaded again, after a failure.
    replica: Option<Replica>,
    /// The updates in the replica that are not stored yet.
    waiting: usize,
    /// The number of the last update that was acknowledged.
    appended: u64,
    /// The updates that the store has copied since they were merged, and their length.
    copied: usize,
    bytes: usize,
}

impl State {
    /// `then` runs when all that is in the replica is stored: also while the broker is away, if
    /// nothing waits for it.
    fn when_stored(&self, slot: Slot<'_>, then: impl FnOnce(bool) + Send + 'static) {
        match self.waiting {
            0 => then(true),
            _ => slot.barrier(move |done| then(done.is_some())),
        }
    }
}

/// Why a message was not taken.
pub(super) enum Refused {
    Keep(&'static str),
    Close(CloseCode, &'static str),
}

const TOO_LONG: Refused =
    Refused::Keep("the document would be too long: load it anew, and delete something first");
const GAP: Refused =
    Refused::Keep("an earlier update of this client is missing: load the document anew");
const UNRESOLVED: Refused = Refused::Close(
    CloseCode::POLICY_VIOLATION,
    "an update that refers to what is not in the document",
);
const BROKEN: Refused =
    Refused::Close(CloseCode::INVALID_PAYLOAD, "an update that can't be applied");
const LOADING: Refused = Refused::Close(CloseCode::TRY_AGAIN_LATER, "the document is loaded");

impl Updates {
    /// Loads the document, and stores it as one update.
    pub(super) fn new(journal: Journal, topic: Topic) -> Result<Self, Failure> {
        let store = &journal.store;
        let updates = store.read().and_then(|transaction| load(&transaction))?;
        let mut replica = Replica::load(&updates).ok_or("the document in the store is damaged")?;
        if updates.len() > 1 {
            store.write_now(|transaction| compact(transaction, &replica.encode()))?;
        }
        let state = State { replica: Some(replica), waiting: 0, appended: 0, copied: 0, bytes: 0 };
        Ok(Self { journal, state: Mutex::new(state), topic, delivered: watch::Sender::new(0) })
    }

    /// Step 1: what is here.
    pub(super) fn step1(&self) -> Option<Message> {
        let known = self.with(|it| it.replica.as_ref().map(Replica::state_vector))?;
        Some(to_binary(&Sync::Sync(SyncMessage::SyncStep1(known))))
    }

    /// Answers step 1 with what the client lacks, when all of that is stored.
    pub(super) fn answer(&self, step1: &StateVector, slot: Slot<'_>, answer: Place) {
        self.with(|state| {
            let lacking = state.replica.as_ref().map(|replica| replica.lacking(step1));
            state.when_stored(slot, move |is_stored| {
                let step2 = lacking.filter(|_| is_stored).map(SyncMessage::SyncStep2);
                answer.send(step2.map(|step2| to_binary(&Sync::Sync(step2))));
            });
        });
    }

    /// Applies an update, and submits what is new in it. `then` learns whether it is stored.
    pub(super) fn take(
        self: &Arc<Self>,
        update: Update,
        len: usize,
        slot: Slot<'_>,
        then: impl FnOnce(bool) + Send + 'static,
    ) -> Result<(), Refused> {
        let this = Arc::clone(self);
        self.with(|state| {
            let replica = state.replica.as_mut().ok_or(LOADING)?;
            let (new, refused) = match replica.apply(update, len) {
                Applied::New(new) => (Some(new), Ok(())),
                Applied::Known => (None, Ok(())),
                Applied::Unresolved(new) => (Some(new), Err(UNRESOLVED)),
                Applied::TooLong => return Err(TOO_LONG),
                Applied::Gap => return Err(GAP),
                Applied::Broken => {
                    state.replica = None;
                    // It is loaded when everything that was submitted before is stored.
                    slot.barrier(move |_| this.load());
                    return Err(BROKEN);
                }
            };
            let Some(new) = new else {
                state.when_stored(slot, then);
                return refused;
            };
            let all = replica.compact();
            state.waiting += 1;
            slot.append(new.clone(), all, move |done| {
                match done {
                    Some(number) => {
                        this.with(|state| state.appended = state.appended.max(number));
                        this.publish(new);
                    }
                    // The replica has what the store has not.
                    None => this.load(),
                }
                this.with(|state| state.waiting -= 1);
                then(done.is_some());
            });
            refused
        })
    }

    /// Replaces the replica by the document in the store.
    fn load(&self) {
        self.with(|state| {
            state.replica = None;
            if *self.delivered.borrow() < state.appended {
                // The broker has not yet delivered all that is acknowledged.
                return;
            }
            let loaded = self.journal.store.read().and_then(|transaction| load(&transaction));
            match loaded {
                Ok(updates) => state.replica = Replica::load(&updates),
                Err(error) => eprintln!("hub: the document was not loaded: {error}"),
            }
        });
    }

    /// Takes an update that the broker delivers, or a snapshot.
    pub(crate) async fn receive(self: &Arc<Self>, entry: Entry) {
        let Some(slot) = self.journal.store.slot().await else { return };
        let Entry { number, update, hub } = entry;
        let this = Arc::clone(self);
        self.with(|state| {
            match state.replica.as_mut().map(|replica| replica.merge(&update)) {
                // Of another hub: what this one has appended is known.
                Some(Applied::New(new) | Applied::Unresolved(new)) => self.publish(new),
                Some(Applied::Known) | None => {}
                Some(_) => eprintln!("hub: update {number} of the document can't be applied"),
            }
            state.copied += 1;
            state.bytes += update.len();
            let is_due = state.copied >= UPDATES || state.bytes >= BYTES;
            if is_due {
                (state.copied, state.bytes) = (0, 0);
            }
            let is_own = hub.as_ref() == self.journal.broker().map(|broker| &broker.hub);
            slot.submit(
                move |transaction| {
                    append(transaction, &update)?;
                    let encode = |updates: &[Vec<u8>]| Some(Replica::load(updates)?.encode());
                    is_due.then(|| merge(transaction, encode)).transpose()
                },
                move |merged| {
                    if let (Some(Some(all)), Some(broker), true) =
                        (merged, this.journal.broker(), is_own)
                    {
                        broker.try_snapshot(number, all);
                    }
                    this.delivered.send_replace(number);
                    if this.with(|state| state.replica.is_none()) {
                        this.load();
                    }
                },
            );
        });
    }

    /// Waits until the broker has delivered this update.
    pub(crate) async fn until_delivered(&self, number: u64) {
        let mut delivered = self.delivered.subscribe();
        let _ = delivered.wait_for(|delivered| *delivered >= number).await;
    }

    fn publish(&self, update: Vec<u8>) {
        self.topic.publish(to_binary(&Sync::Sync(SyncMessage::Update(update))));
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
