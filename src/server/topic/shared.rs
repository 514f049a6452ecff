//! The backlog that a topic shares with its subscriptions. The mutex is held neither while a task
//! wakes up nor while messages are compressed, written or dropped.

use std::sync::{Mutex, PoisonError};

use super::backlog::{After, Backlog, Limits};

pub(super) struct Shared {
    pub(super) limits: Limits,
    backlog: Mutex<Backlog>,
}

impl Shared {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, backlog: Mutex::new(Backlog::new(limits)) }
    }

    /// Ignores poisoning: no task panics in the middle of a change.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Backlog) -> T) -> T {
        work(&mut self.backlog.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Backlog) -> After) {
        self.with(change).run();
    }
}
