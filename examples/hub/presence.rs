//! Who is in the chat, and who is typing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sansocket::topic::{Subscription, Topic};
use serde::Serialize;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::room::to_text;

/// The shortest time between two lists.
const PAUSE: Duration = Duration::from_millis(200);

/// The number of people in a list.
const LISTED: usize = 200;

/// The people in the chat. A client with several connections is one person.
pub(crate) struct Presence {
    people: Mutex<BTreeMap<String, Person>>,
    changed: Notify,
    /// The list, of which a slow client needs the newest alone.
    topic: Topic,
}

struct Person {
    name: String,
    connections: usize,
    /// The number of connections in which they type.
    typing: usize,
}

/// As clients receive it.
#[derive(Serialize)]
#[serde(tag = "type", rename = "people")]
struct People<'a> {
    people: Vec<Listed<'a>>,
    count: usize,
}

#[derive(Serialize)]
struct Listed<'a> {
    client: &'a str,
    name: &'a str,
    typing: bool,
}

impl Presence {
    pub(crate) fn new() -> Self {
        Self { people: Mutex::default(), changed: Notify::new(), topic: Topic::new() }
    }

    /// Adds a connection. Its subscription receives the list, after each change.
    pub(crate) fn enter(self: &Arc<Self>, client: &str, name: &str) -> (Seat, Subscription) {
        let subscription = self.topic.subscribe();
        let mut people = self.lock();
        let person = people.entry(client.to_owned()).or_insert_with(|| Person {
            name: String::new(),
            connections: 0,
            typing: 0,
        });
        name.clone_into(&mut person.name);
        person.connections += 1;
        drop(people);
        self.changed.notify_one();
        let client = client.to_owned();
        (Seat { presence: Arc::clone(self), client, is_typing: false }, subscription)
    }

    /// Publishes the list after changes, for as long as it is polled.
    pub(crate) async fn publish(&self) {
        loop {
            self.changed.notified().await;
            let list = self.list();
            self.topic.publish_latest("people", list);
            sleep(PAUSE).await;
        }
    }

    fn list(&self) -> String {
        let people = self.lock();
        let listed = people.iter().take(LISTED).map(|(client, person)| Listed {
            client,
            name: &person.name,
            typing: person.typing > 0,
        });
        to_text(&People { people: listed.collect(), count: people.len() })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Person>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place, which is left when this is dropped.
pub(crate) struct Seat {
    presence: Arc<Presence>,
    client: String,
    is_typing: bool,
}

impl Seat {
    pub(crate) fn set_typing(&mut self, is_typing: bool) {
        if is_typing == self.is_typing {
            return;
        }
        self.is_typing = is_typing;
        if let Some(person) = self.presence.lock().get_mut(&self.client) {
            person.typing = if is_typing { person.typing + 1 } else { person.typing - 1 };
        }
        self.presence.changed.notify_one();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.set_typing(false);
        let mut people = self.presence.lock();
        if let Some(person) = people.get_mut(&self.client) {
            person.connections -= 1;
            if person.connections == 0 {
                people.remove(&self.client);
            }
        }
        drop(people);
        self.presence.changed.notify_one();
    }
}
