//! A received HTTP request, as the application sees it: RFC 6455 §4.2.1.

use core::mem::MaybeUninit;
use core::ops::Range;
use core::{fmt, str};

use super::fields::{Extension, extensions, list};
use super::head::{HeadError, MAX_FIELDS};
use super::headers::{Headers, range_in};
use super::request_error::RequestError;
use super::{opening, origin};

/// What a client asked for: the request's first line and its header fields.
///
/// `Debug` shows the method, the path, and names: values and queries may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// Where they lie in the head.
    method: Range<u16>,
    target: Range<u16>,
    headers: Headers,
}

impl RequestHead {
    /// Reads a head that is whole; gives the key too if it is an opening handshake, or why it is
    /// none.
    pub(super) fn parse(head: &[u8]) -> Result<(Self, Result<&[u8], RequestError>), HeadError> {
        let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut []);
        match request.parse_with_uninit_headers(head, &mut fields) {
            Ok(httparse::Status::Complete(len)) if len == head.len() => {}
            Err(httparse::Error::Version) => return Err(HeadError::HttpVersion),
            _ => return Err(HeadError::Malformed),
        }
        let (Some(method), Some(target)) = (request.method, request.path) else {
            return Err(HeadError::Malformed);
        };
        let key = opening::check(&request);
        let request = Self {
            method: range_in(head, method.as_bytes()),
            target: range_in(head, target.as_bytes()),
            headers: Headers::new(head, request.headers)?,
        };
        Ok((request, key))
    }

    /// The method: `GET` in every opening handshake.
    #[must_use]
    pub fn method(&self) -> &str {
        self.text(&self.method)
    }

    /// The request target as it was sent: a path with a query, or an `http:` URL (§4.2.1 no. 1).
    #[must_use]
    pub fn target(&self) -> &str {
        self.text(&self.target)
    }

    /// The path: what stands before `?`, as it was sent, percent-encoding and all.
    #[must_use]
    pub fn path(&self) -> &str {
        let resource = self.resource_name();
        let path = resource.split_once('?').map_or(resource, |(path, _)| path);
        if path.is_empty() { "/" } else { path }
    }

    /// The query: what stands after `?`, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        Some(self.resource_name().split_once('?')?.1)
    }

    /// The header fields.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The server's name and port as the client wrote them.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.headers.get("Host")
    }

    /// Where the script came from that connects; `None` from clients that are not browsers (§4.2.1
    /// no. 7).
    ///
    /// Any page may let a browser connect, with the user's cookies. A server that knows users by
    /// their cookies must check the origin: [`origin_is_one_of`](Self::origin_is_one_of) or
    /// [`origin_is_host`](Self::origin_is_host).
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.headers.get("Origin")
    }

    /// Whether there is an origin, and it is one of these: `https://example.com`,
    /// `http://localhost:8080` … Compared by scheme, host and port, in any case. A request without
    /// an origin is not from one of these.
    #[must_use]
    pub fn origin_is_one_of<O: AsRef<str>>(&self, origins: impl IntoIterator<Item = O>) -> bool {
        let Some(sent) = self.single_origin() else { return false };
        origins.into_iter().any(|allowed| origin::is_same(sent, allowed.as_ref()))
    }

    /// Whether there is an origin, and it is on the host and port that the request was sent to.
    #[must_use]
    pub fn origin_is_host(&self) -> bool {
        match (self.single_origin(), self.host()) {
            (Some(sent), Some(host)) => origin::is_on_host(sent, host),
            _ => false,
        }
    }

    /// The subprotocols that the client offers, in its order of preference (§4.2.1 no. 8).
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        list(self.headers.get_all("Sec-WebSocket-Protocol"))
            .filter_map(|name| str::from_utf8(name).ok())
    }

    /// The extensions that the client offers, in its order of preference (§9.1). The first 32,
    /// without those of more than 16 parameters.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'_>> {
        extensions(self.headers.get_all("Sec-WebSocket-Extensions")).filter_map(Result::ok)
    }

    /// The target without the scheme and authority that it may have.
    fn resource_name(&self) -> &str {
        let target = self.target();
        match target.split_once("://") {
            Some((_, rest)) if !target.starts_with('/') => {
                &rest[rest.find(['/', '?']).unwrap_or(rest.len())..]
            }
            _ => target,
        }
    }

    fn single_origin(&self) -> Option<&str> {
        str::from_utf8(self.headers.single("Origin")?).ok()
    }

    fn text(&self, range: &Range<u16>) -> &str {
        let bytes = &self.headers.head()[usize::from(range.start)..usize::from(range.end)];
        // It was a `str` when the parser gave it.
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
