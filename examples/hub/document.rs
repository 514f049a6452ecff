//! The document: an update is stored, acknowledged, and then sent to the others.
//!
//! ```text
//!   update ──► replica ──► store ──commit──┬──► ack, to its client
//!                                          └──► update, to all
//!   step 1 ──► what the client lacks ──────┴──► step 2: not before what is in it is stored
//! ```

use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sansocket::axum::WebSocket;
use sansocket::topic::{Lag, Topic};
use sansocket::{CloseCode, Kind, Message};
use serde_json::json;
use yrs::sync::{AwarenessUpdate, Message as Sync, SyncMessage};
use yrs::updates::encoder::Encode;
use yrs::{ClientID, StateVector, Update};

use crate::Failure;
use crate::cursors::{Cursors, Speaker};
use crate::replica::{Applied, Replica};
use crate::room::{Outbox, Place, Room, deliver, outbox, to_text};
use crate::settings::Settings;
use crate::store::document::{append, compact, load};
use crate::store::{Slot, Store};
use crate::sync::{Incoming, decode};
use crate::visitor::Visitor;

/// The number of messages that a client may lag behind.
const BACKLOG: usize = 512;

/// The room.
pub(crate) struct Document {
    store: Arc<Store>,
    state: Mutex<State>,
    topic: Topic,
    connections: AtomicU64,
    settings: Settings,
}

struct State {
    /// `None` while it is loaded again, after a failure.
    replica: Option<Replica>,
    cursors: Cursors,
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
    pub(crate) fn new(store: Arc<Store>, settings: Settings) -> Result<Self, Failure> {
        let updates = load(&store.read()?)?;
        let mut replica = Replica::load(&updates).ok_or("the document in the store is damaged")?;
        if updates.len() > 1 {
            store.write_now(|transaction| compact(transaction, &replica.encode()))?;
        }
        let state = Mutex::new(State { replica: Some(replica), cursors: Cursors::default() });
        let topic = Topic::new().backlog(BACKLOG).lag(Lag::Close(CloseCode::TRY_AGAIN_LATER));
        Ok(Self { store, state, topic, connections: AtomicU64::new(0), settings })
    }

    /// Serves one connection.
    pub(crate) async fn serve(self: Arc<Self>, visitor: Visitor, socket: WebSocket) {
        let mut room = Room::new(socket, Kind::Binary, &self.settings);
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
        left.into_iter().for_each(|(id, state)| self.publish_state(id, state));
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
            let answer = editor.outbox.clone().reserve_owned().await;
            let (Ok(answer), Some(slot)) = (answer, self.store.slot().await) else {
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
            slot.submit(
                |_| Ok(()),
                move |done| {
                    let step2 = done.and(lacking).map(SyncMessage::SyncStep2);
                    answer.send(step2.map(|step2| to_binary(&Sync::Sync(step2))));
                },
            );
        });
    }

    fn take_states(&self, editor: &Editor, states: AwarenessUpdate) -> Result<(), Refused> {
        let speaker = Speaker { connection: editor.connection, client: &editor.client };
        let new = self.with(|state| state.cursors.speak(speaker, states));
        let new = new.map_err(|reason| Refused::Close(CloseCode::POLICY_VIOLATION, reason))?;
        new.into_iter().for_each(|(id, state)| self.publish_state(id, state));
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
            let all = replica.compact();
            let stored = new.clone();
            slot.submit(
                move |transaction| match (&all, &stored) {
                    (Some(all), _) => compact(transaction, all),
                    (None, Some(new)) => append(transaction, new),
                    (None, None) => Ok(()),
                },
                move |done| {
                    match (done, new) {
                        (Some(()), Some(new)) => {
                            let update = Sync::Sync(SyncMessage::Update(new));
                            this.topic.publish(to_binary(&update));
                        }
                        (Some(()), None) => {}
                        // The replica has what the store has not.
                        (None, _) => this.load_again(),
                    }
                    then(done.is_some());
                },
            );
            refused
        })
    }

    /// Loads the document when everything that was submitted before is stored.
    fn reload(self: &Arc<Self>, slot: Slot<'_>) {
        let this = Arc::clone(self);
        slot.submit(|_| Ok(()), move |_| this.load_again());
    }

    /// Replaces the replica by the document in the store.
    fn load_again(&self) {
        self.with(|state| {
            state.replica = None;
            let loaded = self.store.read().and_then(|transaction| load(&transaction));
            match loaded {
                Ok(updates) => state.replica = Replica::load(&updates),
                Err(error) => eprintln!("hub: the document was not loaded: {error}"),
            }
        });
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
