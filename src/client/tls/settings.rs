//! The TLS settings of a client: whom it trusts, and which protocol it offers.

use std::net::IpAddr;
use std::string::String;
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, vec};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use super::provider;
use crate::adapter::TlsError;

/// The TLS settings of a client. They are made of a rustls (0.23) `ClientConfig`, or are those of
/// [`platform`](Self::platform), the default.
///
/// A `ClientConfig` without ALPN protocols gets `http/1.1`; otherwise it is used as it is. Clones
/// share the sessions that can be resumed, so keep one `Tls` for all connections to a server.
///
/// ```
/// # #[cfg(feature = "rustls-ring")] {
/// use std::sync::Arc;
///
/// use rustls::pki_types::CertificateDer;
/// use rustls::pki_types::pem::PemObject;
/// use rustls::{ClientConfig, RootCertStore, crypto};
/// use sansocket::tls::Tls;
///
/// # fn trust(file: &str) -> Result<Tls, Box<dyn std::error::Error>> {
/// let mut roots = RootCertStore::empty();
/// for certificate in CertificateDer::pem_file_iter(file)? {
///     roots.add(certificate?)?; // a private authority
/// }
/// let provider = Arc::new(crypto::ring::default_provider());
/// let config = ClientConfig::builder_with_provider(provider)
///     .with_safe_default_protocol_versions()?
///     .with_root_certificates(roots)
///     .with_no_client_auth();
/// let tls = Tls::from(config);
/// # Ok(tls)
/// # }
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Tls(Source);

#[derive(Clone, Default)]
enum Source {
    #[default]
    Platform,
    #[cfg(feature = "webpki-roots")]
    WebpkiRoots,
    Config(Arc<ClientConfig>),
}

/// A configuration that is made when it is first used. A failure is not kept, so that it can be
/// mended while the process runs.
type Shared = Mutex<Option<Arc<ClientConfig>>>;

static PLATFORM: Shared = Mutex::new(None);
#[cfg(feature = "webpki-roots")]
static WEBPKI_ROOTS: Shared = Mutex::new(None);

impl Tls {
    /// Trusts the certificates that the platform trusts, by `rustls-platform-verifier` 0.7.
    ///
    /// On Linux and the BSDs, `SSL_CERT_FILE` and `SSL_CERT_DIR` replace the system's store: so a
    /// private authority is trusted without a change of the program. On a system without a store,
    /// such as many containers, connecting fails with [`TlsError::NoRoots`]; with the feature
    /// `webpki-roots` Mozilla's certificates are used instead, unless one of the two variables is
    /// set.
    ///
    /// All connections of the process share one configuration. It is made by the first of them,
    /// which reads the store from the disk (some milliseconds); later changes of the store are not
    /// seen.
    #[must_use]
    pub const fn platform() -> Self {
        Self(Source::Platform)
    }

    /// Trusts Mozilla's root certificates, as the `webpki-roots` crate has them, and nothing of the
    /// platform.
    #[cfg(feature = "webpki-roots")]
    #[must_use]
    pub const fn webpki_roots() -> Self {
        Self(Source::WebpkiRoots)
    }

    /// What a TLS connection to this host needs. `host` is a name or an IP address, which may have
    /// an IPv6 zone, without brackets.
    pub(crate) fn parameters(
        &self,
        host: &str,
    ) -> Result<(Arc<ClientConfig>, ServerName<'static>), TlsError> {
        let name = server_name(host).ok_or_else(|| TlsError::InvalidHost { host: host.into() })?;
        let config = match &self.0 {
            Source::Platform => shared(&PLATFORM, provider::platform)?,
            #[cfg(feature = "webpki-roots")]
            Source::WebpkiRoots => shared(&WEBPKI_ROOTS, provider::webpki_roots)?,
            Source::Config(config) => Arc::clone(config),
        };
        Ok((config, name))
    }
}

fn shared(
    shared: &Shared,
    make: fn() -> Result<ClientConfig, TlsError>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(config) = &*shared {
        return Ok(Arc::clone(config));
    }
    Ok(Arc::clone(shared.insert(with_protocol(make()?))))
}

/// Offers HTTP/1.1 (RFC 7301 §6), or a server that prefers HTTP/2 would choose that.
fn with_protocol(mut config: ClientConfig) -> Arc<ClientConfig> {
    if config.alpn_protocols.is_empty() {
        config.alpn_protocols = vec![super::HTTP_1_1.to_vec()];
    }
    Arc::new(config)
}

/// The name that the certificate must have, and the server name indication (RFC 6066 §3), which has
/// names only.
fn server_name(host: &str) -> Option<ServerName<'static>> {
    // RFC 6874 §1: a zone "has no meaning" beyond this system.
    let address = host.split('%').next().unwrap_or_default().parse::<IpAddr>();
    match address {
        Ok(address) => Some(ServerName::from(address)),
        Err(_) => ServerName::try_from(String::from(host)).ok(),
    }
}

/// Of rustls 0.23.
impl From<ClientConfig> for Tls {
    fn from(config: ClientConfig) -> Self {
        Self(Source::Config(with_protocol(config)))
    }
}

/// Of rustls 0.23. Sessions are shared with other users of the configuration.
impl From<Arc<ClientConfig>> for Tls {
    fn from(config: Arc<ClientConfig>) -> Self {
        if config.alpn_protocols.is_empty() {
            return Arc::unwrap_or_clone(config).into();
        }
        Self(Source::Config(config))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls")
            .field(&match self.0 {
                Source::Platform => "platform",
                #[cfg(feature = "webpki-roots")]
                Source::WebpkiRoots => "webpki-roots",
                Source::Config(_) => "ClientConfig",
            })
            .finish()
    }
}
