//! Opening handshakes that an HTTP server of the crate [`http`](::http) 1.x receives and answers:
//! RFC 6455 §4.2 over HTTP/1.1, RFC 8441 over HTTP/2.
//!
//! The rules are those of [`ServerHandshake`](crate::ServerHandshake), and nothing is serialised
//! or parsed again.
//!
//! | | HTTP/1.1 | HTTP/2 and HTTP/3 |
//! |---|---|---|
//! | method | GET | CONNECT, with `:protocol` = `websocket` |
//! | server's name | the target if it is a URL, else `Host` | `:authority`, else `Host` |
//! | `Connection`, `Upgrade` | required | refused |
//! | `Sec-WebSocket-Key` | required | not read |
//! | response | 101 with `Sec-WebSocket-Accept` | 200 |
//! | version, subprotocols, extensions, origin | the same | the same |
//!
//! This crate has no stack for HTTP/3. A stack that has extended CONNECT (RFC 9220) passes
//! `:protocol` to [`UpgradeRequest::extended_connect`].

use std::boxed::Box;
use std::ops::Deref;
use std::vec::Vec;

use bytes::Bytes;
use http::header::{
    CONNECTION, HOST, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, Version};

pub use super::rejection::Rejection;
use crate::connection::{Config, Connection};
#[cfg(feature = "hyper")]
use crate::handshake::RequestError;
use crate::handshake::by_http_server::{
    ExtendedConnect, RequestLine, accept_of, answer, apply, check, check_connect,
    has_valid_characters, is_url_of_server, is_valid_target, names,
};
use crate::handshake::{AcceptOptions, Guard, HttpResponse};
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
    config: Config,
    version: Version,
    /// `Sec-WebSocket-Accept`; none over HTTP/2.
    accept: Option<[u8; 28]>,
    host: Option<Box<str>>,
    #[cfg(feature = "hyper")]
    path: Path,
    /// The lines of these fields: a clone shares the bytes.
    origins: Vec<HeaderValue>,
    subprotocols: Vec<HeaderValue>,
    extensions: Vec<HeaderValue>,
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

    /// Checks the host and the origin: with [`Guard::loopback`], or the names of the server.
    ///
    /// # Errors
    ///
    /// [`Rejection`] with status 421 or 403.
    pub fn check(self, guard: &Guard) -> Result<CheckedRequest, Rejection> {
        self.check_with(guard)?;
        Ok(CheckedRequest { request: self })
    }

    /// Accepts every host and every origin, and so gives up the protection from pages of other
    /// servers and from DNS rebinding: for servers that check the host and the origin elsewhere.
    #[must_use]
    pub fn allow_every_host_and_origin(self) -> CheckedRequest {
        CheckedRequest { request: self }
    }

    pub(super) fn check_with(&self, guard: &Guard) -> Result<(), Rejection> {
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
    pub(super) fn path(&self) -> Path {
        self.path.clone()
    }

    /// Rejects with the error's response.
    #[cfg(feature = "hyper")]
    pub(super) fn reject_for(self, error: RequestError) -> Rejection {
        Rejection::new(error, self.version)
    }

    fn accept_with(self, accept: &AcceptOptions) -> (Connection, Response<()>) {
        let (known, fields) = accept.parts();
        let subprotocol = known.answer(self.subprotocols());
        let offers = self.extensions.iter().map(HeaderValue::as_bytes);
        let (agreed, extensions) = answer(&self.config, offers).unzip();

        let mut response = Response::new(());
        *response.version_mut() = self.version;
        *response.status_mut() = match self.accept {
            Some(_) => StatusCode::SWITCHING_PROTOCOLS,
            // RFC 8441 §5.1, RFC 9110 §9.3.6: "Any 2xx (Successful) response"
            None => StatusCode::OK,
        };
        let headers = response.headers_mut();
        if let Some(accept) = self.accept {
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
            insert(headers, SEC_WEBSOCKET_ACCEPT, &accept);
        }
        if let Some(subprotocol) = subprotocol {
            insert(headers, SEC_WEBSOCKET_PROTOCOL, subprotocol.as_bytes());
        }
        if let Some(extensions) = extensions {
            insert(headers, SEC_WEBSOCKET_EXTENSIONS, extensions.as_bytes());
        }
        super::rejection::append(headers, fields);

        let mut connection = Connection::server(self.config);
        apply(&mut connection, agreed.as_ref());
        connection.set_subprotocol(subprotocol);
        (connection, response)
    }
}

/// A valid opening handshake from a host and an origin that may connect.
#[derive(Debug)]
pub struct CheckedRequest {
    request: UpgradeRequest,
}

impl CheckedRequest {
    /// Accepts without a subprotocol.
    #[must_use]
    pub fn accept(self) -> (Connection, Response<()>) {
        self.accept_with(&AcceptOptions::new())
    }

    /// Accepts with a subprotocol or header fields of the application. Returns the connection,
    /// whose input begins after the request and whose output begins after the response.
    #[must_use]
    pub fn accept_with(self, accept: &AcceptOptions) -> (Connection, Response<()>) {
        self.request.accept_with(accept)
    }

    /// Rejects with a response of the application: see [`UpgradeRequest::reject`].
    #[must_use]
    pub fn reject(self, response: &HttpResponse) -> Rejection {
        self.request.reject(response)
    }
}

impl Deref for CheckedRequest {
    type Target = UpgradeRequest;

    fn deref(&self) -> &UpgradeRequest {
        &self.request
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) {
    // Base64, a token, and what the handshake itself has written.
    if let Ok(value) = HeaderValue::from_bytes(value) {
        headers.insert(name, value);
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

/// The response without fields that frame it, which the HTTP server sets.
impl From<&HttpResponse> for Response<Bytes> {
    fn from(response: &HttpResponse) -> Self {
        super::rejection::response(response)
    }
}
