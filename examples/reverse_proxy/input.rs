//! The bytes that one side sends, up to the end of its stream.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};

use crate::stream::Stream;

/// The most that is read at once, in bytes.
const READ: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into());
}

/// The input of a direction. Between two reads it has no buffer, except for bytes that were not
/// taken.
pub(crate) struct Input {
    /// Bytes that arrived with the opening handshake.
    early: Bytes,
    /// Bytes that were received and not taken: an incomplete header, for example.
    rest: Vec<u8>,
}

/// The result of a read.
pub(crate) enum Read {
    /// Bytes were read and handed over.
    Bytes,
    End,
    Failed,
}

impl Input {
    pub(crate) fn new(early: Bytes) -> Self {
        Self { early, rest: Vec::new() }
    }

    /// Reads once, unless the bytes that were not taken suffice, and hands over what there is.
    /// `take` returns how many bytes it has taken; the others are handed over again.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        suffices: bool,
        take: impl FnOnce(&mut Context<'_>, &mut [u8]) -> usize,
    ) -> Poll<Read> {
        BUFFER.with_borrow_mut(|buffer| {
            let before = self.rest.len();
            buffer[..before].copy_from_slice(&self.rest);
            let mut received = ReadBuf::new(buffer);
            received.set_filled(before);
            if !suffices {
                if self.early.is_empty() {
                    if ready!(Pin::new(from).poll_read(cx, &mut received)).is_err() {
                        return Poll::Ready(Read::Failed);
                    }
                } else {
                    let count = self.early.len().min(received.remaining());
                    received.put_slice(&self.early.split_to(count));
                }
                if received.filled().len() == before {
                    return Poll::Ready(Read::End);
                }
            }
            let bytes = received.filled_mut();
            let taken = take(cx, bytes);
            self.rest = bytes[taken..].to_vec();
            Poll::Ready(Read::Bytes)
        })
    }
}
