//! For callers whose calls block: how long a call may block, and writes that are under way.
//!
//! A call is made first, and the deadlines are checked if it times out. So bytes that are in the
//! socket are read, and room that is in it is used, however late the caller comes.

use alloc::vec::Vec;
use core::time::Duration;

use bytes::Buf;

use super::live::Session;
use super::question::Wait;
use super::writes::WriteDeadline;
use crate::connection::{Output, State};
use crate::timing::TimedOut;

/// Timeout of each write and of each read while a write is stalled. The receiving thread alternates
/// between the two to avoid a deadlock: a peer that is blocked in its own write does not read until
/// we read.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A caller that does not wait leaves a stream alone for this long after it accepted nothing. Each
/// try costs some milliseconds, because systems round even the shortest timeout up to that.
pub(crate) const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// The result of a blocking write.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WriteProgress {
    /// Bytes that the stream has accepted.
    pub(crate) written: usize,
    pub(crate) flushed: bool,
    /// When the write began, if the stream accepted nothing more in time.
    pub(crate) stalled_since: Option<Duration>,
}

impl Session {
    /// How long a call may block before [`check_deadlines`](Self::check_deadlines) is to be called.
    /// A caller that sends has a write deadline of its own.
    pub(crate) fn deadline_of_call(
        &mut self,
        now: Duration,
        sender: Option<&mut WriteDeadline>,
    ) -> Option<Duration> {
        self.report_reads(now);
        self.update_state(now);
        // The close deadline holds for a sender too: it may be the only thread there is.
        let holds = sender.is_none() || self.state() != State::Open;
        let timer = if holds { self.timer.deadline() } else { None };
        let stalled = self.stalled_write();
        let write = sender.unwrap_or(&mut self.write_deadline).get(stalled, now);
        [timer, write].into_iter().flatten().min()
    }

    /// Checks the deadlines after a call has timed out: see [`wait`](Self::wait).
    pub(crate) fn check_deadlines(
        &mut self,
        now: Duration,
        sender: Option<&mut WriteDeadline>,
        reads: bool,
    ) -> Result<Wait, TimedOut> {
        self.update_state(now);
        self.wait(now, sender, reads)
    }

    /// Checks the close deadline alone, and returns it.
    pub(crate) fn check_close_deadline(
        &mut self,
        now: Duration,
    ) -> Result<Option<Duration>, TimedOut> {
        self.update_state(now);
        self.timer.check_handshake(now).or_else(|error| self.expire(error))?;
        Ok(if self.state() == State::Open { None } else { self.timer.deadline() })
    }

    /// How long a thread may block in a read without looking at a state that other threads change:
    /// so it notices in time that the close deadline has begun.
    pub(crate) fn state_poll_interval(&self) -> Option<Duration> {
        self.timer.timeouts().close.map(|close| close / 2)
    }

    /// Reports that a write begins: until it returns, the stream accepts nothing.
    pub(crate) fn write_begins(&mut self, now: Duration) {
        self.stream.writes.set_stalled(Some(now));
    }

    /// Reports that a write of the output has returned, and takes what was written off it.
    pub(crate) fn take_written(&mut self, progress: WriteProgress) {
        self.connection.output().advance(progress.written);
        self.write_returned(progress);
    }

    /// Bytes of the output before a position.
    pub(crate) const fn bytes_before(&self, position: u64) -> u64 {
        position.saturating_sub(self.stream.writes.written())
    }

    fn write_returned(&mut self, progress: WriteProgress) {
        if progress.written > 0 {
            self.stream.writes.wrote(progress.written);
        }
        if progress.flushed {
            self.flushed();
        }
        self.stream.writes.set_stalled(progress.stalled_since);
    }

    /// As [`take_written`](Self::take_written), for output that was taken out to be written. What
    /// is left of it is put back. Returns a borrowed block that is not needed any more.
    pub(crate) fn output_returned(
        &mut self,
        mut output: Output,
        progress: WriteProgress,
    ) -> Option<Vec<u8>> {
        output.advance(progress.written);
        self.write_returned(progress);
        self.connection.restore_output(output)
    }
}
