//! Receiving compressed messages: RFC 7692 §6, §7.2.2, as tables with a row per rule.
//!
//! Each row is run in both roles and in every split; see `support::deflate::check_table`.
#![cfg(feature = "deflate")]

use sansocket::deflate::Deflate;
use sansocket::{CloseOutcome, Config, Event, Kind, Message, ProtocolError, Role};
use support::deflate::{check_table, compressing, frames, mask_reads, noise, pair};
use support::table::describe;
use support::{Chunking, feed, hex};

/// §6: RSV1 marks the first frame of a compressed message, if compression was negotiated. RFC 6455
/// §5.2: otherwise it fails the connection.
#[test]
fn rsv1_is_allowed_on_the_first_frame_of_a_negotiated_message_only() {
    check_table(
        "
        plain c107f248cdc9c90700 => error 1002           # nothing was agreed on: never inflated
        plain c207f248cdc9c90700 => error 1002
        plain c100 => error 1002
        plain 4100 => error 1002
        pmd c107f248cdc9c90700 => text 48656c6c6f
        pmd c207f248cdc9c90700 => binary 48656c6c6f
        pmd c17d => nothing                              # from the header alone, nothing yet
        pmd c900 => error 1002                           # control frames are never compressed
        pmd ca00 => error 1002
        pmd c800 => error 1002
        pmd c80203e8 => error 1002
        pmd c907f248cdc9c90700 => error 1002
        pmd 4103f248cd|c900 => error 1002
        pmd 4103f248cd|c004c9c90700 => error 1002        # nor are continuations marked
        pmd 4103f248cd|4004c9c90700 => error 1002
        pmd 010348656c|c0026c6f => error 1002            # in a message that is not compressed, likewise
        pmd 010348656c|40026c6f => error 1002
        pmd c000 => error 1002                           # nothing to continue, and marked
        pmd 8000 => error 1002
        pmd a107f248cdc9c90700 => error 1002             # RSV2 and RSV3 have no meaning
        pmd 9107f248cdc9c90700 => error 1002
        pmd e107f248cdc9c90700 => error 1002
        pmd d107f248cdc9c90700 => error 1002
        pmd f107f248cdc9c90700 => error 1002
        pmd a900 => error 1002
        pmd 9800 => error 1002
        pmd c300 => error 1002                           # nor have the other opcodes
        pmd c700 => error 1002
        pmd cb00 => error 1002
        pmd 4900 => error 1002
        ",
    );
}

#[test]
fn compressed_messages_of_every_shape_inflate() {
    check_table(
        "
        pmd 4103f248cd|8004c9c90700 => text 48656c6c6f                               # §7.2.3.1, two fragments
        pmd 4103f248cd|0002c9c9|80020700 => text 48656c6c6f
        pmd 4100|0007f248cdc9c90700|8000 => text 48656c6c6f                          # empty fragments
        pmd 4103f248cd|8900|8a0141|8004c9c90700 => ping -, pong 41, text 48656c6c6f  # control frames between
        pmd 4103f2|48cd|8901aa|8004c9|c90700 => ping aa, text 48656c6c6f
        pmd 4103f248cd|880203e8 => close 1000 -                                        # and a Close
        pmd 4103f248cd|c107f248cdc9c90700 => error 1002                              # but no other message
        pmd 4103f248cd|810548656c6c6f => error 1002
        pmd 0100|c107f248cdc9c90700 => error 1002
        pmd 810548656c6c6f => text 48656c6c6f                                        # §6.2: not all are compressed
        pmd 010348656c|80026c6f => text 48656c6c6f
        pmd 010348656c|80026c6f|4103f248cd|8004c9c90700 => text 48656c6c6f, text 48656c6c6f
        pmd c107f248cdc9c90700|8105f200110000|c105f200110000 => text 48656c6c6f, error 1007 # bad text, plainly
        pmd c107f248cdc9c90700|8205f200110000|c105f200110000 => text 48656c6c6f, binary f200110000, text 48656c6c6f
        pmd c10100 => text -                                                         # §7.2.3.6: nothing, compressed
        pmd c20100 => binary -
        pmd 4100|800100 => text -
        pmd 410100|8000 => text -
        pmd 8100|c10100|8200|c20100 => text -, text -, binary -, binary -
        anew c10100|c107f248cdc9c90700|c10100 => text -, text 48656c6c6f, text -
        pmd c106000000ffff00 => text -                                               # an empty block more
        pmd c107f248cdc9c90700|880203e8|c107f248cdc9c90700 => text 48656c6c6f, close 1000 -
        ",
    );
}

/// An empty message without even the header of its empty block, as Mojolicious and Haskell's
/// websockets send it: neither this message nor the next fails.
#[test]
fn a_compressed_message_without_payload_is_empty() {
    check_table(
        "
        pmd c100 => text -
        pmd c200 => binary -
        pmd c100|c107f248cdc9c90700|c100|c105f200110000 => text -, text 48656c6c6f, text -, text 48656c6c6f
        pmd c107f248cdc9c90700|c200|c200|c105f200110000 => text 48656c6c6f, binary -, binary -, text 48656c6c6f
        pmd c107f248cdc9c90700|4100|8000|c105f200110000 => text 48656c6c6f, text -, text 48656c6c6f
        pmd 4100|0000|8900|0000|8000|c10100 => ping -, text -, text -         # empty fragments only
        pmd 4100|0000|800100|c100 => text -, text -                           # the block in the last one
        pmd 410100|8000|c100 => text -, text -
        pmd 4107f248cdc9c90700|8000|c105f200110000 => text 48656c6c6f, text 48656c6c6f
        anew c100|c107f248cdc9c90700|c100|c105f200110000 => text -, text 48656c6c6f, text -, error 1007
        pmd max_message=0 c100|4100|8000 => text -, text -
        pmd 4103f248cd|8000 => error 1007                                     # not empty, and not whole
        pmd c108f348cdc9c9070000|c100|c107f248cdc9c90700 => text 48656c6c6f, text -, text 48656c6c6f
        ",
    );
}

/// §8.1 of RFC 6455, of what comes out: at the first bad byte, wherever the frame ends. Stored
/// blocks show the bytes.
#[test]
fn invalid_utf8_is_1007_while_inflating() {
    check_table(
        "
        pmd c17d000300fcff41ff => error 1007             # in an unfinished frame, in an unfinished block
        pmd 417d000300fcff41ff => error 1007             # in an unfinished message
        pmd 4107000200fdff41ff|8900 => error 1007
        pmd c27d000300fcff41ff => nothing                # binary is not text
        pmd c108000200fdff41ff00 => error 1007
        pmd c208000200fdff41ff00 => binary 41ff
        pmd c109000300fcffeda08000 => error 1007         # a surrogate
        pmd c108000200fdffcebA00 => text ceba
        pmd 4106000200fdffce|8002ba00 => text ceba       # a character in two frames
        pmd 4106000200fdffce|8900|0000|8002ba00 => ping -, text ceba
        pmd 4106000100feffce|8007000100feffba00 => text ceba # and in two blocks
        pmd c107000100feffce00 => error 1007             # ends inside a character
        pmd 4106000100feffce|800100 => error 1007
        pmd c107000100feffce00|c107000100feffba00 => error 1007
        pmd max_message=3 c10b000500faff41ff41414100 => error 1007 # before what is wrong after it: too long
        pmd c108000200fdff41ff07 => error 1007           # or no DEFLATE
        pmd 0101ce|8001ba|4106000200fdffce|8002ba00 => text ceba, text ceba
        ",
    );
}

/// The limit counts inflated bytes, inclusively; the compressed form may be longer, for blocks that
/// make it no smaller. CVE-2026-54464.
#[test]
fn max_message_size_counts_inflated_bytes() {
    check_table(
        "
        pmd max_message=5 c107f248cdc9c90700 => text 48656c6c6f
        pmd max_message=4 c107f248cdc9c90700 => error 1009
        pmd max_message=4 4103f248cd|8004c9c90700 => error 1009
        pmd max_message=5 c10b000500faff48656c6c6f00 => text 48656c6c6f # 11 bytes of 5
        pmd max_message=4 c10b000500faff48656c6c6f00 => error 1009
        pmd max_message=0 c10100 => text -
        pmd max_message=0 c107f248cdc9c90700 => error 1009
        pmd max_message=5 c107f248cdc9c90700|c105f200110000|81054a656c6c6f => text 48656c6c6f, text 48656c6c6f, text 4a656c6c6f # each alone
        pmd max_message=5 81064a656c6c6f21 => error 1009                # what is not compressed as before
        pmd max_message=10 c17f000000000020000b => nothing              # 10 + 10 / 8 + 2 MiB: from the header
        pmd max_message=10 c17f000000000020000c => error 1009
        pmd max_message=10 4101f2|807f000000000001000a => nothing       # the sum counts
        pmd max_message=10 4101f2|807f000000000020000b => error 1009
        pmd c17f7fffffffffffffff => error 1009
        pmd max_message=18446744073709551615 c17f000000007fffffff => nothing
        pmd max_message=18446744073709551615 4101f2|807f7fffffffffffffff => error 1009 # and does not wrap
        pmd max_frame=7 c107f248cdc9c90700 => text 48656c6c6f           # frames as they are on the wire
        pmd max_frame=6 c107f248cdc9c90700 => error 1009
        pmd max_fragments=2 4103f248cd|8004c9c90700 => text 48656c6c6f
        pmd max_fragments=2 4103f248cd|0000|8004c9c90700 => error 1008
        ",
    );
}

/// The very byte, for messages of stored, fixed and dynamic blocks, whole and in fragments.
#[test]
fn the_limit_is_exact_for_every_block_type() {
    let text = support::deflate::json(9000);
    for message in [text.into_bytes(), vec![0; 9000], noise(9000)] {
        for level in [1, 9] {
            let deflate = Deflate::memory().level(level);
            let mut sender = compressing(Role::Client, Config::new(), deflate.clone());
            sender
                .send(Message::from(message.clone()).compress(sansocket::Compress::Always))
                .unwrap();
            let wire = support::drain(&mut sender);
            for (limit, fits) in [(8998, false), (8999, false), (9000, true), (9001, true)] {
                for chunking in [Chunking::Whole, Chunking::Bytewise, Chunking::Random(9)] {
                    let mut server = compressing(
                        Role::Server,
                        Config::new().max_message_size(limit),
                        deflate.clone(),
                    );
                    let events = feed(&mut server, &wire, chunking);
                    match &events[..] {
                        [Event::Message(got)] => {
                            assert!(fits && got.len() == 9000, "{limit} {chunking:?}")
                        }
                        [Event::Closed(closed)] => {
                            let expected =
                                CloseOutcome::ProtocolError(ProtocolError::MessageTooBig { limit });
                            assert!(
                                !fits && closed.outcome() == expected,
                                "{limit} {chunking:?} {closed:?}"
                            );
                        }
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
    }
}

/// Each error has its code, which is sent to the peer once.
#[test]
fn deflate_and_utf8_errors_are_distinct_and_sent_once() {
    for (bytes, expected) in [
        ("c10107", ProtocolError::InvalidDeflate),
        ("c107000100feffff00", ProtocolError::InvalidUtf8),
        ("c20107", ProtocolError::InvalidDeflate),
    ] {
        let mut server = compressing(Role::Server, Config::new(), Deflate::new());
        let events = feed(&mut server, &mask_reads(&[hex(bytes)]).concat(), Chunking::Whole);
        let [Event::Closed(closed)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(
            (closed.outcome(), closed.was_clean()),
            (CloseOutcome::ProtocolError(expected), false)
        );
        let close = [&[0x03, 0xef], expected.close_reason().as_bytes()].concat();
        assert_eq!(frames(&mut server), [(0x88, close)]);
    }
}

/// A message that arrives in several reads is emitted in chunks of a bounded size, in both roles.
#[test]
fn an_inflated_message_comes_in_chunks_as_it_arrives() {
    let chunks = |role: Role, reads: &[&str]| {
        let mut us = compressing(role, Config::new().receive_in_chunks(true), Deflate::speed());
        let reads: Vec<_> = reads.iter().map(|read| hex(read)).collect();
        let reads = if role == Role::Server { mask_reads(&reads) } else { reads };
        reads.iter().map(|read| describe(&feed(&mut us, read, Chunking::Whole))).collect::<Vec<_>>()
    };
    for role in [Role::Client, Role::Server] {
        for (reads, expected) in [
            (&["c107f248cdc9c90700"][..], &["chunk 48656c6c6f, chunk - last"][..]),
            (&["4103f248cd", "8004c9c90700"], &["chunk 48, chunk 656c6c6f, chunk - last"]),
            (
                &["c10b000500faff4865", "6c", "6c6f00"],
                &["chunk 4865", "chunk 6c", "chunk 6c6f, chunk - last"],
            ),
            (
                &["4107000500faff4865", "8900", "800400006c6c"],
                &["chunk 4865", "ping -", "chunk 00006c, error 1007"],
            ),
            (&["c10100", "810548656c6c6f"], &["chunk - last", "chunk 48656c6c6f last"]),
            (&["4100", "0000", "800100"], &["nothing", "nothing", "chunk - last"]),
            (&["4100", "0000", "8000"], &["nothing", "nothing", "chunk - last"]),
            (&["c100", "c107f248cdc9c90700"], &["chunk - last", "chunk 48656c6c6f, chunk - last"]),
            (&["417d000300fcff41ce", "ff"], &["chunk 41ce", "error 1007"]), // a character split between chunks
            (&["4106000100feffce", "800100"], &["chunk ce", "error 1007"]),
            (
                &["c107f248cdc9c90700", "c20100"],
                &["chunk 48656c6c6f, chunk - last", "chunk - last"],
            ),
        ] {
            let got = chunks(role, reads);
            if reads[0] == "4103f248cd" {
                // Where in the bits of a fixed code a byte is known is zlib's business; that all of
                // it comes is ours.
                let joined = got.join("").replace("chunk", "").replace([' ', ','], "");
                assert_eq!(joined, "48656c6c6f-last", "{role:?}");
            } else {
                assert_eq!(got, expected, "{role:?} {reads:?}");
            }
        }
    }
}

/// A large message in one frame comes in parts of a few KiB, and the limit counts.
#[test]
fn inflated_chunks_are_bounded() {
    let mut client = compressing(Role::Client, Config::new(), Deflate::speed());
    client.send(vec![0_u8; 1 << 20]).unwrap();
    let wire = support::drain(&mut client);
    for (limit, all) in [(1 << 20, true), ((1 << 20) - 1, false)] {
        let config = Config::new().receive_in_chunks(true).max_message_size(limit);
        let mut server = compressing(Role::Server, config, Deflate::speed());
        let (mut sum, mut ends) = (0, 0);
        for event in feed(&mut server, &wire, Chunking::Whole) {
            match event {
                Event::Chunk(chunk) => {
                    assert!(chunk.bytes.len() <= 4096 && chunk.kind == Kind::Binary);
                    sum += chunk.bytes.len() as u64;
                    ends += usize::from(chunk.last);
                }
                Event::Closed(closed) => {
                    assert_eq!(
                        closed.outcome(),
                        CloseOutcome::ProtocolError(ProtocolError::MessageTooBig { limit })
                    );
                }
                other => panic!("{other:?}"),
            }
            assert!(sum <= limit);
        }
        assert_eq!((ends, sum, server.closed().is_none()), (usize::from(all), limit, all));
    }
}

/// Both directions at once, each with its own window, through the handshakes.
#[test]
fn both_directions_compress_with_their_own_window() {
    for deflate in
        [Deflate::speed(), Deflate::balance(), Deflate::memory(), Deflate::new().max_window_bits(8)]
    {
        for chunking in [Chunking::Whole, Chunking::Bytewise, Chunking::Random(4)] {
            let mut pair = pair(&deflate, chunking);
            for round in 0..5 {
                let (ask, answer) =
                    (support::deflate::json(300 + round), support::deflate::json(5000 + round));
                pair.client.send(ask.as_str()).unwrap();
                pair.client.ping("?").unwrap();
                pair.server.send(answer.as_str()).unwrap();
                let (at_client, at_server) = pair.settle();
                assert_eq!(at_server, [Event::Message(ask.into()), Event::Ping("?".into())]);
                assert_eq!(at_client, [Event::Message(answer.into()), Event::Pong("?".into())]);
            }
        }
    }
}
