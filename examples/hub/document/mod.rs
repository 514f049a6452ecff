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
//!
//! An update is refused
//!
//! * with 1007 if it has something else than the one text (see `content`),
//! * if the text would be longer than 1 Mi code units of UTF-16, the document with its deleted text
//!   longer than 16 MiB, or of more than 100,000 pieces, or if the update has more than 10,000,
//! * if it would have to be compared with more than 2000 pieces that others have typed at the same
//!   place at the same time (see `placing`),
//! * with 1013 if its connection would have added more than 20,000 pieces: text that is typed or
//!   deleted somewhere else than where the page did so before,
//! * with 1008 if it writes with another client id than that of its page (see `authors`).

mod answers;
mod authors;
mod awareness;
mod content;
mod cursors;
mod order;
mod placing;
mod replica;
mod sync;
#[cfg(test)]
mod tests;
mod turns;
mod updates;

use std::future::pending;
use std::sync::Arc;

use sansocket::axum::WebSocket;
use sansocket::hyper::Sender;
use sansocket::topic::{Lag, Topic};
use sansocket::{CloseCode, Kind, Message};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;
use yrs::StateVector;

use self::answers::{Answers, Late};
use self::authors::Author;
use self::awareness::Awareness;
use self::content::UPDATE_STRUCTS;
use self::cursors::Speaker;
use self::sync::{Incoming, decode};
use self::updates::{BUSY, ENDING, Refused, Updates};
use crate::journal::Journal;
use crate::outbox::{Outbox, Place, QUEUE_TIMEOUT, deliver, outbox};
use crate::room::{Room, to_text};
use crate::settings::Settings;
use crate::visitor::Visitor;
use crate::{Failure, log};

/// The maximum number of pieces that one connection adds: those of the longest update, each of
/// which may split another piece. A page whose connection has reached it connects again, and
/// continues.
const PIECES: usize = 2 * UPDATE_STRUCTS;

/// The number of messages that a client may lag behind.
const BACKLOG: usize = 512;

/// The room.
pub(crate) struct Document {
    pub(crate) updates: Arc<Updates>,
    pub(crate) awareness: Awareness,
    answers: Answers,
    topic: Topic,
    journal: Journal,
    settings: Settings,
}

/// One connection.
struct Editor {
    connection: u64,
    visitor: Visitor,
    outbox: Outbox,
    questions: Arc<watch::Sender<Questions>>,
    /// The number of messages "update" that were received.
    updates: u64,
    /// The number of pieces that the connection may still add.
    pieces: usize,
}

/// Unanswered questions. The next answer is made when the client has read the last one; until then,
/// a newer question replaces an older one of its kind.
#[derive(Default)]
struct Questions {
    step1: Option<StateVector>,
    awareness: bool,
}

impl Editor {
    /// Waits for the place of an answer.
    async fn place(&self) -> Result<Place, Refused> {
        let place = timeout(QUEUE_TIMEOUT, self.outbox.clone().reserve_owned()).await;
        place.map_err(|_| BUSY)?.map_err(|_| ENDING)
    }
}

impl Document {
    /// Loads the document.
    pub(crate) fn new(journal: Journal, settings: Settings) -> Result<Self, Failure> {
        let topic = Topic::new().backlog(BACKLOG).lag(Lag::Close(CloseCode::TRY_AGAIN_LATER));
        let updates = Arc::new(Updates::new(journal.clone(), topic.clone())?);
        let awareness = Awareness::new(journal.clone(), topic.clone());
        let answers = Answers::new();
        Ok(Self { updates, awareness, answers, topic, journal, settings })
    }

    /// Serves one connection.
    pub(crate) async fn serve(self: Arc<Self>, visitor: Visitor, socket: WebSocket) {
        let mut room = Room::new(socket, Kind::Binary, &self.settings, self.journal.state());
        let sender = room.sender();
        let subscription = self.topic.subscribe();
        let (outbox, answers) = outbox();
        let connection = self.awareness.enter();
        let questions = Arc::new(watch::Sender::new(Questions::default()));
        let asked = Arc::clone(&questions);
        let mut editor =
            Editor { connection, visitor, outbox, questions: asked, updates: 0, pieces: PIECES };
        let writing = async {
            sender.send(self.updates.step1().await).await?;
            if let Some(all) = self.awareness.all() {
                sender.send(all).await?;
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
            Late = self.answer(&questions, &sender) => {
                log::client(format_args!("dropped: it does not read the document"));
            }
        }
        self.awareness.leave(connection);
        room.finish().await;
    }

    /// Answers questions until the client is [`Late`]. Ignores errors of the connection, which the
    /// receiving half reports.
    async fn answer(&self, questions: &watch::Sender<Questions>, sender: &Sender) -> Late {
        let mut asked = questions.subscribe();
        loop {
            let mut these = Questions::default();
            questions.send_if_modified(|asked| {
                these = std::mem::take(asked);
                false
            });
            let Questions { step1, awareness } = these;
            if let Some(known) = step1 {
                let answer = self.updates.step2(known);
                if let Err(late) = self.answers.give(answer, |answer| sender.send(answer)).await {
                    return late;
                }
            }
            if let Some(all) = self.awareness.all().filter(|_| awareness) {
                let _ = sender.send(all).await;
            }
            let _ = asked.changed().await;
        }
    }

    /// Receives until the end of the connection.
    async fn take_all(&self, room: &mut Room, editor: &mut Editor) {
        while let Some(message) = room.next_binary().await {
            match self.take(editor, &message).await {
                Ok(()) => {}
                Err(Refused::Keep(reason)) => room.refuse(None, reason),
                Err(Refused::Close(code, reason)) => room.close(code, reason),
            }
        }
    }

    async fn take(&self, editor: &mut Editor, message: &Message) -> Result<(), Refused> {
        match decode(message.as_bytes()) {
            None => Err(Refused::Close(CloseCode::INVALID_PAYLOAD, "not y-protocols")),
            Some(Incoming::Step1(known)) => {
                editor.questions.send_modify(|questions| questions.step1 = Some(known));
                Ok(())
            }
            Some(Incoming::AwarenessQuery) => {
                editor.questions.send_modify(|questions| questions.awareness = true);
                Ok(())
            }
            Some(Incoming::Awareness(states)) => {
                let Visitor { client, name, .. } = &editor.visitor;
                let speaker = Speaker { connection: editor.connection, client, name };
                let taken = self.awareness.take(speaker, states);
                taken.map_err(|reason| Refused::Close(CloseCode::POLICY_VIOLATION, reason))
            }
            Some(Incoming::Update { update, is_step2 }) => {
                editor.updates += u64::from(!is_step2);
                let ack = to_text(&json!({ "type": "ack", "updates": editor.updates }));
                let answer = editor.place().await?;
                let author = Author::new(&editor.visitor.client, is_step2);
                let taken = self.updates.take(update, author, editor.pieces, move |is_done| {
                    answer.send(is_done.then(|| ack.into()));
                });
                editor.pieces -= taken.await?;
                Ok(())
            }
        }
    }
}
