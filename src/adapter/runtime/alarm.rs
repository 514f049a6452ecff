//! The clock of a connection, and the wake-up that is set on it.
//!
//! Deadlines move with every byte that arrives. So a wake-up that comes before the deadline is not
//! set again, and while it is near, the clock is not even read.

use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use super::io::{self, Clock};
use crate::adapter::Error;
use crate::session::{Session, Wait, WriteDeadline};
use crate::timing::TIMER_TOLERANCE;

pub(super) struct Alarm<C> {
    clock: C,
    /// The wake-up that is set: its time, and its task.
    set: Option<(Duration, Waker)>,
    /// Whether the alarm is so near that bytes need not be reported before it.
    is_near: bool,
}

impl<C: Clock> Alarm<C> {
    pub(super) const fn new(clock: C) -> Self {
        Self { clock, set: None, is_near: false }
    }

    pub(super) const fn clock(&self) -> &C {
        &self.clock
    }

    #[inline]
    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Waits for the next deadline of the session: `Ready` when there is something to do.
    pub(super) fn poll_session(
        &mut self,
        waker: &Waker,
        session: &mut Session,
        mut sender: Option<&mut WriteDeadline>,
        reads: bool,
    ) -> Poll<Result<(), Error>> {
        if let Some(at) = self.may_skip_clock(waker, session) {
            // The bytes arrived before the deadline, however late the next poll is.
            session.report(at);
            return Poll::Pending;
        }
        loop {
            let now = self.now();
            let is_busy = session.is_busy(now) && self.clock.alarm_is_pending();
            match session.wait(now, sender.as_deref_mut(), reads)? {
                Wait::Again => return Poll::Ready(Ok(())),
                Wait::Until(None) => return Poll::Pending,
                Wait::Until(Some(deadline)) => {
                    let soon = session.timer().read_slack().map(|slack| now.saturating_add(slack));
                    let wake = soon.filter(|_| is_busy).map_or(deadline, |soon| soon.min(deadline));
                    ready!(self.poll_alarm(waker, now, wake, soon))?;
                }
            }
        }
    }

    /// Waits for a deadline.
    pub(super) fn poll_until(
        &mut self,
        waker: &Waker,
        deadline: Duration,
    ) -> Poll<Result<(), Error>> {
        self.poll_alarm(waker, self.now(), deadline, None)
    }

    /// When the alarm wakes this task, if the time need not be known before: the alarm is near, no
    /// other deadline is, and the bytes that were read since only postpone a ping.
    fn may_skip_clock(&self, waker: &Waker, session: &Session) -> Option<Duration> {
        let (at, set) = self.set.as_ref().filter(|_| self.is_near)?;
        (set.will_wake(waker)
            && !session.is_write_stalled()
            && session.timer().read_slack().is_some()
            && self.clock.alarm_is_pending())
        .then_some(*at)
    }

    /// Sets the alarm, unless it is set for this task no later than that.
    fn poll_alarm(
        &mut self,
        waker: &Waker,
        now: Duration,
        deadline: Duration,
        soon: Option<Duration>,
    ) -> Poll<Result<(), Error>> {
        let (at, is_set) = match &self.set {
            Some((at, set)) if now + TIMER_TOLERANCE < *at && *at <= deadline => {
                (*at, set.will_wake(waker))
            }
            _ => (deadline, false),
        };
        self.is_near = soon.is_some_and(|soon| at <= soon);
        if is_set {
            return Poll::Pending;
        }
        let slept = io::poll_until(&mut self.clock, &mut Context::from_waker(waker), at);
        self.set = slept.is_pending().then(|| (at, waker.clone()));
        slept
    }
}
