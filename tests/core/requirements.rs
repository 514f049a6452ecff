//! Requirements of RFC 6455 that no other test shows: see `tests/laws/must.rs`.

use bytes::{Buf, BufMut};
use sansocket::wire::{Header, Opcode, apply_mask};
use sansocket::{
    ClientHandshake, ClientRequest, CloseCode, Config, Connection, Event, InvalidUri, Kind,
    Message, Role, State, Uri,
};
use support::{Chunking, connection, drain, entropy, feed, masked, unmasked};

const ROLES: [Role; 2] = [Role::Client, Role::Server];

/// A frame as the peer of this role would send it.
fn from_peer(role: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    match role {
        Role::Client => unmasked(first, payload),
        Role::Server => masked(first, payload),
    }
}

/// All that was written: headers, and payloads without their masks.
fn written(connection: &mut Connection) -> Vec<(Header, Vec<u8>)> {
    let bytes = drain(connection);
    let mut rest = &bytes[..];
    let mut frames = Vec::new();
    while let Some((header, size)) = Header::parse(rest).unwrap() {
        let (frame, after) = rest.split_at(size + header.payload_len as usize);
        let mut payload = frame[size..].to_vec();
        apply_mask(header.mask.unwrap_or_default(), 0, &mut payload);
        frames.push((header, payload));
        rest = after;
    }
    assert!(rest.is_empty(), "half a frame was written");
    frames
}

/// §4.1: "the client MUST wait for a response from the server before sending any further data"
#[test]
fn a_client_sends_only_the_request_before_the_response() {
    let request = ClientRequest::new("ws://example.com/").unwrap();
    let mut handshake = ClientHandshake::new(&request, Config::new(), entropy());
    let len = handshake.output().remaining();
    assert!(
        handshake.output().chunk().ends_with(b"\r\n\r\n")
            && handshake.output().chunk().len() == len
    );
    handshake.output().advance(len);
    for byte in b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching" {
        handshake.input().put_u8(*byte);
        assert!(handshake.receive().unwrap().is_none(), "what could send is not there yet");
        assert!(!handshake.wants_write() && handshake.output().remaining() == 0);
    }
}

/// §5.1: "a client MUST mask all frames", "A server MUST NOT mask any"; §5.2: reserved bits; §6.1
/// no. 3, no. 4: opcode and FIN.
#[test]
fn a_client_masks_every_frame_and_a_server_none() {
    let large = vec![b'x'; 100_000];
    for role in ROLES {
        let mut us = connection(role, Config::new());
        us.send("text").unwrap();
        us.send(&b"bytes"[..]).unwrap();
        us.send(large.clone()).unwrap();
        us.send("").unwrap();
        us.ping("are you there?").unwrap();
        us.pong("unasked").unwrap();
        us.send_fragment(Kind::Text, "be", false).unwrap();
        us.ping("").unwrap();
        us.send_fragment(Kind::Text, "tween", false).unwrap();
        us.send_fragment(Kind::Text, "", true).unwrap();
        us.send_fragment(Kind::Binary, "whole", true).unwrap();
        let mut frames = written(&mut us);
        feed(&mut us, &from_peer(role, 0x89, b"and you?"), Chunking::Whole);
        us.close(CloseCode::NORMAL);
        frames.extend(written(&mut us));

        let expected: [(bool, Opcode, &[u8]); 13] = [
            (true, Opcode::Text, b"text"),
            (true, Opcode::Binary, b"bytes"),
            (true, Opcode::Binary, &large),
            (true, Opcode::Text, b""),
            (true, Opcode::Ping, b"are you there?"),
            (true, Opcode::Pong, b"unasked"),
            (false, Opcode::Text, b"be"),
            (true, Opcode::Ping, b""),
            (false, Opcode::Continuation, b"tween"),
            (true, Opcode::Continuation, b""),
            (true, Opcode::Binary, b"whole"),
            (true, Opcode::Pong, b"and you?"),
            (true, Opcode::Close, b"\x03\xe8"),
        ];
        assert_eq!(frames.len(), expected.len());
        for ((header, payload), (fin, opcode, content)) in frames.iter().zip(expected) {
            assert_eq!(
                (header.fin, header.opcode, &payload[..]),
                (fin, opcode, content),
                "{role:?}"
            );
            assert_eq!(
                (header.mask.is_some(), header.rsv1),
                (role == Role::Client, false),
                "{role:?} {header:?}"
            );
        }
    }
}

/// §5.5.2: "as soon as is practical"; §5.5.3: with "identical "Application data""
#[test]
fn a_pong_is_queued_before_the_ping_event() {
    for role in ROLES {
        for payload in [&b""[..], b"?", &[0xff; 125]] {
            let mut us = connection(role, Config::new());
            us.input().put_slice(
                &[from_peer(role, 0x89, payload), from_peer(role, 0x81, b"later")].concat(),
            );
            assert_eq!(us.receive(), Some(Event::Ping(payload.to_vec().into())));
            let frames = written(&mut us);
            assert_eq!(frames.len(), 1);
            assert_eq!((frames[0].0.opcode, &frames[0].1[..]), (Opcode::Pong, payload));
        }
    }
}

/// §7.1.7, §7.3: "Clients SHOULD NOT close the WebSocket connection arbitrarily", and servers do
/// not here either.
#[test]
fn a_valid_conversation_is_never_closed_by_the_library() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        for _ in 0..100 {
            for (first, payload) in [
                (0x8a, &b"unasked"[..]),
                (0x01, b"\xce"),
                (0x8a, b""),
                (0x89, b"?"),
                (0x80, b"\xba"),
                (0x82, &[0; 70_000]),
            ] {
                feed(&mut us, &from_peer(role, first, payload), Chunking::Random(first.into()));
            }
        }
        assert_eq!((us.state(), us.closed()), (State::Open, None));
        let frames = written(&mut us);
        assert_eq!(frames.len(), 100, "a pong for each ping, and nothing for a pong");
        assert!(
            frames.iter().all(|(header, payload)| header.opcode == Opcode::Pong && payload == b"?")
        );
    }
}

/// §5.7: "256 bytes binary message in a single unmasked frame", and 64 KiB
#[test]
fn the_examples_of_256_bytes_and_64_kib_are_parsed() {
    for (header, len) in [(&b"\x82\x7e\x01\x00"[..], 256), (b"\x82\x7f\0\0\0\0\0\x01\0\0", 65_536)]
    {
        let payload = vec![0x5a; len];
        let frame = [header, &payload[..]].concat();
        let mut server = connection(Role::Server, Config::new());
        server.send(payload.clone()).unwrap();
        assert_eq!(drain(&mut server), frame);
        let events =
            feed(&mut connection(Role::Client, Config::new()), &frame, Chunking::Random(1));
        assert_eq!(events, [Event::Message(Message::Binary(payload.into()))]);
    }
}

/// §11.1.1, §11.1.2: what a URI can't hold "MUST be converted from Unicode to ASCII", by the
/// caller or the feature `idna`: the library does not guess.
#[test]
fn a_uri_that_is_not_ascii_is_rejected() {
    let unicode = if cfg!(feature = "idna") { Ok(()) } else { Err(InvalidUri::Host) };
    for scheme in ["ws", "wss"] {
        for (rest, expected) in [
            ("b\u{fc}cher.example/", unicode),
            ("xn--bcher-kva.example/", Ok(())),
            ("h/gr\u{fc}ezi", Err(InvalidUri::Path)),
            ("h/gr%C3%BCezi", Ok(())),
            ("h/?q=\u{fc}", Err(InvalidUri::Path)),
            ("h/?q=%C3%BC", Ok(())),
        ] {
            assert_eq!(
                Uri::parse(&format!("{scheme}://{rest}")).map(drop),
                expected,
                "{scheme} {rest}"
            );
        }
    }
}
