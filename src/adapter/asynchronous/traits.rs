//! The standard traits: a stream of messages, and a sink for them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream as FuturesStream;
use futures_sink::Sink;

use super::driver::Driver;
use super::halves::Receiver;
use super::io::{Clock, Stream};
use super::outgoing::Outlet;
use super::sender::Sender;
use super::{Error, WebSocket};
use crate::message::{CloseCode, CloseFrame, Message};

/// Ends after a clean end or the first error.
impl<S: Stream, C: Clock> FuturesStream for WebSocket<S, C> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.exhausted {
            return Poll::Ready(None);
        }
        let received = ready!(self.poll_shared(cx, |socket, cx| socket.driver.poll_recv(cx)));
        self.exhausted = !matches!(received, Ok(Some(_)));
        Poll::Ready(received.transpose())
    }
}

/// Closing the sink says farewell with code 1000, and waits for the peer's.
impl<S: Stream, C: Clock> Sink<Message> for WebSocket<S, C> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_shared(cx, |socket, cx| socket.poll_in_time(cx, Driver::poll_room))
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        Ok(self.driver.connection.send(message)?)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_shared(cx, |socket, cx| socket.poll_in_time(cx, Driver::poll_flush))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.driver.connection.close(CloseCode::NORMAL);
        self.poll_shared(cx, |socket, cx| socket.driver.poll_closed(cx)).map_ok(|_| ())
    }
}

/// Ends after a clean end or the first error.
impl<S: Stream, C: Clock> FuturesStream for Receiver<S, C> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.exhausted {
            return Poll::Ready(None);
        }
        let received = ready!(self.shared.poll(cx, Driver::poll_recv));
        self.exhausted = !matches!(received, Ok(Some(_)));
        Poll::Ready(received.transpose())
    }
}

/// What it is given leaves with the next flush, or when it is ready again. Closing it says farewell with code 1000, and waits for
/// the peer's.
impl<S: Stream, C: Clock> Sink<Message> for Sender<S, C> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_given(cx))?;
        self.poll_in_time(cx, |driver, cx| {
            ready!(driver.poll_turn())?;
            driver.poll_room(cx)
        })
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.given = Some(message.into());
        Ok(())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_given(cx))?;
        self.poll_in_time(cx, Driver::poll_flush)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_given(cx))?;
        (*self).poll_close(cx, &CloseFrame::from(CloseCode::NORMAL)).map_ok(|_| ())
    }
}

impl<S: Stream, C: Clock> Sender<S, C> {
    /// Queues what the sink was given.
    fn poll_given(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut given = self.given.take();
        if given.is_none() {
            return Poll::Ready(Ok(()));
        }
        let fed = self.poll_in_time(cx, |driver, cx| driver.poll_feed(cx, &mut given));
        self.given = given;
        fed
    }
}
