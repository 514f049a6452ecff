//! Received bytes that are not used up yet. Memory follows use: taken when bytes arrive, given back
//! when they are gone.
//!
//! ```text
//!   bytes   [ used up | header | payload ........ | next frame ... | room ]
//!             start ──►
//! ```

use alloc::vec::Vec;
use core::ops::Deref;
use core::{fmt, mem};

use bytes::BufMut;

/// Room for the first read, in bytes: one page.
const MIN_ROOM: u32 = 4 * 1024;

/// Room for a read from a peer that fills whatever it is given.
const MAX_ROOM: u32 = 64 * 1024;

/// A block is not kept for so few bytes: a header or control frame that a silent peer did not
/// finish.
const REMNANT: usize = 256;

#[derive(Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    /// Up to here they are used up.
    start: usize,
    /// How much room the next reservation makes, in bytes, if that is more than [`MIN_ROOM`].
    room: u32,
    /// Whether room was made since the last release.
    reserved: bool,
}

impl Inbox {
    /// Where received bytes are appended. It has room already.
    pub(crate) fn space(&mut self) -> &mut (impl BufMut + use<>) {
        if self.spare() < MIN_ROOM as usize / 4 {
            self.forget_used();
            self.bytes.reserve(self.room.max(MIN_ROOM) as usize);
            self.reserved = true;
        }
        &mut self.bytes
    }

    /// Whether all is used up.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// Appends bytes, and takes no more room than they need.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        self.forget_used();
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes the last `len` bytes back.
    pub(super) fn forget_last(&mut self, len: usize) {
        self.bytes.truncate(self.bytes.len() - len);
    }

    /// Uses up the first `len` bytes.
    pub(crate) fn advance(&mut self, len: usize) {
        self.start += len;
        debug_assert!(self.start <= self.bytes.len(), "no more is used up than there is");
    }

    /// The bytes to unmask and to take from, of which [`advance`](Self::advance) is to be told.
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..]
    }

    /// Gives back what is not in use. For when nothing more is to be had from the bytes that are
    /// here.
    pub(crate) fn release_memory(&mut self) {
        self.learn();
        if self.len() <= REMNANT {
            self.bytes = self.bytes[self.start..].to_vec();
            self.start = 0;
        }
    }

    /// Gives the block to somebody else, if there is nothing in it.
    pub(crate) fn take_block(&mut self) -> Vec<u8> {
        self.learn();
        if !self.is_empty() {
            return Vec::new();
        }
        let mut block = mem::take(&mut self.bytes);
        block.clear();
        self.start = 0;
        block
    }

    /// How much room to make from now on.
    fn learn(&mut self) {
        let spare = self.spare();
        if mem::take(&mut self.reserved) {
            // A read that fills its room has more to come; one that leaves most of it empty was
            // given too much.
            let room = self.room.max(MIN_ROOM);
            if spare == 0 {
                self.room = MAX_ROOM.min(room * 2);
            } else if spare > room as usize / 2 {
                self.room = room / 2;
            }
        }
    }

    /// Throws everything away.
    pub(crate) fn clear(&mut self) {
        (self.bytes, self.start) = (Vec::new(), 0);
    }

    /// Heap bytes held.
    pub(crate) fn held(&self) -> usize {
        self.bytes.capacity()
    }

    /// Moves what is not used up to the front; no more than was used up, so what is moved again and
    /// again is not much either.
    fn forget_used(&mut self) {
        if self.start >= self.len() {
            self.bytes.drain(..mem::take(&mut self.start));
        }
    }

    fn spare(&self) -> usize {
        self.bytes.capacity() - self.bytes.len()
    }
}

impl Deref for Inbox {
    type Target = [u8];

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
