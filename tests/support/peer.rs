//! What a peer receives: frames, events, and the close code.

use std::time::Duration;

use sansocket::{Config, Event, Role, blocking};

use crate::{Chunking, connection, feed};

/// Reads all that has arrived: the payload length of each frame, and the events of a client that
/// receives them.
pub fn read_events(peer: &mut impl blocking::Stream) -> (Vec<usize>, Vec<Event>) {
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

/// Reads all that has arrived, up to a close frame: the events before it, and its code.
pub fn read_to_close(peer: &mut impl blocking::Stream) -> (Vec<Event>, u16) {
    let (_, mut events) = read_events(peer);
    let Some(Event::Closed(closed)) = events.pop() else { panic!("{events:?}") };
    (events, closed.code())
}

pub fn text_event(text: &str) -> Event {
    Event::Message(text.into())
}
