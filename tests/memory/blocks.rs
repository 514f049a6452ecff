//! The pool of large blocks: it is reused, bounded, and shows nothing of earlier messages. The pool
//! belongs to the process, so one test runs at a time.
#![cfg(feature = "std")]

use std::sync::mpsc;
use std::thread;

use bytes::{Buf, BytesMut};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sansocket::{Config, Connection, Event, EventRef, Kind, Message, Role};
use support::allocator::{LIVE, cost, exclusive, poisoned};
use support::{connection, masked, unmasked};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Capacity of the pool.
const KEPT: usize = 16 * MIB;

/// What a large block is larger by than the message, so that it can begin where it does well.
const PAGE: usize = 4096;

/// The handles of messages, and lists of blocks.
const LITTLE: usize = 8 * KIB;

fn server() -> Connection {
    connection(
        Role::Server,
        Config::new().max_message_size(64 * MIB as u64).max_frame_size(64 * MIB as u64),
    )
}

/// A frame with a mask, in half the time.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = unmasked(first, payload);
    frame[1] |= 0x80;
    let payload = frame.split_off(frame.len() - payload.len());
    [&frame[..], &[0; 4], &payload].concat()
}

/// Receives what lies in pieces of so many bytes; the messages.
fn receive(connection: &mut Connection, bytes: &mut [u8], piece: usize) -> Vec<Message> {
    let mut messages = Vec::new();
    for mut piece in bytes.chunks_mut(piece) {
        while let Some(event) = connection.receive_from(&mut piece) {
            match Event::from(event) {
                Event::Message(message) => messages.push(message),
                other => panic!("{other:?}"),
            }
        }
    }
    messages
}

/// The same, of a message in one frame, in large pieces; and what that took.
fn receive_one(
    connection: &mut Connection,
    first: u8,
    payload: &[u8],
) -> (Message, support::allocator::Cost) {
    let mut bytes = frame(first, payload);
    let (mut messages, cost) = cost(|| receive(connection, &mut bytes, 272 * KIB));
    assert_eq!(messages.len(), 1);
    (messages.remove(0), cost)
}

/// Sees to it that a block of this size is kept, and none that was kept before.
fn keep_only(size: usize) {
    // It drives all others out.
    drop(receive_one(&mut server(), 0x82, &vec![0; KEPT]));
    drop(receive_one(&mut server(), 0x82, &vec![0; size]));
}

/// How many blocks of this size are kept: so many messages take none of their own. Then there is
/// one more.
fn kept_of(size: usize) -> usize {
    let mut held = Vec::new();
    loop {
        let (message, cost) = receive_one(&mut server(), 0x82, &vec![0; size]);
        if cost.taken >= size {
            return held.len();
        }
        held.push(message);
    }
}

#[test]
fn a_large_message_takes_no_new_block_the_second_time() {
    let _exclusive = exclusive();
    let payload = vec![b'x'; MIB];
    let half = MIB / 2;
    let one = [frame(0x81, &payload), frame(0x82, &payload)];
    let two = [[frame(0x01, &payload[half..]), frame(0x80, &payload[half..])].concat()];
    let many = [[
        frame(0x02, &payload[..1000]),
        frame(0x00, &payload[..1000]).repeat(1047),
        frame(0x80, &payload[..576]),
    ]
    .concat()];
    for bytes in one.iter().chain(&two).chain(&many) {
        for piece in [64 * KIB, 10_000, 300 * KIB] {
            let mut server = server();
            // A message of many fragments needs blocks of several sizes, one after the other.
            for _ in 0..6 {
                drop(receive(&mut server, &mut bytes.clone(), piece));
            }
            for _ in 0..3 {
                let mut bytes = bytes.clone();
                let (messages, cost) = cost(|| receive(&mut server, &mut bytes, piece));
                assert!(messages[0].as_bytes() == payload);
                // What comes first is put together in small blocks.
                assert!(cost.taken < 600 * KIB, "{} of {piece}: {} taken", bytes[0], cost.taken);
                drop(messages);
                assert_eq!(server.bytes_held(), 0);
            }
        }
    }
    // Nor where it lies, if it is kept.
    for kept in 0..3 {
        let mut bytes = frame(0x81, &payload);
        let (message, cost) = cost(|| server().receive_from(&mut &mut bytes[..]).map(Event::from));
        assert!(matches!(message, Some(Event::Message(message)) if message.as_bytes() == payload));
        assert!(kept == 0 || cost.taken < LITTLE, "{}", cost.taken);
    }
}

/// A block grows with the received bytes, not with announced or inflated lengths.
#[test]
fn a_connection_that_sends_little_holds_no_large_block() {
    let _exclusive = exclusive();
    keep_only(KEPT);
    let mut bytes = frame(0x82, &vec![0; KEPT]);
    let mut server = server();
    for (number, piece) in bytes.chunks_mut(64 * KIB).take(100).enumerate() {
        assert!(receive(&mut server, piece, 64 * KIB).is_empty());
        let received = (number + 1) * 64 * KIB;
        assert!(server.bytes_held() <= 4 * received, "{} for {received}", server.bytes_held());
    }
}

/// Of messages in one frame and in fragments, one by one and many at once, and larger than all that
/// may be kept.
#[test]
fn the_pool_keeps_at_most_16_mib() {
    let _exclusive = exclusive();
    let before = LIVE.get();
    // What other tests left here was another thread's.
    keep_only(MIB);
    let kept = |what: &str| {
        let kept = LIVE.get() - before;
        assert!(kept <= (KEPT + LITTLE) as isize, "{what}: {kept}");
    };
    let sizes =
        [128 * KIB - 1, 128 * KIB, 200_000, MIB, 3 * MIB + 1, KEPT - 1, KEPT, KEPT + 1, 20 * MIB];
    for size in sizes {
        for first in [0x81, 0x82] {
            drop(receive_one(&mut server(), first, &vec![b'x'; size]));
            kept("one");
        }
        let fragments =
            [0x01, 0x00, 0x00, 0x80].map(|first| frame(first, &vec![b'x'; size / 4])).concat();
        drop(receive(&mut server(), &mut { fragments }, 64 * KIB));
        kept("fragments");
    }
    for size in [128 * KIB, 300_000, MIB, 5 * MIB] {
        let all: Vec<_> = (0..20 * MIB / size)
            .map(|_| receive_one(&mut server(), 0x82, &vec![0; size]).0)
            .collect();
        drop(all);
        kept("many");
        assert!(kept_of(size) >= KEPT / size / 2, "but they are kept");
    }
}

/// However it came, in memory that is new or was kept: where the system copies it fast.
#[test]
fn a_large_message_begins_in_the_middle_of_a_page() {
    let _exclusive = exclusive();
    for size in [128 * KIB, 200_000, MIB, 3 * MIB] {
        let mut held = Vec::new();
        for (number, piece) in
            [10_000, 64 * KIB, 272 * KIB, usize::MAX].into_iter().cycle().take(8).enumerate()
        {
            let payload = content(number as u64, size);
            let messages =
                receive(&mut server(), &mut frame(0x81 + number as u8 % 2, &payload), piece);
            assert!(messages[0].as_bytes() == payload, "{size} in pieces of {piece}");
            assert_eq!(
                messages[0].as_bytes().as_ptr().addr() % PAGE,
                PAGE / 2,
                "{size} in pieces of {piece}"
            );
            held = if number == 3 { Vec::new() } else { [held, messages].concat() };
        }
    }
}

/// What is too large to be kept does not drive out what is kept.
#[test]
fn a_message_larger_than_the_pool_evicts_no_block() {
    let _exclusive = exclusive();
    keep_only(MIB);
    // In one piece: one that grows takes smaller blocks on its way.
    drop(receive(&mut server(), &mut frame(0x82, &vec![0; KEPT + MIB]), usize::MAX));
    let (_, cost) = receive_one(&mut server(), 0x82, &vec![0; MIB]);
    assert!(cost.taken < LITTLE, "{}", cost.taken);
}

/// Some content, that is text as well.
fn content(seed: u64, size: usize) -> Vec<u8> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut bytes = vec![0; size];
    random.fill_bytes(&mut bytes);
    bytes.iter_mut().for_each(|byte| *byte &= 0x7f);
    bytes
}

const SIZES: [usize; 9] =
    [1, 1000, 100_000, 128 * KIB - 1, 128 * KIB, 128 * KIB + 1, 200_000, 300_000, MIB];

/// Several connections receive by turns, some messages are kept, some go to another thread, and
/// some are sent back.
fn work(seed: u64, away: &mpsc::Sender<(Message, Vec<u8>)>) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut any = |below: usize| random.next_u32() as usize % below;
    let mut connections = [Role::Server, Role::Client, Role::Server]
        .map(|role| (role, connection(role, Config::new())));
    let mut kept: Vec<(Message, Vec<u8>)> = Vec::new();
    for number in 0..15 {
        // What comes to each, and is taken a piece of each at a time.
        let mut under_way: Vec<_> = connections
            .iter_mut()
            .zip(0..)
            .map(|((role, connection), who)| {
                let payload =
                    content(seed * 1000 + number * 10 + who, SIZES[any(SIZES.len())] - any(2));
                let kind = [Kind::Text, Kind::Binary][any(2)];
                let opcode = if kind == Kind::Text { 1 } else { 2 };
                let cut = any(payload.len() + 1);
                let frame = if *role == Role::Server { masked } else { unmasked };
                let frames = match any(3) {
                    0 => vec![frame(0x80 | opcode, &payload)],
                    1 => vec![frame(opcode, &payload[..cut]), frame(0x80, &payload[cut..])],
                    _ => vec![
                        frame(opcode, &payload[..cut]),
                        frame(0x00, &payload[cut..]),
                        frame(0x80, b""),
                    ],
                };
                (connection, frames.concat(), 0, payload, kind)
            })
            .collect();
        while let Some(at) = (!under_way.is_empty()).then(|| any(under_way.len())) {
            let (connection, bytes, done, payload, kind) = &mut under_way[at];
            let end = bytes.len().min(*done + [any(5000), 64 * KIB, 272 * KIB][any(3)]);
            let mut piece = &mut bytes[*done..end];
            *done = end;
            let Some(event) = connection.receive_from(&mut piece) else {
                assert!(end < bytes.len(), "it is whole");
                continue;
            };
            let EventRef::Message(message) = event else { panic!("{event:?}") };
            assert!(message.kind() == *kind && message.as_bytes() == payload);
            let message = Message::from(message);
            match any(4) {
                0 => kept.push((message, payload.clone())),
                1 => away.send((message, payload.clone())).unwrap(),
                2 => {
                    let clone = message.clone();
                    connection.send(message).unwrap();
                    assert!(support::drain(connection).len() > payload.len());
                    assert!(clone.as_bytes() == payload, "masked in a copy");
                }
                _ => drop(message),
            }
            under_way.swap_remove(at);
        }
        if kept.len() > 5 {
            let (message, payload) = kept.swap_remove(any(6));
            assert!(message.as_bytes() == payload, "it was kept");
        }
    }
    assert!(kept.iter().all(|(message, payload)| message.as_bytes() == payload));
}

#[test]
fn a_reused_block_shows_nothing_of_its_last_message() {
    let _exclusive = exclusive();
    thread::scope(|scope| {
        let (away, arrived) = mpsc::channel::<(Message, Vec<u8>)>();
        for seed in 0..4 {
            let away = away.clone();
            scope.spawn(move || poisoned(0xee, || work(seed, &away)));
        }
        drop(away);
        let mut kept = Vec::new();
        for (message, payload) in arrived {
            assert!(message.as_bytes() == payload);
            kept.push((message, payload));
            if kept.len() > 3 {
                kept.remove(0);
            }
            assert!(kept.iter().all(|(message, payload)| message.as_bytes() == payload));
        }
    });
}

/// A block is at most twice as large as what is kept in it.
#[test]
fn a_message_does_not_hold_a_block_that_is_far_too_large() {
    let _exclusive = exclusive();
    for first in [0x01, 0x02] {
        // The first fragment is taken for half of the message, and there is such a block; but it
        // was all.
        keep_only(300 * KIB);
        let mut bytes = [frame(first, &[b'x'; 140 * KIB]), frame(0x80, b"")].concat();
        let (messages, cost) = cost(|| receive(&mut server(), &mut bytes, 272 * KIB));
        assert!(messages[0].as_bytes() == [b'x'; 140 * KIB]);
        assert!(cost.held <= (140 * KIB + LITTLE) as isize, "{}", cost.held);
        let (_, cost) = receive_one(&mut server(), 0x82, &vec![0; 300 * KIB]);
        assert!(cost.taken < LITTLE, "the block was given back: {}", cost.taken);
        drop(messages);
    }
}

/// Many small messages do not take the large blocks.
#[test]
fn a_block_is_for_messages_of_its_size() {
    let _exclusive = exclusive();
    keep_only(4 * MIB);
    // And those that such a message is in before.
    (0..3).for_each(|_| drop(receive_one(&mut server(), 0x82, &vec![0; 4 * MIB])));
    let (small, _) = receive_one(&mut server(), 0x82, &vec![0; 200 * KIB]);
    let (_, cost) = receive_one(&mut server(), 0x82, &vec![0; 4 * MIB]);
    assert!(cost.taken < LITTLE, "{}", cost.taken);
    drop(small);
}

type End = fn(&mut Connection);

/// However it ends: dropped, cut off, or refused.
#[test]
fn an_unfinished_message_returns_its_block() {
    let _exclusive = exclusive();
    let payload = vec![b'x'; MIB];
    let bytes = frame(0x81, &payload);
    let ends: [(&str, End); 4] = [
        ("dropped", |_| ()),
        ("cut off", |connection| {
            connection.end_input();
            assert!(matches!(connection.receive(), Some(Event::Closed(_))));
        }),
        ("no text", |connection| {
            let mut bad = [0xff];
            assert!(matches!(
                connection.receive_from(&mut &mut bad[..]),
                Some(EventRef::Other(Event::Closed(_)))
            ));
            support::drain(connection);
        }),
        ("parted", |connection| connection.release_memory()),
    ];
    for (how, end) in ends {
        keep_only(MIB);
        let mut us = server();
        assert_eq!(receive(&mut us, &mut bytes[..700 * KIB].to_vec(), 64 * KIB), []);
        assert_eq!(us.bytes_held(), MIB + PAGE, "{how}: it has the block");
        assert_eq!(kept_of(MIB), 0);
        end(&mut us);
        if how == "dropped" || how == "parted" {
            drop(us);
        } else {
            assert_eq!(us.bytes_held(), 0, "{how}");
        }
        // That, and the one that was not there.
        assert_eq!(kept_of(MIB), 2, "{how}");
    }
}

/// The payload is `Bytes` like any other.
#[test]
fn a_received_payload_converts_to_owned_bytes() {
    let _exclusive = exclusive();
    for size in [1, 5000, 128 * KIB - 1, 128 * KIB, MIB] {
        let payload = content(1, size);
        let one = |first| receive_one(&mut server(), first, &payload).0;
        let taken = [Vec::from(one(0x82).into_bytes()), Vec::from(one(0x81).into_bytes())];
        assert!(taken.iter().all(|taken| *taken == payload));
        let mut taken = BytesMut::from(one(0x82).into_bytes());
        taken.extend_from_slice(b"more");
        assert!(taken[..size] == payload);
        // Whether it may be changed in place or not, it is there.
        let (Ok(same) | Err(same)) = one(0x82).into_bytes().try_into_mut().map(BytesMut::freeze);
        assert!(same == payload);
        if let Ok(mut ours) = one(0x82).into_bytes().try_into_mut() {
            ours.fill(0);
        }
        // A slice holds what it shows, whatever comes into other blocks.
        let message = one(0x82);
        let (slice, clone) = (message.clone().into_bytes().slice(size / 2..), message.clone());
        drop(message);
        drop(receive_one(&mut server(), 0x82, &vec![0; size]));
        assert!(clone.as_bytes() == payload && slice == payload[size / 2..]);
        drop(clone);
        drop(receive_one(&mut server(), 0x82, &vec![0; size]));
        assert!(slice == payload[size / 2..], "{size}");
    }
}

#[test]
fn masking_in_place_never_changes_a_shared_message() {
    let _exclusive = exclusive();
    for size in [5000, 128 * KIB, MIB] {
        let payload = content(2, size);
        let mut client = connection(Role::Client, Config::new());
        for round in 0..4 {
            let mut received = receive(&mut client, &mut unmasked(0x82, &payload), 64 * KIB);
            let message = received.remove(0);
            let (clone, slice) = (message.clone(), message.clone().into_bytes().slice(1..size / 2));
            // All of it is shared, some of it, or none.
            let (clone, slice) = ((round == 0).then_some(clone), (round <= 1).then_some(slice));
            if round == 3 {
                client.send_ref(sansocket::MessageRef::from(message)).unwrap();
            } else {
                client.send(message).unwrap();
            }
            assert!(clone.is_none_or(|clone| clone.as_bytes() == payload));
            let sent = support::drain(&mut client);
            assert!(slice.is_none_or(|slice| slice == payload[1..size / 2]));
            let mut sent = { sent };
            let received = receive(&mut server(), &mut sent, 64 * KIB);
            assert!(received[0].as_bytes() == payload, "{size} {round}");
            assert_eq!(client.bytes_held(), 0);
        }
    }
}

/// Copies that are masked are put into blocks that are kept as well.
#[test]
fn an_echoing_client_takes_no_new_blocks() {
    let _exclusive = exclusive();
    let mut client = connection(Role::Client, Config::new());
    let payload = vec![7; MIB];
    for round in 0..4 {
        let mut bytes = unmasked(0x82, &payload);
        let (_, cost) = cost(|| {
            for message in receive(&mut client, &mut bytes, 64 * KIB) {
                client.send(message).unwrap();
            }
            while client.wants_write() {
                let len = client.output().chunk().len();
                client.output().advance(len);
            }
        });
        assert!(round == 0 || cost.taken < 900 * KIB, "{}", cost.taken);
    }
}
