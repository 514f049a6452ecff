//! The certificates of a server over TLS: made on the spot, or read from files and read again when
//! they change.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use std::{fmt, fs, io};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A server's certificate with its key, and the authority that signed it.
pub struct Issued {
    /// The authority's certificate, which clients have to trust, in PEM.
    pub authority: String,
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

/// Writes the certificate of an authority to a new file in the place of one that is there: a link
/// in a directory that others may write to is not followed.
pub fn write_authority(file: &Path, authority: &str) -> io::Result<()> {
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

/// A certificate in two files, read again when one of them changes: a renewal takes effect for new
/// connections, without a restart.
pub struct Files {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    loaded: Mutex<(Modified, Arc<CertifiedKey>)>,
}

type Modified = [SystemTime; 2];

impl Files {
    /// Reads the files: a chain of certificates, and a key, both in PEM.
    pub fn read(certificate: PathBuf, key: PathBuf, provider: Arc<CryptoProvider>) -> Result<Self> {
        let loaded = Mutex::new(load(&certificate, &key, &provider)?);
        Ok(Self { certificate, key, provider, loaded })
    }

    /// The certificate of today. If the files can't be read, it is the one that was read last.
    fn current(&self) -> Arc<CertifiedKey> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if modified(&self.certificate, &self.key).is_ok_and(|modified| modified != loaded.0) {
            match load(&self.certificate, &self.key, &self.provider) {
                Ok(new) => *loaded = new,
                Err(error) => eprintln!("the certificate was not reloaded: {error}"),
            }
        }
        Arc::clone(&loaded.1)
    }
}

impl ResolvesServerCert for Files {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

fn modified(certificate: &PathBuf, key: &PathBuf) -> io::Result<Modified> {
    Ok([fs::metadata(certificate)?.modified()?, fs::metadata(key)?.modified()?])
}

/// The time of the files is read first: what changes meanwhile is read again.
fn load(
    certificate: &PathBuf,
    key: &PathBuf,
    provider: &CryptoProvider,
) -> Result<(Modified, Arc<CertifiedKey>)> {
    let modified = modified(certificate, key)?;
    let chain =
        CertificateDer::pem_file_iter(certificate)?.collect::<std::result::Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    Ok((modified, Arc::new(CertifiedKey::from_der(chain, key, provider)?)))
}
