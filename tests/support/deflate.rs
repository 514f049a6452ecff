//! Compression: connections that negotiated it, tables of received messages, and frames on the wire.

use bytes::{Buf, BufMut};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sansocket::deflate::{Agreed, Deflate};
use sansocket::{ClientHandshake, ClientRequest, Config, Connection, Role, ServerHandshake};

use super::table::rows;
use super::{Chunking, Pair, connection, drain, entropy};

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

/// Checks the rows of a [table](super::table) in both roles. A row begins with `plain` (nothing
/// agreed), `pmd` (windows are kept) or `anew` (they are not).
pub fn check_table(table: &str) {
    let mut count = 0;
    for row in rows(table) {
        for role in [Role::Client, Role::Server] {
            let fresh = || match row.word {
                "plain" => connection(role, row.config.clone()),
                "pmd" => compressing(role, row.config.clone(), Deflate::speed()),
                "anew" => compressing(role, row.config.clone(), Deflate::memory()),
                how => panic!("{how}"),
            };
            let reads =
                if role == Role::Server { mask_reads(&row.reads) } else { row.reads.clone() };
            let (mut whole, ..) = row.check(&reads, fresh);
            if whole.closed().is_some() {
                assert_eq!((whole.bytes_held(), whole.receive()), (0, None), "{}", row.line);
            }
        }
        count += 1;
    }
    assert!(count > 0, "the table was not read");
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
