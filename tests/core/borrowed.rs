//! Messages that borrow the read buffer or the buffer of the caller: RFC 6455 §5.4, §5.6, §6.

use std::iter;

use bytes::BufMut;
use sansocket::{
    Config, Connection, Event, EventRef, Kind, Message, MessageRef, ProtocolError, Role, SendError,
};
use support::{connection, drain, masked, unmasked};

/// Events received from these bytes, and whether each borrows them.
fn receive(connection: &mut Connection, bytes: &mut [u8]) -> Vec<(Event, bool)> {
    let place = bytes.as_ptr_range();
    let mut received = bytes;
    let events = iter::from_fn(|| connection.receive_from(&mut received)).map(|event| {
        let lies_there = matches!(&event, EventRef::Message(message) if place.contains(&message.as_bytes().as_ptr()));
        (event.into(), lies_there)
    });
    let events = events.collect();
    assert!(received.is_empty(), "all of it was taken");
    events
}

fn message(message: impl Into<Message>) -> Event {
    Event::Message(message.into())
}

#[test]
fn an_unfragmented_message_borrows_the_read_buffer() {
    for (role, frame) in
        [(Role::Server, masked as fn(u8, &[u8]) -> Vec<u8>), (Role::Client, unmasked)]
    {
        for size in [1, 16, 125, 126, 65_535, 65_536, 100_000] {
            let payload = vec![b'x'; size];
            let mut us = connection(role, Config::new());
            let mut frames = [frame(0x81, &payload), frame(0x82, &payload)].concat();
            let text = Message::from(String::from_utf8(payload.clone()).unwrap());
            assert_eq!(
                receive(&mut us, &mut frames),
                [(message(text), true), (message(payload), true)],
                "{role:?} {size}"
            );
            assert_eq!(us.bytes_held(), 0);
        }
    }
}

/// What had to be joined comes all the same, and so does what is behind it.
#[test]
fn a_message_split_over_reads_or_frames_is_joined() {
    let mut server = connection(Role::Server, Config::new());
    let mut frames =
        [masked(0x01, b"Hel"), masked(0x89, b"ping"), masked(0x80, b"lo"), masked(0x82, b"!")]
            .concat();
    let half = frames.len() - 2;
    let events = receive(&mut server, &mut frames[..half]);
    assert_eq!(events, [(Event::Ping("ping".into()), false), (message("Hello"), false)]);
    assert_eq!(receive(&mut server, &mut frames[half..]), [(message(&b"!"[..]), false)]);
    assert_eq!(drain(&mut server), unmasked(0x8a, b"ping"));
    assert_eq!(server.bytes_held(), 0);
}

/// `receive` and `receive_from` can be mixed: messages keep their order.
#[test]
fn bytes_in_the_input_buffer_are_received_before_borrowed_ones() {
    let mut server = connection(Role::Server, Config::new());
    server.input().put_slice(&[masked(0x81, b"1"), masked(0x81, b"2")[..3].to_vec()].concat());
    let mut rest = [masked(0x81, b"2")[3..].to_vec(), masked(0x81, b"3")].concat();
    let events = receive(&mut server, &mut rest).into_iter().map(|(event, _)| event);
    assert!(events.eq(["1", "2", "3"].map(message)));
}

/// The error is the same as that of `receive`, and no byte after it is consumed.
#[test]
fn receive_from_rejects_violations_and_then_consumes_nothing() {
    for (frame, error, code) in [
        (unmasked(0x81, b"x"), ProtocolError::Unmasked, 1002),
        (masked(0x81, b"\xff"), ProtocolError::InvalidUtf8, 1007),
        (masked(0x82, &[0; 11]), ProtocolError::MessageTooBig { limit: 10 }, 1009),
    ] {
        let mut server = connection(Role::Server, Config::new().max_message_size(10));
        let mut bytes = [masked(0x81, b"before"), frame, masked(0x81, b"after")].concat();
        let events = receive(&mut server, &mut bytes);
        let [(before, true), (Event::Closed(closed), false)] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(*before, message("before"));
        assert_eq!(closed.outcome(), sansocket::CloseOutcome::ProtocolError(error));
        assert_eq!(closed.sent().unwrap().code().get(), code);
        assert_eq!(receive(&mut server, &mut masked(0x81, b"later")), []);
    }
}

#[test]
fn a_borrowed_message_is_sent_like_an_owned_one() {
    for role in [Role::Server, Role::Client] {
        for size in [0, 1, 125, 126, 5000, 70_000] {
            let text = "x".repeat(size);
            let (mut one, mut other) =
                (connection(role, Config::new()), connection(role, Config::new()));
            one.send_ref(&text[..]).unwrap();
            other.send(&text[..]).unwrap();
            one.send_ref(text.as_bytes()).unwrap();
            other.send(text.as_bytes()).unwrap();
            one.send_ref(MessageRef::from(Message::from("joined"))).unwrap();
            other.send("joined").unwrap();
            assert_eq!(one.buffered_amount(), other.buffered_amount());
            assert_eq!(drain(&mut one), drain(&mut other), "{role:?} {size}");
        }
    }
}

#[test]
fn a_borrowed_message_that_may_not_be_sent_is_rejected() {
    let mut server = connection(Role::Server, Config::new());
    server.send_fragment(Kind::Text, "part", false).unwrap();
    assert_eq!(server.send_ref("whole"), Err(SendError::MessageUnderWay));
    server.close(None);
    assert_eq!(server.send_ref("late"), Err(SendError::NotOpen));
}

#[test]
fn debug_of_a_borrowed_message_shows_kind_and_length_only() {
    for message in [MessageRef::from("secret"), Message::from("secret").into()] {
        assert_eq!(
            (message.kind(), message.as_text(), message.as_bytes()),
            (Kind::Text, Some("secret"), &b"secret"[..])
        );
        assert_eq!(format!("{message:?}"), "Text(6 bytes)");
        assert_eq!(format!("{:?}", EventRef::Message(message.clone())), "Text(6 bytes)");
        assert_eq!(Message::from(message), Message::from("secret"));
    }
    for message in [MessageRef::from(&b"secret"[..]), Message::from(&b"secret"[..]).into()] {
        assert_eq!(
            (message.kind(), message.as_text(), message.as_bytes()),
            (Kind::Binary, None, &b"secret"[..])
        );
        assert_eq!(format!("{message:?}"), "Binary(6 bytes)");
        assert_ne!(message, MessageRef::from("secret"));
        assert_ne!(message, MessageRef::from(&b"secrets"[..]));
    }
    let ping = EventRef::from(Event::Ping("secret".into()));
    assert_eq!(format!("{ping:?}"), "Ping(6 bytes)");
    assert_eq!(EventRef::from(message("x")), EventRef::Message("x".into()));
}

/// A frame that is split over two reads is copied; all frames after it are borrowed.
#[test]
fn only_the_frame_that_a_read_splits_is_copied() {
    for size in [1, 16, 125, 131] {
        let frame = masked(0x82, &vec![7; size]);
        for cut in 1..frame.len() {
            let mut server = connection(Role::Server, Config::new());
            let mut frames = frame.repeat(100);
            let (first, rest) = frames.split_at_mut(cut);
            assert_eq!(receive(&mut server, first), []);
            let events = receive(&mut server, rest);
            let joined = events.iter().skip(1).filter(|(_, lies_there)| !lies_there).count();
            assert_eq!((events.len(), joined), (100, 0), "{size} {cut}");
            assert_eq!(server.bytes_held(), 0);
        }
    }
}

/// The end of the stream may be known before its last bytes are looked at.
#[test]
fn messages_before_end_of_stream_are_received() {
    for kept in 0..7 {
        let mut bytes = [masked(0x81, b"1"), masked(0x81, b"2"), masked(0x88, b"")].concat();
        let mut server = connection(Role::Server, Config::new());
        server.input().put_slice(&bytes[..kept]);
        assert_eq!(server.receive(), None);
        server.end_input();
        let events: Vec<_> =
            receive(&mut server, &mut bytes[kept..]).into_iter().map(|(event, _)| event).collect();
        let [one, two, Event::Closed(closed)] = &events[..] else { panic!("{kept}: {events:?}") };
        assert_eq!([one, two], [&message("1"), &message("2")]);
        assert!(closed.was_clean(), "{kept}");
    }
}
