//! The steady state of an echo: nothing is allocated but the messages, and nothing is left; in every adapter.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

#[path = "support/counting.rs"]
mod counting;
mod support;

use std::io::{self, IoSlice, Read, Write};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use counting::cost;
use sansocket::testing::ManualClock;
use sansocket::{Backpressure, Config, Connection, Timeouts, asynchronous, blocking};
use support::masked;

/// How many messages come at once.
const BATCH: usize = 16;

/// A stream on which messages come, and then none until they were answered.
struct Batches {
    frames: Vec<u8>,
    unanswered: usize,
    /// How often something was written.
    writes: usize,
}

fn batches(size: usize) -> Batches {
    Batches { frames: masked(0x82, &vec![7; size]).repeat(BATCH), unanswered: 0, writes: 0 }
}

impl Batches {
    fn answer(&mut self, bytes: usize) -> usize {
        self.unanswered -= bytes;
        self.writes += 1;
        bytes
    }
}

impl Read for Batches {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unanswered > 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        buffer[..self.frames.len()].copy_from_slice(&self.frames);
        // A server's frames are four bytes shorter, by the masking key.
        self.unanswered = self.frames.len() - 4 * BATCH;
        Ok(self.frames.len())
    }
}

impl Write for Batches {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.answer(bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl blocking::Stream for Batches {}

impl asynchronous::Stream for Batches {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.read(buffer).map_or(Poll::Pending, |count| Poll::Ready(Ok(count)))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.answer(slices.iter().map(|slice| slice.len()).sum())))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A peer that sends nothing, and takes everything or nothing.
struct Peer {
    takes: bool,
}

impl asynchronous::Stream for Peer {
    fn poll_read(&mut self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_write(&mut self, _: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.takes { Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum())) } else { Poll::Pending }
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn open<S: asynchronous::Stream>(stream: S) -> asynchronous::WebSocket<S, ManualClock> {
    asynchronous::WebSocket::from_parts(stream, ManualClock::new(), Connection::server(Config::new()), Timeouts::default())
}

/// Who has written all holds no block of the thread's; nor who waits for a peer that takes nothing, though others made it large.
#[test]
fn neither_an_idle_nor_a_stalled_connection_holds_a_block() {
    let mut cx = Context::from_waker(Waker::noop());
    let (mut idle, mut stalled) = (Vec::with_capacity(10), Vec::with_capacity(10));
    let (_, cost) = cost(|| {
        for _ in 0..10 {
            let mut well = open(Peer { takes: true });
            for _ in 0..10 {
                assert!(pin!(well.feed(vec![7; 3000])).poll(&mut cx).is_ready());
            }
            assert!(pin!(well.flush()).poll(&mut cx).is_ready());
            idle.push(well);
            stalled.push(open(Peer { takes: false }));
            assert!(pin!(stalled.last_mut().unwrap().send("stuck")).poll(&mut cx).is_pending());
        }
    });
    assert!(stalled.iter().all(|socket| socket.buffered_amount() == 7));
    // The thread's block, and some bytes for each.
    assert!(cost.held < 64 * 1024 + 10 * 1024, "{}", cost.held);
}

/// What batches of messages take, after the first, and how often they are written.
fn echo(batches: usize, mut one: impl FnMut() -> usize) -> (counting::Cost, usize) {
    let mut echo = |times: usize| (0..times).map(|_| one()).last().unwrap();
    let before = echo(10 * BATCH);
    let (after, cost) = cost(|| echo(batches * BATCH));
    (cost, after - before)
}

/// Uncorked, each is written by itself; corked, a batch at once.
#[test]
fn nothing_is_allocated_but_the_messages() {
    for (cork, writes) in [(false, 10 * BATCH), (true, 10)] {
        let backpressure = Backpressure { cork, ..Backpressure::default() };

        let mut socket = open(batches(1000));
        socket.set_backpressure(backpressure);
        let (cost, written) = echo(10, || {
            let mut cx = Context::from_waker(Waker::noop());
            let mut receive = || pin!(socket.recv()).poll(&mut cx);
            // Who read much lets others have their turn first.
            let mut received = receive();
            if received.is_pending() {
                received = receive();
            }
            let Poll::Ready(Ok(Some(message))) = received else { panic!("{received:?}") };
            assert!(pin!(socket.send(message)).poll(&mut cx).is_ready());
            socket.stream().writes
        });
        // What is left of 4 KiB and less is copied, once a batch.
        assert_eq!((cost.allocations, cost.held, written), (10 * BATCH + 10, 0, writes), "async, cork: {cork}");

        let connection = Connection::server(Config::new());
        let mut socket = blocking::WebSocket::from_parts(batches(1000), connection, Timeouts::default()).unwrap();
        socket.set_backpressure(backpressure);
        let (cost, written) = echo(10, || {
            let message = socket.recv().unwrap().unwrap();
            socket.send(message).unwrap();
            socket.stream().writes
        });
        assert_eq!((cost.allocations, cost.held, written), (10 * BATCH + 10, 0, writes), "blocking, cork: {cork}");
    }
}
