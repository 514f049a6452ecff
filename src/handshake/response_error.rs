//! Errors of the client's side: a server's response that does not accept the opening handshake.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt::Write;
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
    /// A status other than 101, or over HTTP/2 other than 200 to 299: authentication is required,
    /// the resource has moved … The response has the header fields and the beginning of the body.
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
    /// No subprotocol, although one of those offered is required: see
    /// [`require_subprotocol`](crate::ClientRequest::require_subprotocol).
    NoSubprotocol,
    /// An extension that was not offered, one twice, or an empty field (§4.1, §9.1).
    Extension,
    /// Invalid parameters of permessage-deflate (RFC 7692 §7).
    #[cfg(feature = "deflate")]
    Deflate(crate::deflate::InvalidAnswer),
    /// The server's SETTINGS do not enable WebSocket over HTTP/2 (RFC 8441 §3), or it requires
    /// HTTP/1.1 for this request (RFC 9113 §7).
    #[cfg(feature = "h2")]
    NoExtendedConnect,
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head(HeadError::Tls) => {
                "this looks like TLS: use wss://, or pass a TLS stream to connect_with_stream"
            }
            Self::Head(HeadError::NotHttp) => {
                "not HTTP: the server speaks another protocol; check the host and the port"
            }
            Self::Head(error) => return error.fmt(f),
            Self::UnexpectedStatus(response) => {
                describe(response, "the server", response.expected(), f)?;
                // A router answers before the handler has the request, and so names no remedy.
                return match response.status() {
                    405 if response.answers_connect() => f.write_str(NO_CONNECT),
                    _ => Ok(()),
                };
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
            Self::NoSubprotocol => {
                "the server chose none of the offered subprotocols, and one is required"
            }
            Self::Extension => {
                "the server chose an extension that was not offered, or one twice, or sent an \
                 empty Sec-WebSocket-Extensions"
            }
            #[cfg(feature = "deflate")]
            Self::Deflate(error) => return error.fmt(f),
            #[cfg(feature = "h2")]
            Self::NoExtendedConnect => {
                "the server does not speak WebSocket over HTTP/2; use HTTP/1.1"
            }
        })
    }
}

/// The remedy if the route of a server takes other methods only.
const NO_CONNECT: &str = "; a WebSocket over HTTP/2 begins with CONNECT, which the route must take";

/// The maximum length of the text of a body in an error, in characters.
const MAX_TEXT: usize = 200;

/// Writes why a server or a proxy refused, as far as the response has it: the field that names the
/// remedy, and the first line of the body if that is plain text.
pub(crate) fn describe(
    response: &Response,
    sender: &str,
    expected: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let (status, reason) = (response.status(), response.reason());
    let space = if reason.is_empty() { "" } else { " " };
    write!(f, "{sender} answered {status}{space}{reason} instead of {expected}")?;
    let remedy = match status {
        300..=399 => "Location",
        401 => "WWW-Authenticate",
        405 => "Allow",
        407 => "Proxy-Authenticate",
        429 | 503 => "Retry-After",
        _ => "",
    };
    if let Some(value) = response.headers().get(remedy) {
        // An address may have credentials, and secrets in its query.
        let value = if remedy == "Location" { &*without_secrets(value) } else { value };
        write!(f, "; {remedy}: {value}")?;
    }
    let body = String::from_utf8_lossy(response.body());
    let is_text = |line: &&str| !line.is_empty() && !line.starts_with('<');
    match body.trim_start().split(char::is_control).next().filter(is_text) {
        Some(line) => {
            f.write_str(": ")?;
            let mut rest = line.chars();
            rest.by_ref().take(MAX_TEXT).try_for_each(|char| f.write_char(char))?;
            if rest.next().is_some() { f.write_char('…') } else { Ok(()) }
        }
        None => Ok(()),
    }
}

/// The address without its userinfo and query.
fn without_secrets(location: &str) -> String {
    let address = location.split(['?', '#']).next().unwrap_or_default();
    match address.split_once("//") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}//{host}{path}")
        }
        None => address.to_owned(),
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
