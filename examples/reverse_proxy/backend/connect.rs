//! Connects to the backend: TCP, and TLS for a `wss:` backend.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use sansocket::Uri;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::BackendError;
use crate::socket::{Socket, tls};

pub(super) struct Connector {
    uri: Uri,
    tls: Option<TlsConnector>,
}

impl Connector {
    pub(super) fn new(uri: Uri, tls: Option<ClientConfig>) -> Self {
        Self { uri, tls: tls.map(|config| TlsConnector::from(Arc::new(config))) }
    }

    /// The scheme of requests of HTTP/2.
    pub(super) fn scheme(&self) -> &'static str {
        if self.uri.is_secure() { "https" } else { "http" }
    }

    pub(super) async fn connect(&self) -> Result<Socket, BackendError> {
        let host = self.uri.host().trim_matches(['[', ']']);
        let connected = TcpStream::connect((host, self.uri.port())).await;
        let stream = connected.map_err(BackendError::Connect)?;
        stream.set_nodelay(true).map_err(BackendError::Connect)?;
        if !self.uri.is_secure() {
            return Ok(Socket::Left(stream));
        }
        let connector = self.tls.as_ref().ok_or(BackendError::NoTls)?;
        let name = ServerName::try_from(host.to_owned()).map_err(|error| {
            BackendError::Tls(std::io::Error::new(std::io::ErrorKind::InvalidInput, error))
        })?;
        Ok(tls(connector.connect(name, stream).await.map_err(BackendError::Tls)?))
    }
}
