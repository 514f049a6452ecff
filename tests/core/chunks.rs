//! Messages in parts, sent and received: RFC 6455 §5.4, §8.1.

use bytes::Bytes;
use sansocket::{Chunk, CloseCode, Config, Event, Kind, ProtocolError, Role, SendError};
use support::{Chunking, Pair, connection, drain, feed, masked, unmasked};

const CHUNKINGS: [Chunking; 3] = [Chunking::Whole, Chunking::Bytewise, Chunking::Random(7)];

/// Joins chunks to messages.
fn joined(events: &[Event]) -> Vec<(Kind, Vec<u8>)> {
    let mut messages = Vec::new();
    let mut open: Option<(Kind, Vec<u8>)> = None;
    for event in events {
        let Event::Chunk(Chunk { kind, bytes, last }) = event else { continue };
        let message = open.get_or_insert_with(|| (*kind, Vec::new()));
        assert_eq!(message.0, *kind);
        message.1.extend(bytes);
        if *last {
            messages.extend(open.take());
        }
    }
    assert_eq!(open, None, "a message without an end");
    messages
}

#[test]
fn a_message_sent_in_fragments_is_one_message() {
    for chunking in CHUNKINGS {
        let mut pair = Pair::new(chunking);
        for (part, last) in [("κό", false), ("", false), ("σμ", false), ("ε", true)] {
            pair.client.send_fragment(Kind::Text, part, last).unwrap();
            pair.client.ping("between").unwrap();
        }
        pair.client.send("and another").unwrap();
        let (_, events) = pair.settle();
        let messages: Vec<&Event> =
            events.iter().filter(|event| matches!(event, Event::Message(_))).collect();
        assert_eq!(
            messages,
            [&Event::Message("κόσμε".into()), &Event::Message("and another".into())]
        );
        assert_eq!(events.len(), 4 + 2);
    }
}

#[test]
fn the_chunks_of_a_message_join_to_the_message() {
    for chunking in CHUNKINGS {
        let mut server = connection(Role::Server, Config::new().receive_in_chunks(true));
        let long = vec![7; 100_000];
        let bytes = [
            masked(0x01, "gr\u{fc}".as_bytes()),
            masked(0x89, b"?"),
            masked(0x80, b"ezi"),
            masked(0x82, &long),
            masked(0x81, b""),
        ]
        .concat();
        let events = feed(&mut server, &bytes, chunking);
        let expected = [
            (Kind::Text, "gr\u{fc}ezi".as_bytes().to_vec()),
            (Kind::Binary, long),
            (Kind::Text, vec![]),
        ];
        assert_eq!(joined(&events), expected);
        assert!(events.contains(&Event::Ping("?".into())));
        assert_eq!(drain(&mut server), unmasked(0x8a, b"?"));
    }
}

/// §8.1: at the first bad byte, and at an end inside a character; also with another text after it.
#[test]
fn text_in_chunks_must_be_utf8() {
    for (frames, valid) in [
        (vec![masked(0x01, b"\xce"), masked(0x80, b"\xba"), masked(0x81, b"ok")], true),
        (vec![masked(0x01, b"ok\xce"), masked(0x80, b"")], false),
        (vec![masked(0x01, b"ok\xff")], false),
        (vec![masked(0x81, b"\xce"), masked(0x81, b"\xba")], false),
        (vec![masked(0x82, b"\xff")], true),
    ] {
        for chunking in CHUNKINGS {
            let mut server = connection(Role::Server, Config::new().receive_in_chunks(true));
            let events = feed(&mut server, &frames.concat(), chunking);
            let violated = matches!(events.last(), Some(Event::Closed(closed))
                if closed.outcome() == sansocket::CloseOutcome::ProtocolError(ProtocolError::InvalidUtf8));
            assert_eq!(violated, !valid, "{frames:02x?}");
        }
    }
}

#[test]
fn limits_apply_to_messages_in_chunks() {
    let mut server =
        connection(Role::Server, Config::new().receive_in_chunks(true).max_message_size(10));
    let events = feed(
        &mut server,
        &[masked(0x02, &[0; 6]), masked(0x80, &[0; 5])].concat(),
        Chunking::Whole,
    );
    assert_eq!(events.len(), 2);
    assert!(
        matches!(&events[1], Event::Closed(closed) if closed.sent().unwrap().code() == CloseCode::MESSAGE_TOO_BIG)
    );
}

#[test]
fn a_rejected_fragment_queues_nothing() {
    let mut server = connection(Role::Server, Config::new());
    assert_eq!(server.send_fragment(Kind::Text, &b"\xff"[..], false), Err(SendError::InvalidUtf8));
    assert_eq!(server.send_fragment(Kind::Text, &b"\xce"[..], true), Err(SendError::InvalidUtf8));
    server.send_fragment(Kind::Text, &b"\xce"[..], false).unwrap();
    assert_eq!(server.send("another"), Err(SendError::MessageUnderWay));
    assert_eq!(
        server.send_fragment(Kind::Binary, "another", true),
        Err(SendError::MessageUnderWay)
    );
    assert_eq!(server.send_fragment(Kind::Text, &b"\xff"[..], false), Err(SendError::InvalidUtf8));
    server.send_fragment(Kind::Text, &b"\xba"[..], true).unwrap();
    server.send("now").unwrap();
    let expected =
        [unmasked(0x01, b"\xce"), unmasked(0x80, b"\xba"), unmasked(0x81, b"now")].concat();
    assert_eq!(drain(&mut server), expected);

    server.send_fragment(Kind::Binary, "half", false).unwrap();
    server.close(CloseCode::NORMAL);
    assert_eq!(server.send_fragment(Kind::Binary, "more", true), Err(SendError::NotOpen));
}

#[test]
fn debug_of_a_chunk_shows_no_content() {
    let part = Chunk { kind: Kind::Text, bytes: Bytes::from_static(b"SECRET"), last: true };
    assert_eq!(format!("{:?}", Event::Chunk(part)), "Chunk(Text, 6 bytes, last)");
}
