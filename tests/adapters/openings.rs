//! Every adapter opens a connection with the same bytes and the same results, in both roles.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::io::{Cursor, Read, Write};
use std::net::Shutdown;

use sansocket::blocking::{self, Stream as _};
use sansocket::testing::{ManualClock, TestStream};
use sansocket::{Error, HttpResponse, RequestHead, futures};
use support::adapters::request;
use support::masked;
use support::stream_pair as pair;

use super::transcripts::CHUNKINGS;

#[derive(Clone, Copy, Debug)]
enum Adapter {
    Blocking,
    Tokio,
    Futures,
}

pub const REQUEST: &str = "GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Both roles of the opening handshake, with a peer that writes everything beforehand.
#[test]
fn every_adapter_gives_the_same_opening_handshake() {
    let with_frame = [REQUEST.as_bytes(), &masked(0x81, b"early")].concat();
    let accepts: [(&[u8], &str, &str); 6] = [
        (REQUEST.as_bytes(), "HTTP/1.1 101", "Ok"),
        (&with_frame, "HTTP/1.1 101", "Ok"),
        (&REQUEST.as_bytes()[..70], "", "Err(Handshake(Request(Head(Incomplete"),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "HTTP/1.1 426",
            "Err(Handshake(Request(NotWebSocket",
        ),
        (b"\x16\x03\x01\r\n\r\n", "HTTP/1.1 400", "Err(Handshake("),
        (b"", "", "Err("),
    ];
    for (input, answer, verdict) in accepts {
        assert_same_in_every_adapter(input, answer, verdict, false);
    }
    for (input, verdict) in [
        (&b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"[..], "Err(Handshake(Response(UnexpectedStatus"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "Err(Handshake("),
        (b"HTTP/1.1 101 Swi", "Err(Handshake(Response(Head(Incomplete"),
    ] {
        assert_same_in_every_adapter(input, "GET / HTTP/1.1", verdict, true);
    }
}

fn assert_same_in_every_adapter(input: &[u8], answer: &str, verdict: &str, client: bool) {
    let mut first: Option<(String, Vec<u8>)> = None;
    for adapter in [Adapter::Blocking, Adapter::Tokio, Adapter::Futures] {
        for chunking in CHUNKINGS {
            let (mut peer, end) = pair(chunking);
            peer.write_all(input).unwrap();
            peer.shutdown(Shutdown::Write).unwrap();
            let opened = open(adapter, end, client);
            let mut written = Vec::new();
            peer.read_to_end(&mut written).unwrap();
            if client {
                written.truncate(16); // The key differs.
            }
            assert!(
                opened.starts_with(verdict) && written.starts_with(answer.as_bytes()),
                "{opened}, {written:?}"
            );
            let this = (opened, written);
            assert_eq!(
                &this,
                first.get_or_insert_with(|| this.clone()),
                "{adapter:?}, {chunking:?}"
            );
        }
    }
}

fn open(adapter: Adapter, end: TestStream, client: bool) -> String {
    fn discard_value<T>(opened: Result<T, Error>) -> String {
        format!("{:?}", opened.map(drop))
    }
    match (adapter, client) {
        (Adapter::Blocking, false) => discard_value(blocking::accept(end)),
        (Adapter::Blocking, true) => discard_value(blocking::connect_with_stream(end, &request())),
        (Adapter::Tokio, _) => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                if client {
                    discard_value(sansocket::tokio::connect_with_stream(end, &request()).await)
                } else {
                    discard_value(sansocket::tokio::accept(end).await)
                }
            })
        }
        (Adapter::Futures, false) => {
            smol::block_on(async { discard_value(futures::accept(end, ManualClock::new()).await) })
        }
        (Adapter::Futures, true) => smol::block_on(async {
            discard_value(futures::connect_with_stream(end, ManualClock::new(), &request()).await)
        }),
    }
}

/// A task keeps room for the future of the opening handshake as long as it keeps the connection.
#[test]
fn the_future_of_an_opening_handshake_has_no_room_for_a_stream() {
    use ::tokio::io::{join, sink};
    use sansocket::tokio::{Options, accept, connect_with_stream};

    let stream = || join(Cursor::new([0; 1024]), sink());
    let (options, request) = (Options::new(), request());
    let refuse = |_: &RequestHead| Err(HttpResponse::new(404).unwrap());
    let sizes = [
        size_of_val(&accept(stream())),
        size_of_val(&options.accept(stream())),
        size_of_val(&options.accept_if(stream(), refuse)),
        size_of_val(&options.receive_request(stream())),
        size_of_val(&connect_with_stream(stream(), &request)),
        size_of_val(&options.connect_with_stream(stream(), &request)),
        size_of_val(&options.send_request(stream(), &request)),
    ];
    assert!(sizes.iter().all(|&size| size <= 64), "{sizes:?} bytes");
}
