//! The half of a connection that sends, cloned for as many threads as there are.

use std::fmt;
use std::string::ToString;
use std::sync::Arc;
use std::time::Duration;

use super::handle::Handle;
use super::shared::SharedCore;
use super::stream::Stream;
use super::writer::MessageWriter;
use crate::adapter::Error;
use crate::adapter::accessors::accessors;
use crate::adapter::methods::sending;
use crate::adapter::weak::weak_sender;
use crate::connection::Closed;
use crate::message::{CloseCode, CloseFrame, Kind, Outgoing};
use crate::session::{Session, TrySendError};

/// The half that sends. Clones of it send from several threads: messages never mix, and those of
/// one thread arrive in order. Threads that wait for room, or for a message in fragments, are
/// served in the order in which they came.
///
/// A [`Receiver`](super::Receiver) that is already blocked in `recv` writes nothing: call
/// [`flush`](Self::flush) after [`feed`](Self::feed).
pub struct Sender<W> {
    pub(super) shared: Arc<SharedCore<W>>,
}

impl<W> Clone for Sender<W> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<W: Stream> Sender<W> {
    sending! { blocking (self) -> MessageWriter<'_, W> }

    /// Queues a message without waiting, and writes what the stream accepts at once. The rest is
    /// written by the next call on either half; a receiver already blocked in `recv` does not write
    /// it. If the socket's send buffer is full, the call may block for a few milliseconds (systems
    /// round short timeouts up), at most once per 100 ms.
    ///
    /// # Errors
    ///
    /// [`TrySendError`] returns the message. Above the hard limit the
    /// [`Overflow`](crate::Overflow) policy applies: `DropNewest` drops and counts the message, and
    /// `Close` starts to close the connection.
    pub fn try_send(&self, message: impl Into<Outgoing>) -> Result<(), TrySendError> {
        self.handle().try_send(message.into())
    }

    /// Sends a ping and waits for the pong. Returns the round-trip time. Another thread must call
    /// [`recv`](super::Receiver::recv) meanwhile, which receives the pong.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send). [`TimedOut::Pong`](crate::TimedOut::Pong) if
    /// no pong arrives within [`Timeouts::pong`](crate::Timeouts::pong), [`Error::ConnectionLost`]
    /// if the connection ends, or the receiver is dropped, before.
    pub fn ping(&self) -> Result<Duration, Error> {
        let sent = self.shared.now();
        let number = self.handle().queue_and_flush(|session| session.ping(sent))?;
        self.handle().attempt(|attempt| attempt.pong(number))?;
        Ok(self.shared.now().saturating_sub(sent))
    }

    /// Closes the connection: sends a Close frame and waits for the peer's Close. Returns how the
    /// connection was closed.
    ///
    /// The [`Receiver`](super::Receiver) receives the peer's Close, and shuts the stream down:
    /// another thread must be receiving meanwhile. At [`Timeouts::close`](crate::Timeouts::close)
    /// the stream is closed all the same.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. [`Error::TimedOut`] if the
    /// peer does not close in time, or nobody receives.
    pub fn close(&self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        self.close_with(CloseFrame::new(code, reason.to_string())?)
    }

    /// As [`close`](Self::close), with a [`CloseFrame`] or a [`CloseCode`], or `None` for a Close
    /// frame without a code: a relay passes on what it has received.
    ///
    /// # Errors
    ///
    /// As [`close`](Self::close).
    pub fn close_with(&self, frame: impl Into<Option<CloseFrame>>) -> Result<Closed, Error> {
        let frame = frame.into();
        self.shared.with(|session| session.connection.close(frame));
        // If it can't be written, the receiver finds out.
        let _ = self.handle().attempt(|attempt| Ok(attempt.flush_close()));
        self.until_closed()
    }

    /// Waits until the connection is closed, by either side, and returns how. As for
    /// [`close`](Self::close), another thread must be receiving meanwhile. It returns when that
    /// thread's `recv` reports the end: at most [`Timeouts::close`](crate::Timeouts::close) after
    /// the peer's Close arrived.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] if the peer does not finish the closing handshake in time.
    pub fn until_closed(&self) -> Result<Closed, Error> {
        let ended = self.handle().attempt(|attempt| attempt.end());
        if self.shared.lock().session.is_done() {
            // Threads that are blocked in a read or write return.
            self.shared.abort();
        }
        ended
    }

    /// Ends the connection and the stream now, without a Close frame. The peer sees code 1006, the
    /// [`Receiver`](super::Receiver) returns [`Error::ConnectionLost`], and senders that wait fail.
    pub fn abort(&self) {
        self.shared.abort();
    }

    accessors!(sender);

    fn shared(&self) -> &SharedCore<W> {
        &self.shared
    }

    fn send_or_feed(&self, message: Outgoing, write: bool) -> Result<(), Error> {
        self.handle().send(message, write)
    }

    fn act<T>(&self, act: impl FnOnce(&mut Session) -> T) -> T {
        self.handle().act(act)
    }

    fn handle(&self) -> Handle<'_, W> {
        Handle::Shared(&self.shared)
    }
}

weak_sender! { [W] [] SharedCore<W>, |shared| Sender { shared } }

impl<W> fmt::Debug for Sender<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
