//! The standard traits: a stream of messages, and a sink for them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream as MessageStream;
use futures_sink::Sink;

use super::driver::Driver;
use super::halves::Receiver;
use super::io::{Clock, Stream};
use super::outgoing::SendHandle;
use super::sender::Sender;
use super::{Error, WebSocket};
use crate::message::{CloseCode, Message};
use crate::timing::TimedOut;

/// Ends after a clean end, or the first error but those after which nothing is lost: a peer that
/// reads nothing, or sends nothing.
impl<S: Stream, C: Clock> MessageStream for WebSocket<S, C> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.inner.exhausted {
            return Poll::Ready(None);
        }
        let received = ready!(self.poll_shared(cx, |socket, cx| socket.inner.driver.poll_recv(cx)));
        self.inner.exhausted = is_last(&received);
        Poll::Ready(received.transpose())
    }
}

/// Closing the sink says farewell with code 1000; who receives meets the peer's.
impl<S: Stream, C: Clock> Sink<Message> for WebSocket<S, C> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_shared(cx, |socket, cx| socket.poll_in_time(cx, Driver::poll_sink))
            .map_err(Error::for_room)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.inner.driver.feed_sink(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_shared(cx, |socket, cx| socket.poll_in_time(cx, Driver::poll_flush))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_shared(cx, |socket, cx| {
            socket.inner.driver.connection.close(CloseCode::NORMAL);
            socket.poll_in_time(cx, Driver::poll_flush)
        })
    }
}

/// Ends after a clean end, or the first error but those after which nothing is lost: a peer that
/// reads nothing, or sends nothing.
impl<S: Stream, C: Clock> MessageStream for Receiver<S, C> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.exhausted {
            return Poll::Ready(None);
        }
        let received = ready!(self.shared.poll(cx, Driver::poll_recv));
        self.exhausted = is_last(&received);
        Poll::Ready(received.transpose())
    }
}

/// Closing the sink says farewell with code 1000; the [`Receiver`] meets the peer's.
impl<S: Stream, C: Clock> Sink<Message> for Sender<S, C> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if !self.hold.is_held() {
            ready!(self.poll_in_time(cx, |driver, cx| {
                ready!(driver.poll_sink(cx))?;
                driver.permits += 1;
                Poll::Ready(Ok(()))
            }))
            .map_err(Error::for_room)?;
            let shared = Arc::clone(&self.shared);
            self.hold.take(shared);
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        assert!(self.hold.is_held(), "the sink is not ready");
        self.hold.forget();
        self.shared.act(|driver| {
            driver.permits -= 1;
            driver.feed_sink(message)
        })
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_in_time(cx, Driver::poll_flush)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_in_time(cx, |driver, cx| {
            driver.connection.close(CloseCode::NORMAL);
            driver.poll_flush(cx)
        })
    }
}

/// Whether a stream of messages ends with what was received: not with an error after which nothing
/// is lost.
fn is_last(received: &Result<Option<Message>, Error>) -> bool {
    !matches!(received, Ok(Some(_)) | Err(Error::TimedOut(TimedOut::Write | TimedOut::Idle)))
}
