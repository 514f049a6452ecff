//! Chunking never matters: the same bytes whole, byte by byte, at random and cut where the input
//! says give the same events and the same output, in either role; joined, messages in parts are the
//! messages. The bytes that go one by one are the first, and the last: so there is time for more
//! inputs.
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
        // In parts, the events are others, but not what they come to.
        let (parts, output) = run(choice | 4, chunks);
        assert_eq!((model::told(&parts), output), (model::told(&whole.0), whole.1.clone()));
    }
});
