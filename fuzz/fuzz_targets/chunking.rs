//! Chunking never matters: the same bytes at once, byte by byte, split at random, and split by the
//! input have the same events and output, in either role. Joined chunks are the same messages. Only
//! the first and last bytes are fed one by one, to have time for more inputs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sansocket::{Event, Role};
use sansocket_fuzz::{Input, config, cut, model, receive};
use support::{Chunking, connection, drain};

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let (choice, seed) = (input.byte(), input.word());
    let role = if choice & 0x80 != 0 { Role::Server } else { Role::Client };
    let count = usize::from(choice >> 4 & 7) * 4;
    let sizes = input.take(count);
    let bytes = input.0;

    let run = |choice: u8, chunks: Vec<&[u8]>| -> (Vec<Event>, Vec<u8>) {
        let mut us = connection(role, config(choice).0);
        (receive(&mut us, chunks), drain(&mut us))
    };
    let whole = run(choice & !4, vec![bytes]);
    let (first, rest) = bytes.split_at(bytes.len().min(200));
    let (middle, last) = rest.split_at(rest.len().saturating_sub(50));
    let bytewise = first.chunks(1).chain([middle]).chain(last.chunks(1)).collect();
    for chunks in [bytewise, Chunking::Random(seed.into()).split(bytes), cut(bytes, sizes)] {
        assert_eq!(run(choice & !4, chunks.clone()), whole);
        // In chunks, the events differ, but not the joined messages.
        let (parts, output) = run(choice | 4, chunks);
        assert_eq!((model::seen(&parts), output), (model::seen(&whole.0), whole.1.clone()));
    }
});
