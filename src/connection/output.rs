//! Bytes on their way to the peer: a queue that is [`Buf`].
//!
//! ```text
//!   segments   [ header payload header payload header ] [ large payload, not copied ] [ header ] [ large payload ]
//!   tail       [ header payload header payload …           <- small frames are appended here
//! ```

use alloc::collections::VecDeque;

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The tail's first allocation, in bytes: some small frames.
const TAIL_ROOM: usize = 512;

#[derive(Debug, Default)]
pub(crate) struct Output {
    /// What goes first.
    segments: VecDeque<Bytes>,
    /// What goes after all segments.
    tail: BytesMut,
    /// Bytes in both.
    len: usize,
}

impl Output {
    /// Copies bytes to the end, and lends the copy.
    pub(super) fn append(&mut self, bytes: &[u8]) -> &mut [u8] {
        if self.tail.capacity() == 0 && !bytes.is_empty() {
            self.tail.reserve(TAIL_ROOM);
        }
        let start = self.tail.len();
        self.tail.extend_from_slice(bytes);
        self.len += bytes.len();
        &mut self.tail[start..]
    }

    /// Puts a payload at the end as it is.
    pub(super) fn push(&mut self, payload: Bytes) {
        self.len += payload.len();
        if !self.tail.is_empty() {
            self.segments.push_back(self.tail.split().freeze());
        }
        self.segments.push_back(payload);
    }

    /// Puts another output before this one.
    #[cfg(feature = "std")]
    pub(super) fn prepend(&mut self, mut first: Self) {
        if first.len == 0 {
            return;
        }
        if !first.tail.is_empty() {
            first.segments.push_back(first.tail.freeze());
        }
        first.segments.append(&mut self.segments);
        self.segments = first.segments;
        self.len += first.len;
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Heap bytes held.
    pub(super) fn held(&self) -> usize {
        let payloads: usize = self.segments.iter().map(Bytes::len).sum();
        payloads + self.segments.capacity() * size_of::<Bytes>() + self.tail.capacity()
    }

    fn release_if_empty(&mut self) {
        if self.len == 0 {
            self.segments = VecDeque::new();
            self.tail = BytesMut::new();
        }
    }
}

impl Buf for Output {
    fn remaining(&self) -> usize {
        self.len
    }

    fn chunk(&self) -> &[u8] {
        self.segments.front().map_or(&self.tail[..], |segment| segment)
    }

    fn advance(&mut self, mut count: usize) {
        assert!(count <= self.len, "advanced {count} bytes over an output of {}", self.len);
        self.len -= count;
        while let Some(front) = self.segments.front_mut() {
            if count < front.len() {
                front.advance(count);
                return;
            }
            count -= front.len();
            self.segments.pop_front();
        }
        self.tail.advance(count);
        self.release_if_empty();
    }

    /// A segment that is taken whole is not copied.
    fn copy_to_bytes(&mut self, len: usize) -> Bytes {
        assert!(len <= self.len, "took {len} bytes of an output of {}", self.len);
        match self.segments.front() {
            Some(front) if front.len() == len => {
                self.len -= len;
                let taken = self.segments.pop_front().unwrap_or_default();
                self.release_if_empty();
                taken
            }
            None => {
                self.len -= len;
                let taken = self.tail.split_to(len).freeze();
                self.release_if_empty();
                taken
            }
            Some(_) => {
                let mut taken = BytesMut::with_capacity(len);
                taken.put(self.take(len));
                taken.freeze()
            }
        }
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, slices: &mut [std::io::IoSlice<'a>]) -> usize {
        let tail = (!self.tail.is_empty()).then_some(&self.tail[..]);
        let chunks = self.segments.iter().map(|segment| &segment[..]).chain(tail);
        slices.iter_mut().zip(chunks).map(|(slice, chunk)| *slice = std::io::IoSlice::new(chunk)).count()
    }
}
