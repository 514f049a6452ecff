//! What can go wrong before a connection is open: theirs ([`HandshakeError`]) and yours
//! ([`InvalidField`]).

use alloc::boxed::Box;
use core::{error, fmt};

use super::client::Response;

/// Why there is no connection. What a server answers is in [`HandshakeError::status`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The stream ended inside the head.
    Incomplete,
    /// Not an HTTP/1 head (RFC 9112): a line end other than CRLF, a folded line, a name that is not
    /// a token …
    MalformedHead,
    /// A head above this many bytes.
    HeadTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// A line in the head above this many bytes.
    LineTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// A head with more fields than this.
    TooManyFields {
        /// The limit.
        limit: usize,
    },
    /// Another version of HTTP than 1.1 (§4.1 no. 2, §4.2.1 no. 1).
    HttpVersion,
    /// No `websocket` in `Upgrade` (§4.2.1 no. 3, §4.1): from a client, a plain HTTP request.
    NotWebSocket,
    /// No `Upgrade` in `Connection` (§4.2.1 no. 4, §4.1).
    NotUpgraded,

    // What a request may have wrong.
    /// Another method than GET (§4.2.1 no. 1).
    Method,
    /// A request target that is neither a path nor an `http:` URL, or has a fragment (§4.2.1 no.
    /// 1).
    Target,
    /// No `Host`, more than one, or none that could be (§4.2.1 no. 2).
    Host,
    /// A body, which has no meaning here, and whose bytes must not be taken for frames.
    Body,
    /// No `Sec-WebSocket-Key`, more than one, or not 16 bytes in base64 (§4.2.1 no. 5).
    Key,
    /// Not exactly `Sec-WebSocket-Version: 13` (§4.2.1 no. 6, §4.4).
    WebSocketVersion,
    /// A `Sec-WebSocket-Protocol` that is not a list of tokens (§4.3).
    MalformedSubprotocols,
    /// A `Sec-WebSocket-Extensions` that breaks its grammar (§9.1).
    MalformedExtensions,
    /// The application chose this status instead.
    RejectedByApplication {
        /// The HTTP status.
        status: u16,
    },

    // What a response may have wrong.
    /// Another status than 101. The response says what the server wants instead: to authenticate,
    /// to go elsewhere …
    UnexpectedStatus(Box<Response>),
    /// No `Sec-WebSocket-Accept`, more than one, or the wrong one (§4.1): who answers is not a
    /// WebSocket server, or is a cache.
    AcceptKey,
    /// A subprotocol that was not offered, or several (§4.1).
    Subprotocol,
    /// An extension that was not offered, or one twice (§4.1).
    Extension,
    /// An answer to the offer of compression that can't be accepted (RFC 7692 §7).
    #[cfg(feature = "deflate")]
    Deflate(crate::deflate::InvalidAnswer),
}

impl HandshakeError {
    /// The HTTP status that a server answers; `None` for what only a client meets, and if there is
    /// nobody to answer.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        Some(match self {
            Self::MalformedHead
            | Self::NotUpgraded
            | Self::Target
            | Self::Host
            | Self::Body
            | Self::Key
            | Self::MalformedSubprotocols
            | Self::MalformedExtensions => 400,
            Self::Method => 405,
            Self::NotWebSocket | Self::WebSocketVersion => 426,
            Self::HeadTooLong { .. } | Self::LineTooLong { .. } | Self::TooManyFields { .. } => 431,
            Self::HttpVersion => 505,
            Self::RejectedByApplication { status } => *status,
            Self::Incomplete
            | Self::UnexpectedStatus(_)
            | Self::AcceptKey
            | Self::Subprotocol
            | Self::Extension => return None,
            #[cfg(feature = "deflate")]
            Self::Deflate(_) => return None,
        })
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Incomplete => "the stream ended inside the opening handshake",
            Self::MalformedHead => "the HTTP head is malformed",
            Self::HeadTooLong { limit } => return write!(f, "the HTTP head is over {limit} bytes"),
            Self::LineTooLong { limit } => return write!(f, "a line in the HTTP head is over {limit} bytes"),
            Self::TooManyFields { limit } => return write!(f, "the HTTP head has more than {limit} header fields"),
            Self::HttpVersion => "the HTTP version is not 1.1",
            Self::NotWebSocket => "the Upgrade header field does not name websocket; this port speaks WebSocket",
            Self::NotUpgraded => "the Connection header field does not name Upgrade; a proxy may have removed it",
            Self::Method => "the method is not GET",
            Self::Target => "the request target is not a path",
            Self::Host => "there is not exactly one valid Host header field",
            Self::Body => "an opening handshake can't have a body",
            Self::Key => "there is not exactly one Sec-WebSocket-Key of 16 bytes in base64",
            Self::WebSocketVersion => "the Sec-WebSocket-Version is not 13",
            Self::MalformedSubprotocols => "the Sec-WebSocket-Protocol header field is malformed",
            Self::MalformedExtensions => "the Sec-WebSocket-Extensions header field is malformed",
            Self::RejectedByApplication { status } => return write!(f, "the request was rejected with status {status}"),
            Self::UnexpectedStatus(response) => return write!(f, "the server answered {} instead of 101", response.status()),
            Self::AcceptKey => "the Sec-WebSocket-Accept does not answer the key; who answers is no WebSocket server",
            Self::Subprotocol => "the server chose a subprotocol that was not offered",
            Self::Extension => "the server chose an extension that was not offered, or chose one twice",
            #[cfg(feature = "deflate")]
            Self::Deflate(error) => return error.fmt(f),
        })
    }
}

#[cfg(feature = "deflate")]
impl From<crate::deflate::InvalidAnswer> for HandshakeError {
    fn from(error: crate::deflate::InvalidAnswer) -> Self {
        Self::Deflate(error)
    }
}

impl error::Error for HandshakeError {}

/// What you wanted to put into a head and can't. Nothing of it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidField {
    /// A field's name is not a token (RFC 9110 §5.1).
    Name,
    /// A field's value has a control character in it, a line end for example (RFC 9110 §5.5).
    Value,
    /// A field that the handshake itself writes.
    Reserved,
    /// A subprotocol is not a token (§4.1 no. 10).
    Subprotocol,
    /// A subprotocol is named twice (§4.1 no. 10).
    DuplicateSubprotocol,
    /// A status that can't end an exchange with a body: not one of 200–599, or 204, 205, 304.
    Status,
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the header field's name is not a token",
            Self::Value => "the header field's value has a control character in it",
            Self::Reserved => "the header field is written by the handshake itself; leave it out",
            Self::Subprotocol => "the subprotocol is not a token",
            Self::DuplicateSubprotocol => "the subprotocol is named twice",
            Self::Status => "the status is not one of 200 to 599 that may have a body",
        })
    }
}

impl error::Error for InvalidField {}
