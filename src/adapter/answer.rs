//! The server's answer to a client's request: a connection, or a refusal with the stream.

use std::boxed::Box;
use std::fmt;

use crate::handshake::Response;

/// The server's answer to a client's request. `T` is the stream that it arrived on, with its clock,
/// and `W` the connection: use the alias of an adapter, for example
/// [`blocking::Answer`](crate::blocking::Answer).
#[derive(Debug)]
pub enum Answer<T, W> {
    /// The connection is open. The response has what the server added, for example cookies.
    Accepted(W, Response),
    /// The server answered with another status than 101.
    Refused(Refusal<T>),
}

/// A response other than 101, and its stream. Dropping it drops the stream.
///
/// The body is waited for no longer than 1 s after the head. What was not read of it then is still
/// in the stream: [`is_complete`](Response::is_complete) is false.
///
/// The stream can carry another request, for example the second step of an authentication that
/// belongs to the connection (NTLM, Negotiate), if
///
/// * the body [`is_complete`](Response::is_complete),
/// * the response has no `Connection: close`, and
/// * no bytes follow it.
///
/// Get it by `into_parts`, and pass it to `send_request` again.
pub struct Refusal<T> {
    pub(super) transport: T,
    pub(super) response: Box<Response>,
    pub(super) rest: bytes::Bytes,
}

impl<T> Refusal<T> {
    /// The server's response.
    #[must_use]
    pub fn response(&self) -> &Response {
        &self.response
    }
}

impl<T> fmt::Debug for Refusal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refusal").field(&self.response).finish()
    }
}
