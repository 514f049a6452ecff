//! The updates: applied to the copy, stored, acknowledged, and then sent to all.

use std::sync::Arc;

use sansocket::topic::Topic;
use sansocket::{CloseCode, Message};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use yrs::StateVector;
use yrs::sync::{Message as Sync, SyncMessage};

use super::authors::Author;
use super::content::Unfit;
use super::placing::{Limits, Misfit};
use super::replica::{BYTES, Rejected, Replica, UPDATES};
use super::sync::to_binary;
use super::turns::Turns;
use crate::Failure;
use crate::broker::Entry;
use crate::journal::{Journal, Slot};
use crate::outbox::QUEUE_TIMEOUT;
use crate::store::document::{append, compact, load, merge};

/// The number of updates that may wait for a turn with a place in the store's queue: the chat needs
/// places, too.
const WAITING: usize = 64;

/// The updates, the copy to which they are applied, and the journal that stores them.
pub(crate) struct Updates {
    journal: Journal,
    turns: Turns,
    entrance: Semaphore,
    topic: Topic,
}

/// Why a message was refused, and whether the connection is closed for it.
#[derive(Debug)]
pub(super) enum Refused {
    Keep(&'static str),
    Close(CloseCode, &'static str),
}

const TOO_LONG: Refused =
    Refused::Keep("the document would be too long: load it anew, and delete something first");
const GAP: Refused =
    Refused::Keep("an earlier update of this client is missing: load the document anew");
const TOO_MANY: Refused = Refused::Keep("the document would have too many pieces");
const TOO_MANY_OF_ONE: Refused = Refused::Close(
    CloseCode::TRY_AGAIN_LATER,
    "this connection has added as many pieces as one may",
);
const TOO_MANY_AT_ONCE: Refused =
    Refused::Keep("too much was typed at the same place at the same time");
const UNRESOLVED: Refused = Refused::Close(
    CloseCode::POLICY_VIOLATION,
    "an update that refers to what is not in the document",
);
const FORGED: Refused =
    Refused::Close(CloseCode::POLICY_VIOLATION, "an update with the client id of another page");
const BEHIND: Refused =
    Refused::Close(CloseCode::TRY_AGAIN_LATER, "what others have written is not on this hub yet");
const NOT_TEXT: Refused =
    Refused::Close(CloseCode::INVALID_PAYLOAD, "an update of something else than the text");
const BROKEN: Refused =
    Refused::Close(CloseCode::INVALID_PAYLOAD, "an update that can't be applied");
const LOADING: Refused = Refused::Close(CloseCode::TRY_AGAIN_LATER, "the document is loaded");
pub(super) const BUSY: Refused =
    Refused::Close(CloseCode::TRY_AGAIN_LATER, "too much waits to be stored");
pub(super) const ENDING: Refused = Refused::Close(CloseCode::GOING_AWAY, "the hub ends");

impl From<Rejected> for Refused {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Unfit(Unfit::Malformed) | Rejected::Broken => BROKEN,
            Rejected::Unfit(Unfit::NotText) => NOT_TEXT,
            Rejected::Unfit(Unfit::TooMany) | Rejected::Misfit(Misfit::TooMany) => TOO_MANY,
            Rejected::Unfit(Unfit::Gap) | Rejected::Misfit(Misfit::Gap) => GAP,
            Rejected::Misfit(Misfit::TooManyOfOne) => TOO_MANY_OF_ONE,
            Rejected::Misfit(Misfit::Unresolved) => UNRESOLVED,
            Rejected::Misfit(Misfit::TooManyAtOnce) => TOO_MANY_AT_ONCE,
            Rejected::Forged => FORGED,
            Rejected::TooLong => TOO_LONG,
        }
    }
}

impl Updates {
    /// Loads the document, and stores it as one update.
    pub(super) fn new(journal: Journal, topic: Topic) -> Result<Self, Failure> {
        let store = &journal.store;
        let updates = store.read().and_then(|transaction| load(&transaction))?;
        let mut replica =
            Replica::load(&updates).map_err(|_| "the document in the store is damaged")?;
        if updates.len() > 1 {
            store.write_now(|transaction| compact(transaction, &replica.encode()))?;
        }
        let turns = Turns::new(replica, Arc::clone(store));
        let entrance = Semaphore::new(WAITING);
        Ok(Self { journal, turns, entrance, topic })
    }

    /// Returns step 1: the state of the copy.
    pub(super) async fn step1(&self) -> Message {
        let (_, known) = self.turns.read(Replica::state_vector).await;
        to_binary(&Sync::Sync(SyncMessage::SyncStep1(known)))
    }

    /// Returns the answer to step 1, the updates that the client lacks, when all of it is stored.
    pub(super) async fn step2(&self, step1: StateVector) -> Message {
        let step1 = Arc::new(step1);
        loop {
            let step1 = Arc::clone(&step1);
            let (turn, lacking) = self.turns.read(move |replica| replica.lacking(&step1)).await;
            let mut progress = self.turns.progress().subscribe();
            let (submitted, failed) = {
                let progress = progress.borrow();
                (progress.submitted, progress.failed)
            };
            drop(turn);
            let stored = progress.wait_for(|progress| progress.finished >= submitted).await;
            if stored.is_ok_and(|progress| progress.failed == failed) {
                return to_binary(&Sync::Sync(SyncMessage::SyncStep2(lacking)));
            }
        }
    }

    /// Applies an update, which may add so many pieces, and submits the new part of it. `then` gets
    /// whether that is stored. Returns how many pieces the update has added.
    pub(super) async fn take(
        self: &Arc<Self>,
        update: Vec<u8>,
        author: Author,
        pieces: usize,
        then: impl FnOnce(bool) + Send + 'static,
    ) -> Result<usize, Refused> {
        let places = async { (self.entrance.acquire().await, self.journal.slot().await) };
        let (_entered, slot) = timeout(QUEUE_TIMEOUT, places).await.map_err(|_| BUSY)?;
        let slot = slot.ok_or(ENDING)?;
        let (is_step2, is_alone) = (author.is_step2, self.journal.broker().is_none());
        let apply = move |replica: &mut Replica| {
            let may_write = |id, is_known| author.may_write(id, is_known, is_alone);
            let before = replica.pieces();
            let new = replica.apply(&update, &Limits::of_connection(pieces), may_write)?;
            let all = new.as_ref().and_then(|_| replica.compact());
            Ok::<_, Rejected>((new, all, replica.pieces().saturating_sub(before)))
        };
        let (mut turn, applied) = self.turns.with(apply).await;
        let (new, all, added) = match applied.ok_or(LOADING)? {
            Ok(applied) => applied,
            Err(Rejected::Broken) => {
                turn.replica = None;
                return Err(BROKEN);
            }
            Err(Rejected::Forged) if is_step2 && !is_alone => return Err(BEHIND),
            Err(rejected) => return Err(rejected.into()),
        };
        let Some(new) = new else {
            self.when_stored(slot, then);
            return Ok(added);
        };
        let this = Arc::clone(self);
        self.turns.progress().send_modify(|progress| progress.submitted += 1);
        slot.append(new.clone(), all, move |done| {
            if done.is_some() {
                this.publish(new);
            }
            this.turns.progress().send_modify(|progress| {
                progress.finished += 1;
                match done {
                    Some(number) => progress.appended = progress.appended.max(number),
                    None => progress.failed += 1,
                }
            });
            then(done.is_some());
        });
        Ok(added)
    }

    /// `then` runs when all that is in the replica is stored: also while the broker is away, if
    /// nothing waits for it.
    fn when_stored(&self, slot: Slot<'_>, then: impl FnOnce(bool) + Send + 'static) {
        let waits = {
            let progress = self.turns.progress().borrow();
            progress.finished < progress.submitted
        };
        if waits {
            slot.barrier(move |done| then(done.is_some()));
        } else {
            then(true);
        }
    }

    /// Takes an update that the broker delivers, or a snapshot.
    pub(crate) async fn receive(self: &Arc<Self>, entry: Entry) {
        let Some(slot) = self.journal.store.slot().await else { return };
        let Entry { number, update, hub } = entry;
        let update = Arc::new(update);
        let merged = {
            let update = Arc::clone(&update);
            self.turns.with(move |replica| replica.merge(&update))
        };
        let (mut turn, merged) = merged.await;
        let mut is_due = false;
        let is_applied = match merged {
            // Of another hub: what this one has appended is known.
            Some(Ok(Some(new))) => {
                self.publish(new);
                true
            }
            Some(Ok(None)) | None => true,
            Some(Err(_)) => {
                eprintln!("hub: update {number} of the document can't be applied");
                false
            }
        };
        if is_applied {
            turn.copied += 1;
            turn.bytes += update.len();
            is_due = turn.copied >= UPDATES || turn.bytes >= BYTES;
            if is_due {
                (turn.copied, turn.bytes) = (0, 0);
            }
        }
        let is_own = hub.as_ref() == self.journal.broker().map(|broker| &broker.hub);
        let this = Arc::clone(self);
        self.turns.progress().send_modify(|progress| progress.copies += 1);
        slot.submit(
            move |transaction| {
                if is_applied {
                    append(transaction, &update)?;
                }
                let encode = |updates: &[Vec<u8>]| Some(Replica::load(updates).ok()?.encode());
                is_due.then(|| merge(transaction, encode)).transpose()
            },
            move |merged| {
                if let (Some(Some(all)), Some(broker), true) =
                    (merged, this.journal.broker(), is_own)
                {
                    broker.try_snapshot(number, all);
                }
                this.turns.progress().send_modify(|progress| {
                    progress.copies -= 1;
                    progress.delivered = number;
                });
            },
        );
    }

    /// Waits until the broker has delivered this update.
    pub(crate) async fn until_delivered(&self, number: u64) {
        let mut progress = self.turns.progress().subscribe();
        let _ = progress.wait_for(|progress| progress.delivered >= number).await;
    }

    /// Has a turn until `gate` is opened.
    #[cfg(test)]
    pub(super) async fn busy(&self, gate: std::sync::mpsc::Receiver<()>) {
        self.turns.with(move |_| gate.recv().unwrap()).await;
    }

    fn publish(&self, update: Vec<u8>) {
        self.topic.publish(to_binary(&Sync::Sync(SyncMessage::Update(update))));
    }
}
