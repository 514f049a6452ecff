//! The hosts and origins that a server accepts: RFC 6455 §10.2, RFC 9110 §7.4.

use bytes::{Buf, BufMut};
use sansocket::{Config, Guard, GuardError, InvalidGuard, Request, ServerHandshake};

/// A request with these lines: `Host`, and the origins.
fn request(host: &str, origins: &[&str]) -> Request {
    let origins: String = origins.iter().map(|origin| format!("Origin: {origin}\r\n")).collect();
    let head = format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\n{origins}Upgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    let mut handshake = ServerHandshake::new(Config::new());
    handshake.input().put_slice(head.as_bytes());
    handshake.receive().unwrap().unwrap()
}

const HOST: Result<(), GuardError> = Err(GuardError::Host);
const ORIGIN: Result<(), GuardError> = Err(GuardError::Origin);

#[test]
fn rebound_name_is_not_a_host_of_the_server() {
    // A page of evil.example, whose name resolves to 127.0.0.1: origin and Host agree.
    let rebound = request("evil.example:8080", &["http://evil.example:8080"]);
    assert!(rebound.origin_is_host(), "which is not enough");
    assert_eq!(Guard::loopback().check(&rebound), HOST);
    assert_eq!(Guard::hosts(["example.com:8080"]).unwrap().check(&rebound), HOST);
}

#[test]
fn hosts_match_as_a_whole_with_their_ports() {
    let guard = Guard::hosts(["Example.com", "a.example:8080", "b.example:443", "[::1]:*"]);
    let guard = guard.unwrap();
    for (host, expected) in [
        ("example.com", Ok(())),
        ("EXAMPLE.COM:80", Ok(())), // the default ports
        ("example.com:443", Ok(())),
        ("example.com:8080", HOST),
        ("example.com.", HOST),
        ("www.example.com", HOST),
        ("example.com.evil.example", HOST),
        ("evilexample.com", HOST),
        ("a.example:8080", Ok(())),
        ("a.example", HOST),
        ("a.example:80", HOST),
        ("b.example", Ok(())), // which may be port 443
        ("b.example:443", Ok(())),
        ("b.example:80", HOST),
        ("[::1]", Ok(())),
        ("[::1]:9", Ok(())),
        ("[::2]", HOST),
        ("localhost", HOST),
    ] {
        assert_eq!(guard.check(&request(host, &[])), expected, "{host}");
    }
    assert_eq!(Guard::hosts::<&str>([]).unwrap().check(&request("h", &[])), HOST);
}

#[test]
fn names_of_the_loopback_interface_are_known_on_every_port() {
    let guard = Guard::loopback();
    for (host, expected) in [
        ("localhost", Ok(())),
        ("localhost:3000", Ok(())),
        ("127.0.0.1:1", Ok(())),
        ("[::1]:65535", Ok(())),
        ("127.0.0.2", HOST),
        ("localhost.evil.example", HOST),
        // A server that listens on every interface has this address, and tests connect to it.
        ("0.0.0.0:3000", Ok(())),
        ("[::]:3000", Ok(())),
        ("0.0.0.1:3000", HOST),
    ] {
        assert_eq!(guard.check(&request(host, &[])), expected, "{host}");
    }
    for (origin, expected) in [
        ("http://localhost:3000", Ok(())),
        ("http://localhost:5173", ORIGIN), // another server on this machine
        ("http://127.0.0.1:3000", ORIGIN),
        ("http://evil.example", ORIGIN),
        ("null", ORIGIN),
    ] {
        assert_eq!(guard.check(&request("localhost:3000", &[origin])), expected, "{origin}");
    }
}

#[test]
fn origins_match_by_scheme_host_and_port_or_by_name() {
    let guard = [
        "https://www.example.com",
        "HTTP://Example.com:8080",
        "http://localhost:*",
        "null",
        "tauri://localhost",
        "chrome-extension://abc",
        "file://",
    ]
    .into_iter()
    .fold(Guard::hosts(["example.com"]).unwrap(), |guard, origin| guard.origin(origin).unwrap());
    for (origin, expected) in [
        ("https://example.com", Ok(())), // the host itself
        ("http://example.com", ORIGIN),  // made by an attacker in the network
        ("https://example.com:8443", ORIGIN),
        ("https://www.example.com", Ok(())),
        ("https://www.example.com:443", Ok(())),
        ("https://www.example.com:8443", ORIGIN),
        ("http://www.example.com", ORIGIN),
        ("http://example.com:8080", Ok(())),
        ("https://example.com:8080", ORIGIN),
        ("http://localhost", Ok(())),
        ("http://LOCALHOST:5173", Ok(())),
        ("https://localhost", ORIGIN),
        ("null", Ok(())),
        ("tauri://localhost", Ok(())),
        ("tauri://localhost:1", ORIGIN),
        ("chrome-extension://abc", Ok(())),
        ("chrome-extension://abcd", ORIGIN),
        ("file://", Ok(())),
        ("https://www.example.com/", ORIGIN),
        ("https://www.example.com https://www.example.com", ORIGIN),
        ("", ORIGIN),
    ] {
        assert_eq!(guard.check(&request("example.com", &[origin])), expected, "{origin}");
    }
    assert_eq!(guard.check(&request("example.com", &["null", "null"])), ORIGIN, "several");
}

#[test]
fn request_without_an_origin_is_accepted_unless_one_is_required() {
    let guard = Guard::hosts(["a"]).unwrap();
    assert_eq!(guard.check(&request("a", &[])), Ok(()));
    let guard = guard.require_origin();
    assert_eq!(guard.check(&request("a", &[])), ORIGIN);
    assert_eq!(guard.check(&request("a", &["https://a"])), Ok(()));
}

#[test]
fn own_pages_have_the_scheme_and_port_of_the_name() {
    for (name, host, origin, expected) in [
        // A name without a scheme has pages over TLS, wherever that ends.
        ("a", "a", "https://a", Ok(())),
        ("a", "A:443", "HTTPS://a", Ok(())),
        ("a", "a", "https://A:443", Ok(())),
        ("a", "a", "http://a", ORIGIN),
        ("a", "a:80", "http://a", ORIGIN),
        ("a", "a", "https://a:8443", ORIGIN),
        ("a:8443", "a:8443", "https://a:8443", Ok(())),
        ("a:8443", "a:8443", "http://a:8443", ORIGIN),
        ("a:8443", "a:8443", "https://a", ORIGIN),
        ("a:*", "a:8443", "https://a:8443", Ok(())),
        ("a:*", "a:8443", "https://a:9443", ORIGIN),
        ("a:*", "a:8080", "http://a:8080", ORIGIN),
        ("https://a", "a", "https://a", Ok(())),
        ("https://a", "a", "http://a", ORIGIN),
        ("https://a", "a:80", "http://a", HOST),
        ("https://a:8443", "a:8443", "http://a:8443", ORIGIN),
        ("HTTPS://a", "a", "https://a", Ok(())),
        ("http://a", "a", "http://a", Ok(())),
        ("http://a", "a:80", "http://a", Ok(())),
        ("http://a", "a", "https://a", ORIGIN),
        ("http://a", "a:443", "https://a", HOST),
        ("http://a:8080", "a:8080", "http://a:8080", Ok(())),
        ("http://a:*", "a:8080", "http://a:8080", Ok(())),
        ("http://a:*", "a:8080", "https://a:8080", ORIGIN),
        // Nobody in the network makes pages of the loopback interface.
        ("localhost:3000", "localhost:3000", "http://localhost:3000", Ok(())),
        ("127.0.0.1:*", "127.0.0.1:3000", "https://127.0.0.1:3000", Ok(())),
        ("[::1]", "[::1]", "http://[::1]", Ok(())),
        ("https://localhost", "localhost", "http://localhost", ORIGIN),
        ("localhost.a", "localhost.a", "http://localhost.a", ORIGIN),
        ("a", "a", "ftp://a:443", ORIGIN),
    ] {
        let guard = Guard::hosts([name]).unwrap();
        assert_eq!(guard.check(&request(host, &[origin])), expected, "{name}: {origin} on {host}");
    }
}

#[test]
fn each_name_has_pages_of_its_own_scheme_only() {
    let guard = Guard::hosts(["https://a", "http://b", "http://c", "https://c"]).unwrap();
    for (host, origin, expected) in [
        ("a", "https://a", Ok(())),
        ("a", "http://a", ORIGIN),
        ("b", "http://b", Ok(())),
        ("b", "https://b", ORIGIN),
        ("a", "http://b", ORIGIN),
        ("c", "http://c", Ok(())),
        ("c", "https://c", Ok(())),
    ] {
        assert_eq!(guard.check(&request(host, &[origin])), expected, "{origin} on {host}");
    }
}

#[test]
fn only_listed_origins_rejects_pages_of_the_host_itself() {
    let guard = Guard::hosts(["a"]).unwrap().origin("https://b").unwrap().only_listed_origins();
    assert_eq!(guard.check(&request("a", &["https://a"])), ORIGIN);
    assert_eq!(guard.check(&request("a", &["https://b"])), Ok(()));
    assert_eq!(guard.check(&request("a", &[])), Ok(()), "no browser");
    let guard = guard.origin("https://a").unwrap();
    assert_eq!(guard.check(&request("a", &["https://a"])), Ok(()));
    let local = Guard::loopback().only_listed_origins();
    assert_eq!(local.check(&request("localhost:1", &["http://localhost:1"])), ORIGIN);
}

#[test]
fn guard_goes_by_the_absolute_target() {
    let guard = Guard::hosts(["a"]).unwrap();
    for (target, expected) in [("http://b/", HOST), ("http://a/", Ok(())), ("/", Ok(()))] {
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        let mut handshake = ServerHandshake::new(Config::new());
        handshake.input().put_slice(head.as_bytes());
        assert_eq!(guard.check(&handshake.receive().unwrap().unwrap()), expected, "{target}");
    }
}

#[test]
fn plain_request_without_a_host_is_refused() {
    for hosts in ["", "Host: a\r\nHost: a\r\n", "Host: a b\r\n"] {
        let mut handshake = ServerHandshake::new(Config::new());
        handshake.input().put_slice(format!("GET / HTTP/1.1\r\n{hosts}\r\n").as_bytes());
        let rejection = handshake.receive().unwrap_err();
        let checked = Guard::hosts(["a"]).unwrap().check(rejection.request().unwrap());
        assert_eq!(checked, HOST, "{hosts}");
    }
}

#[test]
fn guard_error_has_a_response_with_its_status() {
    for (error, line) in [
        (GuardError::Host, "HTTP/1.1 421 Misdirected Request\r\n"),
        (GuardError::Origin, "HTTP/1.1 403 Forbidden\r\n"),
    ] {
        let mut rejection = request("a", &[]).reject(&error.response());
        let sent = String::from_utf8(rejection.output().chunk().to_vec()).unwrap();
        assert!(sent.starts_with(line) && sent.ends_with(&format!("\r\n\r\n{error}\n")), "{sent}");
    }
}

#[test]
fn invalid_names_and_origins_are_errors() {
    for name in [
        "",
        "a/",
        "a:b",
        "a:*:*",
        "a:1:*",
        "*",
        "ws://a",
        "http://",
        "http://a/",
        "https://*",
        "://a",
        "::1",
        "a b",
        "[::1",
    ] {
        assert_eq!(Guard::hosts([name]).map(drop), Err(InvalidGuard::Host), "{name}");
    }
    for origin in [
        "",
        "*",
        "a",
        "https://a/",
        "https://a/b",
        "https://",
        "https://*",
        "https://*.a",
        "http://u@a",
        "tauri://a/b",
        "://a",
        "NULL",
        "http://a, http://b",
        "tauri://a, tauri://b",
    ] {
        let guard = Guard::loopback().origin(origin).map(drop);
        assert_eq!(guard, Err(InvalidGuard::Origin), "{origin}");
    }
}
