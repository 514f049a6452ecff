//! A manually advanced clock, for deadlines that a test does not want to wait for.

use core::mem::take;
use core::task::Waker;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// A clock that stands still until it is advanced. Clones share the time.
///
/// ```
/// # #[cfg(feature = "futures-io")] {
/// use std::pin::pin;
/// use std::task::{Context, Poll, Waker};
/// use std::time::Duration;
///
/// use sansocket::testing::{Chunking, ManualClock, pair};
/// use sansocket::{Error, TimedOut, futures};
///
/// let clock = ManualClock::new();
/// let (_silent, server) = pair(Chunking::Whole);
/// let mut accepting = pin!(futures::accept(server, clock.clone()));
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(accepting.as_mut().poll(&mut cx).is_pending());
/// clock.advance(Duration::from_secs(10));
/// let accepted = accepting.as_mut().poll(&mut cx);
/// assert!(matches!(accepted, Poll::Ready(Err(Error::TimedOut(TimedOut::Handshake)))));
/// # }
/// ```
#[derive(Debug, Default)]
pub struct ManualClock {
    time: Arc<Mutex<Time>>,
    /// Number of this clone.
    #[cfg_attr(
        not(any(feature = "tokio", feature = "futures-io")),
        expect(dead_code, reason = "there are no sleepers")
    )]
    number: usize,
}

#[derive(Debug, Default)]
struct Time {
    now: Duration,
    clones: usize,
    /// The task that sleeps on each clone, and its deadline.
    sleepers: Vec<(usize, Duration, Waker)>,
}

impl ManualClock {
    /// A clock at time 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.lock().now
    }

    /// Advances the clock, and wakes the tasks whose deadline has passed.
    ///
    /// What follows from a deadline begins when its task runs. To see a ping time out: advance to
    /// the ping, run the task, and advance to the timeout.
    pub fn advance(&self, by: Duration) {
        let mut time = self.lock();
        let now = time.now.saturating_add(by);
        time.now = now;
        let (due, later): (Vec<_>, Vec<_>) =
            take(&mut time.sleepers).into_iter().partition(|(_, deadline, _)| *deadline <= now);
        time.sleepers = later;
        drop(time);
        due.into_iter().for_each(|(_, _, sleeper)| sleeper.wake());
    }

    fn lock(&self) -> MutexGuard<'_, Time> {
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for ManualClock {
    fn clone(&self) -> Self {
        let mut time = self.lock();
        time.clones += 1;
        Self { time: self.time.clone(), number: time.clones }
    }
}

#[cfg(any(feature = "tokio", feature = "futures-io"))]
impl crate::adapter::runtime::Clock for ManualClock {
    fn now(&self) -> Duration {
        self.lock().now
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Duration) -> Poll<()> {
        let mut time = self.lock();
        time.sleepers.retain(|(number, ..)| *number != self.number);
        if time.now >= deadline {
            return Poll::Ready(());
        }
        time.sleepers.push((self.number, deadline, cx.waker().clone()));
        Poll::Pending
    }
}
