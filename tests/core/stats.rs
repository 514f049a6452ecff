//! `Stats` of a connection equal what the frames on the wire say, and messages are queued until
//! their last byte is taken off the output.

use bytes::{Buf, BufMut};
use sansocket::wire::Header;
use sansocket::{Config, Connection, Event, Kind, Role, Stats};
use support::{Chunking, connection, drain, feed, feed_from, masked, unmasked};

const BOTH: [Role; 2] = [Role::Server, Role::Client];

const CHUNKINGS: [Chunking; 4] =
    [Chunking::Whole, Chunking::Bytewise, Chunking::Random(1), Chunking::Random(2)];

/// First bytes and payloads: two messages in one frame, one in three frames with a ping between
/// them, an empty one, a pong, and one that needs the long length.
fn frames() -> Vec<(u8, Vec<u8>)> {
    vec![
        (0x81, b"hello".to_vec()),
        (0x82, vec![7; 300]),
        (0x01, b"a".to_vec()),
        (0x89, b"ping".to_vec()),
        (0x00, vec![]),
        (0x80, b"bc".to_vec()),
        (0x81, vec![]),
        (0x8a, vec![]),
        (0x82, vec![8; 70_000]),
    ]
}

fn from_peer(role: Role) -> Vec<u8> {
    let frame = if role == Role::Server { masked } else { unmasked };
    frames().iter().flat_map(|(first, payload)| frame(*first, payload)).collect()
}

fn assert_received(stats: &Stats, what: &str) {
    let payload = 5 + 300 + 3 + 70_000;
    let received = stats.received;
    assert_eq!((received.messages, received.frames), (5, 9), "{what}");
    assert_eq!((received.payload, received.frame_payload), (payload, payload), "{what}");
}

#[test]
fn received_messages_frames_and_payload_are_counted_however_they_arrive() {
    for role in BOTH {
        for chunking in CHUNKINGS {
            for in_chunks in [false, true] {
                let config = Config::new().receive_in_chunks(in_chunks);
                let mut connection = connection(role, config);
                feed(&mut connection, &from_peer(role), chunking);
                let what = format!("{role:?}, {chunking:?}, {in_chunks}");
                assert_received(&connection.stats(), &what);
                // The pong that answers.
                let sent = connection.stats().sent;
                assert_eq!((sent.messages, sent.frames, sent.payload), (0, 1, 0), "{what}");
            }
        }
        let mut connection = connection(role, Config::new());
        feed_from(&mut connection, &from_peer(role));
        assert_received(&connection.stats(), "borrowed");
    }
}

#[test]
fn the_beginning_of_a_message_counts_as_payload_alone() {
    for role in BOTH {
        let mut connection = connection(role, Config::new());
        let message = if role == Role::Server { masked } else { unmasked }(0x82, &[1; 50]);
        feed(&mut connection, &message[..message.len() - 10], Chunking::Whole);
        let received = connection.stats().received;
        assert_eq!((received.messages, received.frames, received.payload), (0, 0, 40));
        feed(&mut connection, &message[message.len() - 10..], Chunking::Whole);
        let received = connection.stats().received;
        assert_eq!((received.messages, received.frames, received.payload), (1, 1, 50));
    }
}

/// With every form of the length (§5.2), copied and not.
const SIZES: &[usize] = &[0, 5, 126, 4096, 4097, 70_000, 1, 0];

/// Queues messages of every kind, and control frames between them. Returns the payload of all.
fn send_all(connection: &mut Connection, sizes: &[usize]) -> usize {
    for &size in sizes {
        connection.send(vec![1; size]).unwrap();
        connection.ping(b"ping").unwrap();
        connection.send_ref(&*"x".repeat(size)).unwrap();
        connection.send_fragment(Kind::Binary, vec![2; size], false).unwrap();
        connection.pong(b"").unwrap();
        connection.send_fragment(Kind::Binary, vec![2; size], true).unwrap();
    }
    4 * sizes.iter().sum::<usize>()
}

/// Where the last frame of each message ends, the number of frames, and their payload.
fn read_frames(wire: &[u8]) -> (Vec<usize>, u64, u64) {
    let (mut at, mut ends, mut frames, mut payload) = (0, vec![], 0, 0);
    while at < wire.len() {
        let (header, size) = Header::parse(&wire[at..]).unwrap().unwrap();
        at += size + header.payload_len as usize;
        frames += 1;
        if !header.opcode.is_control() {
            payload += header.payload_len;
            ends.extend(header.fin.then_some(at));
        }
    }
    (ends, frames, payload)
}

#[test]
fn sent_messages_frames_and_payload_are_those_of_the_wire() {
    for role in BOTH {
        for limit in [None, Some(1000)] {
            let config =
                limit.map_or(Config::new(), |limit| Config::new().max_sent_frame_size(limit));
            let mut connection = connection(role, config);
            let payload = send_all(&mut connection, SIZES) as u64;
            connection.close(None);
            let sent = connection.stats().sent;
            let (ends, frames, on_wire) = read_frames(&drain(&mut connection));
            assert_eq!((sent.messages, sent.frames), (ends.len() as u64, frames));
            assert_eq!((sent.payload, sent.frame_payload, on_wire), (payload, payload, payload));
        }
    }
}

/// However much each write takes, also in the middle of a header, and while more is queued.
#[test]
fn messages_are_queued_until_their_last_byte_is_written() {
    for role in BOTH {
        for limit in [None, Some(1000)] {
            for step in [1, 2, 3, 7, 13, 1000, 4099, 4100, 70_010, usize::MAX] {
                let config =
                    limit.map_or(Config::new(), |limit| Config::new().max_sent_frame_size(limit));
                let mut connection = connection(role, config);
                let (mut wire, mut written) = (vec![], 0);
                for round in 0..2 {
                    // A byte at a time takes long.
                    send_all(&mut connection, &SIZES[..if step < 7 { 5 } else { SIZES.len() }]);
                    let mut copy = vec![];
                    let before = connection.stats();
                    // What is queued: the rest of this round is all there is at its end.
                    let len = before.queued_bytes as usize;
                    let most = if round == 0 { len / 2 } else { len };
                    let mut taken = 0;
                    let mut expected = vec![];
                    while taken < most {
                        let count = step.min(most - taken);
                        copy.extend_from_slice(&connection.output().copy_to_bytes(count));
                        taken += count;
                        written += count;
                        let stats = connection.stats();
                        expected.push((written, stats.queued_messages, stats.sent.messages));
                    }
                    wire.extend(copy);
                    let (ends, ..) = read_complete(&wire);
                    for (written, queued, sent) in expected {
                        let complete = ends.iter().filter(|end| **end <= written).count() as u64;
                        assert_eq!(
                            queued,
                            sent - complete,
                            "{role:?}, {limit:?}, {step}, {written}"
                        );
                    }
                }
                let stats = connection.stats();
                assert_eq!((stats.queued_messages, stats.queued_bytes), (0, 0));
            }
        }
    }
}

/// As [`read_frames`], of the complete frames at the front.
fn read_complete(wire: &[u8]) -> (Vec<usize>, u64, u64) {
    let mut at = 0;
    while let Ok(Some((header, size))) = Header::parse(&wire[at..]) {
        let end = at + size + header.payload_len as usize;
        if end > wire.len() {
            break;
        }
        at = end;
    }
    read_frames(&wire[..at])
}

#[test]
fn the_response_of_the_handshake_is_no_message() {
    let mut handshake = sansocket::ServerHandshake::new(Config::new());
    handshake.input().put_slice(
        b"GET / HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    let mut connection = handshake.receive().unwrap().unwrap().accept();
    let response = connection.output().remaining();
    connection.send("one").unwrap();
    connection.send(vec![2; 5000]).unwrap();
    for (count, queued) in [(10, 2), (response - 10, 2), (1, 2), (4, 1), (5003, 1), (1, 0)] {
        connection.output().advance(count);
        assert_eq!(connection.stats().queued_messages, queued, "{count}");
    }
    assert_eq!(connection.stats().queued_bytes, 0);
}

#[test]
fn both_endpoints_count_the_same() {
    let mut pair = support::Pair::new(Chunking::Random(3));
    send_all(&mut pair.client, SIZES);
    pair.server.send("answer").unwrap();
    let (to_client, to_server) = pair.settle();
    let count = |events: &[Event]| {
        events.iter().filter(|event| matches!(event, Event::Message(_))).count() as u64
    };
    let (client, server) = (pair.client.stats(), pair.server.stats());
    assert_eq!(client.sent, server.received);
    assert_eq!(server.sent, client.received);
    assert_eq!(client.received.messages, 1);
    assert_eq!(count(&to_client) + count(&to_server), 1 + client.sent.messages);
}
