//! A pool of objects that are expensive to create and unused between two messages, shared by all
//! connections.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One lock for all threads, not one pool for each thread: the lock is held while a pointer moves,
/// and the memory depends on the concurrent work, not on the number of threads.
pub(crate) struct Pool<T> {
    idle: Mutex<VecDeque<T>>,
    /// The maximum sum of weights; objects beyond it are dropped.
    limit: usize,
    /// The weight of one object.
    weigh: fn(&T) -> usize,
}

impl<T> Pool<T> {
    pub(crate) const fn new(limit: usize, weigh: fn(&T) -> usize) -> Self {
        Self { idle: Mutex::new(VecDeque::new()), limit, weigh }
    }

    /// Takes an object that fits: the one that was used last, since it may still be in the
    /// processor's cache.
    pub(crate) fn take(&self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let mut idle = self.lock();
        let at = idle.iter().rposition(fits)?;
        idle.remove(at)
    }

    /// Puts an object into the pool. If the weights exceed the limit, the objects that were unused
    /// longest are dropped; an object that exceeds it alone is dropped itself.
    pub(crate) fn put(&self, one: T) {
        if (self.weigh)(&one) > self.limit {
            return;
        }
        let mut surplus = VecDeque::new();
        let mut idle = self.lock();
        idle.push_back(one);
        let mut weight: usize = idle.iter().map(self.weigh).sum();
        while weight > self.limit {
            let Some(oldest) = idle.pop_front() else { break };
            weight -= (self.weigh)(&oldest);
            surplus.push_back(oldest);
        }
        drop(idle);
        drop(surplus);
    }

    /// A poisoned lock is still consistent: no code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
