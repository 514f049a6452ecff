//! [`Session`]: an open connection, its timer, its bounds and the state of its stream.

use core::fmt;
use core::time::Duration;

use bytes::{Buf, BufMut};

use super::admission::Admission;
use super::backpressure::Backpressure;
use super::shutdown::Step;
use super::stream::{Next, StreamState};
use super::writes::WriteDeadline;
use crate::connection::{Closed, Connection, Event, EventRef, Role, State};
use crate::timing::{Due, SharedTimeouts, TimedOut, Timeouts, Timer};

/// A [`Connection`] with deadlines, keep-alive, backpressure and a clean end, and still no I/O: see
/// the [module](super).
///
/// `now` is the time since an epoch of the caller's. It must not run backwards.
pub struct Session {
    pub(crate) connection: Connection,
    pub(super) timer: Timer,
    pub(super) admission: Admission,
    pub(super) stream: StreamState,
    /// Bytes arrived that the timer was not told of yet.
    unreported_read: bool,
    /// Events may be left: `next` does not answer `Read`, and does not judge the peer's silence.
    unread: bool,
    /// A ping was answered, and the pong may not be written yet.
    pub(super) reply_pending: bool,
    /// The closing handshake timed out.
    close_timed_out: bool,
    /// For [`next`](Self::next).
    write_deadline: WriteDeadline,
}

impl Session {
    /// A session on a connection whose opening handshake is done.
    #[must_use]
    pub fn new(connection: Connection, timeouts: Timeouts, now: Duration) -> Self {
        Self::with_shared(connection, timeouts.into(), Backpressure::default(), now)
    }

    pub(crate) fn with_shared(
        connection: Connection,
        timeouts: SharedTimeouts,
        backpressure: Backpressure,
        now: Duration,
    ) -> Self {
        let mut timer = Timer::with_shared(timeouts, now);
        timer.set_state(connection.state(), now);
        Self {
            // The opening handshake may have left some.
            unread: !connection.needs_input(),
            connection,
            timer,
            admission: Admission { backpressure, ..Admission::default() },
            stream: StreamState::default(),
            unreported_read: false,
            reply_pending: false,
            close_timed_out: false,
            write_deadline: WriteDeadline::default(),
        }
    }

    // The question.

    /// Returns what to do with the stream now. [`Next`] says what to report afterwards.
    ///
    /// Take the events with [`receive`](Self::receive) first, until it returns `None` or
    /// [`Event::Closed`]. Before that the answer is not [`Next::Read`], and of an open connection
    /// only a stalled write has a deadline: the peer may be alive.
    ///
    /// # Errors
    ///
    /// [`TimedOut::KeepAlive`] and [`TimedOut::Close`]: the connection is over, and the next answer
    /// is [`Next::Done`]. [`TimedOut::Write`] and [`TimedOut::Idle`] are returned once, and begin
    /// anew if the caller goes on.
    pub fn next(&mut self, now: Duration) -> Result<Next, TimedOut> {
        self.before_read(|| now)?;
        // Events that were not taken stop reading: so the input is bounded as the output is.
        let unread = self.unread;
        loop {
            match self.next_action() {
                Some(Next::Read) if unread => {}
                Some(next) => return Ok(next),
                None => {}
            }
            let mut write_deadline = self.write_deadline;
            let wait = if unread && self.state() == State::Open {
                self.report_reads(now);
                self.check_write(now, &mut write_deadline).map(Wait::Until)
            } else {
                self.wait(now, &mut write_deadline, true)
            };
            self.write_deadline = write_deadline;
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

    // Reports.

    /// Where received bytes are appended; [`bytes_received`](Self::bytes_received) reports them.
    pub fn input(&mut self) -> &mut (impl BufMut + use<>) {
        self.connection.input()
    }

    /// Reports that bytes were read from the stream.
    pub const fn bytes_received(&mut self) {
        // Bytes after the end of the connection are discarded, not events.
        self.unread = self.connection.closed().is_none();
        self.note_read();
    }

    #[inline]
    pub(crate) const fn note_read(&mut self) {
        self.unreported_read = true;
    }

    /// Appends bytes that were read from the stream.
    pub fn received(&mut self, bytes: &[u8]) {
        self.input().put_slice(bytes);
        self.bytes_received();
    }

    /// Reports that the stream has no bytes now.
    pub const fn read_would_block(&mut self) {
        self.stream.read_blocked = true;
    }

    /// Reports the end of the stream, or a reset: nothing more will be received.
    pub fn end_input(&mut self) {
        self.unread = true;
        self.connection.end_input();
        self.stream.shutdown.end_input();
    }

    /// Bytes to write: see [`Connection::output`].
    #[inline]
    pub fn output(&mut self) -> &mut (impl Buf + use<>) {
        self.connection.output()
    }

    /// Reports that the stream has accepted bytes, and takes them off the output.
    #[inline]
    pub fn wrote(&mut self, count: usize) {
        self.connection.output().advance(count);
        self.stream.writes.wrote(count);
    }

    /// Reports that the stream has flushed all it was given. A stream that does not buffer is always
    /// flushed.
    #[inline]
    pub const fn flushed(&mut self) {
        self.stream.writes.flush_done();
        self.reply_pending = false;
    }

    /// Reports that the stream accepts nothing now.
    pub fn write_would_block(&mut self, now: Duration) {
        self.write_stalled(|| now);
    }

    #[inline]
    pub(crate) fn write_stalled(&mut self, now: impl FnOnce() -> Duration) {
        self.stream.writes.would_block(now);
    }

    /// Reports that writing has failed. Nothing more will be written, but the session still wants to
    /// read: the peer's last messages and its Close may have arrived.
    pub const fn write_failed(&mut self) {
        self.stream.writes.fail();
    }

    /// Reports that the write half of the stream is shut down, or can't be.
    pub fn write_half_shut_down(&mut self) {
        self.stream.shutdown.write_half_shut_down();
    }

    /// Reports that the stream is ready: it may accept bytes, and have some, again.
    #[inline]
    pub const fn stream_ready(&mut self) {
        self.stream.unblock();
    }

    /// Whether the stream is to be read from: the interest to register with an event loop, once the
    /// answer is [`Next::Wait`]. Not while events are left untaken.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        !self.unread && !self.stream.shutdown.input_ended() && !self.is_done()
    }

    /// Whether the stream is to be written to: the interest to register with an event loop, once the
    /// answer is [`Next::Wait`].
    #[must_use]
    pub fn wants_write(&self) -> bool {
        match self.stream.shutdown.step() {
            Step::Flush => self.has_unwritten() && !self.stream.writes.has_failed(),
            Step::ShutdownWrite => true,
            Step::Drain | Step::Done => false,
        }
    }

    /// Whether output is left that the stream has not accepted, or not flushed.
    #[inline]
    pub(crate) fn has_unwritten(&self) -> bool {
        self.connection.wants_write() || self.stream.writes.is_unflushed()
    }

    /// Ends the session without a closing handshake. Messages that were not taken are discarded, but
    /// [`Event::Closed`] is still received. The next answer is [`Next::Done`].
    pub fn abort(&mut self) {
        // Events that were pushed back can still be received too.
        self.connection.abort();
        self.stream.shutdown.finish();
    }

    // Receiving.

    /// Returns the next event: see [`Connection::receive`].
    pub fn receive(&mut self, now: Duration) -> Option<Event> {
        let event = self.connection.receive();
        self.unread = event.as_ref().is_some_and(|event| !matches!(event, Event::Closed(_)));
        if let Some(event) = &event {
            self.other_received(event, || now);
        }
        event
    }

    /// Returns the next event out of bytes in a buffer of the caller's: see
    /// [`Connection::receive_from`].
    #[inline]
    pub fn receive_from<'a>(
        &mut self,
        received: &mut &'a mut [u8],
        now: Duration,
    ) -> Option<EventRef<'a>> {
        let event = self.receive_from_at(received, || now);
        self.unread =
            event.as_ref().is_some_and(|event| !matches!(event, EventRef::Other(Event::Closed(_))));
        event
    }

    /// As [`receive_from`](Self::receive_from), with a clock that is read only where it matters.
    #[inline(always)]
    pub(crate) fn receive_from_at<'a>(
        &mut self,
        received: &mut &'a mut [u8],
        now: impl FnOnce() -> Duration,
    ) -> Option<EventRef<'a>> {
        let event = self.connection.receive_from(received)?;
        match &event {
            EventRef::Message(_) => self.message_received(now),
            EventRef::Other(event) => self.other_received(event, now),
        }
        Some(event)
    }

    #[inline(always)]
    pub(crate) fn message_received(&mut self, now: impl FnOnce() -> Duration) {
        if self.timer.timeouts().idle.is_some() {
            self.timer.message_received(now());
        }
    }

    pub(crate) fn other_received(&mut self, event: &Event, now: impl FnOnce() -> Duration) {
        match event {
            Event::Message(_) | Event::Chunk(_) => self.message_received(now),
            Event::Pong(payload) => self.timer.pong_received(payload, now()),
            Event::Ping(_) => self.reply_pending = true,
            Event::Closed(_) => {}
        }
    }

    // The time.

    /// To be called before the stream is read: a handshake whose deadline has passed is given a
    /// bounded number of reads.
    #[inline(always)]
    pub(crate) fn before_read(&mut self, now: impl Fn() -> Duration) -> Result<(), TimedOut> {
        if self.timer.state() == State::Open && self.connection.state() == State::Open {
            return Ok(());
        }
        let now = now();
        self.update_state(now);
        let late = self.stream.check_late_read(&self.timer, now);
        late.or_else(|error| self.expire(error))
    }

    /// Reports the state of the connection to the timer.
    #[inline]
    pub(crate) fn update_state(&mut self, now: Duration) {
        self.timer.set_state(self.connection.state(), now);
    }

    /// Whether the timer knows another state than the connection's: see
    /// [`update_state`](Self::update_state).
    #[inline]
    pub(crate) fn state_changed(&self) -> bool {
        self.timer.state() != self.connection.state()
    }

    /// Checks the deadlines of a caller that waits for the stream, and acts on those that are due.
    /// `reads` is whether the caller reads: where it does not, the peer may be alive, and only the
    /// write deadline counts.
    pub(crate) fn wait(
        &mut self,
        now: Duration,
        write_deadline: &mut WriteDeadline,
        reads: bool,
    ) -> Result<Wait, TimedOut> {
        self.report_reads(now);
        let write = write_deadline.check(self.stalled_write(), now)?;
        let deadline = self.timer.deadline();
        if deadline.is_none_or(|deadline| now < deadline) {
            return Ok(Wait::Until([deadline, write].into_iter().flatten().min()));
        }
        if !reads {
            return Ok(Wait::Until(write));
        }
        match self.timer.poll(now) {
            Ok(Due::Nothing) => {}
            Ok(Due::Ping) => {
                let payload = self.timer.ping(now);
                let queued = self.connection.ping(payload);
                debug_assert!(queued.is_ok(), "the connection is open");
            }
            Err(error) => self.expire(error)?,
        }
        Ok(Wait::Again)
    }

    /// The write deadline of a caller that does not read.
    pub(crate) fn check_write(
        &self,
        now: Duration,
        write_deadline: &mut WriteDeadline,
    ) -> Result<Option<Duration>, TimedOut> {
        write_deadline.check(self.stalled_write(), now)
    }

    #[cfg(any(feature = "tokio", feature = "futures-io"))]
    pub(crate) const fn is_write_stalled(&self) -> bool {
        self.stream.writes.stalled_since().is_some()
    }

    /// Whether bytes arrived, and so shortly after the last ones that reading the clock for each
    /// message costs more than an early wake-up.
    #[cfg(any(feature = "tokio", feature = "futures-io"))]
    pub(crate) fn is_busy(&self, now: Duration) -> bool {
        self.unreported_read && self.timer.is_busy(now)
    }

    fn stalled_write(&self) -> Option<(Duration, Duration)> {
        self.stream.writes.stalled_since().zip(self.timer.timeouts().write)
    }

    /// Reports to the timer that bytes were read since the last time.
    pub(crate) fn report_reads(&mut self, now: Duration) {
        if core::mem::take(&mut self.unreported_read) {
            self.timer.bytes_received(now);
        }
    }

    /// Acts on a timeout. The close deadline is no error once the closing handshake is done: then
    /// only the shutdown of the stream is cut short.
    fn expire(&mut self, error: TimedOut) -> Result<(), TimedOut> {
        match error {
            TimedOut::Close if self.connection.closed().is_some() => {
                self.stream.shutdown.finish();
                return Ok(());
            }
            TimedOut::Close => self.close_timed_out = true,
            TimedOut::KeepAlive => {}
            _ => return Err(error),
        }
        self.abort();
        Err(error)
    }

    // Looking.

    /// The connection.
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the connection, with everything that was received and not taken, or queued and not
    /// written.
    #[must_use]
    pub fn into_connection(self) -> Connection {
        self.connection
    }

    /// The role of this side.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.connection.role()
    }

    /// The state of the connection.
    #[must_use]
    pub const fn state(&self) -> State {
        self.connection.state()
    }

    /// How the connection was closed, once it is.
    #[must_use]
    pub const fn closed(&self) -> Option<&Closed> {
        self.connection.closed()
    }

    /// Whether the stream can be closed: the connection is over, and its stream shut down.
    #[must_use]
    #[inline]
    pub fn is_done(&self) -> bool {
        self.stream.shutdown.is_done()
    }

    /// The timeouts.
    #[must_use]
    pub fn timeouts(&self) -> &Timeouts {
        self.timer.timeouts()
    }

    /// Time from the latest answered ping to its pong, of a keep-alive ping or one that was asked
    /// for.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.timer.round_trip()
    }

    pub(crate) const fn timer(&self) -> &Timer {
        &self.timer
    }

    pub(crate) const fn close_timed_out(&self) -> bool {
        self.close_timed_out
    }

    #[inline]
    pub(crate) const fn reply_pending(&self) -> bool {
        self.reply_pending
    }
}

/// What a caller that waits has to do.
pub(crate) enum Wait {
    /// Wait until this time, if the stream is not ready before.
    Until(Option<Duration>),
    /// Ask again: a ping was queued, or the session is over.
    Again,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("connection", &self.connection).finish_non_exhaustive()
    }
}
