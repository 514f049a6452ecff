//! The driver that the halves of a connection share, behind a mutex.
//!
//! A broadcast sends through one connection after the other, whose memory is in no near cache. So
//! the fields that a send uses are next to each other, and `repr(C)` keeps them there: in this
//! type, and in the types inside.
//!
//! The mutex is held while bytes are processed, never while a task waits or the application runs.
//! The half that is polled moves all bytes that can be moved, those of the other half too.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};
#[cfg(feature = "tokio")]
use std::vec::Vec;

use super::closable::Closable;
#[cfg(feature = "tokio")]
use super::closing::Idle;
use super::driver::Driver;
use super::io::{self, Clock, Stream};
use super::wait::{Queued, SenderPoll, SharedWait, Wakers};
use crate::adapter::Error;
use crate::adapter::replies::SharedSession;
use crate::adapter::waiters::{Turn, Waiters};
use crate::connection::{State, Stats};
use crate::session::{Facts, Session};

/// A driver whose stream is closed when the connection ends, even if senders still hold it.
type Closing<S, C> = Driver<Closable<S>, C>;

#[repr(C)]
pub(super) struct SharedDriver<S, C> {
    /// Wakes the waiters.
    waker: Waker,
    #[cfg(feature = "tokio")]
    pub(super) idle: Idle,
    pub(super) waiters: Arc<Waiters>,
    driver: Mutex<Closing<S, C>>,
}

/// The state that the receiver depends on, to be compared after a sender has changed it.
#[derive(PartialEq)]
struct ForReceiver {
    state: State,
    ping_end: u64,
    is_done: bool,
    /// Whether bytes are queued that were not offered to the stream.
    wants_write: bool,
}

impl ForReceiver {
    fn of<S, C>(driver: &Driver<S, C>) -> Self {
        let session = &driver.session;
        Self {
            state: session.state(),
            ping_end: session.ping_end(),
            is_done: session.is_done(),
            wants_write: session.has_unwritten() && !session.is_write_stalled(),
        }
    }

    /// Whether the receiver has to wake up: for a new deadline, the end, or to write fed messages.
    fn changed_to(&self, now: &Self) -> bool {
        (self.state, self.ping_end, self.is_done) != (now.state, now.ping_end, now.is_done)
            || (now.wants_write && !self.wants_write)
    }
}

fn can_send(session: &Session) -> bool {
    session.state() == State::Open && !session.is_done()
}

impl<S, C> SharedDriver<S, C> {
    pub(super) fn new(driver: Closing<S, C>) -> Self {
        let waiters = Arc::<Waiters>::default();
        Self {
            driver: Mutex::new(driver),
            waker: Waker::from(Arc::clone(&waiters)),
            waiters,
            #[cfg(feature = "tokio")]
            idle: Idle::default(),
        }
    }

    pub(super) fn into_driver(self) -> Closing<S, C> {
        self.driver.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ignores poisoning: the driver is consistent between any two calls.
    pub(super) fn lock(&self) -> MutexGuard<'_, Closing<S, C>> {
        self.driver.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, and wakes those that can continue.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Closing<S, C>) -> T) -> T {
        let mut driver = self.lock();
        let before = ForReceiver::of(&driver);
        let done = change(&mut driver);
        self.unlock(driver, Some(&before));
        done
    }

    /// Wakes those that can continue, with the driver unlocked.
    #[inline]
    fn unlock(&self, driver: MutexGuard<'_, Closing<S, C>>, before: Option<&ForReceiver>) {
        let receiver = before.is_some_and(|before| before.changed_to(&ForReceiver::of(&driver)));
        if receiver || self.waiters.is_busy() || !can_send(&driver.session) {
            self.unlock_and_wake(driver, receiver);
        }
    }

    #[inline(never)]
    fn unlock_and_wake(&self, driver: MutexGuard<'_, Closing<S, C>>, receiver: bool) {
        let woken = self.waiters.update(Facts::of(&driver.session), receiver);
        #[cfg(feature = "tokio")]
        let idle = if can_send(&driver.session) { Vec::new() } else { self.idle.end() };
        drop(driver);
        woken.into_iter().for_each(Waker::wake);
        #[cfg(feature = "tokio")]
        idle.into_iter().for_each(Waker::wake);
    }
}

impl<S, C: Clock> SharedDriver<S, C> {
    pub(super) fn stats(&self) -> Stats {
        let driver = self.lock();
        driver.session.stats(driver.alarm.now())
    }
}

impl<S: Stream, C: Clock> SharedDriver<S, C> {
    /// Ends the connection, and drops the stream.
    pub(super) fn abort(&self) {
        // With the driver unlocked: dropping the stream may run code of the application.
        drop(self.change(|driver| {
            driver.session.abort();
            (mem::take(&mut driver.read_buffer), driver.stream.take())
        }));
    }

    /// Changes something, and writes what the stream accepts at once.
    pub(super) fn act<T>(&self, act: impl FnOnce(&mut Closing<S, C>) -> T) -> T {
        self.change(|driver| {
            let flush_first = self.waiters.begin();
            let waker = &self.waker;
            let wakers = Wakers { task: waker, read: waker, write: waker, flush_first };
            driver.act(wakers, act)
        })
    }

    /// Polls for the receiver.
    pub(super) fn poll_receiver<T>(
        &self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Closing<S, C>, Wakers<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let mut driver = self.lock();
        let turn = self.waiters.begin_receiver(cx.waker());
        let flush_first = turn.flush_first;
        let task = cx.waker();
        let polled =
            poll(&mut driver, Wakers { task, read: task, write: &self.waker, flush_first });
        let _released = polled.is_ready().then(|| self.waiters.finish_receiver(&turn));
        self.unlock(driver, None);
        polled
    }
}

impl<S: Stream, C: Clock> SharedDriver<S, C> {
    /// Polls for one of the senders, whose write deadline is its own.
    pub(super) fn poll_sender<T>(
        &self,
        cx: &mut Context<'_>,
        wait: &mut SharedWait<C>,
        mut work: impl FnMut(&mut Closing<S, C>, SenderPoll<'_>) -> Poll<Result<T, Error>>,
    ) -> Poll<Result<T, Error>> {
        loop {
            let mut driver = self.lock();
            let before = ForReceiver::of(&driver);
            driver.update_state();
            let place = wait.queued.as_ref().and_then(|queued| queued.place);
            let turn = self.waiters.begin_sender(place, cx.waker());
            let flush_first = turn.flush_first;
            let wakers =
                Wakers { task: cx.waker(), read: &self.waker, write: &self.waker, flush_first };
            let failed =
                turn.must_write && matches!(driver.poll_flush(wakers), Poll::Ready(Err(_)));
            let Turn { is_first, may_have_permit, .. } = turn;
            let poll = SenderPoll { wakers, is_first, may_have_permit, need: &mut wait.wait.need };
            if let Poll::Ready(done) = work(&mut driver, poll) {
                let finished =
                    wait.queued.as_mut().map(|queued| self.waiters.finish(&mut queued.place));
                wait.wait.deadline.restart();
                self.unlock(driver, Some(&before));
                let pass_on = finished.is_some_and(|(_, pass_on)| pass_on);
                // A stream that has failed wakes no task: the next sender has to find the error.
                let failed = failed || matches!(done, Err(Error::Io(_) | Error::ConnectionLost));
                if pass_on || failed {
                    self.waiters.wake_by_ref();
                }
                return Poll::Ready(done);
            }
            let queued = wait.queued.get_or_insert_with(|| {
                let (waiters, clock) = (Arc::clone(&self.waiters), driver.alarm.clock().clone());
                Queued { place: None, waiters, clock }
            });
            let (need, is_detached) = (wait.wait.need, wait.is_detached);
            let (_released, ready) =
                self.waiters.register(&mut queued.place, need, cx.waker(), is_detached);
            let now = driver.alarm.now();
            let deadline = driver.session.check_wait(need, now, &mut wait.wait.deadline);
            self.unlock(driver, Some(&before));
            if ready {
                cx.waker().wake_by_ref();
            }
            let waited = match deadline {
                Ok(None) => return Poll::Pending,
                Ok(Some(deadline)) => ready!(io::poll_until(&mut queued.clock, cx, deadline)),
                Err(error) => Err(error.into()),
            };
            if let Err(error) = waited {
                self.waiters.leave(&mut queued.place);
                return Poll::Ready(Err(error));
            }
        }
    }
}

impl<S: Stream, C: Clock> SharedSession for SharedDriver<S, C> {
    fn with(&self, access: &mut dyn FnMut(&mut Session)) {
        self.change(|driver| access(&mut driver.session));
    }
}
