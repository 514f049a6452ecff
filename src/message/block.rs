//! The memory that a message is put together in.
//!
//! A large one's is kept when the message is dropped, for the next one: fresh pages cost more than
//! the copy into them does, and a system's allocator hands large blocks back at once.

use alloc::vec::Vec;
use core::mem;
use core::ops::RangeInclusive;

use bytes::Bytes;

use crate::page::{PAGE, mid_page_padding};
#[cfg(feature = "std")]
use crate::pool::Pool;

/// From here on a block is kept, in bytes; smaller ones the allocator keeps well enough.
const LARGE: usize = 128 * 1024;

/// What is kept at most, in bytes: a message of the largest size, by default.
#[cfg(feature = "std")]
const KEPT: usize = 16 * 1024 * 1024;

#[cfg(feature = "std")]
static BLOCKS: Pool<Vec<u8>> = Pool::new(KEPT + PAGE, Vec::capacity);

/// A message's bytes, as far as they have come.
#[derive(Default)]
pub(crate) struct Block {
    memory: Vec<u8>,
    /// Where the message begins in it: if it is large, in the middle of a page.
    start: usize,
}

/// A copy of these bytes.
#[inline]
pub(crate) fn copy(bytes: &[u8]) -> Bytes {
    if bytes.len() < LARGE { Bytes::copy_from_slice(bytes) } else { Block::of(bytes).freeze() }
}

impl Block {
    /// A block with these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut block = Self::default();
        block.make_room(bytes.len(), Some(0));
        block.extend(bytes);
        block
    }

    /// Room for a piece, and for as much again as has really been received: a header's claim alone
    /// gets no memory, and many small pieces are not copied over and over. It is not more than a
    /// last frame will need, so a large message in one frame ends with a block of just its size. A
    /// kept block may be twice as large, and is one for all of the message if that is not more.
    pub(crate) fn make_room(&mut self, piece: usize, remaining: Option<u64>) {
        let received = self.len() + piece;
        if self.start + received <= self.memory.capacity() {
            return;
        }
        let ahead = remaining.map_or(received, |remaining| remaining.min(received as u64) as usize);
        let room = received + ahead;
        let most = room.saturating_mul(2);
        let all = remaining
            .map_or(room, |remaining| remaining.min((most - received) as u64) as usize + received);
        if room < LARGE {
            return self.memory.reserve_exact(piece + ahead);
        }
        match take(all.saturating_add(PAGE)..=most).or_else(|| take(room + PAGE..=most)) {
            Some(mut memory) => {
                let start = mid_page_padding(&memory);
                memory.resize(start, 0);
                memory.extend_from_slice(self.as_ref());
                *self = Self { memory, start };
            }
            None => {
                self.memory.reserve_exact(room + PAGE - self.memory.len());
                self.begin_at(mid_page_padding(&self.memory));
            }
        }
    }

    /// Moves the message to there.
    fn begin_at(&mut self, start: usize) {
        let (before, end) = (self.start..self.memory.len(), start + self.len());
        self.memory.resize(end.max(before.end), 0);
        self.memory.copy_within(before, start);
        self.memory.truncate(end);
        self.start = start;
    }

    /// Appends bytes.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.memory.extend_from_slice(bytes);
    }

    pub(crate) fn len(&self) -> usize {
        self.memory.len() - self.start
    }

    /// Heap bytes held.
    pub(crate) fn capacity(&self) -> usize {
        self.memory.capacity()
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..]
    }

    /// The bytes, in memory that holds little else.
    pub(crate) fn freeze(mut self) -> Bytes {
        if self.capacity() < LARGE {
            Bytes::from(mem::take(&mut self.memory))
        } else if self.capacity() > 2 * self.len() {
            Bytes::copy_from_slice(self.as_ref())
        } else {
            Bytes::from_owner(self)
        }
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.memory[self.start..]
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        give(mem::take(&mut self.memory));
    }
}

/// A kept block with room for so many bytes.
#[cfg(feature = "std")]
fn take(sizes: RangeInclusive<usize>) -> Option<Vec<u8>> {
    BLOCKS.take(|block| sizes.contains(&block.capacity()))
}

/// Keeps a block.
#[cfg(feature = "std")]
fn give(mut block: Vec<u8>) {
    if block.capacity() >= LARGE {
        block.clear();
        BLOCKS.give(block);
    }
}

/// Without std there is no lock, and nothing is kept.
#[cfg(not(feature = "std"))]
fn take(_: RangeInclusive<usize>) -> Option<Vec<u8>> {
    None
}

#[cfg(not(feature = "std"))]
fn give(_: Vec<u8>) {}
