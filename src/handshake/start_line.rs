//! The start line of a head: RFC 9112 §3, §4.
//!
//! Its first bytes tell a peer that speaks another protocol, which would otherwise end with the
//! deadline: it waits for an answer in its own protocol, and sends no empty line.

use core::fmt;

use super::classes;
use super::head_error::HeadError;

/// How a start line is checked before the head is complete.
pub(super) struct StartLine {
    /// Checks the first bytes, as many as have arrived. An empty line may precede the start line.
    pub(super) begin: fn(&[u8]) -> Result<(), HeadError>,
    /// Checks the line, with its end.
    pub(super) check: fn(&[u8]) -> Result<(), HeadError>,
}

/// Without the addresses of its functions.
impl fmt::Debug for StartLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartLine").finish_non_exhaustive()
    }
}

/// How many bytes of a method are checked as they are received. The longest one that is registered
/// has 17: a longer one is checked with its line.
const MAX_METHOD: usize = 32;

/// The start line that a server receives.
pub(super) static REQUEST_LINE: StartLine = StartLine {
    // RFC 9112 §3, §3.1: a request line begins with the method, which is a token, and a space.
    begin: |bytes| {
        let start = &bytes[..bytes.len().min(MAX_METHOD)];
        match start.iter().position(|&byte| !classes::is(byte, classes::TOKEN)) {
            Some(0) => empty_line_or_foreign(bytes),
            Some(end) if start[end] != b' ' => Err(HeadError::Malformed),
            _ => Ok(()),
        }
    },
    check: |line| {
        let mut words = line.trim_ascii_end().splitn(3, |&byte| byte == b' ').skip(2);
        parsed(httparse::Request::new(&mut []).parse(line).map(drop), words.next())
    },
};

/// The start line that a client receives.
pub(super) static STATUS_LINE: StartLine = StartLine {
    begin: |bytes| {
        const VERSION: &[u8] = b"HTTP/1.";
        match bytes {
            _ if bytes.iter().zip(VERSION).all(|(byte, expected)| byte == expected) => Ok(()),
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', ..] => Err(HeadError::HttpVersion),
            _ => empty_line_or_foreign(bytes),
        }
    },
    check: |line| {
        let mut words = line.trim_ascii_end().split(|&byte| byte == b' ');
        parsed(httparse::Response::new(&mut []).parse(line).map(drop), words.next())
    },
};

/// Bytes that can't begin a start line, but perhaps the empty line before it.
fn empty_line_or_foreign(bytes: &[u8]) -> Result<(), HeadError> {
    match bytes {
        [] | [b'\r'] | [b'\r', b'\n', ..] | [b'\n', ..] => Ok(()),
        // RFC 8446 §5.1: the content types of records, alert(21) and handshake(22)
        [21 | 22, ..] => Err(HeadError::Tls),
        _ => Err(HeadError::NotHttp),
    }
}

/// The error of a start line, which has the HTTP version in this place.
fn parsed(result: Result<(), httparse::Error>, version: Option<&[u8]>) -> Result<(), HeadError> {
    match (result, version) {
        // The line is valid, and the fields are still to come.
        (Ok(()), _) => Ok(()),
        (_, Some(b"HTTP/1.0" | b"HTTP/1.1")) => Err(HeadError::Malformed),
        // RFC 9112 §2.3: `HTTP-version = HTTP-name "/" DIGIT "." DIGIT`. In a line with more words
        // than it should have, something else is in its place.
        (
            Err(httparse::Error::Version),
            Some([b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9']),
        ) => Err(HeadError::HttpVersion),
        _ => Err(HeadError::Malformed),
    }
}
