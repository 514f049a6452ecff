//! A client's stream on async-io's sockets.

#[cfg(feature = "rustls")]
use std::boxed::Box;
use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_io::Async;
use bytes::{Buf, Bytes};
use futures_io::{AsyncRead, AsyncWrite};
#[cfg(feature = "rustls")]
use futures_rustls::TlsConnector;
#[cfg(feature = "rustls")]
use futures_rustls::client::TlsStream;
#[cfg(feature = "rustls")]
use rustls::ClientConnection;

#[cfg(feature = "rustls")]
use crate::adapter::Error;
use crate::adapter::futures;
#[cfg(feature = "rustls")]
use crate::client::tls::{Tls, explain};

/// The stream of a client: a TCP connection or a Unix socket, with or without TLS.
///
/// It is one type for `ws:` and `wss:`, which can be kept in a struct.
#[derive(Debug)]
pub struct MaybeTlsStream {
    /// Bytes that were read together with a proxy's answer, and belong to the stream.
    early: Bytes,
    layer: Layer,
}

#[derive(Debug)]
enum Layer {
    Tcp(futures::TcpStream),
    #[cfg(unix)]
    Unix(Async<UnixStream>),
    /// TLS, on a stream that is TLS itself if the proxy of a `wss:` server speaks it.
    #[cfg(feature = "rustls")]
    Tls(Box<TlsStream<MaybeTlsStream>>),
}

impl MaybeTlsStream {
    const fn new(layer: Layer) -> Self {
        Self { early: Bytes::new(), layer }
    }

    /// The same stream with bytes that were read from it already.
    pub(super) fn with_early(mut self, early: Bytes) -> Self {
        self.early = early;
        self
    }

    /// Returns the TCP socket, below TLS; `None` for a Unix socket. Bytes that are read from it or
    /// written to it break the connection.
    #[must_use]
    pub fn tcp(&self) -> Option<&Async<TcpStream>> {
        match &self.layer {
            Layer::Tcp(socket) => Some(socket),
            #[cfg(unix)]
            Layer::Unix(_) => None,
            #[cfg(feature = "rustls")]
            Layer::Tls(stream) => stream.get_ref().0.tcp(),
        }
    }

    /// Returns the address of the server, or of the proxy; `None` for a Unix socket, and once a
    /// socket is not connected any more.
    #[must_use]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.tcp()?.get_ref().peer_addr().ok()
    }

    /// Returns whether the stream is encrypted.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        match &self.layer {
            Layer::Tcp(_) => false,
            #[cfg(unix)]
            Layer::Unix(_) => false,
            #[cfg(feature = "rustls")]
            Layer::Tls(_) => true,
        }
    }
}

#[cfg(feature = "rustls")]
impl MaybeTlsStream {
    /// Opens a TLS connection to a server on this stream, and verifies the certificate.
    pub(super) async fn start_tls(self, tls: &Tls, host: &str) -> Result<Self, Error> {
        let (config, name) = tls.parameters(host)?;
        let stream = TlsConnector::from(config).connect(name, self).await;
        let stream = stream.map_err(|error| explain::from_io(error, host))?;
        explain::check_protocol(stream.get_ref().1.alpn_protocol())?;
        Ok(Self::new(Layer::Tls(Box::new(stream))))
    }

    /// Returns the server's certificates in DER, its own first. There are none without TLS.
    pub fn peer_certificates(&self) -> impl Iterator<Item = &[u8]> {
        let certificates = self.tls().and_then(|tls| tls.peer_certificates());
        certificates.unwrap_or_default().iter().map(|certificate| &**certificate)
    }

    /// Returns the application protocol that was agreed on (ALPN, RFC 7301), if any: `http/1.1`.
    #[must_use]
    pub fn alpn_protocol(&self) -> Option<&[u8]> {
        self.tls()?.alpn_protocol()
    }

    fn tls(&self) -> Option<&ClientConnection> {
        match &self.layer {
            Layer::Tls(stream) => Some(stream.get_ref().1),
            _ => None,
        }
    }
}

impl From<Async<TcpStream>> for MaybeTlsStream {
    fn from(socket: Async<TcpStream>) -> Self {
        Self::new(Layer::Tcp(futures::TcpStream(socket)))
    }
}

#[cfg(unix)]
impl From<Async<UnixStream>> for MaybeTlsStream {
    fn from(socket: Async<UnixStream>) -> Self {
        Self::new(Layer::Unix(socket))
    }
}

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
