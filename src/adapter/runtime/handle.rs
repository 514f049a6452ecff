//! A connection as its senders use it: alone, or shared with other tasks.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::driver::Driver;
use super::io::{Clock, Stream};
use super::shared::SharedDriver;
use super::wait::SharedWait;
use crate::adapter::Error;
use crate::connection::SendError;
use crate::session::{Attempt, AttemptError, Outcome, Session};

/// The driver, and whether other tasks use it too.
pub(super) enum Handle<'a, S, C> {
    Alone(&'a mut Driver<S, C>),
    Shared(&'a SharedDriver<S, C>),
}

impl<S: Stream, C: Clock> Handle<'_, S, C> {
    /// Repeats an attempt until it is done. A write that makes no progress before the deadline is
    /// an error.
    #[inline]
    pub(super) fn poll_attempt<T>(
        &mut self,
        cx: &mut Context<'_>,
        wait: &mut SharedWait<C>,
        mut attempt: impl FnMut(&mut Attempt<'_>) -> Result<Outcome<T>, AttemptError>,
    ) -> Poll<Result<T, Error>> {
        match self {
            Self::Alone(driver) => driver.poll_alone(cx, &mut wait.wait, |driver, poll| {
                driver.poll_attempt(poll, &mut attempt)
            }),
            Self::Shared(shared) => {
                shared.poll_sender(cx, wait, |driver, poll| driver.poll_attempt(poll, &mut attempt))
            }
        }
    }

    /// As [`poll_attempt`](Self::poll_attempt), as a future.
    pub(super) async fn attempt<T>(
        mut self,
        mut attempt: impl FnMut(&mut Attempt<'_>) -> Result<Outcome<T>, AttemptError>,
    ) -> Result<T, Error> {
        let mut wait = SharedWait::default();
        poll_fn(|cx| self.poll_attempt(cx, &mut wait, &mut attempt)).await
    }

    /// Does something with the session, and writes what the stream accepts at once.
    pub(super) fn act<T>(&mut self, act: impl FnOnce(&mut Session) -> T) -> T {
        match self {
            Self::Alone(driver) => {
                driver.act(Waker::noop().into(), |driver| act(&mut driver.session))
            }
            Self::Shared(shared) => shared.act(|driver| act(&mut driver.session)),
        }
    }

    pub(super) fn now(&self) -> Duration {
        match self {
            Self::Alone(driver) => driver.alarm.now(),
            Self::Shared(shared) => shared.lock().alarm.now(),
        }
    }

    /// Queues something, and writes it.
    pub(super) async fn queue_and_flush<T>(
        mut self,
        queue: impl FnOnce(&mut Session) -> Result<T, SendError>,
    ) -> Result<T, Error> {
        let queued = self.act(queue)?;
        self.flush().await?;
        Ok(queued)
    }

    /// Writes everything that is queued at the first poll, by any sender.
    pub(super) async fn flush(self) -> Result<(), Error> {
        self.attempt(|attempt| Ok(attempt.flush())).await
    }
}
