//! The error of an HTTP/1.1 head, in either role: RFC 9112 §2.

use core::{error, fmt};

/// The HTTP/1.1 head of a request or response is invalid (RFC 9112 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeadError {
    /// The stream ended inside the head.
    Incomplete,
    /// Not the grammar of HTTP/1: a line end other than CRLF, a request line that is not a method,
    /// a target and a version, a field name that is not a token …
    Malformed,
    /// The first bytes are TLS: one side uses `wss:`, and the other `ws:`.
    Tls,
    /// The first bytes can't begin an HTTP head: another protocol.
    NotHttp,
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
            Self::Incomplete => {
                f.write_str("the peer closed the stream before its HTTP head was complete")
            }
            Self::Malformed => f.write_str("the HTTP head is malformed"),
            Self::Tls => f.write_str("this looks like TLS; both sides must use it, or none"),
            Self::NotHttp => f.write_str("not HTTP: the peer speaks another protocol"),
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
