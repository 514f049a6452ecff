//! Compression: connections that negotiated it, tables of received messages, and frames on the wire.

use bytes::{Buf, BufMut};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sansocket::deflate::{Agreed, Deflate};
use sansocket::{
    Chunk, ClientHandshake, ClientRequest, CloseOutcome, Config, Connection, Event, Message, Role,
    ServerHandshake,
};

use super::{Chunking, Pair, connection, drain, entropy, feed, hex};

/// "Hello", compressed (§7.2.3.1).
pub const HELLO: &str = "f248cdc9c90700";

/// The parameters that two sides with these options agree on.
pub fn agreed(deflate: &Deflate) -> Agreed {
    deflate.answer([("client_max_window_bits", None)]).unwrap().0
}

/// A connection that negotiated these options.
pub fn compressing(role: Role, config: Config, deflate: Deflate) -> Connection {
    let agreed = agreed(&deflate);
    connection(role, config.deflate(deflate)).with_deflate(&agreed)
}

/// A client and a server that go through the opening handshake, and what the server answered to the
/// offer.
pub fn opened(client: Config, server: Config, chunking: Chunking) -> (Pair, Option<String>) {
    let request = ClientRequest::new("ws://localhost/").unwrap();
    let mut client = ClientHandshake::new(&request, client, entropy());
    let mut server = ServerHandshake::new(server);
    server.input().put(client.output());
    let mut server = server.receive().unwrap().unwrap().accept();
    client.input().put(server.output());
    let (client, response) = client.receive().unwrap().unwrap();
    let answer = response.headers().get("Sec-WebSocket-Extensions").map(String::from);
    // The window of the server's messages may be smaller than the client knows.
    let windows = (client.deflate().map(Agreed::ours), server.deflate().map(Agreed::peers));
    assert_eq!((windows.0, windows.1.is_some()), (windows.1, answer.is_some()));
    (Pair { client, server, chunking }, answer)
}

/// A client and a server that compress like this.
pub fn pair(deflate: &Deflate, chunking: Chunking) -> Pair {
    let config = Config::new().deflate(deflate.clone());
    let (pair, answer) = opened(config.clone(), config, chunking);
    assert!(answer.is_some());
    pair
}

/// The frames in a connection's output, without masks: first byte and payload.
pub fn frames(connection: &mut Connection) -> Vec<(u8, Vec<u8>)> {
    let bytes = drain(connection);
    let (mut rest, mut frames) = (&bytes[..], Vec::new());
    while rest.has_remaining() {
        let (first, second) = (rest.get_u8(), rest.get_u8());
        let len = match second & 0x7f {
            126 => usize::from(rest.get_u16()),
            127 => rest.get_u64() as usize,
            len => usize::from(len),
        };
        let key = if second & 0x80 > 0 { rest.get_u32().to_be_bytes() } else { [0; 4] };
        let (payload, after) = rest.split_at(len);
        frames.push((
            first,
            payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect(),
        ));
        rest = after;
    }
    frames
}

/// Puts a mask on every frame of a stream that is cut up anywhere, but not in a header.
pub fn mask_reads(reads: &[Vec<u8>]) -> Vec<Vec<u8>> {
    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let (mut left, mut done) = (0, 0);
    let mut mask_read = |read: &Vec<u8>| {
        let (mut rest, mut masked) = (&read[..], Vec::new());
        while rest.has_remaining() {
            if left == 0 {
                let len = match rest[1] & 0x7f {
                    126 => 4,
                    127 => 10,
                    _ => 2,
                };
                let (header, after) = rest.split_at(len);
                masked.extend([header[0], header[1] | 0x80]);
                masked.extend(header[2..].iter().chain(&KEY));
                left = if len == 2 {
                    usize::from(header[1])
                } else {
                    header[2..].iter().fold(0, |n, b| n << 8 | usize::from(*b))
                };
                (done, rest) = (0, after);
            }
            let (payload, after) = rest.split_at(left.min(rest.len()));
            masked.extend(payload.iter().zip(done..).map(|(byte, at)| byte ^ KEY[at % 4]));
            (left, done, rest) = (left - payload.len(), done + payload.len(), after);
        }
        masked
    };
    reads.iter().map(&mut mask_read).collect()
}

/// Runs a line `HOW BYTES|BYTES => EVENT, EVENT` in both roles: as it stands, whole, byte by byte
/// and at every split, with the same events and output. `HOW` begins with `plain` (nothing agreed),
/// `pmd` (windows are kept) or `anew` (they are not).
pub fn check(line: &str) {
    let (left, expected) = line.split_once("=>").unwrap_or_else(|| panic!("{line}"));
    let mut words: Vec<&str> = left.split_whitespace().collect();
    let reads: Vec<Vec<u8>> = words.pop().unwrap().split('|').map(hex).collect();
    let config = words[1..].iter().fold(Config::new(), |config, word| limit(config, word));
    for role in [Role::Client, Role::Server] {
        let reads = if role == Role::Server { mask_reads(&reads) } else { reads.clone() };
        let fresh = || match words[0] {
            "plain" => connection(role, config.clone()),
            "pmd" => compressing(role, config.clone(), Deflate::speed()),
            "anew" => compressing(role, config.clone(), Deflate::memory()),
            how => panic!("{how}"),
        };
        let mut whole = fresh();
        let events: Vec<Event> =
            reads.iter().flat_map(|read| feed(&mut whole, read, Chunking::Whole)).collect();
        let output = drain(&mut whole);
        assert_eq!(describe(&events), expected.trim(), "{line}, {role:?}");
        if whole.closed().is_some() {
            assert_eq!((whole.bytes_held(), whole.receive()), (0, None), "{line}");
        }
        let bytes = reads.concat();
        for chunking in
            (0..=bytes.len()).map(Chunking::At).chain([Chunking::Whole, Chunking::Bytewise])
        {
            let mut other = fresh();
            assert_eq!(
                feed(&mut other, &bytes, chunking),
                events,
                "{line}, {role:?}, {chunking:?}"
            );
            assert_eq!(drain(&mut other), output, "{line}, {role:?}, {chunking:?}");
        }
    }
}

/// Runs the lines of a table, in which `#` begins a remark.
pub fn check_table(table: &str) {
    let lines = table
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty());
    assert!(lines.map(check).count() > 0, "the table was not read");
}

fn limit(config: Config, word: &str) -> Config {
    let (name, value) = word.split_once('=').unwrap();
    let value = value.parse().unwrap();
    match name {
        "max_message" => config.max_message_size(value),
        "max_frame" => config.max_frame_size(value),
        "max_fragments" => config.max_fragments(value as u32),
        _ => panic!("{word}"),
    }
}

/// Events in words, as the tables have them.
pub fn describe(events: &[Event]) -> String {
    let bytes = |bytes: &[u8]| {
        if bytes.is_empty() {
            "-".into()
        } else {
            bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()
        }
    };
    let one = |event: &Event| match event {
        Event::Message(Message::Text(text)) => format!("text {}", bytes(text.as_bytes())),
        Event::Message(Message::Binary(binary)) => format!("binary {}", bytes(binary)),
        Event::Chunk(Chunk { bytes: part, last, .. }) => {
            format!("part {}{}", bytes(part), if *last { " last" } else { "" })
        }
        Event::Ping(payload) => format!("ping {}", bytes(payload)),
        Event::Pong(payload) => format!("pong {}", bytes(payload)),
        Event::Closed(closed) => match closed.outcome() {
            CloseOutcome::Clean => format!("close {}", closed.code()),
            CloseOutcome::ProtocolError(error) => format!("error {}", error.close_code()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    if events.is_empty() {
        "nothing".into()
    } else {
        events.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// What chats are made of.
pub fn json(len: usize) -> String {
    let mut text = String::new();
    for id in 0.. {
        if text.len() >= len {
            break;
        }
        text += &format!(
            "{{\"id\":{},\"type\":\"chat\",\"user\":\"user{}\",\"text\":\"hello again\"}},",
            id * 7919,
            id % 97
        );
    }
    text.truncate(len);
    text
}

/// What does not get smaller.
pub fn noise(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    StdRng::seed_from_u64(len as u64).fill_bytes(&mut bytes);
    bytes
}
