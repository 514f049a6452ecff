//! What the halves of a connection share, and how everybody who waits for the stream is woken.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::vec::Vec;

use super::driver::Driver;
use super::io::{Clock, Stream};

/// What the halves share.
pub(super) struct Shared<S, C> {
    pub(super) driver: Mutex<Driver<S, C>>,
    pub(super) tasks: Arc<Tasks>,
}

/// Everybody who waits for the stream. A stream wakes only who polled it last; this one passes it
/// on to all.
#[derive(Default)]
pub(super) struct Tasks {
    waiting: Mutex<Vec<Waker>>,
}

impl Tasks {
    /// Polls for one task among several: whatever wakes one wakes all.
    pub(super) fn begin(self: &Arc<Self>, cx: &Context<'_>) -> (Waker, bool) {
        let mut waiting = lock(&self.waiting);
        let is_new = !waiting.iter().any(|other| other.will_wake(cx.waker()));
        if is_new {
            waiting.push(cx.waker().clone());
        }
        (Waker::from(Arc::clone(self)), is_new)
    }

    /// What follows from that, with no lock held: `changed` is whether others may have waited for
    /// what was done.
    pub(super) fn end<T>(
        self: &Arc<Self>,
        cx: &Context<'_>,
        is_new: bool,
        changed: bool,
        result: Poll<T>,
    ) -> Poll<T> {
        if changed {
            self.wake_by_ref();
            if result.is_pending() {
                self.begin(cx);
            }
        }
        // Who is done does not wait, unless another future of the same task does.
        if result.is_ready() && is_new {
            lock(&self.waiting).retain(|other| !other.will_wake(cx.waker()));
        }
        result
    }
}

impl Wake for Tasks {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// A thread that panicked left nothing half done: the driver's state is whole between any two of
/// its steps.
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
        let (waker, is_new) = self.tasks.begin(cx);
        let (result, changed) = {
            let mut driver = lock(&self.driver);
            let before = driver.watched();
            let result = poll(&mut driver, &mut Context::from_waker(&waker));
            (result, driver.watched() != before)
        };
        self.tasks.end(cx, is_new, changed, result)
    }

    /// Does something at once.
    pub(super) fn act<T>(&self, act: impl FnOnce(&mut Driver<S, C>) -> T) -> T {
        let (done, changed) = {
            let mut driver = lock(&self.driver);
            let before = driver.watched();
            let done = act(&mut driver);
            (done, driver.watched() != before)
        };
        if changed {
            self.tasks.wake_by_ref();
        }
        done
    }

    /// Does something at once, and lets the stream have what it takes at once.
    pub(super) fn at_once<T>(&self, act: impl FnOnce(&mut Driver<S, C>) -> T) -> T {
        let waker = Waker::from(Arc::clone(&self.tasks));
        self.act(|driver| {
            let done = act(driver);
            // Should that fail, whoever waits for the stream will meet the same failure.
            let _ = driver.poll_flush(&mut Context::from_waker(&waker));
            done
        })
    }
}
