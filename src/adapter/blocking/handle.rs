//! A session as its senders use it: when a message is queued, and when its `send` is complete.
//!
//! [`Driver`] and [`Shared`] know how to write and how to wait.

use std::time::Duration;

use super::attempt::{Attempt, Chance};
use super::driver::Driver;
use super::io::AT_ONCE;
use super::shared::Shared;
use super::stream::Stream;
use crate::adapter::waiters::Need;
use crate::adapter::{Error, output};
use crate::connection::{SendError, State};
use crate::message::Outgoing;
use crate::session::{Admit, FragmentedMessage, POLL_INTERVAL, Session, TrySendError};

/// A session and its outgoing stream: of this thread, or shared with others.
pub(super) enum Handle<'a, W> {
    Alone(&'a mut Driver<W>),
    Shared(&'a Shared<W>),
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

    /// Repeats an attempt until it is done. Meanwhile it writes and waits.
    fn work<T>(
        &mut self,
        attempt: impl FnMut(Chance<'_>) -> Result<Attempt<T>, Error>,
    ) -> Result<T, Error> {
        match self {
            Self::Alone(driver) => driver.work(attempt),
            Self::Shared(shared) => shared.work(attempt),
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

    /// Writes everything before a position.
    pub(super) fn flush_to(&mut self, position: u64) -> Result<(), Error> {
        self.work(|chance| {
            Ok(match chance.session.is_flushed_to(position) {
                true => Attempt::Done(()),
                false => Attempt::Write(Need::Flushed(position)),
            })
        })
    }

    /// Writes everything that is queued now.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        let position = self.with(|session| session.queued_position());
        self.flush_to(position)
    }

    /// Queues something, and writes it.
    pub(super) fn queue_and_flush<T>(
        &mut self,
        queue: impl FnOnce(&mut Session) -> Result<T, SendError>,
    ) -> Result<T, Error> {
        let (queued, position) = self.with(|session| {
            let queued = queue(session)?;
            Ok::<_, SendError>((queued, session.queued_position()))
        })?;
        self.flush_to(position)?;
        Ok(queued)
    }

    /// Queues a message, as the overflow policy says, and writes it.
    pub(super) fn send(&mut self, message: Outgoing) -> Result<(), Error> {
        let Some(position) = self.queue(message)? else { return Ok(()) };
        if self.may_cork() {
            return Ok(());
        }
        self.flush_if_chosen(position)
    }

    /// Queues a message, as the overflow policy says, and writes at the high-water mark.
    pub(super) fn feed(&mut self, message: Outgoing) -> Result<(), Error> {
        match self.queue(message)? {
            Some(position) if self.with(|session| session.is_above_high_water_mark()) => {
                self.flush_if_chosen(position)
            }
            _ => Ok(()),
        }
    }

    /// Queues a message without waiting.
    pub(super) fn try_send(&mut self, message: Outgoing) -> Result<(), TrySendError> {
        if self.with(|session| session.is_full()) {
            // The next flush returns the error again.
            let _ = self.write_at_once();
        }
        self.act(|session| {
            // No block is borrowed for a message that can't be sent.
            if session.connection.check_sendable().is_ok() {
                session.connection.set_output_buffer(output::take_block);
            }
            session.try_send(message)
        })
    }

    /// Whether the message that was just queued may wait for the answer to another one that is
    /// there.
    fn may_cork(&mut self) -> bool {
        match self {
            Self::Alone(Driver { session, incoming }) => {
                session.may_cork() && session.connection.has_message(incoming.buffer.bytes())
            }
            // Another thread receives, and may not be back soon.
            Self::Shared(_) => false,
        }
    }

    /// Waits for all of it to be written, or writes what the stream accepts at once.
    fn flush_if_chosen(&mut self, position: u64) -> Result<(), Error> {
        let waits = self.with(|session| session.send_waits());
        if waits { self.flush_to(position) } else { self.write_at_once() }
    }

    /// Queues a message, once there is room. Returns its position; `None` if it was dropped.
    fn queue(&mut self, message: Outgoing) -> Result<Option<u64>, Error> {
        let (mut message, mut has_tried) = (Some(message), false);
        self.work(|chance| {
            let session = chance.session;
            match session.admit_message()? {
                Admit::Locked => return Ok(Attempt::Turn(Need::Message)),
                _ if !chance.is_first => return Ok(Attempt::Turn(Need::Message)),
                Admit::Now => {}
                Admit::WaitForRoom => return Ok(Attempt::Write(Need::Message)),
                Admit::WriteOrRefuse if has_tried => {
                    session.refuse()?;
                    return Ok(Attempt::Done(None));
                }
                Admit::WriteOrRefuse => {
                    has_tried = true;
                    return Ok(Attempt::WriteAtOnce);
                }
            }
            let Some(message) = message.take() else { return Ok(Attempt::Done(None)) };
            session.connection.set_output_buffer(output::take_block);
            session.connection.send(message)?;
            Ok(Attempt::Done(Some(session.queued_position())))
        })
        .map_err(Error::for_room)
    }

    /// Waits for room, without a message.
    pub(super) fn wait_for_room(&mut self) -> Result<(), Error> {
        self.work(|chance| {
            Ok(if needs_room(chance.session) {
                Attempt::Write(Need::Fragment)
            } else {
                Attempt::Done(())
            })
        })
        .map_err(Error::for_room)
    }

    /// Waits until no other sender may send, and locks them out.
    pub(super) fn lock(&mut self) -> Result<(), Error> {
        self.work(|chance| {
            if chance.session.admit_writer()? == Admit::Locked || !chance.is_first {
                return Ok(Attempt::Turn(Need::Writer));
            }
            chance.session.lock();
            Ok(Attempt::Done(()))
        })
        .map_err(Error::for_room)
    }

    /// Queues the fragments of a message that has the lock, as there is room for them, and writes
    /// them.
    pub(super) fn send_fragments(
        &mut self,
        message: &mut FragmentedMessage,
        finish: bool,
    ) -> Result<(), Error> {
        message.check()?;
        let position = self.work(|chance| {
            loop {
                if needs_room(chance.session) {
                    return Ok(Attempt::Write(Need::Fragment));
                }
                if message.queue_next(chance.session, finish)? {
                    return Ok(Attempt::Done(chance.session.queued_position()));
                }
            }
        })?;
        self.flush_to(position)
    }
}

/// Whether answers or fragments wait for room: not once either side has begun to close, since none
/// will be sent then.
pub(super) fn needs_room(session: &Session) -> bool {
    session.is_above_high_water_mark() && session.state() == State::Open
}
