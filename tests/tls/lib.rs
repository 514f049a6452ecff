//! Certificates that are made on the spot, and rustls' configurations with them.
#![cfg(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs"))]

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ED25519, RevokedCertParams, SerialNumber,
    date_time_ymd,
};
use rustls::client::{ServerCertVerifierBuilder, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use sansocket::tls::Tls;

/// A certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate, and its key.
pub struct Identity {
    pub certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// Years from the beginning of which, and to the beginning of which, a certificate is valid.
pub type Years = (i32, i32);

pub const VALID: Years = (2000, 2999);

impl Authority {
    pub fn new(name: &str) -> Self {
        Self::with_key(name, KeyPair::generate().unwrap())
    }

    /// With a key of another kind than [`new`](Self::new) makes.
    pub fn ed25519(name: &str) -> Self {
        Self::with_key(name, KeyPair::generate_for(&PKCS_ED25519).unwrap())
    }

    fn with_key(name: &str, key: KeyPair) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// Its certificate, as files have it.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a host name or address.
    pub fn issue(&self, host: &str, years: Years) -> Identity {
        self.issue_number(1, host, years)
    }

    /// A certificate with this serial number.
    pub fn issue_number(&self, number: u64, host: &str, years: Years) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = params(host, years);
        params.serial_number = Some(number.into());
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity::new(certificate.der(), &key)
    }

    /// A list of the certificates that are revoked, by their serial numbers (RFC 5280 §5).
    pub fn revoke(&self, numbers: &[u64], years: Years) -> CertificateRevocationListDer<'static> {
        let revoked = |number: &u64| RevokedCertParams {
            serial_number: (*number).into(),
            revocation_time: date_time_ymd(years.0, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(years.0, 1, 1),
            next_update: date_time_ymd(years.1, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: numbers.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).unwrap().der().clone()
    }

    /// Settings of a client that trusts this authority only, and its verifier's.
    pub fn trusted_with(
        &self,
        settings: impl FnOnce(ServerCertVerifierBuilder) -> ServerCertVerifierBuilder,
    ) -> Tls {
        let verifier = WebPkiServerVerifier::builder_with_provider(self.roots(), provider());
        let verifier = settings(verifier).build().unwrap();
        ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_webpki_verifier(verifier)
            .with_no_client_auth()
            .into()
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        Arc::new(roots)
    }

    /// Settings of a client that trusts this authority only.
    pub fn trusted(&self) -> Tls {
        self.client_config(&[]).into()
    }

    /// The same as a configuration, with these application protocols.
    pub fn client_config(&self, alpn: &[&[u8]]) -> ClientConfig {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots())
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        config
    }
}

impl Identity {
    fn new(certificate: &CertificateDer<'static>, key: &KeyPair) -> Self {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Self { certificate: certificate.clone(), key }
    }

    /// A certificate that is its own authority: as `openssl req -x509` makes it, or without the
    /// constraint that makes it an authority's.
    pub fn self_signed(host: &str, is_authority: bool) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = params(host, VALID);
        if is_authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        Self::new(params.self_signed(&key).unwrap().der(), &key)
    }

    /// The configuration of a server that has it, with these application protocols.
    pub fn server_config(&self, alpn: &[&[u8]]) -> Arc<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Arc::new(config)
    }
}

fn params(host: &str, (from, to): Years) -> CertificateParams {
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    params
}

/// A provider: nothing installs one for the process.
pub fn provider() -> Arc<CryptoProvider> {
    #[cfg(feature = "rustls-ring")]
    return Arc::new(rustls::crypto::ring::default_provider());
    #[cfg(not(feature = "rustls-ring"))]
    return Arc::new(rustls::crypto::aws_lc_rs::default_provider());
}
