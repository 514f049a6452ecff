//! The buffer in which the pieces of a message are joined.
//!
//! The buffer of a large message is pooled when the message is dropped: fresh pages cost more than
//! the copy into them, and a system's allocator returns large blocks to the system at once.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;
use core::ops::RangeInclusive;

use bytes::Bytes;

use crate::page::{PAGE, mid_page_padding};
#[cfg(feature = "std")]
use crate::pool::Pool;

/// The smallest block that is pooled, in bytes: the allocator caches smaller ones.
const LARGE: usize = 128 * 1024;

/// The maximum size of the pool, in bytes: the default maximum of one message.
#[cfg(feature = "std")]
const KEPT: usize = 16 * 1024 * 1024;

#[cfg(feature = "std")]
static BLOCKS: Pool<Vec<u8>> = Pool::new(KEPT + PAGE, Vec::capacity);

/// The received bytes of a message.
#[derive(Default)]
pub(crate) struct Block {
    memory: Vec<u8>,
    /// The offset of the message: for a large one, the middle of a page.
    start: usize,
}

/// Copies bytes, into a pooled block if they are many.
pub(crate) fn copy(bytes: &[u8]) -> Bytes {
    if bytes.len() < LARGE { copy_exact(bytes) } else { Block::of(bytes).freeze() }
}

/// Copies bytes into an allocation of their size. `Bytes::copy_from_slice` does it by way of a `Vec`,
/// which costs as much as the rest if it is built without LTO.
#[inline]
pub(crate) fn copy_exact(bytes: &[u8]) -> Bytes {
    Bytes::from(Box::<[u8]>::from(bytes))
}

impl Block {
    /// Creates a block with a copy of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut block = Self::default();
        block.make_room(bytes.len(), Some(0));
        block.extend(bytes);
        block
    }

    /// Makes room for a piece, and for as many more bytes as were received so far.
    ///
    /// - A header's length alone allocates nothing, and small pieces are not copied repeatedly.
    /// - In a last frame it is no more than `remaining`, so the block of a large message in one
    ///   frame has the message's size in the end.
    /// - A pooled block may be twice as large; one for the whole message is preferred.
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
                self.move_to(mid_page_padding(&self.memory));
            }
        }
    }

    /// Moves the message to this offset.
    fn move_to(&mut self, start: usize) {
        let (before, end) = (self.start..self.memory.len(), start + self.len());
        self.memory.resize(end.max(before.end), 0);
        self.memory.copy_within(before, start);
        self.memory.truncate(end);
        self.start = start;
    }

    /// Appends a copy of these bytes.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.memory.extend_from_slice(bytes);
    }

    pub(crate) fn len(&self) -> usize {
        self.memory.len() - self.start
    }

    /// The size of the allocation, in bytes.
    pub(crate) fn capacity(&self) -> usize {
        self.memory.capacity()
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..]
    }

    /// Returns the bytes; copies them if a large block is less than half full.
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
        put(mem::take(&mut self.memory));
    }
}

/// Takes a pooled block of this capacity, in bytes.
#[cfg(feature = "std")]
fn take(sizes: RangeInclusive<usize>) -> Option<Vec<u8>> {
    BLOCKS.take(|block| sizes.contains(&block.capacity()))
}

/// Puts a large block into the pool.
#[cfg(feature = "std")]
fn put(mut block: Vec<u8>) {
    if block.capacity() >= LARGE {
        block.clear();
        BLOCKS.put(block);
    }
}

/// Without std there is no lock, and no pool.
#[cfg(not(feature = "std"))]
fn take(_: RangeInclusive<usize>) -> Option<Vec<u8>> {
    None
}

#[cfg(not(feature = "std"))]
fn put(_: Vec<u8>) {}
