//! The read budget: how much a task reads before it yields, although more bytes are there.

use crate::adapter::read_buffer;

/// Reads in a row.
const MAX_READS: usize = 16;

/// Bytes in a row, and those of the last read.
const MAX_BYTES: usize = 512 * 1024;

/// So many bytes that are known to be payload take as little work as one that may be a frame.
const PAYLOAD_PER_BYTE: usize = 4;

#[derive(Default)]
pub(super) struct ReadBudget {
    reads: usize,
    /// Bytes in a row, by the work that they take.
    work: usize,
    /// Bytes since the stream last had none.
    burst: usize,
    /// Whether the last burst was large.
    last_was_large: bool,
}

impl ReadBudget {
    /// Whether the budget is used up. If so, it begins anew.
    #[inline]
    pub(super) const fn is_used_up(&mut self) -> bool {
        let is_used_up = self.reads >= MAX_READS || self.work >= MAX_BYTES;
        if is_used_up {
            (self.reads, self.work) = (0, 0);
        }
        is_used_up
    }

    /// Whether a large read is likely to be filled.
    #[inline]
    pub(super) const fn expects_large(&self) -> bool {
        self.last_was_large || self.burst >= read_buffer::SMALL
    }

    /// Counts a read of so many bytes, of which at most `payload` belong to a frame that has begun.
    #[inline]
    pub(super) fn count(&mut self, bytes: usize, payload: u64) {
        let payload = usize::try_from(payload).unwrap_or(usize::MAX).min(bytes);
        self.reads += 1;
        self.work += bytes - payload + payload / PAYLOAD_PER_BYTE;
        self.burst = self.burst.saturating_add(bytes);
    }

    /// The stream had no bytes.
    #[inline]
    pub(super) fn end_burst(&mut self) {
        *self = Self { last_was_large: self.burst >= read_buffer::SMALL, ..Self::default() };
    }
}
