//! Connections on blocking streams: `std::net` and whatever else reads and writes.
//!
//! One thread, one connection. Nothing here knows a frame from a byte: [`Connection`] does.
//!
//! [`accept`] and [`connect`] open connections with the defaults; [`Options`] opens them in other ways: a server that looks at the
//! request first, a client with header fields.
//!
//! ```no_run
//! use sansocket::blocking::Options;
//! use sansocket::{ClientRequest, Error, HandshakeError};
//!
//! # fn main() -> Result<(), Error> {
//! let request = ClientRequest::new("ws://127.0.0.1:9001/chat")?.header("Authorization", "Bearer 1")?.subprotocol("chat.v1")?;
//! match Options::new().connect(&request) {
//!     Ok((mut socket, _response)) => socket.send("hello")?,
//!     Err(Error::Handshake(HandshakeError::Refused(response))) => eprintln!("refused: {}", response.status()),
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```

mod halves;
mod open;
mod pipe;

use std::fmt;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes};

pub use self::halves::{Receiver, Sender, TryClone};
pub use self::open::{Incoming, Options, PlainHttp, Upgrade, accept, connect, connect_over};
pub use self::pipe::Stream;
use self::pipe::{Pipe, Read};
use super::Error;
use crate::connection::{Closed, Connection, Event, Role, State};
use crate::message::{CloseCode, CloseFrame, Kind, Message};
use crate::timing::{TimedOut, Timeouts};

/// [`WebSocket::feed`] lets messages wait for more up to this many bytes.
const HIGH_WATER: usize = 64 * 1024;

/// A connection on a blocking stream.
///
/// Pings are answered, silent peers asked whether they live, and the closing handshake is done inside [`recv`](Self::recv), so a
/// connection must be received from, even if nothing is expected. Dropping it cuts the stream: the peer is told nothing. To part properly, [`close`](Self::close).
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
}

impl<S: Stream> WebSocket<S> {
    /// Goes on with a connection whose opening handshake is done, here or elsewhere, on the stream that it is open on.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the stream's timeouts can't be set.
    pub fn from_parts(stream: S, connection: Connection, timeouts: Timeouts) -> Result<Self, Error> {
        Ok(Self::new(Pipe::new(stream, timeouts, Instant::now())?, connection))
    }

    fn new(mut pipe: Pipe<S>, connection: Connection) -> Self {
        pipe.observe(connection.state());
        Self { connection, pipe, replied: false }
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
        self.split_over(writer)
    }

    /// As [`split`](Self::split), with the outgoing half of a stream that has halves of its own.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the outgoing half's timeout can't be set.
    pub fn split_over<W: Stream>(self, writer: W) -> Result<(Sender<W>, Receiver<S, W>), Error> {
        halves::split(self, writer)
    }

    /// Waits for the next message. `None` is the end: both sides said farewell; [`closed`](Self::closed) tells with what code, which
    /// may be a complaint. Before it waits, it writes whatever was fed.
    ///
    /// At the end it writes the last words and waits for the peer to hang up, up to [`Timeouts::close`].
    ///
    /// # Errors
    ///
    /// [`Error::Protocol`] if the peer broke the protocol or a limit, [`Error::ConnectionLost`] if the stream ended without a
    /// Close; both for ever after. [`Error::TimedOut`] if the peer reads nothing, or does not finish a closing handshake.
    pub fn recv(&mut self) -> Result<Option<Message>, Error> {
        self.recv_until(None)
    }

    /// As [`recv`](Self::recv), but gives everything that comes: pings and pongs, for who answers them alone
    /// ([`Config::auto_pong`](crate::Config::auto_pong)), and messages in parts ([`Config::in_parts`](crate::Config::in_parts)),
    /// which [`recv`](Self::recv) passes over.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        let event = self.next_event(None, &mut false)?;
        self.send_replies(None);
        Ok(event)
    }

    /// Waits for the next message for a while.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); and [`TimedOut::Receive`] if no message came in time. Nothing
    /// is lost then: part of a message stays until the rest of it comes.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Option<Message>, Error> {
        self.recv_until(Some(self.pipe.now().saturating_add(timeout)))
    }

    /// Sends a message: it is on its way when this returns.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] once either side has begun to close. [`Error::ConnectionLost`] if the stream is cut off; what the peer
    /// sent before can still be received. [`Error::TimedOut`] if the peer reads nothing; the message waits then, and is not to
    /// be sent again.
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.connection.send(message)?;
        self.flush()
    }

    /// Lets a message wait for more, to be written with them: at the next [`flush`](Self::flush) or [`send`](Self::send), when
    /// [`recv`](Self::recv) has to wait, or when 64 KiB have come together. What still waits when the connection is dropped is lost.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.connection.send(message)?;
        if self.connection.buffered_amount() < HIGH_WATER { Ok(()) } else { self.flush() }
    }

    /// Sends the next part of a message, whose parts are of one kind; see [`Connection::send_part`].
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); [`Error::Send`] also for a text that is none, and for another message in between.
    pub fn send_part(&mut self, kind: Kind, part: impl Into<Bytes>, last: bool) -> Result<(), Error> {
        self.connection.send_part(kind, part, last)?;
        self.flush()
    }

    /// Writes what waits.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the stream is cut off, [`Error::TimedOut`] if the peer reads nothing.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.flush_until(None)
    }

    /// Sends a ping. When [`recv`](Self::recv) has met the peer's pong, [`round_trip`](Self::round_trip) tells how long it took.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn ping(&mut self) -> Result<(), Error> {
        self.queue_ping()?;
        self.flush()
    }

    /// Sends a pong, of at most 125 bytes: the answer to a ping that was left to the application, or a sign of life.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), also for too long a payload.
    pub fn pong(&mut self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
        self.connection.pong(payload)?;
        self.flush()
    }

    /// How long the latest answered ping took, there and back: one that was asked for, or that kept the connection alive.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.pipe.round_trip()
    }

    /// Says farewell, waits for the peer's, ends the stream, and tells how the conversation ended. Messages that still come are
    /// thrown away; to have them, [`start_close`](Self::start_close) and receive until the end.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. [`Error::TimedOut`] if the peer does not answer in time:
    /// the stream is ended all the same.
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

    /// Says farewell, and returns. What the peer sends before its own farewell can be received, until the end.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. Else as [`flush`](Self::flush).
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

    /// The stream, to look at: addresses, TLS.
    #[must_use]
    pub const fn stream(&self) -> &S {
        self.pipe.stream()
    }

    /// The stream and the connection, with whatever was received and not taken yet, or fed and not written yet: to go on with
    /// another adapter.
    #[must_use]
    pub fn into_parts(self) -> (S, Connection) {
        (self.pipe.into_stream(), self.connection)
    }

    fn queue_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        let frame = CloseFrame::new(code, reason)?;
        self.connection.close(frame);
        Ok(())
    }

    fn recv_until(&mut self, until: Option<Duration>) -> Result<Option<Message>, Error> {
        let mut waited = false;
        while let Some(event) = self.next_event(until, &mut waited)? {
            if let Event::Message(message) = event {
                self.send_replies(until);
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    fn next_event(&mut self, until: Option<Duration>, waited: &mut bool) -> Result<Option<Event>, Error> {
        loop {
            if let Some(event) = self.connection.receive() {
                let now = self.pipe.now();
                match &event {
                    Event::Message(_) | Event::Part(_) => self.pipe.timer().message(now),
                    Event::Pong(payload) => self.pipe.timer().pong(payload, now),
                    Event::Ping(_) => self.replied = true,
                    Event::Closed(_) => {
                        self.end(until);
                        continue;
                    }
                }
                return Ok(Some(event));
            }
            if let Some(closed) = self.connection.closed() {
                return Error::from_ending(closed).map(|()| None);
            }
            // Bytes that come all the time, but are no message, do not make the time longer.
            if *waited && until.is_some_and(|until| self.pipe.now() >= until) {
                return Err(TimedOut::Receive.into());
            }
            self.wait(until)?;
            *waited = true;
        }
    }

    /// Writes what waits, then waits for bytes.
    fn wait(&mut self, until: Option<Duration>) -> Result<(), Error> {
        match self.flush_until(until) {
            // A peer that takes nothing, or not yet, may still have left something to read, its Close for example.
            Ok(()) | Err(Error::ConnectionLost | Error::TimedOut(TimedOut::Receive)) => {}
            Err(error) => return Err(error),
        }
        let connection = &mut self.connection;
        match self.pipe.read(until, |bytes| connection.input().put_slice(bytes)) {
            Ok(Read::Bytes(_)) => {}
            Ok(Read::End) => self.connection.end_input(),
            Ok(Read::PingDue) => self.queue_ping()?,
            Err(error) => {
                if error.is_final() {
                    self.lose();
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Lets answers leave before the application goes to work on what was received.
    fn send_replies(&mut self, until: Option<Duration>) {
        if self.replied {
            // Should it fail, the next call will meet the same failure; what was received must not be lost to it.
            let _ = self.flush_until(until);
        }
    }

    fn flush_until(&mut self, until: Option<Duration>) -> Result<(), Error> {
        self.pipe.observe(self.connection.state());
        while self.connection.wants_write() || self.pipe.is_unflushed() {
            self.pipe.write(self.connection.output(), until)?;
        }
        self.replied = false;
        Ok(())
    }

    /// Gives the connection up, with all that was received already given to the application.
    fn lose(&mut self) {
        self.pipe.cut();
        self.connection.end_input();
        while self.connection.receive().is_some() {}
    }

    fn queue_ping(&mut self) -> Result<(), Error> {
        let now = self.pipe.now();
        Ok(self.connection.ping(self.pipe.timer().ping(now))?)
    }

    /// Writes the last words, if there are any, and ends the stream: the server first.
    fn end(&mut self, until: Option<Duration>) {
        let _ = self.flush_until(until);
        self.pipe.hang_up(self.connection.role() == Role::Server, until);
    }
}

impl<S> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("connection", &self.connection).finish_non_exhaustive()
    }
}
