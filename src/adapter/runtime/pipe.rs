//! An async stream with a clock: moves bytes between it and the four ends, and gives up in time.

use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Buf;

use super::common::Common;
use super::io::{Clock, Stream};
use crate::adapter::window::Window;
use crate::adapter::{Backpressure, Error, is_cut};
use crate::timing::{Due, Keeper, TimedOut};

/// As many buffers as one write takes: beyond that, the next write does.
const MAX_SLICES: usize = 64;

/// A clock may wake a task so much too early: then it is asked again.
const TOO_EARLY: Duration = Duration::from_millis(100);

/// A stream and a clock, and what is to be written and read in time.
pub(super) struct Pipe<S, C> {
    pub(super) stream: S,
    clock: C,
    pub(super) timer: Keeper<Common>,
    pub(super) backpressure: Backpressure,
    /// Whether something was written that the stream may still hold.
    unflushed: bool,
    /// Since when a write has made no progress.
    stalled: Option<Duration>,
    /// Whether something was read since the timer was told that.
    heard: bool,
    /// Until when the clock sleeps, and whom it wakes then.
    alarm: Option<(Duration, Waker)>,
    /// Whether that is so soon that it is early enough to note what is read until then.
    soon: bool,
}

/// Since when somebody has waited for a write, if they do. Whoever goes on when told that it is in
/// vain gives the peer as much time again.
#[derive(Clone, Copy, Default)]
pub(super) struct Patience(Option<Duration>);

impl Patience {
    /// Begins to wait with the next check, whoever may have given up waiting before.
    pub(super) const fn renew(&mut self) {
        self.0 = None;
    }

    /// When the wait is too long, or an error that says that it is.
    pub(super) fn check<S, C>(
        &mut self,
        pipe: &Pipe<S, C>,
        now: Duration,
    ) -> Result<Option<Duration>, TimedOut> {
        let since = *self.0.get_or_insert(now);
        let Some((stalled, timeout)) = pipe.stalled.zip(pipe.timer.timeouts().write) else {
            return Ok(None);
        };
        let deadline = stalled.max(since).saturating_add(timeout);
        if now >= deadline {
            self.renew();
            return Err(TimedOut::Write);
        }
        Ok(Some(deadline))
    }
}

impl<S: Stream, C: Clock> Pipe<S, C> {
    /// Begins the opening handshake's time.
    pub(super) fn new(stream: S, clock: C, timeouts: Common, backpressure: Backpressure) -> Self {
        let timer = Keeper::new(timeouts, clock.now());
        Self {
            stream,
            clock,
            timer,
            backpressure,
            unflushed: false,
            stalled: None,
            heard: false,
            alarm: None,
            soon: false,
        }
    }

    pub(super) const fn clock(&self) -> &C {
        &self.clock
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Whether something was written that the stream may still hold.
    pub(super) const fn is_unflushed(&self) -> bool {
        self.unflushed
    }

    /// Writes all there is. What was written when an error comes is off the buffer.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        output: &mut impl Buf,
    ) -> Poll<Result<(), Error>> {
        while output.has_remaining() {
            // Most often it is one piece, for which filling the array would take longer than
            // finding that out.
            let written = if output.chunk().len() == output.remaining() {
                self.stream.poll_write(cx, &[IoSlice::new(output.chunk())])
            } else {
                let mut slices = [IoSlice::new(&[]); MAX_SLICES];
                let count = output.chunks_vectored(&mut slices);
                self.stream.poll_write(cx, &slices[..count])
            };
            match written {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(Error::ConnectionLost)),
                Poll::Ready(Ok(written)) => {
                    self.stalled = None;
                    self.unflushed = true;
                    output.advance(written);
                }
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(lost_or(error))),
                Poll::Pending => return self.stall_now(),
            }
        }
        loop {
            match self.stream.poll_flush(cx) {
                Poll::Ready(Ok(())) => break,
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(lost_or(error))),
                Poll::Pending => return self.stall_now(),
            }
        }
        (self.stalled, self.unflushed) = (None, false);
        Poll::Ready(Ok(()))
    }

    fn stall_now<T>(&mut self) -> Poll<T> {
        let now = self.now();
        self.stalled.get_or_insert(now);
        Poll::Pending
    }

    /// Reads some bytes, or many in a `large` read, into a window that is empty. False is the end
    /// of the stream, also if it was cut off.
    #[inline(always)]
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        window: &mut Window,
        large: bool,
    ) -> Poll<Result<bool, Error>> {
        debug_assert!(window.is_empty(), "nothing is thrown away");
        *window = Window::new(large);
        let nothing = loop {
            match self.stream.poll_read(cx, window.space()) {
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) if !is_cut(&error) => break Poll::Ready(Err(error.into())),
                Poll::Ready(Ok(0) | Err(_)) => break Poll::Ready(Ok(false)),
                Poll::Ready(Ok(count)) => {
                    self.heard = true;
                    window.fill(count);
                    return Poll::Ready(Ok(true));
                }
                Poll::Pending => break Poll::Pending,
            }
        };
        *window = Window::default();
        nothing
    }

    /// Tells the timer what was read since: a sign of life, however late it is that somebody looks
    /// at the clock.
    pub(super) fn note_heard(&mut self, now: Duration) {
        if mem::take(&mut self.heard) {
            self.timer.heard(now);
        }
    }

    /// Looks at the clock: for when there is nothing to read or to write. Pending if nothing is
    /// due. Where nobody is `listening`, only writes that make no progress are: a peer that is not
    /// heard may have spoken.
    pub(super) fn poll_time(
        &mut self,
        cx: &mut Context<'_>,
        patience: &mut Patience,
        listening: bool,
    ) -> Poll<Result<Due, TimedOut>> {
        if let Some(at) = self.rests(cx) {
            // Not later than that, however long nobody asks again.
            self.note_heard(at);
            return Poll::Pending;
        }
        loop {
            let now = self.now();
            let busy = self.heard && self.timer.is_busy(now) && self.clock.alarm_is_pending();
            self.note_heard(now);
            let stall = patience.check(self, now)?;
            let mut deadline = self.timer.deadline();
            if deadline.is_some_and(|deadline| now >= deadline) {
                if listening {
                    return Poll::Ready(self.timer.poll(now));
                }
                // It is for another task to act on, which the same clock wakes.
                deadline = None;
            }
            let Some(deadline) = [deadline, stall].into_iter().flatten().min() else {
                return Poll::Pending;
            };
            ready!(self.poll_until(cx, now, deadline, busy));
        }
    }

    /// When the clock will wake this task, if until then the time need not be known: it is soon,
    /// nothing is due before, and what was read since brings no deadline closer.
    fn rests(&self, cx: &Context<'_>) -> Option<Duration> {
        let (at, _) =
            self.alarm.as_ref().filter(|(_, waker)| self.soon && waker.will_wake(cx.waker()))?;
        (self.stalled.is_none() && self.timer.slack().is_some() && self.clock.alarm_is_pending())
            .then_some(*at)
    }

    /// Sleeps until then, or less: deadlines move on with every byte that is received, and what
    /// wakes this task earlier need not be set again, nor be forgotten for a later deadline of
    /// another's. Who is `busy` is woken soon, to [rest](Self::rests) until then.
    fn poll_until(
        &mut self,
        cx: &mut Context<'_>,
        now: Duration,
        deadline: Duration,
        busy: bool,
    ) -> Poll<()> {
        let soon = self.timer.slack().map(|slack| now.saturating_add(slack));
        let deadline = soon.filter(|_| busy).map_or(deadline, |soon| soon.min(deadline));
        let (at, is_set) = match &self.alarm {
            Some((at, waker)) if now + TOO_EARLY < *at && *at <= deadline => {
                (*at, waker.will_wake(cx.waker()))
            }
            _ => (deadline, false),
        };
        self.soon = soon.is_some_and(|soon| at <= soon);
        if is_set {
            return Poll::Pending;
        }
        let slept = self.clock.poll_until(cx, at);
        self.alarm = slept.is_pending().then(|| (at, cx.waker().clone()));
        slept
    }
}

/// A stream that was cut off is lost; any other failure is what it is.
fn lost_or(error: io::Error) -> Error {
    if is_cut(&error) { Error::ConnectionLost } else { error.into() }
}
