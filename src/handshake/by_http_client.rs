//! The opening handshake of a client whose request another HTTP stack sends: RFC 8441 §5.

use http::{HeaderName, HeaderValue, Method, Request};

use super::client::ClientHandshake;
use super::client_request::ClientRequest;
use super::invalid_uri::InvalidUri;
use super::negotiation;
use super::response_reader::ResponseReader;
use crate::connection::{Config, Entropy};

/// The caller's fields that are not part of HTTP/2 (RFC 9113 §8.2.2); the others are reserved
/// already.
const OF_CONNECTIONS: [&str; 2] = ["keep-alive", "proxy-connection"];

impl ClientHandshake {
    /// Creates a handshake over HTTP/2, and its request without `:protocol`. The request is not in
    /// the output.
    pub(crate) fn extended_connect(
        request: &ClientRequest,
        config: Config,
        mut entropy: Entropy,
    ) -> Result<(Self, Request<()>), InvalidUri> {
        // RFC 8441 §5: "Implementations using this extended CONNECT to bootstrap WebSockets do not
        // do the processing of the Sec-WebSocket-Key and Sec-WebSocket-Accept header fields"
        // Taken all the same: the masking keys of a seed are those of HTTP/1.1.
        let _ = entropy.nonce();
        // RFC 9110 §9.3.6: "Any 2xx (Successful) response"
        let response =
            ResponseReader::new(config.head_limits(), |status| matches!(status, 200..=299));
        let head = connect(request, negotiation::offer(&config).as_deref())?;
        Ok((Self::without_key(request, (config, entropy), response), head))
    }
}

/// The request of RFC 8441 §5.
fn connect(request: &ClientRequest, extensions: Option<&str>) -> Result<Request<()>, InvalidUri> {
    // RFC 8441 §5: "The scheme of the target URI … MUST be "https" for "wss"-schemed WebSockets
    // and "http" for "ws"-schemed WebSockets … The remainder of the target URI is the same"
    let uri = request.uri();
    let target = uri.page_origin() + uri.resource_name();
    let mut connect = Request::new(());
    *connect.method_mut() = Method::CONNECT;
    *connect.uri_mut() = target.parse().map_err(|_| InvalidUri::Path)?;
    let headers = connect.headers_mut();
    let mut append = |name: &[u8], value: &[u8]| {
        // Both were checked when they were added.
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    };
    append(b"sec-websocket-version", b"13");
    request.for_each_offer(extensions, |name, value| append(name.as_bytes(), value.as_bytes()));
    for (name, value) in request.lines.fields() {
        if !OF_CONNECTIONS.iter().any(|other| name.eq_ignore_ascii_case(other.as_bytes())) {
            append(name, value);
        }
    }
    Ok(connect)
}
