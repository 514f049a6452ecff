//! What a peer makes of what lies on the wire.

use std::time::Duration;

use sansocket::{Config, Event, Role, blocking};

use crate::{Chunking, connection, feed};

/// All that lies on the wire now: how long each frame is, and what a client makes of them.
pub fn hear(peer: &mut impl blocking::Stream) -> (Vec<usize>, Vec<Event>) {
    let mut bytes = Vec::new();
    peer.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let _ = peer.read_to_end(&mut bytes);
    let mut sizes = Vec::new();
    let mut rest = &bytes[..];
    while let [_, len, ..] = *rest {
        let (len, header) = match len {
            126 => (u16::from_be_bytes(rest[2..4].try_into().unwrap()).into(), 4),
            127 => (u64::from_be_bytes(rest[2..10].try_into().unwrap()) as usize, 10),
            len => (len.into(), 2),
        };
        sizes.push(len);
        rest = &rest[header + len..];
    }
    let events = feed(&mut connection(Role::Client, Config::new()), &bytes, Chunking::Whole);
    (sizes, events)
}

/// The code of the Close at the end, and what was said before it.
pub fn farewell(peer: &mut impl blocking::Stream) -> (Vec<Event>, u16) {
    let (_, mut events) = hear(peer);
    let Some(Event::Closed(closed)) = events.pop() else { panic!("{events:?}") };
    (events, closed.code())
}

pub fn message(text: &str) -> Event {
    Event::Message(text.into())
}
