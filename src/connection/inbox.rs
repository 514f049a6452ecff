//! Received bytes that are not used up yet. Memory follows use: taken when bytes arrive, given back when they are gone.
//!
//! ```text
//!   before   [ header | payload ........ | next frame ... | room ]
//!              advance   payload(len)
//!   after                                [ next frame ... | room ]
//! ```

use core::ops::{Deref, DerefMut};
use core::{fmt, mem};

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Room for the first read, in bytes: one page.
const MIN_ROOM: usize = 4 * 1024;

/// Room for a read from a peer that fills whatever it is given.
const MAX_ROOM: usize = 64 * 1024;

/// From here a payload is handed over with the block that it lies in, below it is copied out. Half of the largest block that
/// is reserved here, so a message that is kept pins at most twice its size.
const HAND_OVER: usize = MAX_ROOM / 2;

/// A block is not kept for so few bytes: a header or control frame that a silent peer did not finish.
const REMNANT: usize = 256;

pub(crate) struct Inbox {
    bytes: BytesMut,
    /// How much room the next reservation makes, in bytes.
    room: usize,
    /// Whether room was made since the last release.
    reserved: bool,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self { bytes: BytesMut::new(), room: MIN_ROOM, reserved: false }
    }

    /// Where received bytes are appended. It has room already.
    pub(crate) fn space(&mut self) -> &mut (impl BufMut + use<>) {
        if self.spare() < MIN_ROOM / 4 {
            self.bytes.reserve(self.room);
            self.reserved = true;
        }
        &mut self.bytes
    }

    /// Uses up the first `len` bytes.
    pub(crate) fn advance(&mut self, len: usize) {
        self.bytes.advance(len);
    }

    /// The first `len` bytes, which are used up when the payload is dropped or taken.
    pub(crate) fn payload(&mut self, len: usize) -> Payload<'_> {
        Payload { inbox: self, len }
    }

    /// Gives back what is not in use. For when nothing more is to be had from the bytes that are here.
    pub(crate) fn release(&mut self) {
        let spare = self.spare();
        if mem::take(&mut self.reserved) {
            // A read that fills its room has more to come; one that leaves most of it empty was given too much.
            if spare == 0 {
                self.room = MAX_ROOM.min(self.room * 2);
            } else if spare > self.room / 2 {
                self.room = MIN_ROOM.max(self.room / 2);
            }
        }
        if self.bytes.is_empty() {
            self.bytes = BytesMut::new();
        } else if self.bytes.len() <= REMNANT {
            self.bytes = BytesMut::from(&self.bytes[..]);
        }
    }

    /// Throws everything away.
    pub(crate) fn clear(&mut self) {
        self.bytes = BytesMut::new();
    }

    /// Heap bytes held.
    pub(crate) fn held(&self) -> usize {
        self.bytes.capacity()
    }

    fn spare(&self) -> usize {
        self.bytes.capacity() - self.bytes.len()
    }
}

impl Deref for Inbox {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Shows no content.
impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({} bytes)", self.len())
    }
}

/// Bytes at the front of the inbox. Dropping them uses them up.
#[derive(Debug)]
pub(crate) struct Payload<'a> {
    inbox: &'a mut Inbox,
    len: usize,
}

impl Payload<'_> {
    /// The bytes to keep: copied out if they are few, else handed over as they lie.
    pub(crate) fn into_bytes(mut self) -> Bytes {
        if self.len < HAND_OVER {
            return Bytes::copy_from_slice(&self);
        }
        let len = mem::take(&mut self.len);
        self.inbox.bytes.split_to(len).freeze()
    }
}

impl Deref for Payload<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.inbox.bytes[..self.len]
    }
}

impl DerefMut for Payload<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.inbox.bytes[..self.len]
    }
}

impl Drop for Payload<'_> {
    fn drop(&mut self) {
        self.inbox.advance(self.len);
    }
}
