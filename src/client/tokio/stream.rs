//! A client's stream on tokio: a socket, or TLS on one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
#[cfg(feature = "rustls")]
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::adapter::forward::forward_writes;
use crate::client::stream::maybe_tls_stream;

maybe_tls_stream! {
    TcpStream as TcpStream, UnixStream,
    stream => stream.get_ref().0,
    socket => socket.peer_addr(),
}
maybe_tls_stream! { runtime }

/// Makes a call on whichever layer it is.
macro_rules! on {
    ($layer:expr, $stream:ident => $call:expr) => {
        match $layer {
            Layer::Tcp($stream) => $call,
            #[cfg(unix)]
            Layer::Unix($stream) => $call,
            #[cfg(feature = "rustls")]
            Layer::Tls($stream) => $call,
        }
    };
}

forward_writes! { MaybeTlsStream.layer, on }

impl AsyncRead for MaybeTlsStream {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.early.is_empty() {
            return on!(&mut self.layer, stream => Pin::new(stream).poll_read(cx, buffer));
        }
        let count = self.early.len().min(buffer.remaining());
        buffer.put_slice(&self.early.split_to(count));
        Poll::Ready(Ok(()))
    }
}
