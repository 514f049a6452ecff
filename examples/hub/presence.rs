//! The people in the chat, and whether they are typing: on this hub, and on other hubs.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sansocket::topic::{Subscription, Topic};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::room::to_text;

/// The shortest time between two lists, for each so many people who receive them: a list has as
/// many people as it has receivers, up to `LISTED`.
const PAUSE: Duration = Duration::from_millis(200);
const RECEIVERS: usize = 50;

/// The maximum number of people in a list.
const LISTED: usize = 200;

/// The maximum number of people that a hub publishes by name.
const NAMED: usize = 1000;

/// The people in the chat. A client with several connections is one person.
pub(crate) struct Presence {
    people: Mutex<BTreeMap<String, Person>>,
    /// The people of other hubs, by the name of the hub.
    others: Mutex<HashMap<String, Shared>>,
    changed: Notify,
    /// Whether people of this hub have changed, and the tasks that wait for that.
    is_changed_here: AtomicBool,
    changed_here: Notify,
    /// The lists. A slow client receives only the newest one.
    topic: Topic,
}

struct Person {
    name: String,
    connections: usize,
    /// The number of connections in which the person is typing.
    typing: usize,
}

/// The people of a hub, as it publishes them to others.
#[derive(Deserialize, Serialize)]
struct Shared {
    people: Vec<Other>,
    /// The number of people who are not in the list.
    more: usize,
}

#[derive(Deserialize, Serialize)]
struct Other {
    client: String,
    name: String,
    typing: bool,
}

/// The list as clients receive it.
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
        Self {
            people: Mutex::default(),
            others: Mutex::default(),
            changed: Notify::new(),
            is_changed_here: AtomicBool::new(false),
            changed_here: Notify::new(),
            topic: Topic::new(),
        }
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
        self.change();
        let client = client.to_owned();
        (Seat { presence: Arc::clone(self), client, is_typing: false }, subscription)
    }

    /// Publishes the list after changes, for as long as it is polled.
    pub(crate) async fn publish(&self) {
        loop {
            self.changed.notified().await;
            if self.is_changed_here.swap(false, Ordering::AcqRel) {
                self.changed_here.notify_one();
            }
            let list = self.list();
            self.topic.publish_latest("people", list);
            let receivers = self.lock().len();
            sleep(pause(receivers)).await;
        }
    }

    fn list(&self) -> String {
        let (people, others) = (self.lock(), self.others());
        let mut all = BTreeMap::new();
        for other in others.values().flat_map(|shared| &shared.people) {
            let (client, name, typing) = (&*other.client, &*other.name, other.typing);
            all.entry(client).or_insert(Listed { client, name, typing }).typing |= typing;
        }
        for (client, person) in &*people {
            let (name, typing) = (&*person.name, person.typing > 0);
            let listed = all.entry(client).or_insert(Listed { client, name, typing });
            *listed = Listed { client, name, typing: typing || listed.typing };
        }
        let count = all.len() + others.values().map(|shared| shared.more).sum::<usize>();
        to_text(&People { people: all.into_values().take(LISTED).collect(), count })
    }

    /// Returns the people of this hub, for other hubs.
    pub(crate) fn here(&self) -> Vec<u8> {
        let people = self.lock();
        let named = people.iter().take(NAMED).map(|(client, person)| Other {
            client: client.clone(),
            name: person.name.clone(),
            typing: person.typing > 0,
        });
        let more = people.len().saturating_sub(NAMED);
        to_text(&Shared { people: named.collect(), more }).into_bytes()
    }

    /// Waits until people here have changed; it returns as often as clients receive a list.
    pub(crate) async fn changed_here(&self) {
        self.changed_here.notified().await;
    }

    /// Replaces the people of another hub.
    pub(crate) fn receive(&self, hub: &str, content: &[u8]) {
        if let Ok(shared) = serde_json::from_slice(content) {
            self.others().insert(hub.to_owned(), shared);
            self.changed.notify_one();
        }
    }

    /// Removes the people of a hub.
    pub(crate) fn forget(&self, hub: &str) {
        self.others().remove(hub);
        self.changed.notify_one();
    }

    fn change(&self) {
        self.is_changed_here.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    fn others(&self) -> MutexGuard<'_, HashMap<String, Shared>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Person>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pause(receivers: usize) -> Duration {
    PAUSE * u32::try_from(1 + receivers / RECEIVERS).unwrap_or(u32::MAX)
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
        self.presence.change();
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
        self.presence.change();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Presence, pause};

    #[test]
    fn lists_to_one_of_many_people_are_at_most_25_kb_a_second() {
        let (presence, mut seats) = (Arc::new(Presence::new()), vec![]);
        for people in [1, 25, 49, 50, 99, 150, 200, 249, 1000, 5000] {
            for number in seats.len()..people {
                let client = format!("{number:024}");
                seats.push(presence.enter(&client, "a name as long as names are").0);
            }
            let rate = presence.list().len() as f64 / pause(people).as_secs_f64();
            assert!(rate <= 25_000.0, "{people} people: {rate} bytes a second");
        }
    }
}
