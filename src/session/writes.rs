//! Progress of writing: positions in the output, stalled writes and their deadline.
//!
//! ```text
//!   queued     ──────────────────────────────────►│ position of the last queued byte
//!   written    ────────────────────►│               accepted by the stream
//!   flushed    ─────────────►│                      flushed by a stream that buffers (TLS, BufWriter)
//! ```
//!
//! A sender notes the position behind its message. Its `send` is complete when that position is
//! flushed, however much other senders queue behind it.

use core::time::Duration;

use crate::timing::TimedOut;

#[derive(Debug, Default)]
pub(super) struct Writes {
    written: u64,
    flushed: u64,
    /// When the stream began to accept nothing.
    stalled_since: Option<Duration>,
    unreported: Progress,
}

/// What was written since it was last reported to the timer, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress(u8);

impl Progress {
    const WRITTEN: u8 = 1;
    /// After the stream had accepted nothing: so the peer reads.
    const RESUMED: u8 = 2;

    #[inline]
    pub(super) const fn is_none(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn has_resumed(self) -> bool {
        self.0 & Self::RESUMED != 0
    }
}

impl Writes {
    #[inline]
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    #[inline]
    pub(super) const fn flushed(&self) -> u64 {
        self.flushed
    }

    #[inline]
    pub(super) const fn is_unflushed(&self) -> bool {
        self.flushed < self.written
    }

    #[inline]
    pub(super) const fn wrote(&mut self, count: usize) {
        self.written += count as u64;
        let resumed = self.stalled_since.is_some();
        self.unreported.0 |= if resumed { Progress::RESUMED } else { Progress::WRITTEN };
        self.stalled_since = None;
    }

    #[inline]
    pub(super) const fn flush_done(&mut self) {
        self.flushed = self.written;
        self.unreported.0 |= Progress::WRITTEN;
        self.stalled_since = None;
    }

    /// Of a write that blocks: it counts as stalled until it returns.
    pub(super) fn wrote_blocking(&mut self, count: usize, has_waited: bool) {
        self.stalled_since = self.stalled_since.filter(|_| has_waited);
        self.wrote(count);
    }

    /// Whether bytes were written that are not reported to the timer yet.
    pub(super) const fn has_unreported(&self) -> bool {
        !self.unreported.is_none()
    }

    #[inline]
    pub(super) const fn take_unreported(&mut self) -> Progress {
        core::mem::replace(&mut self.unreported, Progress(0))
    }

    /// The stream accepts nothing, now or since an earlier time.
    #[inline]
    pub(super) fn would_block(&mut self, now: impl FnOnce() -> Duration) {
        self.stalled_since.get_or_insert_with(now);
    }

    #[inline]
    pub(super) const fn end_stall(&mut self) {
        self.stalled_since = None;
    }

    #[inline]
    pub(super) const fn stalled_since(&self) -> Option<Duration> {
        self.stalled_since
    }
}

/// The write deadline of one caller that waits: [`Timeouts::write`](crate::Timeouts::write) after
/// the write stalled, or after the caller began to wait, whichever is later.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WriteDeadline {
    waiting_since: Option<Duration>,
}

impl WriteDeadline {
    /// Starts anew with the next check.
    #[inline]
    pub(crate) const fn restart(&mut self) {
        self.waiting_since = None;
    }

    /// Returns the deadline of the wait; `None` while the write makes progress.
    #[inline]
    pub(super) fn get(
        &mut self,
        stalled: Option<(Duration, Duration)>,
        now: Duration,
    ) -> Option<Duration> {
        let since = *self.waiting_since.get_or_insert(now);
        let (stalled_since, timeout) = stalled?;
        Some(stalled_since.max(since).saturating_add(timeout))
    }

    /// Checks the deadline of the wait, and returns it.
    #[inline]
    pub(super) fn check(
        &mut self,
        stalled: Option<(Duration, Duration)>,
        now: Duration,
    ) -> Result<Option<Duration>, TimedOut> {
        let deadline = self.get(stalled, now);
        if deadline.is_some_and(|deadline| now >= deadline) {
            self.restart();
            return Err(TimedOut::Write);
        }
        Ok(deadline)
    }
}
