//! The client's opening handshake, also with hostile servers: RFC 6455 §4.1.

use std::collections::HashSet;
use std::iter;

use bytes::{Buf, BufMut};
use sansocket::HeadError as H;
use sansocket::ResponseError as E;
use sansocket::{
    ClientHandshake, ClientRequest, Config, Connection, Entropy, Event, Response, ServerHandshake,
};
use support::{Chunking, drain, entropy, feed, unmasked};

const MAX_BODY: usize = 4 * 1024;

/// The response that every row changes in one place. `{accept}` stands for what answers the key.
const RESPONSE: [&str; 4] = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: {accept}",
];

/// Which row of attacks; the line that is replaced (none: one is added); by what (nothing: it is
/// left out); the subprotocol of the connection, or why there is none. `chat` and `superchat` are
/// offered.
type Row = (&'static str, &'static str, &'static str, Result<Option<&'static str>, E>);

const ROWS: &[Row] = &[
    ("K0", "", "X-Unknown: is ignored", Ok(None)),
    ("K0", "HTTP", "HTTP/1.1 101", Ok(None)), // RFC 9112 §4: the phrase may be left out
    ("K0", "HTTP", "HTTP/1.1 101 ", Ok(None)),
    ("K0", "Upgrade", "UPGRADE:\tWebSocket\t", Ok(None)), // §4.1 no. 2: in any case
    ("K1", "Sec", "", Err(E::AcceptKey)),                 // §4.1 no. 4
    ("K1", "Sec", "Sec-WebSocket-Accept:", Err(E::AcceptKey)),
    ("K1", "Sec", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", Err(E::AcceptKey)), // of the RFC's key
    ("K1", "Sec", "Sec-WebSocket-Accept: {swapped}", Err(E::AcceptKey)),
    ("K1", "Sec", "Sec-WebSocket-Accept: x{accept}", Err(E::AcceptKey)),
    ("K1", "Sec", "Sec-WebSocket-Accept: {accept}x", Err(E::AcceptKey)),
    ("K1", "Sec", "Sec-WebSocket-Accept: {accept}, {accept}", Err(E::AcceptKey)),
    ("K1", "Sec", "Sec-WebSocket-Accept: \"{accept}\"", Err(E::AcceptKey)),
    (
        "K1",
        "Sec",
        "Sec-WebSocket-Accept: {accept}{accept}{accept}{accept}{accept}{accept}",
        Err(E::AcceptKey),
    ), // over-long
    ("K1", "", "Sec-WebSocket-Accept: {accept}", Err(E::AcceptKey)), // twice
    ("K1", "", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", Err(E::AcceptKey)),
    ("K1", "Sec", "sec-websocket-accept: \t {accept} \t", Ok(None)), // "ignoring any leading and trailing whitespace"
    ("K4", "Upgrade", "", Err(E::NotWebSocket)),                     // §4.1 no. 2
    ("K4", "Upgrade", "Upgrade: h2c", Err(E::NotWebSocket)),
    ("K4", "Upgrade", "Upgrade: websockets", Err(E::NotWebSocket)),
    ("K4", "Connection", "", Err(E::NotUpgraded)), // §4.1 no. 3
    ("K4", "Connection", "Connection: close", Err(E::NotUpgraded)),
    ("K4", "Connection", "Connection: Upgraded", Err(E::NotUpgraded)),
    ("K4", "Connection", "Connection: keep-alive, uPgrade", Ok(None)),
    ("K4", "Connection", "Connection: keep-alive\r\nConnection: Upgrade", Ok(None)),
    ("K5", "", "Sec-WebSocket-Protocol: superchat", Ok(Some("superchat"))), // §4.1 no. 6
    ("K5", "", "Sec-WebSocket-Protocol: soap", Err(E::Subprotocol)),
    ("K5", "", "Sec-WebSocket-Protocol: CHAT", Err(E::Subprotocol)),
    ("K5", "", "Sec-WebSocket-Protocol: chat, superchat", Err(E::Subprotocol)),
    ("K5", "", "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat", Err(E::Subprotocol)),
    ("K5", "", "Sec-WebSocket-Protocol:", Err(E::Subprotocol)), // §4.2.2 no. 4: "not a legal value"
    ("K5", "", "Sec-WebSocket-Extensions: permessage-deflate", Err(E::Extension)), // §4.1 no. 5
    ("K5", "", "Sec-WebSocket-Extensions:", Err(E::Extension)), // §9.1: `1#extension`
    ("K5", "", "Sec-WebSocket-Extensions: ,\t,", Err(E::Extension)),
    ("K5", "", "Sec-WebSocket-Extensions:\r\nSec-WebSocket-Extensions: , ,", Err(E::Extension)),
    (
        "K5",
        "",
        "Sec-WebSocket-Extensions: ,\r\nSec-WebSocket-Extensions: x; y=\"z\"",
        Err(E::Extension),
    ),
    ("K5", "", "Sec-WebSocket-Extensions: x; y=\"", Err(E::Extension)),
    (
        "K5",
        "",
        "Sec-WebSocket-Extensions: x;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a;a",
        Err(E::Extension),
    ), // however many parameters
    ("K5", "", "Sec-WebSocket-Extensions: \u{e4}", Err(E::Extension)),
    ("K7", "HTTP", "HTTP/1.0 101 Switching Protocols", Err(E::Head(H::HttpVersion))),
    ("K7", "HTTP", "HTTP/2.0 101 Switching Protocols", Err(E::Head(H::HttpVersion))),
    ("K7", "HTTP", "HTTP/1.1 1O1 Switching Protocols", Err(E::Head(H::Malformed))),
    ("K7", "HTTP", "HTTP/1.1 99 Less", Err(E::Head(H::Malformed))),
    ("K7", "HTTP", "HTTP/1.1 1010 More", Err(E::Head(H::Malformed))),
    ("K7", "HTTP", "HTTP/1.1", Err(E::Head(H::Malformed))),
    ("K7", "HTTP", "ICY 200 OK", Err(E::Head(H::NotHttp))),
    ("K7", "HTTP", "SSH-2.0-OpenSSH_10.0", Err(E::Head(H::NotHttp))),
    ("K7", "", "X: a\r\n b", Ok(None)), // RFC 9112 §5.2
    ("K7", "Sec", "Sec-WebSocket-Accept:\r\n\t{accept}", Ok(None)),
    ("K7", "", "X : a", Err(E::Head(H::Malformed))), // RFC 9112 §5.1
    ("K7", "", "X: a\nY: b", Err(E::Head(H::Malformed))), // RFC 9112 §2.2
    ("K7", "", "X: a\rY: b", Err(E::Head(H::Malformed))),
    ("K7", "", "X: a\0", Err(E::Head(H::Malformed))),
];

fn request() -> ClientRequest {
    ClientRequest::new("ws://example.com/chat")
        .unwrap()
        .subprotocol("chat")
        .unwrap()
        .subprotocol("superchat")
        .unwrap()
}

/// A real server's answer to what the handshake sends: what stands in `Sec-WebSocket-Accept`.
fn accept(handshake: &mut ClientHandshake) -> String {
    let mut server = ServerHandshake::new(Config::new());
    server.input().put(handshake.output());
    let response = drain(&mut server.receive().unwrap().unwrap().accept());
    let response = String::from_utf8(response).unwrap();
    response.split_once("Accept: ").unwrap().1.trim_end().to_owned()
}

fn new_handshake() -> ClientHandshake {
    ClientHandshake::new(&request(), Config::new(), entropy())
}

fn response(replaced: &str, by: &str) -> Vec<u8> {
    let is_added = replaced.is_empty();
    let line = |line: &'static str| if !is_added && line.starts_with(replaced) { by } else { line };
    let lines = RESPONSE
        .into_iter()
        .map(line)
        .chain(is_added.then_some(by))
        .filter(|line| !line.is_empty());
    let text: String = lines.chain([""]).map(|line| format!("{line}\r\n")).collect();
    let accept = accept(&mut new_handshake());
    let swap = |c: char| {
        if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
    };
    text.replace("{swapped}", &accept.chars().map(swap).collect::<String>())
        .replace("{accept}", &accept)
        .into_bytes()
}

/// Gives a handshake all chunks until it has come to something, and the rest to the connection if
/// there is one. The stream ends behind them if that is required.
fn run(
    bytes: &[u8],
    chunking: Chunking,
    ends: bool,
) -> Result<(Connection, Response, Vec<Event>), E> {
    let mut handshake = new_handshake();
    drain_request(&mut handshake);
    let chunks = chunking.split(bytes);
    for (i, chunk) in chunks.iter().enumerate() {
        assert!(handshake.wants_read());
        handshake.input().put_slice(chunk);
        let result = match handshake.receive() {
            Ok(None) => continue,
            result => result,
        };
        assert!(!handshake.wants_read() && !handshake.wants_write());
        assert_eq!(handshake.receive().map(|nothing| nothing.is_none()), Ok(true), "nothing twice");
        return result.map(|opened| {
            let (mut connection, response) = opened.unwrap();
            let mut events = feed(&mut connection, &[], Chunking::Whole);
            events.extend(
                chunks[i + 1..]
                    .iter()
                    .flat_map(|chunk| feed(&mut connection, chunk, Chunking::Whole))
                    .collect::<Vec<_>>(),
            );
            (connection, response, events)
        });
    }
    assert!(ends, "the handshake wants more: {}", bytes.escape_ascii());
    handshake.end_input();
    assert!(!handshake.wants_read());
    Err(handshake.receive().map(drop).unwrap_err())
}

fn drain_request(handshake: &mut ClientHandshake) -> String {
    assert!(handshake.wants_write());
    let text = String::from_utf8(handshake.output().chunk().to_vec()).unwrap();
    handshake.output().advance(text.len());
    assert!(!handshake.wants_write());
    text
}

/// What can be seen of a handshake: the subprotocol, the response, the events after it, or the
/// error.
type Outcome = Result<(Option<String>, Response, Vec<Event>), E>;

fn outcome(bytes: &[u8], chunking: Chunking, ends: bool) -> Outcome {
    run(bytes, chunking, ends).map(|(connection, response, events)| {
        (connection.subprotocol().map(String::from), response, events)
    })
}

/// The outcome, which is the same however the bytes are cut.
fn outcome_of_all_cuts(bytes: &[u8], ends: bool) -> Outcome {
    let whole = outcome(bytes, Chunking::Whole, ends);
    let cuts = if bytes.len() < 1_000 {
        (0..=bytes.len()).collect()
    } else {
        vec![1, 50, MAX_BODY, bytes.len() - 1]
    };
    for chunking in iter::once(Chunking::Bytewise).chain(cuts.into_iter().map(Chunking::At)) {
        assert_eq!(outcome(bytes, chunking, ends), whole, "{} {chunking:?}", bytes.escape_ascii());
    }
    whole
}

#[test]
fn every_response_opens_or_fails_in_every_split() {
    for (id, replaced, by, expected) in ROWS {
        let seen = outcome_of_all_cuts(&response(replaced, by), false);
        if let Ok((_, response, events)) = &seen {
            assert_eq!(
                (response.status(), response.body().len(), events.len()),
                (101, 0, 0),
                "{id} {by}"
            );
        }
        let seen = seen.map(|(subprotocol, ..)| subprotocol);
        assert_eq!(
            seen,
            expected.clone().map(|subprotocol| subprotocol.map(String::from)),
            "{id} {by}"
        );
    }
}

/// §4.2.2 no. 5.5: "The empty string is not the same as the null value", and "If the server's
/// response does not conform to the requirements for the server's handshake" (§4.1), it fails;
/// whether or not a subprotocol was offered.
#[test]
fn empty_subprotocol_field_fails_although_none_was_offered() {
    for value in ["", " \t", ",", "\r\nSec-WebSocket-Protocol:"] {
        let request = ClientRequest::new("ws://example.com/chat").unwrap();
        let mut handshake = ClientHandshake::new(&request, Config::new(), entropy());
        let bytes = response("", &format!("Sec-WebSocket-Protocol:{value}"));
        handshake.input().put_slice(&bytes);
        assert_eq!(handshake.receive().map(drop), Err(E::Subprotocol), "{value:?}");
    }
}

#[test]
fn an_upgrade_to_more_than_websocket_fails() {
    // §4.1 no. 2: fail if Upgrade "contains a value that is not an ASCII case-insensitive match for
    // the value "websocket""
    for by in
        ["Upgrade: h2c, websocket", "Upgrade: websocket, foo", "Upgrade: websocket\r\nUpgrade: h2c"]
    {
        let seen = outcome(&response("Upgrade", by), Chunking::Whole, false)
            .map(|(subprotocol, ..)| subprotocol);
        assert_eq!(seen, Err(E::NotWebSocket), "{by}");
    }
}

#[test]
fn an_unexpected_status_has_its_headers_and_the_start_of_its_body() {
    let long = "x".repeat(5_000);
    let sized = format!("HTTP/1.1 400 No\r\nContent-Length: 5000\r\n\r\n{long}");
    let endless = format!("HTTP/1.1 502 \r\n\r\n{long}");
    for (response, ends, status, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, 200, "hello"), // K2, RFC 9112 §6.3
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 101", false, 200, "hello"),
        ("HTTP/1.1 426 \r\nContent-Length: 0\r\nSec-WebSocket-Version: 8\r\n\r\n", false, 426, ""),
        ("HTTP/1.1 403 \r\nContent-Length: 5\r\n\r\nhel", true, 403, "hel"), // the stream ends too early
        ("HTTP/1.1 204 No Content\r\n\r\n", false, 204, ""),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, 304, ""),
        ("HTTP/1.1 400 Bad\r\n\r\nuntil the end", true, 400, "until the end"),
        ("HTTP/1.0 404 Not Found\r\n\r\n", true, 404, ""),
        // RFC 9112 §6.3 no. 5: equal lengths are one, and the body after any other is discarded
        ("HTTP/1.1 500 \r\nContent-Length: 3, 3\r\n\r\nhello", false, 500, "hel"),
        ("HTTP/1.1 500 \r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nhello", false, 500, "hel"),
        ("HTTP/1.1 500 \r\nContent-Length: 0, 0\r\n\r\nhello", false, 500, ""),
        ("HTTP/1.1 500 \r\nContent-Length: 3, 4\r\n\r\nhello", false, 500, ""),
        ("HTTP/1.1 500 \r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nhello", false, 500, ""),
        ("HTTP/1.1 500 \r\nContent-Length: what\r\n\r\nhello", false, 500, ""),
        ("HTTP/1.1 500 \r\nContent-Length: +3\r\n\r\nhello", false, 500, ""),
        ("HTTP/1.1 500 \r\nContent-Length: \r\n\r\nhello", false, 500, ""),
        ("HTTP/1.1 500 \r\nContent-Length: 99999999999999999999\r\n\r\nhello", false, 500, ""),
        (
            "HTTP/1.1 503 \r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            false,
            503,
            "hello",
        ),
        (
            "HTTP/1.1 503 \r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
            false,
            503,
            "",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: ws://other/\r\nContent-Length: 0\r\n\r\n",
            false,
            302,
            "",
        ), // K3: not followed
        (&sized, false, 400, &long[..MAX_BODY]),
        (&endless, false, 502, &long[..MAX_BODY]),
    ] {
        let Err(E::UnexpectedStatus(refusal)) = outcome_of_all_cuts(response.as_bytes(), ends)
        else {
            panic!("{response}")
        };
        assert_eq!((refusal.status(), &refusal.body()[..]), (status, body.as_bytes()));
        let fields: Vec<_> = refusal
            .headers()
            .iter()
            .map(|(name, value)| [name.as_bytes(), b": ", value].concat())
            .collect();
        let head = response.split_once("\r\n\r\n").unwrap().0;
        assert_eq!(fields, head.lines().skip(1).map(str::as_bytes).collect::<Vec<_>>());
    }
}

#[test]
fn a_chunked_response_body_ends_with_its_last_chunk() {
    // RFC 9112 §6.3 no. 4, §7.1: the server may keep the stream open, and the user waits.
    let response =
        b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let mut handshake = new_handshake();
    handshake.input().put_slice(response);
    assert!(matches!(handshake.receive(), Err(E::UnexpectedStatus(_))));
}

#[test]
fn debug_of_an_unexpected_response_shows_no_content() {
    let response = format!(
        "HTTP/1.1 403 \r\nSet-Cookie: hunter2\r\nContent-Length: 900\r\n\r\n{}",
        "secret".repeat(150)
    );
    let error = outcome(response.as_bytes(), Chunking::Whole, false).map(drop).unwrap_err();
    let shown = format!("{error:?}");
    assert!(
        shown.contains("403")
            && !shown.contains("hunter2")
            && shown.matches("secret").count() <= 10,
        "{shown}"
    );
}

#[test]
fn interim_1xx_responses_are_skipped() {
    // K2, RFC 9110 §15.2
    let interim =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
    let opening = String::from_utf8(response("", "Sec-WebSocket-Protocol: chat")).unwrap();
    let (subprotocol, response, _) =
        outcome_of_all_cuts(format!("{interim}{opening}").as_bytes(), false).unwrap();
    assert_eq!(
        (subprotocol.as_deref(), response.status(), response.headers().contains("Link")),
        (Some("chat"), 101, false)
    );
    let refusal = format!("{interim}HTTP/1.1 403 \r\nContent-Length: 1\r\n\r\n!");
    assert!(
        matches!(outcome_of_all_cuts(refusal.as_bytes(), false), Err(E::UnexpectedStatus(refusal)) if refusal.status() == 403)
    );
    for (count, opens) in [(8, true), (9, false)] {
        let bytes = "HTTP/1.1 102 Processing\r\n\r\n".repeat(count) + &opening;
        match outcome(bytes.as_bytes(), Chunking::Bytewise, false) {
            Ok(_) => assert!(opens),
            Err(E::UnexpectedStatus(refusal)) => {
                assert_eq!((opens, refusal.status()), (false, 102))
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_response_head_has_limits() {
    // K7; CVE-2026-47073
    let line = |len: usize| format!("X: {}", "x".repeat(len - 5));
    let empty = response("", &line(6)).len() - 6;
    let head =
        |len: usize| response("", &format!("{}\r\n{}", line(8192), line(len - 8192 - empty)));
    let fields = |n: usize| response("", &vec!["a:"; n - 3].join("\r\n"));
    for (good, bad, error) in [
        (head(16_384), head(16_385), E::Head(H::TooLong { limit: 16_384 })),
        (
            response("", &line(8_192)),
            response("", &line(8_193)),
            E::Head(H::LineTooLong { limit: 8_192 }),
        ),
        (fields(100), fields(101), E::Head(H::TooManyFields { limit: 100 })),
    ] {
        for chunking in
            [Chunking::Whole, Chunking::Bytewise, Chunking::At(9_000), Chunking::Random(1)]
        {
            assert!(outcome(&good, chunking, false).is_ok(), "{error} {chunking:?}");
            assert_eq!(
                outcome(&bad, chunking, false).map(drop),
                Err(error.clone()),
                "{chunking:?}"
            );
        }
    }
    for endless in ["HTTP/1.1 101 x", "\r\n", "HTTP/1.1 200 OK\r\n", "\0"] {
        let mut handshake = new_handshake();
        let mut bytes = endless.bytes().cycle().enumerate().take(20_000);
        let (len, _) = bytes
            .find(|&(_, byte)| (handshake.input().put_u8(byte), handshake.receive().is_err()).1)
            .unwrap();
        assert!(len <= 16_384, "{len} bytes of {endless:?}");
    }
}

#[test]
fn end_of_stream_in_a_response_head_is_an_error_of_its_own() {
    let bytes = response("", "");
    for len in 0..bytes.len() {
        assert_eq!(
            outcome(&bytes[..len], Chunking::Bytewise, true).map(drop),
            Err(E::Head(H::Incomplete)),
            "after {len} bytes"
        );
    }
}

#[test]
fn frames_after_the_response_are_received() {
    // K8
    let bytes = [
        response("", ""),
        unmasked(0x81, b"Hello"),
        unmasked(0x02, b"par"),
        unmasked(0x80, b"tial"),
    ]
    .concat();
    let (_, _, events) = outcome_of_all_cuts(&bytes, false).unwrap();
    assert_eq!(
        events,
        [Event::Message("Hello".into()), Event::Message(b"partial"[..].to_vec().into())]
    );
}

#[test]
fn end_of_stream_after_the_response_reaches_the_connection() {
    let mut handshake = new_handshake();
    handshake.input().put_slice(&[response("", ""), unmasked(0x81, b"bye")].concat());
    handshake.end_input();
    let (mut connection, _) = handshake.receive().unwrap().unwrap();
    assert!(!connection.wants_read());
    assert_eq!(connection.receive(), Some(Event::Message("bye".into())));
    assert!(matches!(connection.receive(), Some(Event::Closed(_))));
}

#[test]
fn the_request_has_every_required_header() {
    for (uri, target, host) in [
        ("ws://example.com", "/", "example.com"), // §4.1 no. 3, no. 4
        ("ws://example.com:80/chat", "/chat", "example.com"),
        ("wss://example.com:443/chat", "/chat", "example.com"),
        ("wss://Example.com:80/a?b=c", "/a?b=c", "Example.com:80"),
        ("ws://h:443?x=1", "/?x=1", "h:443"),
        ("ws://h?x=1", "/?x=1", "h"),
        ("ws://[::1]/%20", "/%20", "[::1]"),
        ("ws://[::1]:9001", "/", "[::1]:9001"),
    ] {
        let mut handshake =
            ClientHandshake::new(&ClientRequest::new(uri).unwrap(), Config::new(), entropy());
        let sent = drain_request(&mut handshake);
        let key = sent.split_once("Key: ").unwrap().1.get(..24).unwrap();
        let expected = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        );
        assert_eq!(sent, expected);
        let again = drain_request(&mut ClientHandshake::new(
            &ClientRequest::new(uri).unwrap(),
            Config::new(),
            entropy(),
        ));
        assert_eq!(sent, again, "one seed, one request");
        let other = Entropy::from_seed([8; 32]);
        assert_ne!(
            sent,
            drain_request(&mut ClientHandshake::new(
                &ClientRequest::new(uri).unwrap(),
                Config::new(),
                other
            ))
        );
    }
    let request =
        request().header("Origin", "https://a.com").unwrap().header("Cookie", "a=1").unwrap();
    let sent = drain_request(&mut ClientHandshake::new(
        &request.header("Cookie", "b=2").unwrap(),
        Config::new(),
        entropy(),
    ));
    let added = "Sec-WebSocket-Protocol: chat, superchat\r\nOrigin: https://a.com\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n";
    assert!(sent.ends_with(added), "{sent}"); // §4.1 no. 10, no. 12
}

#[test]
fn client_and_server_open_and_exchange_messages() {
    let mut handshake = new_handshake();
    let mut server = ServerHandshake::new(Config::new());
    server.input().put(handshake.output());
    let mut server = server
        .receive()
        .unwrap()
        .unwrap()
        .accept_with(&sansocket::AcceptOptions::new().subprotocol("superchat").unwrap());
    server.send("welcome").unwrap();
    handshake.input().put_slice(&drain(&mut server));
    let (mut client, response) = handshake.receive().unwrap().unwrap();
    assert_eq!((client.subprotocol(), response.status()), (Some("superchat"), 101));
    assert_eq!(client.receive(), Some(Event::Message("welcome".into())));
    client.send("thanks").unwrap();
    assert_eq!(
        feed(&mut server, &drain(&mut client), Chunking::Bytewise),
        [Event::Message("thanks".into())]
    );
}

#[test]
#[cfg(feature = "std")]
fn every_handshake_has_a_new_nonce() {
    // K11, §4.1 no. 7
    let request = ClientRequest::new("ws://h").unwrap();
    let new = || ClientHandshake::new(&request, Config::new(), Entropy::from_os().unwrap());
    let key = |sent: String| sent.split_once("Key: ").unwrap().1.get(..24).unwrap().to_owned();
    let keys: HashSet<_> = (0..10_000).map(|_| key(drain_request(&mut new()))).collect();
    assert_eq!(keys.len(), 10_000);
    for place in 0..21 {
        let chars: HashSet<_> = keys.iter().map(|key| key.as_bytes()[place]).collect();
        assert_eq!(chars.len(), 64, "all of base64's alphabet comes at {place}");
    }
}

#[test]
fn websocket_key_of_the_request_replaces_the_random_one() {
    // §1.3: the example; the masking keys of a seed do not depend on it.
    let request = ClientRequest::new("ws://h").unwrap();
    let fixed = request.clone().websocket_key(*b"the sample nonce");
    let frames = [&request, &fixed].map(|request| {
        let mut handshake = ClientHandshake::new(request, Config::new(), entropy());
        let sent = drain_request(&mut handshake);
        let has_key = sent.contains("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        let mut server = ServerHandshake::new(Config::new());
        server.input().put_slice(sent.as_bytes());
        let mut accepted = server.receive().unwrap().unwrap().accept();
        let response = drain(&mut accepted);
        handshake.input().put_slice(&response);
        let (mut client, _) = handshake.receive().unwrap().unwrap();
        client.send("hello").unwrap();
        (has_key, drain(&mut client))
    });
    assert_eq!(frames[0].1, frames[1].1);
    assert_eq!([frames[0].0, frames[1].0], [false, true]);
}

#[test]
#[cfg(feature = "std")]
fn every_frame_has_a_new_masking_key() {
    // K12, §5.3, §10.3; CVE-2025-10148: one key for a whole connection
    let mut client = Connection::client(Config::new(), Entropy::from_os().unwrap());
    let mut keys = HashSet::new();
    for i in 0..100_000_u32 {
        match i % 3 {
            0 => client.send("").unwrap(),
            1 => client.ping("").unwrap(),
            _ => client.pong("").unwrap(),
        }
        let frame = drain(&mut client);
        assert_eq!((frame.len(), frame[1]), (6, 0x80));
        keys.insert(<[u8; 4]>::try_from(&frame[2..]).unwrap());
    }
    let collisions = 100_000 - keys.len();
    assert!(collisions < 20, "{collisions} collisions, where 1.2 are expected");
    for place in 0..4 {
        assert_eq!(keys.iter().map(|key| key[place]).collect::<HashSet<_>>().len(), 256);
    }
}

#[test]
fn the_nonce_does_not_reveal_masking_keys() {
    // An observer of the request must not learn the first keys (§10.3), and two connections have different
    // ones.
    let mut firsts = HashSet::new();
    for seed in 0..100 {
        let mut handshake =
            ClientHandshake::new(&request(), Config::new(), Entropy::from_seed([seed; 32]));
        let answer =
            RESPONSE.join("\r\n").replace("{accept}", &accept(&mut handshake)) + "\r\n\r\n";
        handshake.input().put_slice(answer.as_bytes());
        let (mut client, _) = handshake.receive().unwrap().unwrap();
        client.send("").unwrap();
        firsts.insert(drain(&mut client)[2..].to_vec());
        let mut fresh = Connection::client(Config::new(), Entropy::from_seed([seed; 32]));
        fresh.send("").unwrap();
        assert!(
            firsts.insert(drain(&mut fresh)[2..].to_vec()),
            "the key is not the nonce's beginning"
        );
    }
    assert_eq!(firsts.len(), 200);
}
