//! The messages of a connection that have no answer yet.
//!
//! At the end of the run they count with their age. Without them, the latencies of a server that
//! has stopped to answer would be those from before it stopped: coordinated omission.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Times of sending, as marks have them; `None` after the end.
#[derive(Debug)]
pub(crate) struct Unanswered(Mutex<Option<BTreeSet<u64>>>);

impl Unanswered {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Some(BTreeSet::new())))
    }

    pub(crate) fn sent(&self, at: Duration) {
        self.with(|times| times.as_mut().map(|times| times.insert(at.as_micros() as u64)));
    }

    /// Whether a message has no answer yet.
    pub(crate) fn is_waiting(&self) -> bool {
        self.with(|times| times.as_ref().is_some_and(|times| !times.is_empty()))
    }

    /// Removes the message of an answer, if it is one of this connection. Returns whether the
    /// answer arrived before [`end`](Self::end).
    pub(crate) fn answered(&self, at: Duration) -> bool {
        self.with(|times| times.as_mut().map(|times| times.remove(&(at.as_micros() as u64))))
            .is_some()
    }

    /// Returns when the messages without an answer were sent. Later answers don't count.
    pub(crate) fn end(&self) -> impl Iterator<Item = Duration> {
        self.with(Option::take).unwrap_or_default().into_iter().map(Duration::from_micros)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Option<BTreeSet<u64>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_without_an_answer_are_left_at_the_end() {
        let unanswered = Unanswered::new();
        let at = Duration::from_micros;
        for sent in [1, 2, 3] {
            unanswered.sent(at(sent) + Duration::from_nanos(1));
        }
        assert!(unanswered.is_waiting());
        // The answer to another connection's message counts, too.
        assert!(unanswered.answered(at(2)) && unanswered.answered(at(9)));
        assert_eq!(unanswered.end().collect::<Vec<_>>(), [at(1), at(3)]);
        assert!(!unanswered.answered(at(1)));
        assert_eq!(unanswered.end().count(), 0);
        assert!(!unanswered.is_waiting());
    }
}
