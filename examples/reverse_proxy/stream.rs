//! The stream of either side after the opening handshake: the socket itself where hyper gives it
//! back, or a stream of HTTP/2.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use sansocket::h2;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;

use crate::socket::{Socket, abort};

/// The stream of a side.
pub(crate) enum Stream {
    Socket(Socket),
    /// A stream of a client's HTTP/2 (RFC 8441).
    OfClient(TokioIo<Upgraded>),
    /// A stream of HTTP/2 to the backend, and its place on the connection.
    OfBackend {
        stream: h2::Stream,
        _place: OwnedSemaphorePermit,
    },
}

impl Stream {
    /// Also returns the bytes that hyper has read after the head.
    pub(crate) fn from_hyper(upgraded: Upgraded) -> (Self, Bytes) {
        // The server for both versions of HTTP wraps it; the client does not.
        let upgraded = match auto::upgrade::downcast::<TokioIo<Socket>>(upgraded) {
            Ok(parts) => return (Self::Socket(parts.io.into_inner()), parts.read_buf),
            Err(upgraded) => upgraded,
        };
        match upgraded.downcast::<TokioIo<Socket>>() {
            Ok(parts) => (Self::Socket(parts.io.into_inner()), parts.read_buf),
            Err(upgraded) => (Self::OfClient(TokioIo::new(upgraded)), Bytes::new()),
        }
    }

    /// Ends the stream with a reset, if that can be done. hyper ends a client's stream of HTTP/2
    /// that is dropped with END_STREAM, and reads RST_STREAM with CANCEL as the end of the stream:
    /// without a Close frame before it, either is code 1006.
    pub(crate) fn abort(self) {
        match self {
            Self::Socket(socket) => abort(socket),
            // A stream to the backend that is dropped is reset.
            Self::OfClient(_) | Self::OfBackend { .. } => {}
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Socket(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::OfClient(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::OfBackend { stream, .. } => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Socket(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::OfClient(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::OfBackend { stream, .. } => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Socket(stream) => Pin::new(stream).poll_flush(cx),
            Self::OfClient(stream) => Pin::new(stream).poll_flush(cx),
            Self::OfBackend { stream, .. } => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Socket(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::OfClient(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::OfBackend { stream, .. } => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
