//! A connection as its senders use it: alone, or shared with other tasks.

use std::future::poll_fn;
use std::task::{Context, Poll};

use super::attempt::{Attempt, SharedWait};
use super::driver::Driver;
use super::io::{Clock, Stream};
use super::shared::Shared;
use crate::adapter::Error;
use crate::adapter::waiters::Need;

/// The driver, and whether other tasks use it too.
pub(super) enum Handle<'a, S, C> {
    Alone(&'a mut Driver<S, C>),
    Shared(&'a Shared<S, C>),
}

impl<S: Stream, C: Clock> Handle<'_, S, C> {
    /// Works with the driver. A write that makes no progress before the deadline is an error.
    #[inline]
    pub(super) fn poll_work<T>(
        &mut self,
        cx: &mut Context<'_>,
        wait: &mut SharedWait<C>,
        work: impl FnMut(&mut Driver<S, C>, Attempt<'_>) -> Poll<Result<T, Error>>,
    ) -> Poll<Result<T, Error>> {
        match self {
            Self::Alone(driver) => driver.poll_alone(cx, &mut wait.wait, work),
            Self::Shared(shared) => shared.poll_sender(cx, wait, work),
        }
    }

    /// Does something with the driver, and writes what the stream accepts at once.
    pub(super) fn act<T>(&mut self, act: impl FnOnce(&mut Driver<S, C>) -> T) -> T {
        match self {
            Self::Alone(driver) => driver.act(std::task::Waker::noop().into(), act),
            Self::Shared(shared) => shared.act(act),
        }
    }

    /// Writes everything that was queued when the wait began, by any sender.
    pub(super) fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        wait: &mut SharedWait<C>,
    ) -> Poll<Result<(), Error>> {
        self.poll_work(cx, wait, |driver, attempt| {
            let position = match *attempt.need {
                Need::Flushed(position) => position,
                _ => driver.session.queued_position(),
            };
            *attempt.need = Need::Flushed(position);
            driver.poll_flush_to(attempt.wakers, position)
        })
    }

    pub(super) async fn flush(mut self) -> Result<(), Error> {
        let mut wait = SharedWait::default();
        poll_fn(|cx| self.poll_flush(cx, &mut wait)).await
    }
}
