//! Responses other than 101, as a client reports them: RFC 9110 §15, RFC 9112 §5.2, §6.3, §7.1.

use std::iter;

use bytes::BufMut;
use sansocket::{
    AcceptOptions, ClientHandshake, ClientRequest, Config, HeadError, Response, ResponseError,
    ServerHandshake,
};
use support::{Chunking, drain, entropy};

/// The handshake after these bytes, and its result; at the end of the stream if it needs more.
fn answered(
    bytes: &[u8],
    chunking: Chunking,
    ends: bool,
) -> (ClientHandshake, Result<(), ResponseError>) {
    let request = ClientRequest::new("ws://example.com/").unwrap();
    let mut handshake = ClientHandshake::new(&request, Config::new(), entropy());
    for chunk in chunking.split(bytes) {
        handshake.input().put_slice(chunk);
        match handshake.receive() {
            Ok(None) => {}
            Ok(Some(_)) => return (handshake, Ok(())),
            Err(error) => return (handshake, Err(error)),
        }
    }
    assert!(ends, "the handshake needs more: {}", bytes.escape_ascii());
    handshake.end_input();
    let result = handshake.receive().map(drop);
    (handshake, result)
}

/// The response, the same for every split of the bytes.
fn refusal(bytes: &[u8], ends: bool) -> Response {
    let refusal = |chunking| match answered(bytes, chunking, ends).1 {
        Err(ResponseError::UnexpectedStatus(response)) => *response,
        other => panic!("{other:?}: {} {chunking:?}", bytes.escape_ascii()),
    };
    let whole = refusal(Chunking::Whole);
    for chunking in iter::once(Chunking::Bytewise).chain((0..bytes.len()).map(Chunking::At)) {
        assert_eq!(refusal(chunking), whole, "{} {chunking:?}", bytes.escape_ascii());
    }
    whole
}

#[test]
fn chunked_body_is_decoded() {
    // RFC 9112 §7.1
    for (chunked, body) in [
        ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("9\r\na\r\n0\r\n\r\nb\r\n0\r\n\r\n", "a\r\n0\r\n\r\nb"), // an end inside a chunk
        ("1\r\na\r\n01\r\nb\r\n0\r\n\r\n", "ab"),
        ("A;name=value\r\n0123456789\r\n0;x\r\n\r\n", "0123456789"),
        ("a \r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("1\r\na\r\n0\r\nExpires: never\r\nX: y\r\n\r\n", "a"), // a trailer section
        ("0\r\n\r\n", ""),
    ] {
        for coding in ["chunked", "Chunked", "gzip, chunked", "gzip\r\nTransfer-Encoding: chunked"]
        {
            let head = format!("HTTP/1.1 503 \r\nTransfer-Encoding: {coding}\r\n\r\n");
            let response = refusal((head + chunked).as_bytes(), false);
            assert_eq!(response.body().escape_ascii().to_string(), escaped(body), "{chunked:?}");
        }
    }
}

fn escaped(text: &str) -> String {
    text.as_bytes().escape_ascii().to_string()
}

/// What was decoded before the fault is kept, and nothing is waited for.
#[test]
fn malformed_chunk_ends_the_body() {
    for (chunked, body) in [
        ("x\r\n", ""),
        ("\r\n", ""),
        ("-1\r\n", ""),
        ("0x1\r\n", ""),
        ("5\nhello", ""),
        ("11111111111111111\r\n", ""),
        ("1\r\nab", "a"),
        ("1\r\na\n0\r\n\r\n", "a"),
        ("1\r\na\r\ng\r\n", "a"),
    ] {
        let head = "HTTP/1.1 503 \r\nTransfer-Encoding: chunked\r\n\r\n";
        let response = refusal((head.to_owned() + chunked).as_bytes(), false);
        assert_eq!((response.status(), &response.body()[..]), (503, body.as_bytes()));
    }
}

#[test]
fn body_with_another_last_transfer_coding_ends_with_the_stream() {
    // RFC 9112 §6.3 no. 4
    for coding in ["gzip", "chunked, gzip", ""] {
        let bytes = format!("HTTP/1.1 503 \r\nTransfer-Encoding: {coding}\r\n\r\n0\r\n\r\n");
        assert_eq!(refusal(bytes.as_bytes(), true).body(), "0\r\n\r\n", "{coding}");
    }
}

#[test]
fn folded_field_is_one_line() {
    // RFC 9112 §5.2: "MUST replace each received obs-fold with one or more SP octets"
    for (fields, name, value) in [
        ("X-Policy: a;\r\n b\r\n", "X-Policy", "a; b"),
        ("X-Policy: a; \r\n\t  b\r\n \t\r\n  c\r\n", "X-Policy", "a; b c"),
        ("X-Policy:\r\n a\r\n", "X-Policy", "a"),
        ("A: b\r\n c\r\nX-Policy: a\r\nD:\r\n\te\r\n", "X-Policy", "a"),
    ] {
        let bytes = format!("HTTP/1.1 403 No\r\n{fields}Content-Length: 0\r\n\r\n");
        let response = refusal(bytes.as_bytes(), false);
        assert_eq!(response.headers().get(name), Some(value), "{fields:?}");
        assert_eq!(response.headers().get("Content-Length"), Some("0"), "{fields:?}");
    }
    // RFC 9112 §2.2: white space before the first field is not a fold of the status line.
    // Nor does a fold hide a bare line end (§2.2), or an empty line.
    for bytes in [
        "HTTP/1.1 403 No\r\n X: y\r\n\r\n",
        "\r\nHTTP/1.1 403 No\r\n\tX: y\r\n\r\n",
        "HTTP/1.1 403 No\n\r\n X: y\r\n\r\n",
        "HTTP/1.1 403 No\r\nX: y\n a\r\n\r\n",
        "HTTP/1.1 403 No\r\nX: y\n\r\n a\r\n\r\n",
        "HTTP/1.1 403 No\r\nX: y\r\n a\n b\r\n\r\n",
    ] {
        for chunking in [Chunking::Whole, Chunking::Bytewise] {
            let (_, result) = answered(bytes.as_bytes(), chunking, false);
            assert_eq!(result, Err(ResponseError::Head(HeadError::Malformed)), "{bytes:?}");
        }
    }
}

#[test]
fn status_outside_100_to_599_is_reported_at_once() {
    // RFC 9110 §15: "a client SHOULD process the response as if it had a 5xx"
    for status in ["000", "099", "600", "999"] {
        let bytes = format!("HTTP/1.1 {status} Odd\r\nContent-Length: 5\r\nX: y\r\n\r\n");
        let response = refusal(bytes.as_bytes(), false);
        assert_eq!(
            response.status().to_string(),
            status.trim_start_matches('0').to_owned() + if status == "000" { "0" } else { "" }
        );
        assert_eq!((response.headers().get("X"), response.body().len()), (Some("y"), 0));
    }
}

/// The rest of the stream is the application's: the next response, if the body is complete.
#[test]
fn refusal_leaves_the_bytes_after_its_body() {
    let long = "x".repeat(4097);
    for (bytes, ends, complete, rest) in [
        ("HTTP/1.1 401 \r\nContent-Length: 2\r\n\r\nnoHTTP/1.1", false, true, "HTTP/1.1"),
        ("HTTP/1.1 401 \r\nContent-Length: 0\r\n\r\n", false, true, ""),
        ("HTTP/1.1 304 \r\n\r\nHTTP/1.1", false, true, "HTTP/1.1"),
        (
            "HTTP/1.1 401 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\nX: y\r\n\r\nrest",
            false,
            true,
            "rest",
        ),
        ("HTTP/1.1 401 \r\n\r\nall", true, true, ""),
        ("HTTP/1.1 401 \r\nContent-Length: 9\r\n\r\nsome", true, false, ""),
        ("HTTP/1.1 401 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n", true, false, ""),
        (&format!("HTTP/1.1 401 \r\nContent-Length: 4097\r\n\r\n{long}"), false, false, "x"),
        (&format!("HTTP/1.1 401 \r\n\r\n{long}"), false, false, "x"),
        ("HTTP/1.1 401 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nnoX", false, false, "X"),
        ("HTTP/1.1 600 \r\nContent-Length: 2\r\n\r\nno", false, false, "no"),
    ] {
        let (handshake, result) = answered(bytes.as_bytes(), Chunking::Whole, ends);
        let Err(ResponseError::UnexpectedStatus(response)) = result else { panic!("{bytes}") };
        assert_eq!(response.is_complete(), complete, "{bytes}");
        assert_eq!(handshake.into_rest(), rest, "{bytes}");
    }
}

#[test]
fn head_of_a_refusal_is_there_before_its_body() {
    let request = ClientRequest::new("ws://example.com/").unwrap();
    let mut handshake = ClientHandshake::new(&request, Config::new(), entropy());
    let head = "HTTP/1.1 503 Busy\r\nRetry-After: 9\r\nContent-Length: 9\r\n\r\n";
    for byte in head.as_bytes() {
        assert_eq!(handshake.refusal(), None);
        handshake.input().put_slice(&[*byte]);
        assert!(handshake.receive().unwrap().is_none());
    }
    let refusal = handshake.refusal().expect("the head is there");
    assert_eq!((refusal.status(), refusal.reason()), (503, "Busy"));
    assert_eq!(refusal.headers().get("Retry-After"), Some("9"));
    handshake.input().put_slice(b"later\n");
    assert!(handshake.receive().unwrap().is_none(), "the body is waited for");
    handshake.skip_body();
    let Err(ResponseError::UnexpectedStatus(response)) = handshake.receive() else { panic!() };
    assert_eq!((&response.body()[..], response.is_complete()), (&b"later\n"[..], false));
    assert_eq!(handshake.refusal(), None);
}

/// Nor does it end a handshake that is not refused.
#[test]
fn skip_body_loses_no_body_that_is_complete() {
    for bytes in [
        "HTTP/1.1 401 \r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.1 401 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
    ] {
        let request = ClientRequest::new("ws://example.com/").unwrap();
        let mut handshake = ClientHandshake::new(&request, Config::new(), entropy());
        handshake.skip_body();
        handshake.input().put_slice(bytes.as_bytes());
        let Err(ResponseError::UnexpectedStatus(response)) = handshake.receive() else { panic!() };
        assert_eq!((&response.body()[..], response.is_complete()), (&b"no"[..], true));
    }
}

#[test]
fn framing_of_chunks_is_bounded() {
    let head = "HTTP/1.1 503 \r\nTransfer-Encoding: chunked\r\n\r\n";
    for (endless, kept) in [
        (format!("{head}1;{}", "x".repeat(20_000)), 0),
        (format!("{head}0\r\n{}", "x".repeat(20_000)), 0),
        (format!("{head}0\r\n{}", "X: y\r\n".repeat(20_000)), 0),
        (head.to_owned() + &"1\r\na\r\n".repeat(20_000), 2_731),
        // A line that is too long, although it ends.
        (format!("{head}1;{}\r\na\r\n0\r\n\r\n", "x".repeat(1_021)), 0),
        (format!("{head}1\r\na\r\n0\r\nX: {}\r\n\r\n", "x".repeat(1_020)), 1),
        (head.to_owned() + "ff\r\n" + &"a".repeat(20_000), 255),
        (head.to_owned() + "ffff\r\n" + &"a".repeat(20_000), 4_096),
    ] {
        let results = [Chunking::Whole, Chunking::Bytewise, Chunking::Random(1)].map(|chunking| {
            match answered(endless.as_bytes(), chunking, false).1 {
                Err(ResponseError::UnexpectedStatus(response)) => response,
                other => panic!("{other:?}"),
            }
        });
        assert_eq!((results[0].body().len(), results[0].is_complete()), (kept, false));
        assert!(results.iter().all(|result| *result == results[0]));
    }
}

#[test]
fn response_has_its_reason_phrase() {
    for (line, reason) in [
        ("HTTP/1.1 404 Not Found", "Not Found"),
        ("HTTP/1.0 404 a  b ", "a  b"),
        ("HTTP/1.1 404 ", ""),
        ("HTTP/1.1 404", ""),
        ("\r\nHTTP/1.1 404 x", "x"),
    ] {
        let bytes = format!("{line}\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(refusal(bytes.as_bytes(), false).reason(), reason, "{line:?}");
    }
}

#[test]
fn text_of_a_refusal_has_what_its_reader_needs() {
    for (bytes, text) in [
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "the server answered 403 Forbidden instead of 101"),
        (
            "HTTP/1.1 403 \r\n\r\nno entry\r\nnot for you",
            "the server answered 403 instead of 101: no entry",
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\n\r\n\r\n  <html><head>",
            "the server answered 502 Bad Gateway instead of 101",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: https://a/b\r\nContent-Length: 0\r\n\r\n",
            "the server answered 302 Found instead of 101; Location: https://a/b",
        ),
        (
            "HTTP/1.1 302 \r\nLocation: https://u:secret@a/b?key=secret#x\r\n\r\n",
            "the server answered 302 instead of 101; Location: https://a/b",
        ),
        (
            "HTTP/1.1 302 \r\nLocation: /b@c?key=secret\r\n\r\n",
            "the server answered 302 instead of 101; Location: /b@c",
        ),
        (
            "HTTP/1.1 401 \r\nWWW-Authenticate: Bearer realm=\"x\"\r\nSet-Cookie: a=b\r\n\r\nlog in\n",
            "the server answered 401 instead of 101; WWW-Authenticate: Bearer realm=\"x\": log in",
        ),
        (
            "HTTP/1.1 400 \r\nLocation: /\r\n\r\n\x1b[31mred",
            "the server answered 400 instead of 101",
        ),
        ("HTTP/1.1 400 \r\n\r\na\tb\x1b[0m", "the server answered 400 instead of 101: a"),
    ] {
        let (_, result) = answered(bytes.as_bytes(), Chunking::Whole, true);
        assert_eq!(result.unwrap_err().to_string(), text);
    }
    let long = format!("HTTP/1.1 500 \r\n\r\n{}", "ä".repeat(1000));
    let text = answered(long.as_bytes(), Chunking::Whole, true).1.unwrap_err().to_string();
    assert!(text.ends_with(&format!(": {}…", "ä".repeat(200))), "{text}");
}

#[test]
fn required_subprotocol_that_the_server_does_not_choose_is_an_error() {
    let request = || ClientRequest::new("ws://a/").unwrap();
    let offered = || request().subprotocol("a").unwrap().subprotocol("b").unwrap();
    for (request, chosen, expected) in [
        (offered(), None, Ok(None)),
        (offered().require_subprotocol(), None, Err(ResponseError::NoSubprotocol)),
        (offered().require_subprotocol(), Some("b"), Ok(Some("b"))),
        // The server supports another one only.
        (offered().require_subprotocol(), Some("c"), Err(ResponseError::NoSubprotocol)),
        (request().require_subprotocol(), None, Ok(None)), // none was offered
    ] {
        let mut client = ClientHandshake::new(&request, Config::new(), entropy());
        let mut server = ServerHandshake::new(Config::new());
        server.input().put(client.output());
        let accept = chosen
            .into_iter()
            .fold(AcceptOptions::new(), |accept, name| accept.subprotocol(name).unwrap());
        let mut server = server.receive().unwrap().unwrap().accept_with(&accept);
        client.input().put_slice(&drain(&mut server));
        let opened = client.receive().map(|opened| opened.unwrap().0);
        match (opened, expected) {
            (Ok(connection), Ok(expected)) => assert_eq!(connection.subprotocol(), expected),
            (opened, expected) => assert_eq!(opened.map(drop), expected.map(drop), "{chosen:?}"),
        }
    }
}
