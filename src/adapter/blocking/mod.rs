//! Connections on blocking streams: `std::net` and whatever else reads and writes.
//!
//! One thread, one connection. Nothing here knows a frame from a byte: [`Connection`] does.
//!
//! [`accept`] and [`connect`] open connections with the defaults; [`Options`] opens them in other
//! ways: a server that looks at the request first, a client with header fields.
//!
//! ```no_run
//! use sansocket::blocking::Options;
//! use sansocket::{ClientRequest, Error, HandshakeError, ResponseError};
//!
//! # fn main() -> Result<(), Error> {
//! let request = ClientRequest::new("ws://127.0.0.1:9001/chat")?.header("Authorization", "Bearer 1")?.subprotocol("chat.v1")?;
//! match Options::new().connect(&request) {
//!     Ok((mut socket, _response)) => socket.send("hello")?,
//!     Err(Error::Handshake(HandshakeError::Response(ResponseError::UnexpectedStatus(response)))) => {
//!         eprintln!("refused: {}", response.status());
//!     }
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```

mod borrowing;
mod driver;
mod halves;
mod open;
mod pipe;
mod sender;
mod shared;
mod stream;
mod writing;

use std::boxed::Box;
use std::fmt;
use std::net::Shutdown;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use self::halves::Receiver;
pub use self::open::{Incoming, Options, PlainHttp, Upgrade, accept, connect, connect_with_stream};
use self::pipe::Pipe;
pub use self::sender::Sender;
pub use self::stream::{Stream, TryClone};
pub use self::writing::{MessageWriter, SendHandle};
use super::{Backpressure, Error, Overflow, TrySendError};
use crate::connection::{Closed, Connection, Event, State};
use crate::message::{CloseCode, CloseFrame, Kind, Message, Outgoing};
use crate::timing::Timeouts;

/// A connection on a blocking stream.
///
/// Pings are answered, silent peers asked whether they live, and the closing handshake is done
/// inside [`recv`](Self::recv), so a connection must be received from, even if nothing is expected.
/// Dropping it cuts the stream: the peer is told nothing. To part properly, [`close`](Self::close).
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
    connection: Connection,
    pipe: Pipe<S>,
    /// Something was answered that may not be written yet.
    replied: bool,
    /// Messages that were dropped because too much waited.
    dropped: u64,
}

impl<S: Stream> WebSocket<S> {
    /// Goes on with a connection whose opening handshake is done, here or elsewhere, on the stream
    /// that it is open on.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the stream's timeouts can't be set.
    pub fn from_parts(
        stream: S,
        connection: Connection,
        timeouts: Timeouts,
    ) -> Result<Self, Error> {
        Ok(Self::new(
            Pipe::new(stream, timeouts, Backpressure::default(), Instant::now())?,
            connection,
        ))
    }

    fn new(mut pipe: Pipe<S>, connection: Connection) -> Self {
        pipe.observe(connection.state());
        Self { connection, pipe, replied: false, dropped: 0 }
    }

    /// What halves that are put together again make.
    fn reunited(pipe: Pipe<S>, connection: Connection, dropped: u64) -> Self {
        Self { dropped, ..Self::new(pipe, connection) }
    }

    /// Takes the connection apart, to send from one thread, or several, while another receives.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the stream can't be cloned.
    pub fn split(self) -> Result<(Sender<S>, Receiver<S, S>), Error>
    where
        S: TryClone,
    {
        let writer = self.pipe.stream().try_clone()?;
        let cutter = Mutex::new(self.pipe.stream().try_clone()?);
        self.split_with_writer(writer, move || {
            // A stream that can't be cut has been.
            let _ = cutter.lock().unwrap_or_else(PoisonError::into_inner).shutdown(Shutdown::Both);
        })
    }

    /// As [`split`](Self::split), with the outgoing half of a stream that has halves of its own.
    /// `cut` is to end both at once, whatever other threads do with them meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the outgoing half's timeout can't be set.
    pub fn split_with_writer<W: Stream>(
        self,
        writer: W,
        cut: impl Fn() + Send + Sync + 'static,
    ) -> Result<(Sender<W>, Receiver<S, W>), Error> {
        halves::split(self, writer, Box::new(cut))
    }

    /// Waits for the next message. `None` is the end: both sides said farewell;
    /// [`closed`](Self::closed) tells with what code, which may be a complaint. Before it waits, it
    /// writes whatever was fed.
    ///
    /// At the end it writes the last words and waits for the peer to hang up, up to
    /// [`Timeouts::close`].
    ///
    /// # Errors
    ///
    /// [`Error::Protocol`] if the peer broke the protocol or a limit, [`Error::ConnectionLost`] if
    /// the stream ended without a Close; both for ever after. [`Error::TimedOut`] if the peer reads
    /// nothing, or does not finish a closing handshake.
    pub fn recv(&mut self) -> Result<Option<Message>, Error> {
        self.recv_until(None)
    }

    /// As [`recv`](Self::recv), but gives everything that comes: pings and pongs, for who answers
    /// them alone ([`Config::auto_pong`](crate::Config::auto_pong)), and messages in parts
    /// ([`Config::receive_in_chunks`](crate::Config::receive_in_chunks)), which [`recv`](Self::recv) passes over.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        let wait = self.pipe.wait(None);
        let event = self.next_event(wait, &mut false)?;
        self.send_replies(wait);
        Ok(event)
    }

    /// Waits for the next message for a while.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); and [`TimedOut::Receive`](crate::TimedOut::Receive) if no message
    /// came in time. Nothing is lost then: part of a message stays until the rest of it comes.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Option<Message>, Error> {
        self.recv_until(Some(self.pipe.now().saturating_add(timeout)))
    }

    /// Sends a message: it is on its way when this returns.
    ///
    /// It does not receive meanwhile: it sees no Close, and two sides that do nothing but send
    /// large messages block each other. To do both at once, [`split`](Self::split).
    ///
    /// # Errors
    ///
    /// [`Error::Send`] once either side has begun to close. [`Error::ConnectionLost`] if the stream
    /// is cut off; what the peer sent before can still be received. If the peer reads nothing,
    /// [`Error::TimedOut`] with [`TimedOut::Room`](crate::TimedOut::Room) if the message was not
    /// sent, and with [`TimedOut::Write`](crate::TimedOut::Write) if it waits, and is not to be
    /// sent again.
    pub fn send(&mut self, message: impl Into<Outgoing>) -> Result<(), Error> {
        if self.admit()? {
            self.queue(message)?;
            if self.pipe.backpressure.cork
                && !self.is_high()
                && self.connection.has_message(self.pipe.unread.bytes())
            {
                return Ok(());
            }
        }
        if self.pipe.backpressure.overflow == Overflow::Wait {
            self.flush()
        } else {
            self.flush_now()
        }
    }

    /// Sends a message, without waiting. What the stream does not take at once leaves with whatever
    /// is done next. To find that a stream takes nothing takes some milliseconds; it is tried ten
    /// times a second at most.
    ///
    /// # Errors
    ///
    /// [`TrySendError`] gives the message back.
    pub fn try_send(&mut self, message: impl Into<Outgoing>) -> Result<(), TrySendError> {
        let outgoing = message.into();
        if let Err(error) = self.connection.check_sendable() {
            return Err(TrySendError::Send(outgoing, error));
        }
        if self.pipe.backpressure.is_full(self.connection.buffered_amount()) {
            // Should that fail, the next call will meet the same failure.
            let _ = self.flush_now();
        }
        if self.pipe.backpressure.is_full(self.connection.buffered_amount()) {
            return Err(TrySendError::Full(outgoing));
        }
        let sent = self.queue(outgoing);
        debug_assert!(sent.is_ok(), "it was sendable");
        // Should that fail, the next call will meet the same failure.
        let _ = self.flush_now();
        Ok(())
    }

    /// Lets a message wait for more, to be written with them: at the next [`flush`](Self::flush) or
    /// [`send`](Self::send), when [`recv`](Self::recv) has to wait, or at
    /// [`Backpressure::high_water_mark`]. What still waits when the connection is dropped is lost.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn feed(&mut self, message: impl Into<Outgoing>) -> Result<(), Error> {
        if self.admit()? {
            self.queue(message)?;
        }
        if !self.is_high() {
            return Ok(());
        }
        if self.pipe.backpressure.overflow == Overflow::Wait {
            self.flush()
        } else {
            self.flush_now()
        }
    }

    /// Writes a message piece by piece.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] once either side has begun to close.
    pub fn writer(&mut self, kind: Kind) -> Result<MessageWriter<'_, Self>, Error> {
        self.connection.check_sendable()?;
        Ok(MessageWriter::new(self, kind))
    }

    /// Writes what waits.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the stream is cut off, [`Error::TimedOut`] if the peer reads
    /// nothing.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.flush_in(self.pipe.wait(None))
    }

    /// Sends a ping, waits for the pong, and tells how long that took. Messages that come before it
    /// are kept for [`recv`](Self::recv).
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv) and [`send`](Self::send); [`Error::ConnectionLost`] if the
    /// connection ends before the pong comes, and [`Error::UnreadMessages`] if 64 KiB of messages do: in a
    /// busy conversation, [`start_ping`](Self::start_ping) instead.
    pub fn ping(&mut self) -> Result<Duration, Error> {
        self.await_pong()
    }

    /// Sends a ping. When [`recv`](Self::recv) has met the peer's pong,
    /// [`round_trip`](Self::round_trip) tells how long it took.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn start_ping(&mut self) -> Result<(), Error> {
        self.queue_ping()?;
        self.flush()
    }

    /// Sends a pong, of at most 125 bytes: the answer to a ping that was left to the application,
    /// or a sign of life.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), also for too long a payload.
    pub fn pong(&mut self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
        self.connection.pong(payload)?;
        self.flush()
    }

    /// How long the latest answered ping took, there and back: one that was asked for, or that kept
    /// the connection alive.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.pipe.round_trip()
    }

    /// Says farewell, waits for the peer's, ends the stream, and tells how the conversation ended.
    /// Messages that still come are thrown away; to have them, [`start_close`](Self::start_close)
    /// and receive until the end.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. [`Error::TimedOut`] if the
    /// peer does not answer in time: the stream is ended all the same.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        self.queue_close(code, reason)?;
        loop {
            match self.recv() {
                Ok(_) | Err(Error::Protocol(_) | Error::ConnectionLost) => {}
                Err(error) => {
                    self.lose();
                    return Err(error);
                }
            }
            if let Some(closed) = self.closed() {
                return Ok(closed.clone());
            }
        }
    }

    /// Says farewell, and returns. What the peer sends before its own farewell can be received,
    /// until the end.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. Else as
    /// [`flush`](Self::flush).
    pub fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.queue_close(code, reason)?;
        self.flush()
    }

    /// Ends the stream now, without a farewell. The peer sees code 1006.
    pub fn abort(mut self) {
        self.pipe.cut();
    }

    /// Where the connection is in its life.
    #[must_use]
    pub const fn state(&self) -> State {
        self.connection.state()
    }

    /// How the conversation ended, once it has.
    #[must_use]
    pub const fn closed(&self) -> Option<&Closed> {
        self.connection.closed()
    }

    /// The subprotocol that the handshake agreed on.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.connection.subprotocol()
    }

    /// How many messages were dropped; see [`Overflow::DropNewest`].
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Bytes that wait to be written, headers included.
    #[must_use]
    pub const fn buffered_amount(&self) -> usize {
        self.connection.buffered_amount()
    }

    /// How much may wait to be written from now on; [`Options::backpressure`] set it from the
    /// beginning.
    pub fn set_backpressure(&mut self, backpressure: Backpressure) {
        self.pipe.backpressure = backpressure;
    }

    /// What was agreed on about compression; `None` if it was not.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(&self) -> Option<&crate::deflate::Agreed> {
        self.connection.deflate()
    }

    /// Gives back the memory that an idle connection can do without; see [`Connection::release_memory`].
    pub fn release_memory(&mut self) {
        self.connection.release_memory();
    }

    /// The stream, to look at: addresses, TLS.
    #[must_use]
    pub const fn stream(&self) -> &S {
        self.pipe.stream()
    }

    /// The stream and the connection, with whatever was received and not taken yet, or fed and not
    /// written yet: to go on with another adapter.
    #[must_use]
    pub fn into_parts(mut self) -> (S, Connection) {
        self.connection.detach(self.pipe.unread.bytes());
        (self.pipe.into_stream(), self.connection)
    }

    fn queue_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        let frame = CloseFrame::new(code, reason)?;
        self.connection.close(frame);
        Ok(())
    }
}

impl<S> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("connection", &self.connection).finish_non_exhaustive()
    }
}
