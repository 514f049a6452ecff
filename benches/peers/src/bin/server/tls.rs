//! The servers over TLS: each on the streams of tokio-rustls, with one configuration for all.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::{Failure, tasks};

/// Serves until the process is killed.
pub type Serve = fn(TcpListener, TlsAcceptor) -> Result<(), Failure>;

/// TLS 1.3 with the certificate and the key of a folder: `certificate.pem` and `key.pem`.
pub fn acceptor(folder: &Path) -> Result<TlsAcceptor, Failure> {
    let certificate = CertificateDer::from_pem_file(folder.join("certificate.pem"))?;
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem"))?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Runs `echo` for every connection, in a task of its own.
pub fn serve<F, Fut>(listener: TcpListener, acceptor: TlsAcceptor, echo: F) -> Result<(), Failure>
where
    F: Fn(TlsStream<TcpStream>) -> Fut + Copy + Send + 'static,
    Fut: Future<Output = Result<(), Failure>> + Send + 'static,
{
    tasks::serve(listener, move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let stream = Box::pin(acceptor.accept(stream)).await?;
            echo(stream).await
        }
    })
}
