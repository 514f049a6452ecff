//! TLS with a certificate that is made for this run.

use std::path::PathBuf;
use std::sync::Arc;
use std::{env, fs};

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use tokio_rustls::TlsAcceptor;

use crate::Failure;

/// Makes a certificate. Returns also the file with that of its authority, for clients to trust.
pub(crate) fn acceptor() -> Result<(TlsAcceptor, PathBuf), Failure> {
    let issued = sansocket_wss::issue(&["localhost", "127.0.0.1", "::1"])?;
    let authority = env::temp_dir().join(format!("hub-ca-{}.pem", std::process::id()));
    fs::write(&authority, issued.authority)
        .map_err(|error| format!("can't write {}: {error}", authority.display()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(issued.chain, issued.key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), authority))
}
