//! A client's request: RFC 6455 §4.1, with the credentials of RFC 7617 and RFC 6750.

use alloc::string::String;
use alloc::vec::Vec;
use core::{fmt, str};

use bytes::BufMut;

use super::credentials;
use super::invalid_uri::InvalidUri;
use super::origin::is_same;
use super::reply::{InvalidField, Lines};
use super::subprotocols::Subprotocols;
use super::uri::Uri;
use crate::connection::Output;

/// A client's opening handshake: address, subprotocols and header fields.
///
/// ```
/// use sansocket::ClientRequest;
///
/// let request = ClientRequest::new("ws://example.com/feed?since=0")?
///     .subprotocol("ticker.v1")?
///     .header("Cookie", "theme=dark")?
///     .bearer_auth("mF_9.B5f-4.1JqM")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `Debug` shows no header fields and no query, because they may be secrets.
#[derive(Clone)]
pub struct ClientRequest {
    uri: Uri,
    pub(super) subprotocols: Subprotocols,
    pub(super) needs_subprotocol: bool,
    pub(super) skips_body_of_redirect: bool,
    /// The value of `Authorization`, unless it is among the lines.
    authorization: Option<String>,
    pub(super) lines: Lines,
    /// Instead of a random one.
    pub(super) nonce: Option<[u8; 16]>,
}

impl ClientRequest {
    /// Creates a request for a `ws:` or `wss:` address.
    ///
    /// The user name and password of `ws://user:password@host/` are percent-decoded, and sent as
    /// [`basic_auth`](Self::basic_auth), as curl and most clients outside of browsers do. They are
    /// not part of [`uri`](Self::uri). RFC 3986 §3.2.1 deprecates a password in an address, because
    /// addresses get into logs: prefer `basic_auth`.
    ///
    /// # Errors
    ///
    /// [`InvalidUri`] if the address is not valid.
    pub fn new(uri: &str) -> Result<Self, InvalidUri> {
        let (uri, user_info) = Uri::parse_with_user_info(uri)?;
        let authorization = user_info.map(credentials::basic_of_uri).transpose()?;
        Ok(Self {
            uri,
            subprotocols: Subprotocols::new(),
            needs_subprotocol: false,
            skips_body_of_redirect: false,
            authorization,
            lines: Lines::default(),
            nonce: None,
        })
    }

    /// Offers a subprotocol, in the order of preference (§4.1 no. 10).
    ///
    /// # Errors
    ///
    /// [`InvalidField`] if it is not a token, or was offered before.
    pub fn subprotocol(mut self, name: &str) -> Result<Self, InvalidField> {
        self.subprotocols = self.subprotocols.with(name)?;
        Ok(self)
    }

    /// Makes it an error ([`NoSubprotocol`](crate::ResponseError::NoSubprotocol)) that the server
    /// chooses none of the offered subprotocols. Default: the connection opens without one (§4.2.2
    /// no. 5.5).
    #[must_use]
    pub const fn require_subprotocol(mut self) -> Self {
        self.needs_subprotocol = true;
        self
    }

    /// Sends a user name and a password (RFC 7617) in `Authorization`, in UTF-8. They are not
    /// encrypted on `ws:`.
    ///
    /// The last credentials count: they replace those of the address, of an earlier call, of
    /// [`bearer_auth`](Self::bearer_auth), and an `Authorization` of [`header`](Self::header).
    ///
    /// # Errors
    ///
    /// [`InvalidField::User`] if the user name has a colon or a control character,
    /// [`InvalidField::Password`] if the password has a control character.
    pub fn basic_auth(mut self, user: &str, password: &str) -> Result<Self, InvalidField> {
        self.authorize(credentials::basic(user, password)?);
        Ok(self)
    }

    /// Sends a token (RFC 6750 §2.1) in `Authorization`, for example of OAuth 2.0. It is not
    /// encrypted on `ws:`. The last credentials count: see [`basic_auth`](Self::basic_auth).
    ///
    /// # Errors
    ///
    /// [`InvalidField::Token`] if it is empty, or has other characters than letters, digits and
    /// `-._~+/`, with any number of `=` at the end.
    pub fn bearer_auth(mut self, token: &str) -> Result<Self, InvalidField> {
        self.authorize(credentials::bearer(token)?);
        Ok(self)
    }

    fn authorize(&mut self, authorization: String) {
        self.lines.remove("Authorization");
        self.authorization = Some(authorization);
    }

    /// Adds a header field (§4.1 no. 12): `Cookie`, `Origin`, `User-Agent` … Fields with equal
    /// names are sent in order. An `Authorization` replaces the credentials of the address and of
    /// [`basic_auth`](Self::basic_auth).
    ///
    /// # Errors
    ///
    /// [`InvalidField`] if the name is not a token or is reserved for the handshake, or the value
    /// has a control character.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, InvalidField> {
        self.lines.add(name, value.as_ref())?;
        if name.eq_ignore_ascii_case("Authorization") {
            self.authorization = None;
        }
        Ok(self)
    }

    /// Sets the 16 bytes of `Sec-WebSocket-Key`, so that the request is always the same: for tests
    /// and recordings. Default: random bytes for each handshake.
    ///
    /// **Not for production.** §4.1 no. 7: "The nonce MUST be selected randomly for each
    /// connection." With a known key, a cache or a server of another protocol can answer as if it
    /// had read the request. The masking keys stay random; `Options::entropy_seed` of an adapter,
    /// or [`Entropy::from_seed`](crate::Entropy::from_seed), makes them the same too.
    #[must_use]
    pub const fn websocket_key(mut self, nonce: [u8; 16]) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// Returns the address to connect to.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The same request without waiting for the body of a redirect, which nobody reads.
    #[cfg(feature = "std")]
    pub(crate) fn skip_body_of_redirect(mut self) -> Self {
        self.skips_body_of_redirect = true;
        self
    }

    /// The request for the address that a server redirects to. Another origin gets no credentials.
    pub(super) fn redirected(&self, uri: Uri) -> Self {
        let mut request = Self { uri, ..self.clone() };
        if request.uri.has_same_origin(&self.uri) {
            return request;
        }
        // RFC 9110 §15.4: "Consider removing header fields … added by the calling context … where
        // there are security implications; this includes but is not limited to Authorization and
        // Cookie."
        request.authorization = None;
        for name in ["Authorization", "Cookie", "Proxy-Authorization"] {
            request.lines.remove(name);
        }
        // Fetch, "serializing a request origin": the page of one server must not speak for it at
        // another that a third one redirects to.
        let page = self.uri.page_origin();
        let is_page = |origin: &[u8]| str::from_utf8(origin).is_ok_and(|o| is_same(o, &page));
        if !request.lines.values("Origin").all(is_page) {
            request.lines.remove("Origin");
            request.lines.write("Origin", b"null");
        }
        request
    }

    /// Encodes the request (§4.1).
    pub(super) fn encode(&self, key: &[u8; 24], extensions: Option<&str>) -> Output {
        let host = self.uri.host_field();
        let mut head =
            Vec::with_capacity(256 + self.uri.resource_name().len() + self.lines.as_bytes().len());
        for text in ["GET ", self.uri.resource_name(), " HTTP/1.1\r\nHost: ", &host] {
            head.put_slice(text.as_bytes());
        }
        head.put_slice(
            b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ",
        );
        head.put_slice(key);
        head.put_slice(b"\r\n");
        self.for_each_offer(extensions, |name, value| {
            for part in [name, ": ", value, "\r\n"] {
                head.put_slice(part.as_bytes());
            }
        });
        head.put_slice(self.lines.as_bytes());
        head.put_slice(b"\r\n");
        let mut output = Output::default();
        output.begin_with(head);
        output
    }

    /// The fields that the request has over every version of HTTP, but for the caller's lines.
    pub(super) fn for_each_offer(
        &self,
        extensions: Option<&str>,
        mut write: impl FnMut(&'static str, &str),
    ) {
        let subprotocols = self.subprotocols.offer();
        let fields = [
            ("Sec-WebSocket-Protocol", subprotocols.as_deref()),
            ("Sec-WebSocket-Extensions", extensions),
            ("Authorization", self.authorization.as_deref()),
        ];
        fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .for_each(|(name, value)| write(name, value));
    }
}

impl fmt::Debug for ClientRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientRequest")
            .field("uri", &self.uri)
            .field("subprotocols", &self.subprotocols)
            .finish_non_exhaustive()
    }
}
