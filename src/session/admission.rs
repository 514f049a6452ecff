//! Who may queue a message: the fragmented-send lock, permits, and the bounds of the output.
//!
//! | state                             | message           | permit             | writer (fragments)    |
//! |-----------------------------------|-------------------|--------------------|-----------------------|
//! | free, below the high-water mark   | queued            | granted            | gets the lock         |
//! | free, at the bound of the policy  | overflow policy   | waits              | gets the lock, waits  |
//! | permits are held                  | as above          | as above           | waits for all of them |
//! | a writer has the lock             | waits             | waits              | waits                 |
//! | closing or closed                 | error             | error              | error                 |
//!
//! RFC 6455 §5.4 forbids a message between the fragments of another one; hence the lock. A permit
//! is a promise of room for one message, which the lock must not break.

use super::backpressure::{Backpressure, Overflow};

#[derive(Debug, Default)]
pub(super) struct Admission {
    pub(super) backpressure: Backpressure,
    /// A message is being sent in fragments.
    pub(super) locked: bool,
    /// Permits that are granted and not used.
    pub(super) permits: u32,
    /// Messages that were dropped by [`Overflow::DropNewest`].
    pub(super) dropped: u64,
    /// Messages that were returned, or reported as [`Full`](super::Full).
    pub(super) refused: u64,
}

/// What a caller has to do before it may queue a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admit {
    /// Nothing.
    Now,
    /// Wait until the lock is free.
    Locked,
    /// Write until the output is below the high-water mark.
    WaitForRoom,
    /// Write what the stream accepts at once. If the output is still full, the message is refused.
    WriteOrRefuse,
}

impl Admission {
    /// What the table's first column says for a message.
    #[inline]
    pub(super) fn message(&self, buffered: usize) -> Admit {
        match self.backpressure.overflow {
            _ if self.locked => Admit::Locked,
            Overflow::Wait if self.backpressure.is_above_high_water_mark(buffered) => {
                Admit::WaitForRoom
            }
            Overflow::Wait => Admit::Now,
            _ if self.backpressure.is_full(buffered) => Admit::WriteOrRefuse,
            _ => Admit::Now,
        }
    }

    /// What it says for a permit, whatever the overflow policy.
    #[inline]
    pub(super) fn permit(&self, buffered: usize) -> Admit {
        match () {
            () if self.locked => Admit::Locked,
            () if self.backpressure.is_above_high_water_mark(buffered) => Admit::WaitForRoom,
            () => Admit::Now,
        }
    }

    /// What it says for a writer.
    pub(super) const fn writer(&self) -> Admit {
        if self.locked || self.permits > 0 { Admit::Locked } else { Admit::Now }
    }
}
