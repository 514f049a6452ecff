//! A client's blocking stream: a socket, or TLS on one.

use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

use bytes::{Buf, Bytes};

use crate::adapter::blocking::{Stream, TryClone};

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
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl MaybeTlsStream {
    const fn new(layer: Layer) -> Self {
        Self { early: Bytes::new(), layer }
    }

    /// Returns the TCP socket, below TLS; `None` for a Unix socket. Bytes that are read from it or
    /// written to it break the connection.
    #[must_use]
    pub const fn tcp(&self) -> Option<&TcpStream> {
        match &self.layer {
            Layer::Tcp(socket) => Some(socket),
            #[cfg(unix)]
            Layer::Unix(_) => None,
        }
    }

    /// Returns whether the stream is encrypted.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        false
    }
}

impl From<TcpStream> for MaybeTlsStream {
    fn from(socket: TcpStream) -> Self {
        Self::new(Layer::Tcp(socket))
    }
}

#[cfg(unix)]
impl From<UnixStream> for MaybeTlsStream {
    fn from(socket: UnixStream) -> Self {
        Self::new(Layer::Unix(socket))
    }
}

/// Calls a method of the layer.
macro_rules! forward {
    ($self:ident, $stream:ident => $call:expr) => {
        match &mut $self.layer {
            Layer::Tcp($stream) => $call,
            #[cfg(unix)]
            Layer::Unix($stream) => $call,
        }
    };
}

impl Read for MaybeTlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.early.is_empty() {
            return forward!(self, stream => stream.read(buffer));
        }
        let count = self.early.len().min(buffer.len());
        self.early.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

impl Write for MaybeTlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        forward!(self, stream => stream.write(bytes))
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        forward!(self, stream => stream.write_vectored(slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        forward!(self, stream => stream.flush())
    }
}

impl Stream for MaybeTlsStream {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        forward!(self, stream => Stream::set_read_timeout(stream, timeout))
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        forward!(self, stream => Stream::set_write_timeout(stream, timeout))
    }

    fn set_blocking(&mut self) -> io::Result<()> {
        forward!(self, stream => stream.set_blocking())
    }

    fn set_nodelay(&mut self) -> io::Result<()> {
        forward!(self, stream => Stream::set_nodelay(stream))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.layer {
            Layer::Tcp(stream) => Stream::is_write_vectored(stream),
            #[cfg(unix)]
            Layer::Unix(stream) => Stream::is_write_vectored(stream),
        }
    }

    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        forward!(self, stream => Stream::shutdown(stream, how))
    }
}

/// The clone is for another thread, which writes: bytes that were read early stay here.
impl TryClone for MaybeTlsStream {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(Self::new(match &self.layer {
            Layer::Tcp(stream) => Layer::Tcp(stream.try_clone()?),
            #[cfg(unix)]
            Layer::Unix(stream) => Layer::Unix(stream.try_clone()?),
        }))
    }
}
