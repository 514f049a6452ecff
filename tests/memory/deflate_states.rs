//! Memory of the codecs alone: what a state holds, the pool of states, bombs. RFC 7692 §7.1.
//!
//! The states that connections share are shared by threads as well, so one test runs at a time.
#![cfg(feature = "deflate")]

use std::thread;

use bytes::BytesMut;
use sansocket::deflate::{Compressor, Decompressor, Deflate, InflateError};
use support::allocator::{cost, exclusive, process};

fn codec(deflate: &Deflate) -> (Compressor, Decompressor) {
    let (agreed, _) = deflate.answer([("client_max_window_bits", None)]).unwrap();
    (Compressor::new(deflate, &agreed), Decompressor::new(&agreed))
}

/// Decompresses pieces of one message into a buffer that grows as a careful caller's does.
fn inflate<'a>(
    decompressor: &mut Decompressor,
    pieces: impl Iterator<Item = &'a [u8]>,
    limit: usize,
) -> Result<Vec<u8>, InflateError> {
    let (mut message, mut room, mut pieces) = (Vec::new(), [0; 4096], pieces.peekable());
    while let Some(mut piece) = pieces.next() {
        let last = pieces.peek().is_none();
        while let Some(bytes) = decompressor.inflate(&mut piece, last, limit as u64, &mut room)? {
            if message.capacity() == 0 {
                message.reserve_exact(limit);
            }
            message.extend_from_slice(bytes);
        }
    }
    Ok(message)
}

/// Of one connection that has sent and received a message of 4 KiB: when idle, and what it takes
/// for a moment.
#[test]
fn each_preset_holds_what_the_docs_say() {
    let _exclusive = exclusive();
    let message = b"{\"type\":\"chat\",\"text\":\"hello\"}".repeat(128);
    for (name, deflate, compressing, decompressing) in [
        ("speed", Deflate::speed(), 266_240, 47_680),
        ("balance", Deflate::balance(), 164_992, 47_680),
        ("memory", Deflate::memory(), 0, 0),
    ] {
        // What the pool holds is no connection's.
        use_once(&deflate, &message);
        let ((mut compressor, mut decompressor), before) = cost(|| codec(&deflate));
        assert_eq!(before.held, 0, "{name}: before the first message");
        let mut compressed = BytesMut::with_capacity(8192);
        let ((), once) = cost(|| compressor.compress(&message, true, &mut compressed));
        assert_near(once.held, compressing, name);
        assert_near(once.peak, compressing, name);
        let (got, once) = cost(|| {
            inflate(&mut decompressor, [&compressed[..]].into_iter(), 4096)
                .map(|got| got == message)
        });
        assert_eq!(got, Ok(true));
        assert_near(once.held, decompressing, name);
        assert_eq!(
            (compressor.bytes_held(), decompressor.bytes_held()),
            (compressing as usize, decompressing as usize),
            "{name}"
        );
        let ((), once) = cost(|| compressor.release_memory());
        assert_near(once.held, -compressing, name);
        assert_eq!(compressor.bytes_held(), 0);
    }
}

fn use_once(deflate: &Deflate, message: &[u8]) {
    let (mut compressor, mut decompressor) = codec(deflate);
    let mut compressed = BytesMut::new();
    compressor.compress(message, true, &mut compressed);
    inflate(&mut decompressor, [&compressed[..]].into_iter(), message.len()).unwrap();
}

#[test]
fn held_counts_what_a_compressor_allocates() {
    let _exclusive = exclusive();
    for level in 1..=9 {
        for bits in 8..=15 {
            let mut compressor = codec(&Deflate::new().level(level).max_window_bits(bits)).0;
            let mut out = BytesMut::with_capacity(512);
            let ((), once) = cost(|| compressor.compress(b"Hello", true, &mut out));
            assert_near(
                once.held,
                compressor.bytes_held() as isize,
                &format!("level {level}, window bits {bits}"),
            );
        }
    }
}

/// Frames without payload take no state, however many of them begin a compressed message.
#[test]
fn an_empty_compressed_fragment_holds_nothing() {
    let _exclusive = exclusive();
    for deflate in [Deflate::speed(), Deflate::memory()] {
        let mut decompressor = codec(&deflate).1;
        let ((), once) = cost(|| {
            for last in [false, false, true] {
                assert_eq!(decompressor.inflate(&mut &[][..], last, 9, &mut [0]), Ok(None));
            }
        });
        assert_eq!((once.peak, once.held, decompressor.bytes_held()), (0, 0, 0));
    }
}

/// Uses 100 connections whose messages are under way at once, and then 8 threads.
fn use_many(deflate: &Deflate) {
    let mut many: Vec<_> = (0..100).map(|_| codec(deflate)).collect();
    let mut out = BytesMut::new();
    for (compressor, decompressor) in &mut many {
        compressor.compress(b"a part", false, &mut out);
        decompressor.inflate(&mut &b"\x00"[..], false, 9, &mut [0]).unwrap();
    }
    for (compressor, decompressor) in &mut many {
        compressor.compress(b"", true, &mut out);
        decompressor.inflate(&mut &b""[..], true, 9, &mut [0]).unwrap();
        assert_eq!((compressor.bytes_held(), decompressor.bytes_held()), (0, 0));
    }
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..100).for_each(|_| use_once(deflate, b"Hello, Hello")));
        }
    });
}

/// The pool keeps 32 states of each kind, which are used again. By the counters of the process: the
/// states belong to all threads.
#[test]
fn the_pool_keeps_32_states_of_each_kind() {
    let _exclusive = exclusive();
    const EACH: usize = 279_680 + 47_680;
    let deflate = Deflate::memory();
    // Now the pool is full, whatever was in it.
    use_many(&deflate);
    let before = process::live();
    process::reset_peak();
    use_many(&deflate);
    let (peak, held) = (process::peak() - before, process::live() as isize - before as isize);
    assert!(held.abs() < EACH as isize / 2, "{held}");
    // 68 of 100 are new. Pointers of 32 bits make each some hundred bytes smaller.
    assert!((68 * EACH - EACH / 2..69 * EACH).contains(&peak), "{peak}");
}

/// 64 MiB in 64 KiB, in every split: it fails at the limit, and allocates no more than that.
#[test]
fn a_bomb_ends_at_the_limit_in_bounded_memory() {
    let _exclusive = exclusive();
    const LIMIT: usize = 1 << 20;
    let mut bomb = BytesMut::new();
    codec(&Deflate::speed().level(9)).0.compress(&vec![0; 64 << 20], true, &mut bomb);
    assert!(bomb.len() < 80_000, "{}", bomb.len());
    for (name, size) in
        [("whole", bomb.len()), ("in a thousand fragments", bomb.len() / 1000), ("byte by byte", 1)]
    {
        for deflate in [Deflate::speed(), Deflate::memory()] {
            let mut decompressor = codec(&deflate).1;
            let (got, taken) = cost(|| {
                let innocent = &b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..];
                assert_eq!(
                    inflate(&mut decompressor, [innocent].into_iter(), LIMIT).as_deref(),
                    Ok(&b"Hello"[..])
                );
                inflate(&mut decompressor, bomb.chunks(size), LIMIT).map(|message| message.len())
            });
            assert_eq!(got, Err(InflateError::TooBig), "{name}");
            assert!(taken.peak <= (LIMIT + 64 * 1024) as isize, "{name}: {}", taken.peak);
            assert!(taken.held <= 0, "{name}: {} are held after the end", taken.held);
        }
    }
}

/// An allocation more or less is none of its states.
fn assert_near(held: isize, expected: isize, name: &str) {
    assert!((held - expected).abs() <= 512, "{name} holds {held}, not {expected}");
}
