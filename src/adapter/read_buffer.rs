//! Buffers to read into. They belong to the thread, not to the connection.
//!
//! A connection has one while it reads, and while it holds many bytes that the application has not
//! taken yet. A connection that waits has none, except for a thread that is blocked in a read.

use std::cell::RefCell;
use std::ops::Range;
use std::vec::Vec;
use std::{fmt, thread_local};

use crate::connection::{Event, EventRef};
use crate::page::{PAGE, mid_page_padding};

/// The size of a block, in bytes. Pages that were never filled take no memory.
pub(super) const SMALL: usize = 64 * 1024;

/// The size of a block for a peer that fills the small one, in bytes: for 16 messages of 16 KiB and
/// their headers, for example.
const LARGE: usize = 272 * 1024;

/// The remaining bytes are copied out of the block if they are at most this fraction of it.
const COPIED_FRACTION: usize = 16;

/// Blocks of one size that a thread keeps.
const MAX_SPARE: usize = 8;

thread_local! {
    /// Small and large blocks.
    static SPARES: [RefCell<Vec<Vec<u8>>>; 2] =
        const { [RefCell::new(Vec::new()), RefCell::new(Vec::new())] };
}

/// A block, and the bytes that were read into it. Dropping it returns the block to the thread.
#[derive(Default)]
pub(super) struct ReadBuffer {
    block: Vec<u8>,
    received: Range<usize>,
}

impl ReadBuffer {
    /// A block to read into: a large one for a peer that fills small ones.
    #[inline]
    pub(super) fn new(large: bool) -> Self {
        // A thread that is ending has none.
        let spare = SPARES.try_with(|spares| spares[usize::from(large)].borrow_mut().pop());
        let block = spare
            .ok()
            .flatten()
            .unwrap_or_else(|| std::vec![0; PAGE + if large { LARGE } else { SMALL }]);
        let start = mid_page_padding(&block);
        Self { block, received: start..start }
    }

    /// The space to read into.
    #[inline]
    pub(super) fn space(&mut self) -> &mut [u8] {
        let size = self.block.len() - PAGE;
        &mut self.block[self.received.start..][..size]
    }

    /// Sets how many bytes were read into it.
    #[inline]
    pub(super) fn fill(&mut self, count: usize) {
        self.received.end = self.received.start + count;
    }

    /// Whether all bytes are taken.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.received.is_empty()
    }

    /// The bytes that are not taken.
    #[inline]
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.block[self.received.clone()]
    }

    /// Takes something out of what was received. Should that panic, what was taken before is not
    /// there again.
    pub(super) fn take<T>(&mut self, take: impl FnOnce(&mut &mut [u8]) -> T) -> T {
        let Range { ref mut start, end } = self.received;
        let mut taking = Taking { rest: &mut self.block[*start..end], start, end };
        let taken = take(&mut taking.rest);
        drop(taking);
        if self.received.len() <= self.block.len() / COPIED_FRACTION {
            self.shrink();
        }
        taken
    }

    /// Takes the next event out of the bytes.
    pub(super) fn next(
        &mut self,
        next: impl for<'a> FnOnce(&mut &'a mut [u8]) -> Option<EventRef<'a>>,
    ) -> Option<Event> {
        self.take(|received| next(received).map(Event::from))
    }

    /// Returns the block to the thread, when few bytes are left.
    #[inline]
    fn shrink(&mut self) {
        let count = self.received.len();
        if count == 0 {
            *self = Self::default();
        } else if self.block.len() >= SMALL {
            *self = Self { block: self.bytes().to_vec(), received: 0..count };
        }
    }
}

/// The bytes that are taken from; dropping it notes how many are left.
struct Taking<'a> {
    rest: &'a mut [u8],
    start: &'a mut usize,
    end: usize,
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        *self.start = self.end - self.rest.len();
    }
}

/// Shows no content.
impl fmt::Debug for ReadBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadBuffer({} bytes)", self.received.len())
    }
}

impl Drop for ReadBuffer {
    #[inline]
    fn drop(&mut self) {
        let block = std::mem::take(&mut self.block);
        if block.len() < SMALL {
            return;
        }
        // A thread that is ending keeps nothing.
        let _ = SPARES.try_with(|spares| {
            let mut blocks = spares[usize::from(block.len() > LARGE)].borrow_mut();
            if blocks.len() < MAX_SPARE {
                blocks.push(block);
            }
        });
    }
}
