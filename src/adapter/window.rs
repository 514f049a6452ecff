//! What is read into, and written from: blocks that belong to the thread, not to the connection.
//!
//! A connection has one while it reads, and as long as there is much in it that nobody has received
//! yet; one that waits has none, but for a thread that blocks in a read.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::vec::Vec;
use std::{fmt, thread_local};

use crate::connection::{Event, EventRef};
use crate::page::{PAGE, mid_page_padding};

/// The size of a block, in bytes. The pages that no read ever filled take no memory.
pub(super) const SMALL: usize = 64 * 1024;

/// The size of a block for a peer that would fill the small one, in bytes: for 16 messages of 16
/// KiB and their headers, for example.
const LARGE: usize = 272 * 1024;

/// The largest block for output that is kept, in bytes: what waits by default at most and a
/// message, in a block that grew by doubling.
const OUTPUT_KEPT: usize = 512 * 1024;

/// So small a part of a block, which nobody has received yet, is copied: it is not worth the block.
const LITTLE: usize = 16;

/// As many blocks of a size as a thread keeps.
const SPARE: usize = 8;

thread_local! {
    /// Blocks of one size, and of the other.
    static SPARES: [RefCell<Vec<Vec<u8>>>; 2] = const { [RefCell::new(Vec::new()), RefCell::new(Vec::new())] };

    /// A block for output.
    static OUTPUT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An empty block for output: of no size, if the thread has none to spare.
#[inline]
pub(super) fn output_block() -> Vec<u8> {
    // A thread that ends has none.
    OUTPUT.try_with(Cell::take).unwrap_or_default()
}

/// Gives such a block back to the thread.
#[inline]
pub(super) fn give_back_output(mut block: Vec<u8>) {
    if block.capacity() <= OUTPUT_KEPT {
        block.clear();
        // A thread that ends keeps nothing.
        let _ = OUTPUT.try_with(|spare| spare.set(block));
    }
}

/// A block, and what was received into it. Dropping it gives the block back to the thread.
#[derive(Default)]
pub(super) struct Window {
    block: Vec<u8>,
    received: Range<usize>,
}

impl Window {
    /// A block to read into: a large one for who would fill a small one.
    #[inline]
    pub(super) fn new(large: bool) -> Self {
        // A thread that ends has none.
        let spare = SPARES.try_with(|spares| spares[usize::from(large)].borrow_mut().pop());
        let block = spare
            .ok()
            .flatten()
            .unwrap_or_else(|| std::vec![0; PAGE + if large { LARGE } else { SMALL }]);
        let start = mid_page_padding(&block);
        Self { block, received: start..start }
    }

    /// Where to read into.
    #[inline]
    pub(super) fn space(&mut self) -> &mut [u8] {
        let size = self.block.len() - PAGE;
        &mut self.block[self.received.start..][..size]
    }

    /// Says how many bytes were read into it.
    pub(super) fn fill(&mut self, count: usize) {
        self.received.end = self.received.start + count;
    }

    /// Whether all is used up.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.received.is_empty()
    }

    /// What was received, and not used up.
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
        if self.received.len() <= self.block.len() / LITTLE {
            self.tidy();
        }
        taken
    }

    /// Takes the next event out of what was received.
    pub(super) fn next(
        &mut self,
        next: impl for<'a> FnOnce(&mut &'a mut [u8]) -> Option<EventRef<'a>>,
    ) -> Option<Event> {
        self.take(|received| next(received).map(Event::from))
    }

    /// Few bytes are left: so the block goes back to the thread.
    #[inline]
    fn tidy(&mut self) {
        let count = self.received.len();
        if count == 0 {
            *self = Self::default();
        } else if self.block.len() >= SMALL {
            *self = Self { block: self.bytes().to_vec(), received: 0..count };
        }
    }
}

/// What is taken from, and where that is noted in the end.
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
impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Window({} bytes)", self.received.len())
    }
}

impl Drop for Window {
    #[inline]
    fn drop(&mut self) {
        let block = std::mem::take(&mut self.block);
        if block.len() < SMALL {
            return;
        }
        // A thread that ends keeps nothing.
        let _ = SPARES.try_with(|spares| {
            let mut blocks = spares[usize::from(block.len() > LARGE)].borrow_mut();
            if blocks.len() < SPARE {
                blocks.push(block);
            }
        });
    }
}
