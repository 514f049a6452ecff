//! HTTPS: a certificate, and the versions of HTTP.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::server::WantsServerCert;
use rustls::{ConfigBuilder, ServerConfig};
use sansocket_wss::{Files, issue};

use crate::Failure;

/// TLS with the certificate of these files, which are read again when they change.
pub fn config_of(certificate: PathBuf, key: PathBuf) -> Result<ServerConfig, Failure> {
    let files = Files::read(certificate, key, Arc::new(default_provider()))?;
    Ok(with_protocols(builder()?.with_cert_resolver(Arc::new(files))))
}

/// TLS with a certificate that is made on the spot. Its authority's is written to this file.
pub fn config_on_the_spot(authority: &Path) -> Result<ServerConfig, Failure> {
    let issued = issue(&["localhost", "127.0.0.1", "::1"])?;
    fs::write(authority, issued.authority)
        .map_err(|error| format!("can't write {}: {error}", authority.display()))?;
    Ok(with_protocols(builder()?.with_single_cert(issued.chain, issued.key)?))
}

fn builder() -> Result<ConfigBuilder<ServerConfig, WantsServerCert>, Failure> {
    Ok(ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth())
}

fn with_protocols(mut config: ServerConfig) -> ServerConfig {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}
