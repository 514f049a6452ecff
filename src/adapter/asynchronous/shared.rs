//! What the halves of a connection share, and how everybody who waits for the stream is woken.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::vec::Vec;

use super::driver::Driver;
use super::io::{Clock, Stream};
use crate::connection::State;

/// What the halves share.
pub(super) struct Shared<S, C> {
    pub(super) driver: Mutex<Driver<S, C>>,
    pub(super) tasks: Arc<Tasks>,
    pub(super) receiver_gone: AtomicBool,
}

/// Everybody who waits for the stream. A stream wakes only who polled it last; this one passes it on to all.
#[derive(Default)]
pub(super) struct Tasks {
    waiting: Mutex<Vec<Waker>>,
}

impl Tasks {
    /// Adds a task; false if it waits already.
    fn add(&self, waker: &Waker) -> bool {
        let mut waiting = lock(&self.waiting);
        let is_new = !waiting.iter().any(|other| other.will_wake(waker));
        if is_new {
            waiting.push(waker.clone());
        }
        is_new
    }

    fn remove(&self, waker: &Waker) {
        lock(&self.waiting).retain(|other| !other.will_wake(waker));
    }
}

impl Wake for Tasks {
    fn wake(self: Arc<Self>) {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// A thread that panicked left nothing half done: the driver's state is whole between any two of its steps.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Stream, C: Clock> Shared<S, C> {
    /// Polls the driver for one task among several.
    pub(super) fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Driver<S, C>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let mut driver = lock(&self.driver);
        let is_new = self.tasks.add(cx.waker());
        let before = Self::watched(&driver);
        let waker = Waker::from(Arc::clone(&self.tasks));
        let result = poll(&mut driver, &mut Context::from_waker(&waker));
        // What others may wait for has changed without the stream telling them.
        if Self::watched(&driver) != before {
            drop(driver);
            waker.wake();
            if result.is_pending() {
                self.tasks.add(cx.waker());
            }
        }
        // Who is done does not wait, unless another future of the same task does.
        if result.is_ready() && is_new {
            self.tasks.remove(cx.waker());
        }
        result
    }

    /// What a half may wait for: room, the answer to a ping, the end.
    fn watched(driver: &Driver<S, C>) -> (usize, u64, State) {
        (driver.connection.buffered_amount(), driver.pipe.timer.answered(), driver.connection.state())
    }
}
