//! The crypto provider of rustls, and the root certificates: never a panic, and nothing that is
//! installed for the process.

use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};
use rustls_platform_verifier::BuilderVerifierExt;

use super::explain::other;
use crate::adapter::TlsError;

/// A configuration that trusts what the platform trusts.
pub(super) fn platform() -> Result<ClientConfig, TlsError> {
    let with_roots = match builder()?.with_platform_verifier() {
        Ok(builder) => builder,
        // It fails where the system has no certificate at all.
        Err(_) => mozilla_instead()?,
    };
    Ok(with_roots.with_no_client_auth())
}

/// A configuration that trusts Mozilla's roots.
#[cfg(feature = "webpki-roots")]
pub(super) fn webpki_roots() -> Result<ClientConfig, TlsError> {
    Ok(with_mozilla()?.with_no_client_auth())
}

#[cfg(feature = "webpki-roots")]
fn with_mozilla() -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TlsError> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    Ok(builder()?.with_root_certificates(roots))
}

/// Mozilla's roots for a system that has none. If the environment names a store, that is what is
/// trusted: a wrong path must not make a program trust more.
#[cfg(feature = "webpki-roots")]
fn mozilla_instead() -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TlsError> {
    let is_set = |name| std::env::var_os(name).is_some();
    if is_set("SSL_CERT_FILE") || is_set("SSL_CERT_DIR") {
        return Err(TlsError::NoRoots);
    }
    with_mozilla()
}

#[cfg(not(feature = "webpki-roots"))]
fn mozilla_instead() -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TlsError> {
    Err(TlsError::NoRoots)
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, TlsError> {
    ClientConfig::builder_with_provider(provider()?)
        .with_safe_default_protocol_versions()
        .map_err(other)
}

/// The provider of the process if there is one, else that of a feature.
fn provider() -> Result<Arc<CryptoProvider>, TlsError> {
    match CryptoProvider::get_default() {
        Some(provider) => Ok(Arc::clone(provider)),
        None => of_feature().map(Arc::new).ok_or(TlsError::NoProvider),
    }
}

#[cfg(feature = "rustls-ring")]
fn of_feature() -> Option<CryptoProvider> {
    Some(rustls::crypto::ring::default_provider())
}

#[cfg(all(feature = "rustls-aws-lc-rs", not(feature = "rustls-ring")))]
fn of_feature() -> Option<CryptoProvider> {
    Some(rustls::crypto::aws_lc_rs::default_provider())
}

#[cfg(not(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs")))]
fn of_feature() -> Option<CryptoProvider> {
    None
}
