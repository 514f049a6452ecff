//! Request targets: RFC 9112 §3.2.

use bytes::BufMut;
use sansocket::{Config, Request, RequestError, ServerHandshake};

/// The request for a target on a port that `Host` calls `victim.example`.
fn request(target: &str, origin: &str) -> Result<Request, RequestError> {
    let mut handshake = ServerHandshake::new(Config::new());
    let head = format!(
        "GET {target} HTTP/1.1\r\nHost: victim.example\r\nOrigin: {origin}\r\n\
         Upgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    handshake.input().put_slice(head.as_bytes());
    let received = handshake.receive().map(|request| request.expect("a complete head"));
    received.map_err(|rejection| *rejection.error())
}

#[test]
fn absolute_target_overrides_host() {
    // RFC 9112 §3.2.2: "the origin server MUST ignore the received Host header field"
    for (target, host, path, query) in [
        ("/chat", "victim.example", "/chat", None),
        ("http://other.example/chat", "other.example", "/chat", None),
        ("https://other.example:8443/chat?a", "other.example:8443", "/chat", Some("a")),
        ("ws://other.example", "other.example", "/", None),
        ("WSS://[::1]:9001?a=ws://b/", "[::1]:9001", "/", Some("a=ws://b/")),
        // Origin form, whatever follows.
        ("/http://other.example/", "victim.example", "/http://other.example/", None),
        ("/?http://other.example/", "victim.example", "/", Some("http://other.example/")),
    ] {
        let request = request(target, "null").unwrap();
        assert_eq!(
            (request.host(), request.path(), request.query(), request.target()),
            (Some(host), path, query, target)
        );
    }
}

#[test]
fn same_host_check_compares_with_the_absolute_target() {
    for scheme in ["http", "https", "ws", "wss"] {
        let target = format!("{scheme}://other.example/chat");
        for (origin, same) in [("https://victim.example", false), ("https://other.example", true)] {
            let request = request(&target, origin).unwrap();
            assert_eq!(request.origin_is_host(), same, "{target} {origin}");
        }
    }
}

#[test]
fn absolute_target_of_another_scheme_or_without_a_host_is_400() {
    for target in ["ftp://a/", "wsx://a/", "http:///", "ws://", "ws://u@a/", "ws://a:b/", "ws:a"] {
        let error = request(target, "null").unwrap_err();
        assert_eq!((error, error.status()), (RequestError::Target, Some(400)), "{target}");
    }
}

/// A plain request is valid with several `Host` fields as far as this parser goes; none of them is
/// *the* host.
#[test]
fn several_host_fields_are_no_host() {
    let mut handshake = ServerHandshake::new(Config::new());
    handshake.input().put_slice(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    let rejection = handshake.receive().unwrap_err();
    assert_eq!(rejection.request().unwrap().host(), None);
}
