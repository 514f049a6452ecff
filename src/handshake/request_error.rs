//! Errors of the server's side: a client's request that is not an opening handshake.

use core::{error, fmt};

use super::guard_error::GuardError;
use super::head_error::HeadError;

/// A client's request is not a valid opening handshake (RFC 6455 §4.2.1), or the application
/// rejected it: the error of a server. Except for [`NotUpgradable`](Self::NotUpgradable) and
/// [`RejectedByApplication`](Self::RejectedByApplication), the client is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestError {
    /// The request's HTTP head is incomplete, malformed, over a limit, or not HTTP/1.1.
    Head(HeadError),
    /// No `websocket` in `Upgrade` (§4.2.1 no. 3): a plain HTTP request.
    NotWebSocket,
    /// No `Upgrade` in `Connection` (§4.2.1 no. 4).
    NotUpgraded,
    /// A method other than GET (§4.2.1 no. 1).
    Method,
    /// Over HTTP/2, a method other than CONNECT (RFC 8441 §5).
    NotConnect,
    /// Over HTTP/2, a CONNECT without `:protocol`, or with another one than `websocket` (RFC 8441
    /// §5).
    ConnectProtocol,
    /// Over HTTP/2, a `Connection` or `Upgrade` (RFC 8441 §5).
    ConnectionField,
    /// A request target that is neither a path nor a URL of the scheme `http`, `https`, `ws` or
    /// `wss`, or has a fragment (§4.2.1 no. 1).
    Target,
    /// No `Host`, more than one, or an invalid one (§4.2.1 no. 2).
    Host,
    /// A body: a handshake has none, and its bytes must not be parsed as frames.
    Body,
    /// No `Sec-WebSocket-Key`, more than one, or not 16 bytes in base64 (§4.2.1 no. 5).
    Key,
    /// Not exactly one `Sec-WebSocket-Version: 13` (§4.2.1 no. 6, §4.4).
    WebSocketVersion,
    /// A `Sec-WebSocket-Protocol` that is not a list of tokens, or is empty (§4.3).
    MalformedSubprotocols,
    /// A `Sec-WebSocket-Extensions` that violates its grammar, or is empty (§9.1).
    MalformedExtensions,
    /// The server's [`Guard`](crate::Guard) does not allow the host or the origin (§10.2).
    Guard(GuardError),
    /// The HTTP server that received the request does not pass the connection on, or did so before.
    NotUpgradable,
    /// The application rejected the request with this status.
    RejectedByApplication {
        /// The HTTP status code.
        status: u16,
    },
}

impl RequestError {
    /// Returns the HTTP status code that the server responds with; `None` if the stream ended
    /// inside the head.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        Some(match self {
            Self::Head(HeadError::Incomplete) => return None,
            Self::Head(HeadError::Malformed | HeadError::Tls | HeadError::NotHttp)
            | Self::NotUpgraded
            | Self::ConnectionField
            | Self::Target
            | Self::Host
            | Self::Body
            | Self::Key
            | Self::MalformedSubprotocols
            | Self::MalformedExtensions => 400,
            Self::Method | Self::NotConnect => 405,
            Self::NotWebSocket | Self::WebSocketVersion => 426,
            Self::Head(
                HeadError::TooLong { .. }
                | HeadError::LineTooLong { .. }
                | HeadError::TooManyFields { .. },
            ) => 431,
            // RFC 9220 §3: a server that receives an unknown :protocol "SHOULD respond to the
            // request with a 501 (Not Implemented) status code"
            Self::ConnectProtocol => 501,
            Self::Head(HeadError::HttpVersion) => 505,
            Self::Guard(error) => error.status(),
            Self::NotUpgradable => 500,
            Self::RejectedByApplication { status } => *status,
        })
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head(HeadError::Tls) => {
                "this looks like TLS: the client must use ws://, or the server accept TLS first"
            }
            Self::Head(HeadError::NotHttp) => {
                "not HTTP: the client speaks another protocol; this port speaks WebSocket"
            }
            Self::Head(error) => return error.fmt(f),
            Self::NotWebSocket => {
                "the Upgrade header field does not name websocket; this port speaks WebSocket"
            }
            Self::NotUpgraded => {
                "the Connection header field does not name Upgrade; a proxy may have removed it"
            }
            Self::Method => "the method is not GET",
            Self::NotConnect => "the method is not CONNECT, as it is for a WebSocket over HTTP/2",
            Self::ConnectProtocol => "the :protocol of the CONNECT is not websocket",
            Self::ConnectionField => "HTTP/2 has no header fields Connection and Upgrade",
            Self::Target => "the request target is not a path, nor a URL of a WebSocket server",
            Self::Host => "there is not exactly one valid Host header field",
            Self::Body => "an opening handshake can't have a body",
            Self::Key => "there is not exactly one Sec-WebSocket-Key of 16 bytes in base64",
            Self::WebSocketVersion => "the Sec-WebSocket-Version is not 13",
            Self::MalformedSubprotocols => {
                "the Sec-WebSocket-Protocol header field is not a list of one or more tokens"
            }
            Self::MalformedExtensions => {
                "the Sec-WebSocket-Extensions header field is malformed or empty"
            }
            Self::Guard(error) => return error.fmt(f),
            Self::NotUpgradable => {
                "the HTTP server does not upgrade this connection, or it was upgraded before; with \
                 hyper, serve connections with upgrades"
            }
            Self::RejectedByApplication { status } => {
                return write!(f, "the application rejected the request with status {status}");
            }
        })
    }
}

impl error::Error for RequestError {}

impl From<HeadError> for RequestError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

impl From<GuardError> for RequestError {
    fn from(error: GuardError) -> Self {
        Self::Guard(error)
    }
}
