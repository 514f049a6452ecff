//! async-io's TCP socket, whose close is a half-close: RFC 6455 §7.1.1.

use std::io::{self, IoSlice};
use std::net::{self, Shutdown};
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_io::Async;
use futures_io::{AsyncRead, AsyncWrite};

/// A TCP socket of async-io, to which it dereferences. `connect` returns connections on it, and a
/// server makes it of an accepted socket.
///
/// Closing it shuts down the write half, so that the peer sees the end of the stream. Closing an
/// [`Async`] only flushes: the peer would wait for its close deadline.
///
/// ```no_run
/// use std::net::TcpListener;
///
/// use async_io::Async;
/// use sansocket::futures::{AsyncIoClock, TcpStream, accept};
///
/// # async fn serve() -> Result<(), sansocket::Error> {
/// let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 9001))?;
/// let (stream, _) = listener.accept().await?;
/// stream.get_ref().set_nodelay(true)?;
/// let mut socket = accept(TcpStream(stream), AsyncIoClock::new()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TcpStream(pub Async<net::TcpStream>);

impl From<Async<net::TcpStream>> for TcpStream {
    fn from(socket: Async<net::TcpStream>) -> Self {
        Self(socket)
    }
}

impl Deref for TcpStream {
    type Target = Async<net::TcpStream>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl AsyncRead for TcpStream {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for TcpStream {
    #[inline]
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    #[inline]
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.get_ref().shutdown(Shutdown::Write))
    }
}
