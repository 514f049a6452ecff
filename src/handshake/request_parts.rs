//! The opening handshake of a server in which another HTTP server receives the request and sends
//! the response: RFC 6455 §4.2.

use alloc::vec::Vec;

use bytes::{Buf, BufMut};

use super::fields::{is_token, is_value};
use super::head_error::HeadError;
use super::response::Response;
use super::server::{AcceptOptions, Rejection, Request, ServerHandshake};
use crate::connection::{Config, Connection};

impl Request {
    /// Creates a request from the parts that another HTTP server has parsed: the method, the target
    /// of an HTTP/1.1 request, and the header fields. They are checked like a received head.
    ///
    /// ```
    /// use sansocket::{AcceptOptions, Config, Request};
    ///
    /// let fields = [
    ///     ("host", "example.com"),
    ///     ("upgrade", "websocket"),
    ///     ("connection", "Upgrade"),
    ///     ("sec-websocket-version", "13"),
    ///     ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    /// ];
    /// let request = Request::from_parts(Config::new(), "GET", "/chat", fields).unwrap();
    /// let (connection, response) = request.accept_as_response(&AcceptOptions::new());
    /// // Send the response with its fields; then the stream is the connection's.
    /// assert_eq!(response.status(), 101);
    /// assert_eq!(
    ///     response.headers().get("Sec-WebSocket-Accept"),
    ///     Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    /// );
    /// assert!(!connection.wants_write());
    /// ```
    ///
    /// # Errors
    ///
    /// [`Rejection`] if it is not an opening handshake, is over a limit of the configuration, or
    /// has a name or value that HTTP does not allow. Its [`status`](Rejection::status) is the
    /// answer.
    pub fn from_parts<N: AsRef<str>, V: AsRef<[u8]>>(
        config: Config,
        method: &str,
        target: &str,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Rejection> {
        let mut handshake = ServerHandshake::new(config);
        let mut is_valid = is_token(method) && target.bytes().all(|byte| byte.is_ascii_graphic());
        let mut head = Vec::with_capacity(1024);
        for part in [method, " ", target, " HTTP/1.1\r\n"] {
            head.put_slice(part.as_bytes());
        }
        for (name, value) in fields {
            let (name, value) = (name.as_ref(), value.as_ref());
            is_valid &= is_token(name) && is_value(value);
            for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                head.put_slice(part);
            }
        }
        head.put_slice(b"\r\n");
        if !is_valid {
            return Err(handshake.reject(HeadError::Malformed.into(), None));
        }
        handshake.input().put_slice(&head);
        match handshake.receive()? {
            Some(request) => Ok(request),
            None => Err(handshake.reject(HeadError::Malformed.into(), None)),
        }
    }

    /// Accepts, and returns the response for another HTTP server to send. It has the status and all
    /// header fields; the connection's output begins after it.
    #[must_use]
    pub fn accept_as_response(self, accept: &AcceptOptions) -> (Connection, Response) {
        let mut connection = self.accept_with(accept);
        let output = connection.output();
        let head = output.copy_to_bytes(output.remaining());
        let response = Response::parse(&head, usize::MAX).expect("this crate's response is valid");
        (connection, response)
    }
}
