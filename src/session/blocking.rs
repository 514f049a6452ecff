//! Reports of callers whose calls block. They ask [`Session::next`], as others do, but other
//! threads can use the session while a write of theirs has not returned.

use core::time::Duration;

use super::live::Session;

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
    /// The write had to wait for the peer to read.
    pub(crate) has_waited: bool,
}

impl Session {
    /// Begins a call: all events were taken, and the stream may do something again.
    pub(crate) const fn begin_call(&mut self) {
        self.unread = false;
        self.stream_ready();
    }

    /// How long a thread may block in a read or write without looking at a state that other threads
    /// change: so it notices in time that the close deadline has begun.
    pub(crate) fn state_poll_interval(&self) -> Option<Duration> {
        self.timer.timeouts().close.map(|close| (close / 2).max(POLL_INTERVAL))
    }

    /// Reports that a write begins: until it returns, the stream accepts nothing.
    pub(crate) fn write_begins(&mut self, now: Duration) {
        if self.has_unwritten() {
            self.stream.writes.would_block(|| now);
        }
    }

    /// Reports that a write has returned, and that what it wrote is off the output.
    pub(crate) fn write_returned(&mut self, progress: WriteProgress) {
        if progress.written > 0 {
            self.stream.writes.wrote_blocking(progress.written, progress.has_waited);
            self.trace.wrote();
        }
        if progress.flushed {
            self.flushed();
        }
        match progress.stalled_since {
            Some(since) if self.has_unwritten() => {
                self.stream.writes.would_block(|| since);
                self.trace.write_stalled(self.buffered_amount());
            }
            _ => self.stream.writes.end_stall(),
        }
    }

    /// Leaves the rest of the output until the stream is ready again, and returns whether there is
    /// any: another thread is writing it, or writing has failed in a way that may pass.
    pub(crate) fn defer_write(&mut self) -> bool {
        self.stream.write_blocked = self.has_unwritten();
        self.stream.write_blocked
    }
}
