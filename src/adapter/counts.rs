//! Checks how many bytes a stream reports that it has read or written.
//!
//! A read that reports more than it had room for would show bytes of another connection, which the
//! thread's buffer still has; such a write would drop output that was never sent.

use std::io::{self, ErrorKind, IoSlice};

/// Checks the count of a read into a buffer of `room` bytes.
#[inline(always)]
pub(super) fn check_read(count: usize, room: usize) -> io::Result<usize> {
    if count <= room { Ok(count) } else { Err(too_many("read")) }
}

/// Checks the count of a write of these buffers.
#[inline(always)]
pub(super) fn check_written(count: usize, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    let offered = slices.iter().map(|slice| slice.len()).sum();
    if count <= offered { Ok(count) } else { Err(too_many("write")) }
}

#[cold]
fn too_many(method: &str) -> io::Error {
    let text = std::format!(
        "the stream's {method} reported more bytes than the buffer has; mend the stream's {method}"
    );
    io::Error::new(ErrorKind::InvalidData, text)
}
