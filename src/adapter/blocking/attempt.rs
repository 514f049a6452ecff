//! What a sender attempts, what it is given for that, and what one write has come to.

use std::time::Duration;

use crate::adapter::waiters::Need;
use crate::session::{Session, WriteDeadline};

/// What an attempt has come to.
pub(super) enum Attempt<T> {
    Done(T),
    /// To write, or to wait for the thread that does; then to attempt it again.
    Write(Need),
    /// To write what the stream accepts at once, then to attempt it again.
    WriteAtOnce,
    /// To wait for the lock, or for senders that came before.
    Turn(Need),
    /// To wait for another thread, until this time at most.
    Wait(Need, Option<Duration>),
}

/// What an attempt is given.
pub(super) struct Chance<'a> {
    pub(super) session: &'a mut Session,
    pub(super) now: Duration,
    /// No other sender waits for its turn before this one.
    pub(super) is_first: bool,
    pub(super) receiver_dropped: bool,
}

/// How long a write may block.
pub(super) enum Limit<'a> {
    /// Not at all.
    AtOnce,
    Until(Duration),
    /// Until the caller's write deadline, or the close deadline.
    Deadline(&'a mut WriteDeadline),
}

impl Limit<'_> {
    pub(super) fn until(&mut self, session: &mut Session, now: Duration) -> Option<Duration> {
        match self {
            Limit::AtOnce => Some(now),
            Limit::Until(until) => Some(*until),
            Limit::Deadline(deadline) => session.deadline_of_call(now, deadline, false),
        }
    }
}

/// What one write has come to.
#[derive(PartialEq)]
pub(super) enum Written {
    Some,
    /// There is nothing to write, or another thread is writing.
    Nothing,
    /// The stream accepted nothing in time.
    Stalled,
}
