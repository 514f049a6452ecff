//! A client whose key and masking keys are fixed, for recordings: the same bytes in every adapter.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::collections::HashSet;
use std::io::{Read, Write};

use sansocket::testing::{ManualClock, TestStream};
use sansocket::{ClientRequest, accept_key, blocking, futures, tokio};
use support::adapters::{on_paused_tokio, ready};
use support::{Chunking, stream_pair};

/// §1.3: the nonce of the RFC's example.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

type Seed = Option<[u8; 32]>;

fn request() -> ClientRequest {
    ClientRequest::new("ws://test/").unwrap().websocket_key(*b"the sample nonce")
}

/// Connects and sends two messages, in each adapter.
const CLIENTS: [fn(TestStream, Seed); 3] = [
    |stream, seed| {
        let options = blocking::Options::new();
        let options = seed.into_iter().fold(options, |options, seed| options.entropy_seed(seed));
        let (mut socket, _) = options.connect_with_stream(stream, &request()).unwrap();
        socket.send("hello").unwrap();
        socket.send("hello").unwrap();
    },
    |stream, seed| {
        on_paused_tokio(|| {
            ready(async {
                let options = tokio::Options::new();
                let options = seed.into_iter().fold(options, |o, seed| o.entropy_seed(seed));
                let opened = options.connect_with_stream(stream, &request()).await;
                let (mut socket, _) = opened.unwrap();
                socket.send("hello").await.unwrap();
                socket.send("hello").await.unwrap();
            });
        });
    },
    |stream, seed| {
        ready(async {
            let options = futures::Options::new();
            let options = seed.into_iter().fold(options, |o, seed| o.entropy_seed(seed));
            let clock = ManualClock::new();
            let opened = options.connect_with_stream(stream, clock, &request()).await;
            let (mut socket, _) = opened.unwrap();
            socket.send("hello").await.unwrap();
            socket.send("hello").await.unwrap();
        });
    },
];

/// The request and the frames that a client sends.
fn sent(client: fn(TestStream, Seed), seed: Seed) -> (String, Vec<u8>) {
    let (stream, mut server) = stream_pair(Chunking::Whole);
    let accept = accept_key(KEY).unwrap();
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    server.write_all(response.as_bytes()).unwrap();
    client(stream, seed);
    let mut sent = Vec::new();
    server.read_to_end(&mut sent).unwrap();
    let head = sent.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    let frames = sent.split_off(head);
    (String::from_utf8(sent).unwrap(), frames)
}

#[test]
fn seeded_client_sends_the_same_bytes_in_every_adapter_and_run() {
    let runs = CLIENTS.iter().chain(&CLIENTS).map(|&client| sent(client, Some([7; 32])));
    let runs: HashSet<_> = runs.collect();
    assert_eq!(runs.len(), 1);
    for (request, frames) in &runs {
        assert!(request.contains(&format!("Sec-WebSocket-Key: {KEY}\r\n")), "{request}");
        assert_eq!(frames.len(), 2 * (2 + 4 + 5));
        // RFC 6455 §5.3: each frame has a masking key of its own, also of a seed.
        assert_ne!(frames[2..6], frames[13..17]);
    }
    let other = sent(CLIENTS[0], Some([8; 32]));
    assert!(!runs.contains(&other));
}

#[test]
fn masking_keys_of_a_client_without_a_seed_differ() {
    let runs = CLIENTS.iter().chain(&CLIENTS).map(|&client| sent(client, None).1);
    assert_eq!(runs.collect::<HashSet<_>>().len(), 6);
}

#[test]
fn options_do_not_show_their_seed() {
    let shown = format!("{:?}", blocking::Options::new().entropy_seed([250; 32]));
    assert!(shown.contains("Seed") && !shown.contains("250"), "{shown}");
}
