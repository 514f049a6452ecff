//! Whatever two applications say to each other arrives, in order, however the wire cuts it up; and both part cleanly.
#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sansocket::{CloseCode, CloseFrame, Event, Message};
use support::{Chunking, Pair};

#[derive(Arbitrary, Debug)]
enum Word {
    Text(String),
    Binary(Vec<u8>),
    Large(u16),
    Ping(Vec<u8>),
}

fuzz_target!(|input: (Vec<(bool, Word)>, u64)| {
    let (words, seed) = input;
    let mut pair = Pair::new(if seed % 2 == 0 { Chunking::Bytewise } else { Chunking::Random(seed) });
    let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
    for (from_client, word) in words {
        let (from, to) = if from_client { (&mut pair.client, &mut to_server) } else { (&mut pair.server, &mut to_client) };
        let message: Message = match word {
            Word::Text(text) => text.into(),
            Word::Binary(bytes) => bytes.into(),
            Word::Large(len) => vec![seed as u8; usize::from(len)].into(),
            Word::Ping(payload) => {
                let sent = from.ping(&payload);
                assert_eq!(sent.is_ok(), payload.len() <= 125);
                continue;
            }
        };
        from.send(message.clone()).expect("the connection is open");
        to.push(message);
    }
    pair.client.close(CloseFrame::from(CloseCode::NORMAL));
    let (at_client, at_server) = pair.settle();
    for (events, expected) in [(at_client, to_client), (at_server, to_server)] {
        let Some(Event::Closed(closed)) = events.last() else { panic!("no end") };
        assert!(closed.was_clean());
        let messages = events.iter().filter_map(|event| match event {
            Event::Message(message) => Some(message),
            _ => None,
        });
        assert!(messages.eq(&expected));
    }
});
