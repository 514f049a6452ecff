//! The server's response as the client receives it: RFC 6455 §4.1, RFC 9112 §4.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::{fmt, str};

use bytes::Bytes;
use httparse::ParserConfig;

use super::body::Body;
use super::head_error::HeadError;
use super::headers::{Headers, parser_error, with_room_for_fields};
use super::uri::Uri;

/// A received HTTP response: the status, the header fields, and the beginning of the body if the
/// server refused the handshake.
///
/// `Debug` shows no values and no body, because they may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: Headers,
    body: Bytes,
    is_complete: bool,
    /// Whether the request was a CONNECT of HTTP/2.
    answers_connect: bool,
    redirects: Vec<Uri>,
}

impl Response {
    /// Returns the status code: 101 if the server accepted the handshake, 200 to 299 over HTTP/2.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Returns the reason phrase of the status line, for example `Not Found`. It may be empty, and
    /// is if it is not UTF-8, and over HTTP/2, which has none.
    #[must_use]
    pub fn reason(&self) -> &str {
        // RFC 9112 §4: "HTTP-version SP status-code SP [ reason-phrase ]"
        let line = self.headers.head().trim_ascii_start().split(|&byte| byte == b'\r').next();
        let reason = line.and_then(|line| line.get(b"HTTP/1.1 200 ".len()..)).unwrap_or_default();
        str::from_utf8(reason.trim_ascii()).unwrap_or_default()
    }

    /// Returns the header fields. A field that was folded over several lines is one line.
    #[must_use]
    pub const fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Returns the first 4 KiB of the body, without the framing of its chunks (`Transfer-Encoding:
    /// chunked`). Other codings stay. Empty for status 101.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns whether [`body`](Self::body) is the whole body. It is not if the body is longer than
    /// 4 KiB or malformed, if the stream ended before, or if it was not waited for any longer: an
    /// adapter, or an [`Exchange`](crate::session::Exchange), waits 1 s after the head.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Returns the addresses that the request was redirected to, in order: the last one is that of
    /// the server that sent this response. Empty without redirects, which are followed only if
    /// [`Redirects`](crate::Redirects) are used.
    #[must_use]
    pub fn redirects(&self) -> &[Uri] {
        &self.redirects
    }

    /// Returns whether the status is one of those that refer a client to the address in `Location`:
    /// 301, 302, 303, 307 and 308 (RFC 9110 §15.4).
    #[must_use]
    pub const fn is_redirect(&self) -> bool {
        matches!(self.status, 301 | 302 | 303 | 307 | 308)
    }

    #[cfg(feature = "std")]
    pub(crate) fn set_redirects(&mut self, redirects: &[Uri]) {
        self.redirects = redirects.to_vec();
    }

    /// Parses a complete head with at most so many fields.
    pub(super) fn parse(head: &[u8], max_fields: usize) -> Result<Self, HeadError> {
        let head = &*unfold(head);
        with_room_for_fields(head, max_fields, |fields| {
            let (parser, mut response) =
                (ParserConfig::default(), httparse::Response::new(&mut []));
            match parser.parse_response_with_uninit_headers(&mut response, head, fields) {
                Ok(httparse::Status::Complete(len)) if len == head.len() => {}
                result => return Err(parser_error(result, max_fields)),
            }
            match (response.code, response.version) {
                (Some(101), Some(0)) => Err(HeadError::HttpVersion),
                (Some(status), _) => Ok(Self {
                    status,
                    headers: Headers::new(head, response.headers)?,
                    body: Bytes::new(),
                    is_complete: status == 101,
                    answers_connect: false,
                    redirects: Vec::new(),
                }),
                (None, _) => Err(HeadError::Malformed),
            }
        })
    }

    /// The status that would have accepted the handshake.
    pub(super) const fn expected(&self) -> &'static str {
        if self.answers_connect { "200" } else { "101" }
    }

    /// Whether it answers a CONNECT, over HTTP/2.
    pub(super) const fn answers_connect(&self) -> bool {
        self.answers_connect
    }

    pub(super) const fn set_answers_connect(&mut self, answers_connect: bool) {
        self.answers_connect = answers_connect;
    }

    /// Adds the body of a status other than 101.
    pub(super) fn set_body(&mut self, body: Body) {
        let (kept, is_complete) = body.into_kept();
        (self.body, self.is_complete) = (kept.into(), is_complete);
    }
}

/// Joins the lines of folded fields.
fn unfold(head: &[u8]) -> Cow<'_, [u8]> {
    let is_fold = |bytes: &[u8]| matches!(bytes, [b'\n', b' ' | b'\t']);
    if !head.windows(2).any(is_fold) {
        return Cow::Borrowed(head);
    }
    let head = head.strip_prefix(b"\r\n").unwrap_or(head);
    let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let mut unfolded: Vec<u8> = Vec::with_capacity(head.len());
    for (number, line) in head.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let spaces = line.iter().take_while(is_space).count();
        match unfolded.strip_suffix(b"\r\n") {
            // RFC 9112 §5.2: a user agent "MUST replace each received obs-fold with one or more SP
            // octets"; §2.2: after the status line it is not a fold, nor after an empty line.
            Some(before) if spaces > 0 && number > 1 && !before.ends_with(b"\n") => {
                let trailing = before.iter().rev().take_while(is_space).count();
                unfolded.truncate(before.len() - trailing);
                unfolded.push(b' ');
                unfolded.extend_from_slice(&line[spaces..]);
            }
            _ => unfolded.extend_from_slice(line),
        }
    }
    Cow::Owned(unfolded)
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
