//! Received bytes that are not parsed yet. The buffer is allocated when bytes are received, and
//! freed when they are parsed.
//!
//! ```text
//!   bytes   [ parsed  | header | payload ........ | next frame ... | room ]
//!             start ──►
//! ```

use alloc::vec::Vec;
use core::ops::Deref;
use core::{fmt, mem};

use bytes::BufMut;

/// Room for the first read, in bytes: one page.
const MIN_ROOM: u32 = 4 * 1024;

/// Room for a read from a peer that fills every smaller room, in bytes.
const MAX_ROOM: u32 = 64 * 1024;

/// Up to so many unparsed bytes are moved to a buffer of their size: an incomplete header or
/// control frame, after which the peer may send nothing for long.
const REMNANT: usize = 256;

#[derive(Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    /// The end of the parsed bytes.
    start: usize,
    /// The size of the next reservation in bytes, if that is more than [`MIN_ROOM`].
    room: u32,
    /// Whether room was reserved since the last release.
    reserved: bool,
}

impl Inbox {
    /// Returns the buffer to append received bytes to, with room for [`MIN_ROOM`] / 4 or more.
    pub(crate) fn space(&mut self) -> &mut (impl BufMut + use<>) {
        if self.unused() < MIN_ROOM as usize / 4 {
            self.remove_parsed();
            self.bytes.reserve(self.room.max(MIN_ROOM) as usize);
            self.reserved = true;
        }
        &mut self.bytes
    }

    /// Whether all bytes are parsed.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// Appends a copy of these bytes, without room for more.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        self.remove_parsed();
        self.bytes.extend_from_slice(bytes);
    }

    /// Removes the last `len` bytes.
    pub(super) fn remove_last(&mut self, len: usize) {
        self.bytes.truncate(self.bytes.len() - len);
    }

    /// Removes the first `len` bytes.
    #[inline]
    pub(crate) fn advance(&mut self, len: usize) {
        self.start += len;
        debug_assert!(self.start <= self.bytes.len(), "no more is parsed than there is");
    }

    /// The unparsed bytes, to unmask in place; then call [`advance`](Self::advance).
    #[inline]
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..]
    }

    /// Frees unused memory: to be called when the bytes have no further event.
    pub(crate) fn release_memory(&mut self) {
        self.adapt_room();
        if self.len() <= REMNANT {
            self.bytes = self.bytes[self.start..].to_vec();
            self.start = 0;
        }
    }

    /// Takes the allocation, if all bytes are parsed.
    pub(crate) fn take_block(&mut self) -> Vec<u8> {
        self.adapt_room();
        if !self.is_empty() {
            return Vec::new();
        }
        let mut block = mem::take(&mut self.bytes);
        block.clear();
        self.start = 0;
        block
    }

    /// Adapts the size of the next reservation to the last read.
    fn adapt_room(&mut self) {
        let unused = self.unused();
        if mem::take(&mut self.reserved) {
            // A read that fills its room may be followed by more; one that leaves most of it unused
            // had too much.
            let room = self.room.max(MIN_ROOM);
            if unused == 0 {
                self.room = MAX_ROOM.min(room * 2);
            } else if unused > room as usize / 2 {
                self.room = room / 2;
            }
        }
    }

    /// Discards all bytes.
    pub(crate) fn clear(&mut self) {
        (self.bytes, self.start) = (Vec::new(), 0);
    }

    /// Heap bytes held.
    pub(crate) fn bytes_held(&self) -> usize {
        self.bytes.capacity()
    }

    /// Moves the unparsed bytes to the front, if they are no more than the parsed ones: so each
    /// byte is moved once on average.
    fn remove_parsed(&mut self) {
        if self.start > 0 && self.start >= self.len() {
            self.bytes.drain(..mem::take(&mut self.start));
        }
    }

    fn unused(&self) -> usize {
        self.bytes.capacity() - self.bytes.len()
    }
}

impl Deref for Inbox {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

/// Shows no content.
impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({} bytes)", self.len())
    }
}
