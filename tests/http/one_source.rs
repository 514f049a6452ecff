//! A request that an HTTP server has parsed is judged as the one that the library parses itself:
//! RFC 6455 §4.2.1. The host is the same, wherever the client has written it: RFC 9112 §3.2.2,
//! RFC 9113 §8.3.1.

use bytes::{Buf, BufMut};
use http::{Request, Version};
use sansocket::deflate::Deflate;
use sansocket::http::UpgradeRequest;
use sansocket::{AcceptOptions, Config, RequestError, ServerHandshake};

const FIELDS: [(&str, &str); 5] = [
    ("Host", "example.com"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
];

/// The method, the target, the fields that are added, and those that are left out.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

const ROWS: &[Row] = &[
    ("GET", "/chat?a=b", &[], ""),
    ("POST", "/chat", &[], ""),
    ("CONNECT", "example.com:80", &[], ""),
    ("OPTIONS", "*", &[], ""),
    ("GET", "*", &[], ""),
    ("GET", "http://other.example/chat", &[], ""),
    ("GET", "https://other.example:8443/chat", &[], ""),
    ("GET", "wss://other.example", &[], ""),
    ("GET", "ftp://other.example/chat", &[], ""),
    ("GET", "http://user@other.example/chat", &[], ""),
    ("GET", "HTTP://Other.Example:/chat", &[], ""),
    ("GET", "ws://[::1]:80?a", &[], ""),
    ("GET", "http://other.example:65536/", &[], ""),
    // The target has the host, and `Host` still has to be there: once.
    ("GET", "http://other.example/", &[], "Host"),
    ("GET", "http://other.example/", &[("Host", "")], "Host"),
    ("GET", "http://other.example/", &[("Host", "other.example")], ""),
    ("GET", "http://other.example/", &[("Host", "user@other.example")], "Host"),
    ("GET", "//other.example/chat", &[], ""),
    ("GET", "other.example", &[], ""),
    ("GET", "/", &[], "Host"),
    ("GET", "/", &[("Host", "b.example")], ""),
    ("GET", "/", &[("Host", "a b")], "Host"),
    ("GET", "/", &[("Host", "")], "Host"),
    ("GET", "/", &[("Host", "[::1]:80")], "Host"),
    ("GET", "/", &[("host", "Example.COM:0080")], "Host"),
    ("GET", "/", &[("Host", "user@a.example")], "Host"),
    ("GET", "/", &[("Host", "a.example"), ("Host", "a.example")], "Host"),
    ("GET", "/", &[], "Upgrade"),
    ("GET", "/", &[("Upgrade", "h2c")], "Upgrade"),
    ("GET", "/", &[("Upgrade", "h2c, WebSocket")], "Upgrade"),
    ("GET", "/", &[("Upgrade", "h2c")], ""),
    ("GET", "/", &[], "Connection"),
    ("GET", "/", &[("Connection", "close")], "Connection"),
    ("GET", "/", &[("Connection", "keep-alive, upgrade")], "Connection"),
    ("GET", "/", &[("Content-Length", "0")], ""),
    ("GET", "/", &[("Content-Length", "1")], ""),
    ("GET", "/", &[("Transfer-Encoding", "chunked")], ""),
    ("GET", "/", &[], "Sec-WebSocket-Key"),
    ("GET", "/", &[("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")], ""),
    ("GET", "/", &[("Sec-WebSocket-Key", "short")], "Sec-WebSocket-Key"),
    ("GET", "/", &[], "Sec-WebSocket-Version"),
    ("GET", "/", &[("Sec-WebSocket-Version", "8")], "Sec-WebSocket-Version"),
    ("GET", "/", &[("Sec-WebSocket-Version", "8, 13")], "Sec-WebSocket-Version"),
    ("GET", "/", &[("Sec-WebSocket-Protocol", "a, b")], ""),
    ("GET", "/", &[("Sec-WebSocket-Protocol", "c"), ("Sec-WebSocket-Protocol", "b")], ""),
    ("GET", "/", &[("Sec-WebSocket-Protocol", "")], ""),
    ("GET", "/", &[("Sec-WebSocket-Protocol", "a b")], ""),
    ("GET", "/", &[("Sec-WebSocket-Extensions", "permessage-deflate")], ""),
    ("GET", "/", &[("Sec-WebSocket-Extensions", "x; y=\"z\", permessage-deflate")], ""),
    (
        "GET",
        "/",
        &[("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=9")],
        "",
    ),
    ("GET", "/", &[("Sec-WebSocket-Extensions", ",")], ""),
    ("GET", "/", &[("Sec-WebSocket-Extensions", "a;")], ""),
];

/// The error and its status, or the host and the fields of the response, in lower case and in
/// order.
type Answer = Result<(Option<String>, Vec<(String, Vec<u8>)>), (RequestError, u16)>;

fn config() -> Config {
    Config::new().deflate(Deflate::new())
}

fn accept() -> AcceptOptions {
    let options = AcceptOptions::new().subprotocol("b").unwrap().subprotocol("a").unwrap();
    options.header("Set-Cookie", "a=1").unwrap().header("Set-Cookie", "b=2").unwrap()
}

fn fields<'a>(row: &'a Row) -> impl Iterator<Item = (&'static str, &'static str)> + 'a {
    let kept = FIELDS.into_iter().filter(|(name, _)| *name != row.3);
    kept.chain(row.2.iter().copied())
}

fn sorted(mut fields: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    fields.sort();
    fields
}

/// What the library answers to a head that it parses.
fn by_ourselves(row: &Row) -> Answer {
    let mut handshake = ServerHandshake::new(config());
    let mut head = format!("{} {} HTTP/1.1\r\n", row.0, row.1);
    fields(row).for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    handshake.input().put_slice(format!("{head}\r\n").as_bytes());
    match handshake.receive() {
        Ok(request) => {
            let request = request.expect("a whole head");
            let host = request.host().map(String::from);
            let mut connection = request.accept_with(&accept());
            let output = connection.output().chunk().to_vec();
            let mut fields = [httparse::EMPTY_HEADER; 16];
            let mut response = httparse::Response::new(&mut fields);
            response.parse(&output).unwrap();
            assert_eq!(response.code, Some(101));
            let fields = response.headers.iter();
            let fields = fields.map(|it| (it.name.to_lowercase(), it.value.to_vec())).collect();
            Ok((host, sorted(fields)))
        }
        Err(rejection) => Err((*rejection.error(), rejection.status().unwrap())),
    }
}

/// What it answers to a request that was parsed.
fn by_http(row: &Row) -> Answer {
    let mut request = Request::builder().method(row.0).uri(row.1).version(Version::HTTP_11);
    for (name, value) in fields(row) {
        request = request.header(name, value);
    }
    match UpgradeRequest::new(config(), &request.body(()).unwrap()) {
        Ok(upgrade) => {
            let host = upgrade.host().map(String::from);
            let upgrade = upgrade.allow_every_host_and_origin();
            let (mut connection, response) = upgrade.accept_with(&accept());
            assert_eq!((response.status().as_u16(), connection.wants_write()), (101, false));
            assert_eq!(connection.output().remaining(), 0);
            let fields = response.headers().iter();
            let fields = fields.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
            Ok((host, sorted(fields.collect())))
        }
        Err(rejection) => Err((*rejection.error(), rejection.status().as_u16())),
    }
}

#[test]
fn parsed_request_is_judged_as_its_bytes_are() {
    let mut accepted = 0;
    for row in ROWS {
        let (expected, found) = (by_ourselves(row), by_http(row));
        assert_eq!(found, expected, "{row:?}");
        accepted += usize::from(found.is_ok());
    }
    assert!(accepted >= 10, "only {accepted} rows are accepted");
}

/// What a client may write as the host, and whether it is one.
const HOSTS: &[(&str, bool)] = &[
    ("example.com", true),
    ("Example.COM", true),
    ("example.com.", true),
    ("example.com:80", true),
    ("example.com:0080", true),
    // RFC 3986 §3.2.3: "port = *DIGIT"
    ("example.com:", true),
    ("example.com:65535", true),
    ("example.com:65536", false),
    ("example.com:x", false),
    ("127.0.0.1:9001", true),
    ("[::1]", true),
    ("[::1]:9001", true),
    ("[::1", false),
    ("::1", false),
    ("[1.2.3.4]", false),
    ("[fe80::1%25eth0]", false),
    // RFC 9110 §4.2.4, RFC 9113 §8.3.1: no userinfo.
    ("user@example.com", false),
    ("user:password@example.com", false),
    ("@example.com", false),
    ("", false),
    (":80", false),
    ("a b", false),
    ("a,b", true),
    ("a%20b", true),
    ("a%2", false),
    ("a_b", true),
    ("a\\b", false),
];

/// The host of a request, or that it is refused: by the library, or by the crate `http`.
type Host = Option<String>;

fn of_bytes(target: &str, host: &str) -> Host {
    let mut handshake = ServerHandshake::new(config());
    let mut head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n");
    for (name, value) in &FIELDS[1..] {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    handshake.input().put_slice(format!("{head}\r\n").as_bytes());
    let request = handshake.receive().ok()?.expect("a whole head");
    Some(request.host().expect("an opening handshake has a host").to_owned())
}

fn of_request(target: &str, host: &str) -> Host {
    let mut request = Request::get(target).header("host", host);
    for (name, value) in &FIELDS[1..] {
        request = request.header(*name, *value);
    }
    let upgrade = UpgradeRequest::new(config(), &request.body(()).ok()?).ok()?;
    Some(upgrade.host().expect("an opening handshake has a host").to_owned())
}

fn of_connect(target: &str, host: Option<&str>) -> Host {
    let mut request = Request::connect(target).version(Version::HTTP_2);
    if let Some(host) = host {
        request = request.header("host", host);
    }
    let request = request.header("sec-websocket-version", "13").body(()).ok()?;
    let parts = request.into_parts().0;
    let upgrade = UpgradeRequest::extended_connect(config(), &parts, Some("websocket")).ok()?;
    Some(upgrade.host().expect("an opening handshake has a host").to_owned())
}

#[test]
fn host_is_the_same_in_the_host_field_the_target_and_the_authority() {
    for &(host, is_valid) in HOSTS {
        let expected = is_valid.then(|| host.to_owned());
        // The one host that only the crate `http` refuses in a target, as a server of it does.
        let in_uri = expected.clone().filter(|_| host != "a%20b");
        let (http, wss) = (format!("http://{host}/chat"), format!("wss://{host}?a"));
        let other = "other.example";
        for (place, found, expected) in [
            ("Host, by ourselves", of_bytes("/chat", host), &expected),
            ("Host", of_request("/chat", host), &expected),
            ("target, by ourselves", of_bytes(&http, other), &expected),
            ("target", of_request(&http, other), &in_uri),
            ("wss target, by ourselves", of_bytes(&wss, other), &expected),
            ("wss target", of_request(&wss, other), &in_uri),
            (":authority", of_connect(&http, None), &in_uri),
            (":authority and Host", of_connect(&http, Some(host)), &in_uri),
            ("Host of HTTP/2", of_connect("/chat", Some(host)), &expected),
        ] {
            assert_eq!(&found, expected, "{host:?} as {place}");
        }
        // RFC 9113 §8.3.1: a server "SHOULD treat a request as malformed if it contains a Host
        // header field that identifies an entity that differs from … ":authority""
        assert_eq!(of_connect(&http, Some(other)), None, "{host:?} and another Host");
    }
    assert_eq!(of_connect("/chat", None), None, "neither");
}

#[test]
fn response_of_a_rejection_leaves_the_framing_to_the_http_server() {
    let request = Request::get("/").header("host", "a.example").body(()).unwrap();
    let rejection = UpgradeRequest::new(config(), &request).unwrap_err();
    assert!(rejection.is_plain_http());
    let response = rejection.into_response::<bytes::Bytes>();
    assert_eq!(response.status(), 426);
    let fields: Vec<_> = response.headers().keys().map(|name| name.as_str()).collect();
    assert_eq!(fields, ["content-type", "upgrade", "sec-websocket-version", "connection"]);
    assert_eq!(response.headers()["connection"], "Upgrade");
    assert!(response.body().starts_with(b"the Upgrade header field"));
}
