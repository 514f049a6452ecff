//! A message that is written piece by piece, cut into frames: RFC 6455 §5.4, from the sender's
//! side.
//!
//! ```text
//!   push   ──────────────►  ahead  ──►  next  ──►  a frame's payload
//!   gather ──►  gathered  ──────┘
//! ```

use std::mem::take;

use bytes::{Bytes, BytesMut};

/// What was written of a message and is not queued.
#[derive(Default)]
pub(super) struct Cutter {
    /// To be queued next: a frame's payload.
    next: Bytes,
    /// What comes after that.
    ahead: Bytes,
    /// Small writes, which come last.
    gathered: BytesMut,
}

impl Cutter {
    /// Whether all that was written is queued.
    pub(super) fn is_empty(&self) -> bool {
        self.next.is_empty() && self.ahead.is_empty() && self.gathered.is_empty()
    }

    /// Whether no more is gathered until parts were taken.
    pub(super) fn is_full(&self) -> bool {
        self.gathered.len() >= PART
    }

    /// Takes all of a part: as it is, if nothing has to come before it.
    pub(super) fn push(&mut self, part: Bytes) {
        if self.ahead.is_empty() && self.gathered.is_empty() {
            self.ahead = part;
        } else {
            self.gathered.extend_from_slice(&part);
        }
    }

    /// Takes as much of a small write as there is room for; gives how much.
    pub(super) fn gather(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(PART.saturating_sub(self.gathered.len()));
        self.gathered.extend_from_slice(&bytes[..count]);
        count
    }

    /// The next part, and whether it is all there is. It stays the next one until it is taken from
    /// there.
    pub(super) fn next_part(&mut self) -> (&mut Bytes, bool) {
        if self.next.is_empty() {
            if self.ahead.is_empty() {
                self.ahead = take(&mut self.gathered).freeze();
            }
            self.next = self.ahead.split_to(self.ahead.len().min(PART));
        }
        let is_all = self.ahead.is_empty() && self.gathered.is_empty();
        (&mut self.next, is_all)
    }
}

/// What goes into a frame at most, in bytes: others get through in between.
const PART: usize = 64 * 1024;
