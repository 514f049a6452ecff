//! The codecs alone: compression and decompression of messages, RFC 7692 §7.2.
#![cfg(feature = "deflate")]

use bytes::BytesMut;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{
    DecompressorOxide, decompress, inflate_flags::TINFL_FLAG_HAS_MORE_INPUT,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sansocket::deflate::{Compressor, Decompressor, Deflate, InflateError};
use support::{Chunking, hex};

/// Both directions of a connection to one like us.
fn codec(deflate: &Deflate) -> (Compressor, Decompressor) {
    let (agreed, _) = deflate.answer([("client_max_window_bits", None)]).unwrap();
    (Compressor::new(deflate, &agreed), Decompressor::new(&agreed))
}

fn compress(compressor: &mut Compressor, message: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    compressor.compress(message, true, &mut out);
    out.to_vec()
}

/// Decompresses a message in pieces, the last of which is known as such only when it is there, into
/// so much room.
fn decompress_in(
    decompressor: &mut Decompressor,
    message: &[u8],
    chunking: Chunking,
    limit: u64,
    room: usize,
) -> Result<Vec<u8>, InflateError> {
    let mut pieces = chunking.split(message);
    pieces.push(&[]);
    let (mut out, mut room) = (Vec::new(), vec![0xAA; room]);
    for (at, piece) in pieces.iter().enumerate() {
        let mut piece = *piece;
        while let Some(bytes) =
            decompressor.inflate(&mut piece, at + 1 == pieces.len(), limit, &mut room)?
        {
            assert!(!bytes.is_empty());
            out.extend_from_slice(bytes);
            assert!(out.len() as u64 <= limit);
        }
        assert!(piece.is_empty());
    }
    Ok(out)
}

fn inflate(decompressor: &mut Decompressor, message: &[u8]) -> Result<Vec<u8>, InflateError> {
    decompress_in(decompressor, message, Chunking::Whole, 1 << 20, 4096)
}

/// Another implementation, with a window of just so many bytes: what refers farther back is an
/// error.
fn reference(window_bits: u8, stream: &[u8]) -> Option<Vec<u8>> {
    let (mut state, mut window, mut out) =
        (DecompressorOxide::new(), vec![0; 1 << window_bits], Vec::new());
    let (mut rest, mut at) = (stream, 0);
    loop {
        let (status, read, written) =
            decompress(&mut state, rest, &mut window, at, TINFL_FLAG_HAS_MORE_INPUT);
        out.extend_from_slice(&window[at..at + written]);
        (rest, at) = (&rest[read..], (at + written) % window.len());
        match status {
            TINFLStatus::Done => return rest.is_empty().then_some(out),
            TINFLStatus::HasMoreOutput => {}
            _ => return None,
        }
    }
}

/// Messages with their tails put back, and the end of a stream.
fn stream<'a>(messages: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let whole =
        messages.into_iter().flat_map(|message| [&message[..], b"\x00\x00\xff\xff"].concat());
    whole.chain(*b"\x03\x00").collect()
}

fn json(random: &mut StdRng, len: usize) -> Vec<u8> {
    let mut text = String::new();
    while text.len() < len {
        let id = random.next_u32();
        text += &format!(
            "{{\"id\":{id},\"type\":\"chat\",\"user\":\"user{}\",\"text\":\"hello again\"}},",
            id % 97
        );
    }
    text.truncate(len);
    text.into_bytes()
}

fn noise(random: &mut StdRng, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    random.fill_bytes(&mut bytes);
    bytes
}

const HELLO: &str = "f248cdc9c90700";

#[test]
fn the_examples_of_section_7_2_3_inflate() {
    for (section, messages) in [
        ("7.2.3.1", &[HELLO][..]),
        ("7.2.3.2", &[HELLO, HELLO]),
        ("7.2.3.2", &[HELLO, "f200110000"]),
        ("7.2.3.3", &["000500faff48656c6c6f00"]),
        ("7.2.3.4", &["f348cdc9c9070000"]),
        ("7.2.3.4", &["f348cdc9c9070000", HELLO, "f200110000", "f348cdc9c9070000", HELLO]),
        ("7.2.3.5", &["f24805000000ffffcac9c90700"]),
        // The last block is stored, empty, and has BFINAL (§7.2.1).
        ("7.2.1", &["f248cdc9c907000000ffff01", HELLO, "f200110000"]),
    ] {
        for chunking in [Chunking::Whole, Chunking::Bytewise, Chunking::At(3), Chunking::At(4)] {
            for room in [1, 2, 3, 4, 5, 6, 512] {
                let (_, mut decompressor) = codec(&Deflate::speed());
                for message in messages {
                    let message =
                        decompress_in(&mut decompressor, &hex(message), chunking, 5, room);
                    assert_eq!(
                        message.as_deref(),
                        Ok(&b"Hello"[..]),
                        "{section} {chunking:?} {room}"
                    );
                }
            }
        }
    }
    // 7.2.3.6: nothing, as a message and as the end of one
    for (message, text) in [("00", ""), ("f248cdc9c907000000ffff00", "Hello")] {
        for deflate in [Deflate::speed(), Deflate::memory()] {
            let (_, mut decompressor) = codec(&deflate);
            assert_eq!(inflate(&mut decompressor, &hex(message)).as_deref(), Ok(text.as_bytes()));
            assert_eq!(inflate(&mut decompressor, &hex(HELLO)).as_deref(), Ok(&b"Hello"[..]));
        }
    }
}

#[test]
fn the_examples_of_section_7_2_3_are_compressed_alike() {
    for level in 1..=9 {
        let (mut keeps, _) = codec(&Deflate::speed().level(level));
        let (mut starts_anew, _) = codec(&Deflate::memory().level(level));
        // Level 1 finds that all five letters repeat, where the RFC spells the first.
        let again = if level == 1 { "02130000" } else { "f200110000" };
        for (compressor, messages) in
            [(&mut keeps, [HELLO, again]), (&mut starts_anew, [HELLO, HELLO])]
        {
            assert_eq!(compress(compressor, b"Hello"), hex(messages[0]), "7.2.3.1, level {level}");
            assert_eq!(compress(compressor, b""), hex("00"), "7.2.3.6, level {level}");
            assert_eq!(compress(compressor, b"Hello"), hex(messages[1]), "7.2.3.2, level {level}");
        }
        // A message in parts, and nothing in the last.
        let mut parts = BytesMut::new();
        starts_anew.compress(b"He", false, &mut parts);
        assert_eq!(parts[..], hex("f24805000000ffff"), "7.2.3.5, level {level}");
        starts_anew.compress(b"", false, &mut parts);
        starts_anew.compress(b"", true, &mut parts);
        assert_eq!(parts[..], hex("f24805000000ffff00"), "7.2.3.6, level {level}");
        assert_eq!(compress(&mut starts_anew, b"Hello"), hex(HELLO), "level {level}");
    }
}

/// Every window, with and without takeover, at every level: another implementation, whose window is
/// just as large, agrees.
#[test]
fn every_option_round_trips_and_miniz_oxide_agrees() {
    let mut random = StdRng::seed_from_u64(7692);
    let messages = [
        json(&mut random, 700),
        b"Hello".to_vec(),
        noise(&mut random, 1500),
        json(&mut random, 34_000),
        vec![],
        json(&mut random, 300).repeat(4),
        [noise(&mut random, 251), noise(&mut random, 10)].concat().repeat(6),
        vec![0; 20_000],
        noise(&mut random, 12_000),
        json(&mut random, 700),
    ];
    for bits in 8..=15 {
        for level in 1..=9 {
            for anew in [false, true] {
                let name = format!("window bits {bits}, level {level}, each message anew: {anew}");
                let deflate =
                    Deflate::new().level(level).max_window_bits(bits).peer_max_window_bits(bits);
                let (mut compressor, mut decompressor) =
                    codec(&deflate.no_context_takeover(anew).peer_no_context_takeover(anew));
                let compressed: Vec<_> =
                    messages.iter().map(|message| compress(&mut compressor, message)).collect();
                for (message, compressed) in messages.iter().zip(&compressed) {
                    assert!(
                        inflate(&mut decompressor, compressed).as_ref() == Ok(message),
                        "{name}"
                    );
                    assert!(
                        !anew || reference(bits, &stream([compressed])).as_ref() == Some(message),
                        "{name}: the judge"
                    );
                }
                assert!(
                    anew || reference(bits, &stream(&compressed)) == Some(messages.concat()),
                    "{name}: the judge"
                );
            }
        }
    }
}

/// The reference implementation fails if a distance exceeds its window.
#[test]
fn miniz_oxide_rejects_a_window_that_is_too_large() {
    let repeated = noise(&mut StdRng::seed_from_u64(1), 300).repeat(3);
    let (mut compressor, _) = codec(&Deflate::new().max_window_bits(10));
    let stream = stream([&compress(&mut compressor, &repeated)]);
    assert_eq!((reference(10, &stream).as_ref(), reference(8, &stream)), (Some(&repeated), None));
}

#[test]
fn a_flushed_chunk_inflates_without_the_next() {
    let mut random = StdRng::seed_from_u64(3);
    let parts = [
        json(&mut random, 100),
        vec![],
        noise(&mut random, 5000),
        json(&mut random, 1),
        json(&mut random, 9000),
    ];
    for deflate in [
        Deflate::speed(),
        Deflate::balance(),
        Deflate::memory(),
        Deflate::speed().max_window_bits(9).level(9),
    ] {
        let (mut compressor, mut decompressor) = codec(&deflate);
        for _ in 0..9 {
            for (at, part) in parts.iter().enumerate() {
                let (last, mut compressed, mut got) =
                    (at + 1 == parts.len(), BytesMut::new(), Vec::new());
                compressor.compress(part, last, &mut compressed);
                if random.next_u32() % 4 == 0 {
                    compressor.release_memory(); // even within a message
                }
                let (mut rest, mut room) = (&compressed[..], [0; 777]);
                while let Some(bytes) =
                    decompressor.inflate(&mut rest, last, 1 << 20, &mut room).unwrap()
                {
                    got.extend_from_slice(bytes);
                }
                assert!(got == *part);
            }
        }
    }
}

/// Output that is as long as the room for it, or one more: whatever zlib leaves in it is fetched,
/// and nothing twice.
#[test]
fn messages_of_every_length_round_trip() {
    let mut random = StdRng::seed_from_u64(4);
    for level in [1, 3, 9] {
        let (mut compressor, mut decompressor) = codec(&Deflate::speed().level(level));
        for len in (0..600).chain((1000..70_000).step_by(4096)) {
            let message = noise(&mut random, len);
            let compressed = compress(&mut compressor, &message);
            assert!(
                compressed.len() <= len + len / 8 + 32,
                "{len} bytes grow to {}",
                compressed.len()
            );
            let got = decompress_in(
                &mut decompressor,
                &compressed,
                Chunking::Random(len as u64),
                1 << 20,
                len.max(1),
            );
            assert!(got == Ok(message), "level {level}, {len} bytes");
        }
    }
}

/// The output buffer begins with half of the message, or 4 KiB if that is less, and grows only for
/// what does not fit.
#[test]
fn output_grows_by_what_is_written() {
    for (len, room) in [(1000, 564), (8000, 4064), (8064, 4096), (8066, 4096), (1_000_000, 4096)] {
        let mut out = BytesMut::new();
        codec(&Deflate::memory()).0.compress(&vec![b'a'; len], true, &mut out);
        assert_eq!(out.capacity(), room, "{len} bytes become {}", out.len());
    }
}

/// The last byte may hold the end of a repetition, of its block, and what follows: it is used up
/// before there is room for all that it inflates to.
#[test]
fn the_last_byte_may_inflate_to_more_than_the_buffer() {
    let (mut compressor, mut decompressor) = codec(&Deflate::memory().level(9));
    for len in 60_000..60_040 {
        let compressed = compress(&mut compressor, &vec![0; len]);
        let got = decompress_in(&mut decompressor, &compressed, Chunking::Whole, 1 << 20, 100);
        assert_eq!(got.map(|message| message.len()), Ok(len));
    }
}

#[test]
fn the_inflated_limit_is_exact() {
    let mut random = StdRng::seed_from_u64(5);
    for message in [vec![b'a'; 3000], json(&mut random, 3000), noise(&mut random, 3000)] {
        // Stored, fixed and dynamic blocks.
        for level in [1, 6] {
            let compressed = compress(&mut codec(&Deflate::memory().level(level)).0, &message);
            for chunking in [Chunking::Whole, Chunking::Bytewise, Chunking::Random(1)] {
                for room in (1..=64).chain([2999, 3000, 3001, 9000]) {
                    for limit in 2997..=3003 {
                        // An innocent message before it does not count.
                        let (_, mut decompressor) = codec(&Deflate::memory());
                        assert_eq!(
                            decompress_in(&mut decompressor, &hex(HELLO), chunking, 5, room)
                                .as_deref(),
                            Ok(&b"Hello"[..])
                        );
                        let got =
                            decompress_in(&mut decompressor, &compressed, chunking, limit, room);
                        let expected = if limit < 3000 {
                            Err(InflateError::TooBig)
                        } else {
                            Ok(message.clone())
                        };
                        assert!(
                            got == expected,
                            "limit {limit}, room {room}, {chunking:?}: {:?}",
                            got.map(|m| m.len())
                        );
                    }
                }
            }
        }
    }
    let (_, mut decompressor) = codec(&Deflate::speed());
    assert_eq!(decompress_in(&mut decompressor, &hex("00"), Chunking::Whole, 0, 1), Ok(vec![]));
    assert_eq!(
        decompress_in(&mut decompressor, &hex(HELLO), Chunking::Whole, u64::MAX, 9).as_deref(),
        Ok(&b"Hello"[..])
    );
    assert_eq!(
        decompress_in(&mut decompressor, &hex(HELLO), Chunking::Whole, 0, 1),
        Err(InflateError::TooBig)
    );
}

/// A message that inflates to nothing, for ever: read in linear time within the limit, and ended
/// above it.
#[test]
fn a_million_empty_blocks_inflate_to_nothing() {
    let blocks = [&b"\x00\x00\x00\xff\xff".repeat(1_000_000)[..], b"\x00"].concat();
    let (_, mut decompressor) = codec(&Deflate::speed());
    assert_eq!(
        decompress_in(&mut decompressor, &blocks, Chunking::Whole, 16 << 20, 512),
        Ok(vec![])
    );
    assert_eq!(
        decompress_in(&mut decompressor, &blocks, Chunking::Whole, 16, 512),
        Err(InflateError::TooBig)
    );
    assert_eq!(decompressor.bytes_held(), 0);
    let mut fed = 0;
    while decompressor.inflate(&mut &b"\x00\x00\x00\xff\xff"[..], false, 16, &mut [0]).is_ok() {
        fed += 5;
    }
    assert_eq!(
        fed,
        Decompressor::max_compressed(16),
        "five bytes a block, which it is a multiple of"
    );
    // What a peer may send for a message of just the limit is let through.
    let mut random = StdRng::seed_from_u64(6);
    let message: Vec<u8> = noise(&mut random, 100_000).iter().map(|byte| byte | 0x90).collect();
    let compressed = compress(&mut codec(&Deflate::speed()).0, &message);
    assert!(
        compressed.len() > 110_000
            && decompress_in(&mut decompressor, &compressed, Chunking::Whole, 100_000, 512)
                == Ok(message)
    );
}

/// For a limit, an eighth more, and 2 MiB: to the byte, and without an overflow.
#[test]
fn the_compressed_limit_is_an_eighth_plus_2_mib_larger() {
    let lines = [
        (0, 2_097_152),
        (7, 2_097_159),
        (8, 2_097_161),
        (1_000_000, 3_222_152),
        (u64::MAX, u64::MAX),
    ];
    for (limit, most) in lines {
        assert_eq!(Decompressor::max_compressed(limit), most, "{limit}");
    }
}

#[test]
fn invalid_deflate_streams_are_corrupt() {
    for (why, message) in [
        ("a distance before the window", "0402020000"),
        ("a block of type 3", "07"),
        ("lengths of a stored block that differ", "000500ffff"),
        ("ends in a dynamic block's header", "04"),
        ("ends in a fixed block", "f248cd"),
        ("ends before the last byte", "f248cdc9c907"),
        ("ends in a stored block's header", "0005"),
        ("ends in a stored block", "000500faff4865"),
        ("ends so that the tail fits into it", "000700f8ff48656c"),
        ("ends in a block that is the last", "f348cdc9c90700"),
        ("the tail was not removed", "f248cdc9c907000000ffff"),
        ("refers to the message before", "f200110000"),
        ("refers to before the end of a stream", "f348cdc9c90700f200110000"),
        ("ends in a stored block that is the last", "f248cdc9c907000000ffff0105"),
    ] {
        for chunking in [Chunking::Whole, Chunking::Bytewise] {
            let (_, mut decompressor) = codec(&Deflate::memory());
            let mut decompress = |message: &str| {
                decompress_in(&mut decompressor, &hex(message), chunking, 1 << 20, 16)
            };
            assert_eq!(decompress(HELLO).as_deref(), Ok(&b"Hello"[..]));
            assert_eq!(decompress(message), Err(InflateError::Corrupt), "{why}");
            assert_eq!(
                decompress(HELLO).as_deref(),
                Ok(&b"Hello"[..]),
                "{why}: and another message"
            );
            assert_eq!(
                decompress("f200110000"),
                Err(InflateError::Corrupt),
                "{why}: messages still stand alone"
            );
            assert_eq!(decompress(HELLO).as_deref(), Ok(&b"Hello"[..]));
            assert_eq!(decompressor.bytes_held(), 0, "{why}: and leave nothing behind");
        }
    }
}

/// A message of no bytes at all, as zlib makes an empty one after a flush: it needs no state, and
/// the next message may refer to the one before.
#[test]
fn a_message_of_no_bytes_is_empty_and_leaves_the_window() {
    for deflate in [Deflate::speed(), Deflate::memory()] {
        let (_, mut decompressor) = codec(&deflate);
        let nothing = |decompressor: &mut Decompressor| {
            decompress_in(decompressor, &[], Chunking::Whole, 0, 1)
        };
        assert_eq!(nothing(&mut decompressor), Ok(vec![]));
        assert_eq!(decompressor.bytes_held(), 0);
        let mut decompress = |message: &str| {
            let message = decompress_in(&mut decompressor, &hex(message), Chunking::Whole, 5, 16);
            assert_eq!(nothing(&mut decompressor), Ok(vec![]));
            message
        };
        assert_eq!(decompress(HELLO).as_deref(), Ok(&b"Hello"[..]));
        assert_eq!(
            decompress("f200110000").is_ok(),
            deflate.answer([]).unwrap().0.peers().context_takeover()
        );
    }
}

/// A message that ends inside a block's header, which the tail happens to complete, and the block
/// with it: but the block ends inside the last byte, and the next message would begin there.
#[test]
fn a_block_that_ends_in_the_tail_is_corrupt() {
    for left in 1..=7 {
        let message = header_that_ends_in_the_tail(left);
        let mut decompressor = codec(&Deflate::speed()).1;
        assert_eq!(
            inflate(&mut decompressor, &message),
            Err(InflateError::Corrupt),
            "{left} bits are left"
        );
    }
}

/// A dynamic block (RFC 1951 §3.2.7) that wants 16 more lengths of distance codes, each a 0, and
/// whose end has a code of all ones, so many that of 16 ones these are left.
fn header_that_ends_in_the_tail(left: usize) -> Vec<u8> {
    let end = 16 - left;
    let mut bits = Vec::new();
    // From the lowest bit, but codes from the highest.
    let number = |bits: &mut Vec<bool>, value: usize, len: usize| {
        bits.extend((0..len).map(|at| value >> at & 1 == 1))
    };
    let code = |bits: &mut Vec<bool>, value: usize, len: usize| {
        bits.extend((0..len).rev().map(|at| value >> at & 1 == 1))
    };
    number(&mut bits, 0b100, 3);
    number(&mut bits, 0, 5); // 257 lengths of literals
    let distances_at = bits.len();
    number(&mut bits, 0, 5);
    number(&mut bits, 15, 4);
    // A length of 0 is the bit 0; 1 to 15, and 18 for many zeros, are 1 and four bits.
    for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] {
        number(
            &mut bits,
            [5, 1, 0][usize::from(symbol == 0) + 2 * usize::from(symbol == 16 || symbol == 17)],
            3,
        );
    }
    // Literals 0 and on: 1, 2, 3 … `end`; and the end of the block, `end`.
    (1..=end).for_each(|length| code(&mut bits, 15 + length, 5));
    for zeros in [138, 256 - end - 138] {
        code(&mut bits, 31, 5);
        number(&mut bits, zeros - 11, 7);
    }
    code(&mut bits, 15 + end, 5);
    let mut distances = 16;
    while bits.len() % 8 > 0 {
        bits.push(false);
        distances += 1;
    }
    (0..5).for_each(|at| bits[distances_at + at] = (distances - 1) >> at & 1 == 1);
    bits.chunks(8)
        .map(|byte| byte.iter().rev().fold(0, |value, &bit| value << 1 | u8::from(bit)))
        .collect()
}

/// Truncated anywhere, a bit flipped anywhere: an error or some message, the same in every split,
/// and no panic.
#[test]
fn damaged_streams_give_an_error_or_the_same_message_in_every_split() {
    let mut random = StdRng::seed_from_u64(8);
    let deflate = Deflate::memory();
    let whole = compress(
        &mut codec(&deflate).0,
        &[json(&mut random, 400), noise(&mut random, 100)].concat(),
    );
    let mut unnoticed = 0;
    for cut in 1..whole.len() {
        let message = &whole[..cut];
        let got = inflate(&mut codec(&deflate).1, message);
        assert_eq!(got, Err(InflateError::Corrupt), "cut after {cut} of {}", whole.len());
    }
    for bit in 0..whole.len() * 8 {
        let mut message = whole.clone();
        message[bit / 8] ^= 1 << (bit % 8);
        let (mut codec_a, mut codec_b) = (codec(&deflate).1, codec(&deflate).1);
        let got = inflate(&mut codec_a, &message);
        assert_eq!(
            got,
            decompress_in(&mut codec_b, &message, Chunking::Bytewise, 1 << 20, 7),
            "bit {bit}"
        );
        unnoticed += usize::from(got.is_ok());
        assert_eq!(inflate(&mut codec_a, &hex(HELLO)).as_deref(), Ok(&b"Hello"[..]));
    }
    assert!(unnoticed > 0, "a literal more or less is a literal: DEFLATE has no checksum");
}

/// Random bytes: the same result in every split, and the message of the reference if there is one.
#[test]
fn random_bytes_get_the_verdict_of_miniz_oxide() {
    let mut random = StdRng::seed_from_u64(11);
    let (mut good, mut judged) = (0, 0);
    for round in 0..20_000 {
        // With many zeros, which end blocks.
        let len = random.next_u32() as usize % 24;
        let sparse =
            noise(&mut random, len).into_iter().zip(noise(&mut random, len)).map(|(a, b)| a & b);
        let message: Vec<_> = sparse.chain([0, 0]).collect();
        let got = inflate(&mut codec(&Deflate::speed()).1, &message);
        let mut other = codec(&Deflate::speed()).1;
        assert_eq!(
            got,
            decompress_in(&mut other, &message, Chunking::Random(round), 1 << 20, 1 + len),
            "{message:02x?}"
        );
        if let Ok(got) = got {
            good += 1;
            // None: the message contains the end of a stream, where the reference stops.
            if let Some(message) = reference(15, &stream([&message])) {
                assert_eq!(message, got);
                judged += 1;
            }
        }
    }
    assert!(judged > 100 && good > judged, "{judged} of {good} were judged");
}

/// A state that comes from the pool has forgotten whose it was.
#[test]
fn a_pooled_state_keeps_nothing_of_its_last_message() {
    let (mut sender, mut a) = codec(&Deflate::memory());
    let (_, mut b) = codec(&Deflate::memory());
    let secret = compress(&mut sender, b"Hello");
    for _ in 0..100 {
        assert!(inflate(&mut a, &secret).is_ok());
        assert_eq!(inflate(&mut b, &hex("f200110000")), Err(InflateError::Corrupt));
        assert_eq!(compress(&mut sender, b"Hello"), secret);
    }
}

#[test]
fn incompressible_content_is_recognised() {
    let mut random = StdRng::seed_from_u64(9);
    let base64 = |len| {
        noise(&mut StdRng::seed_from_u64(9), len)
            .iter()
            .map(|byte| {
                b"0123456789-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                    [usize::from(byte % 64)]
            })
            .collect::<Vec<_>>()
    };
    let gzip = compress(&mut codec(&Deflate::speed().level(9)).0, &json(&mut random, 100_000));
    for (deflate, what, message, compressed) in [
        (Deflate::new(), "shorter than the threshold", json(&mut random, 63), false),
        (Deflate::new(), "as long", json(&mut random, 64), true),
        (Deflate::new().threshold(1000), "shorter than a threshold", json(&mut random, 999), false),
        (Deflate::new().threshold(0), "short", b"Hello, Hello, Hello".to_vec(), true),
        (Deflate::memory(), "shorter than alone is worth it", json(&mut random, 255), false),
        (Deflate::memory(), "as long", json(&mut random, 256), true),
        (Deflate::memory(), "noise too short to be looked at", noise(&mut random, 300), false),
        (Deflate::new(), "noise", noise(&mut random, 1024), false),
        (Deflate::new(), "much noise", noise(&mut random, 1 << 20), false),
        (Deflate::new(), "what is compressed", gzip, false),
        (
            Deflate::new(),
            "noise with a header",
            [json(&mut random, 200), noise(&mut random, 20_000)].concat(),
            false,
        ),
        (
            Deflate::new(),
            "text with some noise",
            [noise(&mut random, 2000), json(&mut random, 20_000)].concat(),
            true,
        ),
        (Deflate::new(), "base64", base64(5000), true),
        (Deflate::new(), "numbers", (0..5000_u32).flat_map(u32::to_le_bytes).collect(), true),
        (Deflate::new(), "zeros", vec![0; 5000], true),
    ] {
        let (mut compressor, mut decompressor) = codec(&deflate);
        let sent = compressor.automatic(&message);
        assert_eq!(sent.is_some(), compressed, "{what}");
        if let Some(sent) = sent {
            assert!(sent.len() < message.len(), "{what}");
            assert!(inflate(&mut decompressor, &sent) == Ok(message));
        }
    }
}

/// Without takeover a message goes compressed if that is shorter, were it by a byte. If it is as
/// long it goes as it is (RFC 7692 §6 leaves the choice): the receiver is spared the work.
#[test]
fn a_message_that_gets_no_smaller_is_sent_uncompressed() {
    let deflate = Deflate::memory().threshold(0);
    let mut by = Vec::new();
    for len in 1..40 {
        let message = vec![b'a'; len];
        let compressed = compress(&mut codec(&deflate).0, &message).len();
        assert_eq!(
            codec(&deflate).0.automatic(&message).is_some(),
            compressed < len,
            "{len} bytes become {compressed}"
        );
        by.push(len as isize - compressed as isize);
    }
    assert!([-2, 0, 1].iter().all(|difference| by.contains(difference)), "{by:?}");
}

/// Noise too short to be seen before it is compressed: after four such messages there are pauses,
/// and text ends them.
#[test]
fn compression_pauses_after_messages_that_get_no_smaller() {
    let mut random = StdRng::seed_from_u64(10);
    for deflate in [Deflate::speed(), Deflate::memory()] {
        let (mut compressor, mut decompressor) = codec(&deflate);
        let mut tried = 0;
        for _ in 0..1000 {
            let message = noise(&mut random, 300);
            let (before, sent) = (compressor.bytes_held(), compressor.automatic(&message));
            assert!(before == 0 || compressor.bytes_held() == before);
            // With takeover, what was compressed is sent: the peer's window stays ours.
            if let Some(sent) = sent {
                tried += 1;
                assert!(inflate(&mut decompressor, &sent) == Ok(message));
            }
        }
        assert!(tried < 30, "{tried}");
        let text = json(&mut random, 300);
        let sent = std::iter::repeat_with(|| compressor.automatic(&text))
            .take(65)
            .flatten()
            .next()
            .unwrap();
        assert!(inflate(&mut decompressor, &sent).as_ref() == Ok(&text));
        // One in two: no pause.
        for _ in 0..10 {
            if let Some(sent) = compressor.automatic(&noise(&mut random, 300)) {
                inflate(&mut decompressor, &sent).unwrap();
            }
            let sent = compressor.automatic(&text).unwrap();
            assert!(inflate(&mut decompressor, &sent).as_ref() == Ok(&text));
        }
    }
}

#[test]
fn debug_of_the_codecs_shows_no_content() {
    let (mut compressor, mut decompressor) = codec(&Deflate::speed());
    inflate(&mut decompressor, &compress(&mut compressor, b"Hello")).unwrap();
    for shown in [format!("{compressor:?}"), format!("{decompressor:?}")] {
        assert!(!shown.contains("Hello") && shown.contains("takeover: true"), "{shown}");
    }
}
