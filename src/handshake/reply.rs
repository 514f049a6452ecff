//! What goes into a head that is sent: nothing that a caller gives can end a line.
//!
//! RFC 9110 §5 (fields), §15 (status codes); RFC 9112 §4 (status line), §6.3 (length of a body),
//! §9.6 (`Connection: close`).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::{error, fmt};

use bytes::Bytes;

use super::fields::{is_token, is_value};

/// Header fields that a caller adds, as lines.
#[derive(Clone, Default)]
pub(super) struct Lines(Vec<u8>);

impl Lines {
    /// Adds a field that is not the handshake's own.
    pub(super) fn add(&mut self, name: &str, value: &[u8]) -> Result<(), InvalidField> {
        if !is_token(name) {
            return Err(InvalidField::Name);
        }
        if is_reserved(name) {
            return Err(InvalidField::Reserved);
        }
        if !is_value(value) {
            return Err(InvalidField::Value);
        }
        self.write(name, value);
        Ok(())
    }

    /// Adds a field whose name and value are known to be good.
    pub(super) fn write(&mut self, name: &str, value: &[u8]) {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            self.0.extend_from_slice(part);
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What frames a message, or is the handshake itself (RFC 6455 §4.1, §4.2.2; RFC 9110 §8.6; RFC
/// 9112 §6.1).
fn is_reserved(name: &str) -> bool {
    let reserved =
        ["Host", "Upgrade", "Connection", "Content-Length", "Transfer-Encoding", "Trailer", "TE"];
    reserved.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
        || name.get(..14).is_some_and(|prefix| prefix.eq_ignore_ascii_case("Sec-WebSocket-"))
}

/// An HTTP response in place of a connection: a refusal, or the answer to a plain request.
///
/// `Content-Length` and `Connection: close` are added to it.
///
/// ```
/// use sansocket::HttpResponse;
///
/// let reply = HttpResponse::new(401)?.header("WWW-Authenticate", "Bearer")?.body("who are you?\n");
/// # Ok::<(), sansocket::InvalidField>(())
/// ```
#[derive(Clone)]
pub struct HttpResponse {
    status: u16,
    lines: Lines,
    /// What `Connection` names beside `close`.
    option: Option<&'static str>,
    body: Bytes,
}

impl HttpResponse {
    /// A response with a status and nothing else.
    ///
    /// # Errors
    ///
    /// [`InvalidField::Status`] if it is not one of 200–599 that may have a body: not 204, 205 or
    /// 304.
    pub fn new(status: u16) -> Result<Self, InvalidField> {
        match status {
            // RFC 9110 §15.3.5, §15.3.6, §15.4.5: no content
            204 | 205 | 304 => Err(InvalidField::Status),
            200..=599 => Ok(Self::with_status(status)),
            _ => Err(InvalidField::Status),
        }
    }

    pub(super) fn with_status(status: u16) -> Self {
        Self { status, lines: Lines::default(), option: None, body: Bytes::new() }
    }

    /// Adds a header field; several of one name are sent in order.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] if the name is not a token or is the handshake's own, or the value has a
    /// control character in it.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, InvalidField> {
        self.lines.add(name, value.as_ref())?;
        Ok(self)
    }

    /// The body: none if this is not called.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// For fields that only the handshake may write.
    pub(super) fn own_header(mut self, name: &str, value: &str) -> Self {
        self.lines.write(name, value.as_bytes());
        self
    }

    /// Names an option in `Connection`: a field that is for the next hop only.
    pub(super) fn option(mut self, option: &'static str) -> Self {
        self.option = Some(option);
        self
    }

    /// The response on the wire.
    pub(super) fn encode(&self, with_body: bool) -> Bytes {
        let (comma, option) = self.option.map_or(("", ""), |option| (", ", option));
        let mut response =
            format!("HTTP/1.1 {} {}\r\n", self.status, reason_phrase(self.status)).into_bytes();
        response.extend_from_slice(self.lines.as_bytes());
        let length = format!(
            "Content-Length: {}\r\nConnection: close{comma}{option}\r\n\r\n",
            self.body.len()
        );
        response.extend_from_slice(length.as_bytes());
        if with_body {
            response.extend_from_slice(&self.body);
        }
        Bytes::from(response)
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What a status means, for people who read the wire (RFC 9110 §15; RFC 6585 for 429 and 431).
fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        // RFC 9112 §4: the phrase is for people, and may be empty
        _ => "",
    }
}

/// Adds a subprotocol to a list of tokens that are all different.
pub(super) fn add_subprotocol(list: &mut Vec<String>, name: &str) -> Result<(), InvalidField> {
    if !is_token(name) {
        return Err(InvalidField::Subprotocol);
    }
    // RFC 6455 §4.1 no. 10: "MUST all be unique strings"
    if list.iter().any(|other| other == name) {
        return Err(InvalidField::DuplicateSubprotocol);
    }
    list.push(String::from(name));
    Ok(())
}

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
