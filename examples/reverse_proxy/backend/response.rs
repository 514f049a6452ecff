//! Checks the backend's response as a client has to, and returns the fields for the proxy's client:
//! RFC 6455 §4.1, which RFC 8441 §5 keeps but for `Upgrade` and `Sec-WebSocket-Accept`.

use http::HeaderMap;
use http::header::{SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL};

use super::{BackendError, Opening};
use crate::compression::Compression;
use crate::headers::{remove_handshake, remove_hop_by_hop, tokens};

/// Checks a response that accepts the handshake.
pub(super) fn accepted(
    response: &HeaderMap,
    opening: &Opening,
) -> Result<(HeaderMap, Compression), BackendError> {
    let offered = |name| tokens(&opening.headers, &SEC_WEBSOCKET_PROTOCOL).any(|own| own == name);
    if !tokens(response, &SEC_WEBSOCKET_PROTOCOL).all(offered) {
        return Err(BackendError::Response("subprotocol was not offered"));
    }
    let settled = opening.offers.settle(response);
    let (compression, agreed) = settled.map_err(BackendError::Response)?;
    let mut headers = response.clone();
    remove_hop_by_hop(&mut headers);
    remove_handshake(&mut headers);
    if let Some(agreed) = agreed {
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, agreed);
    }
    Ok((headers, compression))
}
