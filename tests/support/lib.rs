//! Helpers of all tests: connections that are joined by a wire, tables of received bytes, streams
//! and clocks that a test controls, and an allocator that counts.
#![allow(async_fn_in_trait)]

#[cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]
pub mod adapters;
pub mod allocator;
mod chunking;
#[cfg(feature = "deflate")]
pub mod deflate;
#[cfg(feature = "testing")]
pub mod duplex;
#[cfg(all(any(feature = "tokio", feature = "futures-io"), feature = "testing"))]
pub mod gate;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
pub mod one_byte;
#[cfg(feature = "std")]
pub mod peer;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
pub mod streams;
pub mod table;
pub mod wakes;

use std::path::Path;
use std::time::Duration;

use bytes::{Buf, BufMut};
use sansocket::{Config, Connection, Entropy, Event, Role, Timeouts};

pub use crate::chunking::Chunking;
#[cfg(feature = "testing")]
pub use crate::chunking::stream_pair;

/// An address at which no process listens. A port that was free a moment ago may be that of another
/// test now.
pub const NOBODY: &str = "127.0.0.1:1";

/// A duration in seconds.
pub const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// No timeout at all.
pub const OFF: Timeouts = Timeouts {
    handshake: None,
    close: None,
    write: None,
    ping: None,
    pong: None,
    idle: None,
    message: None,
};

/// A connection in a role, with masking keys that are the same in every run.
pub fn connection(role: Role, config: Config) -> Connection {
    match role {
        Role::Server => Connection::server(config),
        Role::Client => Connection::client(config, entropy()),
    }
}

pub fn entropy() -> Entropy {
    Entropy::from_seed([7; 32])
}

/// Feeds bytes to a connection, and takes all events after every chunk. Every other chunk is
/// borrowed by `receive_from`.
pub fn feed(connection: &mut Connection, bytes: &[u8], chunking: Chunking) -> Vec<Event> {
    let mut events = Vec::new();
    for (number, chunk) in chunking.split(bytes).into_iter().enumerate() {
        if (number + chunk.len()) % 2 == 0 {
            events.extend(feed_kept(connection, chunk));
        } else {
            events.extend(feed_from(connection, chunk));
        }
    }
    events
}

/// Feeds bytes through the connection's input buffer.
pub fn feed_kept(connection: &mut Connection, bytes: &[u8]) -> Vec<Event> {
    connection.input().put_slice(bytes);
    std::iter::from_fn(|| connection.receive()).collect()
}

/// Feeds bytes through `receive_from`, which borrows them if it can.
pub fn feed_from(connection: &mut Connection, bytes: &[u8]) -> Vec<Event> {
    let mut buffer = bytes.to_vec();
    let mut received = &mut buffer[..];
    let events =
        std::iter::from_fn(|| connection.receive_from(&mut received).map(Event::from)).collect();
    assert!(received.is_empty(), "all of it was taken");
    events
}

/// Takes all output of a connection.
pub fn drain(connection: &mut Connection) -> Vec<u8> {
    let mut bytes = Vec::new();
    while connection.wants_write() {
        let output = connection.output();
        let chunk = output.chunk().to_vec();
        output.advance(chunk.len());
        bytes.extend(chunk);
    }
    bytes
}

/// Two connections joined by a wire.
pub struct Pair {
    pub client: Connection,
    pub server: Connection,
    pub chunking: Chunking,
}

impl Pair {
    pub fn new(chunking: Chunking) -> Self {
        Self::with_config(Config::new(), chunking)
    }

    pub fn with_config(config: Config, chunking: Chunking) -> Self {
        Self {
            client: connection(Role::Client, config.clone()),
            server: connection(Role::Server, config),
            chunking,
        }
    }

    /// Moves the client's output to the server; returns the server's events.
    pub fn carry_to_server(&mut self) -> Vec<Event> {
        let bytes = drain(&mut self.client);
        feed(&mut self.server, &bytes, self.chunking)
    }

    /// Moves the server's output to the client; returns the client's events.
    pub fn carry_to_client(&mut self) -> Vec<Event> {
        let bytes = drain(&mut self.server);
        feed(&mut self.client, &bytes, self.chunking)
    }

    /// Moves output in both directions until there is none; returns the events of (the client, the
    /// server).
    pub fn settle(&mut self) -> (Vec<Event>, Vec<Event>) {
        let (mut at_client, mut at_server) = (Vec::new(), Vec::new());
        while self.client.wants_write() || self.server.wants_write() {
            at_server.extend(self.carry_to_server());
            at_client.extend(self.carry_to_client());
        }
        (at_client, at_server)
    }
}

/// Parses hexadecimal digits; white space is ignored.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).unwrap_or_else(|| panic!("{text}")))
        .collect();
    assert!(digits.len() % 2 == 0, "half a byte in {text}");
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

/// A frame with a mask, as a client would send it.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = frame_header(first, 0x80, payload.len());
    frame.extend(key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A frame without a mask, as a server would send it.
pub fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = frame_header(first, 0, payload.len());
    frame.extend(payload);
    frame
}

fn frame_header(first: u8, mask: u8, len: usize) -> Vec<u8> {
    match len {
        0..126 => vec![first, mask | len as u8],
        126..65536 => [vec![first, mask | 126], (len as u16).to_be_bytes().to_vec()].concat(),
        _ => [vec![first, mask | 127], (len as u64).to_be_bytes().to_vec()].concat(),
    }
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
