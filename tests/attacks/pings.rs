//! Ping floods: RFC 6455 §5.5.2, §5.5.3. At most one pong is deferred, and it answers the latest
//! ping.

use bytes::Buf;
use sansocket::{Config, Role};

use super::{ROLES, from_peer, take};
use support::allocator::cost;
use support::{connection, drain, masked, unmasked};

/// A server that sends pings and does not read: the queue of pongs is bounded, and the last pong
/// answers the newest ping.
#[test]
fn cve_2026_11586_ping_flood_queues_bounded_pongs_and_answers_the_last() {
    let mut client = connection(Role::Client, Config::new());
    let (_, cost) = cost(|| {
        for n in 0..20_000_u32 {
            take(&mut client, &unmasked(0x89, &[&[7; 121][..], &n.to_be_bytes()].concat()));
        }
    });
    assert!(
        cost.held < 16 * 1024 && client.buffered_amount() < 4 * 1024 + 131,
        "{} {}",
        cost.held,
        client.buffered_amount()
    );
    let output = drain(&mut client);
    assert_eq!(output.len() % 131, 0, "whole pongs");
    let mut last = output[output.len() - 125..].to_vec();
    let key = <[u8; 4]>::try_from(&output[output.len() - 129..][..4]).unwrap();
    sansocket::wire::apply_mask(key, 0, &mut last);
    assert_eq!(last[121..], 19_999_u32.to_be_bytes());
}

/// A peer that reads slowly and keeps pinging: the output grows by at most one pong.
#[test]
fn tyrus_954_ping_flood_of_a_slow_reader_queues_one_pong() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        us.send(vec![0; 100_000]).unwrap();
        let ours = us.buffered_amount();
        for n in 0..50_000_u32 {
            take(&mut us, &from_peer(role, 0x89, &n.to_be_bytes()));
            if n % 4 == 0 {
                us.output().advance(1);
            }
            assert!(us.buffered_amount() <= ours + 10, "{role:?} {n}: {}", us.buffered_amount());
        }
        assert!(us.bytes_held() <= ours + 8 * 1024, "{role:?}: {}", us.bytes_held());
    }
}

/// Pings arrive while a message of ours is partly written.
#[test]
fn r4_pong_follows_the_queued_message_and_never_splits_it() {
    let mut server = connection(Role::Server, Config::new());
    server.send(vec![1; 70_000]).unwrap();
    for n in 0..1000_u32 {
        take(&mut server, &masked(0x89, &n.to_be_bytes()));
        server.output().advance(1);
    }
    let rest = drain(&mut server);
    let message = unmasked(0x82, &[1; 70_000]);
    assert_eq!(rest, [&message[1000..], &unmasked(0x8a, &999_u32.to_be_bytes())].concat());
}

/// Later pings cost no more than earlier ones.
#[test]
fn r4_cost_of_a_ping_is_constant() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        let ping = from_peer(role, 0x89, &[0; 125]);
        // The first pongs are queued, which allocates.
        for _ in 0..100 {
            take(&mut us, &ping);
        }
        let (_, few) = cost(|| {
            for _ in 0..1000 {
                take(&mut us, &ping);
            }
        });
        let (_, many) = cost(|| {
            for _ in 0..4000 {
                take(&mut us, &ping);
            }
        });
        assert!(
            many.taken <= 4 * few.taken && many.allocations <= 4 * few.allocations,
            "{role:?} {} {}",
            few.taken,
            many.taken
        );
    }
}
