//! The question that a [`Session`] answers, and the deadlines behind it.

use core::time::Duration;

use super::live::Session;
use super::stream::Next;
use super::writes::WriteDeadline;
use crate::connection::State;
use crate::timing::{Due, TimedOut};

/// What a caller that waits has to do.
pub(crate) enum Wait {
    /// Wait until this time, if the stream is not ready before.
    Until(Option<Duration>),
    /// Ask again: a ping was queued, or the session is over.
    Again,
}

impl Session {
    /// Returns what to do with the stream now. [`Next`] says what to report afterwards.
    ///
    /// [`Next::Wait`] is also for the moment when [`has_ended`](Self::has_ended) becomes true.
    ///
    /// Take the events with [`receive`](Self::receive) first, until it returns `None` or
    /// [`Event::Closed`](crate::Event::Closed). Until then the answer is not [`Next::Read`], and on
    /// an open connection only the write timeout can expire: keep-alive and idle timeouts are
    /// suspended, because what proves that the peer is alive may not have been read.
    ///
    /// # Errors
    ///
    /// [`TimedOut::KeepAlive`], [`TimedOut::Message`] and [`TimedOut::Close`]: the connection is
    /// over, and the next answer is [`Next::Done`]. [`TimedOut::Write`] and [`TimedOut::Idle`] are
    /// returned once; calling `next` again restarts their time.
    pub fn next(&mut self, now: Duration) -> Result<Next, TimedOut> {
        self.before_read(|| now)?;
        // Events that were not taken stop reading: so the input is bounded as the output is.
        let unread = self.unread;
        loop {
            match self.next_action() {
                Some(Next::Read) if unread => {}
                Some(Next::Read) => {
                    self.check_write_of_receiver(|| now)?;
                    return Ok(Next::Read);
                }
                Some(next) => return Ok(next),
                None => {}
            }
            let wait = if unread && self.state() == State::Open {
                self.report(now);
                let stalled = self.stalled_write();
                let checked = self.write_deadline.check(stalled, now);
                self.traced(checked).map(Wait::Until)
            } else {
                self.wait(now, None, true)
            };
            match wait? {
                Wait::Until(deadline) => return Ok(Next::Wait(deadline)),
                Wait::Again => {}
            }
        }
    }

    /// Returns what to do with the stream now, but for waiting: `None` is [`Next::Wait`].
    #[inline(always)]
    pub(crate) fn next_action(&mut self) -> Option<Next> {
        let closed = self.connection.closed().map(|_| self.connection.role());
        self.stream.next(self.connection.wants_write(), closed)
    }

    /// To be called before the stream is read: a handshake whose deadline has passed is given a
    /// bounded number of reads.
    #[inline(always)]
    pub(crate) fn before_read(&mut self, now: impl Fn() -> Duration) -> Result<(), TimedOut> {
        if self.timer.state() == State::Open && self.connection.state() == State::Open {
            return Ok(());
        }
        let now = now();
        self.update_state(now);
        self.report_writes(now);
        self.check_end(now);
        let late = self.stream.check_late_read(&self.timer, now);
        late.or_else(|error| self.expire(error))
    }

    /// Checks the deadlines of a caller that waits for the stream, and acts on those that are due.
    /// A caller that sends has a write deadline of its own.
    ///
    /// `reads` is whether the caller reads. Where it does not, the peer may be alive: of the timer,
    /// only the deadline of the closing handshake counts, and it is left to the caller that reads.
    #[inline]
    pub(crate) fn wait(
        &mut self,
        now: Duration,
        sender: Option<&mut WriteDeadline>,
        reads: bool,
    ) -> Result<Wait, TimedOut> {
        self.report(now);
        let stalled = self.stalled_write();
        let checked = sender.unwrap_or(&mut self.write_deadline).check(stalled, now);
        let write = self.traced(checked)?;
        if !reads {
            self.timer.check_handshake(now)?;
            let close = self.deadline_of_closing(now);
            return Ok(Wait::Until(earlier(close, write)));
        }
        let deadline = self.timer.deadline();
        if deadline.is_none_or(|deadline| now < deadline) {
            if self.state() == State::Closed {
                return Ok(self.wait_for_end(now));
            }
            return Ok(Wait::Until(earlier(deadline, write)));
        }
        match self.timer.poll(now) {
            Ok(Due::Nothing) => {}
            Ok(Due::Ping) => {
                let queued = self.ping(now);
                debug_assert!(queued.is_ok(), "the connection is open");
            }
            Err(error) => self.expire(error)?,
        }
        Ok(Wait::Again)
    }

    /// Waits until the end of the connection is to be reported, and then until the stream is to be
    /// closed.
    #[cold]
    fn wait_for_end(&mut self, now: Duration) -> Wait {
        let had_ended = self.has_ended();
        let deadline = self.deadline_of_closing(now);
        if self.has_ended() == had_ended { Wait::Until(deadline) } else { Wait::Again }
    }

    /// The next deadline of a connection that is not open any more.
    pub(super) fn deadline_of_closing(&mut self, now: Duration) -> Option<Duration> {
        if self.state() == State::Open {
            return None;
        }
        earlier(self.timer.deadline(), self.check_end(now))
    }

    /// Notes that the end of the connection is to be reported, whether or not our Close frame was
    /// written. Until then, returns when that will be.
    fn check_end(&mut self, now: Duration) -> Option<Duration> {
        let deadline = self.timer.end_deadline().filter(|_| !self.has_ended())?;
        self.end_is_due = self.closed().is_some() && now >= deadline;
        (now < deadline).then_some(deadline)
    }

    /// How long a read may block before [`next`](Self::next) is to be asked again, or a call of a
    /// sender, which has a write deadline of its own, before
    /// [`check_deadlines`](Self::check_deadlines). The call is made also after the deadline: bytes
    /// and room that are in the socket are used, however late the caller comes.
    pub(crate) fn deadline_of_call(
        &mut self,
        now: Duration,
        sender: Option<&mut WriteDeadline>,
    ) -> Option<Duration> {
        self.update_state(now);
        self.report(now);
        let reads = sender.is_none();
        // The close deadline holds for a sender too: it may be the only thread there is.
        let timer = match self.state() {
            State::Open if reads => self.timer.deadline(),
            _ => self.deadline_of_closing(now),
        };
        let stalled = self.stalled_write();
        let write = sender.unwrap_or(&mut self.write_deadline).get(stalled, now);
        earlier(timer, write)
    }

    /// Checks the deadlines of a sender after a call has timed out: see [`wait`](Self::wait).
    pub(crate) fn check_deadlines(
        &mut self,
        now: Duration,
        sender: &mut WriteDeadline,
        reads: bool,
    ) -> Result<Wait, TimedOut> {
        self.update_state(now);
        self.wait(now, Some(sender), reads)
    }

    /// The write deadline of a caller that continues to read: a peer that always has bytes does not
    /// suspend it.
    pub(crate) fn check_write_of_receiver(
        &mut self,
        now: impl FnOnce() -> Duration,
    ) -> Result<(), TimedOut> {
        let Some(stalled) = self.stalled_write() else { return Ok(()) };
        let checked = self.write_deadline.check(Some(stalled), now());
        self.traced(checked).map(drop)
    }

    /// A deadline that was checked; an event says if it has passed.
    #[inline]
    pub(super) fn traced<T>(&self, checked: Result<T, TimedOut>) -> Result<T, TimedOut> {
        checked.inspect_err(|timeout| self.trace.timed_out(*timeout))
    }

    #[inline]
    pub(crate) const fn is_write_stalled(&self) -> bool {
        self.stream.writes.stalled_since().is_some()
    }

    /// Whether bytes arrived, and so shortly after the last ones that reading the clock for each
    /// message costs more than an early wake-up.
    #[inline]
    pub(crate) fn is_busy(&self, now: Duration) -> bool {
        self.stream.unreported_read && self.timer.is_busy(now)
    }

    /// When a write stalled, and its timeout. Once the connection is closing, only the deadline of
    /// the closing handshake is left.
    #[inline]
    pub(super) fn stalled_write(&self) -> Option<(Duration, Duration)> {
        let since = self.stream.writes.stalled_since()?;
        self.timer
            .timeouts()
            .write
            .filter(|_| self.state() == State::Open)
            .map(|time| (since, time))
    }

    /// Acts on a timeout. The close deadline is no error once the closing handshake is done: then
    /// only the shutdown of the stream is cut short.
    pub(super) fn expire(&mut self, error: TimedOut) -> Result<(), TimedOut> {
        self.trace.timed_out(error);
        match error {
            TimedOut::Close if self.connection.closed().is_some() => {
                self.stream.shutdown.finish();
                return Ok(());
            }
            TimedOut::Close => self.close_timed_out = true,
            TimedOut::KeepAlive | TimedOut::Message => {}
            _ => return Err(error),
        }
        self.abort();
        Err(error)
    }
}

/// The earlier of two deadlines.
#[inline]
fn earlier(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
