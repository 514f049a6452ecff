//! Checks the request of an opening handshake: RFC 6455 §4.2.1, RFC 8441 §4, §5.

use std::boxed::Box;
use std::vec::Vec;

use http::header::{
    CONNECTION, HOST, ORIGIN, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};

use crate::connection::Config;
#[cfg(feature = "hyper")]
use crate::handshake::RequestError;
use crate::handshake::by_http_server::{
    ExtendedConnect, RequestLine, accept_of, check, check_connect, has_valid_characters,
    is_url_of_server, is_valid_target, names,
};
use crate::handshake::{Guard, HttpResponse};
use crate::server::rejection::Rejection;
#[cfg(feature = "hyper")]
use crate::session::trace::Path;

/// A valid opening handshake, whose host and origin are to be [checked](Self::check) before it is
/// accepted.
///
/// ```
/// use sansocket::http::UpgradeRequest;
/// use sansocket::{AcceptOptions, Config, Guard};
///
/// let request = http::Request::get("/chat")
///     .header("host", "localhost:9001")
///     .header("upgrade", "websocket")
///     .header("connection", "Upgrade")
///     .header("sec-websocket-version", "13")
///     .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
///     .header("sec-websocket-protocol", "chat.v1")
///     .body(())?;
/// let upgrade = UpgradeRequest::new(Config::new(), &request)?.check(&Guard::loopback())?;
/// let options = AcceptOptions::new().subprotocol("chat.v1")?;
/// let (connection, response) = upgrade.accept_with(&options);
/// // Send the response; then the stream is the connection's.
/// assert_eq!(response.status(), 101);
/// assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// assert_eq!(connection.subprotocol(), Some("chat.v1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct UpgradeRequest {
    pub(super) config: Config,
    pub(super) version: Version,
    /// `Sec-WebSocket-Accept`; none over HTTP/2.
    pub(super) accept: Option<[u8; 28]>,
    host: Option<Box<str>>,
    #[cfg(feature = "hyper")]
    path: Path,
    /// The lines of these fields: a clone shares the bytes.
    origins: Vec<HeaderValue>,
    pub(super) subprotocols: Vec<HeaderValue>,
    pub(super) extensions: Vec<HeaderValue>,
}

impl UpgradeRequest {
    /// Checks a request of HTTP/1.1, or of HTTP/2 with hyper's
    #[cfg_attr(feature = "http2", doc = "[`Protocol`](::hyper::ext::Protocol)")]
    #[cfg_attr(not(feature = "http2"), doc = "`Protocol`")]
    /// among its extensions (feature `http2`).
    ///
    /// # Errors
    ///
    /// [`Rejection`] if it is not an opening handshake: respond with its
    /// [`into_response`](Rejection::into_response).
    pub fn new<B>(config: Config, request: &http::Request<B>) -> Result<Self, Rejection> {
        let extensions = request.extensions();
        Self::check_head(
            config,
            (request.method(), request.uri(), request.version(), request.headers()),
            protocol(extensions),
        )
    }

    /// Checks the head of a request: see [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_parts(config: Config, parts: &http::request::Parts) -> Result<Self, Rejection> {
        let head = (&parts.method, &parts.uri, parts.version, &parts.headers);
        Self::check_head(config, head, protocol(&parts.extensions))
    }

    /// Checks the head of a request of HTTP/2 or HTTP/3, with the `:protocol` that the HTTP stack
    /// has received (RFC 8441 §4, RFC 9220 §3).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn extended_connect(
        config: Config,
        parts: &http::request::Parts,
        protocol: Option<&str>,
    ) -> Result<Self, Rejection> {
        let head = (&parts.method, &parts.uri, parts.version, &parts.headers);
        Self::check_head(config, head, protocol)
    }

    fn check_head(
        config: Config,
        (method, uri, version, headers): (&Method, &Uri, Version, &HeaderMap),
        protocol: Option<&str>,
    ) -> Result<Self, Rejection> {
        let authority = uri.authority().map(http::uri::Authority::as_str);
        // RFC 3986 §3.3: a path after an authority may be empty, and then is no part of the text.
        let is_path = uri.path_and_query().is_some_and(|it| {
            is_valid_target(it.path()) && it.query().is_none_or(has_valid_characters)
        });
        let is_url = |scheme| authority.is_some_and(|host| is_url_of_server(scheme, host));
        let fields = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let checked = if version >= Version::HTTP_2 {
            let line = ExtendedConnect {
                is_connect: method == Method::CONNECT,
                protocol,
                authority,
                // Without `:authority` the scheme is no part of `Uri`.
                has_valid_target: is_path && (uri.scheme().is_some() || authority.is_none()),
                has_connection_field: [CONNECTION, UPGRADE]
                    .iter()
                    .any(|name| headers.contains_key(name)),
            };
            check_connect(&line, fields).map(|()| None)
        } else {
            let has_valid_target = is_path && uri.scheme_str().is_none_or(is_url);
            let (is_http_1_1, is_get) = (version == Version::HTTP_11, method == Method::GET);
            check(&RequestLine { is_http_1_1, is_get, has_valid_target }, fields)
                .map(|key| Some(accept_of(key)))
        };
        let accept = checked.map_err(|error| Rejection::new(error, version))?;
        let lines = |name: HeaderName| headers.get_all(name).iter().cloned().collect();
        // RFC 9112 §3.2.2: "the origin server MUST ignore the received Host header field (if any)
        // and instead replace it with the host information of the request-target"
        let host = authority.or_else(|| headers.get(HOST)?.to_str().ok());
        Ok(Self {
            config,
            version,
            accept,
            host: host.map(Box::from),
            #[cfg(feature = "hyper")]
            path: Path::of(uri.path()),
            origins: lines(ORIGIN),
            subprotocols: lines(SEC_WEBSOCKET_PROTOCOL),
            extensions: lines(SEC_WEBSOCKET_EXTENSIONS),
        })
    }

    /// Returns the server's name and port as the client has them. The client chooses it.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Returns the subprotocols that the client offers, in its order of preference (§4.2.1 no. 8).
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        names(self.subprotocols.iter().map(HeaderValue::as_bytes)).flatten()
    }

    /// Replaces the configuration of the connection.
    pub fn set_config(&mut self, config: Config) {
        self.config = config;
    }

    pub(in crate::server) fn check_with(&self, guard: &Guard) -> Result<(), Rejection> {
        let origins = self.origins.iter().map(HeaderValue::as_bytes);
        let checked = guard.check_fields(self.host(), origins);
        checked.map_err(|error| Rejection::new(error.into(), self.version))
    }

    /// Rejects with a response of the application. Over HTTP/2 a status of 2xx would accept, and is
    /// sent as 403. For the same reason a service must not answer a CONNECT with a page.
    #[must_use]
    pub fn reject(self, response: &HttpResponse) -> Rejection {
        Rejection::by_application(response, self.version)
    }

    #[cfg(feature = "hyper")]
    pub(in crate::server) fn path(&self) -> Path {
        self.path.clone()
    }

    /// Rejects with the error's response.
    #[cfg(feature = "hyper")]
    pub(in crate::server) fn reject_for(self, error: RequestError) -> Rejection {
        Rejection::new(error, self.version)
    }
}

/// The `:protocol` as hyper passes it on.
#[cfg(feature = "http2")]
fn protocol(extensions: &http::Extensions) -> Option<&str> {
    extensions.get::<hyper::ext::Protocol>().map(hyper::ext::Protocol::as_str)
}

#[cfg(not(feature = "http2"))]
fn protocol(_: &http::Extensions) -> Option<&str> {
    None
}
