//! A session as its senders use it. [`Unsplit`] and [`SharedCore`] know how to write and how to
//! wait.

use std::net::Shutdown;
use std::time::Duration;

use super::io::AT_ONCE;
use super::shared::SharedCore;
use super::stream::Stream;
use super::unsplit::Unsplit;
use crate::adapter::{Error, output};
use crate::connection::SendError;
use crate::message::Outgoing;
use crate::session::{
    Attempt, AttemptError, Outcome, POLL_INTERVAL, Sending, Session, TrySendError,
};

/// A session and its outgoing stream: of this thread, or shared with others.
pub(super) enum Handle<'a, W> {
    Alone(&'a mut Unsplit<W>),
    Shared(&'a SharedCore<W>),
}

impl<W: Stream> Handle<'_, W> {
    pub(super) fn now(&self) -> Duration {
        match self {
            Self::Alone(driver) => driver.incoming.io.now(),
            Self::Shared(shared) => shared.now(),
        }
    }

    /// Looks at the session, or changes it.
    pub(super) fn with<T>(&mut self, access: impl FnOnce(&mut Session) -> T) -> T {
        match self {
            Self::Alone(driver) => access(&mut driver.session),
            Self::Shared(shared) => shared.with(access),
        }
    }

    /// How long a read may block, if another thread can change the state.
    pub(super) fn state_poll_interval(&mut self) -> Option<Duration> {
        match self {
            Self::Alone(_) => None,
            Self::Shared(shared) => shared.lock().session.state_poll_interval(),
        }
    }

    /// Waits for another thread that is writing, until this time at most.
    pub(super) fn pause(&self, until: Duration) {
        // A write of this thread that makes no progress takes a moment by itself.
        if let Self::Shared(shared) = self {
            shared.pause(until);
        }
    }

    /// Shuts down the write half of the stream.
    pub(super) fn shut_down_write(&mut self) {
        match self {
            Self::Alone(driver) => driver.incoming.io.shut_down(Shutdown::Write),
            Self::Shared(shared) => shared.shut_down_write(),
        }
    }

    /// Repeats an attempt until it is done. Meanwhile it writes and waits.
    pub(super) fn attempt<T>(
        &mut self,
        attempt: impl FnMut(&mut Attempt<'_>) -> Result<Outcome<T>, AttemptError>,
    ) -> Result<T, Error> {
        match self {
            Self::Alone(driver) => driver.attempt(attempt),
            Self::Shared(shared) => shared.attempt(attempt),
        }
    }

    /// Writes what the stream accepts at once.
    pub(super) fn write_at_once(&mut self) -> Result<(), Error> {
        self.write_all(AT_ONCE).map(drop)
    }

    /// Writes what is queued, until this time at most, unless another thread does. Returns whether
    /// the stream accepts nothing more.
    fn write_all(&mut self, until: Duration) -> Result<bool, Error> {
        match self {
            Self::Alone(driver) => driver.write_all(until),
            Self::Shared(shared) => shared.write_all(until),
        }
    }

    /// Writes what is queued for a moment, before something is read.
    pub(super) fn write_soon(&mut self, until: Option<Duration>) -> Result<bool, Error> {
        let soon = self.now().saturating_add(POLL_INTERVAL);
        self.write_all(until.map_or(soon, |until| until.min(soon)))
    }

    /// Changes the session, and writes what the stream accepts at once.
    pub(super) fn act<T>(&mut self, act: impl FnOnce(&mut Session) -> T) -> T {
        let done = self.with(act);
        // The next flush returns the error again.
        let _ = self.write_at_once();
        done
    }

    /// Writes everything that is queued now, by any sender.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        self.attempt(|attempt| Ok(attempt.flush()))
    }

    /// Queues something, and writes it.
    pub(super) fn queue_and_flush<T>(
        &mut self,
        queue: impl FnOnce(&mut Session) -> Result<T, SendError>,
    ) -> Result<T, Error> {
        let queued = self.with(queue)?;
        self.flush()?;
        Ok(queued)
    }

    /// Queues a message, as the overflow policy says, and writes it.
    pub(super) fn send(&mut self, message: Outgoing, write: bool) -> Result<(), Error> {
        let mut sending = Sending::new(message, write);
        let sent = self.attempt(|attempt| attempt.send(&mut sending));
        if sending.is_unsent() { sent.map_err(Error::for_room) } else { sent }
    }

    /// Queues a message without waiting.
    pub(super) fn try_send(&mut self, message: Outgoing) -> Result<(), TrySendError> {
        if self.with(|session| session.is_full()) {
            // The next flush returns the error again.
            let _ = self.write_at_once();
        }
        self.act(|session| output::try_send(session, message))
    }
}
