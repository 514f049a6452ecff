//! Messages in very many frames: RFC 6455 §5.4. A fragment costs what it carries, and their number
//! has a limit.

use bytes::BufMut;
use sansocket::{Config, Connection, ProtocolError, Role};

use super::{ROLES, from_peer, messages, take, violation};
use support::allocator::{LARGE, cost};
use support::{Chunking, connection, feed};

const MOST: usize = 262_144;

/// The limit in frames is there by default, in either role, empty frames or not; it is exact, and
/// the way there takes no memory.
#[test]
fn cve_2026_12151_and_cve_2026_42786_fragments_are_counted() {
    for role in ROLES {
        for payload in [&b""[..], b"x"] {
            let mut us = connection(role, Config::new());
            let thousand = from_peer(role, 0x00, payload).repeat(1024);
            let (_, cost) = cost(|| {
                take(&mut us, &from_peer(role, 0x02, payload));
                for _ in 0..MOST / 1024 - 1 {
                    take(&mut us, &thousand);
                }
                take(&mut us, &from_peer(role, 0x00, payload).repeat(1023));
            });
            assert_eq!(violation(&us), None, "{role:?}");
            assert!(
                cost.peak < 32 * 1024 + 3 * (MOST * payload.len()) as isize,
                "{role:?}: {}",
                cost.peak
            );
            take(&mut us, &from_peer(role, 0x80, payload));
            assert_eq!(
                violation(&us),
                Some(ProtocolError::TooManyFragments { limit: MOST as u32 }),
                "{role:?}"
            );
            assert_eq!(us.closed().unwrap().sent().unwrap().code().get(), 1008);
        }
    }
}

/// A client, whose server sends a message byte by byte in frames of their own: no object, no block,
/// no copy for each.
#[test]
fn cve_2026_47073_a_client_joins_tiny_fragments_without_keeping_them() {
    let mut client = connection(Role::Client, Config::new());
    let fragment = from_peer(Role::Client, 0x00, b"x");
    take(&mut client, &from_peer(Role::Client, 0x02, b"x"));
    let large = LARGE.get();
    let (_, cost) = cost(|| {
        for _ in 0..16_384 {
            take(&mut client, &fragment);
        }
    });
    assert!(cost.peak <= 64 * 1024, "{}", cost.peak);
    // One block for each read, given back each time, and a buffer that doubled until it held 16
    // KiB.
    assert!(cost.allocations < 16_384 + 20, "{}", cost.allocations);
    assert!(LARGE.get() - large <= 3, "{}", LARGE.get() - large);
}

/// A thread, a task or a copy for each message: here it is the message's own memory and that of the
/// read it came in.
#[test]
fn mesop_a_flood_of_empty_messages_takes_nothing() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        let flood = from_peer(role, 0x82, b"").repeat(1000);
        let (events, cost) = cost(|| (0..100).map(|_| take(&mut us, &flood)).sum::<usize>());
        assert_eq!((events, cost.held), (100_000, 0), "{role:?}");
        assert!(cost.allocations <= 400, "{role:?}: {}", cost.allocations);
    }
}

/// A ping between fragments lost the message; a thousand of them, in it and inside of characters,
/// do not.
#[test]
fn actix_4215_a_message_survives_the_pings_inside_of_it() {
    let text = "κόσμε ".repeat(200);
    for role in ROLES {
        let mut frames = text.as_bytes().chunks(1).map(|byte| from_peer(role, 0x00, byte));
        let first = from_peer(role, 0x01, b"");
        let bytes: Vec<u8> = frames
            .by_ref()
            .flat_map(|frame| [frame, from_peer(role, 0x89, b"?"), from_peer(role, 0x8a, b"!")])
            .flatten()
            .collect();
        let bytes = [first, bytes, from_peer(role, 0x80, b"")].concat();
        let events = feed(&mut connection(role, Config::new()), &bytes, Chunking::Random(3));
        assert_eq!(messages(&events), [text.as_bytes()], "{role:?}");
        assert_eq!(events.len(), 1 + 2 * text.len());
    }
}

/// The fragments' limit is a message's: it begins anew with the next, and is not used up by control
/// frames.
#[test]
fn r1_the_count_begins_anew_with_every_message() {
    let mut server: Connection = connection(Role::Server, Config::new().max_fragments(2));
    let message = [
        from_peer(Role::Server, 0x02, b"a"),
        from_peer(Role::Server, 0x89, b"").repeat(9),
        from_peer(Role::Server, 0x80, b"b"),
    ];
    for _ in 0..100 {
        server.input().put_slice(&message.concat());
        assert_eq!(std::iter::from_fn(|| server.receive()).count(), 10);
    }
    assert_eq!(violation(&server), None);
}
