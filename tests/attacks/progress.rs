//! Endless loops and missed EOF: in every state of a partly received frame, `receive` returns
//! `None` and allocates nothing.

use sansocket::{CloseOutcome, Config, Connection, Event, Role, Side, State};

use super::{ROLES, announced, from_peer, take};
use support::allocator::cost;
use support::{connection, drain};

/// Input that stops in the middle of a frame or message, for each state of the receiver.
fn unfinished(role: Role) -> Vec<(&'static str, Vec<u8>)> {
    let whole = |first, payload: &[u8]| from_peer(role, first, payload);
    let cut = |bytes: Vec<u8>, len: usize| bytes[..len].to_vec();
    let long = announced(role, 0x82, 100_000);
    let (header, masked) = (long.len(), role == Role::Server);
    let key = if masked { 4 } else { 0 };
    vec![
        ("nothing", vec![]),
        ("half the first two bytes", vec![0x81]),
        ("no length", cut(whole(0x82, &[0; 300]), 2)),
        ("half a length of 16 bits", cut(whole(0x82, &[0; 300]), 3)),
        ("half a length of 64 bits", cut(long.clone(), 6)),
        ("a header without its last byte", cut(long.clone(), header - 1)),
        ("a header", long.clone()),
        ("half a payload", [long, vec![0; 5000]].concat()),
        ("between fragments", whole(0x01, b"a")),
        ("between empty fragments", [whole(0x02, b""), whole(0x00, b"")].concat()),
        ("half a character", whole(0x01, b"\xf0\x9f")),
        ("half a character in half a frame", cut(whole(0x81, b"\xf0\x9f\x98\x80"), 2 + key + 2)),
        ("half a ping", cut(whole(0x89, &[0; 100]), 50)),
        ("a Close without its code", cut(whole(0x88, b"\x03\xe8"), 2 + key)),
        ("a Close inside its reason", cut(whole(0x88, b"\x03\xe8bye"), 2 + key + 3)),
        ("a ping and no pong of ours", whole(0x89, b"")),
    ]
}

/// A connection that has received these bytes, after it sent its close frame if `closing`.
fn after(role: Role, bytes: &[u8], closing: bool) -> Connection {
    let mut us = connection(role, Config::new());
    if closing {
        us.close(None);
    }
    take(&mut us, bytes);
    drain(&mut us);
    us
}

/// CVE-2020-13935, CVE-2018-1336, CVE-2025-5399: endless loops that consumed no byte.
#[test]
fn cve_2020_13935_receive_without_input_returns_none_in_every_state() {
    for role in ROLES {
        for (what, bytes) in unfinished(role) {
            let mut us = after(role, &bytes, false);
            let (events, cost) = cost(|| (0..1000).map(|_| take(&mut us, b"")).sum::<usize>());
            assert_eq!((events, us.state()), (0, State::Open), "{what}");
            assert!(cost.held <= 0, "{what}: {}", cost.held);
        }
    }
}

/// The end of the stream without a close frame is reported once, in every state, as 1006 (§7.1.5).
#[test]
fn a4_eof_in_every_state_is_1006_once() {
    for role in ROLES {
        for (what, bytes) in unfinished(role) {
            for closing in [false, true] {
                let mut us = after(role, &bytes, closing);
                us.end_input();
                let Some(Event::Closed(closed)) = us.receive() else { panic!("{what}") };
                let initiator = if closing { Side::Local } else { Side::Remote };
                assert_eq!(
                    (closed.outcome(), closed.code(), closed.initiator()),
                    (CloseOutcome::ConnectionLost, 1006, initiator),
                    "{what}"
                );
                for _ in 0..1000 {
                    us.end_input();
                    assert_eq!((us.receive(), us.wants_read()), (None, false), "{what}");
                }
                assert_eq!(
                    (take(&mut us, &from_peer(role, 0x81, b"late")), us.closed()),
                    (0, Some(&closed)),
                    "{what}"
                );
                assert_eq!(
                    (drain(&mut us), us.bytes_held()),
                    (vec![], 0),
                    "{what}: no frame is sent after EOF"
                );
            }
        }
    }
}

/// Each call returns an event, or `None` after it has consumed all complete frames.
#[test]
fn f2_receive_returns_each_event_and_then_none() {
    for role in ROLES {
        let ping = from_peer(role, 0x89, b"");
        let fragments = [
            from_peer(role, 0x02, b""),
            from_peer(role, 0x00, b"").repeat(5_000),
            from_peer(role, 0x80, b""),
        ]
        .concat();
        for (bytes, events) in [
            (ping.repeat(10_000), 10_000),
            (fragments, 1),
            (from_peer(role, 0x81, b"x").repeat(1000), 1000),
        ] {
            let mut us = connection(role, Config::new());
            assert_eq!(take(&mut us, &bytes), events, "{role:?}");
        }
    }
}
