//! The bytes of small frames, one behind the other.

use alloc::vec::Vec;
use core::ops::Deref;

use bytes::Bytes;

#[derive(Debug)]
pub(super) enum Small {
    Own(Vec<u8>),
    /// One frame, whose bytes other connections share.
    Shared(Bytes),
}

impl Default for Small {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl Small {
    pub(super) fn is_unallocated(&self) -> bool {
        matches!(self, Self::Own(own) if own.capacity() == 0)
    }

    /// Whether so many bytes can be appended without an allocation.
    #[inline]
    pub(super) fn has_room(&self, len: usize) -> bool {
        matches!(self, Self::Own(own) if own.capacity() - own.len() >= len)
    }

    pub(super) fn capacity(&self) -> usize {
        match self {
            Self::Own(own) => own.capacity(),
            Self::Shared(shared) => shared.len(),
        }
    }

    /// The bytes to change: a copy of shared ones.
    #[inline]
    pub(super) fn own(&mut self) -> &mut Vec<u8> {
        if let Self::Shared(_) = self {
            self.copy();
        }
        match self {
            Self::Own(own) => own,
            Self::Shared(_) => unreachable!("they are copied"),
        }
    }

    #[cold]
    fn copy(&mut self) {
        *self = Self::Own(self.to_vec());
    }
}

impl Deref for Small {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Own(own) => own,
            Self::Shared(shared) => shared,
        }
    }
}
