//! The stream of a client: TCP, or TLS on it.

use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::Failure;
use crate::records::Records;

pub enum Stream {
    Tcp(TcpStream),
    Tls(Box<Tls>),
}

/// A session whose socket may be blocking or not.
pub struct Tls {
    session: ClientConnection,
    socket: Counted,
}

/// A socket whose received records are counted.
struct Counted {
    socket: TcpStream,
    records: Records,
}

/// Trusts the certificate of the measured servers.
pub fn config(certificate: &Path) -> Result<Arc<ClientConfig>, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate)?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

impl Stream {
    /// Opens TLS on a blocking socket.
    pub fn tls(socket: TcpStream, config: &Arc<ClientConfig>) -> Result<Self, Failure> {
        let name = ServerName::try_from("localhost")?;
        let mut session = ClientConnection::new(Arc::clone(config), name)?;
        // A batch is encrypted at once.
        session.set_buffer_limit(None);
        let mut socket = Counted { socket, records: Records::default() };
        session.complete_io(&mut socket)?;
        Ok(Self::Tls(Box::new(Tls { session, socket })))
    }

    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Tcp(socket) => socket,
            Self::Tls(tls) => &tls.socket.socket,
        }
    }

    /// Whether encrypted bytes wait for the socket.
    pub fn wants_write(&self) -> bool {
        matches!(self, Self::Tls(tls) if tls.session.wants_write())
    }

    /// Records received so far, those of the handshake included; `None` without TLS.
    pub fn records(&self) -> Option<u64> {
        match self {
            Self::Tcp(_) => None,
            Self::Tls(tls) => Some(tls.socket.records.count()),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.read(space),
            Self::Tls(tls) => tls.read(space),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(_) => Ok(()),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

impl Tls {
    /// Reads until there is plaintext. What the socket had at once is less than the `space` of
    /// every caller, so nothing of it is left in the session.
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.session.read_tls(&mut self.socket)?;
            self.session.process_new_packets().map_err(io::Error::other)?;
            match self.session.reader().read(space) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && read > 0 => {}
                result => return result,
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.flush()?;
        let written = self.session.writer().write(bytes)?;
        match self.flush() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(written),
            flushed => flushed.map(|()| written),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut self.socket)?;
        }
        Ok(())
    }
}

impl Read for Counted {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let read = self.socket.read(space)?;
        self.records.feed(&space[..read]);
        Ok(read)
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.socket.write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
