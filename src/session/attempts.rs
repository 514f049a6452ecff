//! Attempts of a sender: to queue a message, to get a permit or the fragmented-send lock, to see
//! its bytes flushed. The session admits it, or the attempt says what the sender has to do first.
//!
//! ```text
//!              ┌── Write · WriteOnce · WaitForLock · Wait ◄──┐
//!   the adapter writes, or waits                        Attempt ──► Done · WriteThen · FlushThen
//!              └─────────── attempts it again ───────────────┘
//! ```

use alloc::vec::Vec;

use super::admission::Admit;
use super::backpressure::Full;
use super::fragments::FragmentedMessage;
use super::live::Session;
use super::needs::Need;
use crate::connection::{Closed, SendError, State};
use crate::message::{Outgoing, Prepared};
use crate::timing::TimedOut;

/// One attempt of a sender, and what it may use.
pub(crate) struct Attempt<'a> {
    pub(crate) session: &'a mut Session,
    /// Bytes that were read and not received, if the caller receives them soon.
    pub(crate) unread: Option<&'a mut [u8]>,
    /// No other sender waits for the lock or for room before this one.
    pub(crate) is_first: bool,
    /// No writer waits before this sender: it waits for all permits, so a new one would delay it.
    pub(crate) may_have_permit: bool,
    /// The stream was offered the output since the first attempt.
    pub(crate) has_written: bool,
    /// What the sender waits for, if this attempt does not succeed.
    pub(crate) need: &'a mut Need,
    /// Memory for output that has none.
    pub(crate) output_buffer: fn() -> Vec<u8>,
}

/// Why an attempt can't succeed any more.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AttemptError {
    Send(SendError),
    /// The overflow policy refused the message.
    Full,
    ConnectionLost,
    TimedOut(TimedOut),
}

impl From<SendError> for AttemptError {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<Full> for AttemptError {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

/// The result of an attempt. After all but the first three, it is repeated.
pub(crate) enum Outcome<T> {
    Done(T),
    /// Done, once the stream was offered the output.
    WriteThen(T),
    /// Done, once everything before the position that the sender needs is flushed.
    FlushThen(T),
    /// Offer the output to the stream, without waiting.
    WriteOnce,
    /// Write, or wait for the thread that writes.
    Write,
    /// Wait for the lock, or for the senders that came before.
    WaitForLock,
    /// Wait for the receiver.
    Wait,
}

impl<T> Outcome<T> {
    /// For a caller that blocks, and attempts it again after each write.
    pub(crate) fn blocking(self, session: &Session, need: Need) -> Self {
        match (self, need) {
            (Self::FlushThen(done), Need::Flushed(at)) if session.is_flushed_to(at) => {
                Self::Done(done)
            }
            (Self::FlushThen(_), Need::Flushed(_)) => Self::Write,
            (outcome, _) => outcome,
        }
    }
}

/// What a session can queue.
pub(crate) trait Queueable {
    fn prepared(&self) -> Option<&Prepared>;

    fn queue(self, session: &mut Session) -> Result<(), SendError>;
}

impl Queueable for Outgoing {
    #[inline]
    fn prepared(&self) -> Option<&Prepared> {
        self.prepared()
    }

    #[inline]
    fn queue(self, session: &mut Session) -> Result<(), SendError> {
        session.queue(self)
    }
}

impl Queueable for Prepared {
    #[inline]
    fn prepared(&self) -> Option<&Prepared> {
        Some(self)
    }

    #[inline]
    fn queue(self, session: &mut Session) -> Result<(), SendError> {
        session.queue_prepared(&self)
    }
}

/// A message on its way.
pub(crate) struct Sending<M = Outgoing> {
    /// `None` once it is queued, or dropped by the overflow policy.
    message: Option<M>,
    /// Whether the message is written too (`send`), or only queued (`feed`).
    write: bool,
}

impl<M> Sending<M> {
    pub(crate) const fn new(message: M, write: bool) -> Self {
        Self { message: Some(message), write }
    }

    /// Whether the message was not queued yet: then a write that timed out is a timeout of the wait
    /// for room.
    pub(crate) const fn is_unsent(&self) -> bool {
        self.message.is_some()
    }
}

impl Attempt<'_> {
    /// Queues a message, as the overflow policy says, and then writes it.
    #[inline(always)]
    pub(crate) fn send<M: Queueable>(
        &mut self,
        sending: &mut Sending<M>,
    ) -> Result<Outcome<()>, AttemptError> {
        if sending.is_unsent() {
            *self.need = Need::Message;
            match self.session.admit_message()? {
                Admit::Locked => return Ok(Outcome::WaitForLock),
                // A policy that does not wait for room does not wait behind senders that do.
                _ if !self.is_first && self.session.send_waits() => {
                    return Ok(Outcome::WaitForLock);
                }
                Admit::Now => {}
                Admit::WaitForRoom => return Ok(Outcome::Write),
                Admit::WriteOrRefuse if !self.has_written => return Ok(Outcome::WriteOnce),
                Admit::WriteOrRefuse => {
                    sending.message = None;
                    return Ok(Outcome::Done(self.session.refuse()?));
                }
            }
            let message = sending.message.take().expect("the message was not queued");
            let connection = &mut self.session.connection;
            connection.set_output_buffer_for(message.prepared(), self.output_buffer);
            message.queue(self.session)?;
            if !sending.write || self.may_cork() {
                return Ok(Outcome::Done(()));
            }
            if !self.session.send_waits() {
                return Ok(Outcome::WriteThen(()));
            }
            *self.need = Need::Flushed(self.session.queued_position());
        }
        Ok(Outcome::FlushThen(()))
    }

    /// Queues a message, and then those of a batch, as the overflow policy says, and then writes
    /// all of them.
    #[cfg(feature = "tokio")]
    #[inline]
    pub(crate) fn send_batch(
        &mut self,
        sending: &mut Sending<Prepared>,
        rest: &mut alloc::vec::IntoIter<Prepared>,
    ) -> Result<Outcome<()>, AttemptError> {
        while sending.is_unsent() {
            match self.send(sending)? {
                Outcome::Done(()) => {}
                waiting => return Ok(waiting),
            }
            sending.message = rest.next();
        }
        if !self.session.send_waits() {
            return Ok(Outcome::WriteThen(()));
        }
        Ok(self.flush())
    }

    /// Whether a message may stay in the buffer, because another received one is there.
    #[inline]
    fn may_cork(&mut self) -> bool {
        let Self { session, unread: Some(unread), .. } = self else { return false };
        session.may_cork() && session.connection.has_message(unread)
    }

    /// Writes everything that was queued at the first attempt.
    #[inline]
    pub(crate) fn flush(&mut self) -> Outcome<()> {
        let position = match *self.need {
            Need::Flushed(position) => position,
            _ => self.session.queued_position(),
        };
        *self.need = Need::Flushed(position);
        Outcome::FlushThen(())
    }

    /// As [`flush`](Self::flush), for a Close frame: until the end of the connection is reported.
    pub(crate) fn flush_close(&mut self) -> Outcome<()> {
        if self.session.has_ended() { Outcome::Done(()) } else { self.flush() }
    }

    /// Writes until the output is below the high-water mark.
    pub(crate) fn room(&mut self) -> Outcome<()> {
        *self.need = Need::Fragment;
        if needs_room(self.session) { Outcome::Write } else { Outcome::Done(()) }
    }

    /// Gets a permit.
    pub(crate) fn permit(&mut self) -> Result<Outcome<()>, AttemptError> {
        *self.need = Need::Permit;
        match self.session.admit_permit()? {
            Admit::Locked => return Ok(Outcome::WaitForLock),
            _ if !self.may_have_permit => return Ok(Outcome::WaitForLock),
            Admit::WaitForRoom => return Ok(Outcome::Write),
            _ => {}
        }
        self.session.add_permit();
        Ok(Outcome::Done(()))
    }

    /// Gets what a sink needs to take a message: with a policy that does not wait for room, the
    /// lock alone.
    pub(crate) fn sink(&mut self) -> Result<Outcome<()>, AttemptError> {
        *self.need = Need::Sink;
        Ok(match self.session.admit_message()? {
            Admit::Locked => Outcome::WaitForLock,
            _ if !self.may_have_permit => Outcome::WaitForLock,
            Admit::WaitForRoom => Outcome::Write,
            Admit::WriteOrRefuse if !self.has_written => Outcome::WriteOnce,
            Admit::Now | Admit::WriteOrRefuse => Outcome::Done(()),
        })
    }

    /// Gets the lock for a message in fragments.
    pub(crate) fn lock(&mut self) -> Result<Outcome<()>, AttemptError> {
        *self.need = Need::Writer;
        if self.session.admit_writer()? == Admit::Locked || !self.is_first {
            return Ok(Outcome::WaitForLock);
        }
        self.session.lock();
        Ok(Outcome::Done(()))
    }

    /// Queues the fragments of a message that has the lock, as there is room for them.
    pub(crate) fn fragments(
        &mut self,
        message: &mut FragmentedMessage,
        finish: bool,
    ) -> Result<Outcome<()>, AttemptError> {
        *self.need = Need::Fragment;
        message.check()?;
        while !needs_room(self.session) {
            if message.queue_next(self.session, finish)? {
                *self.need = Need::Flushed(self.session.queued_position());
                return Ok(Outcome::Done(()));
            }
        }
        Ok(Outcome::Write)
    }

    /// Queues what was written of a message that has the lock, or all of it, and flushes that.
    pub(crate) fn message(
        &mut self,
        message: &mut FragmentedMessage,
        finish: bool,
    ) -> Result<Outcome<()>, AttemptError> {
        let is_queued = if finish { message.is_finished() } else { message.is_queued() };
        if !is_queued {
            match self.fragments(message, finish)? {
                Outcome::Done(()) => {}
                waiting => return Ok(waiting),
            }
        }
        Ok(self.flush())
    }

    /// Waits until the ping with this number is answered.
    pub(crate) fn pong(&mut self, number: u64) -> Result<Outcome<()>, AttemptError> {
        *self.need = Need::Pong(number);
        if self.session.is_answered(number) {
            return Ok(Outcome::Done(()));
        }
        if self.session.closed().is_some() {
            return Err(AttemptError::ConnectionLost);
        }
        Ok(Outcome::Wait)
    }

    /// Waits until the connection is closed, until the close deadline at most.
    pub(crate) fn end(&mut self) -> Result<Outcome<Closed>, AttemptError> {
        *self.need = Need::End;
        match self.session.closed() {
            _ if self.session.close_timed_out() => Err(AttemptError::TimedOut(TimedOut::Close)),
            Some(closed) if self.session.has_ended() => Ok(Outcome::Done(closed.clone())),
            _ => Ok(Outcome::Wait),
        }
    }
}

/// Whether answers or fragments wait for room: not once either side has begun to close, since none
/// will be sent then.
pub(crate) fn needs_room(session: &Session) -> bool {
    session.is_above_high_water_mark() && session.state() == State::Open
}
