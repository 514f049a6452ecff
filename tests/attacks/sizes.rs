//! Lengths that were only announced: RFC 6455 §5.2, §10.4.

use sansocket::wire::HeaderError;
use sansocket::{Config, ProtocolError};

use super::{ROLES, announced, from_peer, take, violation};
use support::allocator::cost;
use support::connection;

const LIMIT: u64 = 16 * 1024 * 1024;

/// No limit at all unless somebody thought of one: in either role, it is there, and is exact.
#[test]
fn cve_2016_10542_and_cve_2018_21035_a_limit_is_on_by_default() {
    for role in ROLES {
        for (length, refused) in
            [(LIMIT, false), (LIMIT + 1, true), (1 << 32, true), ((1 << 63) - 1, true)]
        {
            let mut us = connection(role, Config::new());
            let (_, cost) = cost(|| take(&mut us, &announced(role, 0x82, length)));
            assert_eq!(
                violation(&us),
                refused.then_some(ProtocolError::MessageTooBig { limit: LIMIT }),
                "{role:?} {length}"
            );
            assert!(cost.peak < 8 * 1024, "{role:?} {length}: {}", cost.peak);
        }
    }
}

/// A server can do to a client what a client can do to a server.
#[test]
fn cve_2026_27889_a_client_gives_no_memory_for_a_claim_either() {
    for role in ROLES {
        for exponent in 17..63 {
            for length in [1 << exponent, (1 << exponent) - 1, (1_u64 << 63) - 1 - exponent] {
                let mut us = connection(role, Config::new().max_message_size(Config::UNLIMITED));
                let (_, cost) = cost(|| {
                    take(&mut us, &announced(role, 0x02, length));
                    take(&mut us, b"x");
                });
                assert!(
                    us.closed().is_none() && cost.peak < 8 * 1024,
                    "{role:?} {length}: {}",
                    cost.peak
                );
            }
        }
    }
}

/// The header's own length added to 2⁶⁴ − 1 is a small number.
#[test]
fn actix_3723_a_length_of_64_bits_is_refused_and_added_to_nothing() {
    for role in ROLES {
        for length in (0..20).map(|less| u64::MAX - less).chain([1 << 63, (1 << 63) + 1]) {
            let mut us = connection(role, Config::new().max_message_size(Config::UNLIMITED));
            take(&mut us, &announced(role, 0x82, length));
            assert_eq!(
                violation(&us),
                Some(ProtocolError::Header(HeaderError::LengthOverflow)),
                "{role:?} {length}"
            );
        }
    }
}

/// A sign bit in an `int`: CVE-2020-27813, CVE-2020-13935. Lengths that are negative, or nothing,
/// in 32 bits are neither.
#[test]
fn cve_2020_27813_a_length_is_not_cut_to_32_bits() {
    for role in ROLES {
        for length in [1 << 31, (1 << 32) - 1, 1 << 32, (1 << 32) + 5, 1 << 40, (1_u64 << 40) + 5] {
            let mut us = connection(role, Config::new().max_message_size(1 << 30));
            take(&mut us, &announced(role, 0x82, length));
            assert_eq!(
                violation(&us),
                Some(ProtocolError::MessageTooBig { limit: 1 << 30 }),
                "{role:?} {length}"
            );
        }
    }
}

/// Fragments that are small one by one: the sum is refused from the header of the one that is too
/// much, also as parts.
#[test]
fn resiprocate_478_the_sum_of_fragments_does_not_wrap() {
    for role in ROLES {
        for limit in [LIMIT, Config::UNLIMITED] {
            for receive_in_chunks in [false, true] {
                let mut us = connection(
                    role,
                    Config::new().max_message_size(limit).receive_in_chunks(receive_in_chunks),
                );
                take(&mut us, &from_peer(role, 0x02, b"a"));
                let (_, cost) = cost(|| take(&mut us, &announced(role, 0x80, (1 << 63) - 1)));
                assert_eq!(
                    violation(&us),
                    Some(ProtocolError::MessageTooBig { limit }),
                    "{role:?}"
                );
                assert!(cost.peak < 8 * 1024, "{role:?}: {}", cost.peak);
            }
        }
    }
}

/// The refusal comes at the header, and the megabytes behind it, sent all the same, are nowhere.
#[test]
fn cve_2026_1528_what_was_refused_is_not_received() {
    for role in ROLES {
        let mut us = connection(role, Config::new().max_message_size(1000));
        let chunk = vec![0; 64 * 1024];
        let (events, cost) = cost(|| {
            let mut events = take(&mut us, &announced(role, 0x82, 1 << 20));
            for _ in 0..16 {
                events += take(&mut us, &chunk);
            }
            events
        });
        assert_eq!((events, us.bytes_held() - us.buffered_amount() > 512), (1, false), "{role:?}");
        assert!(
            cost.peak < 2 * 64 * 1024 && cost.held < 1024,
            "{role:?}: {} {}",
            cost.peak,
            cost.held
        );
    }
}

/// The limit was looked at for whole messages only.
#[test]
fn java_websocket_1508_and_cve_2018_21035_the_limit_counts_for_fragments() {
    for role in ROLES {
        let mut us = connection(role, Config::new().max_message_size(1000));
        take(&mut us, &from_peer(role, 0x02, &[0; 100]));
        for _ in 0..9 {
            take(&mut us, &from_peer(role, 0x00, &[0; 100]));
        }
        assert!(us.closed().is_none());
        let frame = from_peer(role, 0x00, b"x");
        let (_, cost) = cost(|| take(&mut us, &frame[..frame.len() - 1]));
        assert_eq!(violation(&us), Some(ProtocolError::MessageTooBig { limit: 1000 }));
        assert!(cost.held < 0, "what had come is given back: {}", cost.held);
    }
}
