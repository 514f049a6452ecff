//! Bounds for the output: how many bytes may be buffered, and what happens to a message above that.
//!
//! This is WHATWG's `bufferedAmount` with a bound.

use core::{error, fmt};

use crate::connection::SendError;
use crate::message::Outgoing;

/// Bounds for the bytes that are queued and not written yet.
///
/// Pongs and Close frames are not counted against the bounds: they can always be queued.
///
/// A message is queued while the output is below the bound of its policy, whatever the size of the
/// message: the high-water mark for [`Overflow::Wait`], the hard limit for the others. So at most
/// the bound and one message are buffered, and one more message for each permit.
///
/// ```
/// use sansocket::{Backpressure, Overflow};
///
/// // A broadcast: a client that does not keep up is disconnected, and delays no other client.
/// let strict = Backpressure { overflow: Overflow::Close, ..Backpressure::default() };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backpressure {
    /// Soft limit: number of buffered bytes at which a waiting `send` ([`Overflow::Wait`]), a
    /// permit and a message writer wait for the peer. `feed` buffers messages up to it. Default:
    /// 256 KiB.
    pub high_water_mark: usize,
    /// Hard limit in bytes: at this size `try_send`, and every policy but [`Overflow::Wait`],
    /// refuses the message. Default: 1 MiB.
    pub hard_limit: usize,
    /// The policy of `send` and `feed` at the bound. Default: [`Overflow::Wait`].
    pub overflow: Overflow,
    /// Whether `send` buffers its message, as `feed` does, while another received message is ready
    /// to be taken with `recv`. All answers to the messages of one read then leave in one write, as
    /// with `TCP_CORK`.
    ///
    /// If the application does not call `recv` soon, nor flushes, the message stays in the buffer,
    /// and is lost if the connection is dropped. The halves of a blocking connection ignore this.
    /// Default: off, `send` writes at once.
    pub cork: bool,
}

impl Default for Backpressure {
    fn default() -> Self {
        Self {
            high_water_mark: 256 * 1024,
            hard_limit: 1024 * 1024,
            overflow: Overflow::Wait,
            cork: false,
        }
    }
}

/// What `send` and `feed` do when the peer does not read as fast as messages are sent.
///
/// Only [`Wait`](Self::Wait) waits for the peer. With the others, `send` writes what the stream
/// accepts at once, and leaves the rest to the next call. A sink follows the same policy in
/// `start_send`; flushing it, as `send_all` and `forward` do, waits all the same. `try_send`
/// never waits, and follows the others.
///
/// Whatever the policy, the call that receives returns `TimedOut::Write` each time the peer has
/// read nothing for [`Timeouts::write`](crate::Timeouts::write). The connection stays open: drop
/// it, or ignore the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Overflow {
    /// Wait for room, no longer than [`Timeouts::write`](crate::Timeouts::write).
    Wait,
    /// Fail with `Error::Full`. The message is not sent.
    Fail,
    /// Drop the message and count it: `dropped()` returns the count.
    DropNewest,
    /// Close the connection with 1008 (RFC 6455 §7.4.1: policy violation) and fail with
    /// `Error::Full`. The Close frame is queued behind the rest of the output: a peer that reads
    /// none of it for [`Timeouts::write`](crate::Timeouts::write) sees 1006 instead, and the call
    /// that receives returns `TimedOut::Close`. Continue to receive after `Error::Full`: if
    /// the connection is dropped, the Close frame is lost. `abort()` ends the connection at once.
    Close,
}

impl Backpressure {
    #[inline]
    pub(crate) fn is_above_high_water_mark(&self, buffered: usize) -> bool {
        buffered >= self.effective_high_water_mark()
    }

    /// The high-water mark, no higher than the hard limit.
    #[inline]
    pub(crate) fn effective_high_water_mark(&self) -> usize {
        self.high_water_mark.clamp(1, self.hard_limit.max(1))
    }

    #[inline]
    pub(crate) fn is_full(&self, buffered: usize) -> bool {
        buffered >= self.hard_limit.max(1)
    }
}

/// A message was refused above [`Backpressure::hard_limit`]. It was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the output is full, because the peer does not read; see Backpressure")
    }
}

impl error::Error for Full {}

/// A message that could not be queued. The error returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrySendError {
    /// The output holds [`Backpressure::hard_limit`] bytes, or another message is being sent in
    /// fragments. The message can be sent later.
    Full(Outgoing),
    /// The message can't be sent at all.
    Send(Outgoing, SendError),
}

impl TrySendError {
    /// The message, with its choice of compression.
    #[must_use]
    pub fn into_message(self) -> Outgoing {
        match self {
            Self::Full(message) | Self::Send(message, _) => message,
        }
    }
}

impl fmt::Display for TrySendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => Full.fmt(f),
            Self::Send(_, error) => error.fmt(f),
        }
    }
}

impl error::Error for TrySendError {}
