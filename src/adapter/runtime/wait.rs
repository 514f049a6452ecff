//! How a future waits for the driver: alone with its connection, or as one of several senders.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::attempt::{Attempt, Sending};
use super::driver::Driver;
use super::io::{Clock, Stream};
use crate::adapter::Error;
use crate::adapter::waiters::{Need, Place, Waiters};
use crate::connection::State;
use crate::message::Outgoing;
use crate::session::WriteDeadline;

/// The wait of a future: what for, and how long.
#[derive(Clone, Copy, Default)]
pub struct Wait {
    pub(super) need: Need,
    pub(super) deadline: WriteDeadline,
}

impl AsMut<Self> for Wait {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

/// The wait of one of several senders. Dropping it passes on a wake-up that it did not use.
pub struct SharedWait<C> {
    pub(super) wait: Wait,
    pub(super) place: Option<Place>,
    pub(super) waiters: Option<Arc<Waiters>>,
    /// A clock of its own, once it needs one: a clock wakes only the task that polled it last.
    pub(super) clock: Option<C>,
}

impl<C> Default for SharedWait<C> {
    fn default() -> Self {
        Self { wait: Wait::default(), place: None, waiters: None, clock: None }
    }
}

impl<C> AsMut<Wait> for SharedWait<C> {
    fn as_mut(&mut self) -> &mut Wait {
        &mut self.wait
    }
}

impl<C> Drop for SharedWait<C> {
    fn drop(&mut self) {
        if let Some(waiters) = &self.waiters {
            waiters.leave(&mut self.place);
        }
    }
}

/// A handle that sends: a [`WebSocket`](super::WebSocket), or a [`Sender`](super::Sender). No other
/// type can implement this.
pub trait SendHandle: Sealed {}

/// The polls of a handle that sends.
pub trait Sealed {
    #[doc(hidden)]
    type Stream: Stream;
    #[doc(hidden)]
    type Clock: Clock;
    #[doc(hidden)]
    type Wait: Default + AsMut<Wait> + Unpin;

    /// Works with the driver. A write that makes no progress before the deadline is an error.
    #[doc(hidden)]
    fn poll_work<T>(
        &mut self,
        cx: &mut Context<'_>,
        wait: &mut Self::Wait,
        work: impl FnMut(&mut Driver<Self::Stream, Self::Clock>, Attempt<'_>) -> Poll<Result<T, Error>>,
    ) -> Poll<Result<T, Error>>;

    /// Does something with the driver, and writes what the stream accepts at once.
    #[doc(hidden)]
    fn act<T>(&mut self, act: impl FnOnce(&mut Driver<Self::Stream, Self::Clock>) -> T) -> T;
}

/// Sends a message. A timeout before it is queued is one of the wait for room.
///
/// This is not an async function, because that would keep room for the message twice.
pub(super) fn send<H: Sealed>(
    mut handle: H,
    message: Outgoing,
    write: bool,
) -> impl Future<Output = Result<(), Error>> {
    let (mut wait, mut sending) = (H::Wait::default(), Sending::new(message, write));
    poll_fn(move |cx| {
        let sent = handle
            .poll_work(cx, &mut wait, |driver, attempt| driver.poll_send(attempt, &mut sending));
        if sending.is_unsent() { sent.map_err(Error::for_room) } else { sent }
    })
}

/// Writes everything that was queued when the wait began, by any sender.
pub(super) fn poll_flush<H: Sealed>(
    handle: &mut H,
    cx: &mut Context<'_>,
    wait: &mut H::Wait,
) -> Poll<Result<(), Error>> {
    handle.poll_work(cx, wait, |driver, attempt| {
        let position = match *attempt.need {
            Need::Flushed(position) => position,
            _ => driver.session.queued_position(),
        };
        *attempt.need = Need::Flushed(position);
        driver.poll_flush_to(attempt.wakers, position)
    })
}

pub(super) async fn flush<H: Sealed>(mut handle: H) -> Result<(), Error> {
    let mut wait = H::Wait::default();
    poll_fn(|cx| poll_flush(&mut handle, cx, &mut wait)).await
}

impl<H: Sealed> Sealed for &mut H {
    type Stream = H::Stream;
    type Clock = H::Clock;
    type Wait = H::Wait;

    #[inline]
    fn poll_work<T>(
        &mut self,
        cx: &mut Context<'_>,
        wait: &mut H::Wait,
        work: impl FnMut(&mut Driver<H::Stream, H::Clock>, Attempt<'_>) -> Poll<Result<T, Error>>,
    ) -> Poll<Result<T, Error>> {
        (**self).poll_work(cx, wait, work)
    }

    fn act<T>(&mut self, act: impl FnOnce(&mut Driver<H::Stream, H::Clock>) -> T) -> T {
        (**self).act(act)
    }
}

impl<S: Stream, C: Clock> Driver<S, C> {
    /// Polls for the only task that uses the connection.
    #[inline]
    pub(super) fn poll_alone<T>(
        &mut self,
        cx: &mut Context<'_>,
        wait: &mut Wait,
        mut work: impl FnMut(&mut Self, Attempt<'_>) -> Poll<Result<T, Error>>,
    ) -> Poll<Result<T, Error>> {
        self.update_state();
        loop {
            let wakers = cx.waker().into();
            let attempt = Attempt { wakers, is_first: true, need: &mut wait.need };
            if let Poll::Ready(done) = work(self, attempt) {
                wait.deadline.restart();
                return Poll::Ready(done);
            }
            // The close deadline holds for a sender too: it may be the only task there is.
            let is_closing = self.session.state() != State::Open;
            let Self { session, alarm, .. } = self;
            ready!(alarm.poll_session(cx.waker(), session, &mut wait.deadline, is_closing))?;
        }
    }
}
