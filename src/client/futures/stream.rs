//! A client's stream on async-io's sockets.

use std::io::{self, IoSlice};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_io::Async;
use bytes::Buf;
use futures_io::{AsyncRead, AsyncWrite};
#[cfg(feature = "rustls")]
use futures_rustls::{TlsConnector, client::TlsStream};

use crate::adapter::futures;
use crate::client::stream::maybe_tls_stream;

maybe_tls_stream! {
    Async<TcpStream> as futures::TcpStream, Async<UnixStream>, stream => stream.get_ref().0
}
maybe_tls_stream! { runtime }

/// Calls a method of the layer, pinned.
macro_rules! forward {
    ($self:ident.$method:ident($($arg:expr),*)) => {
        match &mut $self.layer {
            Layer::Tcp(stream) => Pin::new(stream).$method($($arg),*),
            #[cfg(unix)]
            Layer::Unix(stream) => Pin::new(stream).$method($($arg),*),
            #[cfg(feature = "rustls")]
            Layer::Tls(stream) => Pin::new(&mut **stream).$method($($arg),*),
        }
    };
}

impl AsyncRead for MaybeTlsStream {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.early.is_empty() {
            return forward!(self.poll_read(cx, buffer));
        }
        let count = self.early.len().min(buffer.len());
        self.early.copy_to_slice(&mut buffer[..count]);
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for MaybeTlsStream {
    #[inline]
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        forward!(self.poll_write(cx, bytes))
    }

    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        forward!(self.poll_write_vectored(cx, slices))
    }

    #[inline]
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self.poll_flush(cx))
    }

    /// Closing an [`Async`] only flushes.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.layer {
            Layer::Tcp(stream) => Pin::new(stream).poll_close(cx),
            #[cfg(unix)]
            Layer::Unix(stream) => Poll::Ready(stream.get_ref().shutdown(Shutdown::Write)),
            #[cfg(feature = "rustls")]
            Layer::Tls(stream) => Pin::new(&mut **stream).poll_close(cx),
        }
    }
}
