//! Streams that a test scripts: one definition serves every adapter.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
#[cfg(any(feature = "tokio", feature = "futures-io"))]
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use sansocket::{blocking, runtime};

/// What a stream does. By default nothing arrives, and everything can be written at once.
pub trait Script: Unpin {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let _ = (cx, buffer);
        Poll::Pending
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let _ = cx;
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = cx;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = cx;
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

/// A stream that does what its script says, for tokio, for futures-io, for the runtime that is
/// common to both, and for the blocking adapter.
#[derive(Clone)]
pub struct Scripted<T>(pub T);

impl<T: Script> runtime::Stream for Scripted<T> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_read(cx, buffer)
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, slices)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

/// The result of a call of the blocking adapter, in which a script that waits has timed out.
fn at_once<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<io::Result<T>>) -> io::Result<T> {
    match poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => Err(ErrorKind::TimedOut.into()),
    }
}

impl<T: Script> io::Read for Scripted<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        at_once(|cx| self.0.poll_read(cx, buffer))
    }
}

impl<T: Script> io::Write for Scripted<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        at_once(|cx| self.0.poll_write(cx, slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        at_once(|cx| self.0.poll_flush(cx))
    }
}

impl<T: Script> blocking::Stream for Scripted<T> {
    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

impl<T: Script + Clone + Send + 'static> blocking::TryClone for Scripted<T> {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(self.clone())
    }
}

#[cfg(feature = "tokio")]
impl<T: Script> tokio::io::AsyncRead for Scripted<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.initialize_unfilled();
        let (len, read) = (room.len(), self.0.poll_read(cx, room));
        read.map_ok(|count| {
            // A stream of tokio's can report more only with a buffer of its own.
            if count > len {
                *buffer = tokio::io::ReadBuf::new(vec![0; count].leak());
                buffer.initialize_unfilled();
            }
            buffer.advance(count);
        })
    }
}

#[cfg(feature = "futures-io")]
impl<T: Script> futures_io::AsyncRead for Scripted<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_read(cx, buffer)
    }
}

/// The methods of `AsyncWrite`, which differ in one name.
macro_rules! async_write {
    ($trait:ty, $shutdown:ident $(, $vectored:item)?) => {
        impl<T: Script> $trait for Scripted<T> {
            fn poll_write(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_write(cx, &[IoSlice::new(bytes)])
            }

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_write(cx, slices)
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.poll_flush(cx)
            }

            fn $shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.poll_shutdown(cx)
            }

            $($vectored)?
        }
    };
}

#[cfg(feature = "tokio")]
async_write!(
    tokio::io::AsyncWrite,
    poll_shutdown,
    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
);
#[cfg(feature = "futures-io")]
async_write!(futures_io::AsyncWrite, poll_close);

/// A stream whose input is there from the beginning, and whose writes fail.
pub struct Unwritable(pub Vec<u8>);

impl Script for Unwritable {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let count = buffer.len().min(self.0.len()).min(10);
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0.drain(..count);
        if count == 0 { Poll::Pending } else { Poll::Ready(Ok(count)) }
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Other.into()))
    }
}

/// A stream without vectored writes, as TLS streams are: a write accepts the first buffer, and no
/// other. It records the size of each write. A read returns the next of the given inputs.
#[derive(Clone, Default)]
pub struct Unvectored {
    inputs: Arc<Mutex<VecDeque<Vec<u8>>>>,
    writes: Arc<Mutex<Vec<usize>>>,
}

impl Unvectored {
    pub fn new(inputs: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { inputs: Arc::new(Mutex::new(inputs.into_iter().collect())), ..Self::default() }
    }

    /// The sizes of the writes.
    pub fn writes(&self) -> Vec<usize> {
        self.writes.lock().unwrap().clone()
    }
}

impl Script for Unvectored {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let Some(input) = self.inputs.lock().unwrap().pop_front() else { return Poll::Pending };
        buffer[..input.len()].copy_from_slice(&input);
        Poll::Ready(Ok(input.len()))
    }

    fn poll_write(
        &mut self,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let count = slices.first().map_or(0, |slice| slice.len());
        self.writes.lock().unwrap().push(count);
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        false
    }
}
