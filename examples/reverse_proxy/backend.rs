//! The opening handshake with the backend, whose client the proxy is: RFC 6455 §4.1, by hyper's
//! client over HTTP/1.1.
//!
//! A backend that speaks HTTP/2 (RFC 8441) would be opened here: an extended CONNECT on a shared
//! connection, whose stream is a [`Stream::Http`](crate::stream::Stream), and whose response is 200
//! without `Sec-WebSocket-Accept`.

use std::error::Error;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{
    CONNECTION, HOST, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use sansocket::deflate::NAME;
use sansocket::{Extension, Uri, accept_key};
use tokio::net::TcpStream;

use crate::headers::{remove_handshake, remove_hop_by_hop, tokens};
use crate::stream::Stream;

/// What the backend has answered.
pub(crate) enum Answer {
    Accepted(Accepted),
    /// Another status than 101, for the client.
    Refused(Response<Incoming>),
}

/// An open connection of the backend.
pub(crate) struct Accepted {
    pub(crate) stream: (Stream, Bytes),
    /// The fields of the response that the client gets.
    pub(crate) headers: HeaderMap,
}

/// There is no connection to the backend.
#[derive(Debug)]
pub(crate) enum BackendError {
    Connect(std::io::Error),
    Http(hyper::Error),
    /// A response with status 101 that a client has to refuse (RFC 6455 §4.1).
    Response(&'static str),
}

/// The request for the backend: the target and the fields of the client's.
pub(crate) struct Opening {
    pub(crate) target: String,
    pub(crate) host: HeaderValue,
    pub(crate) headers: HeaderMap,
    pub(crate) offers: Option<HeaderValue>,
    pub(crate) nonce: [u8; 16],
}

/// Connects, and sends the request.
pub(crate) async fn open(backend: &Uri, opening: Opening) -> Result<Answer, BackendError> {
    let host = backend.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, backend.port())).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the stream, which the upgrade takes.
    tokio::spawn(connection.with_upgrades());

    let key = BASE64_STANDARD.encode(opening.nonce);
    let offered = opening.headers.clone();
    let compresses = opening.offers.is_some();
    let mut response = sender.send_request(request(opening, &key)?).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        remove_hop_by_hop(response.headers_mut());
        return Ok(Answer::Refused(response));
    }
    check(response.headers(), &key, &offered, compresses).map_err(BackendError::Response)?;
    let mut headers = response.headers().clone();
    remove_hop_by_hop(&mut headers);
    remove_handshake(&mut headers);
    if let Some(agreed) = response.headers().get(SEC_WEBSOCKET_EXTENSIONS) {
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, agreed.clone());
    }
    let stream = Stream::from_hyper(hyper::upgrade::on(response).await?);
    Ok(Answer::Accepted(Accepted { stream, headers }))
}

fn request(opening: Opening, key: &str) -> Result<Request<Empty<Bytes>>, BackendError> {
    let mut request = Request::new(Empty::new());
    *request.uri_mut() =
        opening.target.parse().map_err(|_| BackendError::Response("target is invalid"))?;
    let key = HeaderValue::from_str(key).map_err(|_| BackendError::Response("key is invalid"))?;
    let headers = request.headers_mut();
    headers.insert(HOST, opening.host);
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.insert(SEC_WEBSOCKET_KEY, key);
    headers.extend(opening.headers);
    if let Some(offers) = opening.offers {
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, offers);
    }
    Ok(request)
}

/// Checks a response with status 101 (RFC 6455 §4.1). The parameters of compression are the
/// client's to check: the proxy has no use for them.
fn check(
    headers: &HeaderMap,
    key: &str,
    offered: &HeaderMap,
    compresses: bool,
) -> Result<(), &'static str> {
    let has =
        |name, token: &str| tokens(headers, name).any(|found| found.eq_ignore_ascii_case(token));
    if !has(&UPGRADE, "websocket") || !has(&CONNECTION, "upgrade") {
        return Err("response upgrades to another protocol");
    }
    let accept = headers.get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
    if accept != accept_key(key).as_deref().map(str::as_bytes) {
        return Err("Sec-WebSocket-Accept is wrong");
    }
    let is_offered = |name| tokens(offered, &SEC_WEBSOCKET_PROTOCOL).any(|found| found == name);
    if !tokens(headers, &SEC_WEBSOCKET_PROTOCOL).all(is_offered) {
        return Err("subprotocol was not offered");
    }
    let lines = headers.get_all(SEC_WEBSOCKET_EXTENSIONS).iter().map(HeaderValue::as_bytes);
    match Extension::parse_all(lines).as_deref() {
        Some([]) => Ok(()),
        Some([agreed]) if compresses && agreed.name() == NAME => Ok(()),
        _ => Err("extension was not offered"),
    }
}

impl From<std::io::Error> for BackendError {
    fn from(error: std::io::Error) -> Self {
        Self::Connect(error)
    }
}

impl From<hyper::Error> for BackendError {
    fn from(error: hyper::Error) -> Self {
        Self::Http(error)
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "can't connect to the backend: {error}"),
            Self::Http(error) => write!(f, "the backend's response failed: {error}"),
            Self::Response(what) => write!(f, "the backend's {what}"),
        }
    }
}

impl Error for BackendError {}
