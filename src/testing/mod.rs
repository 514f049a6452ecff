//! A kit for tests of what is built on this: a pair of streams in memory, cut up as you choose and
//! broken when you say, and a clock that you wind. No part of RFC 6455: it carries bytes, and knows
//! none of them.
//!
//! An [`TestStream`] is a stream for [`blocking`], in halves too, and for `tokio` and `futures` where
//! those features are on.
//!
//! ```
//! use sansocket::testing::{Chunking, pair};
//! use sansocket::{ClientRequest, blocking};
//!
//! let (client, server) = pair(Chunking::Bytewise);
//! let server = std::thread::spawn(|| blocking::accept(server)?.send("one byte at a time"));
//! let (mut socket, _) = blocking::connect_with_stream(client, &ClientRequest::new("ws://test/")?)?;
//! assert_eq!(socket.recv()?, Some("one byte at a time".into()));
//! server.join().unwrap()?;
//! # Ok::<(), sansocket::Error>(())
//! ```

mod clock;

use core::fmt;
use core::mem::take;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
use core::pin::Pin;
use core::task::Waker;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
use core::task::{Context, Poll};
use core::time::Duration;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

pub use self::clock::ManualClock;
use crate::adapter::blocking;

/// How much a read or a write carries at most. Where there is less, it does not wait for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunking {
    /// All there is.
    Whole,
    /// One byte.
    Bytewise,
    /// 1 to 64 bytes, the same for the same seed and the same order of reads and writes.
    Random(u64),
}

/// Two streams, each of which reads what is written to the other.
///
/// They end as sockets do: when one is dropped or shut down, the other reads what was written, and
/// then the end; what is written to one that was dropped fails with `BrokenPipe`. Any number of
/// bytes may lie between them, unless [`Wire::set_capacity`] says other.
#[must_use]
pub fn pair(chunking: Chunking) -> (TestStream, TestStream) {
    let state = State {
        flows: Default::default(),
        chunking,
        room: usize::MAX,
        stopped: false,
        cut: false,
        woken: Vec::new(),
    };
    let wire = Wire(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }));
    let end = |side| TestStream {
        wire: wire.clone(),
        side,
        last: Arc::new(HangUp { wire: wire.clone(), side }),
        read_timeout: None,
        write_timeout: None,
    };
    (end(0), end(1))
}

/// What lies between two [`TestStream`]s, to disturb it.
#[derive(Clone, Debug)]
pub struct Wire(Arc<Shared>);

impl Wire {
    /// Cuts the wire: what is on it is lost, and both ends fail with `ConnectionReset`.
    pub fn cut(&self) {
        self.change(|state| state.cut = true);
    }

    /// Stops to forward, both ways and for good: what is written vanishes, and neither end is told.
    /// So dies a peer without power.
    pub fn stop(&self) {
        self.change(|state| state.stopped = true);
    }

    /// How many bytes may lie on the wire unread, in each direction. With 0 no write is taken: the
    /// peer does not read.
    pub fn set_capacity(&self, bytes: usize) {
        self.change(|state| state.room = bytes);
    }

    fn shut_down(&self, side: usize, how: Shutdown) {
        self.change(|state| {
            state.flows[side].ended |= how != Shutdown::Read;
            state.flows[1 - side].deserted |= how != Shutdown::Write;
        });
    }

    /// Disturbs it, and wakes whoever waits.
    fn change(&self, change: impl FnOnce(&mut State)) {
        self.with(|state| {
            change(state);
            state.woken.extend(
                state
                    .flows
                    .iter_mut()
                    .flat_map(|flow| [flow.reader.take(), flow.writer.take()])
                    .flatten(),
            );
        });
    }

    /// Does something, and wakes whom that concerns, with no lock held.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let done = act(&mut state);
        let woken = take(&mut state.woken);
        drop(state);
        self.0.changed.notify_all();
        woken.into_iter().for_each(Waker::wake);
        done
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One end of a [`pair`].
#[derive(Debug)]
pub struct TestStream {
    wire: Wire,
    side: usize,
    last: Arc<HangUp>,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl TestStream {
    /// What lies between this end and the other.
    #[must_use]
    pub fn wire(&self) -> Wire {
        self.wire.clone()
    }

    /// Waits as long as there is nothing to be done, or until it is too late.
    fn wait<T>(
        &self,
        timeout: Option<Duration>,
        mut attempt: impl FnMut(&mut State) -> Option<io::Result<T>>,
    ) -> io::Result<T> {
        let mut result = None;
        let fails = |state: &mut State| {
            result = attempt(state);
            result.is_none()
        };
        let (state, timeout) = (self.wire.lock(), timeout.unwrap_or(Duration::MAX));
        drop(
            self.wire
                .0
                .changed
                .wait_timeout_while(state, timeout, fails)
                .unwrap_or_else(PoisonError::into_inner),
        );
        self.wire.with(|_| ());
        result.unwrap_or_else(|| Err(ErrorKind::WouldBlock.into()))
    }
}

/// What hangs up when the last handle of an end is dropped.
#[derive(Debug)]
struct HangUp {
    wire: Wire,
    side: usize,
}

impl Drop for HangUp {
    fn drop(&mut self) {
        self.wire.shut_down(self.side, Shutdown::Both);
    }
}

/// Unlike a socket's, the timeouts are the handle's.
impl blocking::TryClone for TestStream {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { wire: self.wire.clone(), last: Arc::clone(&self.last), ..*self })
    }
}

impl io::Read for TestStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wait(self.read_timeout, |state| state.read(self.side, buffer))
    }
}

impl io::Write for TestStream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buffer)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.wait(self.write_timeout, |state| state.write(self.side, slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl blocking::Stream for TestStream {
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.read_timeout = timeout;
        Ok(())
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.write_timeout = timeout;
        Ok(())
    }

    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        self.wire.shut_down(self.side, how);
        Ok(())
    }
}

#[cfg(any(feature = "tokio", feature = "futures-io"))]
impl TestStream {
    fn poll_read_some(&self, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.wire.with(|state| {
            let read = state.read(self.side, buffer);
            state.flows[1 - self.side].reader = read.is_none().then(|| cx.waker().clone());
            read.map_or(Poll::Pending, Poll::Ready)
        })
    }

    fn poll_write_some(&self, cx: &Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.wire.with(|state| {
            let written = state.write(self.side, slices);
            state.flows[self.side].writer = written.is_none().then(|| cx.waker().clone());
            written.map_or(Poll::Pending, Poll::Ready)
        })
    }
}

/// The methods of `AsyncWrite`, which differ in one name.
#[cfg(any(feature = "tokio", feature = "futures-io"))]
macro_rules! async_write {
    ($trait:ty, $shutdown:ident) => {
        impl $trait for TestStream {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.poll_write_some(cx, &[IoSlice::new(buffer)])
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.poll_write_some(cx, slices)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn $shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(blocking::Stream::shutdown(&mut *self, Shutdown::Write))
            }
        }
    };
}

#[cfg(feature = "tokio")]
async_write!(tokio::io::AsyncWrite, poll_shutdown);

#[cfg(feature = "futures-io")]
async_write!(futures_io::AsyncWrite, poll_close);

#[cfg(feature = "tokio")]
impl tokio::io::AsyncRead for TestStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_read_some(cx, buffer.initialize_unfilled()).map_ok(|count| buffer.advance(count))
    }
}

#[cfg(feature = "futures-io")]
impl futures_io::AsyncRead for TestStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_read_some(cx, buffer)
    }
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// For who blocks.
    changed: Condvar,
}

struct State {
    /// What each side writes.
    flows: [Flow; 2],
    chunking: Chunking,
    room: usize,
    stopped: bool,
    cut: bool,
    /// To be woken when the lock is free.
    woken: Vec<Waker>,
}

/// Bytes on their way in one direction.
#[derive(Default)]
struct Flow {
    bytes: VecDeque<u8>,
    /// Nothing more will be written.
    ended: bool,
    /// Nobody will read any more.
    deserted: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// `None` is: not now.
impl State {
    fn read(&mut self, side: usize, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        let flow = &self.flows[1 - side];
        if self.cut {
            return Some(Err(ErrorKind::ConnectionReset.into()));
        }
        if buffer.is_empty() || flow.deserted {
            return Some(Ok(0));
        }
        if self.stopped || flow.bytes.is_empty() {
            return (flow.ended && !self.stopped).then_some(Ok(0));
        }
        let count = self.chunk().min(buffer.len());
        let flow = &mut self.flows[1 - side];
        self.woken.extend(flow.writer.take());
        Some(io::Read::read(&mut flow.bytes, &mut buffer[..count]))
    }

    fn write(&mut self, side: usize, slices: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
        let flow = &self.flows[side];
        if self.cut {
            return Some(Err(ErrorKind::ConnectionReset.into()));
        }
        if flow.ended || flow.deserted && !self.stopped {
            return Some(Err(ErrorKind::BrokenPipe.into()));
        }
        let len = slices.iter().map(|slice| slice.len()).sum();
        let room = self.room.saturating_sub(flow.bytes.len());
        if room == 0 && len > 0 {
            return None;
        }
        let count = self.chunk().min(room).min(len);
        if !self.stopped {
            let flow = &mut self.flows[side];
            flow.bytes.extend(slices.iter().flat_map(|slice| slice.iter()).take(count));
            self.woken.extend(flow.reader.take());
        }
        Some(Ok(count))
    }

    fn chunk(&mut self) -> usize {
        match &mut self.chunking {
            Chunking::Whole => usize::MAX,
            Chunking::Bytewise => 1,
            Chunking::Random(seed) => {
                // Knuth's MMIX generator, whose upper bits are the better ones.
                *seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (*seed >> 58) as usize + 1
            }
        }
    }
}

/// Shows no content.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("chunking", &self.chunking)
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}
