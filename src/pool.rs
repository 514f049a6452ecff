//! What is costly to make and has no owner between two messages: a few of each, shared by all
//! connections.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One lock for all threads, rather than a pool for each: it is held for the move of a pointer's
/// worth of state, and memory follows the work that is done at once and not the number of threads.
pub(crate) struct Pool<T> {
    idle: Mutex<VecDeque<T>>,
    /// How much is kept; what is given back beyond that is dropped.
    limit: usize,
    /// How much of that one takes.
    weigh: fn(&T) -> usize,
}

impl<T> Pool<T> {
    pub(crate) const fn new(limit: usize, weigh: fn(&T) -> usize) -> Self {
        Self { idle: Mutex::new(VecDeque::new()), limit, weigh }
    }

    /// Takes one that fits; the one that was used last, since it is most likely in the processor's
    /// cache.
    pub(crate) fn take(&self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let mut idle = self.lock();
        let at = idle.iter().rposition(fits)?;
        idle.remove(at)
    }

    /// Gives one back. If that is too much, those go that nobody wanted for longest; if it is too
    /// much by itself, it goes alone.
    pub(crate) fn give(&self, one: T) {
        if (self.weigh)(&one) > self.limit {
            return;
        }
        let mut surplus = VecDeque::new();
        let mut idle = self.lock();
        idle.push_back(one);
        let mut held: usize = idle.iter().map(self.weigh).sum();
        while held > self.limit {
            let Some(oldest) = idle.pop_front() else { break };
            held -= (self.weigh)(&oldest);
            surplus.push_back(oldest);
        }
        drop(idle);
        drop(surplus);
    }

    /// A panic elsewhere leaves the queue whole: nothing in here panics halfway.
    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
