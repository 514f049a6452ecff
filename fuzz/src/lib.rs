//! What the fuzz targets share: a reader of inputs, the rules that every connection keeps, and slow
//! and obvious models to compare with.
//!
//! Inputs are plain bytes with a layout of their own, so that seeds can be written by hand
//! (`examples/seeds.rs`) and mutations stay close to what they were.

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

/// Takes an input apart from its front. What is not there any more is 0.
#[derive(Clone, Copy)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    pub fn word(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// As many bytes as there are, up to this many.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Bytes as text; what is none is replaced. Most of it is, which is found out faster.
pub fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes)
        .map_or_else(|_| String::from_utf8_lossy(bytes).into_owned(), String::from)
}

/// Limits that inputs of some kilobytes meet, and habits, chosen by a byte: bits 0 and 1 the
/// limits, bit 2 parts, bit 3 pongs.
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

/// The most that a connection may hold for so many received bytes: twice what came, room for a
/// read, and a few frames.
pub fn most_held(received: usize) -> usize {
    2 * received + 64 * 1024 + 4 * 1024
}

/// Gives a connection the chunk of this number: every other one stays where it is, also of those of
/// one byte.
pub fn feed_one(connection: &mut Connection, number: usize, chunk: &[u8]) -> Vec<Event> {
    if (number + chunk.len()) % 2 == 0 {
        feed_kept(connection, chunk)
    } else {
        feed_from(connection, chunk)
    }
}

/// Gives bytes to a connection chunk by chunk, and asks for more events than there are; nothing it
/// does breaks a rule.
pub fn receive<'a>(
    connection: &mut Connection,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Event> {
    let (mut events, mut received) = (Vec::new(), 0);
    for (number, chunk) in chunks.into_iter().enumerate() {
        let new = feed_one(connection, number, chunk);
        received += chunk.len();
        // Each event uses bytes up: two of a frame at least, and the end comes once. As parts, a
        // byte may be one.
        assert!(new.len() <= received + 1);
        events.extend(new);
        assert_eq!(connection.receive(), None);
        assert!(connection.bytes_held() <= most_held(received) + 2 * connection.buffered_amount());
    }
    check_end(connection, &events);
    events
}

/// What a peer sends, in one read, against the model: the events, the answers, and the end. The
/// first byte chooses the limits.
pub fn check_received(role: Role, bytes: &[u8]) {
    let mut input = Input(bytes);
    let choice = input.byte();
    let ((config, limits), bytes) = (config(choice), input.0);
    let mut us = connection(role, config);
    let events = receive(&mut us, [bytes]);
    let expected = model::receive(bytes, role == Role::Server, limits);
    assert_eq!(model::told(&events), expected);

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

/// The end is told at most once, as the last event, and the state says the same.
pub fn check_end(connection: &Connection, events: &[Event]) {
    let ends = events.iter().filter(|event| matches!(event, Event::Closed(_))).count();
    assert!(ends <= 1, "the end was told {ends} times");
    assert_eq!(
        ends == 1,
        matches!(events.last(), Some(Event::Closed(_))),
        "something came after the end"
    );
    assert_eq!(ends == 1, connection.state() == State::Closed);
    assert_eq!(ends == 1, connection.closed().is_some());
}

/// Nothing can change a connection that is closed, but draining it.
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

/// Whatever is written is whole frames, as the other role must receive them: nothing after a Close,
/// and only if the end was told is there one. Gives the pongs' payloads.
pub fn check_output(role: Role, output: &[u8]) -> Vec<Vec<u8>> {
    let (frames, rest) = model::frames(output);
    assert!(rest.is_empty(), "half a frame");
    let mut pongs = Vec::new();
    for (i, frame) in frames.iter().enumerate() {
        assert_eq!(frame.mask, role == Role::Client);
        assert_eq!(frame.first & 0x70, 0, "a reserved bit");
        match frame.first {
            0x88 => {
                assert_eq!(i + 1, frames.len(), "something after the Close");
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

/// A client's handshake that is the same each time: it offers `a` and `b`.
pub fn client_handshake() -> ClientHandshake {
    let request = ClientRequest::new("ws://localhost/")
        .expect("an address")
        .subprotocol("a")
        .expect("a token");
    ClientHandshake::new(&request.subprotocol("b").expect("a token"), Config::new(), entropy())
}

/// The one answer to its key.
pub static ACCEPT: LazyLock<String> = LazyLock::new(|| {
    let mut server = ServerHandshake::new(Config::new());
    server.input().put(client_handshake().output());
    let answer = drain(&mut server.receive().expect("a handshake").expect("all of it").accept());
    head::parse(&answer).one("Sec-WebSocket-Accept").into()
});

/// Cuts bytes where the input says: each cut takes a byte of it, and the rest is whole.
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
