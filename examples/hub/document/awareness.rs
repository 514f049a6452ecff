//! The cursors of all clients: those of this hub, which other hubs receive, and those of other
//! hubs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sansocket::Message;
use sansocket::topic::Topic;
use yrs::ClientID;
use yrs::sync::{AwarenessUpdate, Message as Sync};
use yrs::updates::encoder::Encode;

use super::cursors::{Cursors, Speaker};
use super::sync::{Incoming, decode, to_binary};
use crate::journal::Journal;

/// The maximum number of cursors that a hub publishes.
const SHARED: usize = 500;

pub(crate) struct Awareness {
    journal: Journal,
    state: Mutex<State>,
    topic: Topic,
}

#[derive(Default)]
struct State {
    cursors: Cursors,
    /// The number of the last connection.
    connections: u64,
    /// The number that stands for each other hub in `cursors`, in place of a connection.
    hubs: HashMap<String, u64>,
}

impl State {
    fn enter(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }
}

impl Awareness {
    pub(super) fn new(journal: Journal, topic: Topic) -> Self {
        Self { journal, state: Mutex::default(), topic }
    }

    /// Returns the number of a new connection.
    pub(super) fn enter(&self) -> u64 {
        self.with(State::enter)
    }

    /// Removes the cursors of a connection.
    pub(super) fn leave(&self, connection: u64) {
        let left = self.with(|state| state.cursors.leave(connection));
        left.into_iter().for_each(|(id, state)| self.publish_here(id, state));
    }

    /// All cursors; `None` if there are none.
    pub(super) fn all(&self) -> Option<Message> {
        let all = self.with(|state| state.cursors.all())?;
        Some(to_binary(&Sync::Awareness(all)))
    }

    /// Applies the states that a connection sends, and publishes those that are new.
    pub(super) fn take(
        &self,
        speaker: Speaker<'_>,
        states: AwarenessUpdate,
    ) -> Result<(), &'static str> {
        let new = self.with(|state| state.cursors.set(speaker, states))?;
        new.into_iter().for_each(|(id, state)| self.publish_here(id, state));
        Ok(())
    }

    /// Applies the states that another hub publishes. With `is_all`, removes its other states.
    pub(crate) fn set_remote(&self, hub: &str, content: &[u8], is_all: bool) {
        let Some(Incoming::Awareness(update)) = decode(content) else { return };
        let new = self.with(|state| {
            let connection = match state.hubs.get(hub) {
                Some(connection) => *connection,
                None => {
                    let connection = state.enter();
                    state.hubs.insert(hub.to_owned(), connection);
                    connection
                }
            };
            state.cursors.set_remote(Speaker { connection, client: "", name: "" }, update, is_all)
        });
        new.into_iter().for_each(|(id, state)| self.publish(id, state));
    }

    /// Removes the cursors of a hub.
    pub(crate) fn forget(&self, hub: &str) {
        let left = self.with(|state| {
            let connection = state.hubs.remove(hub);
            connection.map(|connection| state.cursors.leave(connection)).unwrap_or_default()
        });
        left.into_iter().for_each(|(id, state)| self.publish(id, state));
    }

    /// Returns the states of this hub, for other hubs.
    pub(crate) fn here(&self) -> Vec<u8> {
        self.with(|state| {
            let hubs: Vec<_> = state.hubs.values().copied().collect();
            Sync::Awareness(state.cursors.without(&hubs, SHARED)).encode_v1()
        })
    }

    /// Publishes a state of this hub.
    fn publish_here(&self, id: ClientID, state: AwarenessUpdate) {
        if let Some(broker) = self.journal.broker() {
            broker.publish(b'd', &Sync::Awareness(state.clone()).encode_v1());
        }
        self.publish(id, state);
    }

    /// Publishes a state. A slow client receives only the newest one of each id.
    fn publish(&self, id: ClientID, state: AwarenessUpdate) {
        self.topic.publish_latest(&id.to_string(), to_binary(&Sync::Awareness(state)));
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
