//! Work that one poll of an async adapter does, for a peer that sends without end: counted in bytes
//! and in frames.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use sansocket::runtime::WebSocket;
use sansocket::testing::ManualClock;
use sansocket::{CloseCode, Config, Connection, Role, Timeouts};

use super::{ROLES, from_peer};
use support::connection;
use support::streams::{Script, Scripted};
use support::wakes::WakeCounter;

/// A peer that has always sent more of the same, as much as is read at once; but no more than
/// `size`.
struct Flood {
    frames: Vec<u8>,
    size: usize,
    /// Where in the frames the next read begins.
    at: usize,
    read: usize,
}

impl Script for Flood {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let size = self.size.min(buffer.len());
        assert!(self.read < 64 << 20, "it reads without end");
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

/// G15: in one poll no more than three full reads, or 256 pings, however small the frames and
/// however large the reads; of a long message's payload, which is less work, four times as much. It
/// asks to be polled again, and a message behind all that is received in the end.
#[test]
fn g15_a_poll_is_short_though_there_is_always_more() {
    const READ: usize = 256 * 1024;
    for role in ROLES {
        let frame = |first, payload: &[u8]| from_peer(role, first, payload);
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
                [frame(0x01, b""), frame(0x00, b"").repeat(200_000)].concat(),
                false,
            ),
            ("a long message", frame(0x82, &vec![0; 16 << 20]), false),
        ] {
            for (size, lying) in [(1000, false), (1000, true), (READ, false), (READ, true)] {
                let woken = Arc::new(WakeCounter::default());
                let waker = Waker::from(Arc::clone(&woken));
                let mut us = flooded(connection(role, Config::new()), frames.clone(), size);
                let smallest = if role == Role::Server { 6 } else { 2 };
                let mut before = 0;
                for polls in 1..=5 {
                    let cx = &mut Context::from_waker(&waker);
                    let pending = if lying {
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
                    assert_eq!(woken.count(), polls, "{what}: it has to be polled again");
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

/// Nor does a task that answers all that comes, for as long as it comes, keep the others waiting.
#[test]
fn g15_answering_is_as_short() {
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

/// Waiting for the end of a closing connection takes no longer, nor does discarding its messages.
#[test]
fn g15_closing_is_as_short() {
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
