//! What a future that sends brings to each poll of the driver, and keeps between polls.

use std::boxed::Box;
use std::sync::Arc;
use std::task::Waker;

use crate::adapter::waiters::{Need, Place, Waiters};
use crate::message::Outgoing;
use crate::session::WriteDeadline;

/// What the stream wakes: for reading the task that receives, for writing all that wait for it.
#[derive(Clone, Copy)]
pub(super) struct Wakers<'a> {
    pub(super) read: &'a Waker,
    pub(super) write: &'a Waker,
}

impl<'a> From<&'a Waker> for Wakers<'a> {
    fn from(waker: &'a Waker) -> Self {
        Self { read: waker, write: waker }
    }
}

/// One poll of a future that sends.
pub(super) struct Attempt<'a> {
    pub(super) wakers: Wakers<'a>,
    /// No other sender waits for a turn before this one.
    pub(super) is_first: bool,
    /// What the future needs if it is pending.
    pub(super) need: &'a mut Need,
}

/// A message on its way: taken when it is queued, and not before.
pub(super) struct Sending {
    pub(super) message: Option<Outgoing>,
    /// Whether the message is written too (`send`), or only queued (`feed`).
    pub(super) write: bool,
}

impl Sending {
    /// Whether the message was not queued yet.
    pub(super) const fn is_unsent(&self) -> bool {
        self.message.is_some()
    }
}

/// The wait of a future: what for, and how long.
pub(super) struct Wait<C> {
    pub(super) need: Need,
    pub(super) deadline: WriteDeadline,
    /// Its place among other senders, once it waits with them.
    pub(super) shared: Option<Box<SharedWait<C>>>,
}

impl<C> Default for Wait<C> {
    fn default() -> Self {
        Self { need: Need::default(), deadline: WriteDeadline::default(), shared: None }
    }
}

/// A place among other senders. Dropping it passes on a wake-up that was not used.
pub(super) struct SharedWait<C> {
    pub(super) place: Option<Place>,
    pub(super) waiters: Arc<Waiters>,
    /// A clock of its own: a clock wakes only the task that polled it last.
    pub(super) clock: C,
}

impl<C> Drop for SharedWait<C> {
    fn drop(&mut self) {
        self.waiters.leave(&mut self.place);
    }
}
