//! A stream that ends before the connection on it is dropped: senders may be kept for long.

use std::io::{self, ErrorKind, IoSlice};
use std::task::{Context, Poll};

use super::io::Stream;

/// A stream, until it is closed.
pub(super) struct Closable<S>(Option<S>);

impl<S> Closable<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self(Some(stream))
    }

    /// Returns the stream, to be dropped or used without this.
    pub(super) const fn take(&mut self) -> Option<S> {
        self.0.take()
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.0.is_none()
    }

    fn open(&mut self) -> io::Result<&mut S> {
        self.0.as_mut().ok_or_else(|| ErrorKind::NotConnected.into())
    }
}

impl<S: Stream> Stream for Closable<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.open()?.poll_read(cx, buffer)
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.open()?.poll_write(cx, slices)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.open()?.poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.open()?.poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.as_ref().is_some_and(S::is_write_vectored)
    }
}
