//! Bytes per compressing connection in use, compared with the documentation of `Deflate`.
//!
//! The states that connections share are shared by threads as well, so one test runs at a time.
#![cfg(feature = "deflate")]

use bytes::{Buf, BufMut};
use sansocket::deflate::Deflate;
use sansocket::{Compress, Config, Connection, Event, EventRef, Kind, Message};
use support::Chunking;
use support::allocator::{cost, exclusive};
use support::deflate::{json, noise, opened};

/// Bytes that are live after some work, above those before.
fn held<T>(work: impl FnOnce() -> T) -> (T, isize) {
    let (result, cost) = cost(work);
    (result, cost.held)
}

/// Sends a message, which arrives.
fn send(from: &mut Connection, to: &mut Connection, message: &str) {
    from.send(message).unwrap();
    while from.wants_write() {
        let chunk = from.output().chunk().to_vec();
        assert!(chunk.len() < message.len(), "it was not compressed");
        to.input().put_slice(&chunk);
        from.output().advance(chunk.len());
    }
    assert_eq!(to.receive(), Some(Event::Message(message.into())));
    assert_eq!(to.receive(), None);
    // Room for an answer, and none came.
    from.input();
    assert_eq!(from.receive(), None);
}

#[test]
fn each_preset_holds_what_the_docs_say() {
    let _exclusive = exclusive();
    // In KiB: as it is documented, and the bytes that it comes to.
    for (name, deflate, documented, compressing, decompressing) in [
        ("speed", Deflate::speed(), (260, 47), 266_240, 47_680),
        ("balance", Deflate::balance(), (161, 47), 164_992, 47_680),
        ("the default", Deflate::default(), (161, 47), 164_992, 47_680),
        ("memory", Deflate::memory(), (0, 0), 0, 0),
    ] {
        let kib = |bytes: isize| (bytes + 512) / 1024;
        assert_eq!((kib(compressing), kib(decompressing)), documented);
        let config = Config::new().deflate(deflate.clone());
        for len in [512, 4096, 64 * 1024] {
            let text = json(len);
            // What the pool holds is no connection's, and is there from the first use on.
            let (mut warm, _) = opened(config.clone(), config.clone(), Chunking::Whole);
            send(&mut warm.client, &mut warm.server, &text);
            send(&mut warm.server, &mut warm.client, &text);
            drop(warm);

            // The states have pointers, and are smaller on a 32-bit processor.
            const NEAR: isize = if usize::BITS < 64 { 2048 } else { 512 };
            let near = |name: &str, got: isize, counted: usize, expected: isize| {
                assert!(
                    (got - expected).abs() <= NEAR,
                    "{name}, {len} bytes: holds {got}, not {expected}"
                );
                assert!(
                    (got - counted as isize).abs() <= NEAR,
                    "{name}, {len} bytes: holds {got}, and says {counted}"
                );
            };
            let (mut pair, fresh) =
                held(|| opened(config.clone(), config.clone(), Chunking::Whole).0);
            assert!(fresh <= 2 * 512, "{name}: {fresh} are held before the first message");
            let ((), one_way) = held(|| send(&mut pair.client, &mut pair.server, &text));
            let counted = pair.client.bytes_held() + pair.server.bytes_held();
            near(name, one_way, counted, compressing + decompressing);
            let ((), other_way) = held(|| send(&mut pair.server, &mut pair.client, &text));
            near(
                name,
                pair.client.bytes_held() as isize,
                pair.server.bytes_held(),
                compressing + decompressing,
            );
            near(
                name,
                one_way + other_way,
                2 * pair.client.bytes_held(),
                2 * (compressing + decompressing),
            );

            // More messages take no more.
            let ((), more) =
                held(|| (0..10).for_each(|_| send(&mut pair.client, &mut pair.server, &text)));
            assert!(more.abs() <= 64, "{name}: {more} more");

            // Given back, taken again, and it still arrives.
            let ((), released) = held(|| pair.client.release_memory());
            near(name, -released, compressing as usize, compressing);
            near(name, pair.client.bytes_held() as isize, decompressing as usize, decompressing);
            assert_eq!(held(|| pair.client.release_memory()).1, 0);
            let ((), again) = held(|| send(&mut pair.client, &mut pair.server, &text));
            near(name, again, compressing as usize, compressing);

            // Within a message too.
            pair.client.send_fragment(Kind::Text, text.clone(), false).unwrap();
            pair.client.release_memory();
            pair.client.send_fragment(Kind::Text, text.clone(), true).unwrap();
            pair.server.input().put(pair.client.output());
            assert_eq!(
                pair.server.receive(),
                Some(Event::Message(text.repeat(2).into())),
                "{name}"
            );
        }
    }
}

/// What waits compressed takes no more memory than is counted of it: a peer that does not read
/// can't make an echo hold what it sent.
#[test]
fn queued_compressed_output_is_counted_whole() {
    let _exclusive = exclusive();
    for deflate in [Deflate::speed(), Deflate::memory()] {
        let config = Config::new().deflate(deflate);
        let (mut pair, _) = opened(config.clone(), config, Chunking::Whole);
        let message = "x".repeat(8 * 1024 * 1024);
        pair.server.send(&message[..]).unwrap();
        let (waiting, held_before) = (pair.server.buffered_amount(), pair.server.bytes_held());
        let ((), heap) = held(|| (0..10).for_each(|_| pair.server.send(&message[..]).unwrap()));
        let counted = pair.server.buffered_amount() - waiting;
        assert!(counted < 1_000_000, "{counted}");
        assert!(heap < 2 * counted as isize + 4096, "{heap} bytes for {counted}");
        assert!((pair.server.bytes_held() - held_before) as isize + 2 * counted as isize >= heap);
    }
}

/// A message that waits, compressed: what it takes is not much more than what is counted, and it is
/// copied only where it would be.
#[test]
fn queued_output_holds_about_what_buffered_amount_says() {
    let _exclusive = exclusive();
    let config = Config::new().deflate(Deflate::default());
    let (mut pair, _) = opened(config.clone(), config, Chunking::Whole);
    let mut send = |message: Vec<u8>| {
        let before = pair.server.buffered_amount();
        let message = Message::from(message).compress(Compress::Always);
        let ((), cost) = cost(|| pair.server.send(message.clone()).unwrap());
        ((pair.server.buffered_amount() - before) as isize, cost)
    };
    send(noise(10));
    for (size, is_copied) in [(4200, false), (6000, false), (9000, true), (12_000, false)] {
        let (counted, cost) = send(noise(size));
        assert!(
            counted >= size as isize && cost.held <= counted + counted / 2 + 1000,
            "{size}: {} for {counted}",
            cost.held
        );
        assert_eq!(
            cost.taken as isize > 3 * counted,
            is_copied,
            "{size}: {} taken for {counted}",
            cost.taken
        );
    }
}

/// A compressed piece that is given in parts is held, and counted, until all of it is given.
#[test]
fn the_rest_of_a_compressed_read_is_counted() {
    let _exclusive = exclusive();
    let config = Config::new().deflate(Deflate::memory());
    let (mut pair, _) = opened(config.clone(), config.receive_in_chunks(true), Chunking::Whole);
    pair.client.send(json(64 * 1024)).unwrap();
    let mut sent = vec![0; pair.client.buffered_amount()];
    pair.client.output().copy_to_slice(&mut sent);
    let mut received = &mut sent[..];
    assert!(
        matches!(pair.server.receive_from(&mut received), Some(EventRef::Other(Event::Chunk(part))) if !part.last)
    );
    let held = pair.server.bytes_held();
    while pair.server.receive_from(&mut received).is_some() {}
    // The state to inflate with is given back as well.
    let (rest, piece) = (held - pair.server.bytes_held() - 47_680, sent.len());
    assert!((piece..piece + 200).contains(&rest), "{rest} for {piece}");
}
