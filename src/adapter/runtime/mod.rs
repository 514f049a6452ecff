//! What connections on tokio's streams and on futures-io's have in common: all but the stream and
//! the clock.
//!
//! [`tokio`](crate::tokio) and [`futures`](crate::futures) give both to it.

mod borrowing;
mod common;
mod driver;
mod ending;
mod halves;
mod io;
mod open;
mod outgoing;
mod permit;
mod pipe;
mod sender;
mod shared;
mod traits;
mod turn;
mod writing;

use std::boxed::Box;
use std::future::poll_fn;
use std::string::ToString;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use self::driver::Driver;
pub use self::halves::Receiver;
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(super) use self::io::Alarm;
pub use self::io::{Clock, Stream};
pub(super) use self::open::Options;
pub use self::open::{Incoming, PlainHttp, Upgrade};
pub use self::outgoing::SendHandle;
pub use self::permit::Permit;
use self::pipe::{Patience, Pipe};
pub use self::sender::Sender;
use self::shared::Tasks;
pub use self::writing::MessageWriter;
use crate::adapter::{Backpressure, Error, TrySendError};
use crate::connection::{Closed, Connection, Event, State};
use crate::message::{CloseCode, CloseFrame, Kind, Message, Outgoing};
use crate::timing::Timeouts;

/// A connection on an async stream.
///
/// Pings are answered, silent peers asked whether they live, and the closing handshake is done
/// inside [`recv`](Self::recv), so a connection must be received from, even if nothing is expected.
/// Dropping it cuts the stream: the peer is told nothing. To part properly, [`close`](Self::close).
///
/// It is a [`Stream`](futures_core::Stream) of messages too, which ends after a clean end or the
/// first error; and a [`Sink`](futures_sink::Sink) for them, which two tasks may poll.
///
/// # Cancel safety
///
/// Every future here may be dropped at any time: all progress is in the connection. A message whose
/// sending was given up is either queued whole, or not at all, which each method says.
pub struct WebSocket<S, C> {
    // Boxed because futures that pass it on, or wrap what does, keep room for it more than once.
    inner: Box<Inner<S, C>>,
}

struct Inner<S, C> {
    driver: Driver<S, C>,
    /// The stream of messages has ended.
    exhausted: bool,
    /// Who polls it as a stream, and who as a sink.
    tasks: Option<Arc<Tasks>>,
    /// For who sends.
    patience: Patience,
}

impl<S: Stream, C: Clock> WebSocket<S, C> {
    /// Goes on with a connection whose opening handshake is done, here or elsewhere, on the stream
    /// that it is open on.
    #[must_use]
    pub fn from_parts(stream: S, clock: C, connection: Connection, timeouts: Timeouts) -> Self {
        Self::new(Pipe::new(stream, clock, timeouts.into(), Backpressure::default()), connection)
    }

    fn new(pipe: Pipe<S, C>, connection: Connection) -> Self {
        Self::with_driver(Driver::new(pipe, connection))
    }

    fn with_driver(driver: Driver<S, C>) -> Self {
        Self {
            inner: Box::new(Inner {
                driver,
                exhausted: false,
                tasks: None,
                patience: Patience::default(),
            }),
        }
    }

    /// Takes the connection apart, to send from one task, or several, while another receives.
    #[must_use]
    pub fn split(self) -> (Sender<S, C>, Receiver<S, C>)
    where
        C: Clone,
    {
        halves::split(self)
    }

    /// Waits for the next message. `None` is the end: both sides said farewell;
    /// [`closed`](Self::closed) tells with what code, which may be a complaint. Before it waits, it
    /// writes whatever was fed.
    ///
    /// At the end it writes the last words and waits for the peer to hang up, up to
    /// [`Timeouts::close`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a message is taken when it is given.
    ///
    /// # Errors
    ///
    /// [`Error::Protocol`] if the peer broke the protocol or a limit, [`Error::ConnectionLost`] if
    /// the stream ended without a Close; both for ever after. [`Error::TimedOut`] if the peer is
    /// silent for too long, reads nothing, or does not finish a closing handshake.
    pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
        poll_fn(|cx| self.inner.driver.poll_recv(cx)).await
    }

    /// As [`recv`](Self::recv), but gives everything that comes: pings and pongs, for who answers
    /// them alone ([`Config::auto_pong`](crate::Config::auto_pong)), and messages in parts
    /// ([`Config::receive_in_chunks`](crate::Config::receive_in_chunks)), which [`recv`](Self::recv) passes over.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: an event is taken when it is given.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub async fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        poll_fn(|cx| self.inner.driver.poll_event(cx)).await
    }

    /// Sends a message: it is on its way when this is done.
    ///
    /// It does not receive meanwhile: it sees no Close, and two sides that do nothing but send
    /// large messages block each other. To do both at once, [`split`](Self::split).
    ///
    /// # Cancel safety
    ///
    /// If it is dropped while it waits for room, the message is not sent; after that it is sent
    /// whole, by whatever is done next.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] once either side has begun to close. [`Error::ConnectionLost`] if the stream
    /// is cut off; what the peer sent before can still be received. If the peer reads nothing,
    /// [`Error::TimedOut`] with [`TimedOut::Room`](crate::TimedOut::Room) if the message was not
    /// sent, and with [`TimedOut::Write`](crate::TimedOut::Write) if it waits, and is not to be
    /// sent again.
    pub fn send(
        &mut self,
        message: impl Into<Outgoing>,
    ) -> impl Future<Output = Result<(), Error>> {
        outgoing::deliver(self, message.into(), Driver::poll_send)
    }

    /// Lets a message wait for more, to be written with them: at the next [`flush`](Self::flush) or
    /// [`send`](Self::send), when [`recv`](Self::recv) has to wait, or at
    /// [`Backpressure::high_water_mark`]. What still waits when the connection is dropped is lost.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped while it waits for room, the message is not sent.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn feed(
        &mut self,
        message: impl Into<Outgoing>,
    ) -> impl Future<Output = Result<(), Error>> {
        outgoing::deliver(self, message.into(), Driver::poll_feed)
    }

    /// Sends a message, without waiting. What the stream does not take at once leaves with whatever
    /// is done next.
    ///
    /// # Errors
    ///
    /// [`TrySendError`] gives the message back.
    pub fn try_send(&mut self, message: impl Into<Outgoing>) -> Result<(), TrySendError> {
        self.at_once(|driver| driver.try_feed(message.into()))
    }

    /// Writes a message piece by piece.
    ///
    /// # Cancel safety
    ///
    /// Nothing is taken until it is done.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] once either side has begun to close.
    pub async fn writer(&mut self, kind: Kind) -> Result<MessageWriter<'_, Self>, Error> {
        MessageWriter::new(self, kind).await
    }

    /// Writes what waits.
    ///
    /// # Cancel safety
    ///
    /// What was not written still waits.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the stream is cut off, [`Error::TimedOut`] if the peer reads
    /// nothing.
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.begin();
        poll_fn(|cx| self.poll_in_time(cx, Driver::poll_flush)).await
    }

    /// Sends a ping, waits for the pong, and tells how long that took. Messages that come before it
    /// are kept for [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// The ping is queued at the first poll, and sent whole. Nothing that comes is lost.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv) and [`send`](Self::send); [`Error::ConnectionLost`] if the
    /// connection ends before the pong comes, and [`Error::UnreadMessages`] if 64 KiB of messages do: in a
    /// busy conversation, [`start_ping`](Self::start_ping) instead.
    pub async fn ping(&mut self) -> Result<Duration, Error> {
        if self.inner.driver.is_crowded() {
            return Err(Error::UnreadMessages);
        }
        let ping = self.inner.driver.queue_ping()?;
        poll_fn(|cx| self.inner.driver.poll_pong(cx, ping)).await
    }

    /// Sends a ping. When [`recv`](Self::recv) has met the peer's pong,
    /// [`round_trip`](Self::round_trip) tells how long it took.
    ///
    /// # Cancel safety
    ///
    /// It is queued at the first poll, and sent whole.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn start_ping(&mut self) -> Result<(), Error> {
        self.inner.driver.queue_ping()?;
        self.flush().await
    }

    /// Sends a pong, of at most 125 bytes: the answer to a ping that was left to the application,
    /// or a sign of life.
    ///
    /// # Cancel safety
    ///
    /// It is queued at the first poll, and sent whole.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), also for too long a payload.
    pub async fn pong(&mut self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
        self.inner.driver.connection.pong(payload)?;
        self.flush().await
    }

    /// How long the latest answered ping took, there and back: one that was asked for, or that kept
    /// the connection alive.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.inner.driver.pipe.timer.round_trip()
    }

    /// Says farewell, waits for the peer's, ends the stream, and tells how the conversation ended.
    /// Messages that still come are thrown away; to have them, [`start_close`](Self::start_close)
    /// and receive until the end.
    ///
    /// # Cancel safety
    ///
    /// The farewell is queued at the first poll. Calling it again goes on with the same one.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. [`Error::TimedOut`] if the
    /// peer does not answer in time.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        self.queue_close(code, reason)?;
        poll_fn(|cx| self.inner.driver.poll_closed(cx)).await
    }

    /// Says farewell, and returns. What the peer sends before its own farewell can be received,
    /// until the end.
    ///
    /// # Cancel safety
    ///
    /// The farewell is queued at the first poll, and sent whole.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. Else as
    /// [`flush`](Self::flush).
    pub async fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.queue_close(code, reason)?;
        self.flush().await
    }

    /// Ends the connection now, without a farewell. The peer sees code 1006.
    pub fn abort(self) {}

    /// Where the connection is in its life.
    #[must_use]
    pub const fn state(&self) -> State {
        self.inner.driver.connection.state()
    }

    /// How the conversation ended, once it has.
    #[must_use]
    pub const fn closed(&self) -> Option<&Closed> {
        self.inner.driver.connection.closed()
    }

    /// The subprotocol that the handshake agreed on.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.inner.driver.connection.subprotocol()
    }

    /// Bytes that wait to be written, headers included.
    #[must_use]
    pub const fn buffered_amount(&self) -> usize {
        self.inner.driver.connection.buffered_amount()
    }

    /// How many messages were dropped; see [`Overflow::DropNewest`](crate::Overflow::DropNewest).
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.inner.driver.dropped
    }

    /// How much may wait to be written from now on;
    /// [`Options`](crate::tokio::Options::backpressure) set it from the beginning.
    pub fn set_backpressure(&mut self, backpressure: Backpressure) {
        self.inner.driver.pipe.backpressure = backpressure;
    }

    /// What was agreed on about compression; `None` if it was not.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(&self) -> Option<&crate::deflate::Agreed> {
        self.inner.driver.connection.deflate()
    }

    /// Gives back the memory that an idle connection can do without; see [`Connection::release_memory`].
    pub fn release_memory(&mut self) {
        self.inner.driver.connection.release_memory();
    }

    /// The stream, to look at: addresses, TLS.
    #[must_use]
    pub const fn stream(&self) -> &S {
        &self.inner.driver.pipe.stream
    }

    /// The stream and the connection, with whatever was received and not taken yet, or fed and not
    /// written yet: to go on with another adapter.
    #[must_use]
    pub fn into_parts(mut self) -> (S, Connection) {
        self.inner.driver.part();
        let driver = self.inner.driver;
        (driver.pipe.stream, driver.connection)
    }

    fn queue_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        let frame = CloseFrame::new(code, reason.to_string())?;
        self.inner.driver.connection.close(frame);
        Ok(())
    }

    /// Polls for one of two tasks: one that receives, and one that sends.
    fn poll_shared<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Self, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let tasks = Arc::clone(self.inner.tasks.get_or_insert_default());
        let (waker, is_new) = tasks.begin(cx);
        let before = self.inner.driver.watched();
        let result = poll(self, &mut Context::from_waker(&waker));
        tasks.end(cx, is_new, self.inner.driver.watched() != before, result)
    }
}

impl<S: Stream, C: Clock> SendHandle for WebSocket<S, C> {
    type Stream = S;
    type Clock = C;

    fn begin(&mut self) {
        self.inner.patience.renew();
    }

    fn poll_in_time<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut work: impl FnMut(&mut Driver<S, C>, &mut Context<'_>) -> Poll<Result<T, Error>>,
    ) -> Poll<Result<T, Error>> {
        self.inner.driver.observe();
        if let Poll::Ready(done) = work(&mut self.inner.driver, cx) {
            self.inner.patience.renew();
            return Poll::Ready(done);
        }
        let closing = self.inner.driver.connection.state() != State::Open;
        match ready!(self.inner.driver.pipe.poll_time(cx, &mut self.inner.patience, closing)) {
            Ok(_) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }

    fn at_once<T>(&mut self, act: impl FnOnce(&mut Driver<S, C>) -> T) -> T {
        let done = act(&mut self.inner.driver);
        let waker = self
            .inner
            .tasks
            .as_ref()
            .map_or_else(|| Waker::noop().clone(), |tasks| Waker::from(Arc::clone(tasks)));
        // Should that fail, whoever waits for the stream will meet the same failure.
        let _ = self.inner.driver.poll_flush(&mut Context::from_waker(&waker));
        done
    }
}

impl<S, C> std::fmt::Debug for WebSocket<S, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebSocket")
            .field("connection", &self.inner.driver.connection)
            .finish_non_exhaustive()
    }
}
