//! Passes output to a stream, and holds the buffer that output is queued in.
//!
//! A thread keeps one buffer, which the connection that writes borrows: an idle connection has
//! none.

use std::cell::Cell;
use std::io::IoSlice;
use std::thread_local;
use std::vec::Vec;

use bytes::Buf;

use super::read_buffer::ReadBuffer;
use crate::message::Outgoing;
use crate::session::{Session, TrySendError};

/// Buffers that one write takes at most. The next write takes the others.
const MAX_SLICES: usize = 64;

/// The largest block that is kept, in bytes: the default high-water mark and a message, in a block
/// that grew by doubling.
const MAX_KEPT: usize = 512 * 1024;

thread_local! {
    static BLOCK: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Takes the thread's block for output, or an empty one.
#[inline]
pub(super) fn take_block() -> Vec<u8> {
    // A thread that is ending has none.
    BLOCK.try_with(|kept| kept.replace(Vec::new())).unwrap_or_default()
}

/// Returns such a block to the thread.
#[inline]
pub(super) fn return_block(mut block: Vec<u8>) {
    if block.capacity() <= MAX_KEPT {
        block.clear();
        // A thread that is ending keeps nothing.
        let _ = BLOCK.try_with(|kept| kept.set(block));
    }
}

/// Queues a message in the thread's block if there is room now; otherwise the overflow policy
/// applies.
pub(super) fn try_send(session: &mut Session, message: Outgoing) -> Result<(), TrySendError> {
    // No block is borrowed for a message that can't be sent.
    if session.connection.check_sendable().is_ok() {
        session.connection.set_output_buffer_for(message.prepared(), take_block);
    }
    session.send(message)
}

/// Calls `write` with as much of the output as one write takes.
#[inline]
pub(super) fn write_with<T>(
    output: &impl Buf,
    vectored: bool,
    write: impl FnOnce(&[IoSlice<'_>]) -> T,
) -> T {
    // Most often there is one buffer, and finding that out is faster than filling the array.
    if output.chunk().len() == output.remaining() {
        return write(&[IoSlice::new(output.chunk())]);
    }
    write_several(output, vectored, write)
}

fn write_several<T>(
    output: &impl Buf,
    vectored: bool,
    write: impl FnOnce(&[IoSlice<'_>]) -> T,
) -> T {
    if vectored {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let count = output.chunks_vectored(&mut slices);
        return write(&slices[..count]);
    }
    // Copied together up to the size of a read buffer, so that a header and its payload leave in
    // one write (one TLS record, one HTTP/2 frame).
    let mut gathered = ReadBuffer::new(false);
    let (space, mut len) = (gathered.space(), 0);
    if output.chunk().len() >= space.len() {
        return write(&[IoSlice::new(output.chunk())]);
    }
    let mut slices = [IoSlice::new(&[]); MAX_SLICES];
    let count = output.chunks_vectored(&mut slices);
    for slice in &slices[..count] {
        let copied = slice.len().min(space.len() - len);
        space[len..][..copied].copy_from_slice(&slice[..copied]);
        len += copied;
    }
    write(&[IoSlice::new(&space[..len])])
}
