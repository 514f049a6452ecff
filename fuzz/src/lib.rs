//! Shared by the fuzz targets: a reader of inputs, the invariants of every connection, and slow
//! models to compare with.
//!
//! Each target has its own layout of input bytes, so that seeds can be written by hand
//! (`examples/seeds.rs`) and a mutation changes little.

pub mod head;
pub mod model;
pub mod wsproto;

use std::sync::LazyLock;

use bytes::BufMut;
use sansocket::wire::{Header, Opcode};
use sansocket::{
    ClientHandshake, ClientRequest, CloseCode, Config, Connection, Event, Role, ServerHandshake,
    State,
};

use model::Seen;
use support::{Chunking, connection, drain, entropy, feed, feed_from, feed_kept};

/// Reads an input from its front. Missing bytes are 0.
#[derive(Clone, Copy)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    pub fn word(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// Reads up to `len` bytes.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Bytes as text; invalid UTF-8 is replaced. Most inputs are valid, and that check is faster.
pub fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes)
        .map_or_else(|_| String::from_utf8_lossy(bytes).into_owned(), String::from)
}

/// Limits that inputs of some kilobytes reach, and options, by a byte: bits 0 and 1 the limits, bit
/// 2 chunks, bit 3 pongs.
pub fn config(choice: u8) -> (Config, model::Limits) {
    let (message, frame, fragments) = match choice % 4 {
        0 => (1000, 700, 20),
        1 => (u64::MAX, u64::MAX, u32::MAX),
        2 => (16, u64::MAX, 3),
        _ => (0, 5, 1),
    };
    let config =
        Config::new().max_message_size(message).max_frame_size(frame).max_fragments(fragments);
    let config = config.receive_in_chunks(choice & 4 != 0).auto_pong(choice & 8 == 0);
    (config, model::Limits { message, frame, fragments })
}

/// The maximum of bytes that a connection may hold: twice the received bytes, room for a read, and
/// a few frames.
pub fn most_held(received: usize) -> usize {
    2 * received + 64 * 1024 + 4 * 1024
}

/// Feeds one chunk to a connection: every other one by `receive_from`, also of one-byte chunks.
pub fn feed_one(connection: &mut Connection, number: usize, chunk: &[u8]) -> Vec<Event> {
    if (number + chunk.len()) % 2 == 0 {
        feed_kept(connection, chunk)
    } else {
        feed_from(connection, chunk)
    }
}

/// Feeds bytes to a connection chunk by chunk, and checks the invariants after each.
pub fn receive<'a>(
    connection: &mut Connection,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Event> {
    let (mut events, mut received) = (Vec::new(), 0);
    for (number, chunk) in chunks.into_iter().enumerate() {
        let new = feed_one(connection, number, chunk);
        received += chunk.len();
        // Each event needs at least one byte, except for `Closed`, which is returned once.
        assert!(new.len() <= received + 1);
        events.extend(new);
        assert_eq!(connection.receive(), None);
        assert!(connection.bytes_held() <= most_held(received) + 2 * connection.buffered_amount());
    }
    check_end(connection, &events);
    events
}

/// Compares the events, replies and close of one read with the model. The first byte chooses the
/// limits.
pub fn check_received(role: Role, bytes: &[u8]) {
    let mut input = Input(bytes);
    let choice = input.byte();
    let ((config, limits), bytes) = (config(choice), input.0);
    let mut us = connection(role, config);
    let events = receive(&mut us, [bytes]);
    let expected = model::receive(bytes, role == Role::Server, limits);
    assert_eq!(model::seen(&events), expected);

    let pongs = check_output(role, &drain(&mut us));
    let pings = expected
        .iter()
        .filter_map(|seen| if let Seen::Ping(payload) = seen { Some(payload) } else { None });
    let pings: Vec<_> = pings.collect();
    let mut unanswered = pings.iter();
    assert!(
        pongs.iter().all(|pong| unanswered.any(|ping| *ping == pong)),
        "pongs answer pings, in their order"
    );
    if choice & 8 != 0 {
        assert!(pongs.is_empty());
    } else if us.closed().is_none() {
        assert_eq!(pongs.last(), pings.last().copied(), "the latest ping is answered");
    }
    match us.closed() {
        Some(_) => check_dead(&mut us, bytes),
        None => assert!(us.wants_read()),
    }
    us.end_input();
    assert_eq!(
        us.receive().is_some(),
        !matches!(expected.last(), Some(Seen::Close(..) | Seen::Violation(_)))
    );
    check_dead(&mut us, bytes);
}

/// `Closed` is returned at most once, as the last event, and the state agrees.
pub fn check_end(connection: &Connection, events: &[Event]) {
    let ends = events.iter().filter(|event| matches!(event, Event::Closed(_))).count();
    assert!(ends <= 1, "Closed was returned {ends} times");
    assert_eq!(ends == 1, matches!(events.last(), Some(Event::Closed(_))), "an event after Closed");
    assert_eq!(ends == 1, connection.state() == State::Closed);
    assert_eq!(ends == 1, connection.closed().is_some());
}

/// A closed connection returns no event, accepts no message, and holds no memory once drained.
pub fn check_dead(connection: &mut Connection, bytes: &[u8]) {
    assert!(feed(connection, bytes, Chunking::Whole).is_empty());
    connection.close(CloseCode::NORMAL);
    assert!(
        connection.send("late").is_err()
            && connection.ping("").is_err()
            && connection.pong("").is_err()
    );
    drain(connection);
    connection.end_input();
    assert!(
        connection.receive().is_none() && !connection.wants_read() && !connection.wants_write()
    );
    assert_eq!(connection.bytes_held(), 0);
}

/// The output is complete, valid frames of this role, and nothing after a Close frame. Returns the
/// payloads of the pongs.
pub fn check_output(role: Role, output: &[u8]) -> Vec<Vec<u8>> {
    let (frames, rest) = model::frames(output);
    assert!(rest.is_empty(), "half a frame");
    let mut pongs = Vec::new();
    for (i, frame) in frames.iter().enumerate() {
        assert_eq!(frame.mask, role == Role::Client);
        assert_eq!(frame.first & 0x70, 0, "a reserved bit");
        match frame.first {
            0x88 => {
                assert_eq!(i + 1, frames.len(), "a frame after the Close");
                let code = frame.payload.first_chunk::<2>().map(|code| u16::from_be_bytes(*code));
                assert!(
                    code.map_or(frame.payload.is_empty(), |code| CloseCode::new(code).is_some())
                );
            }
            0x8a => pongs.push(frame.payload.clone()),
            _ => {}
        }
        let (header, size) =
            Header::parse(&frame.bytes).expect("a good header").expect("a whole header");
        assert_eq!(
            header.encode(&mut [0; Header::MAX_LEN]),
            &frame.bytes[..size],
            "the shortest form"
        );
        assert!(!header.opcode.is_control() || header.fin && header.payload_len <= 125);
        assert!(Opcode::from_bits(frame.first & 15).is_some());
    }
    pongs
}

/// A deterministic client's handshake that offers the subprotocols `a` and `b`.
pub fn client_handshake() -> ClientHandshake {
    let request = ClientRequest::new("ws://localhost/")
        .expect("an address")
        .subprotocol("a")
        .expect("a token");
    ClientHandshake::new(&request.subprotocol("b").expect("a token"), Config::new(), entropy())
}

/// The `Sec-WebSocket-Accept` for its key.
pub static ACCEPT: LazyLock<String> = LazyLock::new(|| {
    let mut server = ServerHandshake::new(Config::new());
    server.input().put(client_handshake().output());
    let answer = drain(&mut server.receive().expect("a handshake").expect("all of it").accept());
    head::parse(&answer).one("Sec-WebSocket-Accept").into()
});

/// Splits bytes into chunks of these sizes; the rest is one chunk.
pub fn cut<'a>(mut bytes: &'a [u8], sizes: &[u8]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    for &size in sizes {
        let (chunk, rest) = bytes.split_at(usize::from(size).min(bytes.len()));
        chunks.push(chunk);
        bytes = rest;
    }
    chunks.push(bytes);
    chunks
}
