//! A connection in two halves, to send from one task while another receives.
//!
//! Both share the driver behind a mutex that is held only while bytes are processed, never while anybody waits. Whichever half
//! is polled moves whatever can be moved, the other's bytes too.

use std::fmt;
use std::future::poll_fn;
use std::string::ToString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;

use super::driver::Driver;
use super::io::{Clock, Stream};
use super::shared::{Shared, lock};
use super::{Error, HIGH_WATER, WebSocket};
use crate::connection::{Closed, Event, SendError, State};
use crate::message::{CloseCode, CloseFrame, Kind, Message};
use crate::timing::TimedOut;

/// Takes a connection apart.
pub(super) fn split<S: Stream, C: Clock + Clone>(socket: WebSocket<S, C>) -> (Sender<S, C>, Receiver<S, C>) {
    let clock = socket.driver.pipe.clock().clone();
    let shared = Shared { driver: Mutex::new(socket.driver), tasks: Arc::default(), receiver_gone: AtomicBool::new(false) };
    let shared = Arc::new(shared);
    (Sender { shared: Arc::clone(&shared), clock }, Receiver { shared })
}

/// The half that sends. Clones of it send from several tasks: messages never mix, and those of one clone arrive in order.
///
/// # Cancel safety
///
/// As for [`WebSocket`]: every future may be dropped at any time.
pub struct Sender<S, C> {
    shared: Arc<Shared<S, C>>,
    /// Its own, because a clock wakes only who asked it last.
    clock: C,
}

impl<S, C: Clone> Clone for Sender<S, C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), clock: self.clock.clone() }
    }
}

impl<S: Stream, C: Clock> Sender<S, C> {
    /// Sends a message: it is on its way when this is done.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped while it waits for room, the message is not sent; after that it is sent whole, by whatever is done next on
    /// either half. With [`reserve`](Self::reserve) one can wait for room before there is a message to lose.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Lets a message wait for more, to be written with them: at the next flush or send of any half, when
    /// [`recv`](Receiver::recv) has to wait, or when 64 KiB have come together.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped while it waits for room, the message is not sent.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        self.room().await?;
        Ok(lock(&self.shared.driver).connection.send(message)?)
    }

    /// Sends the next part of a message; see [`Connection::send_part`](crate::Connection::send_part). Until its last part is sent,
    /// no sender can send another message; but parts of one kind from two senders mix, so one of them should send them all.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped while it waits for room, the part is not sent; after that it is sent whole.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send_part`].
    pub async fn send_part(&mut self, kind: Kind, part: impl Into<Bytes>, last: bool) -> Result<(), Error> {
        let part = part.into();
        self.room().await?;
        lock(&self.shared.driver).connection.send_part(kind, part, last)?;
        self.flush().await
    }

    /// Waits for room for a message.
    ///
    /// # Cancel safety
    ///
    /// Nothing is taken until it is done.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    pub async fn reserve(&mut self) -> Result<Permit<'_, S, C>, Error> {
        self.room().await?;
        if lock(&self.shared.driver).connection.state() != State::Open {
            return Err(SendError::NotOpen.into());
        }
        Ok(Permit { sender: self })
    }

    /// Writes what waits, whoever fed it.
    ///
    /// # Cancel safety
    ///
    /// What was not written still waits.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::flush`].
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| match self.shared.poll(cx, Driver::poll_flush) {
            Poll::Ready(flushed) => Poll::Ready(flushed),
            Poll::Pending => self.poll_stall(cx).map(|error| Err(error.into())),
        })
        .await
    }

    /// Sends a ping, waits for the pong, and tells how long that took. The [`Receiver`] must be receiving meanwhile: the pong comes
    /// to it.
    ///
    /// # Cancel safety
    ///
    /// The ping is queued at the first poll, and sent whole.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`]; [`Error::ConnectionLost`] if the connection ends before the pong comes, or the
    /// [`Receiver`] is dropped.
    pub async fn ping(&mut self) -> Result<Duration, Error> {
        let (number, sent) = {
            let mut driver = lock(&self.shared.driver);
            (driver.queue_ping()?, driver.pipe.now())
        };
        self.flush().await?;
        poll_fn(|cx| {
            self.shared.poll(cx, |driver, _| {
                if driver.pipe.timer.answered() >= number {
                    Poll::Ready(Ok(driver.pipe.now().saturating_sub(sent)))
                } else if driver.connection.closed().is_some() || self.receiver_is_gone() {
                    Poll::Ready(Err(Error::ConnectionLost))
                } else {
                    Poll::Pending
                }
            })
        })
        .await
    }

    /// Says farewell, waits for the peer's, and tells how the conversation ended. It is the [`Receiver`] that meets the peer's
    /// farewell: it must be receiving meanwhile, or be gone; then what still comes is thrown away.
    ///
    /// # Cancel safety
    ///
    /// The farewell is queued at the first poll. Calling it again goes on with the same one.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. [`Error::TimedOut`] if the peer does not answer in time.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        let frame = CloseFrame::new(code, reason.to_string())?;
        lock(&self.shared.driver).connection.close(frame);
        // The receiver has another deadline now.
        Waker::from(Arc::clone(&self.shared.tasks)).wake();
        poll_fn(|cx| self.poll_closed(cx)).await
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

    /// Whether the [`Receiver`] was dropped. Nobody answers pings then, or notices that the peer is gone, but
    /// [`close`](Self::close).
    #[must_use]
    pub fn receiver_is_gone(&self) -> bool {
        self.shared.receiver_gone.load(Ordering::Acquire)
    }

    /// Bytes that wait to be written, headers included, from all senders.
    #[must_use]
    pub fn buffered_amount(&self) -> usize {
        lock(&self.shared.driver).connection.buffered_amount()
    }

    /// Waits until there is room for a message.
    async fn room(&mut self) -> Result<(), Error> {
        poll_fn(|cx| {
            let room = self.shared.poll(cx, |driver, cx| {
                if driver.connection.buffered_amount() < HIGH_WATER {
                    return Poll::Ready(Ok(()));
                }
                match driver.poll_flush(cx) {
                    Poll::Pending if driver.connection.buffered_amount() < HIGH_WATER => Poll::Ready(Ok(())),
                    flushed => flushed,
                }
            });
            match room {
                Poll::Ready(room) => Poll::Ready(room),
                Poll::Pending => self.poll_stall(cx).map(|error| Err(error.into())),
            }
        })
        .await
    }

    /// Waits until a write has made no progress for too long.
    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<TimedOut> {
        loop {
            let Some(stall) = lock(&self.shared.driver).pipe.stall() else { return Poll::Pending };
            ready!(self.clock.poll_until(cx, stall));
            let mut driver = lock(&self.shared.driver);
            let now = driver.pipe.now();
            if let Err(error) = driver.pipe.check_stall(now) {
                return Poll::Ready(error);
            }
        }
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Result<Closed, Error>> {
        let closed = self.shared.poll(cx, |driver, cx| {
            if self.receiver_is_gone() {
                return driver.poll_closed(cx);
            }
            driver.observe();
            // If it can't be written, the receiver will find out.
            let _ = driver.poll_flush(cx);
            driver.connection.closed().cloned().map_or(Poll::Pending, |closed| Poll::Ready(Ok(closed)))
        });
        if closed.is_ready() || self.receiver_is_gone() {
            return closed;
        }
        let Some(deadline) = lock(&self.shared.driver).pipe.timer.deadline() else { return Poll::Pending };
        ready!(self.clock.poll_until(cx, deadline));
        Poll::Ready(Err(TimedOut::Close.into()))
    }
}

/// Room for one message.
#[derive(Debug)]
pub struct Permit<'a, S, C> {
    sender: &'a mut Sender<S, C>,
}

impl<S: Stream, C: Clock> Permit<'_, S, C> {
    /// Queues the message. It leaves with whatever is written next by either half: at the latest when
    /// [`recv`](Receiver::recv) has to wait.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] if either side has begun to close meanwhile.
    pub fn send(self, message: impl Into<Message>) -> Result<(), Error> {
        lock(&self.sender.shared.driver).connection.send(message)?;
        // Whoever waits for the stream writes it.
        Waker::from(Arc::clone(&self.sender.shared.tasks)).wake();
        Ok(())
    }
}

/// The half that receives. Dropping it leaves the [`Sender`]s alone with a stream that nobody reads.
pub struct Receiver<S, C> {
    shared: Arc<Shared<S, C>>,
}

impl<S: Stream, C: Clock> Receiver<S, C> {
    /// Waits for the next message; see [`WebSocket::recv`]. While it waits, pings are answered, and what the senders fed is written.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a message is taken when it is given.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
        poll_fn(|cx| self.shared.poll(cx, Driver::poll_recv)).await
    }

    /// As [`recv`](Self::recv), but gives pings and pongs too.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: an event is taken when it is given.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub async fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        poll_fn(|cx| self.shared.poll(cx, Driver::poll_event)).await
    }

    /// Says farewell, waits for the peer's, and tells how the conversation ended; see [`WebSocket::close`].
    ///
    /// # Cancel safety
    ///
    /// The farewell is queued at the first poll. Calling it again goes on with the same one.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::close`].
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        let frame = CloseFrame::new(code, reason.to_string())?;
        lock(&self.shared.driver).connection.close(frame);
        poll_fn(|cx| self.shared.poll(cx, Driver::poll_closed)).await
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

    /// Puts the halves together again.
    ///
    /// # Errors
    ///
    /// Gives both back if the sender is another connection's, or is not the only one.
    pub fn reunite(self, sender: Sender<S, C>) -> Result<WebSocket<S, C>, (Self, Sender<S, C>)> {
        if !Arc::ptr_eq(&self.shared, &sender.shared) || Arc::strong_count(&self.shared) != 2 {
            return Err((self, sender));
        }
        let shared = Arc::clone(&self.shared);
        let clock = sender.clock;
        drop((self, sender.shared));
        match Arc::try_unwrap(shared) {
            Ok(shared) => {
                let driver = shared.driver.into_inner().unwrap_or_else(PoisonError::into_inner);
                Ok(WebSocket::with_driver(driver))
            }
            // Nobody can have cloned a sender meanwhile: there was only this one.
            Err(shared) => Err((Self { shared: Arc::clone(&shared) }, Sender { shared, clock })),
        }
    }
}

impl<S, C> Drop for Receiver<S, C> {
    fn drop(&mut self) {
        self.shared.receiver_gone.store(true, Ordering::Release);
        Waker::from(Arc::clone(&self.shared.tasks)).wake();
    }
}

impl<S, C> fmt::Debug for Sender<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<S, C> fmt::Debug for Receiver<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
