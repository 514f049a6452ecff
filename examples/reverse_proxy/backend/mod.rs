//! The backend: a connection to it, and the opening handshake, whose client the proxy is.
//!
//! Over HTTP/1.1 each WebSocket has a connection of its own (RFC 6455 §4.1); over HTTP/2 it is a
//! stream on a shared one (RFC 8441 §5).

mod connect;
mod error;
mod http1;
mod http2;
mod response;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::combinators::BoxBody;
use rustls::ClientConfig;

pub(crate) use self::error::BackendError;

use self::connect::Connector;
use self::http2::Pool;
use crate::compression::{Compression, Offers};
use crate::stream::Stream;
use crate::{Failure, Settings};

/// The body of a response: of the backend, or of the proxy.
pub(crate) type Body = BoxBody<Bytes, Failure>;

/// The answer of the backend.
pub(crate) enum Answer {
    Accepted(Box<Accepted>),
    /// A response with another status, which the client gets.
    Refused(Response<Body>),
}

/// An open connection of the backend.
pub(crate) struct Accepted {
    pub(crate) stream: (Stream, Bytes),
    /// The fields of the response that the client gets.
    pub(crate) headers: HeaderMap,
    pub(crate) compression: Compression,
}

/// The request for the backend: the target and the fields of the client's.
pub(crate) struct Opening {
    pub(crate) target: String,
    pub(crate) host: HeaderValue,
    pub(crate) headers: HeaderMap,
    pub(crate) offers: Offers,
    pub(crate) nonce: [u8; 16],
}

/// The server behind the proxy.
pub(crate) struct Backend {
    connector: Connector,
    /// The connections of HTTP/2, if the backend speaks it.
    pool: Option<Pool>,
}

impl Backend {
    pub(crate) fn new(settings: &Settings) -> Self {
        let protocol = if settings.backend_http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() };
        let tls = settings.backend_tls.clone().map(|mut tls: ClientConfig| {
            tls.alpn_protocols = vec![protocol];
            tls
        });
        let connector = Connector::new(settings.backend.clone(), tls);
        Self { connector, pool: settings.backend_http2.then(Pool::default) }
    }

    /// Connects, unless a connection of HTTP/2 has room, and sends the request.
    pub(crate) async fn open(&self, opening: Opening) -> Result<Answer, BackendError> {
        match &self.pool {
            Some(pool) => pool.open(&self.connector, &opening).await,
            None => http1::open(&self.connector, opening).await,
        }
    }
}
