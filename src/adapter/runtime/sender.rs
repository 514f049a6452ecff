//! The half of a connection that sends, cloned for as many tasks as there are.

use std::fmt;
use std::future::poll_fn;
use std::string::ToString;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::driver::Driver;
use super::handle::Handle;
use super::io::{Clock, Stream};
use super::permit::{Permit, SinkPermit};
use super::shared::SharedDriver;
use super::wait::SharedWait;
use super::writer::MessageWriter;
use crate::adapter::Error;
use crate::adapter::accessors::accessors;
use crate::adapter::methods::sending;
use crate::adapter::output;
use crate::adapter::weak::weak_sender;
use crate::connection::Closed;
use crate::message::{CloseCode, CloseFrame, Kind, Outgoing};
use crate::session::{Sending, Session, TrySendError};

/// The half that sends. Clones of it send from several tasks: messages never mix, and those of one
/// task arrive in order. Tasks that wait for room, or for a message in fragments, are served in the
/// order in which they came.
///
/// A pending `send`, `feed` or [`reserve`](Self::reserve) keeps its place in the queue, as those of
/// a fair mutex or semaphore do: poll it or drop it. A future that is pending and not polled blocks
/// the senders behind it, for example while another branch of `select!` sends.
///
/// It is also a [`Sink`](futures_sink::Sink) for messages. Closing the sink sends a Close frame
/// with code 1000.
///
/// # Cancel safety
///
/// As for [`WebSocket`](super::WebSocket): every future may be dropped at any time.
pub struct Sender<S, C> {
    pub(super) shared: Arc<SharedDriver<S, C>>,
    /// The permit of the `Sink`, which one task polls.
    pub(super) sink: Mutex<SinkPermit<S, C>>,
}

impl<S, C> Sender<S, C> {
    pub(super) fn new(shared: Arc<SharedDriver<S, C>>) -> Self {
        Self { shared, sink: Mutex::default() }
    }

    pub(super) fn sink(&mut self) -> &mut SinkPermit<S, C> {
        self.sink.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S, C> Clone for Sender<S, C> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.shared))
    }
}

impl<S: Stream, C: Clock> Sender<S, C> {
    sending! { async (self) -> MessageWriter<'_, S, C> }

    /// Queues a message without waiting, and writes what the stream accepts at once. The rest is
    /// written by a `recv` that waits already, or by the next call on either half.
    ///
    /// # Errors
    ///
    /// [`TrySendError`] returns the message. Above the hard limit the
    /// [`Overflow`](crate::Overflow) policy applies: `DropNewest` drops and counts the message, and
    /// `Close` starts to close the connection.
    pub fn try_send(&self, message: impl Into<Outgoing>) -> Result<(), TrySendError> {
        if self.shared.lock().session.is_full() {
            self.shared.act(|_| ());
        }
        self.shared.act(|driver| output::try_send(&mut driver.session, message.into()))
    }

    /// Waits for room for one message, whatever the overflow policy. A task that holds a permit
    /// deadlocks if it waits for a [`writer`](Self::writer), which waits for all permits.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send).
    pub async fn reserve(&self) -> Result<Permit<'_, S, C>, Error> {
        self.handle().attempt(|attempt| attempt.permit()).await.map_err(Error::for_room)?;
        Ok(Permit::new(&self.shared))
    }

    /// Sends a ping and waits for the pong. Returns the round-trip time. Another task must call
    /// [`recv`](super::Receiver::recv) meanwhile, which receives the pong. A timeout around it is
    /// safe.
    ///
    /// # Cancel safety
    ///
    /// The ping is queued at the first poll, and sent whole.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send). [`TimedOut::Pong`](crate::TimedOut::Pong) if
    /// no pong arrives within [`Timeouts::pong`](crate::Timeouts::pong), [`Error::ConnectionLost`]
    /// if the connection ends, or the receiver is dropped, before.
    pub async fn ping(&self) -> Result<Duration, Error> {
        let (number, sent) = self.shared.act(Driver::queue_ping)?;
        self.handle().attempt(|attempt| attempt.pong(number)).await?;
        Ok(self.shared.lock().alarm.now().saturating_sub(sent))
    }

    /// Closes the connection: sends a Close frame and waits for the peer's Close. Returns how the
    /// connection was closed.
    ///
    /// The [`Receiver`](super::Receiver) receives the peer's Close, and shuts the stream down:
    /// another task must be receiving meanwhile. At [`Timeouts::close`](crate::Timeouts::close)
    /// the stream is dropped all the same.
    ///
    /// # Cancel safety
    ///
    /// The Close frame is queued at the first poll. Calling it again continues the same closing
    /// handshake.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. [`Error::TimedOut`] if the
    /// peer does not close in time, or no task receives.
    pub async fn close(&self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        self.close_with(CloseFrame::new(code, reason.to_string())?).await
    }

    /// As [`close`](Self::close), with a [`CloseFrame`] or a [`CloseCode`], or `None` for a Close
    /// frame without a code: a relay passes on what it has received.
    ///
    /// # Cancel safety
    ///
    /// As of [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// As [`close`](Self::close).
    pub async fn close_with(&self, frame: impl Into<Option<CloseFrame>>) -> Result<Closed, Error> {
        let frame = frame.into();
        self.act(|session| session.connection.close(frame));
        self.until_closed().await
    }

    /// Waits until the connection is closed, by either side, and returns how. As for
    /// [`close`](Self::close), another task must be receiving meanwhile. It returns when that
    /// task's `recv` reports the end: at most [`Timeouts::close`](crate::Timeouts::close) after the
    /// peer's Close arrived.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] if the peer does not finish the closing handshake in time.
    pub async fn until_closed(&self) -> Result<Closed, Error> {
        let ended = self.handle().attempt(|attempt| attempt.end()).await;
        if self.shared.lock().session.is_done() {
            // The deadline may have passed.
            self.shared.abort();
        }
        ended
    }

    /// Ends the connection now, without a Close frame. The peer sees code 1006, the
    /// [`Receiver`](super::Receiver) returns [`Error::ConnectionLost`], and senders that wait fail.
    pub fn abort(&self) {
        self.shared.abort();
    }

    accessors!(sender);

    fn shared(&self) -> &SharedDriver<S, C> {
        &self.shared
    }

    /// Not an async function, whose future would store the message twice.
    fn send_or_feed(
        &self,
        message: Outgoing,
        write: bool,
    ) -> impl Future<Output = Result<(), Error>> {
        let (mut wait, mut sending) = (SharedWait::default(), Sending::new(message, write));
        poll_fn(move |cx| {
            let sent = self.shared.poll_sender(cx, &mut wait, |driver, poll| {
                driver.poll_attempt(poll, |attempt| attempt.send(&mut sending))
            });
            if sending.is_unsent() { sent.map_err(Error::for_room) } else { sent }
        })
    }

    fn act<T>(&self, act: impl FnOnce(&mut Session) -> T) -> T {
        self.handle().act(act)
    }

    fn handle(&self) -> Handle<'_, S, C> {
        Handle::Shared(&self.shared)
    }
}

weak_sender! { [S, C] [C: Clock] SharedDriver<S, C>, Sender::new }

impl<S, C> fmt::Debug for Sender<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
