//! Heads to send: no input of the caller can end a line.
//!
//! RFC 9110 §5 (fields), §15 (status codes); RFC 9112 §4 (status line), §6.3 (length of a body),
//! §9.6 (`Connection: close`).

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::{error, fmt};

use bytes::Bytes;

use super::fields::{is_token, is_value};

/// The caller's header fields, as lines.
#[derive(Clone, Default)]
pub(crate) struct Lines(Vec<u8>);

impl Lines {
    /// Adds a field of the caller's, unless it is reserved.
    pub(super) fn add(&mut self, name: &str, value: &[u8]) -> Result<(), InvalidField> {
        if !is_token(name) {
            return Err(InvalidField::Name);
        }
        if is_reserved(name) {
            return Err(InvalidField::Reserved { name: name.into() });
        }
        if !is_value(value) {
            return Err(InvalidField::Value { name: name.into() });
        }
        self.write(name, value);
        Ok(())
    }

    /// Adds a field whose name and value are valid.
    pub(super) fn write(&mut self, name: &str, value: &[u8]) {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            self.0.extend_from_slice(part);
        }
    }

    /// Removes all fields with this name.
    pub(super) fn remove(&mut self, name: &str) {
        let others =
            self.fields().filter(|(other, _)| !other.eq_ignore_ascii_case(name.as_bytes()));
        self.0 = others.flat_map(|(name, value)| [name, b": ", value, b"\r\n"].concat()).collect();
    }

    /// The values of the fields with this name.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let has_name = |other: &[u8]| other.eq_ignore_ascii_case(name.as_bytes());
        self.fields().filter(move |(other, _)| has_name(other)).map(|(_, value)| value)
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        // No value has a line end.
        self.0.split_inclusive(|&byte| byte == b'\n').filter_map(|line| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            Some((&line[..colon], line.get(colon + 2..)?.strip_suffix(b"\r\n")?))
        })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Whether the field frames the message or is set by the handshake (RFC 6455 §4.1, §4.2.2; RFC 9110
/// §8.6; RFC 9112 §6.1).
fn is_reserved(name: &str) -> bool {
    let reserved =
        ["Host", "Upgrade", "Connection", "Content-Length", "Transfer-Encoding", "Trailer", "TE"];
    reserved.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
        || name.get(..14).is_some_and(|prefix| prefix.eq_ignore_ascii_case("Sec-WebSocket-"))
}

/// An HTTP response that rejects an opening handshake, or answers a plain request.
///
/// `Content-Length` and `Connection: close` are added.
///
/// ```
/// use sansocket::HttpResponse;
///
/// let reply = HttpResponse::new(401)?.header("WWW-Authenticate", "Bearer")?.body("no token\n");
/// # Ok::<(), sansocket::InvalidField>(())
/// ```
#[derive(Clone)]
pub struct HttpResponse {
    status: u16,
    lines: Lines,
    /// An option of `Connection` in addition to `close`.
    option: Option<&'static str>,
    body: Bytes,
}

impl HttpResponse {
    /// Creates a response without header fields and body.
    ///
    /// # Errors
    ///
    /// [`InvalidField::Status`] unless it is one of 200–599 that may have a body: not 204, 205 or
    /// 304.
    pub fn new(status: u16) -> Result<Self, InvalidField> {
        match status {
            // RFC 9110 §15.3.5, §15.3.6, §15.4.5: no content
            204 | 205 | 304 => Err(InvalidField::Status),
            200..=599 => Ok(Self::with_status(status)),
            _ => Err(InvalidField::Status),
        }
    }

    fn with_status(status: u16) -> Self {
        Self { status, lines: Lines::default(), option: None, body: Bytes::new() }
    }

    /// A response whose body is a line of text.
    pub(crate) fn text(status: u16, text: &impl fmt::Display) -> Self {
        Self::with_status(status)
            .own_header("Content-Type", "text/plain; charset=utf-8")
            .body(format!("{text}\n"))
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

    /// Sets the body. Default: empty.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Returns the status code.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The status, the fields without those of the framing, and the body.
    #[cfg(feature = "http")]
    pub(crate) fn parts(&self) -> (u16, &Lines, &Bytes) {
        (self.status, &self.lines, &self.body)
    }

    /// Adds a reserved field.
    pub(super) fn own_header(mut self, name: &str, value: &str) -> Self {
        self.lines.write(name, value.as_bytes());
        self
    }

    /// Sets an option of `Connection`: the name of a field for the next hop only.
    pub(super) fn option(mut self, option: &'static str) -> Self {
        self.option = Some(option);
        self
    }

    /// Encodes the response.
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

/// The reason phrase of a status (RFC 9110 §15; RFC 6585 for 429 and 431).
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
        421 => "Misdirected Request",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        // RFC 9112 §4: the phrase may be empty
        _ => "",
    }
}

/// The caller's header field, subprotocol or status is invalid. It was not added.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidField {
    /// The name of a field is not a token (RFC 9110 §5.1).
    Name,
    /// The value of a field has a control character, for example a line end (RFC 9110 §5.5).
    Value {
        /// The name of the field.
        name: Box<str>,
    },
    /// A field that the handshake sets.
    Reserved {
        /// The name of the field.
        name: Box<str>,
    },
    /// A subprotocol is not a token (§4.1 no. 10).
    Subprotocol,
    /// A subprotocol was added before (§4.1 no. 10).
    DuplicateSubprotocol,
    /// A status that is not one of 200–599, or has no body: 204, 205, 304.
    Status,
    /// A user name has a colon or a control character (RFC 7617 §2).
    User,
    /// A password has a control character (RFC 7617 §2).
    Password,
    /// A bearer token is empty, or has a character that none can have (RFC 6750 §2.1).
    Token,
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the header field's name is not a token",
            Self::Value { name } => {
                return write!(f, "the value of {name} has a control character; remove line ends");
            }
            Self::Reserved { name } => {
                return write!(f, "the handshake sets {name}; leave it out{}", instead(name));
            }
            Self::Subprotocol => {
                "the subprotocol is not a token; remove spaces, and name each of several by a call \
                 of its own"
            }
            Self::DuplicateSubprotocol => "the subprotocol is named twice",
            Self::Status => "the status is not one of 200 to 599 that may have a body",
            Self::User => {
                "the user name has a colon or a control character, which basic authorization can't \
                 send"
            }
            Self::Password => {
                "the password has a control character, which basic authorization can't send; \
                 remove the line end"
            }
            Self::Token => {
                "the token is empty, or has a character that none can have; remove spaces and line \
                 ends"
            }
        })
    }
}

/// The way to what a caller wants of a reserved field.
fn instead(name: &str) -> &'static str {
    let ways = [
        ("Host", ": it is the host of the address, and Connector::addresses connects to others"),
        ("Sec-WebSocket-Protocol", ", and name subprotocols with subprotocol()"),
        ("Sec-WebSocket-Extensions", ", and enable compression with Config::deflate"),
    ];
    let way = ways.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
    way.map_or("", |(_, way)| way)
}

impl error::Error for InvalidField {}
