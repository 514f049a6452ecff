//! Errors of HTTP/2 as those of a stream: RFC 8441 §5, RFC 9113 §7.

use std::io::{self, ErrorKind};

use ::h2::Reason;

use crate::adapter::Error;
use crate::handshake::ResponseError;

/// The error of a stream that is open.
pub(super) fn of_stream(error: ::h2::Error) -> io::Error {
    let kind = match error.get_io() {
        Some(error) => error.kind(),
        // RFC 8441 §5: "RST exceptions are represented with the RST_STREAM frame"
        None if error.is_remote() && error.is_reset() => ErrorKind::ConnectionReset,
        None if error.is_remote() => ErrorKind::ConnectionAborted,
        // The server violated the protocol of HTTP/2.
        None if error.is_library() => ErrorKind::InvalidData,
        // A call on a stream, or a connection, that has ended.
        None => ErrorKind::BrokenPipe,
    };
    io::Error::new(kind, error)
}

/// The error of a request that has no response.
pub(super) fn of_request(error: ::h2::Error) -> Error {
    // RFC 9113 §7: "The endpoint requires that HTTP/1.1 be used instead of HTTP/2."
    match error.reason() {
        Some(Reason::HTTP_1_1_REQUIRED) if error.is_remote() => {
            ResponseError::NoExtendedConnect.into()
        }
        _ => Error::from_stream(of_stream(error)),
    }
}
