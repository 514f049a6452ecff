//! The server's response as the client receives it: RFC 6455 §4.1, RFC 9112 §4.

use core::fmt;

use bytes::Bytes;

use super::head::{HeadError, MAX_FIELDS};
use super::headers::Headers;

/// A received HTTP response: the status, the header fields, and the beginning of the body if the
/// status is not 101.
///
/// `Debug` shows no values and no body, because they may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: Headers,
    body: Bytes,
}

impl Response {
    /// Returns the status code: 101 if the server accepted the handshake.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Returns the header fields.
    #[must_use]
    pub const fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Returns the first 4 KiB of the body, in its transfer coding (a chunked body with its chunk
    /// sizes). Empty for status 101.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Parses a complete head.
    pub(super) fn parse(head: &[u8]) -> Result<Self, HeadError> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        match response.parse(head) {
            Ok(httparse::Status::Complete(len)) if len == head.len() => {}
            Err(httparse::Error::Version) => return Err(HeadError::HttpVersion),
            _ => return Err(HeadError::Malformed),
        }
        match (response.code, response.version) {
            (Some(101), Some(0)) => Err(HeadError::HttpVersion),
            (Some(status), _) => Ok(Self {
                status,
                headers: Headers::new(head, response.headers)?,
                body: Bytes::new(),
            }),
            (None, _) => Err(HeadError::Malformed),
        }
    }

    /// Returns the length of the body that begins with these bytes; `None` if the end of the stream
    /// ends it, or its last chunk is still missing (RFC 9112 §6.3).
    pub(super) fn body_len(&self, body: &[u8]) -> Option<usize> {
        /// The end of a chunked body without trailers. If a chunk contains the same bytes, the body
        /// is cut there.
        const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

        if matches!(self.status, 100..=199 | 204 | 304) {
            return Some(0);
        }
        if self.headers.contains("Transfer-Encoding") {
            let end = body.windows(LAST_CHUNK.len()).position(|window| window == LAST_CHUNK)?;
            return Some(end + LAST_CHUNK.len());
        }
        self.headers.get("Content-Length")?.parse().ok()
    }

    pub(super) fn set_body(&mut self, body: &[u8]) {
        self.body = Bytes::copy_from_slice(body);
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body", &format_args!("<{} bytes>", self.body.len()))
            .finish()
    }
}
