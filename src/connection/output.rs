//! Bytes to write: a queue that is [`Buf`].
//!
//! ```text
//!   small   [ header payload header payload header | header | header payload … ] <- small frames
//!   large                                          ^ large payloads, not copied
//! ```
//!
//! A small frame that many connections send is not copied either, if it is all of the output.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

use bytes::{Buf, Bytes};

use super::small::Small;
use super::unwritten::Unwritten;

/// The first allocation in bytes: room for some small frames.
const MIN_ROOM: u32 = 512;

/// The largest first allocation, in bytes. It has the size of the previous output.
const MAX_ROOM: usize = 64 * 1024;

/// A borrowed buffer is returned if at most this fraction of it, 1/16, is unwritten.
#[cfg(feature = "std")]
const MAX_UNWRITTEN_FRACTION: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Output {
    small: Small,
    /// The end of the written bytes in `small`.
    start: usize,
    large: VecDeque<Large>,
    /// Unwritten bytes in both.
    len: usize,
    /// The length of `small` when all output was last written, in bytes.
    previous_len: u32,
    /// Whether `small` is the adapter's buffer.
    borrowed: bool,
    pub(super) unwritten: Unwritten,
}

#[derive(Debug)]
struct Large {
    /// The position: before this byte of the small frames.
    at: usize,
    payload: Bytes,
}

impl Output {
    /// Sets the first bytes and the allocation of an empty output.
    pub(crate) fn begin_with(&mut self, small: Vec<u8>) {
        debug_assert!(self.len == 0, "no output is lost");
        (self.len, self.small) = (small.len(), Small::Own(small));
        self.unwritten.begin_with(self.len, false);
    }

    /// Appends a copy of a header and its payload; returns the payload's copy.
    #[inline(always)]
    pub(super) fn append(&mut self, header: &[u8], payload: &[u8]) -> &mut [u8] {
        let len = header.len() + payload.len();
        self.len += len;
        if !self.small.has_room(len) {
            self.make_room(len);
        }
        let small = self.small.own();
        match *header {
            // As most are: some stores instead of a call.
            [first, second] => small.extend_from_slice(&[first, second]),
            [a, b, c, d] => small.extend_from_slice(&[a, b, c, d]),
            _ => small.extend_from_slice(header),
        }
        small.extend_from_slice(payload);
        let start = small.len() - payload.len();
        &mut small[start..]
    }

    /// Appends a frame that other connections send, too. It is not copied if it is all of the
    /// output.
    #[inline]
    pub(super) fn append_shared(&mut self, frame: &Bytes) {
        if self.len == 0 && self.small.is_unallocated() {
            (self.len, self.small) = (frame.len(), Small::Shared(frame.clone()));
        } else {
            self.append(&[], frame);
        }
    }

    /// Appends a header and its payload, without a copy of the payload.
    #[inline]
    pub(super) fn push(&mut self, header: &[u8], payload: Bytes, ends_message: bool) {
        if self.len == 0 {
            self.unwritten.begin_with(header.len() + payload.len(), ends_message);
        }
        self.append(header, &[]);
        self.len += payload.len();
        self.large.push_back(Large { at: self.small.len(), payload });
    }

    /// Puts another output before this one, of which nothing was written.
    #[cfg(feature = "std")]
    pub(super) fn prepend(&mut self, mut first: Self) -> Option<Vec<u8>> {
        if first.len == 0 {
            return None;
        }
        let shift = first.small.len();
        if !self.small.is_empty() {
            first.small.own().extend_from_slice(&self.small);
        }
        let behind = self.large.drain(..).map(|large| Large { at: large.at + shift, ..large });
        first.large.extend(behind);
        first.len += self.len;
        first.unwritten.append(&self.unwritten);
        let Self { small, borrowed, .. } = mem::replace(self, first);
        match small {
            Small::Own(small) if borrowed => Some(small),
            _ => None,
        }
    }

    /// Sets an empty buffer of the adapter's to append to, if there is none. A shared frame is
    /// copied into it.
    #[cfg(feature = "std")]
    #[inline]
    pub(super) fn set_buffer(&mut self, block: impl FnOnce() -> Vec<u8>) {
        match &mut self.small {
            Small::Own(small) if small.capacity() > 0 => return,
            Small::Own(small) => *small = block(),
            Small::Shared(frame) => {
                let mut block = block();
                block.extend_from_slice(frame);
                self.small = Small::Own(block);
            }
        }
        self.borrowed = true;
    }

    /// Returns the adapter's buffer, if almost all of it is written.
    #[cfg(feature = "std")]
    #[inline]
    pub(super) fn take_buffer(&mut self) -> Option<Vec<u8>> {
        let Small::Own(small) = &mut self.small else { return None };
        let rest = &small[self.start..];
        if !self.borrowed || rest.len() > small.capacity() / MAX_UNWRITTEN_FRACTION {
            return None;
        }
        let mut unwritten = Vec::new();
        if self.len > 0 {
            unwritten.extend_from_slice(rest);
            self.large.iter_mut().for_each(|large| large.at -= self.start);
        }
        (self.start, self.borrowed) = (0, false);
        Some(mem::replace(small, unwritten))
    }

    /// Keeps the adapter's buffer, and frees it once it is written.
    #[cfg(feature = "std")]
    pub(super) fn keep_block(&mut self) {
        self.borrowed = false;
        if self.len == 0 {
            self.release();
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Heap bytes held.
    pub(super) fn bytes_held(&self) -> usize {
        let payloads: usize = self.large.iter().map(|large| large.payload.len()).sum();
        payloads + self.large.capacity() * size_of::<Large>() + self.small.capacity()
    }

    /// Makes room for `len` bytes. Moves no more bytes than are written already, so each byte is
    /// moved once on average.
    fn make_room(&mut self, len: usize) {
        let small = self.small.own();
        if self.start > 0 && self.start >= small.len() - self.start {
            let written = mem::take(&mut self.start);
            small.drain(..written);
            self.large.iter_mut().for_each(|large| large.at -= written);
        }
        let first = if small.capacity() == 0 { self.previous_len.max(MIN_ROOM) } else { 0 };
        small.reserve(len.max(first as usize));
    }

    /// The unwritten bytes in order, without empty slices.
    fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = self.start;
        let in_between = self.large.iter().flat_map(move |large| {
            let small = &self.small[mem::replace(&mut start, large.at)..large.at];
            [small, &large.payload]
        });
        let last = self.large.back().map_or(self.start, |large| large.at);
        in_between.chain([&self.small[last..]]).filter(|chunk| !chunk.is_empty())
    }

    /// Frees the memory of output that is written.
    #[inline]
    fn release(&mut self) {
        self.previous_len = self.small.len().min(MAX_ROOM) as u32;
        match &mut self.small {
            Small::Own(small) if self.borrowed => small.clear(),
            small => *small = Small::default(),
        }
        self.start = 0;
        self.unwritten.clear();
        if self.large.capacity() > 0 {
            self.large = VecDeque::new();
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
        if count == self.len {
            self.len = 0;
            return self.release();
        }
        if !self.unwritten.is_within_frame(count) {
            let large = |index| self.large.get(index).map(|large| (large.at, large.payload.len()));
            self.unwritten.take(count, &self.small, self.start, large);
        }
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
    }

    /// Does not copy a large payload that is taken whole.
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
