//! Compressed messages of JSON, at each preset and some levels, as a table, and messages that
//! inflate most: `cargo bench -p sansocket-benches --bench deflate`
//!
//! Not with criterion: it measures a connection, whose windows fill, not one message repeatedly. A
//! figure is the best of several connections.

use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, BytesMut};
use sansocket::deflate::{Agreed, Compressor, Decompressor, Deflate};
use sansocket::{Config, Connection, Entropy, Event};
use sansocket_benches::json;

fn main() {
    println!(
        "| message | settings | on the wire | compress, MB/s | µs | decompress, MB/s | µs | held, sending | receiving |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (size, name) in [(64, "64 B"), (512, "512 B"), (4096, "4 KiB"), (65536, "64 KiB")] {
        let messages = json(size, ((4 << 20) / size).min(8192));
        for (settings, deflate) in [
            ("`speed`", Deflate::speed()),
            ("`balance`", Deflate::balance()),
            ("`memory`", Deflate::memory()),
            ("`speed`, level 3", Deflate::speed().level(3)),
            ("`speed`, level 6", Deflate::speed().level(6)),
            ("`balance`, level 1", Deflate::balance().level(1)),
            ("`memory`, level 1", Deflate::memory().level(1)),
        ] {
            let cost = (0..5)
                .map(|_| conversation(&deflate, &messages))
                .reduce(Cost::best)
                .expect("there are five");
            let (bytes, count) = ((size * messages.len()) as f64, messages.len() as f64);
            let speed = |time: Duration| {
                format!(
                    "{:.0} | {:.2}",
                    bytes / time.as_secs_f64() / 1e6,
                    time.as_secs_f64() * 1e6 / count
                )
            };
            println!(
                "| {name} | {settings} | {:.3} | {} | {} | {} | {} |",
                cost.on_the_wire as f64 / bytes,
                speed(cost.compressing),
                speed(cost.decompressing),
                cost.held_sending,
                cost.held_receiving
            );
        }
    }
    println!("\n| zeros | received | ms | ns for each received byte |\n|---|---|---|---|");
    for (size, name) in [(64 << 10, "64 KiB"), (1 << 20, "1 MiB"), (16 << 20, "16 MiB")] {
        let bomb = Bomb::new(size);
        let time = (0..20).map(|_| bomb.receive()).min().expect("there are twenty");
        println!(
            "| {name} | {} | {:.3} | {:.0} |",
            bomb.frame.len(),
            time.as_secs_f64() * 1e3,
            time.as_secs_f64() * 1e9 / bomb.frame.len() as f64
        );
    }
}

/// A message of zeros, of which a received byte costs most.
struct Bomb {
    size: usize,
    frame: Vec<u8>,
}

impl Bomb {
    fn new(size: usize) -> Self {
        let deflate = Deflate::speed().level(9);
        let config = Config::new().deflate(deflate.clone());
        let mut peer =
            Connection::client(config, Entropy::from_seed([7; 32])).with_deflate(&agreed(&deflate));
        peer.send(vec![0; size]).expect("the connection is open");
        let mut frame = vec![0; peer.buffered_amount()];
        peer.output().copy_to_slice(&mut frame);
        Self { size, frame }
    }

    /// The time of one message, of several on one connection.
    fn receive(&self) -> Duration {
        let deflate = Deflate::speed();
        let config = Config::new().deflate(deflate.clone());
        let mut server = Connection::server(config).with_deflate(&agreed(&deflate));
        let count = ((1 << 20) / self.size).max(1);
        let start = Instant::now();
        for _ in 0..count {
            server.input().put_slice(&self.frame);
            let event = server.receive();
            assert!(
                matches!(&event, Some(Event::Message(message)) if message.len() == self.size),
                "a message within the limit arrives"
            );
        }
        start.elapsed() / count as u32
    }
}

#[derive(Clone, Copy)]
struct Cost {
    on_the_wire: usize,
    compressing: Duration,
    decompressing: Duration,
    held_sending: usize,
    held_receiving: usize,
}

impl Cost {
    fn best(self, other: Self) -> Self {
        assert_eq!(
            self.on_the_wire, other.on_the_wire,
            "what is sent depends on nothing but the messages"
        );
        Self {
            compressing: self.compressing.min(other.compressing),
            decompressing: self.decompressing.min(other.decompressing),
            ..self
        }
    }
}

/// Sends all messages over a new connection.
fn conversation(deflate: &Deflate, messages: &[Vec<u8>]) -> Cost {
    let agreed = agreed(deflate);
    let mut compressor = Compressor::new(deflate, &agreed);
    let mut out = BytesMut::with_capacity(messages.len() * messages[0].len() * 2);
    let start = Instant::now();
    let compressed: Vec<_> = messages
        .iter()
        .map(|message| {
            compressor.compress(message, true, &mut out);
            out.split()
        })
        .collect();
    let compressing = start.elapsed();

    let mut decompressor = Decompressor::new(&agreed);
    let (mut received, mut room) = (Vec::with_capacity(messages[0].len()), [0; 4096]);
    let mut decompressing = Duration::ZERO;
    for (message, compressed) in messages.iter().zip(&compressed) {
        received.clear();
        let mut piece = &compressed[..];
        let start = Instant::now();
        while let Some(bytes) = decompressor
            .inflate(&mut piece, true, 1 << 20, &mut room)
            .expect("it was just compressed")
        {
            received.extend_from_slice(bytes);
        }
        decompressing += start.elapsed();
        assert!(received == *message, "a message comes back as it was");
    }
    let on_the_wire = compressed.iter().map(BytesMut::len).sum();
    Cost {
        on_the_wire,
        compressing,
        decompressing,
        held_sending: compressor.bytes_held(),
        held_receiving: decompressor.bytes_held(),
    }
}

/// The negotiated parameters of two endpoints with these options.
fn agreed(deflate: &Deflate) -> Agreed {
    deflate.answer([("client_max_window_bits", None)]).expect("it is a valid offer").0
}
