//! What is known of the stream, and what can be done with it next.

use core::mem;
use core::time::Duration;

use super::shutdown::{Shutdown, Step};
use super::writes::Writes;
use crate::connection::Role;
use crate::timing::{TimedOut, Timer};

/// Reads that are allowed after the deadline of a handshake. Bytes that arrived in time are used,
/// however late they are read; a peer that keeps sending is not read from without end.
const MAX_LATE_READS: u8 = 16;

/// The next action on the stream: the answer of [`Session::next`](super::Session::next).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Write the output. Report `wrote`, `write_would_block` or `write_failed`.
    Write,
    /// Flush the stream, if it buffers. Report `flushed`, `write_would_block` or `write_failed`.
    Flush,
    /// Shut down the write half of the stream. Report `write_half_shut_down`, also if that fails.
    ShutdownWrite,
    /// Read from the stream. Report `received`, `read_would_block` or `end_input`.
    Read,
    /// Wait until the stream is ready for the operation that would block, or until this deadline;
    /// `None` is no deadline.
    Wait(Option<Duration>),
    /// Close the stream: the connection is over.
    Done,
}

#[derive(Debug, Default)]
pub(super) struct StreamState {
    pub(super) writes: Writes,
    pub(super) shutdown: Shutdown,
    /// The stream accepts nothing until it is ready again.
    pub(super) write_blocked: bool,
    /// Writing has failed: nothing more will be written.
    pub(super) write_failed: bool,
    /// The stream has no bytes until it is ready again.
    pub(super) read_blocked: bool,
    /// Bytes arrived that were not reported to the timer yet.
    pub(super) unreported_read: bool,
    late_reads: u8,
}

impl StreamState {
    /// Returns the next action, or `None` to wait for readiness. `closed_as` is our role once the
    /// closing handshake is complete.
    #[inline(always)]
    pub(super) fn next(&mut self, wants_write: bool, closed_as: Option<Role>) -> Option<Next> {
        if let Some(role) = closed_as {
            return self.next_in_shutdown(wants_write, role);
        }
        if !self.write_blocked && !self.write_failed {
            if wants_write {
                return Some(Next::Write);
            }
            if self.writes.is_unflushed() {
                return Some(Next::Flush);
            }
        }
        self.read()
    }

    #[cold]
    fn next_in_shutdown(&mut self, wants_write: bool, role: Role) -> Option<Next> {
        if self.write_failed || (!wants_write && !self.writes.is_unflushed()) {
            self.shutdown.flushed(role);
        }
        if self.write_failed {
            self.shutdown.write_half_shut_down();
        }
        match self.shutdown.step() {
            Step::Done => Some(Next::Done),
            Step::Flush if !self.write_blocked && wants_write => Some(Next::Write),
            Step::Flush if !self.write_blocked => Some(Next::Flush),
            Step::ShutdownWrite if !self.write_blocked => Some(Next::ShutdownWrite),
            _ => self.read(),
        }
    }

    #[inline(always)]
    fn read(&self) -> Option<Next> {
        (!self.read_blocked && !self.shutdown.input_ended()).then_some(Next::Read)
    }

    /// The stream may accept bytes, and have some, again.
    #[inline]
    pub(super) const fn unblock(&mut self) {
        (self.write_blocked, self.read_blocked) = (false, false);
    }

    /// Checks the deadline of a handshake: it is over once enough reads were made after it.
    #[inline]
    pub(super) fn check_late_read(&mut self, timer: &Timer, now: Duration) -> Result<(), TimedOut> {
        let on_time = timer.check_handshake(now);
        let is_late = mem::take(&mut self.unreported_read) && on_time.is_err();
        self.late_reads = self.late_reads.saturating_add(u8::from(is_late));
        if self.late_reads < MAX_LATE_READS { Ok(()) } else { on_time }
    }
}
