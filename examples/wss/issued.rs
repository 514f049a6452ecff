//! A certificate that is made for a run, and the authority that signs it.

use std::io::Write;
use std::path::Path;
use std::{fs, io};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::Result;

/// A server's certificate with its key, and the authority that signed it.
pub struct Issued {
    /// The authority's certificate, which clients have to trust, in PEM.
    pub authority: String,
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

/// Writes the certificate of an authority to a new file in the place of one that is there: a link
/// in a directory that others may write to is not followed.
pub(crate) fn write_authority(file: &Path, authority: &str) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::File::create_new(file)?.write_all(authority.as_bytes()),
    }
}

/// Makes an authority, and a certificate for these names. Both have what strict clients ask for,
/// Python 3.13 for example: RFC 5280 §4.2.1.1 and §4.2.1.3.
pub fn issue(names: &[&str]) -> Result<Issued> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "an authority made on the spot");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.signed_by(&key, &authority)?;
    Ok(Issued {
        authority: authority.pem(),
        chain: vec![certificate.der().clone()],
        key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    })
}
