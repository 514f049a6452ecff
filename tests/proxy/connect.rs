//! HTTP CONNECT: RFC 9110 §9.3.6, RFC 9112 §3.2.3.

use sansocket::proxy::{Proxy, ProxyError, Tunnel};
use sansocket::{Config, HeadError, Response};
use support::Chunking;

use crate::answers::{ask, ask_in_every_split, to, tunnel, written};

const PROXY: &str = "http://proxy.example";

/// The beginning of TLS.
const SERVER_HELLO: &[u8] = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03";

fn opened(head: &str) -> bool {
    let answer = [head.as_bytes(), SERVER_HELLO].concat();
    let asked = ask_in_every_split(|| tunnel(PROXY), &answer, false);
    match asked.result {
        Ok(first) => {
            assert_eq!(first, SERVER_HELLO, "{head}");
            assert_eq!(asked.needed, head.len(), "{head}");
            true
        }
        Err(error) => panic!("{head}: {error}"),
    }
}

fn refused(answer: &str, ends: bool) -> Response {
    match ask_in_every_split(|| tunnel(PROXY), answer.as_bytes(), ends).result {
        Err(ProxyError::Refused(response)) => *response,
        other => panic!("{answer}: {other:?}"),
    }
}

fn error(answer: &[u8], ends: bool) -> (ProxyError, usize) {
    let asked = ask_in_every_split(|| tunnel(PROXY), answer, ends);
    (asked.result.unwrap_err(), asked.needed)
}

#[test]
fn request_is_in_authority_form_with_the_same_host() {
    for (host, port, authority) in [
        ("server.example", 443, "server.example:443"),
        ("server.example", 80, "server.example:80"), // RFC 9112 §3.2.3: no default port
        ("192.0.2.1", 9001, "192.0.2.1:9001"),
        ("2001:db8::1", 443, "[2001:db8::1]:443"),
        ("[2001:DB8::1]", 443, "[2001:db8::1]:443"),
        ("xn--exmple-cua.com", 443, "xn--exmple-cua.com:443"),
    ] {
        let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        assert_eq!(
            written(&mut to(host, port, PROXY)).escape_ascii().to_string(),
            escaped(&request)
        );
    }
}

fn escaped(text: &str) -> String {
    text.as_bytes().escape_ascii().to_string()
}

#[test]
fn credentials_are_basic_authorization() {
    for (userinfo, field) in [
        ("user:pass", "Basic dXNlcjpwYXNz"),
        ("user", "Basic dXNlcjo="),
        (":pass", "Basic OnBhc3M="),
        ("user:a:b", "Basic dXNlcjphOmI="), // RFC 7617 §2: only the user name has no colon
        ("user:a%3Ab", "Basic dXNlcjphOmI="),
        ("Aladdin:open%20sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), // RFC 7617 §2
        ("test:123%C2%A3", "Basic dGVzdDoxMjPCow=="),                    // RFC 7617 §2.1: UTF-8
        ("test:123£", "Basic dGVzdDoxMjPCow=="),
        ("u%40x:p%2f%3F%23%25", "Basic dUB4OnAvPyMl"),
    ] {
        for scheme in ["http", "https"] {
            let mut tunnel = tunnel(&format!("{scheme}://{userinfo}@proxy.example"));
            let request = String::from_utf8(written(&mut tunnel)).unwrap();
            let expected = format!("443\r\nProxy-Authorization: {field}\r\n\r\n");
            assert!(request.ends_with(&expected), "{userinfo}: {request}");
        }
    }
    let proxy = Proxy::parse(PROXY).unwrap().basic_auth("test", "123£").unwrap();
    let mut tunnel = Tunnel::new(&proxy, "h", 1, &Config::new()).unwrap();
    assert!(written(&mut tunnel).ends_with(b"Basic dGVzdDoxMjPCow==\r\n\r\n"));
}

#[test]
fn host_that_could_end_the_request_line_is_an_error_before_anything_is_sent() {
    let longest = "a".repeat(255);
    assert!(written(&mut to(&longest, 443, PROXY)).len() > 2 * 255);
    for host in [
        "",
        "a b",
        "a\r\nX: y",
        "a:80",
        "[::1",
        "fe80::1%eth0",
        "[fe80::1%25eth0]",
        "é",
        "a/b",
        "user@host",
        &format!("{longest}a"),
    ] {
        for proxy in [PROXY, "socks5h://proxy.example"] {
            let proxy = Proxy::parse(proxy).unwrap();
            let error = Tunnel::new(&proxy, host, 443, &Config::new()).unwrap_err();
            assert_eq!(error, ProxyError::Host, "{host}");
        }
    }
}

#[test]
fn every_2xx_opens_the_tunnel_whatever_the_fields_say() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 \r\n\r\n",
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.0 200 Connection established\r\n\r\n",
        "HTTP/1.1 201 Created\r\nVia: 1.1 proxy\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 299 x\r\n\r\n",
        // RFC 9110 §9.3.6: "A client MUST ignore any Content-Length or Transfer-Encoding"
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        // RFC 9110 §15.2: interim responses
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        assert!(opened(head));
    }
}

#[test]
fn interim_responses_are_bounded() {
    let interim = "HTTP/1.1 102 Processing\r\n\r\n";
    assert!(opened(&(interim.repeat(8) + "HTTP/1.1 200 OK\r\n\r\n")));
    assert_eq!(refused(&interim.repeat(9), false).status(), 102);
}

#[test]
fn any_other_status_is_a_refusal_with_fields_and_body() {
    for (status, reason) in [
        (300, "x"),
        (302, "Found"),
        (400, "x"),
        (403, "Forbidden"),
        (407, "x"),
        (500, "x"),
        (502, "Bad Gateway"),
        (599, "x"),
    ] {
        let head = format!("HTTP/1.1 {status} {reason}\r\nVia: a\r\nContent-Length: 5\r\n\r\n");
        let response = refused(&format!("{head}hello and more"), false);
        assert_eq!((response.status(), response.reason()), (status, reason));
        assert_eq!((&response.body()[..], response.is_complete()), (&b"hello"[..], true));
        assert_eq!(response.headers().get("via"), Some("a"));
        let response = refused(&format!("{head}hel"), true);
        assert_eq!((&response.body()[..], response.is_complete()), (&b"hel"[..], false));
    }
    // RFC 9110 §15.2.2: nothing was asked to switch protocols.
    assert_eq!(refused("HTTP/1.1 101 Switching Protocols\r\n\r\nmore", false).status(), 101);
    let chunked = "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    assert_eq!(refused(chunked, false).body(), "abc");
    let long = format!("HTTP/1.1 502 x\r\n\r\n{}", "x".repeat(5000));
    assert_eq!(refused(&long, false).body().len(), 4096);
}

#[test]
fn refusal_names_the_remedy() {
    for (answer, text) in [
        (
            "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
            "the proxy answered 407 Auth instead of 2xx; Proxy-Authenticate: Basic realm=\"x\"; write \
             the user name and password in its address: http://user:password@host:port",
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 9\r\n\r\nno such h",
            "the proxy answered 502 Bad Gateway instead of 2xx: no such h",
        ),
        (
            "HTTP/1.1 503 \r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
            "the proxy answered 503 instead of 2xx; Retry-After: 7",
        ),
    ] {
        assert_eq!(error(answer.as_bytes(), false).0.to_string(), text);
    }
}

#[test]
fn bytes_that_cannot_begin_or_continue_a_response_fail_at_once() {
    for (answer, head, needed) in [
        (&b"\x15\x03\x01\x00\x02\x02\x46"[..], HeadError::Tls, 1),
        (b"\x16\x03\x03", HeadError::Tls, 1),
        (b"\x05\x00\x05", HeadError::NotHttp, 1), // SOCKS5
        (b"\x00\x5b", HeadError::NotHttp, 1),     // SOCKS4
        (b"SSH-2.0-OpenSSH_10.0\r\n", HeadError::NotHttp, 1),
        (b"HTTPS", HeadError::NotHttp, 5),
        (b"HTTP/2 200\r\n", HeadError::HttpVersion, 6),
        (b"HTTP/1.1 2O0 OK\r\n", HeadError::Malformed, 17),
        (b"HTTP/1.1 200 OK\n", HeadError::Malformed, 16),
        (b"HTTP/1.1 200 OK\r\nA: b\n", HeadError::Malformed, 22),
    ] {
        let case = answer.escape_ascii();
        assert_eq!(error(answer, false), (ProxyError::Head(head), needed), "{case}");
    }
}

#[test]
fn head_has_the_limits_of_the_opening_handshake() {
    let lines = |count: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "X:\r\n".repeat(count));
    assert!(opened(&lines(100)));
    let too_many = ProxyError::Head(HeadError::TooManyFields { limit: 100 });
    assert_eq!(error(lines(101).as_bytes(), false).0, too_many);
    let line = |len: usize| format!("HTTP/1.1 200 OK\r\nX:{}\r\n\r\n", "x".repeat(len - 4));
    assert!(opened(&line(8 * 1024)));
    let too_long = ProxyError::Head(HeadError::LineTooLong { limit: 8 * 1024 });
    assert_eq!(error(line(8 * 1024 + 1).as_bytes(), false), (too_long, 17 + 8 * 1024 + 1));
    // An endless head.
    let endless = format!("HTTP/1.1 200 OK\r\n{}", format!("X:{}\r\n", "x".repeat(996)).repeat(20));
    let too_long = ProxyError::Head(HeadError::TooLong { limit: 16 * 1024 });
    assert_eq!(error(endless.as_bytes(), false), (too_long, 16 * 1024 + 1));
}

#[test]
fn limits_of_the_head_are_those_of_the_configuration() {
    let proxy = Proxy::parse(PROXY).unwrap();
    let config = Config::new().max_head_fields(1);
    let tunnel = || Tunnel::new(&proxy, "h", 443, &config).unwrap();
    let answer = b"HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n";
    let result = ask(tunnel(), answer, false, Chunking::Whole).unwrap().result;
    assert_eq!(result, Err(ProxyError::Head(HeadError::TooManyFields { limit: 1 })));
}

#[test]
fn stream_that_ends_in_the_head_is_incomplete() {
    let head = b"HTTP/1.1 200 OK\r\nVia: a\r\n\r\n";
    for end in 0..head.len() {
        assert!(ask(tunnel(PROXY), &head[..end], false, Chunking::Whole).is_none());
        let result = ask(tunnel(PROXY), &head[..end], true, Chunking::Bytewise).unwrap().result;
        assert_eq!(result, Err(ProxyError::Head(HeadError::Incomplete)));
    }
}

#[test]
fn tunnel_that_opens_with_the_end_of_the_stream_is_open() {
    let mut tunnel = tunnel(PROXY);
    tunnel.received(b"HTTP/1.1 200 OK\r\n\r\nbye");
    tunnel.end_input();
    assert_eq!(tunnel.receive().unwrap().unwrap(), "bye");
}
