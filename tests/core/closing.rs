//! The closing handshake: every state with every event, in both roles. RFC 6455 §5.5.1, §7.

use sansocket::{
    CloseCode, CloseFrame, CloseOutcome, Closed, Config, Connection, Event, ProtocolError, Role,
    SendError, Side, State,
};
use support::{Chunking, Pair, connection, drain, feed, masked, unmasked};

const ROLES: [Role; 2] = [Role::Client, Role::Server];

/// A frame as the peer of this role would send it.
fn from_peer(role: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    match role {
        Role::Client => unmasked(first, payload),
        Role::Server => masked(first, payload),
    }
}

fn receive_all(connection: &mut Connection, bytes: &[u8]) -> Vec<Event> {
    feed(connection, bytes, Chunking::Whole)
}

fn the_end(events: &[Event]) -> &Closed {
    match events {
        [Event::Closed(closed)] => closed,
        other => panic!("{other:?}"),
    }
}

/// What has been written, as (first byte, payload without mask).
fn written(connection: &mut Connection) -> Vec<(u8, Vec<u8>)> {
    let role = connection.role();
    let bytes = drain(connection);
    let mut rest = &bytes[..];
    let mut frames = Vec::new();
    while let Some((header, size)) = sansocket::wire::Header::parse(rest).unwrap() {
        assert_eq!(header.mask.is_some(), role == Role::Client);
        let (frame, after) = rest.split_at(size + header.payload_len as usize);
        let mut payload = frame[size..].to_vec();
        sansocket::wire::apply_mask(header.mask.unwrap_or_default(), 0, &mut payload);
        frames.push((frame[0], payload));
        rest = after;
    }
    assert!(rest.is_empty());
    frames
}

fn close_frame() -> CloseFrame {
    CloseFrame::new(CloseCode::GOING_AWAY, "bye").unwrap()
}

#[test]
fn close_when_open_sends_close_and_waits_for_the_peers() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        us.close(close_frame());
        assert_eq!(us.state(), State::Closing);
        assert_eq!(written(&mut us), [(0x88, b"\x03\xe9bye".to_vec())]);
        assert!(us.wants_read() && us.receive().is_none() && us.closed().is_none());
    }
}

#[test]
fn close_frame_when_open_is_echoed_and_closes_cleanly() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        let events = receive_all(&mut us, &from_peer(role, 0x88, b"\x0f\xa1why not"));
        let closed = the_end(&events);
        assert_eq!((closed.outcome(), closed.initiator()), (CloseOutcome::Clean, Side::Remote));
        assert_eq!((closed.code(), closed.reason(), closed.was_clean()), (4001, "why not", true));
        assert_eq!(closed.sent(), Some(&CloseFrame::from(CloseCode::new(4001).unwrap())));
        assert_eq!(us.state(), State::Closed);
        assert_eq!(us.closed(), Some(closed));
        assert_eq!(
            written(&mut us),
            [(0x88, b"\x0f\xa1".to_vec())],
            "the code is echoed, the reason is not"
        );
        // §7.1.1: the server closes the stream first, and the client waits for that.
        assert_eq!(us.wants_read(), role == Role::Client);
        us.end_input();
        assert!(!us.wants_read() && !us.wants_write() && us.receive().is_none());
    }
}

#[test]
fn close_frame_without_code_is_1005_and_echoed_empty() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        let events = receive_all(&mut us, &from_peer(role, 0x88, b""));
        let closed = the_end(&events);
        assert_eq!(
            (closed.code(), closed.was_clean(), closed.sent(), closed.received()),
            (1005, true, None, None)
        );
        assert_eq!(written(&mut us), [(0x88, vec![])]);
    }
}

#[test]
fn violation_when_open_sends_its_code_and_closes() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        let bytes = [from_peer(role, 0x81, b"before"), from_peer(role, 0x83, b"")].concat();
        let events = receive_all(&mut us, &bytes);
        assert_eq!(events[0], Event::Message("before".into()));
        let closed = the_end(&events[1..]);
        assert!(matches!(closed.outcome(), CloseOutcome::ProtocolError(ProtocolError::Header(_))));
        assert_eq!(
            (closed.initiator(), closed.code(), closed.was_clean()),
            (Side::Local, 1006, false)
        );
        assert_eq!(closed.sent().map(CloseFrame::code), Some(CloseCode::PROTOCOL_ERROR));
        assert_eq!(written(&mut us), [(0x88, b"\x03\xeathe opcode is reserved".to_vec())]);
        // §7.1.7: it "MUST NOT continue to attempt to process data"
        assert_eq!(receive_all(&mut us, &from_peer(role, 0x88, b"\x03\xe8")), []);
        assert_eq!(written(&mut us), []);
    }
}

#[test]
fn end_of_stream_when_open_is_1006() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        // Half a message: it is not delivered.
        assert_eq!(receive_all(&mut us, &from_peer(role, 0x01, b"half")), []);
        us.end_input();
        assert_eq!(us.state(), State::Open, "the end comes with the event");
        let end = us.receive().unwrap();
        let closed = the_end(std::slice::from_ref(&end));
        assert_eq!(
            (closed.outcome(), closed.initiator()),
            (CloseOutcome::ConnectionLost, Side::Remote)
        );
        assert_eq!((closed.code(), closed.reason(), closed.was_clean()), (1006, "", false));
        assert_eq!(written(&mut us), []);
        assert!(us.receive().is_none() && !us.wants_read() && !us.wants_write());
    }
}

#[test]
fn closed_comes_after_the_messages_before_end_of_stream() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        bytes::BufMut::put_slice(us.input(), &from_peer(role, 0x81, b"last message"));
        us.end_input();
        assert_eq!(us.receive(), Some(Event::Message("last message".into())));
        assert!(
            matches!(us.receive(), Some(Event::Closed(closed)) if closed.outcome() == CloseOutcome::ConnectionLost)
        );
        assert_eq!(us.receive(), None);
    }
}

#[test]
fn a_second_close_is_ignored() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        us.close(close_frame());
        us.close(None);
        us.close(CloseFrame::from(CloseCode::NORMAL));
        assert_eq!(written(&mut us).len(), 1, "the first close frame counts");
    }
}

#[test]
fn close_frame_when_closing_ends_cleanly() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        us.close(close_frame());
        written(&mut us);
        let bytes =
            [from_peer(role, 0x81, b"still here"), from_peer(role, 0x88, b"\x03\xe8")].concat();
        let events = receive_all(&mut us, &bytes);
        assert_eq!(
            events[0],
            Event::Message("still here".into()),
            "what comes before the peer's Close is received"
        );
        let closed = the_end(&events[1..]);
        assert_eq!(
            (closed.outcome(), closed.initiator(), closed.code()),
            (CloseOutcome::Clean, Side::Local, 1000)
        );
        assert_eq!(closed.sent(), Some(&close_frame()));
        assert_eq!(written(&mut us), [], "one Close is enough");
        assert_eq!(us.wants_read(), role == Role::Client);
    }
}

#[test]
fn violation_when_closing_sends_nothing_more() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        us.close(close_frame());
        written(&mut us);
        let events = receive_all(&mut us, &from_peer(role, 0x81, b"\xff"));
        let closed = the_end(&events);
        assert_eq!(
            (closed.outcome(), closed.initiator()),
            (CloseOutcome::ProtocolError(ProtocolError::InvalidUtf8), Side::Local)
        );
        assert_eq!(closed.sent(), Some(&close_frame()));
        assert_eq!(written(&mut us), []);
    }
}

#[test]
fn end_of_stream_when_closing_is_1006() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        us.close(close_frame());
        us.end_input();
        let end = us.receive().unwrap();
        let closed = the_end(std::slice::from_ref(&end));
        assert_eq!(
            (closed.outcome(), closed.initiator(), closed.code()),
            (CloseOutcome::ConnectionLost, Side::Local, 1006)
        );
        assert_eq!(closed.sent(), Some(&close_frame()));
        assert_eq!(written(&mut us).len(), 1, "what was queued may still be written");
    }
}

#[test]
fn nothing_changes_a_closed_connection() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        receive_all(&mut us, &from_peer(role, 0x88, b"\x03\xe8"));
        written(&mut us);
        let closed = us.closed().cloned();
        us.close(close_frame());
        assert_eq!(receive_all(&mut us, &from_peer(role, 0x83, b"")), []);
        assert_eq!(receive_all(&mut us, &from_peer(role, 0x88, b"\x03\xe9")), []);
        us.end_input();
        assert_eq!(us.receive(), None);
        assert_eq!((us.closed().cloned(), us.state()), (closed, State::Closed));
        assert_eq!(written(&mut us), []);
        assert_eq!(us.bytes_held(), 0);
    }
}

/// §5.5.1: "MUST NOT send any more data frames after sending a Close frame"
#[test]
fn no_frame_is_sent_after_a_close_frame() {
    for role in ROLES {
        for closed_by_peer in [false, true] {
            let mut us = connection(role, Config::new());
            if closed_by_peer {
                receive_all(&mut us, &from_peer(role, 0x88, b""));
            } else {
                us.close(None);
            }
            assert_eq!(us.send("late"), Err(SendError::NotOpen));
            assert_eq!(us.ping("late"), Err(SendError::NotOpen));
            assert_eq!(us.pong("late"), Err(SendError::NotOpen));
            receive_all(&mut us, &from_peer(role, 0x89, b"are you there?"));
            assert_eq!(written(&mut us), [(0x88, vec![])]);
        }
    }
}

/// §5.5.1: also not a pong that waited for the peer to read.
#[test]
fn a_deferred_pong_is_not_sent_after_a_close_frame() {
    for we_close in [true, false] {
        let mut server = connection(Role::Server, Config::new());
        server.send(vec![0; 5000]).unwrap();
        receive_all(&mut server, &masked(0x89, b"too late"));
        if we_close {
            server.close(None);
        } else {
            receive_all(&mut server, &masked(0x88, b""));
        }
        let frames = written(&mut server);
        assert_eq!(frames.iter().map(|(first, _)| *first).collect::<Vec<_>>(), [0x82, 0x88]);
    }
}

#[test]
fn a_close_frame_is_sent_after_queued_messages() {
    let mut server = connection(Role::Server, Config::new());
    server.send(vec![0; 10_000]).unwrap();
    server.send("two").unwrap();
    server.close(CloseCode::NORMAL);
    let frames = written(&mut server);
    assert_eq!(frames.iter().map(|(first, _)| *first).collect::<Vec<_>>(), [0x82, 0x81, 0x88]);
}

/// §5.5.1: both "send a Close message at the same time"
#[test]
fn closes_that_cross_are_clean_on_both_sides() {
    let mut pair = Pair::new(Chunking::Bytewise);
    pair.client.close(CloseFrame::from(CloseCode::NORMAL));
    pair.server.close(close_frame());
    let (at_client, at_server) = pair.settle();
    let (client, server) = (the_end(&at_client), the_end(&at_server));
    assert_eq!((client.code(), client.initiator(), client.was_clean()), (1001, Side::Local, true));
    assert_eq!((server.code(), server.initiator(), server.was_clean()), (1000, Side::Local, true));
}

#[test]
fn a_close_in_the_middle_of_a_message_still_closes_cleanly() {
    let mut server = connection(Role::Server, Config::new());
    let bytes = [masked(0x01, b"unfini"), masked(0x88, b"\x03\xe8")].concat();
    assert!(the_end(&receive_all(&mut server, &bytes)).was_clean());
}

/// The conversation as WHATWG's interface would show it.
#[test]
fn ready_states_have_the_numbers_of_whatwg() {
    let states = [State::Connecting, State::Open, State::Closing, State::Closed];
    assert_eq!(states.map(|state| state as u8), [0, 1, 2, 3]);
}

/// All 65 536 codes: those that may travel do, and no other can be built or is let in (§7.4).
#[test]
fn every_close_code_both_ways() {
    for code in 0..=u16::MAX {
        let may_travel = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        assert_eq!(CloseCode::new(code).map(CloseCode::get), may_travel.then_some(code));
        let mut client = connection(Role::Client, Config::new());
        let events = receive_all(&mut client, &unmasked(0x88, &code.to_be_bytes()));
        let expected = if may_travel {
            CloseOutcome::Clean
        } else {
            CloseOutcome::ProtocolError(ProtocolError::InvalidCloseCode(code))
        };
        assert_eq!(the_end(&events).outcome(), expected, "{code}");
    }
}

#[test]
fn a_reason_has_at_most_123_bytes() {
    let reason = "é".repeat(61);
    let frame = CloseFrame::new(CloseCode::NORMAL, format!("{reason}.").as_str()).unwrap();
    assert_eq!(frame.reason().len(), 123);
    let error = CloseFrame::new(CloseCode::NORMAL, format!("{reason}é").as_str()).unwrap_err();
    assert_eq!(error.len, 124);

    let mut pair = Pair::new(Chunking::Whole);
    pair.client.close(frame.clone());
    let (_, at_server) = pair.settle();
    assert_eq!(the_end(&at_server).received(), Some(&frame));
}
