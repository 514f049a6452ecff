//! The server's opening handshake, also with hostile clients: RFC 6455 §4.2, RFC 9112 §2–§6.

use std::iter;

use bytes::{Buf, BufMut};
use sansocket::HeadError as H;
use sansocket::RequestError as E;
use sansocket::{
    AcceptOptions, Config, Connection, Event, HttpResponse, Rejection, Request, ServerHandshake,
};
use support::{Chunking, drain, feed, masked};

/// The request that every row changes in one place.
const REQUEST: [&str; 6] = [
    "GET /chat HTTP/1.1",
    "Host: example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
];

/// Accepted, with 101.
const OPEN: Option<(u16, E)> = None;

const fn no(status: u16, error: E) -> Option<(u16, E)> {
    Some((status, error))
}

/// Which row of attacks; the line that is replaced (none: one is added); by what (nothing: it is
/// left out); the answer.
type Row = (&'static str, &'static str, &'static [u8], Option<(u16, E)>);

const ROWS: &[Row] = &[
    ("H0", "", b"X-Unknown: is ignored", OPEN), // §4.2.1 no. 10
    ("H0", "Host", b"hOST:\texample.com \t", OPEN), // RFC 9112 §5.1
    ("H0", "Upgrade", b"UPGRADE:websocket", OPEN), // §4.1: names in any case
    // Two letters that differ in the same bit are two that differ.
    ("H0", "Host", b"Inst: example.com", no(400, E::Host)),
    ("H0", "Upgrade", b"Upgrade: wdcsocket", no(426, E::NotWebSocket)),
    ("H1", "GET", b"POST /chat HTTP/1.1", no(405, E::Method)), // §4.2.1 no. 1
    ("H1", "GET", b"OPTIONS * HTTP/1.1", no(405, E::Method)),
    ("H1", "GET", b"get /chat HTTP/1.1", no(405, E::Method)),
    ("H1", "GET", b"G\xc3\x8bT /chat HTTP/1.1", no(400, E::Head(H::Malformed))),
    ("H2", "GET", b"GET /chat HTTP/1.0", no(505, E::Head(H::HttpVersion))), // §4.2.1 no. 1
    ("H2", "GET", b"GET /chat HTTP/2.0", no(505, E::Head(H::HttpVersion))),
    ("H2", "GET", b"GET /chat HTTP/1.2", no(505, E::Head(H::HttpVersion))),
    ("H2", "GET", b"GET /chat HTTP/0.9", no(505, E::Head(H::HttpVersion))),
    ("H2", "GET", b"GET /chat HTTP/1.1x", no(400, E::Head(H::Malformed))),
    ("H2", "GET", b"GET /chat http/1.1", no(400, E::Head(H::Malformed))), // RFC 9112 §2.3: case-sensitive
    ("H2", "GET", b"GET /chat", no(400, E::Head(H::Malformed))),          // HTTP/0.9
    ("H3", "GET", b"GET  HTTP/1.1", no(400, E::Head(H::Malformed))), // §4.2.1 no. 1, RFC 9112 §3.2
    ("H3", "GET", b"GET /a\0b HTTP/1.1", no(400, E::Head(H::Malformed))),
    ("H3", "GET", b"GET /a b HTTP/1.1", no(400, E::Head(H::Malformed))), // RFC 9112 §3
    ("H3", "GET", b"GET /a\x7f HTTP/1.1", no(400, E::Head(H::Malformed))),
    ("H3", "GET", b"GET /\xc3\xa4 HTTP/1.1", no(400, E::Target)),
    ("H3", "GET", b"GET /chat#frag HTTP/1.1", no(400, E::Target)), // §3
    ("H3", "GET", b"GET chat HTTP/1.1", no(400, E::Target)),
    ("H3", "GET", b"GET * HTTP/1.1", no(400, E::Target)),
    ("H3", "GET", b"GET example.com:80 HTTP/1.1", no(400, E::Target)),
    ("H3", "GET", b"GET ftp://example.com/chat HTTP/1.1", no(400, E::Target)),
    ("H3", "GET", b"GET http:///chat HTTP/1.1", no(400, E::Target)),
    ("H3", "GET", b"GET http://a@example.com/chat HTTP/1.1", no(400, E::Target)),
    ("H3", "GET", b"GET http://example.com/chat HTTP/1.1", OPEN),
    ("H3", "GET", b"GET HTTPS://example.com HTTP/1.1", OPEN),
    ("H3", "GET", b"GET /?back=http://example.com/ HTTP/1.1", OPEN),
    ("H4", "Host", b"", no(400, E::Host)), // §4.2.1 no. 2, RFC 9112 §3.2
    ("H4", "Host", b"Host:", no(400, E::Host)),
    ("H4", "Host", b"Host: a b", no(400, E::Host)),
    ("H4", "Host", b"Host: a/b", no(400, E::Host)),
    ("H4", "Host", b"Host: user@a", no(400, E::Host)),
    ("H4", "Host", b"Host: a:b", no(400, E::Host)),
    ("H4", "Host", b"Host: a:65536", no(400, E::Host)),
    ("H4", "Host", b"Host: [::1", no(400, E::Host)), // CVE-2026-61666: crash on a bad Host
    ("H4", "Host", b"Host: \xff", no(400, E::Host)),
    ("H4", "", b"Host: example.com", no(400, E::Host)),
    ("H4", "Host", b"Host: [::1]:9001", OPEN),
    ("H5", "Upgrade", b"", no(426, E::NotWebSocket)), // §4.2.1 no. 3
    ("H5", "Upgrade", b"Upgrade:", no(426, E::NotWebSocket)),
    ("H5", "Upgrade", b"Upgrade: websockets", no(426, E::NotWebSocket)),
    ("H5", "Upgrade", b"Upgrade: web", no(426, E::NotWebSocket)),
    ("H5", "Upgrade", b"Upgrade: h2c", no(426, E::NotWebSocket)),
    ("H5", "Upgrade", b"Upgrade: foo, WebSocket", OPEN),
    ("H5", "Upgrade", b"Upgrade: h2c\r\nUpgrade: websocket", OPEN),
    ("H6", "Connection", b"Connection: keep-alive, Upgrade", OPEN), // §4.2.1 no. 4
    ("H6", "Connection", b"Connection: keep-alive\r\nConnection: ,\tuPGRADE ,", OPEN),
    ("H6", "Connection", b"Connection: close", no(400, E::NotUpgraded)),
    ("H6", "Connection", b"Connection: upgrade2", no(400, E::NotUpgraded)),
    ("H6", "Connection", b"Connection: no upgrade", no(400, E::NotUpgraded)),
    ("H6", "Connection", b"", no(400, E::NotUpgraded)),
    ("H7", "Sec-WebSocket-Key", b"", no(400, E::Key)), // §4.2.1 no. 5
    ("H7", "Sec-WebSocket-Key", b"Sec-WebSocket-Key:", no(400, E::Key)),
    ("H7", "Sec-WebSocket-Key", b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA", no(400, E::Key)), // 15 bytes
    ("H7", "Sec-WebSocket-Key", b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=", no(400, E::Key)), // 17 bytes
    ("H7", "Sec-WebSocket-Key", b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAA", no(400, E::Key)), // 18 bytes
    ("H7", "Sec-WebSocket-Key", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ", no(400, E::Key)), // no padding
    ("H7", "Sec-WebSocket-Key", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j_Q==", no(400, E::Key)), // alphabet
    ("H7", "Sec-WebSocket-Key", b"Sec-WebSocket-Key: dGhlIHNhbXBs SBub25jZQ==", no(400, E::Key)),
    ("H7", "Sec-WebSocket-Key", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==, x", no(400, E::Key)),
    ("H7", "", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", no(400, E::Key)), // twice the same
    ("H7", "", b"Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC==", no(400, E::Key)),
    ("H7", "Sec-WebSocket-Key", b"Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC==", OPEN), // §4.1 no. 7, loose last bits
    ("H8", "Sec-WebSocket-V", b"", no(426, E::WebSocketVersion)), // §4.2.1 no. 6, §4.4
    ("H8", "Sec-WebSocket-V", b"Sec-WebSocket-Version: 8", no(426, E::WebSocketVersion)),
    ("H8", "Sec-WebSocket-V", b"Sec-WebSocket-Version: 14", no(426, E::WebSocketVersion)),
    ("H8", "Sec-WebSocket-V", b"Sec-WebSocket-Version: 013", no(426, E::WebSocketVersion)),
    ("H8", "Sec-WebSocket-V", b"Sec-WebSocket-Version: +13", no(426, E::WebSocketVersion)),
    ("H8", "Sec-WebSocket-V", b"Sec-WebSocket-Version: 13.0", no(426, E::WebSocketVersion)),
    ("H8", "Sec-WebSocket-V", b"Sec-WebSocket-Version: 13, 8", no(426, E::WebSocketVersion)),
    ("H8", "", b"Sec-WebSocket-Version: 13", no(426, E::WebSocketVersion)), // twice
    ("H10", "", b"Content-Length: 5\r\n\r\nhello", no(400, E::Body)), // RFC 9112 §6; RUSTSEC-2021-0078
    ("H10", "", b"Transfer-Encoding: chunked\r\n\r\n0", no(400, E::Body)), // RUSTSEC-2020-0008
    ("H10", "", b"Transfer-Encoding: identity", no(400, E::Body)),
    ("H10", "", b"Transfer-Encoding:\x0bchunked", no(400, E::Head(H::Malformed))),
    ("H10", "", b"Content-Length: 0\r\nTransfer-Encoding: chunked", no(400, E::Body)),
    ("H10", "", b"Content-Length: 0\r\nContent-Length: 5", no(400, E::Body)),
    ("H10", "", b"Content-Length: 0\r\nContent-Length: 0", no(400, E::Body)),
    ("H10", "", b"Content-Length: 0, 0", no(400, E::Body)), // RFC 9110 §8.6: "either reject"
    ("H10", "", b"Content-Length: 3, 3", no(400, E::Body)),
    ("H10", "", b"Content-Length: +5", no(400, E::Body)), // RUSTSEC-2021-0081
    ("H10", "", b"Content-Length: -0", no(400, E::Body)),
    ("H10", "", b"Content-Length:", no(400, E::Body)),
    ("H10", "", b"Content-Length: 0", OPEN),
    ("H12", "", b"X: a\r\n b", no(400, E::Head(H::Malformed))), // RFC 9112 §5.2: folded
    ("H12", "Host", b" Host: example.com", no(400, E::Head(H::Malformed))),
    ("H12", "Host", b"Host : example.com", no(400, E::Head(H::Malformed))), // RFC 9112 §5.1; CVE-2026-28367
    ("H12", "", b": v", no(400, E::Head(H::Malformed))),
    ("H12", "", b"no colon", no(400, E::Head(H::Malformed))),
    ("H12", "", b"X Y: v", no(400, E::Head(H::Malformed))),
    ("H12", "", b"X\xc3\xa4: v", no(400, E::Head(H::Malformed))),
    ("H12", "GET", b"GET /chat HTTP/1.1\nX: a", no(400, E::Head(H::Malformed))), // RFC 9112 §2.2: bare LF
    ("H12", "", b"X: a\nY: b", no(400, E::Head(H::Malformed))),
    ("H12", "", b"X: a\n\nhello", no(400, E::Head(H::Malformed))),
    ("H12", "", b"X: a\rY: b", no(400, E::Head(H::Malformed))), // RFC 9112 §2.2: bare CR
    ("H12", "", b"X: a\r", no(400, E::Head(H::Malformed))),
    ("H12", "", b"X: a\0b", no(400, E::Head(H::Malformed))), // RFC 9110 §5.5
    ("H12", "", b"X: a\x7f", no(400, E::Head(H::Malformed))),
    ("H12", "", b"X: a\x80\xff", OPEN),              // obs-text
    ("H12", "", b"X: \t ", OPEN),                    // white space and nothing else
    ("H13", "GET", b"\r\nGET /chat HTTP/1.1", OPEN), // RFC 9112 §2.2
    ("H13", "GET", b"\r\n\r\nGET /chat HTTP/1.1", no(400, E::Head(H::Malformed))),
    ("H13", "GET", b"\nGET /chat HTTP/1.1", no(400, E::Head(H::Malformed))),
    ("H16", "", b"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: ,, chat ,", OPEN), // RFC 9110 §5.6.1.2
    // §4.3: `1#token` in all lines together; RFC 9110 §5.6.1.2 lists these as invalid.
    ("H16", "", b"Sec-WebSocket-Protocol:", no(400, E::MalformedSubprotocols)),
    ("H16", "", b"Sec-WebSocket-Protocol: ,\t,", no(400, E::MalformedSubprotocols)),
    (
        "H16",
        "",
        b"Sec-WebSocket-Protocol: ,\r\nSec-WebSocket-Protocol:",
        no(400, E::MalformedSubprotocols),
    ),
    ("H16", "", b"Sec-WebSocket-Protocol:\r\nX: y\r\nSec-WebSocket-Protocol: ,chat", OPEN),
    ("H16", "", b"Sec-WebSocket-Protocol: a b", no(400, E::MalformedSubprotocols)), // §4.3; CVE-2021-32640
    ("H16", "", b"Sec-WebSocket-Protocol: \"a\"", no(400, E::MalformedSubprotocols)),
    (
        "H16",
        "",
        b"Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: \xff",
        no(400, E::MalformedSubprotocols),
    ),
    (
        "H17",
        "",
        b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x; y=\"z\"",
        OPEN,
    ), // §9.1
    // §9.1: `1#extension` in all lines together
    ("H17", "", b"Sec-WebSocket-Extensions:", no(400, E::MalformedExtensions)),
    ("H17", "", b"Sec-WebSocket-Extensions: ,\t,", no(400, E::MalformedExtensions)),
    (
        "H17",
        "",
        b"Sec-WebSocket-Extensions:\r\nSec-WebSocket-Extensions: , ,",
        no(400, E::MalformedExtensions),
    ),
    ("H17", "", b"Sec-WebSocket-Extensions: ,\r\nSec-WebSocket-Extensions: ,x", OPEN),
    // What is skipped because it has too many parameters is an element.
    ("H17", "", b"Sec-WebSocket-Extensions: x;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a", OPEN),
    ("H17", "", b"Sec-WebSocket-Extensions: __proto__; constructor=toString, constructor", OPEN),
    ("H17", "", b"Sec-WebSocket-Extensions: a; b=\"x\\yz\"", OPEN),
    ("H17", "", b"Sec-WebSocket-Extensions: a; b=\"c", no(400, E::MalformedExtensions)), // CVE-2020-7662
    ("H17", "", b"Sec-WebSocket-Extensions: a; b=\"c\\", no(400, E::MalformedExtensions)),
    ("H17", "", b"Sec-WebSocket-Extensions: a; b=\"c, d\"", no(400, E::MalformedExtensions)), // §9.1: not a token inside
    ("H17", "", b"Sec-WebSocket-Extensions: a; b=\"c\\\"d\"", no(400, E::MalformedExtensions)),
    ("H17", "", b"Sec-WebSocket-Extensions: a; b=\"c\"d", no(400, E::MalformedExtensions)),
    ("H17", "", b"Sec-WebSocket-Extensions: a; b=\"\"", no(400, E::MalformedExtensions)),
    ("H17", "", b"Sec-WebSocket-Extensions: a; b=", no(400, E::MalformedExtensions)),
    ("H17", "", b"Sec-WebSocket-Extensions: a;", no(400, E::MalformedExtensions)),
    ("H17", "", b"Sec-WebSocket-Extensions: ;", no(400, E::MalformedExtensions)),
    (
        "H17",
        "",
        b"Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: b c",
        no(400, E::MalformedExtensions),
    ),
    ("H17", "", b"Sec-WebSocket-Extensions: a\x80", no(400, E::MalformedExtensions)),
];

fn request(replaced: &str, by: &[u8]) -> Vec<u8> {
    let is_added = replaced.is_empty();
    let line = |line: &'static str| {
        if !is_added && line.starts_with(replaced) { by } else { line.as_bytes() }
    };
    let lines =
        REQUEST.into_iter().map(line).chain(is_added.then_some(by)).filter(|line| !line.is_empty());
    lines.chain([&b""[..]]).flat_map(|line| [line, b"\r\n"].concat()).collect()
}

/// Gives a handshake all chunks until it has come to something, and the rest to the connection if
/// there is one.
fn run(
    bytes: &[u8],
    chunking: Chunking,
    accept: &AcceptOptions,
) -> (Result<Connection, Rejection>, Vec<Event>) {
    let mut handshake = ServerHandshake::new(Config::new());
    let chunks = chunking.split(bytes);
    for (i, chunk) in chunks.iter().enumerate() {
        assert!(handshake.wants_read());
        handshake.input().put_slice(chunk);
        let result = match handshake.receive() {
            Ok(None) => continue,
            Ok(Some(request)) => Ok(request.accept_with(accept)),
            Err(rejection) => Err(rejection),
        };
        assert!(!handshake.wants_read());
        assert!(matches!(handshake.receive(), Ok(None)), "nothing twice");
        return match result {
            Ok(mut connection) => {
                let events = feed(&mut connection, &[], Chunking::Whole);
                let more = chunks[i + 1..]
                    .iter()
                    .flat_map(|chunk| feed(&mut connection, chunk, Chunking::Whole));
                let events = events.into_iter().chain(more.collect::<Vec<_>>()).collect();
                (Ok(connection), events)
            }
            rejection => (rejection, Vec::new()),
        };
    }
    handshake.end_input();
    (Err(handshake.receive().expect_err("the end of the input is an answer")), Vec::new())
}

/// What can be seen of a handshake: the error, the response, the events after it.
fn outcome(bytes: &[u8], chunking: Chunking) -> (Option<E>, Vec<u8>, Vec<Event>) {
    match run(bytes, chunking, &AcceptOptions::new()) {
        (Ok(mut connection), events) => (None, drain(&mut connection), events),
        (Err(mut rejection), events) => {
            (Some(*rejection.error()), drain_rejection(&mut rejection), events)
        }
    }
}

fn drain_rejection(rejection: &mut Rejection) -> Vec<u8> {
    let bytes = rejection.output().chunk().to_vec();
    assert_eq!(rejection.wants_write(), !bytes.is_empty());
    rejection.output().advance(bytes.len());
    assert!(!rejection.wants_write());
    bytes
}

fn chunkings(len: usize) -> impl Iterator<Item = Chunking> {
    iter::once(Chunking::Bytewise).chain((0..=len).map(Chunking::At))
}

fn receive(bytes: &[u8]) -> Result<Option<Request>, Rejection> {
    let mut handshake = ServerHandshake::new(Config::new());
    handshake.input().put_slice(bytes);
    handshake.receive()
}

fn request_of(bytes: &[u8]) -> Request {
    receive(bytes).unwrap().unwrap()
}

/// A response in parts: status, fields, body.
fn parse(response: &[u8]) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(len) = head.parse(response).unwrap() else {
        panic!("not complete")
    };
    assert_eq!(head.version, Some(1));
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
    let fields = head
        .headers
        .iter()
        .map(|field| (field.name.to_ascii_lowercase(), text(field.value)))
        .collect();
    (head.code.unwrap(), fields, response[len..].to_vec())
}

fn values<'a>(fields: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    fields.iter().filter(|field| field.0 == name).map(|field| field.1.as_str()).collect()
}

/// H20: every refusal is a whole response that closes.
fn check_refusal(response: &[u8], status: u16, case: &str) {
    let (code, fields, body) = parse(response);
    assert_eq!(code, status, "{case}");
    assert_eq!(values(&fields, "content-length"), [body.len().to_string()], "{case}");
    assert!(!fields.iter().any(|field| field.0 == "transfer-encoding"), "{case}");
    let connection = values(&fields, "connection").join(",").to_ascii_lowercase();
    assert!(connection.split(',').any(|option| option.trim() == "close"), "{case}"); // RFC 9112 §9.6
    match status {
        405 => assert_eq!(values(&fields, "allow"), ["GET"], "{case}"), // RFC 9110 §15.5.6
        426 => {
            assert_eq!(values(&fields, "sec-websocket-version"), ["13"], "{case}"); // §4.2.2 no. 4, §4.4
            assert_eq!(values(&fields, "upgrade"), ["websocket"], "{case}"); // RFC 9110 §15.5.22
            assert!(connection.split(',').any(|option| option.trim() == "upgrade"), "{case}"); // RFC 9110 §7.8
        }
        _ => {}
    }
}

#[test]
fn every_request_gets_its_response_in_every_split() {
    for (id, replaced, by, expected) in ROWS {
        let bytes = request(replaced, by);
        let case = format!("{id} {}", by.escape_ascii());
        let whole = outcome(&bytes, Chunking::Whole);
        assert_eq!(whole.0.as_ref(), expected.as_ref().map(|(_, error)| error), "{case}");
        match expected {
            Some((status, error)) => {
                assert_eq!(error.status(), Some(*status), "{case}");
                check_refusal(&whole.1, *status, &case);
            }
            None => {
                let (status, fields, body) = parse(&whole.1);
                assert_eq!((status, body.len()), (101, 0), "{case}");
                assert_eq!(values(&fields, "upgrade"), ["websocket"], "{case}"); // §4.2.2 no. 5.2
                assert_eq!(values(&fields, "connection"), ["Upgrade"], "{case}"); // no. 5.3
                assert_eq!(values(&fields, "sec-websocket-accept").len(), 1, "{case}"); // no. 5.4
                assert_eq!(
                    fields.len(),
                    3,
                    "nothing chosen that was not asked for, and no length: {case}"
                ); // RFC 9110 §8.6
            }
        }
        for chunking in chunkings(bytes.len()) {
            assert_eq!(outcome(&bytes, chunking), whole, "{case} {chunking:?}");
        }
    }
}

#[test]
fn the_accept_key_hashes_the_key_as_written() {
    for (key, accept) in [
        ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), // §1.3, §4.2.2
        ("AQIDBAUGBwgJCgsMDQ4PEA==", "C/0nmHhBztSRGR1CwL6Tf4ZjwpY="), // §4.1 no. 7, and the same bytes …
        ("AQIDBAUGBwgJCgsMDQ4PEC==", "OfS0wDaT5NoxF2gqm7Zj2YtetzM="), // … with other last bits: another text
    ] {
        let bytes = request("Sec-WebSocket-Key", format!("Sec-WebSocket-Key: {key}").as_bytes());
        let response = drain(&mut request_of(&bytes).accept());
        let expected = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        assert_eq!(String::from_utf8(response).unwrap(), expected);
    }
}

#[test]
fn frames_after_the_request_are_received() {
    // H11; CVE-2026-2833: they are not looked at before the 101 is in the output.
    let frames = [masked(0x81, b"Hello"), masked(0x02, b"par"), masked(0x80, b"tial")].concat();
    let bytes = [request("", b""), frames].concat();
    let whole = outcome(&bytes, Chunking::Whole);
    assert_eq!(
        whole.2,
        [Event::Message("Hello".into()), Event::Message(b"partial"[..].to_vec().into())]
    );
    assert_eq!(parse(&whole.1).0, 101);
    for chunking in chunkings(bytes.len()) {
        assert_eq!(outcome(&bytes, chunking), whole, "{chunking:?}");
    }
}

#[test]
fn the_response_is_written_before_every_frame() {
    let mut connection = request_of(&[request("", b""), masked(0x89, b"?")].concat()).accept();
    connection.send("first").unwrap();
    connection.receive().unwrap();
    let output = drain(&mut connection);
    assert!(
        output.starts_with(b"HTTP/1.1 101 ") && output.ends_with(b"\r\n\r\n\x81\x05first\x8a\x01?")
    );
}

#[test]
fn the_request_is_available_before_accepting() {
    for (target, path, query) in [
        ("/chat", "/chat", None), // §3
        ("/chat?a=1?b", "/chat", Some("a=1?b")),
        ("/%61?", "/%61", Some("")),
        ("//a/b", "//a/b", None),
        ("/a://b?c", "/a://b", Some("c")),
        ("http://h:80/p?q", "/p", Some("q")), // §4.2.1 no. 1
        ("http://h", "/", None),
        ("https://h?q", "/", Some("q")),
    ] {
        let request = request_of(&request("GET", format!("GET {target} HTTP/1.1").as_bytes()));
        assert_eq!(
            (request.method(), request.target(), request.path(), request.query()),
            ("GET", target, path, query)
        );
        assert_eq!(request.origin(), None);
    }
    let request = request_of(&request("", b"Cookie: a=1\r\nX: \xff\r\ncookie: b=2"));
    let cookies: Vec<_> = request.headers().get_all("COOKIE").collect();
    assert_eq!(cookies, [b"a=1", b"b=2"]);
    assert_eq!(
        (request.headers().get("Cookie"), request.headers().get("X"), request.headers().len()),
        (Some("a=1"), None, 8)
    );
}

#[test]
fn a_rejection_sends_the_response_of_the_application() {
    let reply = HttpResponse::new(401)
        .unwrap()
        .header("WWW-Authenticate", "Bearer")
        .unwrap()
        .header("X", b"\xff")
        .unwrap();
    let rejected = request_of(&request("", b"")).reject(&reply.body("who are you?\n"));
    assert_eq!(
        (rejected.error(), rejected.error().status()),
        (&E::RejectedByApplication { status: 401 }, Some(401))
    );
    assert_eq!(rejected.request().unwrap().path(), "/chat");
    let mut rejected = rejected;
    let expected = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nX: \xff\r\n\
        Content-Length: 13\r\nConnection: close\r\n\r\nwho are you?\n";
    assert_eq!(
        drain_rejection(&mut rejected).escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
    for status in [200, 302, 403, 404, 418, 429, 503, 599] {
        let mut rejected =
            request_of(&request("", b"")).reject(&HttpResponse::new(status).unwrap());
        check_refusal(&drain_rejection(&mut rejected), status, "rejected");
    }
    for status in [0, 99, 100, 101, 199, 204, 205, 304, 600, u16::MAX] {
        assert!(HttpResponse::new(status).is_err(), "{status} can't end this exchange"); // RFC 9110 §15
    }
}

#[test]
fn a_plain_http_request_can_be_answered_or_passed_on() {
    let bytes = b"POST /form HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
    let rejection = receive(bytes).unwrap_err();
    assert_eq!(rejection.error(), &E::NotWebSocket);
    assert_eq!(
        rejection.request().map(|request| (request.method(), request.path())),
        Some(("POST", "/form"))
    );
    assert_eq!(&rejection.into_received()[..], bytes);
    let mut rejection =
        receive(bytes).unwrap_err().answer_with(&HttpResponse::new(200).unwrap().body("hi"));
    assert_eq!(
        drain_rejection(&mut rejection),
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
    );
}

#[test]
fn a_passed_on_request_returns_every_received_byte() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(); // RFC 9113 §3.4: for another server on the same port
    let refused =
        ROWS.iter().filter(|row| row.3.is_some()).map(|(_, replaced, by, _)| request(replaced, by));
    let leading = b"\r\nGET / HTTP/1.1\r\n\r\n".to_vec(); // RFC 9112 §2.2
    let mut lost = Vec::new();
    for bytes in refused.chain([preface, leading, b"GET / HT".to_vec()]) {
        let (Err(rejection), _) = run(&bytes, Chunking::Whole, &AcceptOptions::new()) else {
            panic!("accepted")
        };
        let error = *rejection.error();
        if rejection.into_received() != bytes {
            lost.push(format!("{error:?}: {}", bytes.escape_ascii()));
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn a_request_after_a_rejected_one_gets_no_response() {
    // H9: a proxy that took the first one for an upgrade would pass the second one on unseen.
    let bytes =
        [request("Sec-WebSocket-V", b"Sec-WebSocket-Version: 8"), request("", b"")].concat();
    for chunking in chunkings(bytes.len()) {
        let (error, response, _) = outcome(&bytes, chunking);
        assert_eq!(error, Some(E::WebSocketVersion));
        check_refusal(&response, 426, "H9");
    }
}

/// The end of the head does not hide errors before it: a bare line end, an empty line, one field
/// too many.
#[test]
fn the_end_of_a_head_hides_no_bad_line() {
    let (good, many) = (request("", b""), "x: y\r\n".repeat(101));
    let behind = |bytes: &[u8]| [&good, bytes].concat();
    let cases = [
        (behind(&good), None, 1),
        (behind(b"\r\n\r\n"), None, 1),
        (behind(b"x: y\r\n\r\n"), None, 1),
        ([b"\r\n", &good[..]].concat(), None, 0),
        ([b"\r\n\r\n", &good[..]].concat(), Some(E::Head(H::Malformed)), 0),
        ([b"\n", &good[..]].concat(), Some(E::Head(H::Malformed)), 0),
        (request("Host", b"Host: example.com\nX: y"), Some(E::Head(H::Malformed)), 0),
        (
            request("Host", format!("{many}Host: example.com").as_bytes()),
            Some(E::Head(H::TooManyFields { limit: 100 })),
            0,
        ),
        (
            request("Host", format!("{many}: y").as_bytes()),
            Some(E::Head(H::TooManyFields { limit: 100 })),
            0,
        ),
        (
            request("Host", format!(": y\r\n{many}").as_bytes()),
            Some(E::Head(H::TooManyFields { limit: 100 })),
            0,
        ),
    ];
    for (bytes, error, events) in cases {
        for chunking in [Chunking::Whole, Chunking::Bytewise, Chunking::At(bytes.len() - 4)] {
            let seen = outcome(&bytes, chunking);
            assert_eq!(
                (&seen.0, seen.2.len()),
                (&error, events),
                "{} {chunking:?}",
                bytes.escape_ascii()
            );
        }
    }
}

#[test]
fn a_head_request_gets_a_response_without_body() {
    // RFC 9110 §9.3.2: "the server MUST NOT send content in the response"
    for (bytes, status) in [
        (request("GET", b"HEAD /chat HTTP/1.1"), 405),
        (b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec(), 426),
    ] {
        let (code, fields, body) = parse(&outcome(&bytes, Chunking::Whole).1);
        assert_eq!(code, status);
        assert!(values(&fields, "connection")[0].contains("close"));
        assert_eq!(body.escape_ascii().to_string(), "");
    }
}

#[test]
fn a_head_over_the_limit_gets_a_complete_431() {
    // H14, RFC 6585 §5; CVE-2024-37890: more fields than the parser has room for
    let [line, fields] = [[b"X: ", &[b'x'; 8192][..]].concat(), b"a: b\r\n".repeat(100)];
    let head = [&line[..8000], b"\r\n", &line[..8000], b"\r\n", &line[..1000]].concat();
    for by in [line, fields, head] {
        let (error, response, events) = outcome(&request("", &by), Chunking::Bytewise);
        assert_eq!((error.and_then(|error| error.status()), events.len()), (Some(431), 0));
        check_refusal(&response, 431, "H14");
    }
}

#[test]
fn end_of_stream_in_a_request_head_sends_no_response() {
    let bytes = request("", b"");
    for len in 0..bytes.len() {
        assert_eq!(
            outcome(&bytes[..len], Chunking::Whole),
            (Some(E::Head(H::Incomplete)), vec![], vec![]),
            "after {len} bytes"
        );
    }
}

#[test]
fn end_of_stream_after_the_request_reaches_the_connection() {
    let mut handshake = ServerHandshake::new(Config::new());
    handshake.input().put_slice(&[request("", b""), masked(0x81, b"bye")].concat());
    handshake.end_input();
    let mut connection = handshake.receive().unwrap().unwrap().accept();
    assert!(!connection.wants_read());
    assert_eq!(connection.receive(), Some(Event::Message("bye".into())));
    assert!(matches!(connection.receive(), Some(Event::Closed(_))));
}

/// Bytes that arrive before the application accepts: the connection continues where the handshake
/// stopped.
#[test]
fn bytes_before_accept_reach_the_connection() {
    for ends in [false, true] {
        let mut request = request_of(&[request("", b""), masked(0x81, b"one")].concat());
        request.input().put_slice(&masked(0x81, b"two"));
        if ends {
            request.end_input();
        }
        let mut connection = request.accept();
        assert_eq!(connection.wants_read(), !ends);
        assert_eq!(connection.receive(), Some(Event::Message("one".into())));
        assert_eq!(connection.receive(), Some(Event::Message("two".into())));
        assert_eq!(matches!(connection.receive(), Some(Event::Closed(_))), ends);
    }
}
