//! Attacks on compression, and bugs of other libraries: DEFLATE streams of every form, damaged
//! streams, secrets in shared windows.
//!
//! The bombs are in `deflate_bombs`, the parameters in `deflate_handshake`.
#![cfg(feature = "deflate")]

use sansocket::deflate::Deflate;
use sansocket::{CloseOutcome, Compress, Config, Connection, Event, Message, ProtocolError, Role};
use support::deflate::{check_table, compressing, frames, json, noise, opened, pair};
use support::{Chunking, connection, feed, hex, masked};

/// D2: websockets once truncated a message that was a few bytes above the limit.
#[test]
fn d2_compressed_message_over_the_limit_is_1009() {
    for len in 1000..1020 {
        let mut sender = compressing(Role::Client, Config::new(), Deflate::speed());
        sender.send(Message::from(noise(len)).compress(Compress::Always)).unwrap();
        let wire = support::drain(&mut sender);
        for limit in [len as u64 - 1, len as u64] {
            let mut server =
                compressing(Role::Server, Config::new().max_message_size(limit), Deflate::speed());
            let events = feed(&mut server, &wire, Chunking::Whole);
            if limit == len as u64 {
                assert_eq!(events, [Event::Message(noise(len).into())]);
            } else {
                assert!(
                    matches!(&events[..], [Event::Closed(closed)] if closed.sent().unwrap().code().get() == 1009)
                );
            }
        }
    }
}

/// D3: input without output counts towards a limit.
#[test]
fn d3_empty_deflate_blocks_over_the_limit_are_1009() {
    check_table("pmd max_message=16 c106000000ffff00 => text -");
    let blocks = hex("000000ffff").repeat(500_000);
    for size in [blocks.len(), 1000, 33] {
        let mut server =
            compressing(Role::Server, Config::new().max_message_size(16), Deflate::speed());
        let mut fed = 0;
        let mut first = 0x42;
        let events: Vec<Event> = blocks
            .chunks(size)
            .flat_map(|chunk| {
                fed += if server.closed().is_none() { chunk.len() } else { 0 };
                feed(&mut server, &masked(std::mem::take(&mut first), chunk), Chunking::Whole)
            })
            .collect();
        assert!(
            matches!(&events[..], [Event::Closed(closed)] if closed.sent().unwrap().code().get() == 1009),
            "{size}"
        );
        assert!(fed <= size + 16 + 2 + 2 * 1024 * 1024, "{fed}");
    }
}

/// D4: §7.2.3, and bytes after a block with BFINAL (Boost.Beast 923, websockets 17).
#[test]
fn d4_every_form_of_stream_inflates() {
    check_table(
        "
        pmd c107f248cdc9c90700 => text 48656c6c6f
        pmd 4103f248cd|8004c9c90700 => text 48656c6c6f
        pmd c10b000500faff48656c6c6f00 => text 48656c6c6f               # stored
        pmd c108f348cdc9c9070000 => text 48656c6c6f                     # BFINAL
        pmd c10df24805000000ffffcac9c90700 => text 48656c6c6f           # two blocks
        pmd c107f248cdc9c90700|c105f200110000 => text 48656c6c6f, text 48656c6c6f
        pmd c10100 => text -
        pmd c108f348cdc9c9070000|c107f248cdc9c90700 => text 48656c6c6f, text 48656c6c6f
        pmd c208f348cdc9c9070000|c107f248cdc9c90700|c105f200110000 => binary 48656c6c6f, text 48656c6c6f, text 48656c6c6f
        pmd c10ef348cdc9c90700f248cdc9c90700 => text 48656c6c6f48656c6c6f # BFINAL within a message
        anew c108f348cdc9c9070000|c107f248cdc9c90700 => text 48656c6c6f, text 48656c6c6f
        ",
    );
}

/// D5: 1007 without a panic, and no byte of the message. CVE-2018-25032, CVE-2022-37434,
/// RUSTSEC-2024-0401, CVE-2026-29035.
#[test]
fn d5_invalid_deflate_data_is_1007() {
    check_table(
        "
        pmd c10402020000 => error 1007                                  # a distance before the window
        pmd c10107 => error 1007                                        # a block of the type that does not exist
        pmd c105000500ffff => error 1007                                # lengths of a stored block that differ
        pmd c10104 => error 1007                                        # cut off in a dynamic block's header
        pmd c103f248cd => error 1007                                    # in a fixed block
        pmd c107000500faff4865 => error 1007                            # in a stored one
        pmd 4103f248cd|8000 => error 1007
        pmd c10bf248cdc9c907000000ffff => error 1007                    # the tail is there already
        pmd c107f348cdc9c90700 => error 1007                            # ends in a block that is the last
        anew c107f248cdc9c90700|c105f200110000 => text 48656c6c6f, error 1007 # back into the message before
        anew c107f248cdc9c90700|c10402020000 => text 48656c6c6f, error 1007
        pmd c108f348cdc9c9070000|c105f200110000 => text 48656c6c6f, error 1007 # back into a stream that has ended
        pmd c107000100feffff00 => error 1007                            # no text
        ",
    );
}

/// D5: the four bytes that the sender removes are not appended in the read buffer, over the next
/// frame. CVE-2020-36406.
#[test]
fn d5_appended_tail_does_not_overwrite_the_next_frame() {
    check_table(
        "
        pmd c107f248cdc9c90700810548656c6c6f => text 48656c6c6f, text 48656c6c6f
        pmd c107f248cdc9c907008900c10100810141 => text 48656c6c6f, ping -, text -, text 41
        ",
    );
}

/// D6: parameters that crashed other libraries; see also `deflate_handshake`.
#[test]
fn d6_invalid_parameters_are_declined_or_an_error() {
    let offers = [
        "server_max_window_bits=16",
        "server_max_window_bits=1e9",
        "client_max_window_bits=7",
        "hasOwnProperty",
        "__proto__=1",
    ];
    for offer in offers {
        let name = offer.split('=').next().unwrap();
        let value = offer.split_once('=').map(|(_, value)| value.into());
        assert!(Deflate::new().answer([(name, value.clone())]).is_none(), "{offer}");
        assert!(Deflate::new().accept([(name, value)]).is_err(), "{offer}");
    }
}

/// D7: aiohttp inflated without negotiation; libwebsockets looped on uncompressed messages.
#[test]
fn d7_rsv1_without_negotiation_is_1002() {
    check_table(
        "
        plain c107f248cdc9c90700 => error 1002
        pmd 810548656c6c6f => text 48656c6c6f
        ",
    );
}

/// D8: a pooled state keeps no window of its last connection. CVE-2016-10544 and similar.
#[test]
fn d8_pooled_states_do_not_share_windows_between_connections() {
    for _ in 0..50 {
        let mut a = compressing(Role::Server, Config::new(), Deflate::memory());
        let mut b = compressing(Role::Server, Config::new(), Deflate::memory());
        assert_eq!(feed(&mut a, &masked(0xc1, &hex("f248cdc9c90700")), Chunking::Whole).len(), 1);
        let events = feed(&mut b, &masked(0xc1, &hex("f200110000")), Chunking::Whole);
        assert!(
            matches!(&events[..], [Event::Closed(closed)] if closed.outcome() == CloseOutcome::ProtocolError(ProtocolError::InvalidDeflate))
        );
        // Nor does an aborted message.
        feed(&mut a, &masked(0x41, &hex("f248cdc9c90700")), Chunking::Whole);
        drop(a);
        let mut c = compressing(Role::Server, Config::new(), Deflate::memory());
        assert!(matches!(
            &feed(&mut c, &masked(0xc1, &hex("f200110000")), Chunking::Whole)[..],
            [Event::Closed(_)]
        ));
    }
    // A compressor does not refer to the window of another connection.
    let size = |connection: &mut Connection| {
        connection.send(json(1000)).unwrap();
        frames(connection)[0].1.len()
    };
    let first = size(&mut compressing(Role::Server, Config::new(), Deflate::memory()));
    for _ in 0..50 {
        assert_eq!(size(&mut compressing(Role::Server, Config::new(), Deflate::memory())), first);
    }
}

/// D9, §8 (CRIME, BREACH): uncompressed messages are in no window; without context takeover the
/// size of a message does not depend on another.
#[test]
fn d9_uncompressed_messages_and_no_context_takeover_leak_no_size() {
    let secret = "Set-Cookie: session=8f14e45fceea167a5a36dedd4bea2543; Secure; HttpOnly; Path=/account/settings";
    let guess = format!("{{\"guess\":\"{secret}\"}}");
    let size_after = |deflate: &Deflate, secret: Option<Compress>| {
        let mut pair = pair(deflate, Chunking::Whole);
        if let Some(choice) =
            secret.map(|choice| Message::from(self::secret_page()).compress(choice))
        {
            pair.server.send(choice).unwrap();
            frames(&mut pair.server);
        }
        pair.server.send(Message::from(guess.as_str()).compress(Compress::Always)).unwrap();
        frames(&mut pair.server)[0].1.len()
    };
    let keeps = Deflate::speed();
    assert!(
        size_after(&keeps, Some(Compress::Always)) + 50 < size_after(&keeps, None),
        "with context takeover the size leaks"
    );
    assert_eq!(size_after(&keeps, Some(Compress::Never)), size_after(&keeps, None));
    let anew = Deflate::speed().no_context_takeover(true);
    assert_eq!(size_after(&anew, Some(Compress::Always)), size_after(&anew, None));
    // Compression is off by default.
    let (pair, answer) = opened(Config::new(), Config::new(), Chunking::Whole);
    let mut server = pair.server;
    server.send(json(5000)).unwrap();
    assert_eq!((answer, frames(&mut server)[0].0), (None, 0x81));
}

fn secret_page() -> String {
    format!(
        "{}Set-Cookie: session=8f14e45fceea167a5a36dedd4bea2543; Secure; HttpOnly; Path=/account/settings",
        json(300)
    )
}

/// D10: no state before the first compressed message of a direction, and none after the end.
/// `bytes_held` reports the states, and `release_memory` frees them.
#[test]
fn d10_states_are_allocated_on_first_use_and_freed_at_the_end() {
    const COMPRESSING: usize = 266_240;
    const DECOMPRESSING: usize = 47_680;
    for role in [Role::Client, Role::Server] {
        let mut us = compressing(role, Config::new(), Deflate::speed());
        let (hello, plain) = if role == Role::Server {
            (masked(0xc1, &hex("f248cdc9c90700")), masked(0x81, b"Hello"))
        } else {
            (hex("c107f248cdc9c90700"), hex("810548656c6c6f"))
        };
        assert_eq!(us.bytes_held(), 0);
        feed(&mut us, &plain, Chunking::Whole);
        us.send("short").unwrap();
        support::drain(&mut us);
        assert_eq!(us.bytes_held(), 0, "nothing was compressed yet");
        us.send(json(500)).unwrap();
        support::drain(&mut us);
        assert_eq!(us.bytes_held(), COMPRESSING);
        feed(&mut us, &hello, Chunking::Whole);
        assert_eq!(us.bytes_held(), COMPRESSING + DECOMPRESSING);
        us.release_memory();
        assert_eq!(us.bytes_held(), DECOMPRESSING, "the peer may look back into its window");
        us.send(json(500)).unwrap();
        support::drain(&mut us);
        assert_eq!(us.bytes_held(), COMPRESSING + DECOMPRESSING);
        // The end of the connection frees all of it.
        us.close(None);
        let close = if role == Role::Server { masked(0x88, b"") } else { hex("8800") };
        feed(&mut us, &close, Chunking::Whole);
        support::drain(&mut us);
        assert_eq!(us.bytes_held(), 0);
    }
    let mut without = connection(Role::Server, Config::new());
    without.release_memory();
    assert_eq!(without.bytes_held(), 0);
}
