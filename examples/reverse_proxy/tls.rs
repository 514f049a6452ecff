//! The TLS of either side, by rustls with ring.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WantsServerCert;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, ServerConfig};
use rustls_platform_verifier::BuilderVerifierExt;
use sansocket_wss::{Files, issue};

use crate::Failure;

/// The front's, with the certificate of these files in PEM, which are read again when they change.
pub fn of_files(certificate: PathBuf, key: PathBuf) -> Result<Arc<ServerConfig>, Failure> {
    let files = Files::read(certificate, key, Arc::new(default_provider()))?;
    Ok(with_protocols(builder()?.with_cert_resolver(Arc::new(files))))
}

/// The front's, with a certificate for localhost that is made now. That of its authority, which
/// clients have to trust, is written to a file.
pub fn on_the_spot(authority: &Path) -> Result<Arc<ServerConfig>, Failure> {
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

fn with_protocols(mut config: ServerConfig) -> Arc<ServerConfig> {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// The backend's: its certificate has to be signed by an authority of this file in PEM, or by one
/// that the system trusts.
pub fn for_backend(authorities: Option<&Path>) -> Result<ClientConfig, Failure> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?;
    let builder = match authorities {
        Some(file) => {
            let failed = |error| format!("can't read {}: {error}", file.display());
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(file).map_err(failed)? {
                roots.add(certificate.map_err(failed)?)?;
            }
            if roots.is_empty() {
                return Err(format!("there is no certificate in {}", file.display()).into());
            }
            builder.with_root_certificates(roots)
        }
        None => builder.with_platform_verifier()?,
    };
    Ok(builder.with_no_client_auth())
}
