//! A message that the application writes in chunks of any size, cut into frames: RFC 6455 §5.4.
//!
//! ```text
//!   push   ──────────────►  whole  ──►  next  ──►  the payload of a frame, at most 64 KiB
//!   gather ──►  gathered  ─────┘
//! ```
//!
//! | state        | frame that is queued | if it is dropped                           |
//! |--------------|----------------------|--------------------------------------------|
//! | **Unsent**   | the first one        | the lock is free                           |
//! | **HalfSent** | a continuation       | Close with 1011, and the lock is free      |
//! | **Finished** | none                 | nothing: the lock is free since the end    |

use core::mem::take;

use bytes::{Bytes, BytesMut};

use super::live::Session;
use crate::connection::SendError;
use crate::message::{CloseCode, Compress, Kind};

/// The largest payload of a frame, in bytes. Pings, pongs and Close frames go between frames.
const MAX_FRAME: usize = 64 * 1024;

/// Bytes that were written and are not queued.
#[derive(Default)]
struct ChunkBuffer {
    /// The payload of the next frame.
    next: Bytes,
    /// A chunk that follows it, not copied.
    whole: Bytes,
    /// Small writes, which come last.
    gathered: BytesMut,
}

impl ChunkBuffer {
    fn is_empty(&self) -> bool {
        self.next.is_empty() && self.whole.is_empty() && self.gathered.is_empty()
    }

    /// Appends a chunk: without a copy, if no other bytes have to come before it.
    fn push(&mut self, chunk: Bytes) {
        if self.whole.is_empty() && self.gathered.is_empty() {
            self.whole = chunk;
        } else {
            self.gathered.extend_from_slice(&chunk);
        }
    }

    /// Copies as much as there is room for; returns how many bytes.
    fn gather(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(MAX_FRAME.saturating_sub(self.gathered.len()));
        self.gathered.extend_from_slice(&bytes[..count]);
        count
    }

    /// The payload of the next frame, and whether nothing follows it. It stays until it is taken.
    fn next_frame(&mut self) -> (&mut Bytes, bool) {
        if self.next.is_empty() {
            if self.whole.is_empty() {
                self.whole = take(&mut self.gathered).freeze();
            }
            self.next = self.whole.split_to(self.whole.len().min(MAX_FRAME));
        }
        let is_all = self.whole.is_empty() && self.gathered.is_empty();
        (&mut self.next, is_all)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// No frame was queued.
    Unsent,
    /// Some frames were queued, but not the last one.
    HalfSent,
    Finished,
}

/// A message that is sent in fragments. It holds the session's lock until it is finished or
/// dropped.
pub(crate) struct FragmentedMessage {
    kind: Kind,
    compress: Compress,
    buffer: ChunkBuffer,
    progress: Progress,
    /// Why the message can't be continued.
    failed: Option<SendError>,
}

impl FragmentedMessage {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            compress: Compress::Automatic,
            buffer: ChunkBuffer::default(),
            progress: Progress::Unsent,
            failed: None,
        }
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) const fn set_compress(&mut self, compress: Compress) {
        self.compress = compress;
    }

    /// Appends a chunk.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        self.buffer.push(chunk);
    }

    /// Appends as much as there is room for; returns how many bytes.
    pub(crate) fn gather(&mut self, bytes: &[u8]) -> usize {
        self.buffer.gather(bytes)
    }

    /// Whether the buffer is full: a frame has to be queued first.
    pub(crate) fn is_full(&self) -> bool {
        self.buffer.gathered.len() >= MAX_FRAME
    }

    /// Whether all that was appended is queued.
    pub(crate) fn is_queued(&self) -> bool {
        self.buffer.is_empty()
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.progress == Progress::Finished
    }

    /// Whether the next fragment can be queued at all.
    pub(crate) const fn check(&self) -> Result<(), SendError> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Queues the next frame, as the last one of the message if nothing follows it and `finish`.
    /// Returns whether nothing is left to be queued.
    pub(crate) fn queue_next(
        &mut self,
        session: &mut Session,
        finish: bool,
    ) -> Result<bool, SendError> {
        let (payload, is_all) = self.buffer.next_frame();
        let last = finish && is_all;
        let queued =
            session.connection.send_fragment_with(self.kind, take(payload), last, self.compress);
        if let Err(error) = queued {
            self.failed = Some(error);
            return Err(error);
        }
        self.progress = if last { Progress::Finished } else { Progress::HalfSent };
        if last {
            session.unlock();
        }
        Ok(is_all)
    }

    /// Gives the message up. If it was half sent, the connection is closed with 1011: the peer must
    /// not take half a message for a whole one.
    pub(crate) fn abandon(&mut self, session: &mut Session) {
        match self.progress {
            Progress::Finished => return,
            Progress::HalfSent => session.connection.close(CloseCode::INTERNAL_ERROR),
            Progress::Unsent => {}
        }
        session.unlock();
    }
}
