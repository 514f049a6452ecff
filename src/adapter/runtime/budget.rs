//! The read budget: how much a task reads before it yields, although more bytes are there.

use crate::adapter::read_buffer;

/// Reads in a row.
const MAX_READS: u32 = 16;

/// Bytes in a row, and those of the last read.
const MAX_BYTES: u32 = 512 * 1024;

/// Payload is cheap to process: this many bytes of it count as one byte that may be a frame.
const PAYLOAD_PER_BYTE: u32 = 4;

/// Bytes in a row that fill small read buffers.
const LARGE_BURST: u32 = read_buffer::SMALL as u32;

#[derive(Default)]
pub(super) struct ReadBudget {
    reads: u32,
    /// Bytes in a row, weighted by the work that they take.
    work: u32,
    /// Bytes since the stream last had none.
    burst: u32,
    /// Whether the last burst was large.
    last_was_large: bool,
}

impl ReadBudget {
    /// Returns whether the budget is used up, and then starts a new one.
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
        self.last_was_large || self.burst >= LARGE_BURST
    }

    /// Counts a read of so many bytes, of which at most `payload` belong to a frame that has begun.
    #[inline]
    pub(super) fn count(&mut self, bytes: usize, payload: u64) {
        let bytes = bytes as u32;
        let payload = payload.min(u64::from(bytes)) as u32;
        self.reads += 1;
        self.work += bytes - payload + payload / PAYLOAD_PER_BYTE;
        self.burst = self.burst.saturating_add(bytes);
    }

    /// Reports that the stream had no bytes.
    #[inline]
    pub(super) fn end_burst(&mut self) {
        *self = Self { last_was_large: self.burst >= LARGE_BURST, ..Self::default() };
    }
}
