//! A connection that one task uses.

use std::boxed::Box;
use std::future::poll_fn;
use std::string::ToString;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker, ready};
use std::time::Duration;

use super::alarm::Alarm;
use super::before_close::Yields;
use super::driver::Driver;
use super::handle::Handle;
use super::io::{self, Clock, Stream};
use super::two_tasks::{Seen, TwoTasks};
use super::wait::SenderWait;
use super::writer::MessageWriter;
use crate::adapter::Error;
use crate::adapter::accessors::accessors;
use crate::adapter::methods::sending;
use crate::adapter::output;
use crate::adapter::receiving::receiving;
use crate::adapter::replies::Replies;
use crate::connection::{Closed, Connection, Event, EventRef};
use crate::message::{CloseCode, CloseFrame, Kind, Message, MessageRef, Outgoing};
use crate::session::{Need, Sending, Session, TrySendError, WriteDeadline};
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
/// The halves of futures' `StreamExt::split` share it, so it is dropped with the second one. If
/// only the `SplitStream` is dropped, the stream stays open and is not read: pings are not
/// answered, and the peer's Close is not seen. Drop the `SplitSink` too, or use
/// [`split`](Self::split), whose [`Receiver`](super::Receiver) ends the connection when dropped.
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
    /// How often the `Stream` has yielded before the peer's Close.
    pub(super) yields: Yields,
    /// The tasks that poll the connection as a `Stream` and as a `Sink`.
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

    #[inline]
    pub(super) fn with_driver(driver: Driver<S, C>) -> Self {
        let write_deadline = WriteDeadline::default();
        let (exhausted, yields) = (false, Yields::default());
        let inner = Inner { driver, exhausted, yields, tasks: None, write_deadline };
        Self { inner: Box::new(inner) }
    }

    receiving! { async self
        recv: poll_fn(|cx| self.inner.driver.poll_recv(cx.waker().into())).await,
        recv_event: poll_fn(|cx| self.inner.driver.poll_event(cx.waker().into())).await,
        recv_with(each): poll_fn(|cx| {
            let driver = &mut self.inner.driver;
            let peer = ready!(driver.poll_room_for_replies(cx.waker().into()))?;
            driver.poll_with(cx.waker().into(), peer, &mut each)
        }).await,
        until_closed: poll_fn(|cx| self.inner.driver.poll_closed(cx.waker().into())).await,
        close(frame): self.inner.driver.session.connection.close(frame),
    }

    sending! { async (self mut) -> MessageWriter<'_, S, C> }

    /// Queues a message without waiting, and writes what the stream accepts at once. The rest is
    /// written by the next call.
    ///
    /// # Errors
    ///
    /// [`TrySendError`] returns the message. Above the hard limit the
    /// [`Overflow`](crate::Overflow) policy applies: `DropNewest` drops and counts the message, and
    /// `Close` starts to close the connection.
    pub fn try_send(&mut self, message: impl Into<Outgoing>) -> Result<(), TrySendError> {
        if self.inner.driver.session.is_full() {
            self.act(|_| ());
        }
        self.act(|session| output::try_send(session, message.into()))
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
        let driver = &mut self.inner.driver;
        let ping = driver.queue_ping()?;
        let (mut wait, mut clock) = (WriteDeadline::default(), driver.alarm.clock().clone());
        poll_fn(|cx| {
            if let Poll::Ready(pong) = driver.poll_pong(cx.waker().into(), ping) {
                return Poll::Ready(pong);
            }
            while let Some(deadline) =
                driver.session.check_wait(Need::Pong(ping.0), driver.alarm.now(), &mut wait)?
            {
                ready!(io::poll_until(&mut clock, cx, deadline))?;
            }
            Poll::Pending
        })
        .await
    }

    /// Drops the connection and its stream, without a Close frame. The peer sees code 1006.
    pub fn abort(self) {}

    accessors!(socket self, self.inner.driver.session, now: self.inner.driver.alarm.now());

    /// Returns the stream, for its addresses or its TLS session.
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

    /// Returns whether a pong with this payload answers a ping of this crate's, a keep-alive ping
    /// for example.
    #[cfg(feature = "axum")]
    pub(crate) fn has_pinged(&self, payload: &[u8]) -> bool {
        self.inner.driver.session.timer().ping_of(payload).is_some()
    }

    /// Not an async function, whose future would store the message twice.
    #[inline]
    fn send_or_feed(
        &mut self,
        message: Outgoing,
        write: bool,
    ) -> impl Future<Output = Result<(), Error>> {
        let (mut wait, mut sending) = (SenderWait::default(), Sending::new(message, write));
        poll_fn(move |cx| {
            let sent = self.inner.driver.poll_alone(cx, &mut wait, |driver, poll| {
                driver.poll_attempt(poll, |attempt| attempt.send(&mut sending))
            });
            if sending.is_unsent() { sent.map_err(Error::for_room) } else { sent }
        })
    }

    /// Does something with the session, and writes what the stream accepts at once. Wakes the tasks
    /// that poll it as a `Stream` and as a `Sink`, if they may have waited for the change.
    fn act<T>(&mut self, act: impl FnOnce(&mut Session) -> T) -> T {
        let Some(tasks) = self.inner.tasks.clone() else {
            let wakers = Waker::noop().into();
            return self.inner.driver.act(wakers, |driver| act(&mut driver.session));
        };
        let waker = Waker::from(Arc::clone(&tasks));
        let before = Seen::of(&self.inner.driver.session);
        let done = self.inner.driver.act((&waker).into(), |driver| act(&mut driver.session));
        if Seen::of(&self.inner.driver.session) != before {
            tasks.wake_by_ref();
        }
        done
    }

    fn handle(&mut self) -> Handle<'_, S, C> {
        Handle::Alone(&mut self.inner.driver)
    }
}

impl<S, C> std::fmt::Debug for WebSocket<S, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let connection = &self.inner.driver.session.connection;
        f.debug_struct("WebSocket").field("connection", connection).finish_non_exhaustive()
    }
}
