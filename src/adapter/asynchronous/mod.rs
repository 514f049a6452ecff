//! What connections on tokio's streams and on futures-io's have in common: all but the stream and the clock.
//!
//! [`tokio`](crate::tokio) and [`futures`](crate::futures) give both to it.

mod driver;
mod halves;
mod io;
mod open;
mod pipe;
mod shared;

use std::future::poll_fn;
use std::pin::Pin;
use std::string::ToString;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream as FuturesStream;
use futures_sink::Sink;

use self::driver::Driver;
pub use self::halves::{Permit, Receiver, Sender};
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(super) use self::io::Alarm;
pub use self::io::{Clock, Stream};
pub use self::open::{Incoming, Options, PlainHttp, Upgrade};
use self::pipe::Pipe;
use crate::adapter::Error;
use crate::connection::{Closed, Connection, Event, State};
use crate::message::{CloseCode, CloseFrame, Kind, Message};
use crate::timing::{Timeouts, Timer};

/// [`WebSocket::feed`] lets messages wait for more up to this many bytes; above it, [`WebSocket::send`] and [`WebSocket::feed`] wait
/// until there is room.
const HIGH_WATER: usize = 64 * 1024;

/// A connection on an async stream.
///
/// Pings are answered, silent peers asked whether they live, and the closing handshake is done inside [`recv`](Self::recv), so a
/// connection must be received from, even if nothing is expected. Dropping it cuts the stream: the peer is told nothing. To part
/// properly, [`close`](Self::close).
///
/// It is a [`Stream`](FuturesStream) of messages too, which ends after a clean end or the first error; and a [`Sink`] for them. Poll
/// both from one task: it is the last one to poll that is woken. For two tasks there is [`split`](Self::split).
///
/// # Cancel safety
///
/// Every future here may be dropped at any time: all progress is in the connection. A message whose sending was given up is either
/// queued whole, or not at all, which each method says.
pub struct WebSocket<S, C> {
    driver: Driver<S, C>,
    /// The stream of messages has ended.
    exhausted: bool,
}

impl<S: Stream, C: Clock> WebSocket<S, C> {
    /// Goes on with a connection whose opening handshake is done, here or elsewhere, on the stream that it is open on.
    #[must_use]
    pub fn from_parts(stream: S, clock: C, connection: Connection, timeouts: Timeouts) -> Self {
        let timer = Timer::new(timeouts, clock.now());
        Self::new(Pipe::new(stream, clock, timer), connection)
    }

    fn new(pipe: Pipe<S, C>, connection: Connection) -> Self {
        Self::with_driver(Driver::new(pipe, connection))
    }

    const fn with_driver(driver: Driver<S, C>) -> Self {
        Self { driver, exhausted: false }
    }

    /// Takes the connection apart, to send from one task, or several, while another receives.
    #[must_use]
    pub fn split(self) -> (Sender<S, C>, Receiver<S, C>)
    where
        C: Clone,
    {
        halves::split(self)
    }

    /// Waits for the next message. `None` is the end: both sides said farewell; [`closed`](Self::closed) tells with what code, which
    /// may be a complaint. Before it waits, it writes whatever was fed.
    ///
    /// At the end it writes the last words and waits for the peer to hang up, up to [`Timeouts::close`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a message is taken when it is given.
    ///
    /// # Errors
    ///
    /// [`Error::Protocol`] if the peer broke the protocol or a limit, [`Error::ConnectionLost`] if the stream ended without a
    /// Close; both for ever after. [`Error::TimedOut`] if the peer is silent for too long, reads nothing, or does not finish a
    /// closing handshake.
    pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
        poll_fn(|cx| self.driver.poll_recv(cx)).await
    }

    /// As [`recv`](Self::recv), but gives everything that comes: pings and pongs, for who answers them alone
    /// ([`Config::auto_pong`](crate::Config::auto_pong)), and messages in parts ([`Config::in_parts`](crate::Config::in_parts)),
    /// which [`recv`](Self::recv) passes over.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: an event is taken when it is given.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub async fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        poll_fn(|cx| self.driver.poll_event(cx)).await
    }

    /// Sends a message: it is on its way when this is done.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped while it waits for room, the message is not sent; after that it is sent whole, by whatever is done next.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] once either side has begun to close. [`Error::ConnectionLost`] if the stream is cut off; what the peer
    /// sent before can still be received. [`Error::TimedOut`] if the peer reads nothing; a message that waits then is not to be
    /// sent again.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Lets a message wait for more, to be written with them: at the next [`flush`](Self::flush) or [`send`](Self::send), when
    /// [`recv`](Self::recv) has to wait, or when 64 KiB have come together. What still waits when the connection is dropped is lost.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped while it waits for room, the message is not sent.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        poll_fn(|cx| self.poll_room(cx)).await?;
        Ok(self.driver.connection.send(message)?)
    }

    /// Sends the next part of a message, whose parts are of one kind; see [`Connection::send_part`].
    ///
    /// # Cancel safety
    ///
    /// If it is dropped while it waits for room, the part is not sent; after that it is sent whole.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); [`Error::Send`] also for a text that is none, and for another message in between.
    pub async fn send_part(&mut self, kind: Kind, part: impl Into<Bytes>, last: bool) -> Result<(), Error> {
        let part = part.into();
        poll_fn(|cx| self.poll_room(cx)).await?;
        self.driver.connection.send_part(kind, part, last)?;
        self.flush().await
    }

    /// Writes what waits.
    ///
    /// # Cancel safety
    ///
    /// What was not written still waits.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the stream is cut off, [`Error::TimedOut`] if the peer reads nothing.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.driver.poll_flush_in_time(cx)).await
    }

    /// Sends a ping. When [`recv`](Self::recv) has met the peer's pong, [`round_trip`](Self::round_trip) tells how long it took.
    ///
    /// # Cancel safety
    ///
    /// It is queued at the first poll, and sent whole.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.driver.queue_ping()?;
        self.flush().await
    }

    /// Sends a pong, of at most 125 bytes: the answer to a ping that was left to the application, or a sign of life.
    ///
    /// # Cancel safety
    ///
    /// It is queued at the first poll, and sent whole.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), also for too long a payload.
    pub async fn pong(&mut self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
        self.driver.connection.pong(payload)?;
        self.flush().await
    }

    /// How long the latest answered ping took, there and back: one that was asked for, or that kept the connection alive.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.driver.pipe.timer.round_trip()
    }

    /// Says farewell, waits for the peer's, ends the stream, and tells how the conversation ended. Messages that still come are
    /// thrown away; to have them, [`start_close`](Self::start_close) and receive until the end.
    ///
    /// # Cancel safety
    ///
    /// The farewell is queued at the first poll. Calling it again goes on with the same one.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. [`Error::TimedOut`] if the peer does not answer in time.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        self.queue_close(code, reason)?;
        poll_fn(|cx| self.driver.poll_closed(cx)).await
    }

    /// Says farewell, and returns. What the peer sends before its own farewell can be received, until the end.
    ///
    /// # Cancel safety
    ///
    /// The farewell is queued at the first poll, and sent whole.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. Else as [`flush`](Self::flush).
    pub async fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.queue_close(code, reason)?;
        self.flush().await
    }

    /// Ends the connection now, without a farewell. The peer sees code 1006.
    pub fn abort(self) {}

    /// Where the connection is in its life.
    #[must_use]
    pub const fn state(&self) -> State {
        self.driver.connection.state()
    }

    /// How the conversation ended, once it has.
    #[must_use]
    pub const fn closed(&self) -> Option<&Closed> {
        self.driver.connection.closed()
    }

    /// The subprotocol that the handshake agreed on.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.driver.connection.subprotocol()
    }

    /// Bytes that wait to be written, headers included.
    #[must_use]
    pub const fn buffered_amount(&self) -> usize {
        self.driver.connection.buffered_amount()
    }

    /// The stream, to look at: addresses, TLS.
    #[must_use]
    pub const fn stream(&self) -> &S {
        &self.driver.pipe.stream
    }

    /// The stream and the connection, with whatever was received and not taken yet, or fed and not written yet: to go on with
    /// another adapter.
    #[must_use]
    pub fn into_parts(self) -> (S, Connection) {
        (self.driver.pipe.stream, self.driver.connection)
    }

    fn queue_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        let frame = CloseFrame::new(code, reason.to_string())?;
        self.driver.connection.close(frame);
        Ok(())
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.driver.connection.buffered_amount() < HIGH_WATER {
            return Poll::Ready(Ok(()));
        }
        match self.driver.poll_flush_in_time(cx) {
            Poll::Pending if self.driver.connection.buffered_amount() < HIGH_WATER => Poll::Ready(Ok(())),
            flushed => flushed,
        }
    }
}

impl<S: Stream, C: Clock> FuturesStream for WebSocket<S, C> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.exhausted {
            return Poll::Ready(None);
        }
        let received = ready!(self.driver.poll_recv(cx));
        self.exhausted = !matches!(received, Ok(Some(_)));
        Poll::Ready(received.transpose())
    }
}

/// Closing the sink says farewell with code 1000, and waits for the peer's.
impl<S: Stream, C: Clock> Sink<Message> for WebSocket<S, C> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_room(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        Ok(self.driver.connection.send(message)?)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.driver.poll_flush_in_time(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.driver.connection.close(CloseCode::NORMAL);
        self.driver.poll_closed(cx).map_ok(|_| ())
    }
}

impl<S, C> std::fmt::Debug for WebSocket<S, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebSocket").field("connection", &self.driver.connection).finish_non_exhaustive()
    }
}
