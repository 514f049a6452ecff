//! Bytes on their way to the peer: a queue that is [`Buf`].
//!
//! ```text
//!   small   [ header payload header payload header | header | header payload … ]     <- small frames are appended here
//!   large                                          ^ large payloads, not copied: they go in between
//! ```

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

use bytes::{Buf, Bytes};

/// The first allocation, in bytes: some small frames.
const MIN_ROOM: u32 = 512;

/// What is taken at once at most, in bytes, for as much again as was written last time.
const MAX_ROOM: usize = 64 * 1024;

/// So large a part of a block is not worth the block.
#[cfg(feature = "std")]
const LITTLE: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Output {
    small: Vec<u8>,
    /// Up to here the small ones are written.
    start: usize,
    large: VecDeque<Large>,
    /// Bytes in both that are not written.
    len: usize,
    /// What `small` had come to when all was written, in bytes.
    usual: u32,
    /// Whether `small` is somebody's who wants it back.
    borrowed: bool,
}

#[derive(Debug)]
struct Large {
    /// Where it goes: before this byte of the small ones.
    at: usize,
    payload: Bytes,
}

impl Output {
    /// Begins with these bytes, and goes on in the same block. For an output that is empty.
    pub(crate) fn begin_with(&mut self, small: Vec<u8>) {
        debug_assert!(self.len == 0, "nothing is thrown away");
        (self.len, self.small) = (small.len(), small);
    }

    /// Copies a header and its payload to the end, and lends the payload's copy.
    #[inline(always)]
    pub(super) fn append(&mut self, header: &[u8], payload: &[u8]) -> &mut [u8] {
        let len = header.len() + payload.len();
        if self.small.capacity() - self.small.len() < len {
            self.make_room(len);
        }
        match *header {
            // As most are: stored, and not copied by a call.
            [first, second] => self.small.extend_from_slice(&[first, second]),
            _ => self.small.extend_from_slice(header),
        }
        self.small.extend_from_slice(payload);
        self.len += len;
        let start = self.small.len() - payload.len();
        &mut self.small[start..]
    }

    /// Puts a header and its payload at the end, the payload as it is.
    pub(super) fn push(&mut self, header: &[u8], payload: Bytes) {
        self.append(header, &[]);
        self.len += payload.len();
        self.large.push_back(Large { at: self.small.len(), payload });
    }

    /// Puts another output before this one, of which nothing is written yet. Returns the block of
    /// this one, if it is borrowed and not needed any more.
    #[cfg(feature = "std")]
    pub(super) fn prepend(&mut self, mut first: Self) -> Option<Vec<u8>> {
        if first.len == 0 {
            return None;
        }
        let shift = first.small.len();
        first.small.extend_from_slice(&self.small);
        let behind = self.large.drain(..).map(|large| Large { at: large.at + shift, ..large });
        first.large.extend(behind);
        first.len += self.len;
        let Self { small, borrowed, .. } = mem::replace(self, first);
        borrowed.then_some(small)
    }

    /// Lends a block to write into, if there is none.
    #[cfg(feature = "std")]
    pub(super) fn lend(&mut self, block: impl FnOnce() -> Vec<u8>) {
        if self.small.capacity() == 0 {
            (self.small, self.borrowed) = (block(), true);
        }
    }

    /// Gives the block that was lent back, if there is little in it that is not written.
    #[cfg(feature = "std")]
    #[inline]
    pub(super) fn give_back(&mut self) -> Option<Vec<u8>> {
        let rest = &self.small[self.start..];
        if !self.borrowed || rest.len() > self.small.capacity() / LITTLE {
            return None;
        }
        let rest = rest.to_vec();
        self.large.iter_mut().for_each(|large| large.at -= self.start);
        (self.start, self.borrowed) = (0, false);
        Some(mem::replace(&mut self.small, rest))
    }

    /// Keeps the block that was lent, as long as there is something in it.
    #[cfg(feature = "std")]
    pub(super) fn keep_block(&mut self) {
        self.borrowed = false;
        self.release_if_empty();
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Heap bytes held.
    pub(super) fn held(&self) -> usize {
        let payloads: usize = self.large.iter().map(|large| large.payload.len()).sum();
        payloads + self.large.capacity() * size_of::<Large>() + self.small.capacity()
    }

    /// No more is moved than is written already, so what is moved again and again is not much
    /// either.
    fn make_room(&mut self, len: usize) {
        if self.start >= self.small.len() - self.start {
            let written = mem::take(&mut self.start);
            self.small.drain(..written);
            self.large.iter_mut().for_each(|large| large.at -= written);
        }
        let usual = if self.small.capacity() == 0 { self.usual.max(MIN_ROOM) } else { 0 };
        self.small.reserve(len.max(usual as usize));
    }

    /// All that is to be written, in its order: nothing empty.
    fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = self.start;
        let in_between = self.large.iter().flat_map(move |large| {
            let small = &self.small[mem::replace(&mut start, large.at)..large.at];
            [small, &large.payload]
        });
        let last = self.large.back().map_or(self.start, |large| large.at);
        in_between.chain([&self.small[last..]]).filter(|chunk| !chunk.is_empty())
    }

    #[inline]
    fn release_if_empty(&mut self) {
        if self.len == 0 {
            self.usual = self.small.len().min(MAX_ROOM) as u32;
            if self.borrowed {
                self.small.clear();
            } else {
                self.small = Vec::new();
            }
            self.start = 0;
            if self.large.capacity() > 0 {
                self.large = VecDeque::new();
            }
        }
    }
}

impl Buf for Output {
    #[inline]
    fn remaining(&self) -> usize {
        self.len
    }

    #[inline]
    fn chunk(&self) -> &[u8] {
        match self.large.front() {
            Some(large) if large.at == self.start => &large.payload,
            Some(large) => &self.small[self.start..large.at],
            None => &self.small[self.start..],
        }
    }

    #[inline]
    fn advance(&mut self, mut count: usize) {
        assert!(count <= self.len, "advanced {count} bytes over an output of {}", self.len);
        self.len -= count;
        while let Some(large) = self.large.front_mut() {
            let small = count.min(large.at - self.start);
            self.start += small;
            count -= small;
            if count < large.payload.len() {
                large.payload.advance(count);
                return;
            }
            count -= large.payload.len();
            self.large.pop_front();
        }
        self.start += count;
        self.release_if_empty();
    }

    /// A large payload that is taken whole is not copied.
    fn copy_to_bytes(&mut self, len: usize) -> Bytes {
        assert!(len <= self.len, "took {len} bytes of an output of {}", self.len);
        let taken = match self.large.front() {
            Some(large) if large.at == self.start && large.payload.len() == len => {
                large.payload.clone()
            }
            _ => {
                let mut taken = Vec::with_capacity(len);
                for chunk in self.chunks() {
                    let missing = len - taken.len();
                    if missing == 0 {
                        break;
                    }
                    taken.extend_from_slice(&chunk[..missing.min(chunk.len())]);
                }
                Bytes::from(taken)
            }
        };
        self.advance(len);
        taken
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, slices: &mut [std::io::IoSlice<'a>]) -> usize {
        slices
            .iter_mut()
            .zip(self.chunks())
            .map(|(slice, chunk)| *slice = std::io::IoSlice::new(chunk))
            .count()
    }
}
