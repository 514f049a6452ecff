//! The stream of a connection that was upgraded: the socket itself where hyper gives it back, or
//! hyper's stream.

use std::error;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

use crate::adapter::forward::forward_writes;
#[cfg(feature = "testing")]
use crate::testing::TestStream;

/// The stream of a connection that was upgraded.
///
/// Over plain HTTP/1.1 it is the TCP socket, so that no layer is between it and the connection.
/// Over TLS, Unix sockets and HTTP/2 it is hyper's stream.
#[derive(Debug)]
pub struct Stream(Inner);

#[derive(Debug)]
enum Inner {
    Tcp(TcpStream),
    Http(TokioIo<Upgraded>),
    #[cfg(feature = "testing")]
    InMemory(TestStream),
}

impl Stream {
    /// Also returns the bytes that the HTTP server has read after the request.
    pub(super) fn from_hyper(upgraded: Upgraded) -> (Self, Bytes) {
        let upgraded = match auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
            Ok(parts) => return Self::tcp(parts.io, parts.read_buf),
            Err(upgraded) => upgraded,
        };
        match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => Self::tcp(parts.io, parts.read_buf),
            // hyper's stream returns the bytes that were read before others.
            Err(upgraded) => (Self(Inner::Http(TokioIo::new(upgraded))), Bytes::new()),
        }
    }

    fn tcp(stream: TokioIo<TcpStream>, early: Bytes) -> (Self, Bytes) {
        let stream = stream.into_inner();
        // A failure makes the socket slower, and no more.
        let _ = stream.set_nodelay(true);
        (Self(Inner::Tcp(stream)), early)
    }

    #[cfg(feature = "testing")]
    pub(super) fn in_memory(stream: TestStream) -> Self {
        Self(Inner::InMemory(stream))
    }

    /// Returns the TCP socket, for its addresses. `None` over TLS and HTTP/2: there the HTTP server
    /// knows them.
    #[must_use]
    pub fn tcp_stream(&self) -> Option<&TcpStream> {
        match &self.0 {
            Inner::Tcp(stream) => Some(stream),
            _ => None,
        }
    }
}

/// Makes a call on the stream of any variant.
macro_rules! on {
    ($inner:expr, $stream:ident => $call:expr) => {
        match $inner {
            Inner::Tcp($stream) => $call,
            Inner::Http($stream) => $call,
            #[cfg(feature = "testing")]
            Inner::InMemory($stream) => $call,
        }
    };
}

forward_writes! { Stream.0, on, of_socket }

impl AsyncRead for Stream {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        on!(&mut self.0, stream => Pin::new(stream).poll_read(cx, buffer)).map_err(of_socket)
    }
}

/// Gives the error of a stream of HTTP/2 that the client has reset the kind that a socket has.
/// hyper's errors have none.
fn of_socket(error: io::Error) -> io::Error {
    let is_of_http_2 = |inner: &(dyn error::Error + Send + Sync + 'static)| {
        #[cfg(feature = "http2")]
        if inner.is::<::h2::Error>() {
            return true;
        }
        inner.is::<hyper::Error>()
    };
    match error.get_ref() {
        // RFC 8441 §5: "RST exceptions are represented with the RST_STREAM frame"
        Some(inner) if is_of_http_2(inner) => io::Error::new(ErrorKind::ConnectionReset, error),
        _ => error,
    }
}
