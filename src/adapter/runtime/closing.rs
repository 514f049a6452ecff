//! The wait of a task that has nothing to send for the moment from which on nothing can be sent.
//!
//! Such a task is no waiter of the session, so it does not slow the writes of others.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::vec::Vec;

/// The tasks that wait for that moment.
#[derive(Default)]
pub(super) struct Idle {
    is_closing: AtomicBool,
    tasks: Mutex<Tasks>,
}

#[derive(Default)]
struct Tasks {
    tickets: u64,
    waiting: Vec<(u64, Waker)>,
}

impl Idle {
    /// Reports that nothing can be sent any more: takes the wakers of all tasks.
    #[must_use]
    pub(super) fn end(&self) -> Vec<Waker> {
        let mut tasks = self.lock();
        self.is_closing.store(true, Ordering::Release);
        mem::take(&mut tasks.waiting).into_iter().map(|(_, waker)| waker).collect()
    }

    fn has_ended(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ready when the connection is closing or has ended.
pub(super) struct Closing<'a> {
    idle: &'a Idle,
    was_open: bool,
    ticket: u64,
    /// The waker that is registered.
    waker: Option<Waker>,
}

impl<'a> Closing<'a> {
    pub(super) const fn new(idle: &'a Idle, was_open: bool) -> Self {
        Self { idle, was_open, ticket: 0, waker: None }
    }

    /// Locks nothing if the waker is the same as before.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.was_open || self.idle.has_ended() {
            return Poll::Ready(());
        }
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.register(cx.waker());
        }
        // The connection may have ended before the waker was registered.
        if self.idle.has_ended() { Poll::Ready(()) } else { Poll::Pending }
    }

    #[cold]
    fn register(&mut self, waker: &Waker) {
        let mut tasks = self.idle.lock();
        let registered = tasks.waiting.iter_mut().find(|(ticket, _)| *ticket == self.ticket);
        let replaced = match registered {
            Some((_, old)) => Some(mem::replace(old, waker.clone())),
            None => {
                tasks.tickets += 1;
                self.ticket = tasks.tickets;
                tasks.waiting.push((self.ticket, waker.clone()));
                None
            }
        };
        // The last waker of a task may drop the task, and with it this.
        drop(tasks);
        drop(replaced);
        self.waker = Some(waker.clone());
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut tasks = self.idle.lock();
        let place = tasks.waiting.iter().position(|(ticket, _)| *ticket == self.ticket);
        let waker = place.map(|place| tasks.waiting.swap_remove(place));
        drop(tasks);
        drop(waker);
    }
}
