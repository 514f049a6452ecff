//! What is costly to make and has no owner between two messages: a few of them, shared by all connections.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// At most so many are kept. It takes as many threads that compress at the same moment, or messages under way in parts, to need
/// more; what is given back beyond that is dropped.
const MAX_IDLE: usize = 32;

/// One lock for all threads, rather than a pool for each: it is held for the move of a pointer's worth of state, and memory
/// follows the work that is done at once and not the number of threads.
pub(super) struct Pool<T> {
    idle: Mutex<VecDeque<T>>,
}

impl<T> Pool<T> {
    pub(super) const fn new() -> Self {
        Self { idle: Mutex::new(VecDeque::new()) }
    }

    /// Takes one that fits; the one that was used last, since it is most likely in the processor's cache.
    pub(super) fn take(&self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let mut idle = self.lock();
        let at = idle.iter().rposition(fits)?;
        idle.remove(at)
    }

    /// Gives one back. If there are too many, the one that nobody wanted for longest goes.
    pub(super) fn give(&self, one: T) {
        let mut idle = self.lock();
        let surplus = if idle.len() < MAX_IDLE { None } else { idle.pop_front() };
        idle.push_back(one);
        drop(idle);
        drop(surplus);
    }

    /// A panic elsewhere leaves the queue whole: nothing in here panics halfway.
    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
