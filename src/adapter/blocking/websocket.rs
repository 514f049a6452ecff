//! A connection that one thread uses.

use std::fmt;
use std::string::ToString;
use std::time::{Duration, Instant};

use super::handle::Handle;
use super::io::Io;
use super::messages::messages;
use super::receive::Receive;
use super::stream::Stream;
use super::unsplit::Unsplit;
use super::writer::MessageWriter;
use crate::adapter::accessors::accessors;
use crate::adapter::methods::sending;
use crate::adapter::receiving::receiving;
use crate::adapter::{Error, Replies};
use crate::connection::{Closed, Config, Connection, Entropy, Event, EventRef};
use crate::message::{CloseCode, CloseFrame, Kind, Message, MessageRef, Outgoing};
use crate::session::{Session, TrySendError};
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
    pub(super) driver: Unsplit<S>,
}

impl<S: Stream> WebSocket<S> {
    /// A server's connection on a stream whose opening handshake is done, by another HTTP stack for
    /// example. [`from_parts`](Self::from_parts) takes a [`Connection`] with bytes that were read
    /// already, and timeouts.
    ///
    /// # Errors
    ///
    /// As [`from_parts`](Self::from_parts).
    pub fn server(stream: S, config: Config) -> Result<Self, Error> {
        Self::from_parts(stream, Connection::server(config), Timeouts::default())
    }

    /// A client's connection: see [`server`](Self::server).
    ///
    /// # Errors
    ///
    /// As [`from_parts`](Self::from_parts), and [`Error::Entropy`] if the operating system has no
    /// random bytes for masking keys.
    pub fn client(stream: S, config: Config) -> Result<Self, Error> {
        let connection = Connection::client(config, Entropy::from_os()?);
        Self::from_parts(stream, connection, Timeouts::default())
    }

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
        Ok(Self { driver: Unsplit::new(session, io) })
    }

    receiving! { blocking self
        recv: self.driver.recv(None),
        recv_event: self.driver.recv_event(),
        recv_with(each): self.driver.recv_with(&mut each),
        until_closed: Receive::until_closed(&mut self.driver),
        close(frame): self.driver.session.connection.close(frame),
    }

    sending! { blocking (self mut) -> MessageWriter<'_, S> }

    /// Receives the next message, and waits for it no longer than this.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); and [`TimedOut::Receive`](crate::TimedOut::Receive) if no message
    /// arrived in time. Nothing is lost: what has arrived of a message stays until its rest
    /// arrives.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Option<Message>, Error> {
        self.driver.recv(Some(timeout))
    }

    /// The messages up to the end of the connection, for a `for` loop. It ends after a clean
    /// closing handshake, or after the first error, except a timeout that loses nothing
    /// ([`TimedOut::Write`](crate::TimedOut::Write), [`TimedOut::Idle`](crate::TimedOut::Idle)).
    ///
    /// Do not loop with `while let Ok(message) = socket.recv()`: `recv` returns `Ok(None)` at the
    /// end, again and again.
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// # use sansocket::testing::{Chunking, pair};
    /// # use sansocket::{ClientRequest, CloseCode, blocking};
    /// # let (client, server) = pair(Chunking::Whole);
    /// # let client = std::thread::spawn(|| {
    /// #     let request = ClientRequest::new("ws://test/")?;
    /// #     let mut client = blocking::connect_with_stream(client, &request)?.0;
    /// #     client.send("hello")?;
    /// #     client.close(CloseCode::NORMAL, "")
    /// # });
    /// # let mut socket = blocking::accept(server)?;
    /// for message in socket.messages() {
    ///     println!("{:?}", message?);
    /// }
    /// # client.join().unwrap()?;
    /// # }
    /// # Ok::<(), sansocket::Error>(())
    /// ```
    pub fn messages(&mut self) -> impl Iterator<Item = Result<Message, Error>> + use<'_, S> {
        messages(&mut self.driver)
    }

    /// Queues a message without waiting, and writes what the stream accepts at once. The rest is
    /// written by the next call. If the socket's send buffer is full, the call may block for a few
    /// milliseconds (systems round short timeouts up), at most once per 100 ms.
    ///
    /// # Errors
    ///
    /// [`TrySendError`] returns the message. Above the hard limit the
    /// [`Overflow`](crate::Overflow) policy applies: `DropNewest` drops and counts the message, and
    /// `Close` starts to close the connection.
    pub fn try_send(&mut self, message: impl Into<Outgoing>) -> Result<(), TrySendError> {
        self.handle().try_send(message.into())
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

    /// Ends the connection and the stream now, without a Close frame. The peer sees code 1006.
    pub fn abort(mut self) {
        self.driver.close_stream();
    }

    accessors!(socket self, self.driver.session, now: self.driver.incoming.io.now());

    /// The stream, for its addresses or its TLS session.
    #[must_use]
    pub const fn stream(&self) -> &S {
        self.driver.incoming.io.stream()
    }

    /// Returns the stream and the connection, to continue with another adapter. Bytes that were
    /// received and not taken, or queued and not written, stay in the connection.
    #[must_use]
    pub fn into_parts(self) -> (S, Connection) {
        let Unsplit { mut session, mut incoming } = self.driver;
        session.connection.detach(incoming.buffer.bytes());
        (incoming.io.into_stream(), session.into_connection())
    }

    fn send_or_feed(&mut self, message: Outgoing, write: bool) -> Result<(), Error> {
        self.handle().send(message, write)
    }

    fn act<T>(&mut self, act: impl FnOnce(&mut Session) -> T) -> T {
        self.handle().act(act)
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
