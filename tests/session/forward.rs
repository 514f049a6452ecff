//! Echoes by the combinators of futures: what was received before the peer's Close is sent before
//! ours (RFC 6455 §5.5.1).

use futures_util::StreamExt;
use sansocket::{Backpressure, Error, Timeouts};
use support::gate::{Task, server};
use support::{masked, unmasked};

const PEER_CLOSE: &[u8] = &[3, 0xe8];

/// How the connection is split.
#[derive(Clone, Copy, Debug)]
enum Halves {
    /// Those of `StreamExt::split`, which keep a message back.
    OfFutures,
    Ours,
}

/// Echoes messages that arrive together with the peer's Close, or before it, on a stream that
/// accepts `room` bytes at a time. Returns the result, and what the peer has received.
fn echo(
    halves: Halves,
    messages: usize,
    together: bool,
    high_water_mark: usize,
    room: usize,
) -> (Result<(), Error>, Vec<u8>) {
    let (gate, _, mut socket) = server(Timeouts::default());
    socket.set_backpressure(Backpressure { high_water_mark, ..Backpressure::default() });
    let frames = masked(0x81, b"one").repeat(messages);
    let close = masked(0x88, PEER_CLOSE);
    gate.write(&frames);
    if together {
        gate.write(&close);
    }
    let mut task = match halves {
        Halves::OfFutures => {
            let (sink, stream) = StreamExt::split(socket);
            Task::new(stream.forward(sink))
        }
        Halves::Ours => {
            let (sender, receiver) = socket.split();
            Task::new(receiver.forward(sender))
        }
    };
    task.wakes.increment();
    let mut ended = task.run();
    if !together {
        gate.write(&close);
    }
    for _ in 0..10_000 {
        if ended.is_some() {
            break;
        }
        gate.read(room);
        ended = task.run();
    }
    (ended.expect("it ends"), gate.lock().written.clone())
}

#[test]
fn forward_echoes_every_message_before_the_close() {
    for halves in [Halves::OfFutures, Halves::Ours] {
        for messages in [0, 1, 2, 3, 10, 100] {
            for together in [true, false] {
                for high_water_mark in [1, 5, 6, 12, 100_000] {
                    for room in [1, 4, 5, 1000] {
                        let what = format!(
                            "{halves:?}, {messages}, {together}, {high_water_mark}, {room}"
                        );
                        let (ended, written) =
                            echo(halves, messages, together, high_water_mark, room);
                        ended.unwrap_or_else(|error| panic!("{what}: {error}"));
                        let echoes = unmasked(0x81, b"one").repeat(messages);
                        assert!(
                            written == [echoes, unmasked(0x88, PEER_CLOSE)].concat(),
                            "{what}: {written:?}"
                        );
                    }
                }
            }
        }
    }
}

/// A combinator that keeps several messages back.
#[test]
fn buffered_forward_echoes_every_message_before_the_close() {
    for messages in 0..10 {
        let (gate, _, socket) = server(Timeouts::default());
        gate.write(&masked(0x81, b"one").repeat(messages));
        gate.write(&masked(0x88, PEER_CLOSE));
        gate.read(10_000);
        let (sink, stream) = StreamExt::split(socket);
        let echo = stream.map(|message| async { message }).buffered(3).forward(sink);
        let mut task = Task::new(echo);
        task.wakes.increment();
        task.run().expect("it ends").unwrap_or_else(|error| panic!("{messages}: {error}"));
        let echoes = unmasked(0x81, b"one").repeat(messages);
        assert!(gate.lock().written == [echoes, unmasked(0x88, PEER_CLOSE)].concat());
    }
}
