//! The chat: every message is stored once, acknowledged when it is, and then sent to everybody.
//!
//! ```text
//!   say ──► store ──commit──┬──► ack, to its client
//!                           └──► said, to all: what was published before a client subscribed
//!                                is its history, so it has neither a hole nor a double
//! ```
//!
//! With several hubs, the broker stores, and delivers to every hub what it has stored.

use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sansocket::axum::WebSocket;
use sansocket::hyper::Sender;
use sansocket::topic::{Lag, Subscription, Topic};
use sansocket::{CloseCode, CloseFrame, Error, Kind};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::Failure;
use crate::journal::Journal;
use crate::outbox::{Outbox, deliver, outbox, places};
use crate::presence::{Presence, Seat};
use crate::room::{Room, to_text};
use crate::settings::Settings;
use crate::store::chat::{Said, Stored, history, last_id, latest, say};
use crate::store::{Reading, id};
use crate::visitor::{Visitor, is_visible};

/// The number of characters of a message.
const CHARACTERS: usize = 4000;

/// The number of messages that a new client receives.
const HISTORY: u64 = 100;

/// The number of messages that a client receives when it comes again.
const MISSED: u64 = 1000;

/// The number of messages that are read from the store at once.
const PAGE: usize = 200;

/// The time for which a client waits until what it has already arrives here.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest id: what a number of JavaScript holds (2⁵³ − 1).
const MAX_ID: u64 = (1 << 53) - 1;

const UNREADABLE: &str = "the hub can't read its store now; connect again later";

/// The room.
pub(crate) struct Chat {
    journal: Journal,
    /// The id of the history: numbers of another one mean nothing here.
    store: String,
    pub(crate) presence: Arc<Presence>,
    published: Mutex<Published>,
    /// The number of the last message that the broker has delivered.
    delivered: watch::Sender<u64>,
    settings: Settings,
}

struct Published {
    /// A client that lags misses nothing: it is closed, and connects again with what it has.
    topic: Topic,
    /// The sequence number of the last message that was published.
    latest: u64,
}

/// A message of a client.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Incoming {
    Say { id: u64, text: String },
    Typing { typing: bool },
}

impl Chat {
    pub(crate) fn new(journal: Journal, settings: Settings) -> Result<Self, Failure> {
        let topic = Topic::new().lag(Lag::Close(CloseCode::TRY_AGAIN_LATER));
        let read = |transaction: Reading<'_>| Ok((latest(&transaction)?, id::get(&transaction)?));
        let (latest, store) = journal.store.read().and_then(read)?;
        let published = Mutex::new(Published { topic, latest });
        let (presence, delivered) = (Arc::new(Presence::new()), watch::Sender::new(0));
        Ok(Self { journal, store, presence, published, delivered, settings })
    }

    /// Serves one connection.
    pub(crate) async fn serve(self: Arc<Self>, visitor: Visitor, socket: WebSocket) {
        let mut room = Room::new(socket, Kind::Text, &self.settings, self.journal.state());
        let sender = room.sender();
        let client = visitor.shown();
        let Visitor { name, since, store, .. } = visitor;
        let since = if store.is_none_or(|store| store == self.store) { since } else { 0 };
        if timeout(DELIVERY_TIMEOUT, self.until_delivered(since)).await.is_err() {
            room.close(CloseCode::TRY_AGAIN_LATER, "this hub has not yet what you have");
            return room.finish().await;
        }
        let last_id = self.read(client.clone(), |read, client| last_id(read, &client)).await;
        let Some(last_id) = last_id else {
            room.close(CloseCode::INTERNAL_ERROR, UNREADABLE);
            return room.finish().await;
        };
        let (subscription, latest) = self.with_published(|it| (it.topic.subscribe(), it.latest));
        let next = next(since, latest);
        let (mut seat, people) = self.presence.enter(&client, &name);
        let (outbox, answers) = outbox();
        let welcome = json!({
            "type": "welcome", "name": name, "you": client, "store": self.store, "next": next,
            "latest": latest, "lastId": last_id,
        });
        if room.send(&welcome).await.is_ok() {
            let writing = async {
                let history_first = self.send_all(next, latest, subscription, &sender);
                let others =
                    async { tokio::try_join!(people.forward(&sender), deliver(answers, &sender)) };
                let _ = tokio::try_join!(history_first, others);
                // The connection ends when there is nothing more to receive.
                pending::<()>().await;
            };
            let reading = self.take_all(&mut room, &mut seat, &client, &name, &outbox);
            tokio::select! {
                () = reading => {}
                () = writing => {}
            }
        }
        drop(seat);
        room.finish().await;
    }

    /// Receives until the end.
    async fn take_all(
        self: &Arc<Self>,
        room: &mut Room,
        seat: &mut Seat,
        client: &str,
        name: &str,
        outbox: &Outbox,
    ) {
        while let Some(message) = room.next_json().await {
            match message {
                Incoming::Typing { typing } => seat.set_typing(typing),
                Incoming::Say { id, .. } if !(1..=MAX_ID).contains(&id) => {
                    room.refuse(Some(id), "an id is 1, 2, 3 and so on");
                }
                Incoming::Say { id, text }
                    if text.chars().count() > CHARACTERS || !is_visible(&text) =>
                {
                    let reason = "a text has 1 to 4000 characters, of which one is visible";
                    room.refuse(Some(id), reason);
                }
                Incoming::Say { id, text } => {
                    let (client, name) = (client.to_owned(), name.to_owned());
                    let said = Said { seq: 0, client, id, name, text, at: now() };
                    self.say(said, outbox, room).await;
                }
            }
        }
    }

    /// Submits a message to the store.
    async fn say(self: &Arc<Self>, said: Said, outbox: &Outbox, room: &mut Room) {
        let Some((answer, slot)) = places(room, outbox, &self.journal).await else { return };
        let (this, id) = (Arc::clone(self), said.id);
        slot.say(said, move |stored| {
            let reply = stored.map(|stored| match this.publish(stored) {
                Some(seq) => json!({ "type": "ack", "id": id, "seq": seq }),
                None => {
                    let reason = "this id was given to another text; continue above lastId";
                    json!({ "type": "refused", "id": id, "reason": reason })
                }
            });
            answer.send(reply.map(|reply| to_text(&reply).into()));
        });
    }

    /// Takes a message that the broker delivers: all hubs get the same ones, in the same order.
    pub(crate) async fn receive(self: &Arc<Self>, said: Said) {
        let Some(slot) = self.journal.store.slot().await else { return };
        let (this, seq, keep) = (Arc::clone(self), said.seq, self.settings.history);
        slot.submit(
            move |transaction| say(transaction, said, keep),
            move |stored| {
                stored.and_then(|stored| this.publish(stored));
                this.delivered.send_replace(seq);
            },
        );
    }

    /// Passes over a message that the broker delivers, and that can't be read.
    pub(crate) async fn skip(self: &Arc<Self>, seq: u64) {
        let Some(slot) = self.journal.store.slot().await else { return };
        let this = Arc::clone(self);
        // After those before it.
        slot.submit(
            |_| Ok(()),
            move |_: Option<()>| {
                this.delivered.send_replace(seq);
            },
        );
    }

    /// Waits until the broker has delivered this message, if it has one with this number. Clients
    /// may come from a hub that was faster.
    pub(crate) async fn until_delivered(&self, seq: u64) {
        let Some(broker) = self.journal.broker() else { return };
        let mut delivered = self.delivered.subscribe();
        if *delivered.borrow() >= seq || broker.latest().await < seq {
            return;
        }
        let _ = delivered.wait_for(|delivered| *delivered >= seq).await;
    }

    /// Publishes a message that is new. Returns its sequence number, if it is stored.
    fn publish(&self, stored: Stored) -> Option<u64> {
        match stored {
            Stored::New(said) => {
                let text = to_text(&said);
                self.with_published(|published| {
                    published.topic.publish(text);
                    published.latest = said.seq;
                });
                Some(said.seq)
            }
            Stored::Again(seq) => Some(seq),
            Stored::Conflict => None,
        }
    }

    /// Sends the history from `next` to `latest`, and then what is published.
    async fn send_all(
        &self,
        mut next: u64,
        latest: u64,
        subscription: Subscription,
        sender: &Sender,
    ) -> Result<(), Error> {
        while next <= latest {
            let page = self.read(next..=latest, |read, seqs| history(read, seqs, PAGE)).await;
            let Some(page) = page else {
                let frame = CloseFrame::truncated(CloseCode::INTERNAL_ERROR, UNREADABLE);
                sender.try_close_with(frame);
                return Ok(());
            };
            let Some(last) = page.last() else { break };
            next = last.seq + 1;
            for said in &page {
                sender.feed(to_text(said)).await?;
            }
            sender.flush().await?;
        }
        subscription.forward(sender).await
    }

    /// Reads from the store. An error is reported, and is `None`.
    async fn read<A: Send + 'static, T: Send + 'static>(
        &self,
        argument: A,
        read: fn(&redb::ReadTransaction, A) -> Result<T, Failure>,
    ) -> Option<T> {
        let store = Arc::clone(&self.journal.store);
        let read = spawn_blocking(move || {
            store.read().and_then(|transaction| read(&transaction, argument))
        })
        .await
        .ok()?;
        read.inspect_err(|error| eprintln!("hub: the store was not read: {error}")).ok()
    }

    fn with_published<T>(&self, work: impl FnOnce(&mut Published) -> T) -> T {
        work(&mut self.published.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The number of the first message that a client receives, which has those up to `since`.
fn next(since: u64, latest: u64) -> u64 {
    let newest = |count| latest.saturating_sub(count) + 1;
    // A client may know more than a hub that has begun anew.
    if since == 0 || since > latest { newest(HISTORY) } else { newest(MISSED).max(since + 1) }
}

/// In milliseconds of Unix.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(u64::MAX)
}
