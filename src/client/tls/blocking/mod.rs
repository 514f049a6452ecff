//! TLS on a blocking stream, in both directions at once.
//!
//! ```text
//!   read ──► incoming ─── socket.read ───► ciphertext ──► rustls ──► plaintext
//!              │
//!              └── alerts, if nobody writes ──┐
//!                                             ▼
//!   write ─► plaintext ──► rustls ──► outgoing ─── socket.write
//! ```
//!
//! The lock of rustls is never held while the socket blocks. Those of *incoming* and *outgoing* are
//! held by the thread that reads or writes the socket, so records stay in order. A reader does not
//! wait for outgoing: it leaves what it has to send (alerts) to a thread that is writing. So a peer
//! that does not read stops our writers, and never our reader.

mod incoming;
mod locks;
mod outgoing;
mod shared;
mod socket;

use std::net::{Shutdown, SocketAddr, TcpStream};
use std::string::String;
use std::sync::Arc;
use std::time::Duration;
use std::vec::Vec;
use std::{fmt, io};

use rustls::{ClientConnection, Connection, ServerConnection};

use self::locks::lock;
use self::shared::Shared;
use self::socket::{Deadline, Socket, Timeout, is_timeout};
use super::explain::{check_protocol, explain, explain_io, from_io};
use super::settings::Tls;
use crate::adapter::Error;
use crate::adapter::blocking::{Stream, TryClone};
use crate::timing::TimedOut;

/// TLS on a blocking stream, for a client or a server. `S` is the stream below: a `TcpStream`, or
/// any [`blocking::Stream`](crate::blocking::Stream), such as another `TlsStream`.
///
/// [`connect`](Self::connect) makes one for a client. A server makes one of a rustls (0.23)
/// `ServerConnection` and the accepted stream:
///
/// ```no_run
/// use std::net::TcpStream;
/// use std::sync::Arc;
///
/// use sansocket::blocking::{self, TlsStream};
///
/// fn serve(stream: TcpStream, config: Arc<rustls::ServerConfig>) -> Result<(), sansocket::Error> {
///     let connection = rustls::ServerConnection::new(config).map_err(std::io::Error::other)?;
///     let mut socket = blocking::accept(TlsStream::from((connection, stream)))?;
///     socket.send("welcome")
/// }
/// ```
///
/// **Two threads.** Clones ([`TryClone`](crate::blocking::TryClone)) are handles of the same
/// stream: one thread can read while another one writes, as
/// [`WebSocket::split`](crate::blocking::WebSocket::split) needs it. No lock that a reader needs is
/// held while a write blocks, nor the reverse.
///
/// **Reads and writes.** The TLS handshake happens in the first read, write or flush, unless
/// [`complete_handshake`](Self::complete_handshake) came before. A write encrypts up to 64 KiB, in
/// records of up to 16 KiB, and blocks until the stream below has accepted them. If that times out,
/// the rest of the ciphertext (at most 64 KiB, and 22 bytes for each record) stays queued; the next
/// write or flush continues with it, and so do those of other handles. A read decrypts in the
/// caller's buffer.
///
/// **Timeouts** hold for a whole call, however many reads and writes of the stream below it makes.
///
/// **The end.** `shutdown` sends close_notify (RFC 8446 §6.1) before it shuts down the stream
/// below, unless another thread is writing or the peer does not read for 20 ms. A read returns 0
/// after the peer's close_notify, and
/// [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof) if the stream ended without one. A
/// connection tells the two apart by the Close frame, not by close_notify: without it, both are
/// [`Error::ConnectionLost`].
///
/// **Errors** of TLS are a [`TlsError`](crate::TlsError) inside of the
/// [`io::Error`](std::io::Error); connections return them as [`Error::Tls`]. Certificates of
/// clients, session tickets and the like are settings of rustls' configuration.
pub struct TlsStream<S = TcpStream> {
    socket: Socket<S>,
    shared: Arc<Shared>,
    read_timeout: Timeout,
    write_timeout: Timeout,
}

impl<S: Stream> TlsStream<S> {
    /// Opens a TLS connection to a server on a connected stream, and verifies the certificate.
    /// `host` is the host of the URL, without port or brackets. The timeout is that of the whole
    /// TLS handshake; `None` waits forever.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`] has the reason and its remedy; [`Error::ConnectionLost`] if the server closes
    /// the stream, as some do that do not speak TLS; [`TimedOut::Handshake`] after the timeout.
    pub fn connect(
        tls: &Tls,
        host: &str,
        mut stream: S,
        timeout: Option<Duration>,
    ) -> Result<Self, Error> {
        let (config, name) = tls.parameters(host)?;
        let connection =
            ClientConnection::new(config, name).map_err(|error| explain(error, host))?;
        stream.set_blocking()?;
        // A socket that refuses it is slower, and works.
        let _ = stream.set_nodelay();
        let mut tls = Self::new(connection.into(), stream, host);
        tls.complete_handshake(timeout)?;
        check_protocol(lock(&tls.shared.tls).alpn_protocol())?;
        Ok(tls)
    }

    /// Completes the TLS handshake, if it is not complete. The timeout is that of all of it; `None`
    /// waits forever. A call that has timed out can be repeated.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), but the application protocol is not checked.
    pub fn complete_handshake(&mut self, timeout: Option<Duration>) -> Result<(), Error> {
        let Self { socket, shared, .. } = self;
        shared.open(socket, &mut Deadline::new(timeout)).map_err(|error| match timeout {
            Some(_) if is_timeout(&error) => TimedOut::Handshake.into(),
            _ => from_io(error, &shared.host),
        })
    }
}

impl<S> TlsStream<S> {
    fn new(connection: Connection, stream: S, host: &str) -> Self {
        Self {
            socket: Socket { stream, handle: 0 },
            shared: Arc::new(Shared::new(connection, host)),
            read_timeout: None,
            write_timeout: None,
        }
    }

    /// Returns the stream below, for its addresses or options. Bytes that are read from it or
    /// written to it break the connection.
    pub const fn get_ref(&self) -> &S {
        &self.socket.stream
    }

    /// Returns the peer's certificates in DER, its own first. There are none before the handshake,
    /// and none of a client that was not asked for them.
    #[must_use]
    pub fn peer_certificates(&self) -> Vec<Vec<u8>> {
        let tls = lock(&self.shared.tls);
        let certificates = tls.peer_certificates().unwrap_or_default();
        certificates.iter().map(|certificate| certificate.to_vec()).collect()
    }

    /// Returns the application protocol that was agreed on (ALPN, RFC 7301), if any.
    #[must_use]
    pub fn alpn_protocol(&self) -> Option<String> {
        let tls = lock(&self.shared.tls);
        tls.alpn_protocol().map(|protocol| String::from_utf8_lossy(protocol).into())
    }
}

/// Of rustls 0.23. The application protocol is not checked.
impl<S> From<(ClientConnection, S)> for TlsStream<S> {
    fn from((connection, stream): (ClientConnection, S)) -> Self {
        Self::new(connection.into(), stream, "")
    }
}

/// Of rustls 0.23.
impl<S> From<(ServerConnection, S)> for TlsStream<S> {
    fn from((connection, stream): (ServerConnection, S)) -> Self {
        Self::new(connection.into(), stream, "")
    }
}

impl<S: Stream> io::Read for TlsStream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { socket, shared, read_timeout, .. } = self;
        let read = shared.read(socket, buffer, Deadline::new(*read_timeout));
        read.map_err(|error| explain_io(error, &shared.host, shared.is_open()))
    }
}

impl<S: Stream> io::Write for TlsStream<S> {
    fn write(&mut self, plaintext: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[io::IoSlice::new(plaintext)])
    }

    fn write_vectored(&mut self, plaintext: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let Self { socket, shared, write_timeout, .. } = self;
        let written = shared.write(socket, plaintext, Deadline::new(*write_timeout));
        written.map_err(|error| explain_io(error, &shared.host, shared.is_open()))
    }

    fn flush(&mut self) -> io::Result<()> {
        let Self { socket, shared, write_timeout, .. } = self;
        let flushed = shared.flush(socket, Deadline::new(*write_timeout));
        flushed.map_err(|error| explain_io(error, &shared.host, shared.is_open()))
    }
}

impl<S: Stream> Stream for TlsStream<S> {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.read_timeout = timeout;
        Ok(())
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.write_timeout = timeout;
        Ok(())
    }

    fn set_blocking(&mut self) -> io::Result<()> {
        self.socket.stream.set_blocking()
    }

    fn set_nodelay(&mut self) -> io::Result<()> {
        self.socket.stream.set_nodelay()
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn peer_addr(&self) -> Option<SocketAddr> {
        self.socket.stream.peer_addr()
    }

    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        if how != Shutdown::Read {
            self.shared.send_close_notify(&mut self.socket);
        }
        self.socket.stream.shutdown(how)
    }
}

impl<S: TryClone> TryClone for TlsStream<S> {
    fn try_clone(&self) -> io::Result<Self> {
        let stream = self.socket.stream.try_clone()?;
        Ok(Self {
            socket: Socket { stream, handle: self.shared.next_handle() },
            shared: Arc::clone(&self.shared),
            read_timeout: self.read_timeout,
            write_timeout: self.write_timeout,
        })
    }
}

impl<S> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").finish_non_exhaustive()
    }
}
