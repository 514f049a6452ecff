//! The server's side of the opening handshake: RFC 6455 §4.2.
//!
//! ```text
//!   input ──► ServerHandshake ──► Request ──accept──► Connection ──► output: 101, then frames
//!                             │          └──reject──► Rejection  ──► output: a response
//!                             └──► Rejection
//! ```

use alloc::boxed::Box;
use core::ops::Deref;
use core::{fmt, mem};

use bytes::{Buf, BufMut, Bytes};

use super::head::HeadReader;
use super::head_error::HeadError;
use super::key;
use super::negotiation;
use super::reply::{HttpResponse, InvalidField, Lines};
use super::request::RequestHead;
use super::request_error::RequestError;
use super::start_line::REQUEST_LINE;
use super::subprotocols::Subprotocols;
use crate::connection::{Config, Connection, Inbox};

/// Receives a client's opening handshake.
///
/// Append received bytes to [`input`](Self::input) until [`receive`](Self::receive) returns a
/// request or a rejection. The response is in the output of the [`Connection`] or the
/// [`Rejection`].
///
/// ```
/// use bytes::{Buf, BufMut};
/// use sansocket::{Config, ServerHandshake};
///
/// let mut handshake = ServerHandshake::new(Config::new());
/// handshake.input().put_slice(
///     b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
/// );
/// let request = handshake.receive().unwrap().expect("a complete head");
/// assert_eq!(request.path(), "/chat");
/// let mut connection = request.accept();
/// assert!(connection.output().chunk().starts_with(b"HTTP/1.1 101 "));
/// ```
#[derive(Debug)]
pub struct ServerHandshake {
    config: Config,
    head: HeadReader,
    input_ended: bool,
    done: bool,
}

impl ServerHandshake {
    /// Creates a handshake for a connection with this configuration.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let head = HeadReader::new(&REQUEST_LINE, config.head_limits());
        Self { config, head, input_ended: false, done: false }
    }

    /// Returns the buffer that received bytes are appended to. It has room for at least 1 KiB.
    pub fn input(&mut self) -> &mut (impl BufMut + use<>) {
        if self.done {
            // Bytes after a rejection are discarded; those of a request belong to the request.
            self.head.clear();
        }
        self.head.input()
    }

    /// Reports the end of the stream: no more bytes will be received.
    pub fn end_input(&mut self) {
        self.input_ended = true;
    }

    /// Returns whether to read from the stream: false after a request, a rejection, or the end of
    /// the stream.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        !self.done && !self.input_ended
    }

    /// Returns the client's request once it is complete; `None` until more bytes are received, and
    /// after a request or a rejection.
    ///
    /// # Errors
    ///
    /// [`Rejection`] if it is not an opening handshake. Its output is the HTTP response; empty if
    /// the stream ended inside the head.
    pub fn receive(&mut self) -> Result<Option<Request>, Rejection> {
        if self.done {
            return Ok(None);
        }
        let parse = |head: &[u8], max_fields| {
            RequestHead::parse(head, max_fields)
                .map(|(request, key)| (request, key.map(key::accept)))
        };
        let (request, accept) = match self.head.receive(parse) {
            Ok(Some(parsed)) => parsed,
            Ok(None) if self.input_ended => {
                return Err(self.reject(HeadError::Incomplete.into(), None));
            }
            Ok(None) => return Ok(None),
            Err(error) => return Err(self.reject(error.into(), None)),
        };
        match accept {
            Ok(accept) => {
                let (input_ended, config) = (self.input_ended, mem::take(&mut self.config));
                Ok(Some(Request { request, accept, rest: self.finish(), input_ended, config }))
            }
            Err(error) => Err(self.reject(error, Some(request))),
        }
    }

    pub(super) fn reject(
        &mut self,
        error: RequestError,
        request: Option<RequestHead>,
    ) -> Rejection {
        Rejection::new(error, request, self.finish())
    }

    /// Ends the handshake; returns the bytes after the head.
    fn finish(&mut self) -> Inbox {
        self.done = true;
        self.head.take_rest()
    }
}

/// A valid opening handshake, to accept or reject. It dereferences to [`RequestHead`].
///
/// If it is dropped, nothing is sent: the client sees the end of the stream.
pub struct Request {
    request: RequestHead,
    /// The `Sec-WebSocket-Accept`.
    accept: [u8; 28],
    rest: Inbox,
    input_ended: bool,
    config: Config,
}

impl Request {
    /// Returns the buffer that bytes are appended to that are received before the application
    /// decides. They become the connection's input.
    pub fn input(&mut self) -> &mut (impl BufMut + use<>) {
        self.rest.space()
    }

    /// Reports the end of the stream: no more bytes will be received.
    pub fn end_input(&mut self) {
        self.input_ended = true;
    }

    /// Accepts without a subprotocol. The response is the first output of the connection.
    #[must_use]
    pub fn accept(self) -> Connection {
        self.accept_with(&AcceptOptions::new())
    }

    /// Accepts with a subprotocol or header fields of the application.
    #[must_use]
    pub fn accept_with(self, accept: &AcceptOptions) -> Connection {
        let subprotocol = accept.subprotocols.answer(self.request.subprotocols());
        let offers = self.request.headers().get_all(negotiation::FIELD);
        let (agreed, extensions) = negotiation::answer(&self.config, offers).unzip();

        // The request's buffer is free, unless frames came with it.
        let mut rest = self.rest;
        let mut response = rest.take_block();
        response.reserve(192 + accept.lines.as_bytes().len());
        response.put_slice(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        );
        response.put_slice(b"Sec-WebSocket-Accept: ");
        response.put_slice(&self.accept);
        response.put_slice(b"\r\n");
        if let Some(subprotocol) = subprotocol {
            response.put_slice(b"Sec-WebSocket-Protocol: ");
            response.put_slice(subprotocol.as_bytes());
            response.put_slice(b"\r\n");
        }
        if let Some(extensions) = extensions {
            response.put_slice(b"Sec-WebSocket-Extensions: ");
            response.put_slice(extensions.as_bytes());
            response.put_slice(b"\r\n");
        }
        response.put_slice(accept.lines.as_bytes());
        response.put_slice(b"\r\n");
        let mut connection = Connection::server(self.config);
        negotiation::apply(&mut connection, agreed.as_ref());
        connection.continue_handshake(rest, self.input_ended, response, subprotocol);
        connection
    }

    /// Rejects with an HTTP response: 401, 403, 404, a redirect …
    #[must_use]
    pub fn reject(self, reply: &HttpResponse) -> Rejection {
        let error = RequestError::RejectedByApplication { status: reply.status() };
        self.reject_for(error).answer_with(reply)
    }

    /// Rejects with the error's response.
    pub(super) fn reject_for(self, error: RequestError) -> Rejection {
        Rejection::new(error, Some(self.request), self.rest)
    }
}

impl Deref for Request {
    type Target = RequestHead;

    fn deref(&self) -> &RequestHead {
        &self.request
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Request").field(&self.request).finish()
    }
}

/// Options of a server's 101 response.
///
/// ```
/// use sansocket::AcceptOptions;
///
/// let accept = AcceptOptions::new()
///     .subprotocol("chat.v2")?
///     .subprotocol("chat.v1")?
///     .header("Set-Cookie", "session=1; Secure")?;
/// # Ok::<(), sansocket::InvalidField>(())
/// ```
#[derive(Clone, Default)]
pub struct AcceptOptions {
    subprotocols: Subprotocols,
    lines: Lines,
}

impl AcceptOptions {
    /// Creates options without subprotocols and header fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a subprotocol of the server, in its order of preference. The first one that the client
    /// offers is chosen. If the client offers none of them, the connection has no subprotocol, and
    /// the client may close it.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] if it is not a token, or was added before.
    pub fn subprotocol(mut self, name: &str) -> Result<Self, InvalidField> {
        self.subprotocols = self.subprotocols.with(name)?;
        Ok(self)
    }

    /// Adds a header field. Fields with equal names are sent in order.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] if the name is not a token or is reserved for the handshake, or the value
    /// has a control character.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, InvalidField> {
        self.lines.add(name, value.as_ref())?;
        Ok(self)
    }

    #[cfg(feature = "http")]
    pub(crate) fn parts(&self) -> (&Subprotocols, &Lines) {
        (&self.subprotocols, &self.lines)
    }
}

impl fmt::Debug for AcceptOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptOptions")
            .field("subprotocols", &self.subprotocols)
            .finish_non_exhaustive()
    }
}

/// A failed opening handshake: the error, and the HTTP response for the client. Write the output,
/// then close the stream.
///
/// A plain HTTP request is a rejection too ([`RequestError::NotWebSocket`]). Replace the response
/// with [`answer_with`](Self::answer_with), or pass the received bytes to an HTTP server with
/// [`into_received`](Self::into_received).
pub struct Rejection {
    // Boxed because functions that rarely fail return it as their error.
    details: Box<RejectionDetails>,
}

struct RejectionDetails {
    error: RequestError,
    request: Option<RequestHead>,
    /// The bytes after the head.
    rest: Inbox,
    status: Option<u16>,
    output: Bytes,
}

impl Rejection {
    fn new(error: RequestError, request: Option<RequestHead>, rest: Inbox) -> Self {
        let reply = error.status().map(|status| default_reply(&error, status));
        let (status, output) = (None, Bytes::new());
        let details = RejectionDetails { error, request, rest, status, output };
        let rejection = Self { details: Box::new(details) };
        match reply {
            Some(reply) => rejection.answer_with(&reply),
            None => rejection,
        }
    }

    /// Returns the error.
    #[must_use]
    pub fn error(&self) -> &RequestError {
        &self.details.error
    }

    /// Returns the client's request, if its head is valid HTTP.
    #[must_use]
    pub fn request(&self) -> Option<&RequestHead> {
        self.details.request.as_ref()
    }

    /// Returns the status of the response; `None` if there is none, because the stream ended inside
    /// the head.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.details.status
    }

    /// Replaces the response.
    #[must_use]
    pub fn answer_with(mut self, reply: &HttpResponse) -> Self {
        // RFC 9110 §9.3.2: "the server MUST NOT send content in the response" to HEAD
        let with_body = self.request().is_none_or(|request| request.method() != "HEAD");
        self.details.status = Some(reply.status());
        self.details.output = reply.encode(with_body);
        self
    }

    /// Returns the response, as bytes to write.
    pub fn output(&mut self) -> &mut (impl Buf + use<>) {
        &mut self.details.output
    }

    /// Returns whether the output has bytes to write.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        !self.details.output.is_empty()
    }

    /// Returns all received bytes, for another server to parse.
    #[must_use]
    pub fn into_received(self) -> Bytes {
        let head = self.request().map_or(&[][..], |request| request.headers().head());
        Bytes::from([head, &self.details.rest].concat())
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("error", self.error())
            .field("request", &self.request())
            .finish_non_exhaustive()
    }
}

/// The response to an invalid opening handshake: its body is the error's text.
pub(crate) fn default_reply(error: &RequestError, status: u16) -> HttpResponse {
    let reply = HttpResponse::text(status, error);
    match error {
        // RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405
        // response"
        RequestError::Method => reply.own_header("Allow", "GET"),
        RequestError::NotConnect => reply.own_header("Allow", "CONNECT"),
        // RFC 9110 §15.5.22: "The server MUST send an Upgrade header field in a 426 response"; RFC
        // 6455 §4.2.2 no. 4: with the supported versions. RFC 9110 §7.8: a sender of Upgrade
        // names it in Connection.
        RequestError::NotWebSocket | RequestError::WebSocketVersion => reply
            .own_header("Upgrade", "websocket")
            .own_header("Sec-WebSocket-Version", "13")
            .option("Upgrade"),
        _ => reply,
    }
}
