//! Whatever a peer sends, in either role: no panic; the same events and output whole, byte by byte and at random; `Closed` at most
//! once and nothing after it; the output is good frames; memory stays within what was received and a constant.
#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use sansocket::wire::Header;
use sansocket::{Config, Event, Role};
use support::{Chunking, connection, drain, feed};

fuzz_target!(|input: (bool, u64, &[u8])| {
    let (server, seed, bytes) = input;
    let role = if server { Role::Server } else { Role::Client };
    let config = || Config::new().max_message_size(1000).max_frame_size(700).max_fragments(20);

    let mut whole = connection(role, config());
    let events = feed(&mut whole, bytes, Chunking::Whole);
    assert!(whole.bytes_held() <= 64 * 1024 + 2 * bytes.len() + 20 * 1024);
    let output = drain(&mut whole);

    for chunking in [Chunking::Bytewise, Chunking::Random(seed)] {
        let mut other = connection(role, config());
        assert_eq!(feed(&mut other, bytes, chunking), events);
        assert_eq!(drain(&mut other), output);
    }

    let ends = events.iter().filter(|event| matches!(event, Event::Closed(_))).count();
    assert!(ends <= 1);
    if ends == 1 {
        assert!(matches!(events.last(), Some(Event::Closed(_))));
        assert!(feed(&mut whole, bytes, Chunking::Whole).is_empty());
        assert!(!whole.wants_write() && whole.receive().is_none() && whole.bytes_held() == 0);
    }

    let mut rest = &output[..];
    while !rest.is_empty() {
        let (header, size) = Header::parse(rest).expect("a good header").expect("a whole header");
        assert_eq!(header.mask.is_some(), role == Role::Client);
        rest = &rest[size + header.payload_len as usize..];
    }
});
