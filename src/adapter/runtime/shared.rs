//! The driver that the halves of a connection share, behind a mutex.
//!
//! The mutex is held while bytes are processed, never while a task waits or the application runs.
//! Whichever half is polled moves all bytes that can be moved, those of the other half too.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use super::attempt::Attempt;
use super::driver::{Driver, Wakers};
use super::io::{Clock, Stream};
use super::wait::{Sealed, SharedWait};
use crate::adapter::Error;
use crate::adapter::replies::SharedSession;
use crate::adapter::waiters::{Facts, Waiters};
use crate::connection::State;
use crate::session::Session;

pub(super) struct Shared<S, C> {
    driver: Mutex<Driver<S, C>>,
    pub(super) waiters: Arc<Waiters>,
}

/// What the receiver has to act on, when a sender changes it.
#[derive(PartialEq)]
struct ForReceiver {
    state: State,
    pings: u64,
    is_done: bool,
    wants_write: bool,
}

impl ForReceiver {
    fn of<S, C>(driver: &Driver<S, C>) -> Self {
        let session = &driver.session;
        Self {
            state: session.state(),
            pings: session.timer().last_ping(),
            is_done: session.is_done(),
            wants_write: session.wants_write(),
        }
    }

    /// Whether the receiver has to wake up: for a new deadline, the end, or to write what was fed.
    fn changed_to(&self, now: &Self) -> bool {
        (self.state, self.pings, self.is_done) != (now.state, now.pings, now.is_done)
            || (now.wants_write && !self.wants_write)
    }
}

impl<S, C> Shared<S, C> {
    pub(super) fn new(driver: Driver<S, C>) -> Self {
        Self { driver: Mutex::new(driver), waiters: Arc::default() }
    }

    pub(super) fn into_driver(self) -> Driver<S, C> {
        self.driver.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// A task that panicked left nothing half done: the driver is whole between any two calls.
    pub(super) fn lock(&self) -> MutexGuard<'_, Driver<S, C>> {
        self.driver.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, and wakes those that can continue.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Driver<S, C>) -> T) -> T {
        let mut driver = self.lock();
        let before = ForReceiver::of(&driver);
        let done = change(&mut driver);
        self.unlock(driver, Some(&before));
        done
    }

    /// Wakes those that can continue, with the driver unlocked.
    fn unlock(&self, driver: MutexGuard<'_, Driver<S, C>>, before: Option<&ForReceiver>) {
        let facts = Facts::of(&driver.session, driver.receiver_dropped);
        let receiver = before.is_some_and(|before| before.changed_to(&ForReceiver::of(&driver)));
        drop(driver);
        self.waiters.notify(facts, receiver);
    }
}

impl<S: Stream, C: Clock> Shared<S, C> {
    /// Changes something, and writes what the stream accepts at once.
    pub(super) fn act<T>(&self, act: impl FnOnce(&mut Driver<S, C>) -> T) -> T {
        let waker = Waker::from(Arc::clone(&self.waiters));
        self.change(|driver| {
            let done = act(driver);
            driver.update_state();
            self.waiters.begin();
            // An error is met again by whoever waits for the stream.
            let _ = driver.poll_flush((&waker).into());
            done
        })
    }

    /// Polls for the receiver.
    pub(super) fn poll_receiver<T>(
        &self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Driver<S, C>, Wakers<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let waker = Waker::from(Arc::clone(&self.waiters));
        let mut driver = self.lock();
        self.waiters.begin();
        self.waiters.set_receiver(Some(cx.waker()));
        driver.flush_first = self.waiters.first_position().unwrap_or(u64::MAX);
        let polled = poll(&mut driver, Wakers { read: cx.waker(), write: &waker });
        if polled.is_ready() {
            self.waiters.set_receiver(None);
        }
        self.unlock(driver, None);
        polled
    }
}

impl<S: Stream, C: Clock + Clone> Shared<S, C> {
    /// Polls for one of the senders, whose write deadline is its own.
    pub(super) fn poll_sender<T>(
        &self,
        cx: &mut Context<'_>,
        wait: &mut SharedWait<C>,
        mut work: impl FnMut(&mut Driver<S, C>, Attempt<'_>) -> Poll<Result<T, Error>>,
    ) -> Poll<Result<T, Error>> {
        let waker = Waker::from(Arc::clone(&self.waiters));
        loop {
            let mut driver = self.lock();
            let before = ForReceiver::of(&driver);
            driver.update_state();
            driver.flush_first = self.waiters.first_position().unwrap_or(u64::MAX);
            let was_woken = self.waiters.was_woken(wait.place);
            self.waiters.begin();
            if was_woken {
                // It may have been woken to write for others. They meet an error themselves.
                let _ = driver.poll_flush((&waker).into());
            }
            let attempt = Attempt {
                // Once the receiver is dropped, those that wait for the end read.
                wakers: (&waker).into(),
                is_first: self.waiters.is_first(wait.place),
                need: &mut wait.wait.need,
            };
            let worked = work(&mut driver, attempt);
            let deadline = match worked {
                Poll::Ready(_) => {
                    self.waiters.finish(&mut wait.place);
                    wait.wait.deadline.restart();
                    Ok(None)
                }
                Poll::Pending => {
                    wait.waiters.get_or_insert_with(|| Arc::clone(&self.waiters));
                    self.waiters.register(&mut wait.place, wait.wait.need, cx.waker());
                    driver.session.check_write(driver.alarm.now(), &mut wait.wait.deadline)
                }
            };
            if matches!(deadline, Ok(Some(_))) {
                wait.clock.get_or_insert_with(|| driver.alarm.clock().clone());
            }
            self.unlock(driver, Some(&before));
            match (worked, deadline, &mut wait.clock) {
                (Poll::Ready(done), ..) => return Poll::Ready(done),
                (_, Err(error), _) => {
                    self.waiters.leave(&mut wait.place);
                    return Poll::Ready(Err(error.into()));
                }
                (_, Ok(Some(at)), Some(clock)) => ready!(clock.poll_until(cx, at)),
                _ => return Poll::Pending,
            }
        }
    }
}

impl<S: Stream, C: Clock> SharedSession for Shared<S, C> {
    fn with(&self, access: &mut dyn FnMut(&mut Session)) {
        self.change(|driver| access(&mut driver.session));
    }
}

impl<S: Stream, C: Clock + Clone> Sealed for &Shared<S, C> {
    type Stream = S;
    type Clock = C;
    type Wait = SharedWait<C>;

    fn poll_work<T>(
        &mut self,
        cx: &mut Context<'_>,
        wait: &mut SharedWait<C>,
        work: impl FnMut(&mut Driver<S, C>, Attempt<'_>) -> Poll<Result<T, Error>>,
    ) -> Poll<Result<T, Error>> {
        self.poll_sender(cx, wait, work)
    }

    fn act<T>(&mut self, act: impl FnOnce(&mut Driver<S, C>) -> T) -> T {
        Shared::act(self, act)
    }
}
