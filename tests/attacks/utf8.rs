//! Text that is split within characters: RFC 6455 §8.1. These tests use a whole connection; the
//! validator alone is tested exhaustively elsewhere.

use sansocket::{Config, Event, ProtocolError, Role};

use super::{ROLES, from_peer, messages, take, violation};
use support::{Chunking, connection, feed};

/// 256 bytes of characters of one to four bytes.
fn mixed() -> Vec<u8> {
    let text = "aé世😀, plain letters and then ñ, ß, Ω, ก, 한, 𝄞! ".repeat(5);
    let end = (0..=256).rev().find(|&end| text.is_char_boundary(end)).unwrap();
    [&text.as_bytes()[..end], &b"xxxx"[..256 - end]].concat()
}

/// Characters across the borders of SIMD blocks of 16, 32 and 64 bytes: every split into two
/// fragments, after several numbers of ASCII letters.
#[test]
fn sockudo_28_text_is_valid_for_every_fragment_boundary() {
    for role in ROLES {
        for offset in [0, 1, 15, 16, 31, 33, 63] {
            let text = [&vec![b'x'; offset][..], &mixed()].concat();
            for cut in 0..=text.len() {
                let bytes =
                    [from_peer(role, 0x01, &text[..cut]), from_peer(role, 0x80, &text[cut..])]
                        .concat();
                let events = feed(&mut connection(role, Config::new()), &bytes, Chunking::Whole);
                assert_eq!(messages(&events), [&text[..]], "{offset} {cut}");
            }
        }
    }
}

/// One invalid byte at every position, in one fragment or two: the error is reported at once, and
/// no part of the text is delivered.
#[test]
fn cve_2025_12689_one_invalid_utf8_byte_anywhere_is_1007() {
    let text = mixed();
    for place in 0..text.len() {
        for bad in [0xff, 0xc0, 0xf5] {
            let mut text = text.clone();
            text[place] = bad;
            for cut in [0, 16, 64, place, 256] {
                let mut server = connection(Role::Server, Config::new());
                let first = from_peer(Role::Server, 0x01, &text[..cut]);
                assert_eq!(
                    take(&mut server, &first) == 1,
                    place < cut,
                    "the error is reported with the fragment of the invalid byte"
                );
                take(&mut server, &from_peer(Role::Server, 0x80, &text[cut..]));
                assert_eq!(
                    violation(&server),
                    Some(ProtocolError::InvalidUtf8),
                    "{place} {bad:x} {cut}"
                );
            }
        }
    }
}

/// The buffer ends within a character, where CVE-2018-1336 looped forever.
#[test]
fn cve_2018_1336_incomplete_character_waits_for_more_and_is_1007_at_the_end() {
    for role in ROLES {
        for character in ["é", "世", "😀"] {
            for end in 1..character.len() {
                let (half, rest) = character.as_bytes().split_at(end);
                let mut us = connection(role, Config::new());
                assert_eq!(take(&mut us, &from_peer(role, 0x01, half)), 0);
                (0..100).for_each(|_| assert_eq!(take(&mut us, &from_peer(role, 0x00, b"")), 0));
                let end = feed(&mut us, &from_peer(role, 0x80, rest), Chunking::Whole);
                assert_eq!(end, [Event::Message(character.into())]);
                // The message ends within the character, with an empty last frame or another.
                for last in [
                    vec![from_peer(role, 0x81, half)],
                    vec![from_peer(role, 0x01, half), from_peer(role, 0x80, b"")],
                ] {
                    let mut us = connection(role, Config::new());
                    assert_eq!(take(&mut us, &last.concat()), 1);
                    assert_eq!(violation(&us), Some(ProtocolError::InvalidUtf8));
                }
            }
        }
    }
}

/// An incomplete character in a binary message or a pong does not affect text.
#[test]
fn f8_utf8_state_restarts_with_every_text_message() {
    for role in ROLES {
        let mut us = connection(role, Config::new());
        take(
            &mut us,
            &[from_peer(role, 0x82, b"\xf0\x9f"), from_peer(role, 0x81, b"\x98\x80")].concat(),
        );
        assert_eq!(violation(&us), Some(ProtocolError::InvalidUtf8));
        let mut us = connection(role, Config::new());
        let bytes = [
            from_peer(role, 0x01, b"\xc3"),
            from_peer(role, 0x8a, b"\xa9"),
            from_peer(role, 0x80, b"\xa9"),
        ]
        .concat();
        assert_eq!(take(&mut us, &bytes), 2, "the payload of a pong is not part of the text");
    }
}
