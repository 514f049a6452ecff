//! What a sender attempts, what it is given for that, and what one write has come to.

use std::time::Duration;

use crate::adapter::waiters::Need;
use crate::session::Session;

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

/// What one write has come to.
#[derive(PartialEq)]
pub(super) enum Written {
    Some,
    /// There is nothing to write, or another thread is writing.
    Nothing,
    /// The stream accepted nothing in time.
    Stalled,
}
