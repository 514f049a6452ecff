//! The error of either side's opening handshake, for an API that does both.

use core::{error, fmt};

use super::request_error::RequestError;
use super::response_error::ResponseError;

/// The opening handshake failed (RFC 6455 §4). The variant names the message that is at
/// fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// A server received an invalid request (the client's fault), or the application rejected it.
    Request(RequestError),
    /// A client received an invalid response (the fault of the server or a proxy), or the server
    /// rejected the request.
    Response(ResponseError),
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Response(error) => error.fmt(f),
        }
    }
}

impl error::Error for HandshakeError {}

impl From<RequestError> for HandshakeError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<ResponseError> for HandshakeError {
    fn from(error: ResponseError) -> Self {
        Self::Response(error)
    }
}
