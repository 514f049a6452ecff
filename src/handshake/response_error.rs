//! Errors of the client's side: a server's response that does not accept the opening handshake.

use alloc::boxed::Box;
use core::{error, fmt};

use super::head_error::HeadError;
use super::response::Response;

/// A server's response does not accept the opening handshake (RFC 6455 §4.1): the error of a
/// client. Except for [`UnexpectedStatus`](Self::UnexpectedStatus), the server or a proxy is at
/// fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseError {
    /// The response's HTTP head is incomplete, malformed, over a limit, or not HTTP/1.1.
    Head(HeadError),
    /// A status other than 101: authentication is required, the resource has moved … The response
    /// has the header fields and the beginning of the body.
    UnexpectedStatus(Box<Response>),
    /// An `Upgrade` that is not exactly `websocket` (§4.1).
    NotWebSocket,
    /// No `Upgrade` in `Connection` (§4.1).
    NotUpgraded,
    /// No `Sec-WebSocket-Accept`, more than one, or one that does not match the key (§4.1): the
    /// response is from a cache, or from a server without WebSocket.
    AcceptKey,
    /// A subprotocol that was not offered, several, or an empty field (§4.1, §4.2.2).
    Subprotocol,
    /// An extension that was not offered, one twice, or an empty field (§4.1, §9.1).
    Extension,
    /// Invalid parameters of permessage-deflate (RFC 7692 §7).
    #[cfg(feature = "deflate")]
    Deflate(crate::deflate::InvalidAnswer),
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head(HeadError::Tls) => "this looks like TLS: use wss://, on a TLS stream",
            Self::Head(HeadError::NotHttp) => {
                "not HTTP: the server speaks another protocol; check the host and the port"
            }
            Self::Head(error) => return error.fmt(f),
            Self::UnexpectedStatus(response) => {
                return write!(f, "the server answered {} instead of 101", response.status());
            }
            Self::NotWebSocket => "the response's Upgrade header field does not name websocket",
            Self::NotUpgraded => {
                "the Connection header field does not name Upgrade; a proxy may have removed it"
            }
            Self::AcceptKey => {
                "the Sec-WebSocket-Accept does not match the key; the response is from a cache, \
                 or from a server without WebSocket"
            }
            Self::Subprotocol => {
                "the server chose a subprotocol that was not offered, or several, or sent an empty \
                 Sec-WebSocket-Protocol"
            }
            Self::Extension => {
                "the server chose an extension that was not offered, or one twice, or sent an \
                 empty Sec-WebSocket-Extensions"
            }
            #[cfg(feature = "deflate")]
            Self::Deflate(error) => return error.fmt(f),
        })
    }
}

impl error::Error for ResponseError {}

impl From<HeadError> for ResponseError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

#[cfg(feature = "deflate")]
impl From<crate::deflate::InvalidAnswer> for ResponseError {
    fn from(error: crate::deflate::InvalidAnswer) -> Self {
        Self::Deflate(error)
    }
}
