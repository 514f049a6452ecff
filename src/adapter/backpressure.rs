//! How much may wait to be written, and what happens to messages for a peer that does not read.
//! WHATWG's `bufferedAmount`, with a bound.

use std::{error, fmt};

use crate::adapter::Error;
use crate::connection::{Connection, SendError};
use crate::message::{CloseCode, Outgoing};

/// How much may wait to be written on a connection. Answers to pings and farewells do not count:
/// they always get through.
///
/// A message is queued while less than the bound waits, whatever its own size. So at most the bound
/// and one message wait; and one more for each permit, and each sender's sink that is ready, since
/// those were promised room.
///
/// ```
/// use sansocket::{Backpressure, Overflow};
///
/// // A broadcast: who does not keep up is cut off, and nobody waits for it.
/// let strict = Backpressure { overflow: Overflow::Close, ..Backpressure::default() };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backpressure {
    /// In bytes: from here on, those wait who wait for room ([`Overflow::Wait`], permits, writers).
    /// Below it, fed messages wait for more. Default: 256 KiB.
    pub high_water_mark: usize,
    /// In bytes: from here on, those queue nothing who don't wait (`try_send`, and the other
    /// policies). Default: 1 MiB.
    pub hard_limit: usize,
    /// What `send` and `feed` do when too much waits. Default: [`Overflow::Wait`].
    pub overflow: Overflow,
    /// Whether `send` leaves a message below `high_water_mark` for the next write, as `feed` does, while
    /// another message is here already to be received: then whoever answers each message at once
    /// writes all answers at once, as fast as can be. But if the next message is not received soon,
    /// nor anything flushed, what was sent waits as long, and is lost if the connection is dropped.
    /// Halves for threads do not wait. Default: no, what is sent is on its way.
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

/// What `send` and `feed` do when too much waits: the peer does not read as fast as you write, or
/// not at all.
///
/// Only the first waits for the peer. With the others, `send` writes what the peer takes at once,
/// and leaves the rest to the next call. A sink does with what it is given what is chosen here;
/// flushing it, as `send_all` and `forward` do, waits all the same. `try_send` chooses nothing: it
/// gives the message back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Overflow {
    /// Wait for room, as long as [`Timeouts::write`](crate::Timeouts::write) allows.
    Wait,
    /// Fail with [`Error::Full`]: the message is not sent.
    Fail,
    /// Drop the message, and count it: the application asks how many were `dropped`.
    DropNewest,
    /// Close the connection with 1008 (RFC 6455 §7.4.1: the peer violates a policy), and fail with
    /// [`Error::Full`].
    Close,
}

impl Backpressure {
    /// Whether who can wait must.
    #[inline]
    pub(super) fn is_high(&self, waiting: usize) -> bool {
        waiting >= self.bound()
    }

    /// From how many bytes on who can wait must.
    #[inline]
    pub(super) fn bound(&self) -> usize {
        self.high_water_mark.clamp(1, self.hard_limit.max(1))
    }

    /// Whether nothing more may be queued.
    pub(super) fn is_full(&self, waiting: usize) -> bool {
        waiting >= self.hard_limit.max(1)
    }

    /// What becomes of a message that finds no room: it is counted, or it is an error.
    pub(super) fn refuse(
        &self,
        connection: &mut Connection,
        dropped: &mut u64,
    ) -> Result<(), Error> {
        match self.overflow {
            Overflow::DropNewest => {
                *dropped += 1;
                return Ok(());
            }
            Overflow::Close => connection.close(CloseCode::POLICY_VIOLATION),
            Overflow::Wait | Overflow::Fail => {}
        }
        Err(Error::Full)
    }
}

/// Why a message was not taken. It is given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrySendError {
    /// [`Backpressure::hard_limit`] bytes wait already, or another message is being sent in parts: later
    /// there may be room.
    Full(Outgoing),
    /// It can't be sent at all.
    Send(Outgoing, SendError),
}

impl TrySendError {
    /// The message, to be compressed or not as before.
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
            Self::Full(_) => Error::Full.fmt(f),
            Self::Send(_, error) => error.fmt(f),
        }
    }
}

impl error::Error for TrySendError {}

impl From<TrySendError> for Error {
    fn from(error: TrySendError) -> Self {
        match error {
            TrySendError::Full(_) => Self::Full,
            TrySendError::Send(_, error) => Self::Send(error),
        }
    }
}
