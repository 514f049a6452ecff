//! Streams that a test scripts: one definition serves every async adapter.

use std::io::{self, IoSlice};
#[cfg(any(feature = "tokio", feature = "futures-io"))]
use std::pin::Pin;
use std::task::{Context, Poll};

use sansocket::runtime;

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
}

/// A stream that does what its script says, for tokio, for futures-io, and for the runtime that is
/// common to both.
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
        true
    }
}

#[cfg(feature = "tokio")]
impl<T: Script> tokio::io::AsyncRead for Scripted<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.0.poll_read(cx, buffer.initialize_unfilled());
        read.map_ok(|count| buffer.advance(count))
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
        true
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
