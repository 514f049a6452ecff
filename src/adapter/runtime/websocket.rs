//! A connection that one task uses.

use std::boxed::Box;
use std::future::poll_fn;
use std::string::ToString;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use super::alarm::Alarm;
use super::driver::Driver;
use super::handle::Handle;
use super::io::{Clock, Stream};
use super::two_tasks::TwoTasks;
use super::wait::Wait;
use super::writer::MessageWriter;
use crate::adapter::Error;
use crate::adapter::attempts::{self, Sending};
use crate::connection::{Closed, Connection, Event, State};
use crate::message::{CloseCode, CloseFrame, Kind, Message, Outgoing};
use crate::session::{Backpressure, Session, TrySendError, WriteDeadline};
use crate::timing::Timeouts;

/// A connection on an async stream.
///
/// [`recv`](Self::recv) also answers pings, sends keep-alive pings, and completes the closing
/// handshake. So it must be called, even if no message is expected.
///
/// Dropping the connection drops the stream without a Close frame: the peer sees code 1006. Call
/// [`close`](Self::close) for a closing handshake.
///
/// It is also a [`Stream`](futures_core::Stream) of messages, which ends after a clean end or the
/// first error, and a [`Sink`](futures_sink::Sink) for them. Two tasks may poll these.
///
/// # Cancel safety
///
/// Every future here may be dropped at any time: all progress is kept in the connection. A message
/// whose `send` is dropped is queued whole or not at all, as each method says.
pub struct WebSocket<S, C> {
    // Boxed because futures that pass it on, or wrap such futures, keep room for it repeatedly.
    pub(super) inner: Box<Inner<S, C>>,
}

pub(super) struct Inner<S, C> {
    pub(super) driver: Driver<S, C>,
    /// The `Stream` of messages has ended.
    pub(super) exhausted: bool,
    /// The tasks that poll it as a `Stream` and as a `Sink`.
    pub(super) tasks: Option<Arc<TwoTasks>>,
    /// Write deadline of the `Sink`.
    pub(super) write_deadline: WriteDeadline,
}

impl<S: Stream, C: Clock> WebSocket<S, C> {
    /// Continues a connection whose opening handshake is done, on the stream that it is open on.
    #[must_use]
    pub fn from_parts(stream: S, clock: C, connection: Connection, timeouts: Timeouts) -> Self {
        let session = Session::new(connection, timeouts, clock.now());
        Self::with_driver(Driver::new(session, stream, Alarm::new(clock)))
    }

    pub(super) fn with_driver(driver: Driver<S, C>) -> Self {
        let write_deadline = WriteDeadline::default();
        Self { inner: Box::new(Inner { driver, exhausted: false, tasks: None, write_deadline }) }
    }

    /// Receives the next message, or `None` after a clean closing handshake;
    /// [`closed`](Self::closed) has the code, which may report an error. Flushes fed messages
    /// before it waits for the stream.
    ///
    /// At the end of the connection it also shuts the stream down: it writes our Close frame and
    /// waits for the end of the stream, no longer than [`Timeouts::close`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a message leaves the connection only when the future returns it.
    ///
    /// # Errors
    ///
    /// [`Error::Protocol`] if the peer violated the protocol or a limit, [`Error::ConnectionLost`]
    /// if the stream ended without a Close frame; every later call returns the same.
    /// [`Error::TimedOut`] if the peer is silent for too long, does not read, or does not finish
    /// the closing handshake.
    pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
        poll_fn(|cx| self.inner.driver.poll_recv(cx.waker().into())).await
    }

    /// As [`recv`](Self::recv), but returns every event: also pings and pongs, for an application
    /// that answers pings itself ([`Config::auto_pong`](crate::Config::auto_pong)), and chunks of
    /// messages ([`Config::receive_in_chunks`](crate::Config::receive_in_chunks)), which
    /// [`recv`](Self::recv) skips.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: an event leaves the connection only when the future returns it.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub async fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        poll_fn(|cx| self.inner.driver.poll_event(cx.waker().into())).await
    }

    /// Queues a message and writes it to the stream. Returns when the stream has accepted all of
    /// it.
    ///
    /// Does not read while it waits. If both peers only send, and the socket buffers of both are
    /// full, they deadlock until [`Timeouts::write`]; use [`split`](Self::split) to send and
    /// receive concurrently.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits for room: the message is not sent. Dropped later: the message is
    /// queued, and the next call writes the rest of it; it must not be sent again.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] once either side has begun to close. [`Error::ConnectionLost`] if the stream
    /// is lost; messages that arrived before can still be received. If the peer does not read,
    /// [`Error::TimedOut`]: with [`TimedOut::Room`](crate::TimedOut::Room) the message was not
    /// sent, with [`TimedOut::Write`](crate::TimedOut::Write) it is queued, and must not be sent
    /// again.
    pub fn send(
        &mut self,
        message: impl Into<Outgoing>,
    ) -> impl Future<Output = Result<(), Error>> {
        self.send_or_feed(message.into(), true)
    }

    /// Queues a message, to be written together with others: by the next [`flush`](Self::flush) or
    /// [`send`](Self::send), when [`recv`](Self::recv) has to wait, or at
    /// [`Backpressure::high_water_mark`]. Queued messages are lost if the connection is dropped.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped while it waits for room, the message is not sent.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn feed(
        &mut self,
        message: impl Into<Outgoing>,
    ) -> impl Future<Output = Result<(), Error>> {
        self.send_or_feed(message.into(), false)
    }

    /// Queues a message without waiting, and writes what the stream accepts at once. The rest is
    /// written by the next call.
    ///
    /// # Errors
    ///
    /// [`TrySendError`] returns the message.
    pub fn try_send(&mut self, message: impl Into<Outgoing>) -> Result<(), TrySendError> {
        let tasks = self.inner.tasks.as_ref();
        let waker = tasks.map_or_else(|| Waker::noop().clone(), |tasks| Arc::clone(tasks).into());
        self.inner
            .driver
            .act((&waker).into(), |driver| attempts::try_send(&mut driver.session, message.into()))
    }

    /// Starts a message that is sent in fragments.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] once either side has begun to close.
    pub async fn writer(&mut self, kind: Kind) -> Result<MessageWriter<'_, S, C>, Error> {
        MessageWriter::new(self.handle(), kind).await
    }

    /// Writes everything that is queued.
    ///
    /// # Cancel safety
    ///
    /// Unwritten bytes stay queued.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the stream is lost, [`Error::TimedOut`] if the peer does not
    /// read.
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.handle().flush().await
    }

    /// Sends a ping and waits for the pong. Returns the round-trip time. Messages that arrive
    /// before the pong are kept for [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// The ping is queued at the first poll, and sent whole. No message is lost.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv) and [`send`](Self::send); [`Error::ConnectionLost`] if the
    /// connection ends before the pong arrives, and [`Error::UnreadMessages`] if 64 KiB of messages
    /// arrive before it. On a busy connection use [`start_ping`](Self::start_ping) instead.
    pub async fn ping(&mut self) -> Result<Duration, Error> {
        if self.inner.driver.session.pushback_full() {
            return Err(Error::UnreadMessages);
        }
        let ping = self.inner.driver.queue_ping()?;
        poll_fn(|cx| self.inner.driver.poll_pong(cx.waker().into(), ping)).await
    }

    /// Sends a ping without waiting for the pong. [`round_trip`](Self::round_trip) has the result,
    /// once [`recv`](Self::recv) has received the pong.
    ///
    /// # Cancel safety
    ///
    /// The ping is queued at the first poll, and sent whole.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn start_ping(&mut self) -> Result<(), Error> {
        self.inner.driver.queue_ping()?;
        self.flush().await
    }

    /// Sends a pong of at most 125 bytes: the answer to a ping, if the application answers pings
    /// itself, or an unsolicited one (RFC 6455 §5.5.3).
    ///
    /// # Cancel safety
    ///
    /// The pong is queued at the first poll, and sent whole.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), also for a payload that is too long.
    pub async fn pong(&mut self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
        self.inner.driver.session.pong(payload)?;
        self.flush().await
    }

    /// Round-trip time of the latest ping that was answered: a keep-alive ping, or one that was
    /// asked for.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.inner.driver.session.round_trip()
    }

    /// Closes the connection: sends a Close frame, waits for the peer's Close, shuts the stream
    /// down, and returns how the connection was closed. Messages that still arrive are discarded;
    /// to receive them, call [`start_close`](Self::start_close), and [`recv`](Self::recv) until it
    /// returns `None`.
    ///
    /// # Cancel safety
    ///
    /// The Close frame is queued at the first poll. Calling it again continues the same closing
    /// handshake.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. [`Error::TimedOut`] if the
    /// peer does not close in time.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        self.queue_close(code, reason)?;
        poll_fn(|cx| self.inner.driver.poll_closed(cx.waker().into())).await
    }

    /// Starts the closing handshake: sends a Close frame and returns. Messages that the peer sent
    /// before its own Close can still be received.
    ///
    /// # Cancel safety
    ///
    /// The Close frame is queued at the first poll, and sent whole.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. Else as
    /// [`flush`](Self::flush).
    pub async fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.queue_close(code, reason)?;
        self.flush().await
    }

    /// Drops the connection and its stream, without a Close frame. The peer sees code 1006.
    pub fn abort(self) {}

    /// The state of the connection.
    #[must_use]
    pub const fn state(&self) -> State {
        self.inner.driver.session.state()
    }

    /// How the connection was closed, once it is.
    #[must_use]
    pub const fn closed(&self) -> Option<&Closed> {
        self.inner.driver.session.closed()
    }

    /// The subprotocol that the handshake has agreed on.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.inner.driver.session.connection.subprotocol()
    }

    /// Number of bytes that are queued and not written, headers included.
    #[must_use]
    pub const fn buffered_amount(&self) -> usize {
        self.inner.driver.session.buffered_amount()
    }

    /// Number of messages that [`Overflow::DropNewest`](crate::Overflow::DropNewest) has dropped.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.inner.driver.session.dropped()
    }

    /// Sets the bounds of the output from now on. [`Options`](crate::Options::backpressure) sets
    /// them from the beginning.
    pub fn set_backpressure(&mut self, backpressure: Backpressure) {
        self.inner.driver.session.set_backpressure(backpressure);
    }

    /// The agreed parameters of compression, if it was agreed on.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(&self) -> Option<&crate::deflate::Agreed> {
        self.inner.driver.session.connection.deflate()
    }

    /// Frees memory that an idle connection does not need; see [`Connection::release_memory`].
    pub fn release_memory(&mut self) {
        self.inner.driver.session.connection.release_memory();
    }

    /// The stream, for its addresses or its TLS session.
    #[must_use]
    pub const fn stream(&self) -> &S {
        &self.inner.driver.stream
    }

    /// Returns the stream and the connection, to continue with another adapter. Bytes that were
    /// received and not taken, or queued and not written, stay in the connection.
    #[must_use]
    pub fn into_parts(mut self) -> (S, Connection) {
        self.inner.driver.detach();
        let driver = self.inner.driver;
        (driver.stream, driver.session.into_connection())
    }

    /// Not an async function, whose future would store the message twice.
    #[inline]
    fn send_or_feed(
        &mut self,
        message: Outgoing,
        write: bool,
    ) -> impl Future<Output = Result<(), Error>> {
        let (mut wait, mut sending) = (Wait::default(), Sending::new(message, write));
        poll_fn(move |cx| {
            let sent = self.inner.driver.poll_alone(cx, &mut wait, |driver, poll| {
                driver.poll_attempt(poll, |attempt| attempt.send(&mut sending))
            });
            if sending.is_unsent() { sent.map_err(Error::for_room) } else { sent }
        })
    }

    fn handle(&mut self) -> Handle<'_, S, C> {
        Handle::Alone(&mut self.inner.driver)
    }

    fn queue_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        let frame = CloseFrame::new(code, reason.to_string())?;
        self.inner.driver.session.connection.close(frame);
        Ok(())
    }
}

impl<S, C> std::fmt::Debug for WebSocket<S, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let connection = &self.inner.driver.session.connection;
        f.debug_struct("WebSocket").field("connection", connection).finish_non_exhaustive()
    }
}
