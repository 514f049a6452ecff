//! The TLS configuration of a server, with a certificate of either kind.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::WantsServerCert;
use rustls::{ConfigBuilder, ServerConfig};

use crate::Result;
use crate::files::Files;
use crate::issued::{issue, write_authority};

/// Returns the configuration with the certificate of these files, which are read again when they
/// change. `protocols` are those of ALPN, in the server's order of preference.
pub fn config_of(
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    protocols: &[&str],
) -> Result<ServerConfig> {
    let files = Files::read(certificate, key, Arc::clone(&provider))?;
    let config = builder(provider)?.with_cert_resolver(Arc::new(files));
    Ok(with_protocols(config, protocols))
}

/// Returns the configuration with a certificate for localhost, 127.0.0.1 and ::1 that is made for
/// this run. The certificate of its authority, which clients have to trust, is written to a file.
pub fn config_on_the_spot(
    authority: &Path,
    provider: Arc<CryptoProvider>,
    protocols: &[&str],
) -> Result<ServerConfig> {
    let issued = issue(&["localhost", "127.0.0.1", "::1"])?;
    write_authority(authority, &issued.authority)
        .map_err(|error| format!("can't write {}: {error}", authority.display()))?;
    let config = builder(provider)?.with_single_cert(issued.chain, issued.key)?;
    Ok(with_protocols(config, protocols))
}

fn builder(provider: Arc<CryptoProvider>) -> Result<ConfigBuilder<ServerConfig, WantsServerCert>> {
    Ok(ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth())
}

fn with_protocols(mut config: ServerConfig, protocols: &[&str]) -> ServerConfig {
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}
