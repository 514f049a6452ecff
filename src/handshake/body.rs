//! The body of a response other than 101: how long it is, RFC 9112 §6.3, and its chunks, §7.1.
//!
//! | response                         | the body ends with                               |
//! |----------------------------------|--------------------------------------------------|
//! | 204, 304                         | the head                                         |
//! | `Transfer-Encoding: chunked`     | an empty line after the last chunk, or trailers  |
//! | `Content-Length`                 | so many bytes                                    |
//! | an invalid `Content-Length`      | the head: what follows is discarded              |
//! | any other                        | the end of the stream                            |

use alloc::vec::Vec;
use core::str;

use super::fields::{is_in_any_case, list};
use super::headers::Headers;

/// The maximum length of a body that is kept, in bytes, without the framing of its chunks.
const MAX_BODY: usize = 4 * 1024;

/// The maximum length of a body with the framing of its chunks, in bytes.
const MAX_RECEIVED: usize = 16 * 1024;

/// The maximum length of a line between chunks, with its end, in bytes.
const MAX_LINE: usize = 1024;

/// The beginning of a body.
pub(super) struct Body {
    kept: Vec<u8>,
    received: usize,
    next: Next,
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// The last bytes of the body.
    Data(u64),
    /// Bytes of the body, to the end of the stream.
    ToEnd,
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailer,
    /// The body is over.
    Complete,
    /// The body is longer than what is kept, or malformed: the rest is not looked at.
    Stopped,
}

impl Body {
    /// The body of the response with this status and these fields (RFC 9112 §6.3).
    pub(super) fn new(status: u16, headers: &Headers) -> Self {
        let next = match status {
            204 | 304 => Next::Complete,
            200..=599 => framing(headers),
            // RFC 9110 §15: "Values outside the range 100..599 are invalid." They count as a 5xx,
            // but what sends them need not have a body that HTTP can delimit.
            _ => Next::Stopped,
        };
        Self { kept: Vec::new(), received: 0, next }
    }

    /// Whether no more bytes are needed.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.next, Next::Complete | Next::Stopped)
    }

    /// Receives the next bytes of the stream. Returns how many of them are parsed.
    pub(super) fn receive(&mut self, bytes: &[u8]) -> usize {
        let bytes = &bytes[..bytes.len().min(MAX_RECEIVED - self.received)];
        let mut parsed = 0;
        while let Some(len) = self.step(&bytes[parsed..]) {
            parsed += len;
        }
        self.received += parsed;
        if !self.is_over() && self.received + bytes[parsed..].len() == MAX_RECEIVED {
            self.next = Next::Stopped;
        }
        parsed
    }

    /// The stream has ended.
    pub(super) fn end_input(&mut self) {
        self.next = match self.next {
            Next::ToEnd | Next::Complete => Next::Complete,
            _ => Next::Stopped,
        };
    }

    /// No more of the body is waited for.
    pub(super) fn stop(&mut self) {
        if self.next != Next::Complete {
            self.next = Next::Stopped;
        }
    }

    /// What is kept of the body, and whether that is all of it.
    pub(super) fn into_kept(self) -> (Vec<u8>, bool) {
        (self.kept, self.next == Next::Complete)
    }

    /// Parses bytes at the front; `None` if more are needed, or none.
    fn step(&mut self, bytes: &[u8]) -> Option<usize> {
        match self.next {
            Next::Data(left) | Next::ChunkData(left) => self.keep(bytes, left),
            Next::ToEnd => self.keep(bytes, u64::MAX),
            Next::ChunkSize => self.chunk_size(bytes),
            Next::ChunkEnd => match bytes {
                [b'\r', b'\n', ..] => self.go_on(Next::ChunkSize, 2),
                [] | [b'\r'] => None,
                _ => self.fail(),
            },
            // RFC 9112 §7.1.2: the trailer section ends with an empty line.
            Next::Trailer => match bytes.iter().take(MAX_LINE).position(|&byte| byte == b'\n') {
                Some(1) if bytes[0] == b'\r' => self.go_on(Next::Complete, 2),
                Some(end) => self.go_on(Next::Trailer, end + 1),
                None if bytes.len() >= MAX_LINE => self.fail(),
                None => None,
            },
            Next::Complete | Next::Stopped => None,
        }
    }

    /// Keeps data, as long as there is room for it.
    fn keep(&mut self, bytes: &[u8], left: u64) -> Option<usize> {
        let room = bytes.len().min(MAX_BODY - self.kept.len());
        let len = room.min(usize::try_from(left).unwrap_or(room));
        if bytes.is_empty() {
            return None;
        }
        self.kept.extend_from_slice(&bytes[..len]);
        let next = match (self.next, left - len as u64) {
            (Next::Data(_), 0) => Next::Complete,
            (Next::ChunkData(_), 0) => Next::ChunkEnd,
            _ if self.kept.len() == MAX_BODY => Next::Stopped,
            (Next::Data(_), left) => Next::Data(left),
            (Next::ChunkData(_), left) => Next::ChunkData(left),
            (next, _) => next,
        };
        self.go_on(next, len)
    }

    fn chunk_size(&mut self, bytes: &[u8]) -> Option<usize> {
        // An empty size passes for 0 in httparse.
        if !bytes.first()?.is_ascii_hexdigit() {
            return self.fail();
        }
        match httparse::parse_chunk_size(&bytes[..bytes.len().min(MAX_LINE)]) {
            Ok(httparse::Status::Complete((len, 0))) => self.go_on(Next::Trailer, len),
            Ok(httparse::Status::Complete((len, size))) => self.go_on(Next::ChunkData(size), len),
            Ok(httparse::Status::Partial) if bytes.len() < MAX_LINE => None,
            _ => self.fail(),
        }
    }

    fn go_on(&mut self, next: Next, parsed: usize) -> Option<usize> {
        self.next = next;
        Some(parsed)
    }

    fn fail(&mut self) -> Option<usize> {
        self.next = Next::Stopped;
        None
    }
}

/// How the body of a response with these fields begins.
fn framing(headers: &Headers) -> Next {
    // RFC 9112 §6.3 no. 4: "If a Transfer-Encoding header field is present in a response and the
    // chunked transfer coding is not the final encoding, the message body length is determined by
    // reading the connection until it is closed by the server."
    if headers.contains("Transfer-Encoding") {
        return match list(headers.get_all("Transfer-Encoding")).last() {
            Some(last) if is_in_any_case(last, b"chunked") => Next::ChunkSize,
            _ => Next::ToEnd,
        };
    }
    if !headers.contains("Content-Length") {
        return Next::ToEnd;
    }
    match content_length(headers) {
        Some(0) => Next::Complete,
        Some(length) => Next::Data(length),
        // RFC 9112 §6.3 no. 5: "the user agent MUST close the connection to the server and discard
        // the received response."
        None => Next::Stopped,
    }
}

/// The length in a field that may have been repeated, or joined, on the way.
///
/// RFC 9112 §6.3 no. 5: an error, unless "all values in the list are the same"
fn content_length(headers: &Headers) -> Option<u64> {
    let mut lengths = list(headers.get_all("Content-Length"));
    let first = lengths.next()?;
    // `parse` would accept a sign.
    let is_valid = first.iter().all(u8::is_ascii_digit) && lengths.all(|other| other == first);
    if is_valid { str::from_utf8(first).ok()?.parse().ok() } else { None }
}
