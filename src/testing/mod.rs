//! Streams in memory and a manually advanced clock, for tests of applications: the streams chunk,
//! stall and fail as the test says.
//!
//! A [`TestStream`] is a stream for [`blocking`](crate::blocking) and its halves, and for `tokio`
//! and `futures` with those features.
//!
//! ```
//! use sansocket::testing::{Chunking, pair};
//! use sansocket::{ClientRequest, blocking};
//!
//! let (client, server) = pair(Chunking::Bytewise);
//! let server = std::thread::spawn(|| blocking::accept(server)?.send("one byte at a time"));
//! let request = ClientRequest::new("ws://test/")?;
//! let (mut socket, _) = blocking::connect_with_stream(client, &request)?;
//! assert_eq!(socket.recv()?, Some("one byte at a time".into()));
//! server.join().unwrap()?;
//! # Ok::<(), sansocket::Error>(())
//! ```

mod clock;
mod wire;

#[cfg(any(feature = "tokio", feature = "futures-io"))]
use core::pin::Pin;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
use core::task::{Context, Poll};
use core::time::Duration;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;

pub use self::clock::ManualClock;
pub use self::wire::{Chunking, Wire};
use self::wire::{ShutDownOnDrop, WireState};
use crate::adapter::blocking;

/// Makes two streams that are connected to each other.
///
/// They end as sockets do. When one is dropped or shut down, the other reads the bytes on their
/// way, and then the end of the stream. A write to a stream whose peer was dropped fails with
/// `BrokenPipe`. The number of bytes on their way is not limited, except by [`Wire::set_capacity`].
#[must_use]
pub fn pair(chunking: Chunking) -> (TestStream, TestStream) {
    let wire = Wire::new(chunking);
    let end = |side| TestStream {
        wire: wire.clone(),
        side,
        on_drop: Arc::new(wire.shut_down_on_drop(side)),
        read_timeout: None,
        write_timeout: None,
    };
    (end(0), end(1))
}

/// One of the two streams of a [`pair`].
#[derive(Debug)]
pub struct TestStream {
    wire: Wire,
    side: usize,
    on_drop: Arc<ShutDownOnDrop>,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl TestStream {
    /// The connection to the other stream.
    #[must_use]
    pub fn wire(&self) -> Wire {
        self.wire.clone()
    }

    /// Blocks until the attempt succeeds or the timeout expires.
    fn wait<T>(
        &self,
        timeout: Option<Duration>,
        attempt: impl FnMut(&mut WireState) -> Option<io::Result<T>>,
    ) -> io::Result<T> {
        self.wire.wait(timeout, attempt)
    }
}

/// Each handle has timeouts of its own, unlike those of a socket.
impl blocking::TryClone for TestStream {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { wire: self.wire.clone(), on_drop: Arc::clone(&self.on_drop), ..*self })
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

/// `AsyncWrite` of tokio and futures-io differ in the name of one method.
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
