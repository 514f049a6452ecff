//! The opening handshake over HTTP/1.1, by hyper's client: RFC 6455 §4.1.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{
    CONNECTION, HOST, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use sansocket::accept_key;

use super::connect::Connector;
use super::response::accepted;
use super::{Accepted, Answer, BackendError, Opening};
use crate::headers::{remove_hop_by_hop, tokens};
use crate::stream::Stream;

/// Connects, and sends the request.
pub(super) async fn open(connector: &Connector, opening: Opening) -> Result<Answer, BackendError> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(connector.connect().await?)).await?;
    // It ends with the stream, which the upgrade takes.
    tokio::spawn(connection.with_upgrades());

    let key = BASE64_STANDARD.encode(opening.nonce);
    let mut response = sender.send_request(request(&opening, &key)?).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        remove_hop_by_hop(response.headers_mut());
        return Ok(Answer::Refused(response.map(|body| body.map_err(Into::into).boxed())));
    }
    check(response.headers(), &key).map_err(BackendError::Response)?;
    let (headers, compression) = accepted(response.headers(), &opening)?;
    let stream = Stream::from_hyper(hyper::upgrade::on(response).await?);
    Ok(Answer::Accepted(Box::new(Accepted { stream, headers, compression })))
}

fn request(opening: &Opening, key: &str) -> Result<Request<Empty<Bytes>>, BackendError> {
    let mut request = Request::new(Empty::new());
    *request.uri_mut() =
        opening.target.parse().map_err(|_| BackendError::Response("target is invalid"))?;
    let key = HeaderValue::from_str(key).map_err(|_| BackendError::Response("key is invalid"))?;
    let headers = request.headers_mut();
    headers.insert(HOST, opening.host.clone());
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.insert(SEC_WEBSOCKET_KEY, key);
    headers.extend(opening.headers.clone());
    if let Some(offers) = opening.offers.for_backend() {
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, offers);
    }
    Ok(request)
}

/// Checks what only a response with status 101 has.
fn check(headers: &HeaderMap, key: &str) -> Result<(), &'static str> {
    let has =
        |name, token: &str| tokens(headers, name).any(|found| found.eq_ignore_ascii_case(token));
    if !has(&UPGRADE, "websocket") || !has(&CONNECTION, "upgrade") {
        return Err("response upgrades to another protocol");
    }
    let accept = headers.get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
    if accept != accept_key(key).as_deref().map(str::as_bytes) {
        return Err("Sec-WebSocket-Accept is wrong");
    }
    Ok(())
}
