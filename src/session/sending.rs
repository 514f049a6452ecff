//! Sending through a [`Session`]: messages within the bounds, pings, pongs, Close frames, and the
//! positions in the output that senders wait for.

use alloc::vec::Vec;
use core::time::Duration;

use super::admission::Admit;
use super::backpressure::{Backpressure, Full, Overflow, TrySendError};
use super::live::Session;
use crate::connection::{SendError, State};
use crate::message::{CloseCode, CloseFrame, Outgoing};
#[cfg(feature = "std")]
use crate::message::{MessageRef, Prepared};

impl Session {
    /// Queues a message. Text is what is given as a `String` or `&str`, anything else is binary.
    ///
    /// A session does not wait: with [`Overflow::Wait`], a loop that wants to hold less than the
    /// hard limit takes no more events while [`is_above_high_water_mark`] says so.
    ///
    /// [`is_above_high_water_mark`]: Self::is_above_high_water_mark
    ///
    /// # Errors
    ///
    /// [`TrySendError::Send`] once either side has begun to close or writing has failed, and
    /// [`TrySendError::Full`] at the hard limit, unless [`Overflow::DropNewest`] drops the message.
    /// The message is returned.
    #[inline]
    pub fn send(&mut self, message: impl Into<Outgoing>) -> Result<(), TrySendError> {
        let message = message.into();
        if self.stream.write_failed {
            return Err(TrySendError::Send(message, SendError::NotOpen));
        }
        if self.state() == State::Open && self.is_full() && !self.admission.locked {
            return self.refuse().map_err(|Full| TrySendError::Full(message));
        }
        self.try_send(message)
    }

    /// Queues a message below the hard limit, whatever the overflow policy.
    #[inline]
    pub(crate) fn try_send(&mut self, message: Outgoing) -> Result<(), TrySendError> {
        if self.state() == State::Open && (self.admission.locked || self.is_full()) {
            self.admission.refused += 1;
            self.trace_overflow();
            return Err(TrySendError::Full(message));
        }
        self.queue_promised(message)
    }

    /// Queues a message that room was promised for.
    #[inline]
    pub(crate) fn queue_promised(&mut self, message: Outgoing) -> Result<(), TrySendError> {
        if let Err(error) = self.connection.check_sendable() {
            return Err(TrySendError::Send(message, error));
        }
        let sent = self.queue(message);
        debug_assert!(sent.is_ok(), "the connection was sendable");
        Ok(())
    }

    /// From now on, keeps a clone of each message that is queued, until the stream has accepted all
    /// of it: see [`unsent`](Self::unsent). Default: off.
    ///
    /// A clone shares the bytes of a message, so a client masks a copy of them. At most the
    /// messages that are queued are kept: see [`Backpressure`].
    pub fn keep_unsent(&mut self) {
        self.unsent.get_or_insert_default();
    }

    /// The messages that were accepted since [`keep_unsent`](Self::keep_unsent) and are not written
    /// completely, in the order of sending. After the end of the connection, the list is final.
    ///
    /// None of them has arrived. A message is written when the stream has accepted its last byte,
    /// though it may be in a buffer of TLS or of the kernel: whether it has arrived, only the
    /// application of the peer can tell. Messages in fragments
    /// ([`Connection::send_fragment`](crate::Connection::send_fragment)) are not kept.
    #[must_use]
    pub fn unsent(&self) -> Vec<Outgoing> {
        let unsent = self.unsent.as_ref();
        unsent.map(|unsent| unsent.behind(self.stream.writes.written())).unwrap_or_default()
    }

    /// Queues a ping, and returns its number: see [`round_trip`](Self::round_trip).
    ///
    /// # Errors
    ///
    /// [`SendError::NotOpen`] once either side has begun to close.
    pub fn ping(&mut self, now: Duration) -> Result<u64, SendError> {
        if self.state() != State::Open {
            return Err(SendError::NotOpen);
        }
        // Bytes that arrived before the ping do not answer it.
        self.report(now);
        let payload = self.timer.ping(now);
        self.connection.ping(payload)?;
        self.ping_end = self.queued_position();
        self.trace.ping_queued(self.timer.last_ping());
        Ok(self.timer.last_ping())
    }

    /// Queues a pong: see [`Connection::pong`](crate::Connection::pong).
    ///
    /// # Errors
    ///
    /// As [`Connection::pong`](crate::Connection::pong).
    pub fn pong(&mut self, payload: impl AsRef<[u8]>) -> Result<(), SendError> {
        self.connection.pong(payload)
    }

    /// Starts the closing handshake: see [`Connection::close`](crate::Connection::close). Once the
    /// Close frame is written, [`Timeouts::close`](crate::Timeouts::close) is the deadline.
    pub fn close(&mut self, frame: impl Into<Option<CloseFrame>>, now: Duration) {
        self.connection.close(frame);
        self.update_state(now);
    }

    /// Number of bytes that are queued and not written, headers included.
    #[must_use]
    #[inline]
    pub const fn buffered_amount(&self) -> usize {
        self.connection.buffered_amount()
    }

    /// Whether the output has reached [`Backpressure::high_water_mark`], and will be written.
    #[must_use]
    #[inline]
    pub fn is_above_high_water_mark(&self) -> bool {
        self.admission.backpressure.is_above_high_water_mark(self.buffered_amount())
            && !self.stream.write_failed
            && !self.is_done()
    }

    /// Number of messages that [`Overflow::DropNewest`] has dropped.
    #[inline]
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.admission.dropped
    }

    /// The bounds of the output.
    #[must_use]
    #[inline]
    pub const fn backpressure(&self) -> Backpressure {
        self.admission.backpressure
    }

    /// Sets the bounds of the output, from the next message on.
    #[inline]
    pub const fn set_backpressure(&mut self, backpressure: Backpressure) {
        self.admission.backpressure = backpressure;
    }

    /// Queues a message that was admitted.
    #[inline]
    pub(crate) fn queue(&mut self, message: Outgoing) -> Result<(), SendError> {
        match self.unsent {
            None => self.connection.send(message),
            Some(_) => self.queue_and_keep(message),
        }
    }

    /// Queues a copy of a message that was admitted.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn queue_ref(&mut self, message: MessageRef<'_>) -> Result<(), SendError> {
        match self.unsent {
            None => self.connection.send_ref(message),
            Some(_) => self.queue_and_keep(message.into()),
        }
    }

    /// Queues a prepared message that was admitted.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn queue_prepared(&mut self, prepared: &Prepared) -> Result<(), SendError> {
        match self.unsent {
            None => self.connection.send_prepared(prepared),
            Some(_) => self.queue_and_keep(prepared.into()),
        }
    }

    #[cold]
    fn queue_and_keep(&mut self, message: Outgoing) -> Result<(), SendError> {
        self.connection.send(message.clone())?;
        let (written, end) = (self.stream.writes.written(), self.queued_position());
        if let Some(unsent) = &mut self.unsent {
            unsent.written(written);
            unsent.push(end, message);
        }
        Ok(())
    }

    /// What a caller has to do before it may queue a message.
    #[inline]
    pub(crate) fn admit_message(&self) -> Result<Admit, SendError> {
        self.admit(self.admission.message(self.buffered_amount()))
    }

    /// What a caller has to do before it gets a permit: room for one message.
    pub(crate) fn admit_permit(&self) -> Result<Admit, SendError> {
        self.admit(self.admission.permit(self.buffered_amount()))
    }

    /// What a caller has to do before it may send a message in fragments.
    pub(crate) fn admit_writer(&self) -> Result<Admit, SendError> {
        self.admit(self.admission.writer())
    }

    #[inline]
    fn admit(&self, admit: Admit) -> Result<Admit, SendError> {
        // The lock is of no use any more once the connection is closing.
        if admit == Admit::Locked && self.state() == State::Open {
            return Ok(admit);
        }
        self.connection.check_sendable()?;
        Ok(admit)
    }

    /// Applies the overflow policy to a message that found no room: `Ok` if it is dropped.
    #[inline]
    pub(crate) fn refuse(&mut self) -> Result<(), Full> {
        self.trace_overflow();
        match self.admission.backpressure.overflow {
            Overflow::DropNewest => {
                self.admission.dropped += 1;
                return Ok(());
            }
            Overflow::Close => self.connection.close(CloseCode::POLICY_VIOLATION),
            Overflow::Wait | Overflow::Fail => {}
        }
        self.admission.refused += 1;
        Err(Full)
    }

    fn trace_overflow(&self) {
        self.trace.overflow(self.admission.backpressure.overflow, self.buffered_amount());
    }

    /// Whether the output has reached the hard limit.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.admission.backpressure.is_full(self.buffered_amount())
    }

    /// Whether a `send` waits until its message is written, and for room before that.
    #[inline]
    pub(crate) fn send_waits(&self) -> bool {
        self.admission.backpressure.overflow == Overflow::Wait
    }

    /// Whether a message that was just queued may stay in the buffer while another received message
    /// is there: [`Backpressure::cork`].
    #[inline]
    pub(crate) fn may_cork(&self) -> bool {
        self.admission.backpressure.cork && !self.is_above_high_water_mark()
    }

    /// Grants a permit.
    pub(crate) const fn add_permit(&mut self) {
        self.admission.permits += 1;
    }

    /// A permit was used, or dropped.
    pub(crate) const fn remove_permit(&mut self) {
        self.admission.permits -= 1;
    }

    #[inline]
    pub(crate) const fn has_permits(&self) -> bool {
        self.admission.permits > 0
    }

    /// Gives the lock to a message in fragments.
    pub(crate) const fn lock(&mut self) {
        self.admission.locked = true;
    }

    pub(crate) const fn unlock(&mut self) {
        self.admission.locked = false;
    }

    #[inline]
    pub(crate) const fn is_locked(&self) -> bool {
        self.admission.locked
    }

    /// The position behind everything that is queued.
    #[inline]
    pub(crate) const fn queued_position(&self) -> u64 {
        self.stream.writes.written() + self.buffered_amount() as u64
    }

    /// Bytes of the output before a position.
    pub(crate) const fn bytes_before(&self, position: u64) -> u64 {
        position.saturating_sub(self.stream.writes.written())
    }

    /// Whether everything before this position has left the buffers of the stream.
    #[inline]
    pub(crate) const fn is_flushed_to(&self, position: u64) -> bool {
        self.stream.writes.flushed() >= position
    }

    /// Whether everything before this position was accepted by the stream, which has not flushed
    /// it.
    #[inline]
    pub(crate) const fn is_unflushed_at(&self, position: u64) -> bool {
        self.stream.writes.written() >= position && self.stream.writes.flushed() < position
    }

    #[inline]
    pub(crate) const fn flushed_position(&self) -> u64 {
        self.stream.writes.flushed()
    }
}
