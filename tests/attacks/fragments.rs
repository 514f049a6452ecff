//! Messages in very many frames: RFC 6455 §5.4. Fragments have no overhead in memory, and their
//! number has a limit.

use bytes::BufMut;
use sansocket::{Config, Connection, ProtocolError, Role};

use super::{ROLES, from_peer, messages, take, violation};
use support::allocator::{LARGE, cost};
use support::{Chunking, connection, feed};

const FRAGMENT_LIMIT: usize = 262_144;

/// The default limit is exact in both roles, for empty and other fragments, and empty fragments
/// take no memory.
#[test]
fn cve_2026_12151_and_cve_2026_42786_default_fragment_limit_is_1008() {
    for role in ROLES {
        for payload in [&b""[..], b"x"] {
            let mut us = connection(role, Config::new());
            let thousand = from_peer(role, 0x00, payload).repeat(1024);
            let (_, cost) = cost(|| {
                take(&mut us, &from_peer(role, 0x02, payload));
                for _ in 0..FRAGMENT_LIMIT / 1024 - 1 {
                    take(&mut us, &thousand);
                }
                take(&mut us, &from_peer(role, 0x00, payload).repeat(1023));
            });
            assert_eq!(violation(&us), None, "{role:?}");
            assert!(
                cost.peak < 32 * 1024 + 3 * (FRAGMENT_LIMIT * payload.len()) as isize,
                "{role:?}: {}",
                cost.peak
            );
            take(&mut us, &from_peer(role, 0x80, payload));
            assert_eq!(
                violation(&us),
                Some(ProtocolError::TooManyFragments { limit: FRAGMENT_LIMIT as u32 }),
                "{role:?}"
            );
            assert_eq!(us.closed().unwrap().sent().unwrap().code().get(), 1008);
        }
    }
}

/// A server sends a message to a client in frames of one byte: no object or copy per fragment.
#[test]
fn cve_2026_47073_tiny_fragments_allocate_once_a_read() {
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
    // One allocation per read, freed each time, and a buffer that doubles up to 16 KiB.
    assert!(cost.allocations < 16_384 + 20, "{}", cost.allocations);
    assert!(LARGE.get() - large <= 3, "{}", LARGE.get() - large);
}

/// The attack cost a thread, task or copy per message. Here a read allocates at most four times.
#[test]
fn mesop_flood_of_empty_messages_holds_no_memory() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        let flood = from_peer(role, 0x82, b"").repeat(1000);
        let (events, cost) = cost(|| (0..100).map(|_| take(&mut us, &flood)).sum::<usize>());
        assert_eq!((events, cost.held), (100_000, 0), "{role:?}");
        assert!(cost.allocations <= 400, "{role:?}: {}", cost.allocations);
    }
}

/// The bug lost the message after a ping between fragments. Here are thousands of control frames,
/// also within characters.
#[test]
fn actix_4215_pings_between_fragments_do_not_lose_the_message() {
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

/// The fragment limit holds per message, and control frames do not count.
#[test]
fn r1_fragment_count_restarts_with_every_message() {
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
