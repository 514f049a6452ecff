//! Sending: which messages are compressed, and into which frames. RFC 7692 §6.1, §7.2.1, §7.2.3. RSV1
//! on the wire shows it.
#![cfg(feature = "deflate")]

use bytes::BufMut;
use sansocket::deflate::Deflate;
use sansocket::{Compress, Config, Connection, Event, Kind, Message, Role, SendError};
use support::deflate::{HELLO, compressing, frames, json, noise, opened, pair};
use support::{Chunking, connection, hex};

const ROLES: [Role; 2] = [Role::Client, Role::Server];

fn compressed(connection: &mut Connection) -> Vec<bool> {
    frames(connection).iter().map(|(first, _)| first & 0x40 > 0).collect()
}

/// §7.2.3, as whole frames.
#[test]
fn the_examples_are_sent_with_rsv1_on_the_first_frame() {
    for role in ROLES {
        let always = |message: &str| Message::from(message).compress(Compress::Always);
        let mut keeps = compressing(role, Config::new(), Deflate::speed().level(6));
        let mut anew = compressing(role, Config::new(), Deflate::memory());
        for us in [&mut keeps, &mut anew] {
            us.send(always("Hello")).unwrap();
            us.send(always("Hello")).unwrap();
            us.send(always("")).unwrap();
        }
        let frame = |payload: &str| (0xc1, hex(payload));
        assert_eq!(
            frames(&mut keeps),
            [frame(HELLO), frame("f200110000"), frame("00")],
            "§7.2.3.2, takeover, and §7.2.3.6"
        );
        assert_eq!(frames(&mut anew), [frame(HELLO), frame(HELLO), frame("00")], "§7.2.3.1");

        // §7.2.3.5: a message in two blocks, here a frame each; the tail is cut off the last alone.
        let mut parts = compressing(role, Config::new(), Deflate::speed().threshold(0));
        parts.send_fragment(Kind::Text, "He", false).unwrap();
        parts.send_fragment(Kind::Text, "llo", true).unwrap();
        let [(0x41, first), (0x80, last)] = &frames(&mut parts)[..] else {
            panic!("not two fragments")
        };
        assert_eq!(*first, hex("f24805000000ffff"));
        assert!(!last.ends_with(&[0, 0, 0xff, 0xff]), "{last:02x?}");
    }
}

/// Automatic: from the threshold on, if the bytes don't look random. Always and never: whatever it
/// is.
#[test]
fn the_threshold_and_marks_decide_what_is_compressed() {
    for role in ROLES {
        for (name, deflate, message, automatic) in [
            ("nothing", Deflate::new().threshold(0), vec![], true),
            ("nothing", Deflate::new(), vec![], false),
            ("below the threshold", Deflate::new(), json(63).into_bytes(), false),
            ("at the threshold", Deflate::new(), json(64).into_bytes(), true),
            ("below that of no takeover", Deflate::memory(), json(255).into_bytes(), false),
            ("at that of no takeover", Deflate::memory(), json(256).into_bytes(), true),
            ("below a chosen one", Deflate::new().threshold(1000), json(999).into_bytes(), false),
            ("at a chosen one", Deflate::new().threshold(1000), json(1000).into_bytes(), true),
            ("noise", Deflate::new(), noise(2000), false),
            ("noise, much of it", Deflate::memory(), noise(1 << 20), false),
            ("short noise, alone", Deflate::memory(), noise(500), false),
            ("zeros", Deflate::new(), vec![0; 2000], true),
        ] {
            for (choice, expected) in [
                (Compress::Automatic, automatic),
                (Compress::Always, true),
                (Compress::Never, false),
                (Compress::default(), automatic),
            ] {
                let mut us = compressing(role, Config::new(), deflate.clone());
                us.send(Message::from(message.clone()).compress(choice)).unwrap();
                let [(first, payload)] = &frames(&mut us)[..] else { panic!("not one frame") };
                assert_eq!(*first, if expected { 0xc2 } else { 0x82 }, "{name}, {choice:?}");
                assert!(expected || *payload == message, "{name}, {choice:?}");
                assert!(
                    !(expected && automatic && message.len() > 63) || payload.len() < message.len(),
                    "{name}, {choice:?}"
                );
            }
        }
    }
}

/// What is sent from where it lies is compressed as what is given away.
#[test]
fn a_borrowed_message_is_compressed_alike() {
    for role in ROLES {
        for deflate in [Deflate::speed(), Deflate::memory()] {
            let [mut one, mut other] =
                [(), ()].map(|()| compressing(role, Config::new(), deflate.clone()));
            for text in [json(10), json(5000), json(100_000)] {
                one.send_ref(text.as_str()).unwrap();
                other.send(text.as_str()).unwrap();
                one.send_ref(text.as_bytes()).unwrap();
                other.send(text.into_bytes()).unwrap();
            }
            one.send_ref(&noise(5000)[..]).unwrap();
            other.send(noise(5000)).unwrap();
            let sent = frames(&mut one);
            let firsts: Vec<u8> = sent.iter().map(|(first, _)| *first).collect();
            assert_eq!(firsts, [0x81, 0x82, 0xc1, 0xc2, 0xc1, 0xc2, 0x82]);
            assert_eq!(sent, frames(&mut other));
        }
    }
}

#[test]
fn without_negotiation_nothing_is_compressed() {
    for role in ROLES {
        let text = json(5000);
        for config in [Config::new(), Config::new().deflate(Deflate::speed().threshold(0))] {
            let mut us = connection(role, config);
            us.send(text.as_str()).unwrap();
            us.send(Message::from(text.as_str()).compress(Compress::Always)).unwrap();
            us.send_fragment(Kind::Text, text.clone(), false).unwrap();
            us.send_fragment(Kind::Text, "", true).unwrap();
            us.release_memory();
            let sent = frames(&mut us);
            assert_eq!(
                sent.iter().map(|(first, _)| *first).collect::<Vec<_>>(),
                [0x81, 0x81, 0x01, 0x80]
            );
            assert!(sent[..3].iter().all(|(_, payload)| payload == text.as_bytes()));
        }
    }
}

/// §6.1: the first fragment is marked, no other; what is seen of the first part decides for the
/// message. Control frames are never marked.
#[test]
fn rsv1_is_on_the_first_fragment_only() {
    let text = json(1000);
    for role in ROLES {
        let mut us = compressing(role, Config::new(), Deflate::new());
        for (parts, expected) in [
            (&[text.as_str(), "", "x", text.as_str()][..], &[0x41, 0x00, 0x00, 0x80][..]),
            // What begins short may become long.
            (&["too short", text.as_str(), text.as_str()], &[0x41, 0x00, 0x80]),
            (&["", text.as_str()], &[0x41, 0x80]),
            (&[text.as_str()], &[0xc1]),
            (&["x"], &[0x81]),
        ] {
            for (at, part) in parts.iter().enumerate() {
                us.send_fragment(Kind::Text, (*part).to_owned(), at + 1 == parts.len()).unwrap();
                us.ping("between").unwrap();
                us.pong("between").unwrap();
            }
            let (control, data): (Vec<_>, Vec<_>) =
                frames(&mut us).into_iter().partition(|(first, _)| first & 0x08 > 0);
            assert_eq!(data.iter().map(|(first, _)| *first).collect::<Vec<_>>(), expected);
            assert!(
                control
                    .iter()
                    .all(|(first, payload)| matches!(first, 0x89 | 0x8a) && payload == b"between")
            );
        }
        us.close(None);
        assert_eq!(frames(&mut us), [(0x88, vec![])]);
    }
}

/// Each part can be read when it comes, and a refused part leaves the compressor as it was.
#[test]
fn each_compressed_fragment_inflates_on_arrival() {
    for deflate in [Deflate::speed(), Deflate::balance().level(9), Deflate::memory()] {
        for chunking in [Chunking::Whole, Chunking::Bytewise] {
            let config = Config::new().receive_in_chunks(true).deflate(deflate.clone());
            let (mut pair, _) = opened(config.clone(), config, chunking);
            for round in 0..3 {
                for (at, len) in [400, 1, 0, 9000, 7].into_iter().enumerate() {
                    let part = json(len + round)[..len].to_owned();
                    pair.client.send_fragment(Kind::Text, part.clone(), at == 4).unwrap();
                    assert_eq!(
                        pair.client.send_fragment(Kind::Binary, "x", true).is_err(),
                        at < 4,
                        "another message"
                    );
                    if at < 4 {
                        assert_eq!(
                            pair.client.send_fragment(Kind::Text, vec![0xff], false),
                            Err(SendError::InvalidUtf8)
                        );
                        assert_eq!(pair.client.send("another"), Err(SendError::MessageUnderWay));
                        pair.client.release_memory();
                    }
                    let events = pair.carry_to_server();
                    let mut got = Vec::new();
                    for event in &events {
                        match event {
                            Event::Chunk(got_part) if got_part.kind == Kind::Text => {
                                got.extend_from_slice(&got_part.bytes)
                            }
                            Event::Chunk(other) => {
                                assert_eq!((&other.bytes[..], other.last), (&b"x"[..], true))
                            }
                            other => panic!("{other:?}"),
                        }
                    }
                    assert!(got == part.as_bytes(), "part {at} of {len} bytes, {deflate:?}");
                }
            }
        }
    }
}

/// Every preset, window and level, in both directions, with messages of every kind and the window
/// given back now and then.
#[test]
fn compressed_messages_arrive_for_every_option() {
    for bits in 8..=15 {
        for level in [1, 3, 9] {
            for takeover in 0..4 {
                let deflate = Deflate::new()
                    .level(level)
                    .max_window_bits(bits)
                    .peer_max_window_bits(23 - bits)
                    .no_context_takeover(takeover & 1 > 0)
                    .peer_no_context_takeover(takeover & 2 > 0);
                let mut pair = pair(&deflate, Chunking::Random(u64::from(bits)));
                let messages: Vec<Message> = [json(700), String::new(), json(20_000), json(3)]
                    .map(Message::from)
                    .into_iter()
                    .chain([noise(700), vec![0; 70_000], noise(3000)].map(Message::from))
                    .collect();
                for (at, message) in messages.iter().chain(&messages).enumerate() {
                    let choice = [Compress::Automatic, Compress::Always, Compress::Never][at % 3];
                    pair.client.send(message.clone().compress(choice)).unwrap();
                    pair.server.send(message.clone().compress(choice)).unwrap();
                    let expected = [Event::Message(message.clone())];
                    let (at_client, at_server) = pair.settle();
                    assert!(
                        at_client == expected && at_server == expected,
                        "message {at}, {deflate:?}"
                    );
                    if at % 4 == 3 {
                        pair.client.release_memory();
                    }
                }
            }
        }
    }
}

/// Noise too short to be seen before it is compressed is not tried for ever; with takeover, what
/// was tried is sent.
#[test]
fn incompressible_messages_are_sent_uncompressed() {
    for deflate in [Deflate::speed(), Deflate::memory()] {
        let mut pair = pair(&deflate, Chunking::Whole);
        for n in 0..200 {
            pair.client.send(noise(300 + n)).unwrap();
        }
        let sent = support::drain(&mut pair.client);
        let events = support::feed(&mut pair.server, &sent, Chunking::Whole);
        assert!(
            events
                .iter()
                .enumerate()
                .all(|(n, event)| *event == Event::Message(noise(300 + n).into()))
        );
        for n in 0..200 {
            pair.client.send(noise(600 + n)).unwrap();
        }
        let tried = compressed(&mut pair.client).iter().filter(|&&is| is).count();
        assert!(tried <= 10, "{tried} of 200");
    }
}

/// What is sent after a Close, or with a broken rule, is neither compressed nor queued.
#[test]
fn nothing_is_compressed_when_closing() {
    let mut pair = pair(&Deflate::speed(), Chunking::Whole);
    pair.client.close(None);
    let held = pair.client.bytes_held();
    assert_eq!(pair.client.send(json(1000)), Err(SendError::NotOpen));
    assert_eq!(pair.client.send_fragment(Kind::Text, json(1000), true), Err(SendError::NotOpen));
    assert_eq!(pair.client.bytes_held(), held);
    // What the peer sent before it saw our Close is still inflated.
    pair.server.send(json(1000)).unwrap();
    let (at_client, _) = pair.settle();
    assert_eq!(at_client[0], Event::Message(json(1000).into()));
}

/// A message within every limit is received in whatever parts, though each costs some bytes of its
/// own, compressed.
#[test]
fn many_small_fragments_stay_within_the_compressed_limit() {
    let mut us =
        compressing(Role::Server, Config::new().max_message_size(256 * 1024), Deflate::speed());
    let mut them = compressing(Role::Client, Config::new(), Deflate::speed());
    for part in 0..100_000 {
        them.send_fragment(Kind::Text, "x", part == 99_999).unwrap();
        us.input().put(them.output());
        match us.receive() {
            Some(Event::Message(message)) => assert_eq!((part, message.len()), (99_999, 100_000)),
            other => assert_eq!(other, None, "{part}"),
        }
    }
}

/// The choice made with the first fragment applies to the whole message.
#[test]
fn a_message_writer_compresses_as_chosen() {
    let mut us = compressing(Role::Server, Config::new(), Deflate::new());
    for (compress, first) in [(Compress::Always, 0x41), (Compress::Never, 0x01)] {
        for last in [false, true] {
            us.send_fragment_with(Kind::Text, json(1000), last, compress).unwrap();
        }
        assert_eq!(
            frames(&mut us).iter().map(|(first, _)| *first).collect::<Vec<_>>(),
            [first, 0x80]
        );
    }
}

/// RFC 7692 §6.1: only the first frame has RSV1, however the message is cut into frames.
#[test]
fn compressed_message_above_the_frame_limit_is_sent_in_several_frames() {
    for (message, compressed) in [(Message::from(json(5000)), true), (noise(5000).into(), false)] {
        let config = || Config::new().max_sent_frame_size(100);
        let mut server = compressing(Role::Server, config(), Deflate::new());
        let mut client =
            compressing(Role::Client, Config::new().max_frame_size(100), Deflate::new());
        server.send(message.clone()).unwrap();
        let bytes = support::drain(&mut server);
        assert_eq!(bytes[0] & 0x40 != 0, compressed);
        let events = support::feed(&mut client, &bytes, Chunking::Whole);
        assert_eq!(events, [Event::Message(message)]);
    }
}
