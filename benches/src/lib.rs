//! Inputs that the benches share.

pub mod operations;

use bytes::BufMut;
use sansocket::wire::{Header, Opcode, apply_mask};
use sansocket::{Connection, Event, Message};

/// Sizes of payloads, in bytes: within a register, the longest short form, a quarter of a page, and
/// more than every read buffer.
pub const SIZES: [usize; 4] = [16, 125, 1024, 64 * 1024];

/// A frame as a client sends it.
#[must_use]
pub fn masked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let header = Header {
        fin: true,
        rsv1: false,
        opcode,
        mask: Some(key),
        payload_len: payload.len() as u64,
    };
    let mut frame = header.encode(&mut [0; Header::MAX_LEN]).to_vec();
    frame.extend(payload);
    let start = frame.len() - payload.len();
    apply_mask(key, 0, &mut frame[start..]);
    frame
}

/// Text of this many bytes, of two-byte letters.
#[must_use]
pub fn cyrillic(len: usize) -> String {
    let text: String = "съешь же ещё этих мягких французских булок "
        .chars()
        .cycle()
        .take(len)
        .filter(|c| *c != ' ')
        .collect();
    let mut end = len.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// Receives the message in these bytes.
///
/// # Panics
///
/// If there is none.
pub fn receive(connection: &mut Connection, bytes: &[u8]) -> Message {
    connection.input().put_slice(bytes);
    match connection.receive() {
        Some(Event::Message(message)) => message,
        other => panic!("{other:?} is not a message"),
    }
}

/// Messages of JSON of this size, as in a chat or ticker, each different: the start of a list of
/// objects.
#[must_use]
pub fn json(len: usize, count: usize) -> Vec<Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % below
    };
    let mut time = 1_700_000_000_000;
    let mut message = || {
        let mut text = String::from("[");
        while text.len() < len {
            time += random(5000);
            let kind = ["chat", "tick", "join"][random(3) as usize];
            let (id, user, price, cents) =
                (random(1_000_000), random(500), random(1000), random(100));
            let words: Vec<_> =
                (0..3 + random(9)).map(|_| WORDS[random(WORDS.len() as u64) as usize]).collect();
            text += &format!(
                "{{\"type\":\"{kind}\",\"id\":{id},\"user\":\"user{user}\",\"ts\":{time},\"price\":{price}.{cents:02},\
                 \"text\":\"{}\"}},",
                words.join(" ")
            );
        }
        text.truncate(len);
        text.into_bytes()
    };
    (0..count).map(|_| message()).collect()
}

const WORDS: [&str; 51] = [
    "the",
    "connection",
    "is",
    "open",
    "price",
    "of",
    "order",
    "user",
    "message",
    "and",
    "time",
    "a",
    "to",
    "was",
    "closed",
    "server",
    "you",
    "said",
    "hello",
    "tomorrow",
    "we",
    "can",
    "meet",
    "at",
    "station",
    "window",
    "bytes",
    "stream",
    "please",
    "thanks",
    "when",
    "I",
    "read",
    "your",
    "letter",
    "last",
    "night",
    "summer",
    "river",
    "music",
    "coffee",
    "build",
    "failed",
    "again",
    "green",
    "tests",
    "ship",
    "it",
    "why",
    "not",
    "so",
];
