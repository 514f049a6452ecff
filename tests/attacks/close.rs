//! Attacks with close frames: RFC 6455 §5.5.1, §7.

use bytes::{Buf, BufMut};
use sansocket::{CloseCode, CloseFrame, CloseOutcome, Config, Event, ProtocolError, Role, State};

use super::{ROLES, announced, from_peer, messages, take, violation};
use support::allocator::cost;
use support::{Chunking, connection, drain, feed, unmasked};

/// The attack sent uninitialized memory after a short reason. Every valid length, byte for byte.
#[test]
fn cve_2026_45736_close_reason_of_every_length_is_written_exactly() {
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
            "a long reason is not truncated"
        );
    }
}

/// The close frame for a protocol error echoes no byte of the peer.
#[test]
fn m6_close_frame_for_a_protocol_error_has_a_code_and_a_fixed_reason() {
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
            let (key, mut body) = if role == Role::Client {
                (<[u8; 4]>::try_from(&output[2..6]).unwrap(), output[6..].to_vec())
            } else {
                ([0; 4], output[2..].to_vec())
            };
            sansocket::wire::apply_mask(key, 0, &mut body);
            let CloseOutcome::ProtocolError(error) = us.closed().unwrap().outcome() else {
                panic!("{bad:02x?}")
            };
            let reason = error.close_reason();
            assert_eq!(body, [&code.to_be_bytes(), reason.as_bytes()].concat(), "{bad:02x?}");
            assert!(!reason.contains("mark"), "nothing of the peer's bytes");
        }
    }
}

/// The attack filled the input buffer after an error, until the stream was closed.
#[test]
fn aiohttp_13655_input_after_a_protocol_error_is_discarded() {
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

/// Repeated close frames, pings and messages after the first Close: one reply and one event.
#[test]
fn r7_a_thousand_close_frames_get_one_reply() {
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

/// §1.4: messages that the peer sent before it received our Close are delivered.
#[test]
fn f10_messages_after_our_close_are_received_and_pings_get_no_pong() {
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
        // A protocol error still ends the connection; no second Close is sent.
        take(&mut us, &from_peer(role, 0x83, b""));
        assert!(matches!(violation(&us), Some(ProtocolError::Header(_))) && !us.wants_write());
    }
}

/// A Close is queued behind a mebibyte for a peer that does not read: its frames are received and
/// do not increase the held memory.
#[test]
fn cve_2024_23672_pending_close_does_not_grow_with_received_frames() {
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
