//! Header fields on their way through a proxy: RFC 9110 §7.6, RFC 7239.

use std::net::IpAddr;

use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, FORWARDED, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION,
    SEC_WEBSOCKET_PROTOCOL, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Fields of one connection: RFC 9110 §7.6.1.
const HOP_BY_HOP: [HeaderName; 7] =
    [CONNECTION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// Removes the fields that are for this connection only.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    // RFC 9110 §7.6.1: "Intermediaries MUST parse a received Connection header field before a
    // message is forwarded and, for each connection-option in this field, remove any header or
    // trailer field(s) from the message with the same name as the connection-option"
    let named: Vec<_> = tokens(headers, &CONNECTION)
        .filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
}

/// Removes the fields that the opening handshake of each side sets by itself, not the subprotocols.
pub(crate) fn remove_handshake(headers: &mut HeaderMap) {
    let names: Vec<_> = headers.keys().filter(|name| is_of_handshake(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

fn is_of_handshake(name: &HeaderName) -> bool {
    let is_websocket = name.as_str().starts_with("sec-websocket-");
    is_websocket && *name != SEC_WEBSOCKET_PROTOCOL || *name == CONTENT_LENGTH
}

/// The fields of the client's request that the backend gets.
pub(crate) fn for_backend(
    headers: &HeaderMap,
    client: IpAddr,
    host: Option<&str>,
    scheme: &str,
) -> HeaderMap {
    let mut headers = headers.clone();
    remove_hop_by_hop(&mut headers);
    remove_handshake(&mut headers);
    headers.remove(HOST);
    join_cookies(&mut headers);
    append_forwarded(&mut headers, client, host, scheme);
    headers
}

/// RFC 9113 §8.2.3: the lines of `Cookie` "MUST be concatenated … before being passed into a
/// non-HTTP/2 context", and may be in one of HTTP/2.
fn join_cookies(headers: &mut HeaderMap) {
    let lines: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(cookies) = HeaderValue::from_bytes(&lines.join(&b"; "[..]))
        && lines.len() > 1
    {
        headers.insert(COOKIE, cookies);
    }
}

/// Adds the client after whatever proxies before this one have added: only the last element is this
/// proxy's word.
fn append_forwarded(headers: &mut HeaderMap, client: IpAddr, host: Option<&str>, scheme: &str) {
    let node = match client {
        IpAddr::V4(address) => address.to_string(),
        // RFC 7239 §6: "an IPv6 address is always enclosed in square brackets", so it is quoted.
        IpAddr::V6(address) => format!("\"[{address}]\""),
    };
    let host = host.map_or_else(String::new, |host| format!(";host=\"{host}\""));
    let fields = [
        (FORWARDED, format!("for={node}{host};proto={scheme}")),
        (HeaderName::from_static("x-forwarded-for"), client.to_string()),
    ];
    for (name, value) in fields {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(name, value);
        }
    }
}

/// The elements of a list of tokens.
pub(crate) fn tokens(headers: &HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    let elements = lines.flat_map(|line| line.split(',')).map(|element| element.trim().to_owned());
    elements.collect::<Vec<_>>().into_iter()
}
