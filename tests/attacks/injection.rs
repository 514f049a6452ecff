//! Line ends in strings of the application: no string can add a line to a head, or end it.
//!
//! Every byte, at the beginning, inside and at the end of every string that is written to a head:
//! the result is an `Err`, or a head with the expected number of lines and the expected value.

use bytes::{Buf, BufMut};
use sansocket::{
    AcceptOptions, ClientHandshake, ClientRequest, Config, HttpResponse, Request, ServerHandshake,
};

use support::{drain, entropy};

/// Strings with every byte at every position, and strings of known attacks.
fn hostile_strings() -> Vec<Vec<u8>> {
    let mut texts: Vec<Vec<u8>> = (0..=255)
        .flat_map(|byte| [vec![byte, b'v'], vec![b'v', byte, b'v'], vec![b'v', byte]])
        .collect();
    for attack in [
        "v\r\nX-Evil: 1",
        "v\r\n\r\nGET /evil HTTP/1.1",
        "v\nX-Evil: 1",
        "v\rX-Evil: 1",
        "\r\n v",
        "v\u{2028}X",
        "v\u{560a}X",
        "",
    ] {
        texts.push(attack.into());
    }
    texts
}

/// The lines of a head; asserts that it is complete, and that no line contains CR, LF or NUL.
fn lines(head: &[u8]) -> Vec<&[u8]> {
    let head = head.strip_suffix(b"\r\n\r\n").unwrap_or_else(|| panic!("{}", head.escape_ascii()));
    let mut lines = vec![];
    let mut rest = head;
    while let Some(end) = rest.windows(2).position(|end| end == b"\r\n") {
        lines.push(&rest[..end]);
        rest = &rest[end + 2..];
    }
    lines.push(rest);
    for line in &lines {
        assert!(
            !line.is_empty() && !line.iter().any(|byte| b"\r\n\0".contains(byte)),
            "{}",
            head.escape_ascii()
        );
    }
    lines
}

fn accepted() -> Request {
    let mut handshake = ServerHandshake::new(Config::new());
    handshake.input().put_slice(
        b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: v\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    handshake.receive().unwrap().unwrap()
}

fn requested(request: &ClientRequest) -> Vec<u8> {
    let mut handshake = ClientHandshake::new(request, Config::new(), entropy());
    let output = handshake.output();
    output.copy_to_bytes(output.remaining()).to_vec()
}

/// The line of a header field.
fn field(name: &str, value: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b": ", value].concat()
}

#[test]
fn cve_2026_47072_header_value_cannot_inject_a_line() {
    let ask = || ClientRequest::new("ws://h/").unwrap();
    let (plain, answer) = (requested(&ask()), drain(&mut accepted().accept()));
    let refusal = accepted().reject(&HttpResponse::new(403).unwrap()).output().chunk().to_vec();
    let mut accepted_count = 0;
    for text in hostile_strings() {
        if let Ok(request) = ask().header("X", &text) {
            let head = requested(&request);
            assert_eq!(lines(&head).len(), lines(&plain).len() + 1);
            assert!(lines(&head).contains(&&field("X", &text)[..]), "{}", text.escape_ascii());
            accepted_count += 1;
        }
        if let Ok(accept) = AcceptOptions::new().header("X", &text) {
            let head = drain(&mut accepted().accept_with(&accept));
            assert_eq!(lines(&head).len(), lines(&answer).len() + 1);
            assert!(lines(&head).contains(&&field("X", &text)[..]), "{}", text.escape_ascii());
        }
        if let Ok(reply) = HttpResponse::new(403).unwrap().header("X", &text) {
            let mut rejection = accepted().reject(&reply);
            let head = rejection.output().chunk().to_vec();
            assert_eq!(lines(&head).len(), lines(&refusal).len() + 1);
            assert!(lines(&head).contains(&&field("X", &text)[..]), "{}", text.escape_ascii());
        }
    }
    // Printable ASCII, tab and bytes above ASCII, in three positions; two attacks without line
    // ends; the empty string.
    assert_eq!(accepted_count, 3 * (95 + 1 + 128) + 3);
}

#[test]
fn cve_2026_1527_header_name_must_be_a_token() {
    let ask = || ClientRequest::new("ws://h/").unwrap();
    let mut accepted_count = 0;
    for text in hostile_strings() {
        let Ok(name) = std::str::from_utf8(&text) else { continue };
        let is_token = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        let results = [
            ask().header(name, "v").map(|request| requested(&request)).ok(),
            AcceptOptions::new()
                .header(name, "v")
                .map(|accept| drain(&mut accepted().accept_with(&accept)))
                .ok(),
            HttpResponse::new(403)
                .unwrap()
                .header(name, "v")
                .map(|reply| accepted().reject(&reply).output().chunk().to_vec())
                .ok(),
        ];
        for head in results {
            assert_eq!(head.is_some(), is_token, "{name:?}");
            if let Some(head) = head {
                assert!(lines(&head).contains(&&field(name, b"v")[..]), "{name:?}");
                accepted_count += 1;
            }
        }
    }
    assert_eq!(accepted_count, 3 * 3 * 77);
}

/// CVE-2026-1527 again, and RUSTSEC-2024-0008: subprotocols come from configuration, or from the
/// peer's own offer.
#[test]
fn rustsec_2024_0008_subprotocol_cannot_inject_a_line() {
    let ask = || ClientRequest::new("ws://h/").unwrap();
    for text in hostile_strings() {
        let Ok(name) = std::str::from_utf8(&text) else { continue };
        if let Ok(request) = ask().subprotocol(name) {
            let head = requested(&request);
            assert!(
                lines(&head).contains(&&field("Sec-WebSocket-Protocol", name.as_bytes())[..]),
                "{name:?}"
            );
            assert_eq!(lines(&head).len(), lines(&requested(&ask())).len() + 1);
        }
        if let Ok(accept) = AcceptOptions::new().subprotocol(name) {
            let head = drain(&mut accepted().accept_with(&accept));
            assert_eq!(lines(&head).len(), 4 + usize::from(name == "v"), "{name:?}");
        }
    }
}

/// The host of the URI is in one line, its path and query in another.
#[test]
fn hackney_and_grpc_uri_cannot_inject_a_line() {
    let plain = requested(&ClientRequest::new("ws://v/").unwrap());
    for text in hostile_strings() {
        let Ok(text) = std::str::from_utf8(&text) else { continue };
        for uri in [
            format!("ws://{text}/"),
            format!("ws://v/{text}"),
            format!("ws://v/?{text}"),
            format!("ws://v:80{text}"),
            text.into(),
        ] {
            let Ok(request) = ClientRequest::new(&uri) else { continue };
            let head = requested(&request);
            // The user name of the URI is one more, in base64.
            let authority = uri.split_once("://").map_or("", |(_, rest)| rest);
            let authority = authority.split(['/', '?']).next().unwrap_or_default();
            let credentials = usize::from(authority.contains('@'));
            assert_eq!(lines(&head).len(), lines(&plain).len() + credentials, "{uri:?}");
            let start: Vec<&[u8]> = lines(&head)[0].split(|byte| *byte == b' ').collect();
            assert_eq!(
                (start.len(), start[0], start[2]),
                (3, &b"GET"[..], &b"HTTP/1.1"[..]),
                "{uri:?}"
            );
            assert_eq!(start[1], request.uri().resource_name().as_bytes());
            assert!(start[1].starts_with(b"/") && start[1].is_ascii(), "{uri:?}");
        }
    }
}

/// A body may contain any bytes.
#[test]
fn rustsec_2021_0078_content_length_is_the_length_of_the_body() {
    for text in hostile_strings() {
        let mut rejection = accepted().reject(&HttpResponse::new(403).unwrap().body(text.clone()));
        let output = rejection.output().chunk().to_vec();
        let (head, body) = output.split_at(output.len() - text.len());
        assert!(
            lines(head).contains(&&field("Content-Length", text.len().to_string().as_bytes())[..])
        );
        assert_eq!(body, text);
    }
}
