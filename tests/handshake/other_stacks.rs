//! The opening handshake of a server whose requests another HTTP server receives: RFC 6455 §4.2.

use sansocket::{AcceptOptions, Config, Event, HttpResponse, Request, RequestError, accept_key};
use support::{Chunking, drain, feed, masked};

const FIELDS: [(&str, &str); 6] = [
    ("host", "example.com"),
    ("upgrade", "websocket"),
    ("connection", "keep-alive, Upgrade"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-websocket-version", "13"),
    ("sec-websocket-protocol", "chat, superchat"),
];

fn request(
    method: &str,
    target: &str,
    changed: (&str, &str),
) -> Result<Request, (RequestError, Option<u16>)> {
    let added = FIELDS.iter().all(|(name, _)| *name != changed.0).then_some(changed);
    let fields = FIELDS.into_iter().chain(added);
    let fields = fields.map(|field| if field.0 == changed.0 { changed } else { field });
    let result = Request::from_parts(Config::new(), method, target, fields);
    result.map_err(|rejection| (*rejection.error(), rejection.status()))
}

#[test]
fn parts_of_a_request_are_accepted_as_a_response() {
    let request = request("GET", "/chat?a=1", ("x", "y")).unwrap();
    assert_eq!((request.path(), request.query()), ("/chat", Some("a=1")));
    assert_eq!(request.headers().get("X"), Some("y"));
    let options = AcceptOptions::new().subprotocol("superchat").unwrap();
    let options = options.header("Set-Cookie", "a=1").unwrap();
    let (mut connection, response) = request.accept_as_response(&options);
    let fields: Vec<_> = response.headers().iter().collect();
    let expected: [(&str, &[u8]); 5] = [
        ("Upgrade", b"websocket"),
        ("Connection", b"Upgrade"),
        ("Sec-WebSocket-Accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("Sec-WebSocket-Protocol", b"superchat"),
        ("Set-Cookie", b"a=1"),
    ];
    assert_eq!((response.status(), fields), (101, expected.to_vec()));
    assert_eq!((connection.wants_write(), connection.subprotocol()), (false, Some("superchat")));
    let events = feed(&mut connection, &masked(0x81, b"Hello"), Chunking::Whole);
    assert_eq!(events, [Event::Message("Hello".into())]);
    connection.send("first").unwrap();
    assert_eq!(drain(&mut connection), b"\x81\x05first");
}

#[test]
fn parts_of_a_request_are_checked_like_a_head() {
    use RequestError as E;
    let malformed = E::Head(sansocket::HeadError::Malformed);
    for (method, target, changed, error) in [
        ("POST", "/", ("x", "y"), E::Method),
        ("GET", "chat", ("x", "y"), E::Target),
        ("GET", "/", ("upgrade", "h2c"), E::NotWebSocket),
        ("GET", "/", ("sec-websocket-version", "8"), E::WebSocketVersion),
        ("GET", "/", ("sec-websocket-key", "x"), E::Key),
        ("GET", "/", ("sec-websocket-protocol", ""), E::MalformedSubprotocols),
        // Nothing can add a line.
        ("GET", "/", ("x", "y\r\nz: a"), malformed),
        ("GET", "/", ("x: y\r\nz", "a"), malformed),
        ("GET", "/ HTTP/1.1\r\nx: y\r\nz:", ("x", "y"), malformed),
        ("GET / HTTP/1.1\r\nx: y\r\nz:", "/", ("x", "y"), malformed),
        ("", "/", ("x", "y"), malformed),
    ] {
        let refused = request(method, target, changed).unwrap_err();
        assert_eq!(refused, (error, error.status()), "{method:?} {target:?} {changed:?}");
    }
}

#[test]
fn rejection_has_the_status_that_it_sends() {
    let rejection =
        request("GET", "/", ("x", "y")).unwrap().reject(&HttpResponse::new(403).unwrap());
    assert_eq!(rejection.status(), Some(403));
    let rejection = rejection.answer_with(&HttpResponse::new(404).unwrap());
    assert_eq!((rejection.status(), rejection.error().status()), (Some(404), Some(403)));
}

#[test]
fn accept_key_answers_valid_keys_only() {
    assert_eq!(
        accept_key("dGhlIHNhbXBsZSBub25jZQ==").as_deref(), // §1.3
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
    for key in
        ["", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ==\r\n", "AAAAAAAAAAAAAAAAAAAAAAAA"]
    {
        assert_eq!(accept_key(key), None, "{key:?}");
    }
}
