//! Decompression bombs in every form, and the memory that they can take: RFC 7692 §8, RFC 6455
//! §10.4. CVE-2018-1000518, CVE-2026-1526, CVE-2026-39804,
//! CVE-2026-27571, CVE-2026-54464, CVE-2026-54274.
#![cfg(feature = "deflate")]

use std::sync::LazyLock;

use bytes::{BufMut, BytesMut};
use sansocket::deflate::{Compressor, Deflate};
use sansocket::{CloseOutcome, Config, Connection, Event, ProtocolError, Role};
use support::allocator::{LIVE, PEAK, cost, exclusive};
use support::deflate::{HELLO, agreed, compressing};
use support::{hex, masked, unmasked};

/// Above what the message may take: the state of DEFLATE, and one read.
const SLACK: isize = 64 * 1024;

/// As much as is read at once, in bytes.
const READ: usize = 4 * 1024;

const GIB: u64 = 1 << 30;
const DEFAULT_LIMIT: u64 = 16 << 20;

/// A GiB of zeros, in a MiB: parts that look back into the one before, over and over.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let deflate = Deflate::speed().level(9);
    let mut compressor = Compressor::new(&deflate, &agreed(&deflate));
    let (mut first, mut next) = (BytesMut::new(), BytesMut::new());
    let mib = vec![0; 1 << 20];
    compressor.compress(&mib, false, &mut first);
    compressor.compress(&mib, false, &mut next);
    let bomb = [&first[..], &next.repeat(1023), b"\x00"].concat();
    assert!(bomb.len() < 1_100_000, "{}", bomb.len());
    bomb
});

/// Feeds bytes in reads of a size to the end or the Close, taking every event; gives how many bytes
/// were given, and the peak above the start.
fn take(us: &mut Connection, bytes: &[u8], read: usize) -> (u64, isize) {
    let before = LIVE.get();
    PEAK.set(before);
    let mut given = 0;
    for chunk in bytes.chunks(read) {
        if us.closed().is_some() {
            break;
        }
        us.input().put_slice(chunk);
        while let Some(event) = us.receive() {
            given += match event {
                Event::Message(message) => message.len() as u64,
                Event::Chunk(part) => part.bytes.len() as u64,
                _ => 0,
            };
        }
    }
    (given, PEAK.get() - before)
}

/// The bomb as frames of so many bytes.
fn fragments(role: Role, size: usize) -> Vec<u8> {
    let count = BOMB.len().div_ceil(size);
    let frame = |(at, payload): (usize, &[u8])| {
        let first = if at == 0 { 0x42 } else { 0 } | if at + 1 == count { 0x80 } else { 0 };
        if role == Role::Server { masked(first, payload) } else { unmasked(first, payload) }
    };
    BOMB.chunks(size).enumerate().flat_map(frame).collect()
}

fn assert_too_big(us: &Connection, limit: u64, name: &str) {
    let closed = us.closed().unwrap_or_else(|| panic!("{name}: it is not closed"));
    assert_eq!(
        closed.outcome(),
        CloseOutcome::ProtocolError(ProtocolError::MessageTooBig { limit }),
        "{name}"
    );
    assert_eq!(closed.sent().unwrap().code().get(), 1009, "{name}");
    assert!(us.bytes_held() <= 512, "{name}: more is held than the Close");
}

/// D1: as one frame, as a thousand fragments, byte by byte, in parts, after an innocent message;
/// with and without takeover.
#[test]
fn d1_a_gibibyte_in_a_mebibyte() {
    let _exclusive = exclusive();
    for role in [Role::Server, Role::Client] {
        let whole = fragments(role, usize::MAX);
        let thousand = fragments(role, BOMB.len() / 999);
        let hello = if role == Role::Server {
            masked(0xc1, &hex(HELLO))
        } else {
            unmasked(0xc1, &hex(HELLO))
        };
        for (name, wire, read) in [
            ("whole", &whole, READ),
            ("a thousand fragments", &thousand, READ),
            ("byte by byte", &whole, 1),
        ] {
            for limit in [DEFAULT_LIMIT, 1 << 20, 64 * 1024, 100, 0] {
                for (deflate, innocent) in
                    [(Deflate::speed(), false), (Deflate::speed(), true), (Deflate::memory(), true)]
                {
                    let limit = if innocent { limit.max(5) } else { limit };
                    let config = Config::new().max_message_size(limit);
                    let mut us = compressing(role, config.clone(), deflate.clone());
                    if innocent {
                        assert_eq!(take(&mut us, &hello, READ).0, 5);
                    }
                    let (given, peak) = take(&mut us, wire, read);
                    assert_too_big(&us, limit, name);
                    assert_eq!(given, 0, "{name}");
                    assert!(
                        peak <= limit as isize + SLACK,
                        "{name}, {role:?}, limit {limit}: {peak}"
                    );

                    // In parts: all that is allowed at most, and hardly any memory.
                    let mut us = compressing(role, config.receive_in_chunks(true), deflate);
                    let (given, peak) = take(&mut us, wire, read);
                    assert_too_big(&us, limit, name);
                    assert!(given <= limit, "{name}: {given}");
                    assert!(peak <= SLACK, "{name}, {role:?}, limit {limit}, in parts: {peak}");
                }
            }
        }
    }
}

/// And there it stands if that is what the application wants: all of it, in parts, in constant
/// memory.
#[test]
fn a_bomb_in_chunks_is_not_buffered() {
    let _exclusive = exclusive();
    let config = Config::new().receive_in_chunks(true).max_message_size(Config::UNLIMITED);
    let mut server = compressing(Role::Server, config, Deflate::speed());
    let (given, peak) = take(&mut server, &fragments(Role::Server, usize::MAX), READ);
    assert_eq!((given, server.closed()), (GIB, None));
    assert!(peak <= SLACK, "{peak}");
}

/// A driver that reads as much as it is given room for, and one that had all of it there: the rest
/// is what was read.
#[test]
fn a_bomb_in_large_reads_adds_only_the_read() {
    let _exclusive = exclusive();
    let wire = fragments(Role::Server, usize::MAX);
    for (limit, read, more) in [
        (DEFAULT_LIMIT, 64 << 10, 64 << 10),
        (1 << 20, 64 << 10, 64 << 10),
        (1 << 20, 4 << 20, wire.len()),
    ] {
        let mut server =
            compressing(Role::Server, Config::new().max_message_size(limit), Deflate::speed());
        let (_, peak) = take(&mut server, &wire, read);
        assert_too_big(&server, limit, "large reads");
        assert!(
            peak <= limit as isize + SLACK + more as isize,
            "limit {limit}, {read} at once: {peak}"
        );
    }
}

/// D3: a million empty stored blocks, 5 MB that inflate to nothing: 1009 above what the limit lets
/// through, and no memory.
#[test]
fn d3_a_million_empty_blocks() {
    let _exclusive = exclusive();
    let blocks = [&hex("000000ffff").repeat(1_000_000)[..], b"\x00"].concat();
    let whole = masked(0xc2, &blocks);
    let thousand: Vec<u8> = blocks
        .chunks(5000)
        .enumerate()
        .flat_map(|(at, b)| masked(if at == 0 { 0x42 } else { 0 }, b))
        .collect();
    for (name, wire, read) in [
        ("whole", &whole, READ),
        ("a thousand fragments", &thousand, READ),
        ("byte by byte", &thousand, 1),
    ] {
        for (receive_in_chunks, limit) in
            [(false, 1 << 20), (true, 1 << 20), (false, 16), (true, 0)]
        {
            let config = Config::new().max_message_size(limit).receive_in_chunks(receive_in_chunks);
            let mut server = compressing(Role::Server, config, Deflate::speed());
            let (given, peak) = take(&mut server, wire, read);
            assert_too_big(&server, limit, name);
            assert!(given == 0 && peak <= SLACK, "{name}: {given}, {peak}");
        }
    }
    // Within the limit it is an empty message, and costs as little.
    let mut server = compressing(Role::Server, Config::new(), Deflate::speed());
    let (given, peak) = take(&mut server, &whole, READ);
    assert!(given == 0 && server.closed().is_none() && peak <= SLACK, "{peak}");
}

/// Four times the bytes cost four times as much, in blocks of memory and in bytes of them, however
/// they come: nothing is copied again for what was there before. Nor is anything inflated again:
/// what was inflated is not kept.
#[test]
fn work_grows_linearly_with_the_input() {
    let _exclusive = exclusive();
    // How many bytes the message has, and its ways on the wire.
    let wires = |n: usize| {
        let text = support::deflate::noise(500);
        let stored = [&[0, 0xf4, 0x01, 0x0b, 0xfe], &text[..]].concat().repeat(n);
        let blocks = [&stored[..], b"\x00"].concat();
        let empty = [&hex("000000ffff").repeat(100 * n)[..], b"\x00"].concat();
        let fragments = |bytes: &[u8], size| {
            let last = bytes.len().div_ceil(size) - 1;
            let first = |at| if at == 0 { 0x42 } else { 0 } | if at == last { 0x80 } else { 0 };
            bytes
                .chunks(size)
                .enumerate()
                .flat_map(|(at, payload)| masked(first(at), payload))
                .collect::<Vec<_>>()
        };
        [
            ("whole", 500 * n, masked(0xc2, &blocks), READ),
            ("at once", 500 * n, masked(0xc2, &blocks), usize::MAX),
            ("byte by byte", 500 * n, masked(0xc2, &blocks), 1),
            ("in fragments of a byte", 500 * n, fragments(&blocks, 1), READ),
            ("fragments at once", 500 * n, fragments(&blocks, 5), usize::MAX),
            ("empty blocks", 0, masked(0xc2, &empty), READ),
            ("empty blocks at once", 0, masked(0xc2, &empty), usize::MAX),
            ("empty blocks in fragments", 0, fragments(&empty, 5), READ),
        ]
    };
    for (few, many) in wires(80).into_iter().zip(wires(320)) {
        for receive_in_chunks in [false, true] {
            let [once, four_times] = [few.clone(), many.clone()].map(|(name, len, wire, read)| {
                let config =
                    Config::new().receive_in_chunks(receive_in_chunks).max_fragments(u32::MAX);
                let (peak, cost) = cost(|| {
                    let mut server = compressing(Role::Server, config, Deflate::speed());
                    let (given, peak) = take(&mut server, &wire, read);
                    assert_eq!((given, server.closed()), (len as u64, None), "{name}");
                    peak
                });
                // A read that is taken at once lies there, and a message that is joined; either in
                // a buffer that has doubled.
                let joined = if receive_in_chunks { 0 } else { len };
                let kept = 2 * (joined + if read > READ { wire.len() } else { 0 });
                assert!(
                    peak <= SLACK + kept as isize,
                    "{name}, in parts: {receive_in_chunks}: {peak}"
                );
                (cost.allocations, cost.taken)
            });
            let name = few.0;
            // Quadratic work would be sixteen times as much.
            let linear = four_times.0 <= 6 * once.0 && four_times.1 <= 6 * once.1;
            assert!(
                linear,
                "{name}, in parts: {receive_in_chunks}: {once:?} became {four_times:?}"
            );
        }
    }
}
