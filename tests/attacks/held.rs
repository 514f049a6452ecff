//! [`Connection::bytes_held`](sansocket::Connection::bytes_held) reports the memory of a
//! connection, so that a server can close the most expensive connections first.

use bytes::Bytes;
use sansocket::{Config, Kind, Role};

use super::{ROLES, announced, from_peer, take};
use support::allocator::cost;
use support::{connection, drain};

/// Allocations that `bytes_held` excludes: slack and reference counts of buffers.
const HANDLES: isize = 1024;

#[test]
fn r9_bytes_held_matches_the_heap_while_receiving() {
    for role in ROLES {
        let frame = |first, len: usize| from_peer(role, first, &vec![b'x'; len]);
        for (what, bytes) in [
            ("nothing", vec![]),
            ("half a header", frame(0x82, 300)[..3].to_vec()),
            ("half a control frame", frame(0x89, 125)[..100].to_vec()),
            ("half a message", frame(0x82, 100_000)[..50_000].to_vec()),
            ("half a text", frame(0x81, 100_000)[..50_000].to_vec()),
            ("a claim", [announced(role, 0x82, 16 << 20), vec![0; 10]].concat()),
            ("fragments", [frame(0x01, 10_000), frame(0x00, 10_000), frame(0x00, 1)].concat()),
            ("tiny fragments", [frame(0x02, 1), frame(0x00, 1).repeat(5000)].concat()),
            ("pings", frame(0x89, 125).repeat(1000)),
            ("a Close", frame(0x88, 0)),
            ("an error", [frame(0x82, 50_000)[..40_000].to_vec(), vec![0xff; 20_000]].concat()),
        ] {
            for read in [13, 1000, 64 * 1024] {
                let mut us = connection(role, Config::new());
                us.ping("").unwrap();
                drain(&mut us);
                let (_, cost) = cost(|| {
                    for chunk in bytes.chunks(read) {
                        take(&mut us, chunk);
                    }
                });
                let reported = us.bytes_held() as isize;
                assert!(
                    (cost.held - reported).abs() <= HANDLES,
                    "{role:?} {what}, {read} at once: {reported} reported, {} held",
                    cost.held
                );
            }
        }
    }
}

/// Copied and shared payloads of queued messages both count.
#[test]
fn r5_cve_2020_35896_bytes_held_includes_queued_messages() {
    for role in ROLES {
        for (messages, len) in [(1, 1 << 20), (1000, 1000), (3000, 0), (100, 50_000), (10, 4097)] {
            let mut us = connection(role, Config::new());
            us.ping("").unwrap();
            drain(&mut us);
            let (_, cost) = cost(|| {
                for _ in 0..messages {
                    us.send(vec![0; len]).unwrap();
                    us.send_fragment(Kind::Text, Bytes::from_static(b"x"), true).unwrap();
                }
            });
            let (reported, buffered) = (us.bytes_held() as isize, us.buffered_amount());
            assert!(buffered >= messages * len, "{role:?}");
            // Each shared payload has a reference count.
            let handles = HANDLES + if len > 4096 { 64 * messages as isize } else { 0 };
            assert!(
                (cost.held - reported).abs() <= handles,
                "{role:?} {messages} of {len}: {reported} reported, {} held",
                cost.held
            );
            drain(&mut us);
            assert_eq!(us.bytes_held(), 0);
        }
    }
    assert_eq!(connection(Role::Server, Config::new()).bytes_held(), 0);
}
