//! The TLS configuration of either side, by rustls with ring.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_platform_verifier::BuilderVerifierExt;
use sansocket_wss::{config_of, config_on_the_spot};

use crate::Failure;

/// ALPN's names of HTTP/2 and HTTP/1.1.
const PROTOCOLS: [&str; 2] = ["h2", "http/1.1"];

/// Returns the front's configuration with the certificate of these files in PEM, which are read
/// again when they change.
pub fn of_files(certificate: PathBuf, key: PathBuf) -> Result<Arc<ServerConfig>, Failure> {
    config_of(certificate, key, Arc::new(default_provider()), &PROTOCOLS).map(Arc::new)
}

/// Returns the front's configuration with a certificate that is made for this run. The certificate
/// of its authority, which clients have to trust, is written to a file.
pub fn on_the_spot(authority: &Path) -> Result<Arc<ServerConfig>, Failure> {
    config_on_the_spot(authority, Arc::new(default_provider()), &PROTOCOLS).map(Arc::new)
}

/// Returns the configuration for a `wss:` backend, whose certificate has to be signed by an
/// authority of this file in PEM, or by one that the system trusts.
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
