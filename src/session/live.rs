//! [`Session`]: an open connection, its timer, its bounds and the state of its stream.

use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

use bytes::{Buf, BufMut};

use super::admission::Admission;
use super::backpressure::Backpressure;
use super::shutdown::Step;
use super::stream::StreamState;
use super::trace::Trace;
use super::unsent::Unsent;
use super::writes::WriteDeadline;
use crate::connection::{CloseOutcome, Closed, Connection, Role, State, Stats};
use crate::timing::{SharedTimeouts, Timeouts, Timer};

/// A [`Connection`] with deadlines, keep-alive, backpressure and a clean end, and still no I/O: see
/// the [module](super).
///
/// `now` is the time since an epoch of the caller's. It must not run backwards.
// What a send touches comes first, up to that of the connection: on few cache lines.
#[repr(C)]
pub struct Session {
    pub(super) stream: StreamState,
    /// Messages that are not written, if they are kept.
    pub(super) unsent: Option<Box<Unsent>>,
    pub(super) admission: Admission,
    /// Events may be left: `next` does not answer `Read`, and does not judge the peer's silence.
    pub(super) unread: bool,
    /// A ping was answered, and the pong may not be written yet.
    pub(super) reply_pending: bool,
    /// The closing handshake timed out.
    pub(super) close_timed_out: bool,
    /// The end is reported, although our Close frame is not written.
    pub(super) end_is_due: bool,
    /// The timer's state, here so that a send need not fetch the timer's memory to compare it.
    pub(super) timed_state: State,
    /// The position in the output behind the last ping.
    pub(super) ping_end: u64,
    pub(crate) connection: Connection,
    pub(super) timer: Timer,
    /// Write deadline of the caller that receives.
    pub(super) write_deadline: WriteDeadline,
    /// Bytes that were read from the stream.
    received: u64,
    pub(super) trace: Trace,
}

impl Session {
    /// A session on a connection whose opening handshake is done.
    #[must_use]
    #[inline]
    pub fn new(connection: Connection, timeouts: Timeouts, now: Duration) -> Self {
        let trace = Trace::of(&connection);
        Self::with_shared(connection, timeouts.into(), Backpressure::default(), trace, now)
    }

    #[inline]
    pub(crate) fn with_shared(
        connection: Connection,
        timeouts: SharedTimeouts,
        backpressure: Backpressure,
        trace: Trace,
        now: Duration,
    ) -> Self {
        let mut timer = Timer::with_shared(timeouts, now);
        let state = connection.state();
        timer.set_state(state, now);
        Self {
            // The opening handshake may have left some.
            unread: !connection.needs_input(),
            received: connection.unparsed_bytes() as u64,
            connection,
            timer,
            admission: Admission { backpressure, ..Admission::default() },
            stream: StreamState::default(),
            reply_pending: false,
            close_timed_out: false,
            end_is_due: false,
            timed_state: state,
            ping_end: 0,
            write_deadline: WriteDeadline::default(),
            unsent: None,
            trace,
        }
    }

    /// Where received bytes are appended; [`bytes_received`](Self::bytes_received) reports them.
    pub fn input(&mut self) -> &mut (impl BufMut + use<>) {
        self.connection.input()
    }

    /// Reports that so many bytes were read from the stream.
    pub const fn bytes_received(&mut self, count: usize) {
        // Bytes after the end of the connection are discarded, not events.
        self.unread = self.connection.closed().is_none();
        self.note_read(count);
    }

    #[inline]
    pub(crate) const fn note_read(&mut self, count: usize) {
        self.received += count as u64;
        self.stream.unreported_read = true;
    }

    /// Appends bytes that were read from the stream. After the end of the connection, or after
    /// [`end_input`](Self::end_input), they are discarded.
    pub fn received(&mut self, bytes: &[u8]) {
        self.input().put_slice(bytes);
        self.bytes_received(bytes.len());
    }

    /// Reports that the stream has no bytes now.
    pub const fn read_would_block(&mut self) {
        self.stream.read_blocked = true;
    }

    /// Reports the end of the stream, or a reset: nothing more will be received.
    #[inline]
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

    /// Reports that the stream has accepted bytes, and takes them off the output. A stream that
    /// accepts 0 bytes, without saying that it would block, has failed: see
    /// [`write_failed`](Self::write_failed).
    ///
    /// # Panics
    ///
    /// If there is less output.
    #[inline]
    pub fn wrote(&mut self, count: usize) {
        if count == 0 {
            return self.write_failed();
        }
        self.connection.output_written(count);
        self.stream.writes.wrote(count);
        self.trace.wrote();
    }

    /// Reports that the stream has flushed all it was given. A stream that does not buffer is
    /// always flushed.
    #[inline]
    pub fn flushed(&mut self) {
        self.stream.writes.flush_done();
        self.reply_pending = false;
        if let Some(unsent) = &mut self.unsent {
            unsent.written(self.stream.writes.written());
        }
    }

    /// Reports that the stream accepts nothing now. Ignored while there is nothing to write, so
    /// that no write deadline begins.
    pub fn write_would_block(&mut self, now: Duration) {
        if self.has_unwritten() {
            self.write_stalled(|| now);
        } else {
            // The shutdown of the write half may have to wait.
            self.stream.write_blocked = self.closed().is_some();
        }
    }

    #[inline]
    pub(crate) fn write_stalled(&mut self, now: impl FnOnce() -> Duration) {
        self.stream.write_blocked = true;
        self.stream.writes.would_block(now);
        self.trace.write_stalled(self.connection.buffered_amount());
    }

    /// Reports that writing has failed. Nothing more will be written, but the session still wants
    /// to read: the peer's last messages and its Close may have arrived.
    pub const fn write_failed(&mut self) {
        (self.stream.write_failed, self.stream.write_blocked) = (true, false);
        self.stream.writes.end_stall();
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
    /// answer is [`Next::Wait`](super::Next::Wait). Not while events are left untaken.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        !self.unread && !self.stream.shutdown.input_ended() && !self.is_done()
    }

    /// Whether the stream is to be written to: the interest to register with an event loop, once
    /// the answer is [`Next::Wait`](super::Next::Wait).
    #[must_use]
    pub fn wants_write(&self) -> bool {
        match self.stream.shutdown.step() {
            Step::Flush => self.has_unwritten() && !self.stream.write_failed,
            Step::ShutdownWrite => true,
            Step::Drain | Step::Done => false,
        }
    }

    /// Whether output is left that the stream has not accepted, or not flushed.
    #[inline]
    pub(crate) fn has_unwritten(&self) -> bool {
        self.connection.wants_write() || self.stream.writes.is_unflushed()
    }

    /// Whether the end of the connection is to be reported to the application: our Close frame was
    /// written, or the peer's arrived [`Timeouts::close`] ago, so that a peer that does not read
    /// delays nothing. After a violation of the protocol, or the loss of the stream, at once.
    ///
    /// The stream is not shut down yet: [`next`](Self::next) continues with that.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.closed().is_some_and(|closed| match closed.outcome() {
            CloseOutcome::Clean => {
                self.end_is_due || matches!(self.stream.shutdown.step(), Step::Drain | Step::Done)
            }
            CloseOutcome::ProtocolError(_) | CloseOutcome::ConnectionLost => true,
        })
    }

    /// Ends the session without a closing handshake. Messages that were not taken are discarded,
    /// but [`Event::Closed`](crate::Event::Closed) is still received. The next answer is
    /// [`Next::Done`](super::Next::Done).
    pub fn abort(&mut self) {
        // Events that were pushed back can still be received too.
        self.connection.abort();
        self.stream.shutdown.finish();
        self.trace.observe(&self.connection);
    }

    /// The connection.
    #[inline]
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the connection, with everything that was received and not taken, or queued and not
    /// written.
    #[must_use]
    pub fn into_connection(mut self) -> Connection {
        self.trace.end();
        self.connection
    }

    /// The role of this side.
    #[inline]
    #[must_use]
    pub const fn role(&self) -> Role {
        self.connection.role()
    }

    /// The state of the connection.
    #[inline]
    #[must_use]
    pub const fn state(&self) -> State {
        self.connection.state()
    }

    /// How the connection was closed, once it is.
    #[inline]
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

    /// What was received, sent, queued and dropped, in numbers.
    #[must_use]
    pub fn stats(&self, now: Duration) -> Stats {
        let mut stats = self.connection.stats();
        stats.received.bytes = self.received;
        stats.sent.bytes = self.stream.writes.written();
        (stats.dropped, stats.refused) = (self.admission.dropped, self.admission.refused);
        // The timer knows the times of what was reported to it.
        if !self.stream.unreported_read {
            stats.since_read = now.saturating_sub(self.timer.last_read());
        }
        if !self.stream.writes.has_unreported() {
            stats.since_write = now.saturating_sub(self.timer.last_written());
        }
        stats.round_trip = self.timer.round_trip();
        stats
    }

    #[inline]
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

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("connection", &self.connection).finish_non_exhaustive()
    }
}
