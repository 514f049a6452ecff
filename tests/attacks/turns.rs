//! Work of one poll of an async adapter, in bytes and frames, for a peer that never stops sending.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sansocket::runtime::WebSocket;
use sansocket::testing::ManualClock;
use sansocket::{ClientRequest, CloseCode, Config, Connection, Timeouts};

use super::{ROLES, from_peer};
use support::connection;
use support::streams::{Script, Scripted};
use support::wakes::WakeCounter;

/// A stream that is always readable and repeats the frames, at most `size` bytes per read.
struct Flood {
    frames: Vec<u8>,
    size: usize,
    /// Position in the frames of the next read.
    at: usize,
    read: usize,
}

impl Script for Flood {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let size = self.size.min(buffer.len());
        assert!(self.read < 64 << 20, "the poll never returns");
        for byte in &mut buffer[..size] {
            *byte = self.frames[self.at];
            self.at = (self.at + 1) % self.frames.len();
        }
        self.read += size;
        Poll::Ready(Ok(size))
    }
}

fn flooded(
    connection: Connection,
    frames: Vec<u8>,
    size: usize,
) -> WebSocket<Scripted<Flood>, ManualClock> {
    WebSocket::from_parts(
        Scripted(Flood { frames, size, at: 0, read: 0 }),
        ManualClock::new(),
        connection,
        Timeouts::default(),
    )
}

/// G15: one poll does at most three full reads, or 256 control frames; for the payload of a long
/// message, which is less work, four times as much. The task is woken to be polled again.
#[test]
fn g15_one_poll_of_recv_reads_a_bounded_number_of_bytes() {
    const READ: usize = 256 * 1024;
    for role in ROLES {
        let frame = |first, payload: &[u8]| from_peer(role, first, payload);
        let smallest = frame(0x89, b"").len();
        for (what, frames, controls) in [
            ("pings", frame(0x89, b""), true),
            ("large pings", frame(0x89, &[0; 125]), true),
            ("pongs", frame(0x8a, b""), true),
            (
                "pings in a message",
                [frame(0x01, b""), frame(0x89, b"").repeat(100_000)].concat(),
                true,
            ),
            (
                "empty fragments",
                // More than five polls read: what follows is a second message within the first.
                [frame(0x01, b""), frame(0x00, b"").repeat(16 * READ / smallest)].concat(),
                false,
            ),
            ("a long message", frame(0x82, &vec![0; 16 << 20]), false),
        ] {
            for (size, borrowed) in [(1000, false), (1000, true), (READ, false), (READ, true)] {
                let woken = Arc::new(WakeCounter::default());
                let waker = Waker::from(Arc::clone(&woken));
                let config = Config::new().max_fragments(u32::MAX);
                let mut us = flooded(connection(role, config), frames.clone(), size);
                let mut before = 0;
                for polls in 1..=5 {
                    let cx = &mut Context::from_waker(&waker);
                    let pending = if borrowed {
                        pin!(us.recv_with(|_, _| unreachable!("there is no message")))
                            .poll(cx)
                            .is_pending()
                    } else {
                        pin!(us.recv()).poll(cx).is_pending()
                    };
                    let read = us.stream().0.read - before;
                    before += read;
                    let most = if what == "a long message" { 12 * READ } else { 3 * READ };
                    assert!(
                        pending && read <= most,
                        "{what}, {role:?}, {size} at once: {read} in one poll"
                    );
                    assert_eq!(woken.count(), polls, "{what}: the task must be woken");
                    let most =
                        polls * 256 * (if what == "large pings" { 125 } else { 0 } + smallest);
                    assert!(
                        !controls || before <= most + size,
                        "{what}, {size} at once: {before} after {polls} polls"
                    );
                }
            }
        }
    }
}

/// A task that replies to an endless flood does not starve other tasks.
#[test]
fn g15_one_poll_of_an_echo_loop_reads_a_bounded_number_of_bytes() {
    const READ: usize = 256 * 1024;
    for role in ROLES {
        for len in [0, 16, 16 * 1024, 100_000] {
            let woken = Arc::new(WakeCounter::default());
            let waker = Waker::from(Arc::clone(&woken));
            let mut us = flooded(
                connection(role, Config::new()),
                from_peer(role, 0x82, &vec![0; len]),
                READ,
            );
            let mut before = 0;
            for polls in 1..=5 {
                let cx = &mut Context::from_waker(&waker);
                let pending = pin!(async {
                    while us.recv_with(|message, replies| replies.send(message)).await.unwrap() {}
                })
                .poll(cx);
                let read = us.stream().0.read - before;
                before += read;
                assert!(
                    pending.is_pending() && read <= 12 * READ,
                    "{len}, {role:?}: {read} in one poll"
                );
                assert!(len > 16 || read <= 3 * READ, "{len}, {role:?}: {read} in one poll");
                assert_eq!(woken.count(), polls);
            }
        }
    }
}

/// `close` discards messages within the same read budget.
#[test]
fn g15_one_poll_of_close_is_bounded() {
    for role in ROLES {
        let woken = Arc::new(WakeCounter::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut us =
            flooded(connection(role, Config::new()), from_peer(role, 0x81, b"more"), 64 * 1024);
        let mut closing = pin!(us.close(CloseCode::NORMAL, ""));
        for polls in 1..=5 {
            assert!(closing.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            assert_eq!(woken.count(), polls);
        }
    }
}

/// A client that sends a request again and again, in small reads, and counts them.
struct Requests {
    request: &'static [u8],
    at: usize,
    reads: Arc<AtomicUsize>,
}

impl Script for Requests {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        assert!(self.reads.fetch_add(1, Ordering::Relaxed) < 100_000, "the poll never returns");
        let rest = &self.request[self.at..];
        let count = rest.len().min(buffer.len()).min(50);
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at = (self.at + count) % self.request.len();
        Poll::Ready(Ok(count))
    }
}

/// A refused client that keeps sending is read from until the close deadline, and no longer in one
/// poll than a connection.
#[test]
fn g15_one_poll_of_a_rejection_is_bounded() {
    for request in [
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "no HTTP\r\n\r\n",
    ] {
        let woken = Arc::new(WakeCounter::default());
        let waker = Waker::from(Arc::clone(&woken));
        let (clock, reads) = (ManualClock::new(), Arc::new(AtomicUsize::new(0)));
        let stream = Requests { request: request.as_bytes(), at: 0, reads: Arc::clone(&reads) };
        let mut accepts = pin!(sansocket::futures::accept(Scripted(stream), clock.clone()));
        let mut before = 0;
        for polls in 1..=5 {
            let pending = accepts.as_mut().poll(&mut Context::from_waker(&waker)).is_pending();
            let read = reads.load(Ordering::Relaxed) - before;
            before += read;
            assert!(pending && read <= 16, "{read} reads in one poll");
            assert_eq!(woken.count(), polls, "the task must be woken");
        }
        clock.advance(Duration::from_secs(5));
        let mut polls = 0;
        while accepts.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            polls += 1;
            assert!(polls < 5, "the close deadline ends it");
        }
    }
}

/// So is a request that does not end, and the body of a response.
#[test]
fn g15_one_poll_of_a_handshake_is_bounded() {
    let reads = || Arc::new(AtomicUsize::new(0));
    let stream =
        |request, reads: &Arc<_>| Scripted(Requests { request, at: 0, reads: Arc::clone(reads) });
    let polled_once = |reads: &Arc<AtomicUsize>,
                       future: &mut dyn FnMut(&mut Context<'_>) -> bool| {
        let woken = Arc::new(WakeCounter::default());
        let waker = Waker::from(Arc::clone(&woken));
        assert!(future(&mut Context::from_waker(&waker)), "it is pending");
        assert_eq!((reads.load(Ordering::Relaxed), woken.count()), (16, 1));
    };
    let count = reads();
    let mut accepts = pin!(sansocket::futures::accept(stream(b"GET", &count), ManualClock::new()));
    polled_once(&count, &mut |cx| accepts.as_mut().poll(cx).is_pending());
    let (count, request) = (reads(), ClientRequest::new("ws://h/").unwrap());
    let endless = stream(b"HTTP/1.1 100 Continue\r\nX: ", &count);
    let connects = sansocket::futures::connect_with_stream(endless, ManualClock::new(), &request);
    let mut connects = pin!(connects);
    polled_once(&count, &mut |cx| connects.as_mut().poll(cx).is_pending());
}
