//! The half of a connection that sends, and as many of it as there are tasks.

use std::fmt;
use std::future::poll_fn;
use std::string::{String, ToString};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use super::driver::Driver;
use super::io::{Clock, Stream};
use super::outgoing::{SendHandle, deliver};
use super::permit::{Hold, Permit};
use super::pipe::Patience;
use super::shared::{Shared, lock};
use super::writing::MessageWriter;
use crate::adapter::{Backpressure, Error, TrySendError};
use crate::connection::{Closed, State};
use crate::message::{CloseCode, CloseFrame, Kind, Outgoing};
use crate::timing::TimedOut;

/// The half that sends. Clones of it send from several tasks: messages never mix, and those of one
/// clone arrive in order.
///
/// It is a [`Sink`](futures_sink::Sink) for messages too. Closing that says farewell with code
/// 1000.
///
/// # Cancel safety
///
/// As for [`WebSocket`](super::WebSocket): every future may be dropped at any time.
pub struct Sender<S, C> {
    pub(super) shared: Arc<Shared<S, C>>,
    /// Its own, because a clock wakes only who asked it last.
    pub(super) clock: C,
    patience: Patience,
    /// The sink's, from when it is ready to when it is given a message.
    pub(super) hold: Hold<S, C>,
}

impl<S, C> Sender<S, C> {
    pub(super) fn new(shared: Arc<Shared<S, C>>, clock: C) -> Self {
        Self { shared, clock, patience: Patience::default(), hold: Hold::default() }
    }
}

impl<S, C: Clone> Clone for Sender<S, C> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.shared), self.clock.clone())
    }
}

impl<S: Stream, C: Clock> Sender<S, C> {
    /// Sends a message: it is on its way when this is done. While another message is written in
    /// parts ([`writer`](Self::writer)), it waits for its turn.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped while it waits for room or its turn, the message is not sent; after that it
    /// is sent whole, by whatever is done next on either half. With [`reserve`](Self::reserve) one
    /// can wait before there is a message to lose.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send).
    pub fn send(
        &mut self,
        message: impl Into<Outgoing>,
    ) -> impl Future<Output = Result<(), Error>> {
        deliver(self, message.into(), Driver::poll_send)
    }

    /// Lets a message wait for more, to be written with them: at the next flush or send of any
    /// half, when [`recv`](super::Receiver::recv) has to wait, or at
    /// [`high_water_mark`](crate::Backpressure::high_water_mark).
    ///
    /// # Cancel safety
    ///
    /// If it is dropped while it waits for room or its turn, the message is not sent.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send).
    pub fn feed(
        &mut self,
        message: impl Into<Outgoing>,
    ) -> impl Future<Output = Result<(), Error>> {
        deliver(self, message.into(), Driver::poll_feed)
    }

    /// Sends a message, without waiting. What the stream does not take at once leaves with whatever
    /// is done next on either half.
    ///
    /// # Errors
    ///
    /// [`TrySendError`] gives the message back.
    pub fn try_send(&mut self, message: impl Into<Outgoing>) -> Result<(), TrySendError> {
        self.at_once(|driver| driver.try_feed(message.into()))
    }

    /// Writes a message piece by piece. It waits for its turn, and other senders wait then until it
    /// is finished or dropped: a task that has it must not wait for another clone of its own to
    /// send.
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

    /// Waits for room for a message, whatever [`Overflow`](crate::Overflow) says. A task that has a
    /// permit must not wait for a [`writer`](Self::writer), which waits for all permits.
    ///
    /// # Cancel safety
    ///
    /// Nothing is taken until it is done.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send).
    pub async fn reserve(&mut self) -> Result<Permit<'_, S, C>, Error> {
        self.begin();
        poll_fn(|cx| self.poll_in_time(cx, Driver::poll_permit)).await.map_err(Error::for_room)?;
        Ok(Permit::new(self))
    }

    /// Writes what waits, whoever fed it.
    ///
    /// # Cancel safety
    ///
    /// What was not written still waits.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::flush`](super::WebSocket::flush).
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.begin();
        poll_fn(|cx| self.poll_in_time(cx, Driver::poll_flush)).await
    }

    /// Sends a ping, waits for the pong, and tells how long that took. The
    /// [`Receiver`](super::Receiver) must be receiving meanwhile: the pong comes to it.
    ///
    /// # Cancel safety
    ///
    /// The ping is queued at the first poll, and sent whole.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send); [`Error::ConnectionLost`] if the connection
    /// ends before the pong comes, or the [`Receiver`](super::Receiver) is dropped.
    pub async fn ping(&mut self) -> Result<Duration, Error> {
        let (number, sent) = self.at_once(Driver::queue_ping)?;
        self.flush().await?;
        poll_fn(|cx| {
            self.shared.poll(cx, |driver, _| {
                if driver.pipe.timer.answered() >= number {
                    Poll::Ready(Ok(driver.pipe.now().saturating_sub(sent)))
                } else if driver.connection.closed().is_some() || driver.receiver_dropped {
                    Poll::Ready(Err(Error::ConnectionLost))
                } else {
                    Poll::Pending
                }
            })
        })
        .await
    }

    /// Sends a ping. When the [`Receiver`](super::Receiver) has met the peer's pong,
    /// [`round_trip`](Self::round_trip) tells how long it took.
    ///
    /// # Cancel safety
    ///
    /// It is queued at the first poll, and sent whole.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send).
    pub async fn start_ping(&mut self) -> Result<(), Error> {
        self.at_once(Driver::queue_ping)?;
        self.flush().await
    }

    /// Sends a pong, of at most 125 bytes; see [`WebSocket::pong`](super::WebSocket::pong).
    ///
    /// # Cancel safety
    ///
    /// It is queued at the first poll, and sent whole.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::pong`](super::WebSocket::pong).
    pub async fn pong(&mut self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
        self.at_once(|driver| driver.connection.pong(payload))?;
        self.flush().await
    }

    /// Says farewell, and returns: the [`Receiver`](super::Receiver) gives what the peer sends
    /// before its own.
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
        let frame = CloseFrame::new(code, reason.to_string())?;
        self.at_once(|driver| driver.connection.close(frame));
        self.flush().await
    }

    /// Says farewell, waits for the peer's and for the end of the stream, and tells how the
    /// conversation ended. It is the [`Receiver`](super::Receiver) that meets the peer's farewell:
    /// it must be receiving meanwhile, or be gone; then what still comes is thrown away.
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
        let frame = CloseFrame::new(code, reason.to_string())?;
        self.at_once(|driver| driver.connection.close(frame));
        poll_fn(|cx| {
            let closed = self.poll_closed(cx);
            if closed.is_ready() || self.receiver_dropped() {
                return closed;
            }
            let Some(deadline) = lock(&self.shared.driver).pipe.timer.deadline() else {
                return Poll::Pending;
            };
            ready!(self.clock.poll_until(cx, deadline));
            Poll::Ready(self.closed().ok_or(Error::TimedOut(TimedOut::Close)))
        })
        .await
    }

    /// Waits for the end of the connection, whoever begins it, and tells how the conversation
    /// ended. As for [`close`](Self::close), the [`Receiver`](super::Receiver) must be receiving
    /// meanwhile, or be gone.
    ///
    /// # Cancel safety
    ///
    /// It only waits.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] if the peer takes too long to close.
    pub async fn until_closed(&mut self) -> Result<Closed, Error> {
        poll_fn(|cx| self.poll_closed(cx)).await
    }

    /// Ends the connection now, without a farewell. The peer sees code 1006; the
    /// [`Receiver`](super::Receiver) gives [`Error::ConnectionLost`].
    pub fn abort(&self) {
        let waker = Waker::from(Arc::clone(&self.shared.tasks));
        self.shared.act(|driver| driver.abort(&mut Context::from_waker(&waker)));
    }

    /// Where the connection is in its life.
    #[must_use]
    pub fn state(&self) -> State {
        lock(&self.shared.driver).connection.state()
    }

    /// How the conversation ended, once it has.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        lock(&self.shared.driver).connection.closed().cloned()
    }

    /// Whether the [`Receiver`](super::Receiver) was dropped. Nobody answers pings then, or notices
    /// that the peer is gone, but [`close`](Self::close) and [`until_closed`](Self::until_closed).
    #[must_use]
    pub fn receiver_dropped(&self) -> bool {
        lock(&self.shared.driver).receiver_dropped
    }

    /// Bytes that wait to be written, headers included, from all senders.
    #[must_use]
    pub fn buffered_amount(&self) -> usize {
        lock(&self.shared.driver).connection.buffered_amount()
    }

    /// How many messages were dropped, of all senders; see
    /// [`Overflow::DropNewest`](crate::Overflow::DropNewest).
    #[must_use]
    pub fn dropped(&self) -> u64 {
        lock(&self.shared.driver).dropped
    }

    /// Gives back the memory that an idle connection can do without; see
    /// [`Connection::release_memory`](crate::Connection::release_memory).
    pub fn release_memory(&self) {
        lock(&self.shared.driver).connection.release_memory();
    }

    /// How much may wait to be written from now on, for all senders.
    pub fn set_backpressure(&self, backpressure: Backpressure) {
        lock(&self.shared.driver).pipe.backpressure = backpressure;
    }

    /// The subprotocol that the handshake agreed on.
    #[must_use]
    pub fn subprotocol(&self) -> Option<String> {
        lock(&self.shared.driver).connection.subprotocol().map(ToString::to_string)
    }

    /// How long the latest answered ping took, there and back.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        lock(&self.shared.driver).pipe.timer.round_trip()
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Result<Closed, Error>> {
        self.shared.poll(cx, |driver, cx| {
            if driver.receiver_dropped {
                return driver.poll_closed(cx);
            }
            driver.observe();
            // If it can't be written, the receiver will find out.
            let _ = driver.poll_flush(cx);
            match driver.connection.closed() {
                Some(_) if driver.too_late => Poll::Ready(Err(TimedOut::Close.into())),
                Some(closed) if driver.is_over() => Poll::Ready(Ok(closed.clone())),
                _ => Poll::Pending,
            }
        })
    }
}

impl<S: Stream, C: Clock> SendHandle for Sender<S, C> {
    type Stream = S;
    type Clock = C;

    fn begin(&mut self) {
        self.patience.renew();
    }

    fn poll_in_time<T>(
        &mut self,
        cx: &mut Context<'_>,
        work: impl FnMut(&mut Driver<S, C>, &mut Context<'_>) -> Poll<Result<T, Error>>,
    ) -> Poll<Result<T, Error>> {
        if let Poll::Ready(done) = self.shared.poll(cx, work) {
            self.patience.renew();
            return Poll::Ready(done);
        }
        loop {
            let now = self.clock.now();
            match self.patience.check(&lock(&self.shared.driver).pipe, now)? {
                Some(deadline) => ready!(self.clock.poll_until(cx, deadline)),
                None => return Poll::Pending,
            }
        }
    }

    fn at_once<T>(&mut self, act: impl FnOnce(&mut Driver<S, C>) -> T) -> T {
        self.shared.at_once(act)
    }
}

impl<S, C> fmt::Debug for Sender<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
