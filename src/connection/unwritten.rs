//! Counts the messages of the output that are not written completely.
//!
//! ```text
//!   written │ not written
//!   ────────┼────────┬──────────────────┬───────────────┬──
//!     … frame        │ frame            │ frame         │ …
//!   ────────┼────────┴──────────────────┴───────────────┴──
//!           │ rest ─►│ the next header is here
//! ```
//!
//! Most writes take all of the output, and then it has no messages. If a write takes less, the
//! headers of the frames that it takes say which messages it completes.

use core::mem;

use crate::wire::Header;

/// The messages of an output.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    /// Messages whose last frame is in the output.
    messages: u32,
    /// Whether the frame that `rest` is of is the last one of a message.
    ends_message: bool,
    /// Bytes that are left of the first frame, or of the response before it; 0 if the output
    /// begins with a header that was not looked at.
    rest: usize,
}

impl Unwritten {
    #[inline(always)]
    pub(super) const fn messages(&self) -> u32 {
        self.messages
    }

    /// Reports that a frame was queued.
    #[inline(always)]
    pub(super) const fn count(&mut self, ends_message: bool) {
        self.messages += ends_message as u32;
    }

    /// Reports that the output begins with a frame of so many bytes, or with a response.
    #[inline(always)]
    pub(super) const fn begin_with(&mut self, len: usize, ends_message: bool) {
        (self.rest, self.ends_message) = (len, ends_message);
    }

    /// Reports that so many bytes will be removed from the front. Returns whether they complete no
    /// frame.
    #[inline(always)]
    pub(super) const fn is_within_frame(&mut self, written: usize) -> bool {
        let is_within = written < self.rest;
        if is_within {
            self.rest -= written;
        }
        is_within
    }

    /// Reports that all of the output is written.
    #[inline(always)]
    pub(super) const fn clear(&mut self) {
        (self.messages, self.rest) = (0, 0);
    }

    /// Reports that another output was appended, of which nothing is written.
    #[cfg(feature = "std")]
    pub(super) const fn append(&mut self, behind: &Self) {
        self.messages += behind.messages;
    }

    /// Counts the remaining messages when so many bytes, but not all, will be removed from the
    /// front. `small` and `start` are those of the output; `large` returns the position and the
    /// length of a large payload.
    #[cold]
    pub(super) fn take(
        &mut self,
        mut written: usize,
        small: &[u8],
        start: usize,
        large: impl Fn(usize) -> Option<(usize, usize)>,
    ) {
        // The end of the frame in the small bytes, and the large payloads before it.
        let (mut end, mut passed) = (start, 0);
        while self.rest <= written {
            let rest = mem::take(&mut self.rest);
            written -= rest;
            self.messages -= u32::from(rest > 0 && self.ends_message);
            end += match large(passed) {
                Some((at, len)) if at - end < rest => {
                    passed += 1;
                    rest - len
                }
                _ => rest,
            };
            let Ok(Some((header, size))) = Header::parse(&small[end..]) else {
                debug_assert!(false, "a header is behind each frame");
                return;
            };
            self.rest = size + header.payload_len as usize;
            self.ends_message = header.fin && !header.opcode.is_control();
        }
        self.rest -= written;
    }
}
