//! The head of a received HTTP request: RFC 6455 §4.2.1.

use core::ops::Range;
use core::{fmt, str};

use super::fields::{Extension, extensions};
use super::head_error::HeadError;
use super::headers::{Headers, parser_error, range_in, with_room_for_fields};
use super::opening::RequestLine;
use super::request_error::RequestError;
use super::subprotocols::names;
use super::{opening, origin, target};

/// The head of a client's request: the request line and the header fields.
///
/// `Debug` shows the method, the path, and field names: values and queries may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// Ranges in the head.
    method: Range<u32>,
    target: Range<u32>,
    headers: Headers,
}

impl RequestHead {
    /// Parses a complete head with at most so many fields. Also returns the key of an opening
    /// handshake, or the error if it is not one.
    pub(super) fn parse(
        head: &[u8],
        max_fields: usize,
    ) -> Result<(Self, Result<&[u8; 24], RequestError>), HeadError> {
        with_room_for_fields(head, max_fields, |fields| {
            let mut request = httparse::Request::new(&mut []);
            match request.parse_with_uninit_headers(head, fields) {
                Ok(httparse::Status::Complete(len)) if len == head.len() => {}
                result => return Err(parser_error(result, max_fields)),
            }
            let (Some(method), Some(target)) = (request.method, request.path) else {
                return Err(HeadError::Malformed);
            };
            let line = RequestLine {
                is_http_1_1: request.version == Some(1),
                is_get: method == "GET",
                has_valid_target: target::is_valid(target),
            };
            let fields = request.headers.iter().map(|field| (field.name, field.value));
            let key = opening::check(&line, fields);
            let request = Self {
                method: range_in(head, method.as_bytes()),
                target: range_in(head, target.as_bytes()),
                headers: Headers::new(head, request.headers)?,
            };
            Ok((request, key))
        })
    }

    /// Returns the method: `GET` in every opening handshake.
    #[must_use]
    pub fn method(&self) -> &str {
        self.text(&self.method)
    }

    /// Returns the request target without decoding: a path with a query, or a URL of the scheme
    /// `http`, `https`, `ws` or `wss` (§4.2.1 no. 1).
    #[must_use]
    pub fn target(&self) -> &str {
        self.text(&self.target)
    }

    /// Returns the path, which ends before `?`, without decoding: it may be percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        let resource = self.resource_name();
        let path = resource.split_once('?').map_or(resource, |(path, _)| path);
        if path.is_empty() { "/" } else { path }
    }

    /// Returns the query after `?`, if there is one, without decoding.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        Some(self.resource_name().split_once('?')?.1)
    }

    /// Returns the header fields.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Returns the server's name and port as the client has them: those of the request target if
    /// it is a URL, or else the `Host` header field. `None` if there are several `Host` fields, or
    /// none, which is possible in plain HTTP only.
    ///
    /// The client chooses the name. Compare it with the names of the server:
    /// [`Guard`](crate::Guard).
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        // RFC 9112 §3.2.2: "the origin server MUST ignore the received Host header field (if any)
        // and instead replace it with the host information of the request-target"
        match target::authority(self.target()) {
            Some(authority) => Some(authority),
            None => str::from_utf8(self.headers.single("Host")?).ok(),
        }
    }

    /// Returns the origin of the script that connects; clients other than browsers send none
    /// (§4.2.1 no. 7).
    ///
    /// Any page can make a browser connect with the user's cookies. A server that authenticates by
    /// cookies, or that is on loopback or in a private network, must check the origin, and the host
    /// too: [`Guard`](crate::Guard). [`origin_is_one_of`](Self::origin_is_one_of) and
    /// [`origin_is_host`](Self::origin_is_host) are parts of such a check.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.headers.get("Origin")
    }

    /// Returns whether the request's origin is one of these: `https://example.com`,
    /// `http://localhost:8080` … Compares scheme, host and port, case-insensitively. False for a
    /// request without an origin.
    #[must_use]
    pub fn origin_is_one_of<O: AsRef<str>>(&self, origins: impl IntoIterator<Item = O>) -> bool {
        let Some(sent) = self.single_origin() else { return false };
        origins.into_iter().any(|allowed| origin::is_same(sent, allowed.as_ref()))
    }

    /// Returns whether the request's origin has the host and port of [`host`](Self::host). False
    /// for a request without an origin.
    ///
    /// The host is what the client says, and the scheme is not compared. So this does **not**
    /// protect from
    ///
    /// - **DNS rebinding**: a page of `http://evil.example` points that name at the address of the
    ///   server, and its origin is on the host that it requests;
    /// - **an attacker in the network**, who makes a page of `http://example.com`, which then
    ///   connects to the server of `https://example.com` with the user's cookies.
    ///
    /// A [`Guard`](crate::Guard) does: it has the names of the server, with their schemes.
    #[must_use]
    pub fn origin_is_host(&self) -> bool {
        match (self.single_origin(), self.host()) {
            (Some(sent), Some(host)) => origin::is_on_host(sent, host),
            _ => false,
        }
    }

    /// Returns the subprotocols that the client offers, in its order of preference (§4.2.1 no. 8).
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        names(self.headers.get_all("Sec-WebSocket-Protocol")).flatten()
    }

    /// Returns the extensions that the client offers, in its order of preference (§9.1): at most
    /// 32, each with at most 16 parameters; others are skipped.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'_>> {
        extensions(self.headers.get_all("Sec-WebSocket-Extensions")).filter_map(Result::ok)
    }

    fn resource_name(&self) -> &str {
        target::resource_name(self.target())
    }

    fn single_origin(&self) -> Option<&str> {
        str::from_utf8(self.headers.single("Origin")?).ok()
    }

    fn text(&self, range: &Range<u32>) -> &str {
        let bytes = &self.headers.head()[range.start as usize..range.end as usize];
        // The parser returned these bytes as a `str`.
        str::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method())
            .field("path", &self.path())
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}
