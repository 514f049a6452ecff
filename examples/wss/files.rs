//! A certificate in files, which are read again when they change.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use std::{fmt, fs, io};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::Result;

/// A certificate in two files, read again when one of them changes: a renewal takes effect for new
/// connections, without a restart.
pub(crate) struct Files {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    loaded: Mutex<(Modified, Arc<CertifiedKey>)>,
}

type Modified = [SystemTime; 2];

impl Files {
    /// Reads the files: a chain of certificates, and a key, both in PEM.
    pub(crate) fn read(
        certificate: PathBuf,
        key: PathBuf,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self> {
        let loaded = Mutex::new(load(&certificate, &key, &provider)?);
        Ok(Self { certificate, key, provider, loaded })
    }

    /// Returns the certificate that is in the files now, or, if they can't be read, the one that
    /// was read last.
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

/// Reads the time of the files first, so that a change meanwhile is noticed by the next call.
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
