//! Receiving an HTTP/1.1 head: RFC 9112 §2.2.
//!
//! Each byte is scanned once for the end of the head, and limits and the start line are checked as
//! bytes are received. httparse parses a complete head. The bytes after it stay in the reader.

use core::mem;

use bytes::BufMut;

use super::head_error::HeadError;
use super::start_line::StartLine;
use crate::connection::{HeadLimits, Inbox};

/// Receives one head after the other.
#[derive(Debug)]
pub(super) struct HeadReader {
    start_line: &'static StartLine,
    limits: HeadLimits,
    inbox: Inbox,
    /// The start of the incomplete line.
    line: usize,
    /// The end of the scanned bytes.
    scanned: usize,
    /// Complete lines, the start line included.
    lines: usize,
    /// Whether an empty line was skipped before the start line.
    skipped: bool,
}

impl HeadReader {
    pub(super) fn new(start_line: &'static StartLine, limits: HeadLimits) -> Self {
        let inbox = Inbox::default();
        Self { start_line, limits, inbox, line: 0, scanned: 0, lines: 0, skipped: false }
    }

    pub(super) fn input(&mut self) -> &mut (impl BufMut + use<>) {
        self.inbox.space()
    }

    /// Parses and removes a complete head, which ends with an empty line; `None` until it is
    /// complete. A head that `parse` rejects stays. `parse` is also given the maximum number of
    /// fields.
    pub(super) fn receive<T>(
        &mut self,
        parse: impl Fn(&[u8], usize) -> Result<T, HeadError>,
    ) -> Result<Option<T>, HeadError> {
        if self.scanned == 0 && self.looks_whole() {
            // If that fails, the lines are scanned for the first error.
            if let Ok(head) = parse(&self.inbox, self.limits.fields) {
                self.inbox.advance(self.inbox.len());
                return Ok(Some(head));
            }
        }
        loop {
            if self.lines == 0 {
                (self.start_line.begin)(&self.inbox[self.line..])?;
            }
            let mut unscanned = self.inbox[self.scanned..].iter();
            let Some(newline) = unscanned.position(|&byte| byte == b'\n') else { break };
            let end = self.scanned + newline + 1;
            self.check_limits(end)?;
            let line = &self.inbox[self.line..end];
            (self.line, self.scanned) = (end, end);
            match line {
                b"\r\n" if self.lines > 0 => {
                    let head = parse(&self.inbox[..end], self.limits.fields)?;
                    self.inbox.advance(end);
                    (self.line, self.scanned, self.lines, self.skipped) = (0, 0, 0, false);
                    return Ok(Some(head));
                }
                // RFC 9112 §2.2: a server "SHOULD ignore at least one empty line (CRLF) received
                // prior to the request-line"
                b"\r\n" if !self.skipped => self.skipped = true,
                [_, .., b'\r', b'\n'] => {
                    if self.lines == 0 {
                        (self.start_line.check)(line)?;
                    }
                    self.lines += 1;
                }
                // RFC 9112 §2.2 allows a bare LF as a line end, but a head that two parsers may
                // parse differently is rejected.
                _ => return Err(HeadError::Malformed),
            }
        }
        self.scanned = self.inbox.len();
        self.check_limits(self.scanned)?;
        self.inbox.release_memory();
        Ok(None)
    }

    /// Whether the received bytes look like exactly one head, as most first reads do, within all
    /// limits but that of the fields. Such a head is parsed without scanning its lines first. It
    /// may still contain an empty line.
    fn looks_whole(&self) -> bool {
        let bytes = &*self.inbox;
        let starts = bytes.first().is_some_and(|&byte| byte != b'\r' && byte != b'\n');
        let max = self.limits.line.min(self.limits.size);
        starts && bytes.ends_with(b"\r\n\r\n") && bytes.len() <= max
    }

    /// Takes the bytes after the last head.
    pub(super) fn take_rest(&mut self) -> Inbox {
        mem::take(&mut self.inbox)
    }

    /// Discards all bytes.
    pub(super) fn clear(&mut self) {
        self.inbox = Inbox::default();
    }

    /// The bytes after the last head.
    pub(super) fn rest(&self) -> &[u8] {
        &self.inbox
    }

    /// Removes bytes after the last head.
    pub(super) fn advance(&mut self, len: usize) {
        self.inbox.advance(len);
    }

    /// Checks the limits for a line that is scanned up to `end`. Reports the limit with the lowest
    /// position in the head, however the head was split into reads.
    fn check_limits(&self, end: usize) -> Result<(), HeadError> {
        let HeadLimits { size, line, fields } = self.limits;
        // After the start line and the maximum number of fields, only an empty line may follow.
        let (in_line, too_long) = if self.lines > fields {
            (b"\r\n".len(), HeadError::TooManyFields { limit: fields })
        } else {
            (line, HeadError::LineTooLong { limit: line })
        };
        let line_end = self.line.saturating_add(in_line);
        if end > size.min(line_end) {
            return Err(if line_end < size {
                too_long
            } else {
                HeadError::TooLong { limit: size }
            });
        }
        Ok(())
    }
}
