//! Sizes at which the behaviour changes, to the byte: copied payloads, deferred pongs, buffers.
#![cfg(feature = "std")]

use std::io::IoSlice;

use bytes::{Buf, BufMut, Bytes};
use sansocket::{Config, Connection, Event, Role};
use support::{connection, drain, masked, unmasked};

const ROLES: [Role; 2] = [Role::Client, Role::Server];

/// The sizes of the pieces that a connection would write.
fn pieces(connection: &mut Connection) -> Vec<usize> {
    let mut slices = [IoSlice::new(&[]); 8];
    let output = connection.output();
    let count = output.chunks_vectored(&mut slices);
    assert_eq!(slices[..count].iter().map(|slice| slice.len()).sum::<usize>(), output.remaining());
    assert_eq!(slices.first().map_or(0, |slice| slice.len()), output.chunk().len());
    slices[..count].iter().map(|slice| slice.len()).collect()
}

/// A payload of up to 4 KiB is copied next to its header; a larger one is a slice of its own.
#[test]
fn a_payload_of_at_most_4_kib_is_copied_next_to_its_header() {
    for (role, mask) in [(Role::Server, 0), (Role::Client, 4)] {
        let header = 4 + mask;
        let mut sender = connection(role, Config::new());
        assert_eq!(pieces(&mut sender), [0; 0]);
        sender.send(vec![1; 4096]).unwrap();
        assert_eq!(pieces(&mut sender), [header + 4096]);
        sender.send(vec![1; 4097]).unwrap();
        assert_eq!(pieces(&mut sender), [header + 4096 + header, 4097]);
        sender.send("a").unwrap();
        sender.ping("b").unwrap();
        assert_eq!(pieces(&mut sender), [header + 4096 + header, 4097, 2 * (3 + mask)]);
        sender.output().advance(header + 4096 + header + 4096);
        assert_eq!(pieces(&mut sender), [1, 2 * (3 + mask)]);
        sender.output().advance(1);
        assert_eq!(pieces(&mut sender), [2 * (3 + mask)]);
        sender.output().advance(2 * (3 + mask));
        assert_eq!((pieces(&mut sender), sender.bytes_held()), (vec![], 0));
    }
}

/// `copy_to_bytes` of exactly one stored payload shares it.
#[test]
fn copy_to_bytes_of_one_whole_payload_does_not_copy() {
    let payload = Bytes::from(vec![1; 5000]);
    for (take, same) in [(5000, true), (4999, false)] {
        let mut server = connection(Role::Server, Config::new());
        server.send(payload.clone()).unwrap();
        server.send("after").unwrap();
        assert_eq!(server.output().copy_to_bytes(4), &[0x82, 126, 0x13, 0x88][..]);
        let taken = server.output().copy_to_bytes(take);
        assert_eq!((taken.len(), taken.as_ptr() == payload.as_ptr()), (take, same));
        assert_eq!(server.buffered_amount(), 5000 - take + 7);
        let rest = server.output().copy_to_bytes(5000 - take + 7);
        assert_eq!(rest[5000 - take..], *unmasked(0x81, b"after"));
        assert_eq!((server.buffered_amount(), server.bytes_held()), (0, 0));
    }
    let mut server = connection(Role::Server, Config::new());
    server.send(payload.clone()).unwrap();
    assert_eq!(server.output().copy_to_bytes(6).len(), 6);
    assert_eq!(server.output().copy_to_bytes(4998).len(), 4998);
    assert_eq!(server.bytes_held(), 0);
}

/// The output of a peer that reads slowly is never empty: it stays in order, and written bytes are
/// freed.
#[test]
fn written_output_of_a_slow_peer_is_ordered_and_freed() {
    for role in ROLES {
        let (mut us, mut whole) =
            (connection(role, Config::new()), connection(role, Config::new()));
        let (mut written, mut expected) = (Vec::new(), Vec::new());
        for number in 0..3000_usize {
            let size = if number % 7 == 0 { 5000 } else { number % 300 };
            for connection in [&mut us, &mut whole] {
                connection.send(vec![number as u8; size]).unwrap();
            }
            expected.extend(drain(&mut whole));
            while us.buffered_amount() > 30_000 {
                let output = us.output();
                let len = (number % 900 + 1).min(output.chunk().len());
                written.extend(&output.chunk()[..len]);
                output.advance(len);
            }
            assert!(
                us.bytes_held() < 70_000,
                "{role:?}, {number}: {} for {}",
                us.bytes_held(),
                us.buffered_amount()
            );
        }
        written.extend(drain(&mut us));
        assert!(written == expected, "{role:?}");
        assert_eq!(us.bytes_held(), 0);
    }
}

#[test]
#[should_panic(expected = "advanced 3 bytes over an output of 2")]
fn advancing_past_the_output_panics() {
    let mut server = connection(Role::Server, Config::new());
    server.ping("").unwrap();
    server.output().advance(3);
}

#[test]
#[should_panic(expected = "took 3 bytes of an output of 2")]
fn copying_more_than_the_output_panics() {
    let mut server = connection(Role::Server, Config::new());
    server.ping("").unwrap();
    server.output().copy_to_bytes(3);
}

/// Below 4 KiB of output, each ping gets a pong at once; from there on only the latest is kept, and
/// is queued when there is less.
#[test]
fn pongs_are_deferred_from_4_kib_of_output() {
    for (waiting, waits) in [(4095, false), (4096, true)] {
        let mut server = connection(Role::Server, Config::new());
        server.send(vec![1; waiting - 4]).unwrap();
        server.input().put_slice(&masked(0x89, b"?"));
        assert_eq!(server.receive(), Some(Event::Ping("?".into())));
        assert_eq!(server.buffered_amount(), if waits { waiting } else { waiting + 3 });
        assert_eq!(server.output().remaining(), if waits { waiting } else { waiting + 3 });
        server.output().advance(1);
        assert_eq!(server.output().remaining(), waiting - 1 + 3);
        assert!(drain(&mut server).ends_with(&unmasked(0x8a, b"?")));
    }
}

/// A deferred pong alone makes `wants_write` true, and counts in `bytes_held`.
#[test]
fn a_deferred_pong_makes_wants_write_true() {
    let mut server = connection(Role::Server, Config::new());
    server.send(Bytes::from_static(&[1; 5000])).unwrap();
    let held = server.bytes_held();
    server.input().put_slice(&masked(0x89, &[7; 100]));
    assert_eq!(server.receive(), Some(Event::Ping(Bytes::from_static(&[7; 100]))));
    assert_eq!(server.receive(), None);
    assert_eq!(server.bytes_held(), held + 100);
    let waiting = server.buffered_amount();
    server.output().advance(waiting);
    assert!(server.wants_write());
    assert_eq!(drain(&mut server), unmasked(0x8a, &[7; 100]));
    assert!(!server.wants_write());
}

/// The buffer of a message grows by as much as was received of it.
#[test]
fn a_message_buffer_doubles_with_the_received_bytes() {
    for opcode in [0x01, 0x02] {
        let mut server = connection(Role::Server, Config::new());
        for (first, held) in [(opcode, 2000), (0, 2000), (0, 6000), (0, 6000)] {
            server.input().put_slice(&masked(first, &[b'a'; 1000]));
            assert_eq!((server.receive(), server.bytes_held()), (None, held));
        }
        // The last frame is known to be the last: no room beyond it.
        server.input().put_slice(&masked(0x80, &[b'a'; 3000])[..2508]);
        assert_eq!((server.receive(), server.bytes_held()), (None, 7000));
    }
}

/// `bytes_held` counts the input, the message under way and the output.
#[test]
fn bytes_held_is_the_sum_of_input_message_and_output() {
    let mut server = connection(Role::Server, Config::new());
    // The buffer of an unfinished message is twice what was received.
    server.input().put_slice(&masked(0x02, &[1; 1000]));
    assert_eq!((server.receive(), server.bytes_held()), (None, 2000));
    // Part of a ping, copied to where there is room for nothing else.
    server.input().put_slice(&masked(0x89, &[1; 100])[..50]);
    assert_eq!((server.receive(), server.bytes_held()), (None, 2000 + 50));
    // The first allocation for small frames.
    server.ping("").unwrap();
    assert_eq!(server.bytes_held(), 2000 + 50 + 512);
    assert_eq!(drain(&mut server), unmasked(0x89, b""));
    assert_eq!(server.bytes_held(), 2000 + 50);
    // A payload of its own, what comes before it, and the room behind it; the queue has room for
    // some pieces.
    let payload = 100_000;
    server.send(Bytes::from(vec![1; payload])).unwrap();
    let held = server.bytes_held() - (2000 + 50) - payload;
    assert!((512 + 2 * size_of::<Bytes>()..1024).contains(&held), "{held}");
}

/// Up to 256 bytes of an unfinished frame are copied out of their block; more are not.
#[test]
fn up_to_256_pending_bytes_are_copied_out_of_their_block() {
    for role in ROLES {
        let mut peer = connection(
            if role == Role::Client { Role::Server } else { Role::Client },
            Config::new(),
        );
        peer.ping([1; 125]).unwrap();
        let ping = drain(&mut peer);
        let mut receiver = connection(role, Config::new());
        receiver.input().put_slice(&ping[..ping.len() - 1]);
        assert_eq!((receiver.receive(), receiver.bytes_held()), (None, ping.len() - 1));
        receiver.input().put_slice(&ping[ping.len() - 1..]);
        assert!(receiver.receive().is_some());
        assert_eq!(receiver.receive(), None);
        drain(&mut receiver);
        assert_eq!(receiver.bytes_held(), 0);
    }
}

#[cfg(feature = "deflate")]
mod deflate {
    use sansocket::deflate::Deflate;
    use sansocket::{Compress, Kind, Message};

    use super::*;

    /// Two connections that agreed on compression.
    fn pair(limit: u64, receive_in_chunks: bool) -> [Connection; 2] {
        let deflate = Deflate::new();
        let agreed = deflate.accept([]).unwrap();
        let config = Config::new()
            .deflate(deflate)
            .max_message_size(limit)
            .receive_in_chunks(receive_in_chunks);
        ROLES.map(|role| connection(role, config.clone()).with_deflate(&agreed))
    }

    fn carry(from: &mut Connection, to: &mut Connection) {
        to.input().put_slice(&drain(from));
    }

    /// A compressed message comes in chunks of 4 KiB; the rest of it is held meanwhile.
    #[test]
    fn a_compressed_message_comes_in_chunks_of_4_kib() {
        let [mut client, mut server] = pair(1 << 20, true);
        client.send(Message::from(vec![1; 10_000]).compress(Compress::Always)).unwrap();
        carry(&mut client, &mut server);
        let mut sizes = Vec::new();
        let mut held = Vec::new();
        while let Some(event) = server.receive() {
            let Event::Chunk(part) = event else { panic!("{event:?}") };
            sizes.push(part.bytes.len());
            held.push(server.bytes_held());
        }
        assert_eq!(sizes, [4096, 4096, 1808, 0]);
        assert!(held[0] > held[3], "{held:?}");
    }

    /// The buffer for an inflated message never exceeds the limit.
    #[test]
    fn a_buffer_to_inflate_into_ends_at_the_limit() {
        let held = |limit, len| {
            let [mut client, mut server] = pair(limit, false);
            client.send_fragment(Kind::Binary, vec![1; len], false).unwrap();
            carry(&mut client, &mut server);
            assert_eq!(server.receive(), None);
            server.bytes_held()
        };
        // 64 bytes, and as many again; for 4500, what one round gives, and then what is left up to
        // the limit.
        assert_eq!(held(5000, 4500) - held(5000, 64), 5000 - 128);
    }
}
