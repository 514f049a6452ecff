//! The standard traits: a `Stream` of messages, and a `Sink` for them; and the poll for a `Stream`
//! of the application's that has control frames too.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};

use futures_core::Stream as MessageStream;
use futures_core::stream::FusedStream;
use futures_sink::Sink;

use super::driver::Driver;
use super::handle::Handle;
use super::io::{Clock, Stream};
use super::receiver::Receiver;
use super::sender::Sender;
use super::two_tasks::{Seen, TaskRole};
use super::wait::{SenderPoll, SenderWait, Wakers};
use super::websocket::WebSocket;
use crate::adapter::{Error, output};
use crate::connection::Event;
use crate::message::{CloseCode, Message};
use crate::session::{Need, Session};

impl<S: Stream, C: Clock> WebSocket<S, C> {
    /// Polls for one of the two tasks, and wakes both if the other may have waited for the change.
    fn poll_as<T>(
        &mut self,
        role: TaskRole,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Self, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let tasks = Arc::clone(self.inner.tasks.get_or_insert_default());
        tasks.set(role, Some(cx.waker().clone()));
        let before = Seen::of(&self.inner.driver.session);
        let polled = poll(self, &mut Context::from_waker(&Waker::from(Arc::clone(&tasks))));
        if polled.is_ready() {
            tasks.set(role, None);
        }
        if Seen::of(&self.inner.driver.session) != before {
            tasks.wake_by_ref();
            tasks.set(role, polled.is_pending().then(|| cx.waker().clone()));
        }
        polled
    }

    /// Polls for the next event, as [`recv_event`](Self::recv_event) does: for a `Stream` of the
    /// application's that has control frames too. Another task may poll the `Sink` meanwhile.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn poll_recv_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, Error>> {
        self.poll_as(TaskRole::Receives, cx, |socket, cx| {
            let (wakers, inner) = (Wakers::from(cx.waker()), &mut *socket.inner);
            inner.driver.poll_event_before_close(wakers, &mut inner.yields)
        })
    }

    fn poll_as_sink(
        &mut self,
        cx: &mut Context<'_>,
        work: impl FnMut(&mut Driver<S, C>, SenderPoll<'_>) -> Poll<Result<(), Error>>,
    ) -> Poll<Result<(), Error>> {
        let mut wait = SenderWait { deadline: self.inner.write_deadline, ..SenderWait::default() };
        let polled = self.inner.driver.poll_alone(cx, &mut wait, work);
        self.inner.write_deadline = wait.deadline;
        polled
    }
}

/// Ends after a clean end, or after the first error, except a timeout that loses nothing: a peer
/// that does not read, or sends no message.
impl<S: Stream, C: Clock> MessageStream for WebSocket<S, C> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.inner.exhausted {
            return Poll::Ready(None);
        }
        let received = ready!(self.poll_as(TaskRole::Receives, cx, |socket, cx| {
            let (wakers, inner) = (Wakers::from(cx.waker()), &mut *socket.inner);
            let yields = &mut inner.yields;
            inner.driver.poll_recv_after(wakers, |driver| driver.poll_before_close(wakers, yields))
        }));
        self.inner.exhausted = Error::ends_messages(&received);
        Poll::Ready(received.transpose())
    }
}

impl<S: Stream, C: Clock> FusedStream for WebSocket<S, C> {
    fn is_terminated(&self) -> bool {
        self.inner.exhausted
    }
}

/// Closing the sink sends a Close frame with code 1000. The peer's Close arrives at the `Stream`.
impl<S: Stream, C: Clock> Sink<Message> for WebSocket<S, C> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_as(TaskRole::Sends, cx, |socket, cx| {
            socket.poll_as_sink(cx, |driver, poll| {
                driver.poll_attempt(poll, |attempt| attempt.sink())
            })
        })
        .map_err(Error::for_room)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        send_to_sink(&mut self.inner.driver.session, message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_as(TaskRole::Sends, cx, |socket, cx| {
            socket.poll_as_sink(cx, |driver, poll| driver.poll_flush(poll.wakers))
        })
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_as(TaskRole::Sends, cx, |socket, cx| {
            socket.inner.driver.session.connection.close(CloseCode::NORMAL);
            socket.poll_as_sink(cx, |driver, poll| driver.poll_flush(poll.wakers))
        })
    }
}

impl<S: Stream, C: Clock> Receiver<S, C> {
    /// Polls for the next event, as [`recv_event`](Self::recv_event) does: for a `Stream` of the
    /// application's that has control frames too.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn poll_recv_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, Error>> {
        self.shared.poll_receiver(cx, Driver::poll_event)
    }
}

/// Ends after a clean end, or after the first error, except a timeout that loses nothing: a peer
/// that does not read, or sends no message.
impl<S: Stream, C: Clock> MessageStream for Receiver<S, C> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.exhausted {
            return Poll::Ready(None);
        }
        let received = ready!(self.shared.poll_receiver(cx, Driver::poll_recv));
        self.exhausted = Error::ends_messages(&received);
        Poll::Ready(received.transpose())
    }
}

impl<S: Stream, C: Clock> FusedStream for Receiver<S, C> {
    fn is_terminated(&self) -> bool {
        self.exhausted
    }
}

/// Closing the sink sends a Close frame with code 1000. The [`Receiver`] receives the peer's.
impl<S: Stream, C: Clock> Sink<Message> for Sender<S, C> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let shared = Arc::clone(&self.shared);
        let sink = self.sink();
        if !sink.is_held() {
            let ready = shared.poll_sender(cx, &mut sink.wait, |driver, poll| {
                ready!(driver.poll_attempt(poll, |attempt| attempt.sink()))?;
                driver.session.add_permit();
                Poll::Ready(Ok(()))
            });
            ready!(sink.complete(ready)).map_err(Error::for_room)?;
            sink.hold(shared);
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        let sink = self.sink();
        assert!(sink.is_held(), "the sink is not ready");
        sink.forget();
        sink.restart();
        self.shared.change(|driver| {
            driver.session.remove_permit();
            send_to_sink(&mut driver.session, message)
        })
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let shared = Arc::clone(&self.shared);
        let sink = self.sink();
        let flushed =
            Handle::Shared(&shared).poll_attempt(cx, &mut sink.wait, |attempt| Ok(attempt.flush()));
        sink.complete(flushed)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let end = self.shared.change(|driver| {
            driver.session.connection.close(CloseCode::NORMAL);
            driver.session.queued_position()
        });
        // A pending flush may end before the Close frame; nothing is queued behind that.
        if self.sink().wait.wait.need != Need::Flushed(end) {
            self.sink().restart();
        }
        self.poll_flush(cx)
    }
}

/// Takes the message that a sink is given, or applies the overflow policy to it.
fn send_to_sink(session: &mut Session, message: Message) -> Result<(), Error> {
    if !session.send_waits() && session.is_full() {
        return Ok(session.refuse()?);
    }
    // No block is borrowed for a message that can't be sent.
    session.connection.check_sendable()?;
    session.connection.set_output_buffer(output::take_block);
    Ok(session.queue(message.into())?)
}
