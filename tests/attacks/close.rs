//! Games with Close frames: RFC 6455 §5.5.1, §7.

use bytes::{Buf, BufMut};
use sansocket::{CloseCode, CloseFrame, Config, Event, ProtocolError, Role, State};

use super::{ROLES, announced, from_peer, messages, take, violation};
use support::allocator::cost;
use support::{Chunking, connection, drain, feed, unmasked};

/// Foreign memory in a reason that was shorter than announced: every length there is, byte for
/// byte.
#[test]
fn cve_2026_45736_a_reason_is_what_was_given_and_not_a_byte_more() {
    for len in 0..=CloseFrame::MAX_REASON_LEN {
        let reason: String = ('!'..'~').cycle().take(len).collect();
        let mut server = connection(Role::Server, Config::new());
        server.close(CloseFrame::new(CloseCode::GOING_AWAY, reason.as_str()).unwrap());
        let body = [&1001_u16.to_be_bytes()[..], reason.as_bytes()].concat();
        assert_eq!(drain(&mut server), unmasked(0x88, &body));
    }
    for len in [124, 125, 126, 4096, 70_000] {
        assert_eq!(
            CloseFrame::new(CloseCode::NORMAL, "x".repeat(len)).unwrap_err().len,
            len,
            "it is not cut"
        );
    }
}

/// The close frame for a violation carries nothing but a code: no byte of its own, or of
/// anybody's, comes back.
#[test]
fn m6_a_close_frame_for_a_violation_has_no_reason() {
    for role in ROLES {
        for (bad, code) in [
            (from_peer(role, 0x83, b"\x03\xe8mark"), 1002_u16),
            (from_peer(role, 0xf1, b"mark"), 1002),
            (from_peer(role, 0x80, b"mark"), 1002),
            (from_peer(role, 0x88, b"\x00\x01mark"), 1002),
            (from_peer(role, 0x88, b"m"), 1002),
            (from_peer(role, 0x88, b"\x03\xe8mark\xff"), 1007),
            (from_peer(role, 0x81, b"mark\xff"), 1007),
            (announced(role, 0x82, 1 << 40), 1009),
        ] {
            let mut us = connection(role, Config::new());
            take(&mut us, &bad);
            let output = drain(&mut us);
            let key = if role == Role::Client {
                <[u8; 4]>::try_from(&output[2..6]).unwrap()
            } else {
                [0; 4]
            };
            let mut body = output[output.len() - 2..].to_vec();
            sansocket::wire::apply_mask(key, 0, &mut body);
            assert_eq!(
                (output.len(), &body[..]),
                (if role == Role::Client { 8 } else { 4 }, &code.to_be_bytes()[..]),
                "{bad:02x?}"
            );
        }
    }
}

/// Nothing was thrown away after an error, until the peer hung up: here not a byte is kept, or
/// looked at.
#[test]
fn aiohttp_13655_nothing_is_kept_after_an_error() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        take(&mut us, &[from_peer(role, 0x02, &[0; 5000]), from_peer(role, 0x83, b"")].concat());
        drain(&mut us);
        let good = from_peer(role, 0x81, &[b'x'; 60_000]);
        let (events, cost) = cost(|| (0..1000).map(|_| take(&mut us, &good)).sum::<usize>());
        assert_eq!((events, us.bytes_held(), us.wants_write()), (0, 0, false), "{role:?}");
        assert!(
            cost.peak <= 2 * 64 * 1024 && cost.held <= 0,
            "{role:?}: {} {}",
            cost.peak,
            cost.held
        );
    }
}

/// Close upon Close, and everything else: one answer, one end.
#[test]
fn r7_one_close_is_answered_however_many_come() {
    for role in ROLES {
        let bytes = [
            from_peer(role, 0x88, b"\x03\xe8"),
            from_peer(role, 0x89, b"?"),
            from_peer(role, 0x81, b"!"),
        ]
        .concat()
        .repeat(1000);
        for chunking in [Chunking::Whole, Chunking::Random(5)] {
            let mut us = connection(role, Config::new());
            assert_eq!(feed(&mut us, &bytes, chunking).len(), 1);
            us.close(CloseCode::NORMAL);
            assert_eq!(drain(&mut us).len(), if role == Role::Client { 8 } else { 4 });
        }
    }
}

/// §1.4: messages that the peer sent before it received our Close still arrive; its pings are answered no
/// more.
#[test]
fn f10_messages_after_our_close_are_received() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        us.close(CloseCode::NORMAL);
        drain(&mut us);
        let rest =
            [from_peer(role, 0x01, b"a"), from_peer(role, 0x89, b"?"), from_peer(role, 0x80, b"b")]
                .concat();
        let events = feed(&mut us, &rest, Chunking::Bytewise);
        assert_eq!(
            (messages(&events), us.state(), us.wants_write()),
            (vec![&b"ab"[..]], State::Closing, false),
            "{role:?}"
        );
        // It may not continue for ever, nor break the rules: our Close was sent already, so nothing
        // more is.
        take(&mut us, &from_peer(role, 0x83, b""));
        assert!(matches!(violation(&us), Some(ProtocolError::Header(_))) && !us.wants_write());
    }
}

/// A Close that waits behind megabytes for a peer that does not read: what it sends in the meantime
/// is taken, and nothing grows.
#[test]
fn cve_2024_23672_a_close_that_waits_holds_what_was_sent_and_no_more() {
    let mut server = connection(Role::Server, Config::new());
    server.send(vec![0; 1 << 20]).unwrap();
    server.close(CloseCode::GOING_AWAY);
    let ours = server.buffered_amount();
    let flood = [from_peer(Role::Server, 0x89, &[0; 125]), from_peer(Role::Server, 0x82, b"x")]
        .concat()
        .repeat(100);
    let (_, cost) = cost(|| {
        for _ in 0..100 {
            take(&mut server, &flood);
        }
    });
    assert_eq!((server.buffered_amount(), server.state()), (ours, State::Closing));
    assert!(cost.peak < 96 * 1024 && cost.held <= 0, "{} {}", cost.peak, cost.held);
    server.input().put_slice(&from_peer(Role::Server, 0x88, b""));
    let Some(Event::Closed(closed)) = server.receive() else { panic!("no end") };
    assert!(closed.was_clean() && server.output().remaining() == ours);
}
