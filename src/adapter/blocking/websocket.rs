//! A connection that one thread uses.

use std::fmt;
use std::string::ToString;
use std::time::{Duration, Instant};

use super::driver::Driver;
use super::handle::Handle;
use super::io::Io;
use super::receive::Receive;
use super::stream::Stream;
use super::writer::MessageWriter;
use crate::adapter::{Error, Replies};
use crate::connection::{Closed, Connection, Event, State};
use crate::message::{CloseCode, CloseFrame, Kind, Message, MessageRef, Outgoing};
use crate::session::{Backpressure, Session, TrySendError};
use crate::timing::Timeouts;

/// A connection on a blocking stream.
///
/// [`recv`](Self::recv) also answers pings, sends keep-alive pings, and completes the closing
/// handshake. So it must be called, even if no message is expected.
///
/// Dropping the connection drops the stream without a Close frame: the peer sees code 1006. Call
/// [`close`](Self::close) for a closing handshake.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let url = format!("ws://{}/", listener.local_addr()?);
/// let server = std::thread::spawn(move || -> Result<(), sansocket::Error> {
///     let (stream, _) = listener.accept()?;
///     let mut socket = sansocket::blocking::accept(stream)?;
///     while let Some(message) = socket.recv()? {
///         socket.send(message)?;
///     }
///     Ok(())
/// });
///
/// let mut socket = sansocket::blocking::connect(&url)?;
/// socket.send("hello")?;
/// assert_eq!(socket.recv()?, Some("hello".into()));
/// let closed = socket.close(sansocket::CloseCode::NORMAL, "")?;
/// assert!(closed.was_clean());
/// # server.join().unwrap()?;
/// # Ok(())
/// # }
/// ```
pub struct WebSocket<S> {
    pub(super) driver: Driver<S>,
}

impl<S: Stream> WebSocket<S> {
    /// Continues a connection whose opening handshake is done, on the stream that it is open on.
    /// Sets `TCP_NODELAY` if the stream is a TCP socket.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the stream can't be made to block.
    pub fn from_parts(
        stream: S,
        connection: Connection,
        timeouts: Timeouts,
    ) -> Result<Self, Error> {
        let io = Io::new(stream, Instant::now())?;
        let session = Session::new(connection, timeouts, io.now());
        Ok(Self { driver: Driver::new(session, io) })
    }

    /// Receives the next message, or `None` after a clean closing handshake;
    /// [`closed`](Self::closed) has the code, which may report an error. Flushes fed messages
    /// before it waits for the stream.
    ///
    /// At the end of the connection it also shuts the stream down: it writes our Close frame and
    /// waits for the end of the stream, no longer than [`Timeouts::close`].
    ///
    /// # Errors
    ///
    /// [`Error::Protocol`] if the peer violated the protocol or a limit, [`Error::ConnectionLost`]
    /// if the stream ended without a Close frame; every later call returns the same.
    /// [`Error::TimedOut`] if the peer is silent for too long, does not read, or does not finish
    /// the closing handshake.
    pub fn recv(&mut self) -> Result<Option<Message>, Error> {
        self.driver.recv(None)
    }

    /// As [`recv`](Self::recv), but returns every event: also pings and pongs, for an application
    /// that answers pings itself ([`Config::auto_pong`](crate::Config::auto_pong)), and chunks of
    /// messages ([`Config::receive_in_chunks`](crate::Config::receive_in_chunks)), which
    /// [`recv`](Self::recv) skips.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        self.driver.recv_event()
    }

    /// Receives the next message, and waits for it no longer than this. The same holds for the
    /// shutdown at the end of the connection, which is cut short if it takes longer.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); and [`TimedOut::Receive`](crate::TimedOut::Receive) if no message
    /// arrived in time. Nothing is lost: what has arrived of a message stays until its rest
    /// arrives.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Option<Message>, Error> {
        self.driver.recv(Some(timeout))
    }

    /// Waits for messages, and hands those that have arrived to `each`, one after the other, in the
    /// read buffer: nothing is copied but messages that have to be joined. This is the fastest way
    /// to answer every message, or to look at many and keep few. Returns `false` after a clean
    /// closing handshake.
    ///
    /// Pings, pongs and chunks are skipped, as by [`recv`](Self::recv).
    ///
    /// Answers are written as [fed](Self::feed) messages are. When
    /// [`Backpressure::high_water_mark`] bytes of them are buffered, the other messages are left to
    /// the next call, which waits for room first if the overflow policy is to wait.
    ///
    /// ```no_run
    /// # let mut socket = sansocket::blocking::connect("ws://127.0.0.1:9001/")?;
    /// let mut bytes = 0;
    /// while socket.recv_with(|message, replies| {
    ///     bytes += message.as_bytes().len();
    ///     replies.send(message)
    /// })? {}
    /// # Ok::<(), sansocket::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The error of `each`; the next call continues with the next message. [`Error::TimedOut`] if
    /// the peer does not read; while this waits for room, it does not see a Close frame. Else as
    /// [`recv`](Self::recv): if the stream can't be written any more, it is still read to its end.
    pub fn recv_with(
        &mut self,
        each: impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        self.driver.recv_with(each)
    }

    /// Queues a message and writes it to the stream. Returns when the stream has accepted all of
    /// it.
    ///
    /// Does not read while it waits. If both peers only send, and the socket buffers of both are
    /// full, they deadlock until [`Timeouts::write`]; use [`split`](Self::split) to send and
    /// receive concurrently.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] once either side has begun to close. [`Error::ConnectionLost`] if the stream
    /// is lost; messages that arrived before can still be received. If the peer does not read,
    /// [`Error::TimedOut`]: with [`TimedOut::Room`](crate::TimedOut::Room) the message was not
    /// sent, with [`TimedOut::Write`](crate::TimedOut::Write) it is queued, and must not be sent
    /// again.
    pub fn send(&mut self, message: impl Into<Outgoing>) -> Result<(), Error> {
        self.handle().send(message.into(), true)
    }

    /// Queues a message without waiting, and writes what the stream accepts at once. The rest is
    /// written by the next call. If the socket's send buffer is full, the call may block for a few
    /// milliseconds (systems round short timeouts up), at most once per 100 ms.
    ///
    /// # Errors
    ///
    /// [`TrySendError`] returns the message.
    pub fn try_send(&mut self, message: impl Into<Outgoing>) -> Result<(), TrySendError> {
        self.handle().try_send(message.into())
    }

    /// Queues a message, to be written together with others: by the next [`flush`](Self::flush) or
    /// [`send`](Self::send), when [`recv`](Self::recv) has to wait, or at
    /// [`Backpressure::high_water_mark`]. Queued messages are lost if the connection is dropped.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn feed(&mut self, message: impl Into<Outgoing>) -> Result<(), Error> {
        self.handle().send(message.into(), false)
    }

    /// Starts a message that is sent in fragments.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] once either side has begun to close.
    pub fn writer(&mut self, kind: Kind) -> Result<MessageWriter<'_, S>, Error> {
        MessageWriter::new(self.handle(), kind)
    }

    /// Writes everything that is queued.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the stream is lost, [`Error::TimedOut`] if the peer does not
    /// read.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.handle().flush()
    }

    /// Sends a ping and waits for the pong. Returns the round-trip time. Messages that arrive
    /// before the pong are kept for [`recv`](Self::recv).
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv) and [`send`](Self::send); [`Error::ConnectionLost`] if the
    /// connection ends before the pong arrives, and [`Error::UnreadMessages`] if 64 KiB of messages
    /// arrive before it. On a busy connection use [`start_ping`](Self::start_ping) instead.
    pub fn ping(&mut self) -> Result<Duration, Error> {
        self.driver.ping()
    }

    /// Sends a ping without waiting for the pong. [`round_trip`](Self::round_trip) has the result,
    /// once [`recv`](Self::recv) has received the pong.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn start_ping(&mut self) -> Result<(), Error> {
        let now = self.handle().now();
        self.handle().queue_and_flush(|session| session.ping(now)).map(drop)
    }

    /// Sends a pong of at most 125 bytes: the answer to a ping, if the application answers pings
    /// itself, or an unsolicited one (RFC 6455 §5.5.3).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), also for a payload that is too long.
    pub fn pong(&mut self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
        self.handle().queue_and_flush(|session| session.pong(payload))
    }

    /// Round-trip time of the latest ping that was answered: a keep-alive ping, or one that was
    /// asked for.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.driver.session.round_trip()
    }

    /// Closes the connection: sends a Close frame, waits for the peer's Close, shuts the stream
    /// down, and returns how the connection was closed. Messages that still arrive are discarded;
    /// to receive them, call [`start_close`](Self::start_close), and [`recv`](Self::recv) until it
    /// returns `None`.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. [`Error::TimedOut`] if the
    /// peer does not close in time.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        let frame = CloseFrame::new(code, reason.to_string())?;
        self.driver.session.connection.close(frame);
        self.driver.until_closed()
    }

    /// Starts the closing handshake: sends a Close frame and returns. Messages that the peer sent
    /// before its own Close can still be received.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. Else as
    /// [`flush`](Self::flush).
    pub fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        let frame = CloseFrame::new(code, reason.to_string())?;
        self.driver.session.connection.close(frame);
        self.flush()
    }

    /// Ends the connection and the stream now, without a Close frame. The peer sees code 1006.
    pub fn abort(mut self) {
        self.driver.close_stream();
    }

    /// The state of the connection.
    #[must_use]
    pub const fn state(&self) -> State {
        self.driver.session.state()
    }

    /// How the connection was closed, once it is.
    #[must_use]
    pub const fn closed(&self) -> Option<&Closed> {
        self.driver.session.closed()
    }

    /// The subprotocol that the handshake has agreed on.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.driver.session.connection.subprotocol()
    }

    /// Number of messages that [`Overflow::DropNewest`](crate::Overflow::DropNewest) has dropped.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.driver.session.dropped()
    }

    /// Number of bytes that are queued and not written, headers included.
    #[must_use]
    pub const fn buffered_amount(&self) -> usize {
        self.driver.session.buffered_amount()
    }

    /// Sets the bounds of the output from now on. [`Options`](crate::Options::backpressure) sets
    /// them from the beginning.
    pub fn set_backpressure(&mut self, backpressure: Backpressure) {
        self.driver.session.set_backpressure(backpressure);
    }

    /// The agreed parameters of compression, if it was agreed on.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(&self) -> Option<&crate::deflate::Agreed> {
        self.driver.session.connection.deflate()
    }

    /// Frees memory that an idle connection does not need; see [`Connection::release_memory`].
    pub fn release_memory(&mut self) {
        self.driver.session.connection.release_memory();
    }

    /// The stream, for its addresses or its TLS session.
    #[must_use]
    pub const fn stream(&self) -> &S {
        self.driver.incoming.io.stream()
    }

    /// Returns the stream and the connection, to continue with another adapter. Bytes that were
    /// received and not taken, or queued and not written, stay in the connection.
    #[must_use]
    pub fn into_parts(self) -> (S, Connection) {
        let Driver { mut session, mut incoming } = self.driver;
        session.connection.detach(incoming.buffer.bytes());
        (incoming.io.into_stream(), session.into_connection())
    }

    fn handle(&mut self) -> Handle<'_, S> {
        self.driver.handle()
    }
}

impl<S> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connection = &self.driver.session.connection;
        f.debug_struct("WebSocket").field("connection", connection).finish_non_exhaustive()
    }
}
