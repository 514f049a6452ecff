//! The newest message of each key, for subscribers that come later, or have lagged.

use std::collections::HashMap;
use std::sync::Arc;
use std::vec::Vec;

use crate::message::Prepared;

/// The messages by key, each with its number.
#[derive(Default)]
pub(super) struct Retained(HashMap<Arc<str>, (u64, Prepared)>);

impl Retained {
    /// Retains a message. Returns the one before it with the same key.
    pub(super) fn replace(
        &mut self,
        key: Arc<str>,
        number: u64,
        message: Prepared,
    ) -> Option<Prepared> {
        self.0.insert(key, (number, message)).map(|(_, replaced)| replaced)
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Prepared> {
        self.0.remove(key).map(|(_, message)| message)
    }

    /// Appends the messages before this number, the oldest first; those behind it are in the
    /// backlog. Returns whether there are any.
    pub(super) fn append(&self, end: u64, batch: &mut impl Extend<Prepared>) -> bool {
        let mut messages: Vec<_> = self.0.values().filter(|(number, _)| *number < end).collect();
        messages.sort_unstable_by_key(|(number, _)| *number);
        let has_any = !messages.is_empty();
        batch.extend(messages.into_iter().map(|(_, message)| message.clone()));
        has_any
    }
}
