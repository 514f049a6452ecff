//! Peers of other protocols: their first bytes end the handshake, not its deadline.

use bytes::{Buf, BufMut};
use sansocket::{ClientHandshake, ClientRequest, Config, ServerHandshake};
use support::{Chunking, entropy};

/// The status and the text of the answer to a client that sends this, and how much of it was
/// needed.
fn serve(bytes: &[u8], chunking: Chunking) -> Option<(u16, String, usize)> {
    let mut handshake = ServerHandshake::new(Config::new());
    let mut needed = 0;
    for chunk in chunking.split(bytes) {
        handshake.input().put_slice(chunk);
        needed += chunk.len();
        if let Err(mut rejection) = handshake.receive() {
            let (status, text) =
                (rejection.error().status().unwrap(), rejection.error().to_string());
            let line = format!("HTTP/1.1 {status} ");
            assert!(rejection.output().chunk().starts_with(line.as_bytes()), "{text}");
            return Some((status, text, needed));
        }
    }
    None
}

/// The error of a client whose server sends this, and how much of it was needed.
fn ask(bytes: &[u8], chunking: Chunking) -> Option<(String, usize)> {
    let request = ClientRequest::new("ws://example.com/").unwrap();
    let mut handshake = ClientHandshake::new(&request, Config::new(), entropy());
    let mut needed = 0;
    for chunk in chunking.split(bytes) {
        handshake.input().put_slice(chunk);
        needed += chunk.len();
        if let Err(error) = handshake.receive() {
            return Some((error.to_string(), needed));
        }
    }
    None
}

#[test]
fn bytes_that_cannot_begin_a_request_are_answered_at_once() {
    for (bytes, status, words, needed) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], 400, "TLS", 1), // ClientHello
        (b"\x15\x03\x01\x00\x02\x02\x46", 400, "TLS", 1),                      // alert
        (b"\x03\x00\x00\x13\x0e\xe0", 400, "not HTTP", 1),                     // RDP
        (b"\x00", 400, "not HTTP", 1),
        (b"\xff\xfd\x01", 400, "not HTTP", 1), // Telnet
        (b"{\"jsonrpc\": 1}", 400, "not HTTP", 1),
        (b" GET / HTTP/1.1", 400, "not HTTP", 1),
        (b"\r\n\x16", 400, "TLS", 3),
        (b"\r\x16", 400, "not HTTP", 2), // RFC 9112 §2.2: only an empty line may come first
        (b"\r\r\n", 400, "not HTTP", 2),
        (b"\r\n\rG", 400, "not HTTP", 4),
        (b"GET\0", 400, "malformed", 4), // RFC 9110 §5.6.2: not a character of a token
        (b"GET\t/ HTTP/1.1\r\n", 400, "malformed", 4),
        (b"EHLO[", 400, "malformed", 5),
        (b"\r\nGET\0", 400, "malformed", 6),
        (b"SSH-2.0-OpenSSH_10.0\r\n", 400, "malformed", 21),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version", 16),
        (b"PING\r\n", 400, "malformed", 5),
        (b"GET /a b HTTP/1.1\r\n", 400, "malformed", 19),
        (b"GET /a b HTTP/2.0\r\n", 400, "malformed", 19),
        (b"GET /a http/1.1\r\n", 400, "malformed", 17), // RFC 9112 §2.3: case-sensitive
        (b"GET /a HTTP/1.10\r\n", 400, "malformed", 18),
        (b"GET /a HTTP/1.2\r\n", 505, "version", 17),
        (b"GET /a HTTP/3.0\r\n", 505, "version", 17),
    ] {
        for chunking in [Chunking::Whole, Chunking::Bytewise, Chunking::At(1)] {
            let case = format!("{} {chunking:?}", bytes.escape_ascii());
            let answer = serve(bytes, chunking).unwrap_or_else(|| panic!("{case} waits"));
            assert_eq!(answer.0, status, "{case}");
            assert!(answer.1.contains(words), "{case}: {}", answer.1);
            assert!(
                !matches!(chunking, Chunking::Bytewise) || answer.2 == needed,
                "{case}: {}",
                answer.2
            );
        }
    }
}

#[test]
fn bytes_that_cannot_begin_a_response_fail_at_once() {
    for (bytes, words, needed) in [
        (&b"\x15\x03\x01\x00\x02\x02\x46"[..], "this looks like TLS: use wss://", 1),
        (b"\x16\x03\x03", "this looks like TLS: use wss://", 1),
        (b"SSH-2.0-OpenSSH_10.0\r\n", "not HTTP", 1),
        (b"220 mail.example ESMTP\r\n", "not HTTP", 1),
        (b"ICY 200 OK\r\n", "not HTTP", 1),
        (b"\r\x16", "not HTTP", 2),
        (b"http/1.1 101", "not HTTP", 1),
        (b"HTTX", "not HTTP", 4),
        (b"HTTP/x", "not HTTP", 6),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", "not HTTP", 1), // HTTP/2 SETTINGS
        (b"HTTP/2 200\r\n", "version", 6),
        (b"HTTP/0.9 200\r\n", "version", 6),
        (b"HTTP/1.2 101 x\r\n", "version", 16),
        (b"HTTP/1.10 101 x\r\n", "malformed", 17),
        (b"HTTP/1.1\r\n", "malformed", 10),
        (b"HTTP/1.1 1O1 x\r\n", "malformed", 16),
    ] {
        for chunking in [Chunking::Whole, Chunking::Bytewise, Chunking::At(1)] {
            let case = format!("{} {chunking:?}", bytes.escape_ascii());
            let (error, at) = ask(bytes, chunking).unwrap_or_else(|| panic!("{case} waits"));
            assert!(error.contains(words), "{case}: {error}");
            assert!(!matches!(chunking, Chunking::Bytewise) || at == needed, "{case}: {at}");
        }
    }
}

#[test]
fn bytes_that_can_begin_a_head_are_waited_for() {
    for bytes in [
        &b""[..],
        b"\r",
        b"\r\n",
        b"G",
        b"M-SEARCH",
        b"\r\nGET",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.0\r\n",
    ] {
        assert_eq!(serve(bytes, Chunking::Bytewise), None, "{}", bytes.escape_ascii());
    }
    for bytes in [&b""[..], b"\r", b"\r\n", b"H", b"HTTP/1.", b"HTTP/1.1", b"HTTP/1.0 200\r\n"] {
        assert_eq!(ask(bytes, Chunking::Bytewise), None, "{}", bytes.escape_ascii());
    }
}
