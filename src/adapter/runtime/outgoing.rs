//! What is sent, by whoever holds a connection or half of one: when a message is queued, and how
//! long that may take.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::driver::Driver;
use super::io::{Clock, Stream};
use crate::adapter::window;
use crate::adapter::{Error, Overflow, TrySendError};
use crate::connection::{SendError, State};
use crate::message::{Compress, Kind, Message, Outgoing};

/// Who sends: a [`WebSocket`](super::WebSocket), or a [`Sender`](super::Sender) among others.
/// Nobody else can be one.
pub trait SendHandle {
    #[doc(hidden)]
    type Stream: Stream;
    #[doc(hidden)]
    type Clock: Clock;

    /// Begins to wait.
    #[doc(hidden)]
    fn begin(&mut self);

    /// Does some work with the driver; once it makes no progress for too long, that is an error.
    #[doc(hidden)]
    fn poll_in_time<T>(
        &mut self,
        cx: &mut Context<'_>,
        work: impl FnMut(
            &mut Driver<Self::Stream, Self::Clock>,
            &mut Context<'_>,
        ) -> Poll<Result<T, Error>>,
    ) -> Poll<Result<T, Error>>;

    /// Does something at once, and lets the stream have what it takes at once.
    #[doc(hidden)]
    fn at_once<T>(&mut self, act: impl FnOnce(&mut Driver<Self::Stream, Self::Clock>) -> T) -> T;
}

/// Sends a message, as `work` says. A wait for room that is too long is told from one for what was
/// queued.
///
/// It is not an async function, because that would keep room for the message twice.
pub(super) fn deliver<O: SendHandle>(
    outlet: &mut O,
    message: Outgoing,
    work: impl Fn(
        &mut Driver<O::Stream, O::Clock>,
        &mut Context<'_>,
        &mut Option<Outgoing>,
    ) -> Poll<Result<(), Error>>,
) -> impl Future<Output = Result<(), Error>> {
    outlet.begin();
    let mut message = Some(message);
    poll_fn(move |cx| {
        let done = outlet.poll_in_time(cx, |driver, cx| work(driver, cx, &mut message));
        if message.is_some() { done.map_err(Error::for_room) } else { done }
    })
}

impl<S: Stream, C: Clock> Driver<S, C> {
    /// Queues a message, then writes what is queued.
    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Option<Outgoing>,
    ) -> Poll<Result<(), Error>> {
        if message.is_some() {
            ready!(self.poll_feed(cx, message))?;
            if self.pipe.backpressure.cork && !self.is_high() && self.has_message() {
                return Poll::Ready(Ok(()));
            }
        }
        match self.poll_flush(cx) {
            // As much as the stream takes at once, if the application chose so.
            Poll::Pending if self.pipe.backpressure.overflow != Overflow::Wait => {
                Poll::Ready(Ok(()))
            }
            flushed => flushed,
        }
    }

    /// Queues a message, or waits for room: takes it when it does, and not before.
    pub(super) fn poll_feed(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Option<Outgoing>,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_turn())?;
        if self.pipe.backpressure.overflow == Overflow::Wait {
            ready!(self.poll_room(cx))?;
        } else if self.is_full(cx) {
            *message = None;
            return Poll::Ready(
                self.pipe.backpressure.refuse(&mut self.connection, &mut self.dropped),
            );
        }
        let message = message.take().expect("a future is not polled when it is done");
        Poll::Ready(Ok(self.queue(message)?))
    }

    /// Queues a message, in a block of the thread's if none is in use.
    fn queue(&mut self, message: impl Into<Outgoing>) -> Result<(), SendError> {
        self.connection.set_output_buffer(window::output_block);
        self.connection.send(message)
    }

    /// Queues a message if there is room now.
    pub(super) fn try_feed(&mut self, outgoing: Outgoing) -> Result<(), TrySendError> {
        let full = self.pipe.backpressure.is_full(self.connection.buffered_amount());
        if self.connection.state() == State::Open && (self.taken || full) {
            return Err(TrySendError::Full(outgoing));
        }
        self.permits += 1;
        self.feed_permitted(outgoing)
    }

    /// Waits for room for a message, and keeps it.
    pub(super) fn poll_permit(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_turn())?;
        if self.wanted > 0 {
            return Poll::Pending;
        }
        ready!(self.poll_room(cx))?;
        self.permits += 1;
        Poll::Ready(Ok(()))
    }

    /// Queues a message for which there is a permit, which is used up.
    pub(super) fn feed_permitted(&mut self, outgoing: Outgoing) -> Result<(), TrySendError> {
        self.permits -= 1;
        if let Err(error) = self.connection.check_sendable() {
            return Err(TrySendError::Send(outgoing, error));
        }
        let sent = self.queue(outgoing);
        debug_assert!(sent.is_ok(), "it was sendable");
        Ok(())
    }

    /// Waits until nobody else sends, or may send, and keeps it so.
    pub(super) fn poll_take(&mut self) -> Poll<Result<(), Error>> {
        ready!(self.poll_turn())?;
        if self.permits > 0 {
            return Poll::Pending;
        }
        self.taken = true;
        self.wanted -= 1;
        Poll::Ready(Ok(()))
    }

    /// Waits until a sink may be given a message: for room, or, if the application chose not to,
    /// for the turn alone.
    pub(super) fn poll_sink(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_turn())?;
        match self.pipe.backpressure.overflow {
            _ if self.wanted > 0 => Poll::Pending,
            Overflow::Wait => self.poll_room(cx),
            _ => {
                // Should that fail, whoever flushes will meet the same failure.
                let _ = self.is_full(cx);
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Takes what a sink is given, or does with it what the application chose.
    pub(super) fn feed_sink(&mut self, message: Message) -> Result<(), Error> {
        let backpressure = self.pipe.backpressure;
        if backpressure.overflow != Overflow::Wait
            && backpressure.is_full(self.connection.buffered_amount())
        {
            return backpressure.refuse(&mut self.connection, &mut self.dropped);
        }
        // No block is lent for what can't be sent.
        self.connection.check_sendable()?;
        Ok(self.queue(message)?)
    }

    /// Queues a part of a message whose sender has the turn; see [`poll_take`](Self::poll_take).
    pub(super) fn poll_part(
        &mut self,
        cx: &mut Context<'_>,
        (kind, compress): (Kind, Compress),
        part: &mut Bytes,
        last: bool,
    ) -> Poll<Result<(), Error>> {
        if self.connection.state() == State::Open {
            ready!(self.poll_room(cx))?;
        }
        Poll::Ready(Ok(self.connection.send_fragment_with(
            kind,
            std::mem::take(part),
            last,
            compress,
        )?))
    }

    /// Waits until nobody sends a message in parts. They who wait are woken when that changes.
    pub(super) fn poll_turn(&self) -> Poll<Result<(), Error>> {
        if self.taken && self.connection.state() == State::Open {
            return Poll::Pending;
        }
        Poll::Ready(Ok(self.connection.check_sendable()?))
    }

    /// Waits until there is room for a message.
    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if !self.is_high() {
            return Poll::Ready(Ok(()));
        }
        match self.poll_flush(cx) {
            Poll::Pending if !self.is_high() => Poll::Ready(Ok(())),
            flushed => flushed,
        }
    }

    pub(super) fn is_high(&self) -> bool {
        self.pipe.backpressure.is_high(self.connection.buffered_amount())
    }

    fn is_full(&mut self, cx: &mut Context<'_>) -> bool {
        let is_full =
            |driver: &Self| driver.pipe.backpressure.is_full(driver.connection.buffered_amount());
        // Should that fail, whoever flushes will meet the same failure.
        is_full(self) && {
            let _ = self.poll_flush(cx);
            is_full(self)
        }
    }
}
