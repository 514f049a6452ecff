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

mod awareness;
mod cursors;
mod replica;
mod sync;
mod updates;

use std::future::pending;
use std::sync::Arc;

use sansocket::axum::WebSocket;
use sansocket::topic::{Lag, Topic};
use sansocket::{CloseCode, Kind, Message};
use serde_json::json;

use self::awareness::Awareness;
use self::cursors::Speaker;
use self::sync::{Incoming, decode};
use self::updates::{Refused, Updates};
use crate::Failure;
use crate::journal::{Journal, Slot};
use crate::outbox::{Outbox, Place, deliver, outbox, places};
use crate::room::{Room, to_text};
use crate::settings::Settings;
use crate::visitor::Visitor;

/// The number of messages that a client may lag behind.
const BACKLOG: usize = 512;

/// The room.
pub(crate) struct Document {
    pub(crate) updates: Arc<Updates>,
    pub(crate) awareness: Awareness,
    topic: Topic,
    journal: Journal,
    settings: Settings,
}

/// One connection.
struct Editor {
    connection: u64,
    client: String,
    outbox: Outbox,
    /// The number of messages "update" that were received.
    updates: u64,
}

impl Document {
    /// Loads the document.
    pub(crate) fn new(journal: Journal, settings: Settings) -> Result<Self, Failure> {
        let topic = Topic::new().backlog(BACKLOG).lag(Lag::Close(CloseCode::TRY_AGAIN_LATER));
        let updates = Arc::new(Updates::new(journal.clone(), topic.clone())?);
        let awareness = Awareness::new(journal.clone(), topic.clone());
        Ok(Self { updates, awareness, topic, journal, settings })
    }

    /// Serves one connection.
    pub(crate) async fn serve(self: Arc<Self>, visitor: Visitor, socket: WebSocket) {
        let mut room = Room::new(socket, Kind::Binary, &self.settings, self.journal.state());
        let sender = room.sender();
        let subscription = self.topic.subscribe();
        let (outbox, answers) = outbox();
        let connection = self.awareness.enter();
        let mut editor = Editor { connection, client: visitor.client, outbox, updates: 0 };
        let writing = async {
            for message in self.updates.step1().into_iter().chain(self.awareness.all()) {
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
        self.awareness.leave(connection);
        room.finish().await;
    }

    /// Receives until the end.
    async fn take_all(&self, room: &mut Room, editor: &mut Editor) {
        while let Some(message) = room.next_binary().await {
            let Some(places) = places(room, &editor.outbox, &self.journal).await else { return };
            match self.take(editor, &message, places) {
                Ok(()) => {}
                Err(Refused::Keep(reason)) => room.refuse(None, reason),
                Err(Refused::Close(code, reason)) => room.close(code, reason),
            }
        }
    }

    fn take(
        &self,
        editor: &mut Editor,
        message: &Message,
        (answer, slot): (Place, Slot<'_>),
    ) -> Result<(), Refused> {
        match decode(message.as_bytes()) {
            None => Err(Refused::Close(CloseCode::INVALID_PAYLOAD, "not y-protocols")),
            Some(Incoming::Step1(state)) => {
                self.updates.answer(&state, slot, answer);
                Ok(())
            }
            Some(Incoming::AwarenessQuery) => {
                if let Some(all) = self.awareness.all() {
                    answer.send(Some(all));
                }
                Ok(())
            }
            Some(Incoming::Awareness(states)) => {
                let speaker = Speaker { connection: editor.connection, client: &editor.client };
                let taken = self.awareness.take(speaker, states);
                taken.map_err(|reason| Refused::Close(CloseCode::POLICY_VIOLATION, reason))
            }
            Some(Incoming::Update { update, len, is_step2 }) => {
                editor.updates += u64::from(!is_step2);
                let ack = to_text(&json!({ "type": "ack", "updates": editor.updates }));
                self.updates.take(update, len, slot, move |is_done| {
                    answer.send(is_done.then(|| ack.into()));
                })
            }
        }
    }
}
