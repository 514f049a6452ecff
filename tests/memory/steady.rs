//! The steady state of an echo, in every adapter: it allocates the messages and nothing else.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::io::{self, IoSlice, Read, Write};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use sansocket::futures::FuturesStream;
use sansocket::testing::ManualClock;
use sansocket::tokio::{TokioClock, TokioStream};
use sansocket::{Backpressure, Config, Connection, Timeouts, blocking, runtime};
use support::allocator::{cost, exclusive};
use support::streams::{Script, Scripted};
use support::{masked, unmasked};

/// How many messages come at once.
const BATCH: usize = 16;

/// A stream on which messages come, and then none until they were answered.
struct Batches {
    frames: Vec<u8>,
    /// How much of them was read.
    read: usize,
    /// What their answers take.
    answers: usize,
    answered: usize,
    /// How often something was written.
    writes: usize,
}

fn batches(size: usize, count: usize) -> Batches {
    let frames = masked(0x82, &vec![7; size]).repeat(count);
    // A server's frames are four bytes shorter, by the masking key.
    let answers = frames.len() - 4 * count;
    Batches { frames, read: 0, answers, answered: 0, writes: 0 }
}

impl Batches {
    fn answer(&mut self, bytes: usize) -> usize {
        self.answered += bytes;
        self.writes += 1;
        if self.answered == self.answers {
            (self.read, self.answered) = (0, 0);
        }
        bytes
    }
}

impl Read for Batches {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.frames[self.read..];
        if rest.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.read += count;
        Ok(count)
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

impl Script for Batches {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.read(buffer).map_or(Poll::Pending, |count| Poll::Ready(Ok(count)))
    }

    fn poll_write(
        &mut self,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.answer(slices.iter().map(|slice| slice.len()).sum())))
    }
}

/// A peer that sends nothing, and reads everything or nothing.
struct SilentPeer {
    reads: bool,
}

impl Script for SilentPeer {
    fn poll_write(
        &mut self,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.reads {
            Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
        } else {
            Poll::Pending
        }
    }
}

fn open<S: runtime::Stream>(stream: S) -> runtime::WebSocket<S, ManualClock> {
    runtime::WebSocket::from_parts(
        stream,
        ManualClock::new(),
        Connection::server(Config::new()),
        Timeouts::default(),
    )
}

/// Output blocks belong to the thread: a connection holds none when all is written, nor a large one
/// while a peer does not read.
#[test]
fn an_idle_or_stalled_connection_holds_no_output_block() {
    let _exclusive = exclusive();
    let mut cx = Context::from_waker(Waker::noop());
    let (mut idle, mut stalled) = (Vec::with_capacity(10), Vec::with_capacity(10));
    let (_, cost) = cost(|| {
        for _ in 0..10 {
            let mut well = open(Scripted(SilentPeer { reads: true }));
            for _ in 0..10 {
                assert!(pin!(well.feed(vec![7; 3000])).poll(&mut cx).is_ready());
            }
            assert!(pin!(well.flush()).poll(&mut cx).is_ready());
            idle.push(well);
            stalled.push(open(Scripted(SilentPeer { reads: false })));
            assert!(pin!(stalled.last_mut().unwrap().send("stuck")).poll(&mut cx).is_pending());
        }
    });
    assert!(stalled.iter().all(|socket| socket.buffered_amount() == 7));
    // The thread's block, and some bytes for each.
    assert!(cost.held < 64 * 1024 + 10 * 1024, "{}", cost.held);
}

/// Polls until it is ready: a task that received much lets others have their turn.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..3 {
        if let Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
    }
    panic!("it waits");
}

/// A peer that sends nothing, and reads some bytes at a time.
struct SlowPeer {
    takes: usize,
    is_ready: bool,
    received: Vec<u8>,
}

impl Script for SlowPeer {
    fn poll_write(
        &mut self,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.is_ready = !self.is_ready;
        if self.is_ready {
            return Poll::Pending;
        }
        let before = self.received.len();
        self.received.extend(slices.iter().flat_map(|slice| slice.iter()).take(self.takes));
        Poll::Ready(Ok(self.received.len() - before))
    }
}

/// Unwritten output stays where it is until little is left, and is written before payloads that are
/// not in the block.
#[test]
fn output_of_a_slow_peer_is_not_moved() {
    let _exclusive = exclusive();
    let mut cx = Context::from_waker(Waker::noop());
    let mut socket = open(Scripted(SlowPeer {
        takes: 1000,
        is_ready: true,
        received: Vec::with_capacity(100_000),
    }));
    let sizes = [3000; 10].into_iter().chain([8000, 10]);
    for (size, byte) in sizes.clone().zip(0..) {
        assert!(pin!(socket.feed(vec![byte; size])).poll(&mut cx).is_ready());
    }
    let (polls, cost) = cost(|| {
        let mut flushing = pin!(socket.flush());
        (1..100).find(|_| flushing.as_mut().poll(&mut cx).is_ready())
    });
    assert!(polls > Some(38), "{polls:?}");
    assert!(cost.taken < 5000, "{}", cost.taken);
    let expected: Vec<_> =
        sizes.zip(0..).flat_map(|(size, byte)| unmasked(0x82, &vec![byte; size])).collect();
    assert!(socket.stream().0.received == expected);
}

/// The thread does not keep an output block that became large.
#[test]
fn a_large_output_block_is_not_kept() {
    let _exclusive = exclusive();
    let mut cx = Context::from_waker(Waker::noop());
    let (_, cost) = cost(|| {
        let mut socket = open(Scripted(SilentPeer { reads: true }));
        socket.set_backpressure(Backpressure {
            high_water_mark: usize::MAX,
            hard_limit: usize::MAX,
            ..Backpressure::default()
        });
        for _ in 0..200 {
            assert!(pin!(socket.feed(vec![7; 3000])).poll(&mut cx).is_ready());
        }
        assert!(pin!(socket.flush()).poll(&mut cx).is_ready());
    });
    assert_eq!(cost.held, 0);
}

/// What batches of messages take, after the first ones, and how often they are written.
fn echo(batches: usize, mut one: impl FnMut() -> usize) -> (support::allocator::Cost, usize) {
    let mut echo = |times: usize| (0..times).map(|_| one()).last().unwrap();
    // After that much in one burst, reads are large.
    let before = echo(10 * BATCH);
    let (after, cost) = cost(|| echo(batches * BATCH));
    (cost, after - before)
}

/// Uncorked, each is written by itself; corked, a batch at once.
#[test]
fn an_echo_allocates_only_the_messages() {
    let _exclusive = exclusive();
    for (cork, writes) in [(false, 10 * BATCH), (true, 10)] {
        let backpressure = Backpressure { cork, ..Backpressure::default() };

        let mut socket = open(Scripted(batches(1000, BATCH)));
        socket.set_backpressure(backpressure);
        let (cost, written) = echo(10, || {
            let message = ready(socket.recv()).unwrap().unwrap();
            ready(socket.send(message)).unwrap();
            socket.stream().0.writes
        });
        // What is left of 4 KiB and less, or 17 KiB of a large block, is copied, once a batch.
        assert_eq!(
            (cost.allocations, cost.held, written),
            (10 * BATCH + 10, 0, writes),
            "async, cork: {cork}"
        );

        let connection = Connection::server(Config::new());
        let mut socket =
            blocking::WebSocket::from_parts(batches(1000, BATCH), connection, Timeouts::default())
                .unwrap();
        socket.set_backpressure(backpressure);
        let (cost, written) = echo(10, || {
            let message = socket.recv().unwrap().unwrap();
            socket.send(message).unwrap();
            socket.stream().writes
        });
        assert_eq!(
            (cost.allocations, cost.held, written),
            (10 * BATCH + 10, 0, writes),
            "blocking, cork: {cork}"
        );
    }
}

/// What so many rounds take, after as many, and how often something was written in them.
fn steady(rounds: usize, mut round: impl FnMut() -> usize) -> (usize, isize, usize) {
    let mut rounds = || (0..rounds).map(|_| round()).last().unwrap();
    // The first reads are small, and cut messages off.
    let before = rounds();
    let (after, cost) = cost(rounds);
    (cost.allocations, cost.held, after - before)
}

fn steady_over<S: runtime::Stream, C: runtime::Clock>(
    (stream, clock): (S, C),
    writes: impl Fn(&S) -> usize,
) -> (usize, isize, usize) {
    let connection = Connection::server(Config::new());
    let mut socket = runtime::WebSocket::from_parts(stream, clock, connection, Timeouts::default());
    steady(ROUNDS, || {
        assert!(ready(socket.recv_with(|message, replies| replies.send(message))).unwrap());
        writes(socket.stream())
    })
}

const ROUNDS: usize = 40;

/// Messages that are answered where they lie take nothing at all, and a batch that comes with one
/// read leaves with one write.
#[test]
fn an_echo_of_borrowed_messages_allocates_nothing() {
    let _exclusive = exclusive();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let _entered = runtime.enter();
    for (size, count) in
        [(16, 1), (16, 100), (1000, BATCH), (16 * 1024, 4), (64 * 1024 - 14, 1), (4000, 66)]
    {
        let batches = || batches(size, count);
        let well = (0, 0, ROUNDS);
        assert_eq!(
            steady_over((Scripted(batches()), ManualClock::new()), |stream| stream.0.writes),
            well,
            "{count} of {size}"
        );
        assert_eq!(
            steady_over((TokioStream(Scripted(batches())), TokioClock::new()), |stream| stream
                .0
                .0
                .writes),
            well,
            "tokio: {count} of {size}"
        );
        assert_eq!(
            steady_over((FuturesStream(Scripted(batches())), ManualClock::new()), |stream| stream
                .0
                .0
                .writes),
            well,
            "{count} of {size}"
        );
        if count * size >= 64 * 1024 {
            // A thread reads 64 KiB at once, and joins what that cuts off.
            continue;
        }
        let mut socket = blocking::WebSocket::from_parts(
            batches(),
            Connection::server(Config::new()),
            Timeouts::default(),
        )
        .unwrap();
        let taken = steady(ROUNDS, || {
            assert!(socket.recv_with(|message, replies| replies.send(message)).unwrap());
            socket.stream().writes
        });
        assert_eq!(taken, well, "blocking: {count} of {size}");
    }
}

/// A stream that fills every read, up to the size of each burst.
struct Bursts {
    left: Vec<usize>,
    requested: Vec<usize>,
    /// Bytes that were read: a read ends within a frame.
    read: usize,
}

impl Script for Bursts {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.requested.push(buffer.len());
        match self.left.last_mut() {
            Some(0) | None => {
                self.left.pop();
                Poll::Pending
            }
            Some(left) => {
                let count = buffer.len().min(*left);
                *left -= count;
                // Unsolicited pongs.
                let pong = masked(0x8a, b"");
                for byte in &mut buffer[..count] {
                    *byte = pong[self.read % pong.len()];
                    self.read += 1;
                }
                Poll::Ready(Ok(count))
            }
        }
    }
}

/// Reads are large after a large burst, and small again after a small one.
#[test]
fn read_size_follows_the_last_burst() {
    let _exclusive = exclusive();
    const SMALL: usize = 64 * 1024;
    const LARGE: usize = 272 * 1024;
    let small = 6000;
    // The last comes first.
    let left = vec![small, small, SMALL / 6 * 6, small, 400 * 1024 / 6 * 6, small];
    let mut socket = open(Scripted(Bursts { left, requested: Vec::new(), read: 0 }));
    let mut cx = Context::from_waker(Waker::noop());
    // Pongs are some work, and others have their turn now and then.
    for _ in 0..1000 {
        assert!(pin!(socket.recv()).poll(&mut cx).is_pending());
    }
    let requested = &socket.stream().0.requested;
    let expected = [
        // A small burst, and its end.
        &[SMALL, SMALL][..],
        // A large one: known as such after a read that was full.
        &[SMALL, LARGE, LARGE, LARGE],
        // The next begins large, and is small; and so on.
        &[LARGE, LARGE],
        &[SMALL, SMALL],
        &[SMALL, SMALL],
        &[SMALL, SMALL],
        &[SMALL],
    ];
    assert_eq!(requested[..expected.concat().len()], expected.concat());
    assert!(requested[expected.concat().len()..].iter().all(|requested| *requested == SMALL));
}
