//! The memory that a message is put together in.
//!
//! A large one's is kept when the message is dropped, for the next one: fresh pages cost more than the copy into them does, and a
//! system's allocator hands large blocks back at once.

use alloc::vec::Vec;
use core::mem;
use core::ops::RangeInclusive;

use bytes::Bytes;

#[cfg(feature = "std")]
use crate::pool::Pool;

/// From here on a block is kept, in bytes; smaller ones the allocator keeps well enough.
const LARGE: usize = 128 * 1024;

/// What is kept at most, in bytes: a message of the largest size, by default.
#[cfg(feature = "std")]
const KEPT: usize = 16 * 1024 * 1024;

#[cfg(feature = "std")]
static BLOCKS: Pool<Vec<u8>> = Pool::new(KEPT, Vec::capacity);

/// A message's bytes, as far as they have come.
#[derive(Default)]
pub(crate) struct Block(Vec<u8>);

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

    /// Room for a piece, and for as much again as has really been received: a header's claim alone gets no memory, and many small
    /// pieces are not copied over and over. It is not more than a last frame will need, so a large message in one frame ends with
    /// a block of just its size. A kept block may be twice as large, and is one for all of the message if that is not more.
    pub(crate) fn make_room(&mut self, piece: usize, to_come: Option<u64>) {
        let received = self.0.len() + piece;
        if received <= self.0.capacity() {
            return;
        }
        let ahead = to_come.map_or(received, |to_come| to_come.min(received as u64) as usize);
        let room = received + ahead;
        let most = room.saturating_mul(2);
        let all = to_come.map_or(room, |to_come| to_come.min((most - received) as u64) as usize + received);
        let kept = if room < LARGE { None } else { take(all..=most).or_else(|| take(room..=most)) };
        match kept {
            Some(mut block) => {
                block.extend_from_slice(&self.0);
                give(mem::replace(&mut self.0, block));
            }
            None => self.0.reserve_exact(piece + ahead),
        }
    }

    /// Appends bytes.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// The bytes, in memory that holds little else.
    pub(crate) fn freeze(mut self) -> Bytes {
        if self.0.capacity() < LARGE {
            Bytes::from(mem::take(&mut self.0))
        } else if self.0.capacity() > 2 * self.0.len() {
            Bytes::copy_from_slice(&self.0)
        } else {
            Bytes::from_owner(self)
        }
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        give(mem::take(&mut self.0));
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
