//! The document: an update is stored, acknowledged, and then sent to the others.
//!
//! ```text
//!   update ──► replica ──► store ──commit──┬──► ack, to its client
//!                                          └──► update, to all
//!   step 1 ──► what the client lacks ──────┴──► step 2: not before what is in it is stored
//! ```
//!
//! With several hubs, the broker stores, and delivers the updates of all hubs to each, which copies
//! them to its store. After 1000 updates or 4 MiB, the hub that has appended the last one stores
//! the merged copy at the broker, which removes the updates that are in it.

use std::collections::HashMap;
use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use std::time::Duration;

use sansocket::axum::WebSocket;
use sansocket::topic::{Lag, Topic};
use sansocket::{CloseCode, Kind, Message};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;
use yrs::sync::{AwarenessUpdate, Message as Sync, SyncMessage};
use yrs::updates::encoder::Encode;
use yrs::{ClientID, StateVector, Update};

use crate::Failure;
use crate::broker::Entry;
use crate::cursors::{Cursors, Speaker};
use crate::journal::{Journal, Slot};
use crate::replica::{Applied, BYTES, Replica, UPDATES};
use crate::room::{Outbox, Place, Room, deliver, outbox, to_text};
use crate::settings::Settings;
use crate::store::document::{append, compact, load, merge};
use crate::sync::{Incoming, decode};
use crate::visitor::Visitor;

/// The number of messages that a client may lag behind.
const BACKLOG: usize = 512;

/// The time for which an update waits for its turn to be stored.
const PATIENCE: Duration = Duration::from_secs(5);

/// The number of cursors of a hub that others learn.
const SHARED: usize = 500;

/// The room.
pub(crate) struct Document {
    journal: Journal,
    state: Mutex<State>,
    topic: Topic,
    connections: AtomicU64,
    /// The number of the last update that the broker has delivered, and that is in the store.
    delivered: watch::Sender<u64>,
    settings: Settings,
}

struct State {
    /// `None` while it is loaded again, after a failure.
    replica: Option<Replica>,
    cursors: Cursors,
    /// What stands for the connection in `cursors`, of each other hub.
    hubs: HashMap<String, u64>,
    /// The number of the last update that was acknowledged.
    appended: u64,
    /// The updates that the store has copied since they were merged, and their length.
    copied: usize,
    bytes: usize,
}

/// One connection.
struct Editor {
    connection: u64,
    client: String,
    outbox: Outbox,
    /// The number of messages "update" that were received.
    updates: u64,
}

/// Why a message was not taken.
enum Refused {
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

impl Document {
    /// Loads the document, and stores it as one update.
    pub(crate) fn new(journal: Journal, settings: Settings) -> Result<Self, Failure> {
        let store = &journal.store;
        let updates = load(&store.read()?)?;
        let mut replica = Replica::load(&updates).ok_or("the document in the store is damaged")?;
        if updates.len() > 1 {
            store.write_now(|transaction| compact(transaction, &replica.encode()))?;
        }
        let state = Mutex::new(State {
            replica: Some(replica),
            cursors: Cursors::default(),
            hubs: HashMap::new(),
            appended: 0,
            copied: 0,
            bytes: 0,
        });
        let topic = Topic::new().backlog(BACKLOG).lag(Lag::Close(CloseCode::TRY_AGAIN_LATER));
        let (connections, delivered) = (AtomicU64::new(0), watch::Sender::new(0));
        Ok(Self { journal, state, topic, connections, delivered, settings })
    }

    /// Serves one connection.
    pub(crate) async fn serve(self: Arc<Self>, visitor: Visitor, socket: WebSocket) {
        let mut room = Room::new(socket, Kind::Binary, &self.settings, self.journal.state());
        let sender = room.sender();
        let subscription = self.topic.subscribe();
        let (outbox, answers) = outbox();
        let connection = self.connections.fetch_add(1, Ordering::Relaxed);
        let mut editor = Editor { connection, client: visitor.client, outbox, updates: 0 };
        let writing = async {
            for message in self.beginning() {
                sender.send(message).await?;
            }
            tokio::try_join!(subscription.forward(&sender), deliver(answers, &sender))
        };
        let writing = async {
            let _ = writing.await;
            // The connection ends when there is nothing more to receive.
            pending::<()>().await;
        };
        tokio::select! {
            () = self.take_all(&mut room, &mut editor) => {}
            () = writing => {}
        }
        let left = self.with(|state| state.cursors.leave(connection));
        left.into_iter().for_each(|(id, state)| self.publish_here(id, state));
        room.finish().await;
    }

    /// The server's step 1, and the present cursors.
    fn beginning(&self) -> Vec<Message> {
        self.with(|state| {
            let known = state.replica.as_ref().map(Replica::state_vector);
            let step1 = known.map(|known| Sync::Sync(SyncMessage::SyncStep1(known)));
            let cursors = state.cursors.all().map(Sync::Awareness);
            step1.into_iter().chain(cursors).map(|message| to_binary(&message)).collect()
        })
    }

    /// Receives until the end.
    async fn take_all(self: &Arc<Self>, room: &mut Room, editor: &mut Editor) {
        while let Some(message) = room.next_binary().await {
            let outbox = editor.outbox.clone();
            let places = async { (outbox.reserve_owned().await, self.journal.slot().await) };
            let Ok(places) = timeout(PATIENCE, places).await else {
                return room.close(CloseCode::TRY_AGAIN_LATER, "too much waits to be stored");
            };
            let (Ok(answer), Some(slot)) = places else {
                return room.close(CloseCode::GOING_AWAY, "the hub ends");
            };
            let taken = match decode(message.as_bytes()) {
                None => Err(Refused::Close(CloseCode::INVALID_PAYLOAD, "not y-protocols")),
                Some(Incoming::Step1(state)) => {
                    self.answer_step1(&state, slot, answer);
                    Ok(())
                }
                Some(Incoming::AwarenessQuery) => {
                    if let Some(all) = self.with(|state| state.cursors.all()) {
                        answer.send(Some(to_binary(&Sync::Awareness(all))));
                    }
                    Ok(())
                }
                Some(Incoming::Awareness(states)) => self.take_states(editor, states),
                Some(Incoming::Update { update, len, is_step2 }) => {
                    editor.updates += u64::from(!is_step2);
                    let ack = to_text(&json!({ "type": "ack", "updates": editor.updates }));
                    self.take_update(update, len, slot, move |is_done| {
                        answer.send(is_done.then(|| ack.into()));
                    })
                }
            };
            match taken {
                Ok(()) => {}
                Err(Refused::Keep(reason)) => room.refuse(None, reason),
                Err(Refused::Close(code, reason)) => room.close(code, reason),
            }
        }
    }

    /// Answers with what the client lacks, when all of that is stored.
    fn answer_step1(self: &Arc<Self>, state: &StateVector, slot: Slot<'_>, answer: Place) {
        self.with(|it| {
            let lacking = it.replica.as_ref().map(|replica| replica.lacking(state));
            slot.barrier(move |done| {
                let step2 = done.and(lacking).map(SyncMessage::SyncStep2);
                answer.send(step2.map(|step2| to_binary(&Sync::Sync(step2))));
            });
        });
    }

    fn take_states(&self, editor: &Editor, states: AwarenessUpdate) -> Result<(), Refused> {
        let speaker = Speaker { connection: editor.connection, client: &editor.client };
        let new = self.with(|state| state.cursors.speak(speaker, states));
        let new = new.map_err(|reason| Refused::Close(CloseCode::POLICY_VIOLATION, reason))?;
        new.into_iter().for_each(|(id, state)| self.publish_here(id, state));
        Ok(())
    }

    /// Applies an update, and submits what is new in it. `then` learns whether it is stored.
    fn take_update(
        self: &Arc<Self>,
        update: Update,
        len: usize,
        slot: Slot<'_>,
        then: impl FnOnce(bool) + Send + 'static,
    ) -> Result<(), Refused> {
        let this = Arc::clone(self);
        self.with(|state| {
            let Some(replica) = &mut state.replica else {
                return Err(Refused::Close(CloseCode::TRY_AGAIN_LATER, "the document is loaded"));
            };
            let (new, refused) = match replica.apply(update, len) {
                Applied::New(new) => (Some(new), Ok(())),
                Applied::Known => (None, Ok(())),
                Applied::Unresolved(new) => (Some(new), Err(UNRESOLVED)),
                Applied::TooLong => return Err(TOO_LONG),
                Applied::Gap => return Err(GAP),
                Applied::Broken => {
                    state.replica = None;
                    this.reload(slot);
                    return Err(BROKEN);
                }
            };
            let Some(new) = new else {
                slot.barrier(move |done| then(done.is_some()));
                return refused;
            };
            slot.append(new.clone(), replica.compact(), move |done| {
                match done {
                    Some(number) => {
                        this.with(|state| state.appended = state.appended.max(number));
                        this.publish_update(new);
                    }
                    // The replica has what the store has not.
                    None => this.load_again(),
                }
                then(done.is_some());
            });
            refused
        })
    }

    /// Loads the document when everything that was submitted before is stored.
    fn reload(self: &Arc<Self>, slot: Slot<'_>) {
        let this = Arc::clone(self);
        slot.barrier(move |_| this.load_again());
    }

    /// Replaces the replica by the document in the store.
    fn load_again(&self) {
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
                Some(Applied::New(new) | Applied::Unresolved(new)) => self.publish_update(new),
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
                        this.load_again();
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

    /// Takes the cursors that another hub publishes.
    pub(crate) fn hear(&self, hub: &str, content: &[u8], is_all: bool) {
        let Some(Incoming::Awareness(update)) = decode(content) else { return };
        let new = self.with(|state| {
            let next = || self.connections.fetch_add(1, Ordering::Relaxed);
            let connection = *state.hubs.entry(hub.to_owned()).or_insert_with(next);
            state.cursors.hear(Speaker { connection, client: "" }, update, is_all)
        });
        new.into_iter().for_each(|(id, state)| self.publish_state(id, state));
    }

    /// Removes the cursors of a hub.
    pub(crate) fn forget(&self, hub: &str) {
        let left = self.with(|state| {
            let connection = state.hubs.remove(hub);
            connection.map(|connection| state.cursors.leave(connection)).unwrap_or_default()
        });
        left.into_iter().for_each(|(id, state)| self.publish_state(id, state));
    }

    /// The cursors of this hub, for others.
    pub(crate) fn cursors(&self) -> Vec<u8> {
        self.with(|state| {
            let hubs: Vec<_> = state.hubs.values().copied().collect();
            Sync::Awareness(state.cursors.without(&hubs, SHARED)).encode_v1()
        })
    }

    fn publish_update(&self, update: Vec<u8>) {
        self.topic.publish(to_binary(&Sync::Sync(SyncMessage::Update(update))));
    }

    /// Publishes a state of this hub.
    fn publish_here(&self, id: ClientID, state: AwarenessUpdate) {
        if let Some(broker) = self.journal.broker() {
            broker.publish(b'd', &Sync::Awareness(state.clone()).encode_v1());
        }
        self.publish_state(id, state);
    }

    /// Publishes a state, of which a slow client needs the newest alone.
    fn publish_state(&self, id: ClientID, state: AwarenessUpdate) {
        self.topic.publish_latest(&id.to_string(), to_binary(&Sync::Awareness(state)));
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn to_binary(message: &Sync) -> Message {
    Message::Binary(message.encode_v1().into())
}
