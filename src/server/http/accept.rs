//! Accepts an opening handshake whose host and origin were checked: makes the response and the
//! connection (RFC 6455 §4.2.2, RFC 8441 §5).

use std::ops::Deref;

use bytes::Bytes;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::request::UpgradeRequest;
use crate::connection::Connection;
use crate::handshake::by_http_server::{answer, apply};
use crate::handshake::{AcceptOptions, Guard, HttpResponse};
use crate::server::rejection::{self, Rejection};

impl UpgradeRequest {
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
        rejection::append(headers, fields);

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

/// The response without fields that frame it, which the HTTP server sets.
impl From<&HttpResponse> for Response<Bytes> {
    fn from(response: &HttpResponse) -> Self {
        rejection::response(response)
    }
}
