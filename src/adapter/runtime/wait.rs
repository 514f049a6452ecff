//! The arguments of a future that sends to each poll of the driver, and its state between polls.

use std::sync::Arc;
use std::task::Waker;

use crate::adapter::waiters::Waiters;
use crate::session::{Need, Place, WriteDeadline};

/// The wakers for the stream: that of the task that receives, and that of all tasks that write.
#[derive(Clone, Copy)]
pub(super) struct Wakers<'a> {
    /// The task that polls: it wakes itself after it has yielded.
    pub(super) task: &'a Waker,
    pub(super) read: &'a Waker,
    pub(super) write: &'a Waker,
    /// The first position that a sender waits for: it is flushed before more is written.
    pub(super) flush_first: u64,
}

impl<'a> From<&'a Waker> for Wakers<'a> {
    #[inline]
    fn from(waker: &'a Waker) -> Self {
        Self { task: waker, read: waker, write: waker, flush_first: u64::MAX }
    }
}

/// One poll of a future that sends: see [`Attempt`](crate::session::Attempt).
pub(super) struct SenderPoll<'a> {
    pub(super) wakers: Wakers<'a>,
    pub(super) is_first: bool,
    pub(super) may_have_permit: bool,
    pub(super) need: &'a mut Need,
}

/// The need of a waiting future, and its deadline.
#[derive(Clone, Copy, Default)]
pub(super) struct SenderWait {
    pub(super) need: Need,
    pub(super) deadline: WriteDeadline,
}

/// The wait of one of several senders.
pub(super) struct SharedWait<C> {
    pub(super) wait: SenderWait,
    /// The place in the queue, after the first poll that was pending.
    pub(super) queued: Option<Queued<C>>,
    /// Whether the future may neither be polled again nor dropped: that of a sink or `AsyncWrite`.
    pub(super) is_detached: bool,
}

impl<C> SharedWait<C> {
    pub(super) fn detached() -> Self {
        Self { is_detached: true, ..Self::default() }
    }
}

impl<C> Default for SharedWait<C> {
    fn default() -> Self {
        Self { wait: SenderWait::default(), queued: None, is_detached: false }
    }
}

impl<C> SharedWait<C> {
    /// Gives up the place among other senders: the future is not polled any more.
    pub(super) fn leave(&mut self) {
        if let Some(queued) = &mut self.queued {
            queued.waiters.leave(&mut queued.place);
        }
    }
}

/// A place among other senders. Dropping it passes on a wake-up that was not used.
pub(super) struct Queued<C> {
    pub(super) place: Option<Place>,
    pub(super) waiters: Arc<Waiters>,
    /// A clock of its own: a clock wakes only the task that polled it last.
    pub(super) clock: C,
}

impl<C> Drop for Queued<C> {
    fn drop(&mut self) {
        self.waiters.leave(&mut self.place);
    }
}
