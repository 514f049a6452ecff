//! HTTPS: a certificate, and the versions of HTTP.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;

use crate::Failure;

/// ALPN's names of HTTP/2 and HTTP/1.1.
const PROTOCOLS: [&str; 2] = ["h2", "http/1.1"];

/// Returns the configuration with the certificate of these files in PEM, which are read again when
/// they change.
pub fn config_of(certificate: PathBuf, key: PathBuf) -> Result<ServerConfig, Failure> {
    sansocket_wss::config_of(certificate, key, Arc::new(default_provider()), &PROTOCOLS)
}

/// Returns the configuration with a certificate that is made for this run. The certificate of its
/// authority, which clients have to trust, is written to a file.
pub fn config_on_the_spot(authority: &Path) -> Result<ServerConfig, Failure> {
    sansocket_wss::config_on_the_spot(authority, Arc::new(default_provider()), &PROTOCOLS)
}
