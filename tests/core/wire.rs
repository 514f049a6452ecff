//! Headers, masks and UTF-8, compared with slow and obvious versions: RFC 6455 §5.2, §5.3, §8.1.

use bytes::Bytes;
use sansocket::Text;
use sansocket::wire::{Header, HeaderError, Opcode, Utf8Validator, apply_mask};

/// §5.2 once more, from its text: what a header of these bytes is, or that it is bad, or that there
/// is more to come.
fn obvious_header(bytes: &[u8]) -> Result<Option<(Header, usize)>, ()> {
    if bytes.len() < 2 {
        return Ok(None);
    }
    let bit = |byte: u8, n: u8| byte & (1 << (7 - n)) != 0;
    let (fin, rsv1, opcode, masked) =
        (bit(bytes[0], 0), bit(bytes[0], 1), bytes[0] % 16, bit(bytes[1], 0));
    let control = opcode >= 8;
    let short = bytes[1] % 128;
    let known = [0, 1, 2, 8, 9, 10].contains(&opcode);
    if bit(bytes[0], 2) || bit(bytes[0], 3) || !known || (control && (short > 125 || !fin)) {
        return Err(());
    }
    let length_bytes = if short == 126 {
        2
    } else if short == 127 {
        8
    } else {
        0
    };
    if bytes.len() < 2 + length_bytes {
        return Ok(None);
    }
    let long =
        bytes[2..2 + length_bytes].iter().fold(0_u64, |sum, byte| sum * 256 + u64::from(*byte));
    let minimal = match short {
        126 => long >= 126,
        127 => (65536..1 << 63).contains(&long),
        _ => true,
    };
    if !minimal {
        return Err(());
    }
    let size = 2 + length_bytes + if masked { 4 } else { 0 };
    if bytes.len() < size {
        return Ok(None);
    }
    let mask = masked.then(|| [bytes[size - 4], bytes[size - 3], bytes[size - 2], bytes[size - 1]]);
    let opcode = Opcode::from_bits(opcode).unwrap();
    let payload_len = if length_bytes > 0 { long } else { u64::from(short) };
    Ok(Some((Header { fin, rsv1, opcode, mask, payload_len }, size)))
}

/// All first two bytes, with every kind of length behind them, cut after every byte.
#[test]
fn headers_parse_as_section_5_2_says() {
    let lengths: [u64; 13] = [
        0,
        1,
        125,
        126,
        127,
        255,
        65_535,
        65_536,
        1 << 32,
        (1 << 62) + 1,
        (1 << 63) - 1,
        1 << 63,
        u64::MAX,
    ];
    for start in 0..=u16::MAX {
        let [first, second] = start.to_be_bytes();
        for length in lengths {
            let length = match second & 0x7f {
                126 => (length as u16).to_be_bytes().to_vec(),
                127 => length.to_be_bytes().to_vec(),
                _ => vec![],
            };
            let bytes = [&[first, second], &length[..], &[0xca, 0xfe, 0xba, 0xbe, 0x55]].concat();
            for end in 0..=bytes.len() {
                let bytes = &bytes[..end];
                let parsed = Header::parse(bytes);
                assert_eq!(parsed.map_err(|_| ()), obvious_header(bytes), "{bytes:02x?}");
                if let Ok(Some((header, size))) = parsed {
                    assert_eq!(header.encode(&mut [0; Header::MAX_LEN]), &bytes[..size]);
                }
            }
        }
    }
}

#[test]
fn a_bad_header_names_its_error() {
    for (bytes, error) in [
        (&[0xa1, 0x00][..], HeaderError::ReservedBit),
        (&[0x91, 0x00], HeaderError::ReservedBit),
        (&[0x83, 0x00], HeaderError::ReservedOpcode),
        (&[0x8f, 0x00], HeaderError::ReservedOpcode),
        (&[0x82, 0x7e, 0, 125], HeaderError::LongForm),
        (&[0x82, 0x7f, 0, 0, 0, 0, 0, 0, 0xff, 0xff], HeaderError::LongForm),
        (&[0x82, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0], HeaderError::LengthOverflow),
        (&[0x09, 0x00], HeaderError::FragmentedControl),
        (&[0x89, 0x7e], HeaderError::LongControl),
    ] {
        assert_eq!(Header::parse(bytes), Err(error), "{bytes:02x?}");
    }
}

#[test]
fn masking_equals_the_bytewise_loop_at_every_length_and_offset() {
    let key = [0x11, 0x22, 0x44, 0x88];
    let data: Vec<u8> = (0..=255).cycle().take(1200).collect();
    for start in 0..16 {
        // Those of 1 KiB and more are aligned first.
        for len in (0..300).chain(1020..1030).chain([1180]) {
            for offset in [0, 1, 2, 3, 4, 7, u64::MAX] {
                let mut buffer = data.clone();
                apply_mask(key, offset, &mut buffer[start..start + len]);
                for (i, (masked, plain)) in buffer.iter().zip(&data).enumerate() {
                    let inside = (start..start + len).contains(&i);
                    let byte = if inside {
                        key[(offset.wrapping_add((i - start) as u64) % 4) as usize]
                    } else {
                        0
                    };
                    assert_eq!(
                        *masked,
                        plain ^ byte,
                        "start {start}, len {len}, offset {offset}, byte {i}"
                    );
                }
            }
        }
    }
}

/// Texts that end in every way that matters, split everywhere.
#[test]
fn utf8_validation_does_not_depend_on_splits() {
    let texts: [&[u8]; 16] = [
        b"",
        b"plain ASCII text that is longer than any register is wide, so that the fast paths have something to do ...",
        "\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}".as_bytes(),
        "κόσμε, 世界, 👋🏽 — Straße".as_bytes(),
        b"\xc0\x80",
        b"a\xc1\xbf",
        b"\xe0\x9f\xbf",
        b"\xed\xa0\x80",
        b"\xf0\x8f\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xf5",
        b"ab\x80",
        b"\xce",
        b"\xe4\xb8",
        b"\xf0\x9f\x98",
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80edited",
    ];
    for text in texts {
        let valid = std::str::from_utf8(text).is_ok();
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let mut utf8 = Utf8Validator::new();
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                let result = pieces
                    .iter()
                    .try_for_each(|piece| utf8.push(piece))
                    .and_then(|()| utf8.finish());
                assert_eq!(result.is_ok(), valid, "{pieces:02x?}");
            }
        }
    }
}

/// A whole text is looked at in another way than one in pieces, while it is short.
#[test]
fn an_invalid_byte_is_found_at_every_place() {
    for len in 0..140 {
        assert!(Text::try_from(Bytes::from(vec![0x7f; len])).is_ok());
        assert_eq!(
            Text::try_from(Bytes::from(vec![0x80; len])).is_ok(),
            len == 0,
            "{len} bad bytes"
        );
        for at in 0..len {
            let mut text = vec![b'x'; len];
            text[at] = 0x80;
            assert!(
                Text::try_from(Bytes::from(text.clone())).is_err(),
                "{len} bytes, the bad one is {at}"
            );
            if at > 0 {
                text[at - 1] = 0xc3;
                assert!(
                    Text::try_from(Bytes::from(text)).is_ok(),
                    "{len} bytes, the good ones are before {at} and there"
                );
            }
        }
    }
}

/// Every sequence of up to three bytes, byte by byte, fails at the first byte after which std finds
/// an error that no further byte can repair.
#[test]
fn utf8_fails_at_the_first_invalid_byte() {
    fn extend(utf8: Utf8Validator, bytes: &mut Vec<u8>) {
        for byte in 0..=255 {
            bytes.push(byte);
            let mut utf8 = utf8;
            let mendable = match std::str::from_utf8(bytes) {
                Ok(_) => true,
                Err(error) => error.error_len().is_none(),
            };
            assert_eq!(utf8.push(&[byte]).is_ok(), mendable, "{bytes:02x?}");
            if mendable {
                assert_eq!(
                    utf8.finish().is_ok(),
                    std::str::from_utf8(bytes).is_ok(),
                    "{bytes:02x?}"
                );
                if bytes.len() < 3 {
                    extend(utf8, bytes);
                }
            }
            bytes.pop();
        }
    }
    extend(Utf8Validator::new(), &mut Vec::new());
}
