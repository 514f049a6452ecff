//! Any bytes of a client before the connection is open: no panic; the same request, response and
//! events at once, byte by byte and split at random. An accepted request passes a stricter parser.
//! A rejected one gets a complete response with `Connection: close`, or none if the stream ended
//! inside the head. A response has nothing of the client's but what it offered.
#![no_main]

use bytes::{Buf, BufMut};
use libfuzzer_sys::fuzz_target;
use sansocket::{AcceptOptions, Config, HeadError, HttpResponse, RequestError, ServerHandshake};
use sansocket_fuzz::{head, model};
use support::{Chunking, drain, feed};

/// The result of a handshake for one split of its bytes: the request, the response and the events.
fn serve(
    bytes: &[u8],
    chunking: Chunking,
) -> (Result<String, RequestError>, Vec<u8>, Vec<model::Seen>) {
    let mut handshake = ServerHandshake::new(Config::new());
    let mut chunks = chunking.split(bytes).into_iter();
    let mut result = Ok(None);
    while let Ok(None) = result {
        let Some(chunk) = chunks.next() else { break };
        assert!(handshake.wants_read());
        handshake.input().put_slice(chunk);
        result = handshake.receive();
    }
    if let Ok(None) = result {
        handshake.end_input();
        result = handshake.receive();
    }
    assert!(!handshake.wants_read() && matches!(handshake.receive(), Ok(None)), "no second result");
    match result {
        Ok(request) => {
            let request = request.expect("a result at the end of the stream");
            let extensions: Vec<_> = request
                .extensions()
                .map(|extension| (extension.name(), extension.parameters().count()))
                .collect();
            assert!(
                extensions.len() <= 32
                    && extensions.iter().all(|(_, parameters)| *parameters <= 16)
            );
            assert!(request.path().starts_with('/') && request.host().is_some());
            let same = request.origin_is_host() && request.origin_is_one_of(["https://a", "null"]);
            let seen = format!(
                "{:?} {:?} {:?} {extensions:?} {same}",
                request.path(),
                request.query(),
                request.subprotocols().collect::<Vec<_>>()
            );
            let accept = AcceptOptions::new()
                .subprotocol("b")
                .and_then(|accept| accept.subprotocol("a"))
                .expect("tokens");
            let offered = |name| request.subprotocols().any(|offered| offered == name);
            let chosen = if offered("b") { Some("b") } else { offered("a").then_some("a") };
            let mut connection = request.accept_with(&accept);
            assert_eq!(connection.subprotocol(), chosen);
            let answer = drain(&mut connection);
            let mut events = feed(&mut connection, b"", Chunking::Whole);
            chunks.for_each(|chunk| events.extend(feed(&mut connection, chunk, Chunking::Whole)));
            (Ok(seen), answer, model::seen(&events))
        }
        Err(mut rejection) => {
            let answer = rejection.output().chunk().to_vec();
            let error = *rejection.error();
            assert_eq!(rejection.wants_write(), error.status().is_some());
            assert!(
                rejection
                    .answer_with(&HttpResponse::new(403).expect("a status").body("no"))
                    .wants_write()
            );
            (Err(error), answer, Vec::new())
        }
    }
}

/// Checks an accepted request by RFC 6455 §4.2.1 and RFC 9112; returns its end.
fn check_request(bytes: &[u8]) -> usize {
    let skipped = if bytes.starts_with(b"\r\n") { 2 } else { 0 };
    let head = head::parse(&bytes[skipped..]);
    let [method, target, version] = head.start.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{}", head.start)
    };
    assert_eq!((method, version), ("GET", "HTTP/1.1"));
    assert!(!target.is_empty() && !target.contains('#') && target.is_ascii());
    assert!(head.lists("Upgrade", "websocket") && head.lists("Connection", "Upgrade"));
    assert_eq!(head.one("Sec-WebSocket-Version"), "13");
    let key = head.one("Sec-WebSocket-Key").as_bytes();
    assert!(
        key.len() == 24
            && key.ends_with(b"==")
            && key[..22].iter().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(b))
    );
    assert!(!head.one("Host").is_empty() && head.all("Transfer-Encoding").is_empty());
    assert!(matches!(head.all("Content-Length")[..], [] | [b"0"]));
    skipped + head.len
}

fuzz_target!(|bytes: &[u8]| {
    let whole = serve(bytes, Chunking::Whole);
    for chunking in [Chunking::Bytewise, Chunking::Random(bytes.len() as u64)] {
        assert!(serve(bytes, chunking) == whole, "{chunking:?}");
    }
    let (result, answer, events) = whole;
    match result {
        Ok(_) => {
            let limits = model::Limits { message: 16 << 20, frame: u64::MAX, fragments: 262_144 };
            assert_eq!(events, model::receive(&bytes[check_request(bytes)..], true, limits));
            let head = head::parse(&answer);
            assert!(head.start.starts_with("HTTP/1.1 101 ") && head.len == answer.len());
            assert!(head.fields.len() <= 4 && head.one("Sec-WebSocket-Accept").len() == 28);
        }
        Err(RequestError::Head(HeadError::Incomplete)) => assert!(answer.is_empty()),
        Err(error) => {
            let head = head::parse(&answer);
            assert!(
                head.start.starts_with(&format!("HTTP/1.1 {} ", error.status().expect("a status")))
            );
            assert!(head.lists("Connection", "close"));
            let body = answer.len() - head.len;
            let to_head = bytes.starts_with(b"HEAD ") || bytes.starts_with(b"\r\nHEAD ");
            assert!(to_head && body == 0 || head.one("Content-Length") == body.to_string());
        }
    }
});
