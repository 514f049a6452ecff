//! The HTTP response to a request that is not upgraded.

use std::boxed::Box;
use std::string::String;
use std::{error, fmt};

use bytes::Bytes;
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version};

use crate::handshake::by_http_server::{Lines, default_reply};
use crate::handshake::{HttpResponse, RequestError};
use crate::session::trace;

/// A request that is not upgraded: the error, and the HTTP response that reports it.
///
/// With feature `axum` it is a response of a handler, too.
pub struct Rejection {
    // Boxed because functions that rarely fail return it as their error.
    details: Box<Details>,
}

struct Details {
    error: RequestError,
    response: Response<Bytes>,
}

impl Rejection {
    /// The rejection of a request with its error's response.
    pub(super) fn new(error: RequestError, version: Version) -> Self {
        // Only a head that ended early has no status, and an HTTP server does not pass it on.
        let status = error.status().unwrap_or(400);
        let mut response = response(&default_reply(&error, status));
        if version >= Version::HTTP_2 {
            // RFC 9113 §8.2.2: an endpoint "MUST NOT generate an HTTP/2 message containing
            // connection-specific header fields"
            for field in [CONNECTION, UPGRADE] {
                response.headers_mut().remove(field);
            }
        } else if response.headers().contains_key(UPGRADE) {
            // RFC 9110 §7.8: a sender of Upgrade names it in Connection.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        }
        Self::with(error, response)
    }

    /// The rejection with a response of the application.
    pub(super) fn by_application(reply: &HttpResponse, version: Version) -> Self {
        let mut response = response(reply);
        // RFC 8441 §5: a successful response to the CONNECT opens the WebSocket.
        if version >= Version::HTTP_2 && response.status().is_success() {
            *response.status_mut() = StatusCode::FORBIDDEN;
        }
        let error = RequestError::RejectedByApplication { status: response.status().as_u16() };
        Self::with(error, response)
    }

    fn with(error: RequestError, response: Response<Bytes>) -> Self {
        // A plain request is not logged: another part of the service may answer it.
        if !matches!(error, RequestError::NotWebSocket | RequestError::NotConnect) {
            trace::refused(response.status().as_u16(), &error);
        }
        Self { details: Box::new(Details { error, response }) }
    }

    /// Returns the error.
    #[must_use]
    pub fn error(&self) -> &RequestError {
        &self.details.error
    }

    /// Returns whether the request is plain HTTP, which another part of the service may answer.
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        matches!(self.error(), RequestError::NotWebSocket | RequestError::NotConnect)
    }

    /// Returns the status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.details.response.status()
    }

    /// Returns the text of the response, as axum's rejections do.
    #[must_use]
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(self.details.response.body()).into_owned()
    }

    /// Returns the response to send.
    #[must_use]
    pub fn into_response<B: From<Bytes>>(self) -> Response<B> {
        self.details.response.map(B::from)
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rejection").field(self.error()).finish()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)
    }
}

impl error::Error for Rejection {}

/// The response without `Content-Length` and `Connection: close`: the HTTP server frames it.
pub(super) fn response(reply: &HttpResponse) -> Response<Bytes> {
    let (status, lines, body) = reply.parts();
    let mut response = Response::new(body.clone());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    append(response.headers_mut(), lines);
    response
}

/// Appends header fields that were checked when they were added.
pub(super) fn append(headers: &mut HeaderMap, lines: &Lines) {
    for (name, value) in lines.fields() {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
}
