//! Text that is cut at bad places: RFC 6455 §8.1. The whole connection here; the validator alone is
//! counted out elsewhere.

use sansocket::{Config, Event, ProtocolError, Role};

use super::{ROLES, from_peer, messages, take, violation};
use support::{Chunking, connection, feed};

/// Letters of one to four bytes, 256 of them bytes, as a text of real people is mixed.
fn mixed() -> Vec<u8> {
    let text = "aé世😀, plain letters and then ñ, ß, Ω, ก, 한, 𝄞! ".repeat(5);
    let end = (0..=256).rev().find(|&end| text.is_char_boundary(end)).unwrap();
    [&text.as_bytes()[..end], &b"xxxx"[..256 - end]].concat()
}

/// Blocks of sixteen, thirty-two and sixty-four bytes, and a character across their borders: every
/// two fragments, behind every number of plain letters up to a block.
#[test]
fn sockudo_28_a_text_is_the_same_wherever_a_block_ends() {
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

/// One bad byte anywhere in a long text, in one frame or two, in one read or many: 1007, at once,
/// and no part of the text.
#[test]
fn cve_2025_12689_a_bad_byte_anywhere_is_an_error_and_no_crash() {
    let text = mixed();
    for place in 0..text.len() {
        for bad in [0xff, 0xc0, 0xf5] {
            let mut text = text.clone();
            text[place] = bad;
            for cut in [0, 16, 64, place, 256] {
                let mut server = connection(Role::Server, Config::new());
                let first = from_peer(Role::Server, 0x01, &text[..cut]);
                assert_eq!(take(&mut server, &first) == 1, place < cut, "at once, and not before");
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

/// The end of the buffer inside a character: CVE-2018-1336 turned there for ever. It is waited for,
/// and missed at the end.
#[test]
fn cve_2018_1336_half_a_character_is_waited_for() {
    for role in ROLES {
        for character in ["é", "世", "😀"] {
            for end in 1..character.len() {
                let (half, rest) = character.as_bytes().split_at(end);
                let mut us = connection(role, Config::new());
                assert_eq!(take(&mut us, &from_peer(role, 0x01, half)), 0);
                (0..100).for_each(|_| assert_eq!(take(&mut us, &from_peer(role, 0x00, b"")), 0));
                let end = feed(&mut us, &from_peer(role, 0x80, rest), Chunking::Whole);
                assert_eq!(end, [Event::Message(character.into())]);
                // An end inside the character, in an empty frame or a full one.
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

/// What one message left unfinished is no beginning of the next.
#[test]
fn f8_a_text_begins_with_nothing_before_it() {
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
        assert_eq!(take(&mut us, &bytes), 2, "a pong's bytes are no part of the text around it");
    }
}
