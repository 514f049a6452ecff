//! Oversized and malformed heads: RFC 6455 §4.1, §4.2.1, RFC 9112.

use bytes::{Buf, BufMut};
use sansocket::{
    ClientHandshake, ClientRequest, Config, HeadError as H, RequestError as E, ServerHandshake,
};

use support::allocator::cost;
use support::entropy;

/// The result of a server that receives bytes one by one, with its response to a rejected request;
/// `None` if it needs more.
fn serve(bytes: impl IntoIterator<Item = u8>) -> Option<(Result<(), E>, Vec<u8>)> {
    let mut handshake = ServerHandshake::new(Config::new());
    for byte in bytes {
        handshake.input().put_u8(byte);
        match handshake.receive() {
            Ok(None) => {}
            Ok(Some(_)) => return Some((Ok(()), Vec::new())),
            Err(mut rejection) => {
                let answer = rejection.output().chunk().to_vec();
                return Some((Err(*rejection.error()), answer));
            }
        }
    }
    None
}

fn request(lines: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{lines}\r\n"
    )
}

/// Too many fields crashed a server. Here it responds with 431, wherever the handshake's fields
/// are.
#[test]
fn cve_2024_37890_more_than_100_header_fields_are_431() {
    for many in [101, 2000, 20_000] {
        let noise = "x: y\r\n".repeat(many);
        let behind = request(&noise);
        let before = behind.replacen("Host", &format!("{noise}Host"), 1);
        for bytes in [behind, before] {
            let (result, answer) = serve(bytes.bytes()).unwrap();
            assert!(
                matches!(result, Err(E::Head(H::TooManyFields { limit: 100 }))),
                "{many}: {result:?}"
            );
            assert!(
                answer.starts_with(b"HTTP/1.1 431 ") && answer.ends_with(b"\n"),
                "{}",
                answer.escape_ascii()
            );
        }
    }
}

/// An allowed head, one above the limit, and a very large one, received byte by byte.
#[test]
fn cve_2026_54465_request_head_of_any_size_takes_bounded_memory() {
    let line = format!("X: {}\r\n", "x".repeat(7990));
    for lines in [line.repeat(2), line.repeat(3), line.repeat(2000)] {
        let bytes = request(&lines);
        let (result, cost) = cost(|| serve(bytes.bytes()));
        assert!(result.is_some() && cost.peak < 64 * 1024, "{}", cost.peak);
        assert!(cost.held < 1024, "{}", cost.held);
    }
}

/// The client of CVE-2026-47073 buffered heads, bodies and interim responses without a limit.
#[test]
fn cve_2026_47073_endless_response_takes_bounded_memory() {
    let client_request = ClientRequest::new("ws://h/").unwrap();
    let line = format!("X: {}\r\n", "x".repeat(7990));
    let interim = format!("HTTP/1.1 103 Early Hints\r\n{line}\r\n");
    for bytes in [
        format!("HTTP/1.1 101 Switching Protocols\r\n{}", line.repeat(1000)),
        format!("HTTP/1.1 200 OK\r\n\r\n{}", line.repeat(1000)),
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n{}",
            line.repeat(1000)
        ),
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 184467440737095516150\r\n\r\n{}",
            line.repeat(1000)
        ),
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}",
            line.repeat(1000)
        ),
        interim.repeat(1000),
    ] {
        let mut handshake = ClientHandshake::new(&client_request, Config::new(), entropy());
        let (error, cost) = cost(|| {
            bytes.as_bytes().chunks(1000).find_map(|chunk| {
                handshake.input().put_slice(chunk);
                handshake.receive().err()
            })
        });
        assert!(error.is_some() && cost.peak < 64 * 1024, "{}", cost.peak);
        assert!(!handshake.wants_read());
        // Bytes after the error are discarded, too.
        let (_, after) = support::allocator::cost(|| {
            for _ in 0..1000 {
                handshake.input().put_slice(line.as_bytes());
                assert!(handshake.receive().unwrap().is_none());
            }
        });
        assert!(after.peak < 64 * 1024, "{}", after.peak);
    }
}

/// The keys of an old draft, which announce a body of eight bytes: CVE-2026-54463,
/// CVE-2026-54466. Drafts are not supported.
#[test]
fn cve_2026_54463_and_cve_2026_54466_hixie_drafts_are_426_without_a_body() {
    let hixie = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nOrigin: http://h\r\n\
        Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\r\n";
    for head in [hixie.into(), hixie.replacen("Host", "Sec-WebSocket-Draft: 2\r\nHost", 1)] {
        let head: String = head;
        let (result, answer) = serve(head.bytes()).unwrap();
        assert_eq!(result, Err(E::WebSocketVersion), "the server does not wait for a body");
        assert!(answer.starts_with(b"HTTP/1.1 426 "));
    }
    // A draft's frame with an endless length is a continuation without a message.
    let mut server = support::connection(sansocket::Role::Server, Config::new());
    super::take(&mut server, &[&[0x80, 0x80][..], &[0x80; 1000]].concat());
    assert_eq!(super::violation(&server), Some(sansocket::ProtocolError::UnexpectedContinuation));
}

/// Only white space in every field that is parsed. The bug: a length underflowed after trimming.
#[test]
fn websocketpp_456_header_value_of_white_space_is_empty() {
    for (field, expected) in [
        ("Host: h", Err(E::Host)),
        ("Upgrade: websocket", Err(E::NotWebSocket)),
        ("Connection: Upgrade", Err(E::NotUpgraded)),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", Err(E::Key)),
        ("Sec-WebSocket-Version: 13", Err(E::WebSocketVersion)),
        ("X: y", Ok(())),
        ("Sec-WebSocket-Protocol: a", Err(E::MalformedSubprotocols)),
        ("Sec-WebSocket-Extensions: a", Err(E::MalformedExtensions)),
        ("Origin: a", Ok(())),
    ] {
        for space in ["", " ", "\t", " \t \t", &" ".repeat(4000)] {
            let name = field.split(':').next().unwrap();
            let whole = request(
                "X: y\r\nSec-WebSocket-Protocol: a\r\nSec-WebSocket-Extensions: a\r\nOrigin: a\r\n",
            );
            let bytes = whole.replacen(field, &format!("{name}:{space}"), 1);
            assert_eq!(serve(bytes.bytes()).unwrap().0, expected, "{field} {space:?}");
        }
    }
}

/// Names of JavaScript properties: a parameter `constructor` was looked up in an object, which
/// inherits that property.
#[test]
fn ghsa_5v72_javascript_property_names_are_ordinary_tokens() {
    for word in [
        "constructor",
        "__proto__",
        "toString",
        "hasOwnProperty",
        "prototype",
        "null",
        "undefined",
        "NaN",
    ] {
        let lines = format!(
            "Sec-WebSocket-Extensions: {word}; {word}={word}, {word}\r\nSec-WebSocket-Protocol: {word}\r\n{word}: {word}\r\n"
        );
        assert_eq!(serve(request(&lines).bytes()).unwrap().0, Ok(()), "{word}");
    }
}
