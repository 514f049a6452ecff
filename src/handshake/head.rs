//! Finds the end of an HTTP/1.1 head: RFC 9112 §2.2.
//!
//! Bytes are scanned once, however slowly they drip, and limited as they come. What follows the
//! head stays, for whoever reads on. What the lines mean is httparse's business, when all of them
//! are there.

use core::{error, fmt};

use bytes::BufMut;

use crate::connection::Inbox;

/// The longest head, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// The longest line in it, in bytes.
const MAX_LINE: usize = 8 * 1024;

/// The most fields in it.
pub(super) const MAX_FIELDS: usize = 100;

/// Whether these bytes may be a head from the first to the last, as most that are received are, and
/// within all limits but that of the fields: then there is no need to look at each line before they
/// are read. There may still be an empty line inside.
fn looks_whole(bytes: &[u8]) -> bool {
    let starts = bytes.first().is_some_and(|&byte| byte != b'\r' && byte != b'\n');
    starts && bytes.ends_with(b"\r\n\r\n") && bytes.len() <= MAX_LINE
}

/// Collects one head after the other.
#[derive(Debug)]
pub(super) struct HeadReader {
    inbox: Inbox,
    /// Where the line that has not ended begins.
    line: usize,
    /// Up to here there is no line end that has not been seen.
    scanned: usize,
    /// Lines that have ended, the start line among them.
    lines: usize,
    /// Whether an empty line was skipped before the start line.
    skipped: bool,
}

impl HeadReader {
    pub(super) fn new() -> Self {
        Self { inbox: Inbox::default(), line: 0, scanned: 0, lines: 0, skipped: false }
    }

    pub(super) fn input(&mut self) -> &mut (impl BufMut + use<>) {
        self.inbox.space()
    }

    /// What `read` makes of the head, from the first byte to the end of the empty line that ends
    /// it, once it is there. A head that it makes nothing of stays.
    pub(super) fn receive<T>(
        &mut self,
        read: impl Fn(&[u8]) -> Result<T, HeadError>,
    ) -> Result<Option<T>, HeadError> {
        if self.scanned == 0 && looks_whole(&self.inbox) {
            // What is wrong with one that can't be read is told by its lines, of which the first
            // may be one too many.
            if let Ok(head) = read(&self.inbox) {
                self.inbox.advance(self.inbox.len());
                return Ok(Some(head));
            }
        }
        while let Some(newline) = self.inbox[self.scanned..].iter().position(|&byte| byte == b'\n')
        {
            let end = self.scanned + newline + 1;
            self.check_limits(end)?;
            let line = &self.inbox[self.line..end];
            (self.line, self.scanned) = (end, end);
            match line {
                b"\r\n" if self.lines > 0 => {
                    let head = read(&self.inbox[..end])?;
                    self.inbox.advance(end);
                    (self.line, self.scanned, self.lines, self.skipped) = (0, 0, 0, false);
                    return Ok(Some(head));
                }
                // RFC 9112 §2.2: a server "SHOULD ignore at least one empty line (CRLF) received
                // prior to the request-line"
                b"\r\n" if !self.skipped => self.skipped = true,
                [_, .., b'\r', b'\n'] => self.lines += 1,
                // RFC 9112 §2.2 allows to take a bare LF for a line end, but what two parsers may
                // read in two ways is refused.
                _ => return Err(HeadError::Malformed),
            }
        }
        self.scanned = self.inbox.len();
        self.check_limits(self.scanned)?;
        self.inbox.release_memory();
        Ok(None)
    }

    /// What was received after the head, or of one that has not ended.
    pub(super) fn into_rest(self) -> Inbox {
        self.inbox
    }

    /// What was received after the head, or of one that has not ended.
    pub(super) fn rest(&self) -> &[u8] {
        &self.inbox
    }

    /// Whether the line that is seen up to `end` may be that long, and there. Of several limits the
    /// one that is met first is told, however many bytes came at once.
    fn check_limits(&self, end: usize) -> Result<(), HeadError> {
        // Once the start line and all fields have ended, what follows can only be the empty line.
        let (in_line, too_long) = if self.lines > MAX_FIELDS {
            (b"\r\n".len(), HeadError::TooManyFields { limit: MAX_FIELDS })
        } else {
            (MAX_LINE, HeadError::LineTooLong { limit: MAX_LINE })
        };
        if end > MAX_HEAD.min(self.line + in_line) {
            return Err(if self.line + in_line < MAX_HEAD {
                too_long
            } else {
                HeadError::TooLong { limit: MAX_HEAD }
            });
        }
        Ok(())
    }
}

/// An HTTP/1.1 head, of a request or a response, can't be read (RFC 9112 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeadError {
    /// The stream ended inside the head.
    Incomplete,
    /// Not the grammar of HTTP/1: a line end other than CRLF, a folded line, a field name that is
    /// not a token …
    Malformed,
    /// The head is longer than the limit.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// A line of the head is longer than the limit.
    LineTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The head has more header fields than the limit.
    TooManyFields {
        /// The limit in fields.
        limit: usize,
    },
    /// A version of HTTP other than 1.1 (RFC 6455 §4.1 no. 2, §4.2.1 no. 1).
    HttpVersion,
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete => f.write_str("the stream ended inside the opening handshake"),
            Self::Malformed => f.write_str("the HTTP head is malformed"),
            Self::TooLong { limit } => write!(f, "the HTTP head is over {limit} bytes"),
            Self::LineTooLong { limit } => {
                write!(f, "a line in the HTTP head is over {limit} bytes")
            }
            Self::TooManyFields { limit } => {
                write!(f, "the HTTP head has more than {limit} header fields")
            }
            Self::HttpVersion => f.write_str("the HTTP version is not 1.1"),
        }
    }
}

impl error::Error for HeadError {}
