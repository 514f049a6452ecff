//! Pings as a weapon: RFC 6455 §5.5.2, §5.5.3. There is room for one pong that waits, and it
//! answers the latest ping.

use bytes::Buf;
use sansocket::{Config, Role};

use super::{ROLES, from_peer, take};
use support::allocator::cost;
use support::{connection, drain, masked, unmasked};

/// A server that pings and reads nothing, too: the queue of pongs does not grow, and the newest
/// ping is answered in the end.
#[test]
fn cve_2026_11586_a_client_keeps_one_pong_for_a_server_that_does_not_read() {
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

/// A peer that reads again, bit by bit, and goes on pinging: what waits never exceeds the mark and
/// one pong.
#[test]
fn tyrus_954_a_slow_reader_does_not_make_the_output_grow() {
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

/// Pings inside an unfinished message, with the application's own message waiting: the message is
/// whole, and so is the answer.
#[test]
fn r4_a_pong_waits_behind_a_message_and_never_inside_of_it() {
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

/// The ten-thousandth ping costs what the hundredth did.
#[test]
fn r4_every_ping_costs_the_same() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        let ping = from_peer(role, 0x89, &[0; 125]);
        // The first are answered at once, for the price of the answer.
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
