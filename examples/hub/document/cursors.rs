//! The states of y-protocols' awareness: the cursor and the name of each client. A state belongs to
//! the connection that introduced it, and ends with that connection.
//!
//! yrs has an `Awareness` too, which knows no owners, and keeps the states that were removed.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use yrs::ClientID;
use yrs::sync::AwarenessUpdate;
use yrs::sync::awareness::AwarenessUpdateEntry;

/// The maximum number of ids whose states a connection sends, removed ones included: each is a
/// message of its own to all clients. A page has one.
const STATES: usize = 4;

/// The length of a state, in bytes of JSON.
const LENGTH: usize = 2048;

/// The state that removes one.
const NULL: &str = "null";

/// The connection that sends states.
#[derive(Clone, Copy)]
pub(super) struct Speaker<'a> {
    pub(super) connection: u64,
    /// The id of the page, the same after a reconnection.
    pub(super) client: &'a str,
    /// The name in the query of the connection.
    pub(super) name: &'a str,
}

struct State {
    entry: AwarenessUpdateEntry,
    connection: u64,
    client: String,
}

/// The states of all clients.
#[derive(Default)]
pub(super) struct Cursors {
    states: HashMap<ClientID, State>,
    /// The ids that each connection of this hub has spoken for.
    ids: HashMap<u64, HashSet<ClientID>>,
}

impl Cursors {
    /// Applies the states that a connection sends. Returns each new one as an update of its own.
    pub(super) fn set(
        &mut self,
        speaker: Speaker<'_>,
        update: AwarenessUpdate,
    ) -> Result<Vec<(ClientID, AwarenessUpdate)>, &'static str> {
        let is_anothers = |id: &ClientID| {
            let state = self.states.get(id);
            state.is_some_and(|it| {
                it.connection != speaker.connection && it.client != speaker.client
            })
        };
        if update.clients.keys().any(is_anothers) {
            return Err("the awareness of another client");
        }
        for entry in update.clients.values() {
            let is_short = entry.json.len() <= LENGTH;
            let state = is_short.then(|| serde_json::from_str::<Value>(&entry.json).ok()).flatten();
            let state = state.ok_or("an awareness that is not JSON, or longer than 2048 bytes")?;
            let name = &state["user"]["name"];
            if !name.is_null() && name != speaker.name {
                return Err("a cursor with another name than that of the connection");
            }
        }
        let ids = self.ids.entry(speaker.connection).or_default();
        ids.extend(update.clients.keys());
        if ids.len() > STATES {
            return Err("the awareness of more clients than a connection may have");
        }
        Ok(self.take(speaker, update))
    }

    /// Applies the states that another hub publishes. With `is_all`, removes its other states.
    pub(super) fn set_remote(
        &mut self,
        speaker: Speaker<'_>,
        mut update: AwarenessUpdate,
        is_all: bool,
    ) -> Vec<(ClientID, AwarenessUpdate)> {
        let is_of_this = |state: &State| state.connection == speaker.connection;
        let gone = |id: &ClientID, state: &State| {
            is_all && is_of_this(state) && !update.clients.contains_key(id)
        };
        let gone = self.remove(gone);
        update.clients.retain(|id, _| self.states.get(id).is_none_or(is_of_this));
        let mut new = self.take(speaker, update);
        new.extend(gone);
        new
    }

    fn take(
        &mut self,
        speaker: Speaker<'_>,
        update: AwarenessUpdate,
    ) -> Vec<(ClientID, AwarenessUpdate)> {
        let mut new = vec![];
        for (id, entry) in update.clients {
            let is_removed = &*entry.json == NULL;
            let is_old = self.states.get(&id).is_some_and(|State { entry: known, .. }| {
                entry.clock < known.clock || (entry.clock == known.clock && !is_removed)
            });
            if is_old {
                continue;
            }
            if is_removed {
                if self.states.remove(&id).is_none() {
                    continue;
                }
            } else {
                let (connection, client) = (speaker.connection, speaker.client.to_owned());
                self.states.insert(id, State { entry: entry.clone(), connection, client });
            }
            new.push((id, one(id, entry)));
        }
        new
    }

    /// Returns all states, or `None` if there are none.
    pub(super) fn all(&self) -> Option<AwarenessUpdate> {
        let clients = self.states.iter().map(|(id, state)| (*id, state.entry.clone()));
        (!self.states.is_empty()).then(|| AwarenessUpdate { clients: clients.collect() })
    }

    /// Returns at most so many states, without those of these connections.
    pub(super) fn without(&self, connections: &[u64], count: usize) -> AwarenessUpdate {
        let here = self.states.iter().filter(|(_, state)| !connections.contains(&state.connection));
        let clients = here.take(count).map(|(id, state)| (*id, state.entry.clone()));
        AwarenessUpdate { clients: clients.collect() }
    }

    /// Removes the states of a connection. Returns the updates to publish.
    pub(super) fn leave(&mut self, connection: u64) -> Vec<(ClientID, AwarenessUpdate)> {
        self.ids.remove(&connection);
        self.remove(|_, state| state.connection == connection)
    }

    fn remove(
        &mut self,
        is_removed: impl Fn(&ClientID, &State) -> bool,
    ) -> Vec<(ClientID, AwarenessUpdate)> {
        let left = self.states.extract_if(|id, state| is_removed(id, state));
        let removed = left.map(|(id, state)| {
            let clock = state.entry.clock.saturating_add(1);
            (id, one(id, AwarenessUpdateEntry { clock, json: NULL.into() }))
        });
        removed.collect()
    }
}

fn one(id: ClientID, entry: AwarenessUpdateEntry) -> AwarenessUpdate {
    AwarenessUpdate { clients: HashMap::from([(id, entry)]) }
}
