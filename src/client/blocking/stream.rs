//! A client's blocking stream: a socket, or TLS on one.

use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

use bytes::Buf;

use crate::adapter::blocking::{Stream, TryClone};
use crate::client::stream::maybe_tls_stream;
#[cfg(feature = "rustls")]
use {
    crate::adapter::Error,
    crate::client::tls::{Tls, blocking::TlsStream},
    std::{boxed::Box, string::String, vec::Vec},
};

maybe_tls_stream! { TcpStream as TcpStream, UnixStream, stream => stream.get_ref() }

#[cfg(feature = "rustls")]
impl MaybeTlsStream {
    /// Opens a TLS connection to a server on this stream, and verifies the certificate.
    pub(super) fn start_tls(
        self,
        tls: &Tls,
        host: &str,
        timeout: Option<Duration>,
    ) -> Result<Self, Error> {
        let stream = TlsStream::connect(tls, host, self, timeout)?;
        Ok(Self::new(Layer::Tls(Box::new(stream))))
    }

    /// Returns the server's certificates in DER, its own first. There are none without TLS.
    pub fn peer_certificates(&self) -> impl Iterator<Item = Vec<u8>> {
        self.tls().map(TlsStream::peer_certificates).unwrap_or_default().into_iter()
    }

    /// Returns the application protocol that was agreed on (ALPN, RFC 7301), if any: `http/1.1`.
    #[must_use]
    pub fn alpn_protocol(&self) -> Option<String> {
        self.tls()?.alpn_protocol()
    }

    fn tls(&self) -> Option<&TlsStream<Self>> {
        match &self.layer {
            Layer::Tls(stream) => Some(stream),
            _ => None,
        }
    }
}

/// Calls a method of the layer.
macro_rules! forward {
    ($self:ident, $stream:ident => $call:expr) => {
        match &mut $self.layer {
            Layer::Tcp($stream) => $call,
            #[cfg(unix)]
            Layer::Unix($stream) => $call,
            #[cfg(feature = "rustls")]
            Layer::Tls($stream) => {
                let $stream = &mut **$stream;
                $call
            }
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

/// `TCP_NODELAY` is left as the [`Connector`](super::Connector) has set it.
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

    fn is_write_vectored(&self) -> bool {
        match &self.layer {
            Layer::Tcp(stream) => Stream::is_write_vectored(stream),
            #[cfg(unix)]
            Layer::Unix(stream) => Stream::is_write_vectored(stream),
            #[cfg(feature = "rustls")]
            Layer::Tls(stream) => Stream::is_write_vectored(&**stream),
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
            #[cfg(feature = "rustls")]
            Layer::Tls(stream) => Layer::Tls(Box::new((**stream).try_clone()?)),
        }))
    }
}
