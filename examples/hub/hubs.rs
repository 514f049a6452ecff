//! Several hubs: passes events of the broker to the rooms, and publishes people and cursors to
//! other hubs.
//!
//! ```text
//!   p  people of a hub         every 5 s, and after changes
//!   c  all cursors of a hub    every 5 s: cursors that are not in it are removed
//!   d  a cursor that changed
//!   h  a hub that begins: others send p and c
//! ```
//!
//! These begin with the letter and the hub's name, which has 16 characters. A hub that is silent
//! for 15 seconds is gone, with its people and cursors.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::Failure;
use crate::broker::{Broker, Event, Events};
use crate::chat::Chat;
use crate::document::Document;

/// The time between two messages of a hub.
const BEAT: Duration = Duration::from_secs(5);

/// The time after which a silent hub is gone.
const SILENCE: Duration = Duration::from_secs(15);

/// The number of characters of a hub's name.
const NAME: usize = 16;

/// The other hubs, and the rooms of this one.
pub(crate) struct Hubs {
    broker: Arc<Broker>,
    chat: Arc<Chat>,
    document: Arc<Document>,
    heard: HashMap<String, Instant>,
}

impl Hubs {
    pub(crate) fn new(broker: Arc<Broker>, chat: Arc<Chat>, document: Arc<Document>) -> Self {
        Self { broker, chat, document, heard: HashMap::new() }
    }

    /// Serves the rooms. Ends with an error: the broker has lost what this hub has.
    pub(crate) async fn run(mut self, mut events: Events) -> Failure {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let chat = Arc::clone(&self.chat);
        loop {
            tokio::select! {
                event = events.events.recv() => match event {
                    Some(Event::Said(said)) => self.chat.receive(said).await,
                    Some(Event::Unreadable(seq)) => self.chat.skip(seq).await,
                    Some(Event::Entry(entry)) => self.document.updates.receive(entry).await,
                    Some(Event::Live(bytes)) => self.receive(&bytes),
                    Some(Event::Connected) => {
                        self.broker.publish(b'h', &[]);
                        self.publish_all();
                    }
                    Some(Event::Behind(behind)) => return behind.into(),
                    None => return "the broker's tasks have ended".into(),
                },
                _ = beat.tick() => {
                    self.publish_all();
                    self.forget();
                }
                () = chat.presence.changed_here() => self.publish_people(),
            }
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        let Some((head, content)) = bytes.split_at_checked(1 + NAME) else { return };
        let Ok(hub) = std::str::from_utf8(&head[1..]) else { return };
        if hub == self.broker.hub {
            return;
        }
        self.heard.insert(hub.to_owned(), Instant::now());
        match head[0] {
            b'h' => self.publish_all(),
            b'p' => self.chat.presence.receive(hub, content),
            kind @ (b'c' | b'd') => self.document.awareness.set_remote(hub, content, kind == b'c'),
            _ => {}
        }
    }

    /// Removes the hubs that are silent.
    fn forget(&mut self) {
        for (hub, _) in self.heard.extract_if(|_, heard| heard.elapsed() > SILENCE) {
            self.chat.presence.forget(&hub);
            self.document.awareness.forget(&hub);
        }
    }

    fn publish_all(&self) {
        self.publish_people();
        self.broker.publish(b'c', &self.document.awareness.here());
    }

    fn publish_people(&self) {
        self.broker.publish(b'p', &self.chat.presence.here());
    }
}
