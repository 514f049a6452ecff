//! Announced lengths: RFC 6455 §5.2, §10.4.

use sansocket::wire::HeaderError;
use sansocket::{Config, ProtocolError};

use super::{ROLES, announced, from_peer, take, violation};
use support::allocator::cost;
use support::connection;

const LIMIT: u64 = 16 * 1024 * 1024;

/// The attacked libraries had no default limit.
#[test]
fn cve_2016_10542_and_cve_2018_21035_default_message_limit_is_exactly_16_mib() {
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

/// A server can attack a client in the same way.
#[test]
fn cve_2026_27889_announced_length_allocates_nothing_in_either_role() {
    for role in ROLES {
        for exponent in 17..63 {
            for length in [1 << exponent, (1 << exponent) - 1, (1_u64 << 63) - 1 - exponent] {
                let mut us = connection(role, Config::new().max_message_size(Config::UNLIMITED));
                let (_, cost) = cost(|| {
                    take(&mut us, &announced(role, 0x02, length));
                    take(&mut us, b"x");
                });
                // On a 32-bit processor, no memory has room for it.
                let refused = length > isize::MAX as u64;
                assert_eq!(us.closed().is_some(), refused, "{role:?} {length}");
                assert!(cost.peak < 8 * 1024, "{role:?} {length}: {}", cost.peak);
            }
        }
    }
}

/// The sum of 2⁶⁴ − 1 and the header's length overflowed.
#[test]
fn actix_3723_length_of_2_pow_63_or_more_is_a_length_overflow() {
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

/// CVE-2020-27813, CVE-2020-13935: lengths that are negative or zero in 32 bits.
#[test]
fn cve_2020_27813_length_is_not_truncated_to_32_bits() {
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

/// The sum is checked at the header of each fragment, also with `receive_in_chunks`.
#[test]
fn resiprocate_478_sum_of_fragment_lengths_does_not_wrap() {
    for role in ROLES {
        for limit in [LIMIT, Config::UNLIMITED] {
            for receive_in_chunks in [false, true] {
                let mut us = connection(
                    role,
                    Config::new().max_message_size(limit).receive_in_chunks(receive_in_chunks),
                );
                take(&mut us, &from_peer(role, 0x02, b"a"));
                let (_, cost) = cost(|| take(&mut us, &announced(role, 0x80, (1 << 63) - 1)));
                let most = if receive_in_chunks { i64::MAX as u64 } else { isize::MAX as u64 };
                let limit = limit.min(most);
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

/// The error is reported at the header, and the payload after it is not stored.
#[test]
fn cve_2026_1528_payload_of_a_too_big_frame_is_discarded() {
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

/// The attacked libraries checked the limit for unfragmented messages only.
#[test]
fn java_websocket_1508_and_cve_2018_21035_message_limit_includes_all_fragments() {
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
        assert!(cost.held < 0, "the received fragments are freed: {}", cost.held);
    }
}
