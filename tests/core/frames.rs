//! The events of received frames: RFC 6455 §5, §7.4, §8.1, §10.4, as a table with a row per rule.
//!
//! A line reads `ROLE LIMITS BYTES|BYTES => EVENT, EVENT # rule`: see [`support::table`]. A row
//! that ends in an error or a close has one Close frame in the output, and no later event.
#![cfg(feature = "std")]

use bytes::Buf;
use sansocket::{CloseOutcome, Config, Connection, Event, Message, Role, State};
use support::table::{describe, rows};
use support::{Chunking, connection, drain, feed, hex, masked, unmasked};

const TABLE: &str = "
    # The RFC's own examples, §5.7
    C 810548656c6c6f => text 48656c6c6f                                        # a single-frame unmasked text message
    S 818537fa213d7f9f4d5158 => text 48656c6c6f                                # a single-frame masked text message
    C 010348656c|80026c6f => text 48656c6c6f                                   # a fragmented unmasked text message
    C 890548656c6c6f => ping 48656c6c6f                                        # unmasked ping
    S 8a8537fa213d7f9f4d5158 => pong 48656c6c6f                                # masked pong
    C 8200 => binary -                                                         # an empty message is a message

    # Announced lengths, §5.2 and §10.4: CVE-2020-27813, CVE-2022-35922, CVE-2020-13935 and their like
    S max_message=65536 82ff7fffffffffffffff00000000 => error 1009             # over the limit, from the header alone
    S 82ff7fffffffffffffff00000000 => error 1009                               # and over the default limit
    S 82ffffffffffffffffff00000000 => error 1002                               # the most significant bit MUST be 0
    C 827f8000000000000000 => error 1002                                       # likewise
    S max_message=65536 02810000000061|80ff7fffffffffffffff00000000 => error 1009 # the sum of the fragments counts
    S max_message=none 02810000000061|80ff7fffffffffffffff00000000 => error 1009 # and does not wrap
    S max_message=10 02850000000068656c6c6f|808600000000 => error 1009         # one too many
    C max_message=10 820a30313233343536373839 => binary 30313233343536373839   # the limit is inclusive
    C max_message=10 820b => error 1009                                        # and exact
    C max_message=10 0205303132333405|80 => error 1002                         # opcode 5, before any limit
    C max_message=10 02053031323334|8005 => nothing                            # just what is allowed; it is to come
    C max_message=0 8100 => text -                                             # an empty message has 0 bytes
    C max_message=0 8101 => error 1009
    C max_frame=5 010548656c6c6f|80022121 => text 48656c6c6f2121               # a frame limit is the frame's alone
    C max_frame=5 8206 => error 1009

    # Shortest form, §5.2
    C 827e007d => error 1002                                                   # 125 in 16 bits
    C 827e007e => nothing                                                      # 126 needs them
    C 827f000000000000ffff => error 1002                                       # 65535 in 63 bits
    C 827f0000000000010000 => nothing                                          # 65536 needs them
    S 89fe000500000000 => error 1002                                           # also in control frames

    # Who masks, §5.1
    S 810548656c6c6f => error 1002
    S 8900 => error 1002
    C 818537fa213d7f9f4d5158 => error 1002
    C 8880cafebabe => error 1002

    # Reserved bits and opcodes, §5.2
    C c100 => error 1002                                                       # RSV1 without an extension
    C a100 => error 1002
    C 9100 => error 1002
    C c900 => error 1002
    C 010161|c00162 => error 1002
    C 8300 => error 1002
    C 8700 => error 1002
    C 8b00 => error 1002
    C 8f00 => error 1002

    # Control frames, §5.5
    C 0900 => error 1002                                                       # never fragmented
    C 0800 => error 1002
    C 897e007e => error 1002                                                   # never over 125 bytes
    C 887e007e => error 1002
    C 8a7e007e => error 1002
    C 897f => error 1002                                                       # as soon as it shows
    C 010161|8900|800162 => ping -, text 6162                                  # between fragments
    C 010161|8a0141|8900|000162|8a00|800163 => pong 41, ping -, pong -, text 616263
    C max_message=1 89020102 => ping 0102                                      # the message limit is not theirs
    C max_message=1 897d => nothing
    C 8900|8901aa => ping -, ping aa

    # Fragmentation, §5.4
    C 800161 => error 1002                                                     # nothing to continue
    C 0000 => error 1002
    C 010161|810162 => error 1002                                              # a message inside a message
    C 010161|020162 => error 1002
    C 0100|8000 => text -
    C 0200|0000|8000 => binary -
    C 810161|800162 => text 61, error 1002                                     # what came before the error is delivered
    S max_fragments=4 028000000000|008000000000|008000000000|008000000000|008000000000 => error 1008 # CVE-2026-48779, CVE-2014-0193
    S max_fragments=4 028000000000|008000000000|008000000000|808000000000 => binary - # the limit is inclusive
    C max_fragments=1 8100|8100 => text -, text -                              # and a message's own

    # UTF-8, §8.1: at the first bad byte, and at the end
    C 8101ff => error 1007
    C 8102c080 => error 1007                                                   # overlong
    C 8103eda080 => error 1007                                                 # a surrogate
    C 8104f4908080 => error 1007                                               # above U+10FFFF
    C 8101ce => error 1007                                                     # ends inside a character
    C 0101ce|8001ba => text ceba                                               # a character in two fragments
    C 0101ce|8000 => error 1007                                                # ends inside a character, with an empty frame
    C 0101ce|0000|8000 => error 1007
    C 0103f09f98|8900|800180 => ping -, text f09f9880                          # a ping inside a character
    C 0102c3ff => error 1007                                                   # before the message ends
    C 8105c3ff => error 1007                                                   # before the frame ends
    C 8106ceba41f490 => error 1007                                             # before the character ends
    C 8206ceba41f490ff => binary ceba41f490ff                                  # binary is not text

    # Close frames, §5.5.1 and §7.4
    C 8800 => close 1005 -
    C 880103 => error 1002                                                     # half a code
    C 880203e8 => close 1000 -
    C 880603e8ceba2121 => close 1000 ceba2121
    C 880203ec => error 1002                                                   # 1004
    C 880203ed => error 1002                                                   # 1005 is never sent
    C 880203ee => error 1002                                                   # 1006
    C 880203f7 => error 1002                                                   # 1015
    C 88020000 => error 1002
    C 880203e7 => error 1002                                                   # 999
    C 880203f8 => error 1002                                                   # 1016
    C 880207cf => error 1002                                                   # 1999
    C 88020bb7 => error 1002                                                   # 2999
    C 88021388 => error 1002                                                   # 5000
    C 880203eb => close 1003 -
    C 880203ef => close 1007 -
    C 880203f4 => close 1012 -
    C 880203f6 => close 1014 -
    C 88020bb8 => close 3000 -
    C 88021387 => close 4999 -
    C 880303e8ff => error 1007                                                 # the reason is text
    C 880403e8c3a9 => close 1000 c3a9
    C 880303e8c3 => error 1007
    C 880303f6ff => error 1007                                                 # also of a code that was registered later
    S 888237fa213d3412 => close 1000 -                                         # masked like everything
    C 010161|880203e8 => close 1000 -                                          # inside a message
    C 810161|880203e8 => text 61, close 1000 -
    C 010161|8802|03e8 => close 1000 -                                         # in two reads

    # Nothing follows the end, §5.5.1 and §7.1.7: CVE-2024-52532
    C 880203e8|810161 => close 1000 -
    C 880203e8|8b00|ffff => close 1000 -
    C 8b00|810161 => error 1002
    C 8b00|880203e8 => error 1002
";

#[test]
fn every_row_of_the_table_gives_its_events() {
    let mut lines = 0;
    for row in rows(TABLE) {
        let role = if row.word == "S" { Role::Server } else { Role::Client };
        let (whole, events, output) =
            row.check(&row.reads, || connection(role, row.config.clone()));
        assert_ending(&whole, &events, &output, row.line);
        lines += 1;
    }
    assert!(lines > 95, "the table was not read: {lines} lines");
}

/// RFC 6455 §10.4: no limit refuses only what memory can't hold; chunks need not be held.
#[test]
fn without_a_limit_a_frame_may_be_as_large_as_memory() {
    let refused = |length: u64, receive_in_chunks| {
        let config = Config::new().max_message_size(Config::UNLIMITED);
        let config = config.receive_in_chunks(receive_in_chunks);
        let header = [&[0x82, 0xff][..], &length.to_be_bytes(), &[0; 4]].concat();
        describe(&feed(&mut connection(Role::Server, config), &header, Chunking::Whole))
    };
    let (addressable, most) = (isize::MAX as u64, i64::MAX as u64);
    assert_eq!(refused(addressable, false), "nothing");
    let expected = if addressable < most { "error 1009" } else { "error 1002" };
    assert_eq!(refused(addressable + 1, false), expected);
    assert_eq!(refused(most, true), "nothing");
}

/// If the conversation ended, the output ends with one close frame with its code, and nothing more
/// happens.
fn assert_ending(connection: &Connection, events: &[Event], output: &[u8], line: &str) {
    let Some(Event::Closed(closed)) = events.last() else {
        assert_eq!(connection.state(), State::Open, "{line}");
        return;
    };
    assert_eq!(connection.state(), State::Closed, "{line}");
    assert_eq!(connection.bytes_held(), 0, "{line}");
    let body = match closed.outcome() {
        CloseOutcome::ProtocolError(error) => {
            [&error.close_code().get().to_be_bytes()[..], error.close_reason().as_bytes()].concat()
        }
        _ => closed.received().map_or(vec![], |frame| frame.code().get().to_be_bytes().to_vec()),
    };
    let frame = support::unmasked(0x88, &body);
    let sent = match connection.role() {
        Role::Server => output.to_vec(),
        Role::Client => unmask_all(output),
    };
    assert!(sent.ends_with(&frame), "{line}: {sent:02x?} does not end with {frame:02x?}");
    assert_eq!(sent.iter().filter(|&&byte| byte == 0x88).count(), 1, "{line}");
}

/// Takes the masks off small frames.
fn unmask_all(mut bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    while let [first, len, key @ ..] = bytes {
        let (key, rest) = key.split_at(4);
        let (payload, rest) = rest.split_at(usize::from(len & 0x7f));
        plain.extend([*first, len & 0x7f]);
        plain.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes = rest;
    }
    plain
}

/// §5.3: a new key for each frame, and the same message each time.
#[test]
fn a_client_masks_every_frame_with_a_new_key() {
    let mut client = connection(Role::Client, Config::new());
    for _ in 0..100 {
        client.send("same").unwrap();
    }
    let output = drain(&mut client);
    let keys: std::collections::HashSet<&[u8]> =
        output.chunks(10).map(|frame| &frame[2..6]).collect();
    assert_eq!(keys.len(), 100);
    assert_eq!(unmask_all(&output), b"\x81\x04same".repeat(100));
}

/// §5.2: the three forms of a length, on both sides of each border, through a whole pair.
#[test]
fn messages_of_every_length_encoding_arrive() {
    for len in [0, 1, 125, 126, 127, 4096, 4097, 65535, 65536, 65537, 200_000] {
        let payload: Vec<u8> = (0..len).map(|i| i as u8).collect();
        let mut pair = support::Pair::new(Chunking::Random(len as u64));
        pair.client.send(payload.clone()).unwrap();
        pair.server.send(payload.clone()).unwrap();
        let (at_client, at_server) = pair.settle();
        let expected = vec![Event::Message(Message::Binary(payload.into()))];
        assert_eq!(at_server, expected, "{len}");
        assert_eq!(at_client, expected, "{len}");
    }
}

/// §5.3: a payload that somebody else still holds is not masked in place.
#[test]
fn masking_copies_a_shared_payload() {
    let payload = bytes::Bytes::from(vec![b'x'; 100_000]);
    let kept = payload.clone();
    let mut client = connection(Role::Client, Config::new());
    client.send(payload).unwrap();
    drain(&mut client);
    assert!(kept.iter().all(|&byte| byte == b'x'));
}

/// A large payload is written from where it lies; small ones share one piece.
#[test]
fn a_server_copies_small_payloads_and_not_large_ones() {
    let payload = bytes::Bytes::from(vec![0; 100_000]);
    let mut server = connection(Role::Server, Config::new());
    server.send("one").unwrap();
    server.send("two").unwrap();
    server.send(payload.clone()).unwrap();
    server.send("three").unwrap();
    let mut slices = [std::io::IoSlice::new(&[]); 8];
    let output = server.output();
    assert_eq!(output.remaining(), 5 + 5 + 10 + 100_000 + 7);
    assert_eq!(output.chunks_vectored(&mut slices), 3);
    assert_eq!(&slices[0][..10], b"\x81\x03one\x81\x03two");
    assert_eq!(slices[1].as_ptr(), payload.as_ptr());
    assert_eq!(&*slices[2], b"\x81\x05three");
}

/// §5.5.2, §5.5.3: each ping is answered while the peer reads; a peer that does not read gets the
/// answer to its last one.
#[test]
fn a_ping_flood_leaves_one_deferred_pong() {
    let mut server = connection(Role::Server, Config::new());
    feed(&mut server, &masked(0x89, b"first"), Chunking::Whole);
    assert_eq!(drain(&mut server), unmasked(0x8a, b"first"));

    for n in 0..100_000_u32 {
        feed(&mut server, &masked(0x89, &n.to_be_bytes()), Chunking::Whole);
    }
    assert!(server.buffered_amount() < 4 * 1024 + 131, "{}", server.buffered_amount());
    let output = drain(&mut server);
    assert!(output.ends_with(&unmasked(0x8a, &99_999_u32.to_be_bytes())));
    assert_eq!(output.len() % 6, 0);
    assert!(!server.wants_write());
}

/// §5.5.3: an old ping is not answered after a newer one.
#[test]
fn a_deferred_pong_is_replaced_by_a_newer_one() {
    let mut server = connection(Role::Server, Config::new());
    server.send(vec![0; 5000]).unwrap();
    feed(&mut server, &masked(0x89, b"old"), Chunking::Whole);
    // The peer reads all but one byte, and pings again before anything else is written.
    let waiting = server.output().remaining();
    server.output().advance(waiting - 1);
    feed(&mut server, &masked(0x89, b"new"), Chunking::Whole);
    assert_eq!(drain(&mut server)[1..], unmasked(0x8a, b"new"));
}

#[test]
fn auto_pong_false_leaves_pongs_to_the_application() {
    let mut server = connection(Role::Server, Config::new().auto_pong(false));
    let events = feed(&mut server, &masked(0x89, b"?"), Chunking::Whole);
    assert_eq!(events, [Event::Ping("?".into())]);
    assert!(!server.wants_write());
    server.pong("!").unwrap();
    assert_eq!(drain(&mut server), unmasked(0x8a, b"!"));
}

#[test]
fn a_control_payload_over_125_bytes_is_rejected() {
    let mut server = connection(Role::Server, Config::new());
    server.ping([0; 125]).unwrap();
    let error = server.ping([0; 126]).unwrap_err();
    assert_eq!(error, sansocket::SendError::ControlTooLong { len: 126 });
    assert_eq!(drain(&mut server).len(), 127, "nothing of the long one was queued");
}

/// §10.4: the error text names the option that raises the limit.
#[test]
fn limit_errors_name_the_option_to_raise() {
    let mut server = connection(Role::Server, Config::new());
    let events = feed(&mut server, &hex("82ff0000000001000001 00000000"), Chunking::Whole);
    let [Event::Closed(closed)] = &events[..] else { panic!("{events:?}") };
    let CloseOutcome::ProtocolError(error) = closed.outcome() else { panic!("{closed:?}") };
    assert_eq!(
        error.to_string(),
        "a message is over max_message_size 16777216; raise Config::max_message_size"
    );
}
