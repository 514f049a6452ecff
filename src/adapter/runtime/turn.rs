//! How much a task reads before others have their turn, though there is more.

use crate::adapter::window;

/// At most so many reads.
pub(super) const READS_IN_A_ROW: usize = 16;

/// At most so many bytes, and what comes with the last read.
const BYTES_IN_A_ROW: usize = 512 * 1024;

/// So many bytes that are known to be payload are as little work as one that may be a frame.
const LIGHT: usize = 4;

/// What was read in a row.
#[derive(Default)]
pub(super) struct Turn {
    reads: usize,
    /// Bytes, as far as they are work.
    work: usize,
    /// Bytes that were read since there last was nothing to read, in however many turns.
    burst: usize,
    /// Whether the last burst was large.
    busy: bool,
}

impl Turn {
    /// Whether others shall have theirs. Then the next one begins.
    pub(super) fn is_over(&mut self) -> bool {
        let is_over = self.reads >= READS_IN_A_ROW || self.work >= BYTES_IN_A_ROW;
        if is_over {
            (self.reads, self.work) = (0, 0);
        }
        is_over
    }

    /// Whether so much is to be expected that a large read pays.
    pub(super) fn expects_much(&self) -> bool {
        self.busy || self.burst >= window::SMALL
    }

    /// Counts a read, of which so many bytes at most are payload that was to come.
    #[inline]
    pub(super) fn count(&mut self, bytes: usize, payload: u64) {
        let payload = usize::try_from(payload).unwrap_or(usize::MAX).min(bytes);
        self.reads += 1;
        self.work += bytes - payload + payload / LIGHT;
        self.burst = self.burst.saturating_add(bytes);
    }

    /// There was nothing to read.
    pub(super) fn end(&mut self) {
        *self = Self { busy: self.burst >= window::SMALL, ..Self::default() };
    }
}
