//! Drives a [`Session`] on an async stream: takes events, writes, reads, and waits.
//!
//! All progress is in the session, never in a future: a future that is dropped loses nothing.

use std::mem;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::alarm::Alarm;
use super::budget::ReadBudget;
use super::io::{Clock, Stream};
use super::wait::{SenderPoll, SenderWait, Wakers};
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::{Error, output};
use crate::connection::{Closed, Event};
use crate::message::Message;
use crate::session::{Attempt, AttemptError, Need, Outcome, PongProgress, Session};
use crate::timing::TimedOut;

/// The number of skipped events in a row after which a task yields.
pub(super) const MAX_CONTROL_EVENTS: usize = 256;

/// A session on a stream.
#[repr(C)]
pub(super) struct Driver<S, C> {
    pub(super) stream: S,
    pub(super) session: Session,
    pub(super) alarm: Alarm<C>,
    /// Bytes that were read and not passed to the session yet.
    pub(super) read_buffer: ReadBuffer,
    pub(super) budget: ReadBudget,
}

impl<S: Stream, C: Clock> Driver<S, C> {
    #[inline]
    pub(super) fn new(session: Session, stream: S, alarm: Alarm<C>) -> Self {
        Self {
            session,
            stream,
            alarm,
            read_buffer: ReadBuffer::default(),
            budget: ReadBudget::default(),
        }
    }

    /// Receives the next message; `None` after a clean end.
    pub(super) fn poll_recv(&mut self, wakers: Wakers<'_>) -> Poll<Result<Option<Message>, Error>> {
        self.poll_recv_after(wakers, |_| Poll::Ready(()))
    }

    /// As [`poll_recv`](Self::poll_recv), with something to do before each event is taken.
    #[inline(always)]
    pub(super) fn poll_recv_after(
        &mut self,
        wakers: Wakers<'_>,
        mut before: impl FnMut(&mut Self) -> Poll<()>,
    ) -> Poll<Result<Option<Message>, Error>> {
        let mut skipped = 0;
        loop {
            ready!(before(self));
            match self.next_event() {
                Some(Event::Message(message)) => {
                    self.flush_replies(wakers);
                    return Poll::Ready(Ok(Some(message)));
                }
                Some(event) => {
                    Error::skip(&mut self.session, event)?;
                    skipped += 1;
                    if skipped == MAX_CONTROL_EVENTS {
                        self.flush_replies(wakers);
                        wakers.task.wake_by_ref();
                        return Poll::Pending;
                    }
                }
                None if !ready!(self.poll_more(wakers))? => return Poll::Ready(Ok(None)),
                None => {}
            }
        }
    }

    /// Receives the next event; `None` after a clean end.
    pub(super) fn poll_event(&mut self, wakers: Wakers<'_>) -> Poll<Result<Option<Event>, Error>> {
        loop {
            if let Some(event) = self.next_event() {
                self.flush_replies(wakers);
                return Poll::Ready(Ok(Some(event)));
            }
            if !ready!(self.poll_more(wakers))? {
                return Poll::Ready(Ok(None));
            }
        }
    }

    /// Returns the next event of received bytes, except [`Event::Closed`].
    pub(super) fn next_event(&mut self) -> Option<Event> {
        let Self { session, alarm, read_buffer, .. } = self;
        if read_buffer.is_empty() && session.connection.needs_input() {
            return None;
        }
        let event = read_buffer.next(|bytes| session.receive_from_at(bytes, || alarm.now()))?;
        (!matches!(event, Event::Closed(_))).then_some(event)
    }

    /// Waits for more input; `false` after a clean end, once our Close frame was written.
    #[inline(always)]
    pub(super) fn poll_more(&mut self, wakers: Wakers<'_>) -> Poll<Result<bool, Error>> {
        if self.session.closed().is_none() {
            return self.poll_input(wakers).map_ok(|()| true);
        }
        ready!(self.poll_shutdown(wakers, false))?;
        let closed = Error::of_end(&self.session);
        Poll::Ready(closed.map(|()| false))
    }

    /// Writes, and reads. The session is not asked: its answer for an open connection is known.
    #[inline(always)]
    fn poll_input(&mut self, wakers: Wakers<'_>) -> Poll<Result<(), Error>> {
        // A stream that can't be written may still have bytes to read, the peer's Close for
        // example.
        let _ = self.poll_flush(wakers);
        let late = self.session.before_read(|| self.alarm.now());
        late.map_err(|error| self.fail(wakers, error.into()))?;
        match ready!(self.poll_read(wakers)) {
            Poll::Ready(Ok(true)) => {}
            Poll::Ready(Ok(false)) => self.session.end_input(),
            Poll::Ready(Err(error)) => {
                if error.is_final() {
                    self.session.abort();
                }
                return Poll::Ready(Err(error));
            }
            // Deadlines are checked now that there is nothing to read: bytes in the stream show
            // that the peer is alive, however late they are read.
            Poll::Pending => {
                let Self { session, alarm, .. } = self;
                let waited = ready!(alarm.poll_session(wakers.read, session, None, true));
                waited.map_err(|error| self.fail(wakers, error))?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Shuts the stream down after a timeout that ends the connection.
    #[cold]
    fn fail(&mut self, wakers: Wakers<'_>, error: Error) -> Error {
        if self.session.is_done() {
            let _ = self.stream.poll_shutdown(&mut Context::from_waker(wakers.write));
        }
        error
    }

    /// Writes answers before the application works on what it received. The next call returns
    /// the error again.
    pub(super) fn flush_replies(&mut self, wakers: Wakers<'_>) {
        if self.session.reply_pending() {
            let _ = self.poll_flush(wakers);
        }
    }

    /// Waits for the pong to a ping. Other events are kept to be received.
    pub(super) fn poll_pong(
        &mut self,
        wakers: Wakers<'_>,
        (number, sent): (u64, Duration),
    ) -> Poll<Result<Duration, Error>> {
        loop {
            let Self { session, alarm, read_buffer, .. } = self;
            let progress =
                read_buffer.take(|bytes| session.receive_until_pong(number, bytes, || alarm.now()));
            match progress {
                PongProgress::Answered => {
                    return Poll::Ready(Ok(self.alarm.now().saturating_sub(sent)));
                }
                PongProgress::PushbackFull => return Poll::Ready(Err(Error::UnreadMessages)),
                PongProgress::Closed => return Poll::Ready(Err(Error::ConnectionLost)),
                PongProgress::NeedsInput => ready!(self.poll_input(wakers))?,
            }
        }
    }

    /// Receives to the end of the stream and discards the messages. Returns how the connection was
    /// closed.
    pub(super) fn poll_closed(&mut self, wakers: Wakers<'_>) -> Poll<Result<Closed, Error>> {
        for _ in 0..MAX_CONTROL_EVENTS {
            match ready!(self.poll_event(wakers)) {
                Ok(_) | Err(Error::Protocol(_) | Error::ConnectionLost) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            let Some(closed) = self.session.closed().cloned() else { continue };
            ready!(self.poll_shutdown(wakers, true))?;
            let timed_out = self.session.close_timed_out();
            return Poll::Ready(if timed_out { Err(TimedOut::Close.into()) } else { Ok(closed) });
        }
        wakers.task.wake_by_ref();
        Poll::Pending
    }

    /// Polls for the only task that uses the connection.
    #[inline]
    pub(super) fn poll_alone<T>(
        &mut self,
        cx: &mut Context<'_>,
        wait: &mut SenderWait,
        mut work: impl FnMut(&mut Self, SenderPoll<'_>) -> Poll<Result<T, Error>>,
    ) -> Poll<Result<T, Error>> {
        self.update_state();
        loop {
            let wakers = cx.waker().into();
            let need = &mut wait.need;
            let poll = SenderPoll { wakers, is_first: true, may_have_permit: true, need };
            if let Poll::Ready(done) = work(self, poll) {
                wait.deadline.restart();
                return Poll::Ready(done);
            }
            let Self { session, alarm, .. } = self;
            let deadline = Some(&mut wait.deadline);
            ready!(alarm.poll_session(cx.waker(), session, deadline, false))?;
        }
    }

    /// Repeats an attempt until it is done, or has to wait.
    #[inline(always)]
    pub(super) fn poll_attempt<T>(
        &mut self,
        poll: SenderPoll<'_>,
        mut attempt: impl FnMut(&mut Attempt<'_>) -> Result<Outcome<T>, AttemptError>,
    ) -> Poll<Result<T, Error>> {
        let SenderPoll { wakers, is_first, may_have_permit, need } = poll;
        let mut has_written = false;
        loop {
            let Self { session, read_buffer, .. } = self;
            let outcome = attempt(&mut Attempt {
                session,
                unread: Some(read_buffer.bytes()),
                is_first,
                may_have_permit,
                has_written,
                need,
                output_buffer: output::take_block,
            })?;
            match outcome {
                Outcome::Done(done) => return Poll::Ready(Ok(done)),
                Outcome::WriteThen(done) => {
                    return Poll::Ready(match self.poll_flush(wakers) {
                        Poll::Ready(Err(error)) => Err(error),
                        _ => Ok(done),
                    });
                }
                Outcome::FlushThen(done) => {
                    let Need::Flushed(position) = *need else { return Poll::Ready(Ok(done)) };
                    return self.poll_flush_to(wakers, position).map_ok(|()| done);
                }
                // The next flush returns the error again.
                Outcome::WriteOnce => drop(self.poll_flush(wakers)),
                Outcome::Write => ready!(self.poll_room(wakers))?,
                Outcome::WaitForLock => return Poll::Pending,
                Outcome::Wait => return self.poll_flush_waiting(wakers, *need),
            }
            has_written = true;
        }
    }

    /// Writes before a wait for the receiver.
    #[cold]
    fn poll_flush_waiting<T>(&mut self, wakers: Wakers<'_>, need: Need) -> Poll<Result<T, Error>> {
        let flushed = self.poll_flush(wakers);
        // If a Close frame can't be written, the receiver finds out.
        if need != Need::End {
            ready!(flushed)?;
        }
        Poll::Pending
    }

    /// Does something, and writes what the stream accepts at once.
    pub(super) fn act<T>(&mut self, wakers: Wakers<'_>, act: impl FnOnce(&mut Self) -> T) -> T {
        let done = act(self);
        self.update_state();
        // The next call returns the error again.
        let _ = self.poll_flush(wakers);
        done
    }

    /// Queues a ping. Returns its number, and when that was.
    pub(super) fn queue_ping(&mut self) -> Result<(u64, Duration), Error> {
        let now = self.alarm.now();
        Ok((self.session.ping(now)?, now))
    }

    /// Reports a state that the application has changed to the timer.
    #[inline]
    pub(super) fn update_state(&mut self) {
        if self.session.state_changed() {
            self.session.update_state(self.alarm.now());
        }
    }

    /// Returns the same driver with another stream.
    pub(super) fn with_stream<T>(self, change: impl FnOnce(S) -> T) -> Driver<T, C> {
        let Self { session, stream, alarm, read_buffer, budget } = self;
        Driver { session, stream: change(stream), alarm, read_buffer, budget }
    }

    /// Detaches the connection from its adapter: passes it the bytes that were read.
    pub(super) fn detach(&mut self) {
        self.session.connection.detach(mem::take(&mut self.read_buffer).bytes());
    }
}
