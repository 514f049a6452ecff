//! Any response of a server: no panic; the same result and events at once, byte by byte and split
//! at random. An accepted response passes a stricter parser, has the right `Sec-WebSocket-Accept`,
//! and nothing that was not offered. The body of a rejection has at most 4 KiB.
#![no_main]

use bytes::{Buf, BufMut};
use libfuzzer_sys::fuzz_target;
use sansocket::{Response, ResponseError};
use sansocket_fuzz::{ACCEPT, client_handshake, head, model};
use support::{Chunking, feed};

type Opened = (Option<String>, Response, Vec<model::Seen>);

fn ask(bytes: &[u8], chunking: Chunking) -> Result<Opened, ResponseError> {
    let mut handshake = client_handshake();
    let written = handshake.output().remaining();
    handshake.output().advance(written);
    let mut chunks = chunking.split(bytes).into_iter();
    let mut result = Ok(None);
    while let Ok(None) = result {
        let Some(chunk) = chunks.next() else { break };
        assert!(handshake.wants_read() && !handshake.wants_write());
        handshake.input().put_slice(chunk);
        result = handshake.receive();
    }
    if let Ok(None) = result {
        handshake.end_input();
        result = handshake.receive();
    }
    assert!(!handshake.wants_read() && matches!(handshake.receive(), Ok(None)), "no second result");
    let (mut connection, response) = result?.expect("a result at the end of the stream");
    let mut events = feed(&mut connection, b"", Chunking::Whole);
    chunks.for_each(|chunk| events.extend(feed(&mut connection, chunk, Chunking::Whole)));
    Ok((connection.subprotocol().map(String::from), response, model::seen(&events)))
}

/// Checks an accepted response by RFC 6455 §4.1, after interim responses; returns its end.
fn check_answer(bytes: &[u8]) -> usize {
    let bytes = &head::unfold(bytes)[..];
    let mut start = 0;
    for _ in 0..=8 {
        let skipped = if bytes[start..].starts_with(b"\r\n") { 2 } else { 0 };
        let head = head::parse(&bytes[start + skipped..]);
        start += skipped + head.len;
        if !head.start.starts_with("HTTP/1.1 101") {
            assert!(
                head.start.starts_with("HTTP/1.1 1") || head.start.starts_with("HTTP/1.0 1"),
                "{}",
                head.start
            );
            continue;
        }
        assert!(head.lists("Upgrade", "websocket") && head.lists("Connection", "Upgrade"));
        assert_eq!(head.one("Sec-WebSocket-Accept"), *ACCEPT);
        let extensions = head.all("Sec-WebSocket-Extensions");
        assert!(extensions.is_empty());
        return start;
    }
    panic!("too many answers");
}

fuzz_target!(|bytes: &[u8]| {
    let whole = ask(bytes, Chunking::Whole);
    for chunking in [Chunking::Bytewise, Chunking::Random(bytes.len() as u64)] {
        assert_eq!(ask(bytes, chunking), whole, "{chunking:?}");
    }
    match whole {
        Ok((subprotocol, response, events)) => {
            assert!(response.status() == 101 && response.body().is_empty());
            let named: Vec<_> = response.headers().get_all("Sec-WebSocket-Protocol").collect();
            assert_eq!(named, Vec::from_iter(subprotocol.as_deref().map(str::as_bytes)));
            assert!(matches!(subprotocol.as_deref(), None | Some("a" | "b")));
            let limits = model::Limits { message: 16 << 20, frame: u64::MAX, fragments: 262_144 };
            assert_eq!(events, model::receive(&bytes[check_answer(bytes)..], false, limits));
        }
        Err(ResponseError::UnexpectedStatus(response)) => {
            assert!(
                response.status() != 101
                    && response.body().len() <= 4096
                    && response.headers().len() <= 100
            );
        }
        Err(error) => assert!(
            !matches!(error, ResponseError::Deflate(_)),
            "{error}: compression was not offered"
        ),
    }
});
