//! Attacks on frames and handshakes with compression: RFC 7692.

use bytes::{Buf, BufMut};
use sansocket::deflate::{Deflate, InvalidAnswer};
use sansocket::{
    ClientHandshake, ClientRequest, Compress, Config, Event, Message, ResponseError, Role,
    ServerHandshake,
};

use super::{ROLES, from_peer, take, violation};
use support::deflate::{compressing, noise};
use support::{Chunking, connection, drain, entropy, feed};

/// F5: all first two bytes, alone and within a message, give the same result as without
/// compression, but text and binary frames may have RSV1. yawc accepted it on control frames and
/// continuations, websockets on continuations.
#[test]
fn f5_compression_allows_rsv1_on_text_and_binary_frames_only() {
    for role in ROLES {
        for within in [false, true] {
            // Within a message, one length of each form suffices.
            let seconds = (0..=255_u8)
                .filter(|second| !within || [0, 1, 125, 126, 127].contains(&(second & 0x7f)));
            for (first, second) in
                seconds.flat_map(|second| (0..=255_u8).map(move |first| (first, second)))
            {
                // 0x7e bytes: an extended length that is minimal, or half a masking key without
                // payload.
                let header = [&[first, second][..], &[0x7e; 12]].concat();
                let size = match second & 0x7f {
                    126 => 4,
                    127 => 10,
                    _ => 2,
                } + if second & 0x80 == 0 { 0 } else { 4 };
                let before = if within { from_peer(role, 0x01, b"a") } else { vec![] };
                let verdict = |mut us, first: u8| {
                    take(&mut us, &[&before[..], &[first], &header[1..size]].concat());
                    violation(&us)
                };
                let marked = first & 0x40 != 0 && matches!(first & 0x0f, 1 | 2);
                let expected = verdict(
                    connection(role, Config::new()),
                    if marked { first & !0x40 } else { first },
                );
                let got = verdict(compressing(role, Config::new(), Deflate::new()), first);
                assert_eq!(
                    got, expected,
                    "{first:02x} {second:02x}, within a message: {within}, {role:?}"
                );
            }
        }
    }
}

/// K6: a response with other parameters than offered fails, wherever it is split.
#[test]
fn k6_invalid_deflate_response_fails_in_every_split() {
    use InvalidAnswer::{InvalidValue, Missing, NotOffered, Repeated, UnknownParameter};
    let (server_bits, anew) = ("server_max_window_bits", "server_no_context_takeover");
    for (deflate, answer, expected) in [
        (
            Deflate::new(),
            "server_max_window_bits=9; server_max_window_bits=9",
            Repeated(server_bits),
        ),
        (Deflate::new(), "constructor", UnknownParameter),
        (Deflate::new(), "server_max_window_bits=08", InvalidValue(server_bits)),
        (Deflate::new(), "server_max_window_bits=16", InvalidValue(server_bits)),
        (Deflate::new(), "server_max_window_bits=", InvalidValue("")), // not a token
        (
            Deflate::new().offer_client_max_window_bits(false),
            "client_max_window_bits=9",
            NotOffered("client_max_window_bits"),
        ),
        (
            Deflate::new().peer_no_context_takeover(true),
            "client_no_context_takeover",
            Missing(anew),
        ),
        (
            Deflate::new().peer_max_window_bits(9),
            "server_no_context_takeover",
            Missing(server_bits),
        ),
    ] {
        let ask = || {
            let request = ClientRequest::new("ws://h/").unwrap();
            ClientHandshake::new(&request, Config::new().deflate(deflate.clone()), entropy())
        };
        let mut server = ServerHandshake::new(Config::new());
        server.input().put(ask().output());
        let plain = drain(&mut server.receive().unwrap().unwrap().accept());
        let head = plain.strip_suffix(b"\r\n").unwrap();
        let line = format!("Sec-WebSocket-Extensions: permessage-deflate; {answer}\r\n\r\n");
        let head = [head, line.as_bytes()].concat();
        let expected = if expected == InvalidValue("") {
            ResponseError::Extension
        } else {
            ResponseError::Deflate(expected)
        };
        for at in 0..head.len() {
            let mut client = ask();
            assert!(client.output().has_remaining());
            client.input().put_slice(&head[..at]);
            assert!(matches!(client.receive(), Ok(None)), "{answer}");
            client.input().put_slice(&head[at..]);
            assert_eq!(client.receive().map(drop), Err(expected.clone()), "{answer}");
        }
    }
}

/// Jetty 7351: large incompressible messages stalled when they were read in chunks.
#[test]
fn jetty_7351_incompressible_message_of_2_mib_is_received_in_every_read_size() {
    let message = noise(2 << 20);
    for deflate in [Deflate::speed(), Deflate::memory()] {
        let mut client = compressing(Role::Client, Config::new(), deflate.clone());
        client.send(Message::from(message.clone()).compress(Compress::Always)).unwrap();
        let wire = drain(&mut client);
        for read in [wire.len(), 64 << 10, 1000] {
            let mut server = compressing(Role::Server, Config::new(), deflate.clone());
            let events: Vec<_> = wire
                .chunks(read)
                .flat_map(|chunk| feed(&mut server, chunk, Chunking::Whole))
                .collect();
            assert!(
                matches!(&events[..], [Event::Message(got)] if got.as_bytes() == message),
                "{read} at once"
            );
        }
    }
}
