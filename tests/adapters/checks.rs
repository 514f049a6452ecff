//! `accept_if` accepts or rejects a request as its check says, the same in every adapter.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::Shutdown;

use sansocket::blocking::Stream as _;
use sansocket::testing::ManualClock;
use sansocket::{
    AcceptOptions, Error, HandshakeError, HttpResponse, RequestError, RequestHead, blocking,
    futures, tokio,
};
use support::adapters::{on_paused_tokio, ready};
use support::{Chunking, stream_pair};

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Protocol: v1, v2\r\n\r\n";

/// Accepts `/chat` only.
fn check(request: &RequestHead) -> Result<AcceptOptions, HttpResponse> {
    if request.path() == "/chat" {
        Ok(AcceptOptions::new().subprotocol("v2").unwrap().header("X-Node", "7").unwrap())
    } else {
        Err(HttpResponse::new(404).unwrap().body("no such room\n"))
    }
}

/// The subprotocol of the connection or the error, the response, and whether `check` was called.
fn open_in_every_adapter(request: &str) -> [(Result<Option<String>, Error>, String, bool); 3] {
    let open = |adapter: usize| {
        let (mut peer, end) = stream_pair(Chunking::Whole);
        peer.write_all(request.as_bytes()).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        let called = Cell::new(false);
        let check = |request: &RequestHead| {
            called.set(true);
            check(request)
        };
        let opened = match adapter {
            0 => blocking::Options::new()
                .accept_if(end, check)
                .map(|socket| socket.subprotocol().map(String::from)),
            1 => {
                let mut opened = None;
                on_paused_tokio(|| {
                    let socket = ready(tokio::Options::new().accept_if(end, check));
                    opened = Some(socket.map(|socket| socket.subprotocol().map(String::from)));
                });
                opened.unwrap()
            }
            _ => ready(futures::Options::new().accept_if(end, ManualClock::new(), check))
                .map(|socket| socket.subprotocol().map(String::from)),
        };
        let mut written = String::new();
        peer.read_to_string(&mut written).unwrap();
        (opened, written, called.get())
    };
    [open(0), open(1), open(2)]
}

#[test]
fn accepted_request_gets_the_subprotocol_and_the_fields_of_the_check() {
    for (opened, written, called) in open_in_every_adapter(REQUEST) {
        assert_eq!(opened.unwrap().as_deref(), Some("v2"));
        assert!(called && written.starts_with("HTTP/1.1 101 "), "{written}");
        assert!(written.contains("\r\nX-Node: 7\r\n"), "{written}");
    }
}

#[test]
fn rejected_request_gets_the_response_of_the_check_and_is_an_error() {
    for (opened, written, called) in open_in_every_adapter(&REQUEST.replace("/chat", "/admin")) {
        let rejected = RequestError::RejectedByApplication { status: 404 };
        assert!(
            matches!(&opened, Err(Error::Handshake(HandshakeError::Request(error)))
                if *error == rejected),
            "{opened:?}"
        );
        assert!(called && written.starts_with("HTTP/1.1 404 "), "{written}");
        assert!(written.ends_with("\r\n\r\nno such room\n"), "{written}");
    }
}

#[test]
fn plain_http_gets_426_and_the_check_is_not_called() {
    for (opened, written, called) in open_in_every_adapter("GET /chat HTTP/1.1\r\nHost: a\r\n\r\n")
    {
        assert!(
            matches!(
                &opened,
                Err(Error::Handshake(HandshakeError::Request(RequestError::NotWebSocket)))
            ),
            "{opened:?}"
        );
        assert!(!called && written.starts_with("HTTP/1.1 426 "), "{written}");
    }
}
