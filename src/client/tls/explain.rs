//! What an error of rustls means for the user: the variant of [`TlsError`] whose text has the
//! remedy.

use std::boxed::Box;
use std::string::{String, ToString};
use std::vec::Vec;
use std::{error, io};

use rustls::{
    AlertDescription, CertRevocationListError, CertificateError, Error as Rustls, InvalidMessage,
};

use super::HTTP_1_1;
use crate::adapter::{Error, TlsError, WrongHost};

/// The meaning of an error. `host` is the host of the URL, or empty.
pub(super) fn explain(error: Rustls, host: &str) -> TlsError {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, ExpiredRevocationList, ExpiredRevocationListContext,
        NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext, Revoked,
        UnknownIssuer, UnknownRevocationStatus, UnsupportedSignatureAlgorithmForPublicKeyContext,
    };
    match error {
        Rustls::InvalidCertificate(error) => match error {
            UnknownIssuer => TlsError::UnknownIssuer,
            // The trusted authority of that name has another key, of the same kind or of another.
            BadSignature | UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                TlsError::BadSignature
            }
            NotValidForName => wrong_host(host.into(), Vec::new()),
            NotValidForNameContext { expected, presented } => wrong_host(
                if host.is_empty() { expected.to_str().into() } else { host.into() },
                presented.into_iter().map(readable).collect(),
            ),
            Expired | ExpiredContext { .. } => TlsError::Expired,
            NotValidYet | NotValidYetContext { .. } => TlsError::NotYetValid,
            Revoked => TlsError::Revoked,
            UnknownRevocationStatus
            | ExpiredRevocationList
            | ExpiredRevocationListContext { .. } => TlsError::UnknownRevocation,
            // webpki's error has no variant of its own in rustls.
            CertificateError::Other(error) if error.0.to_string() == "CaUsedAsEndEntity" => {
                TlsError::CaCertificate
            }
            error => other(Rustls::InvalidCertificate(error)),
        },
        Rustls::InvalidCertRevocationList(CertRevocationListError::BadSignature) => {
            TlsError::UnknownRevocation
        }
        // RFC 7301 §3.2: "the server SHALL respond with a fatal "no_application_protocol" alert"
        Rustls::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            TlsError::Alpn { protocol: None }
        }
        Rustls::AlertReceived(AlertDescription::CertificateRequired) => TlsError::ClientCertificate,
        Rustls::AlertReceived(AlertDescription::InternalError) => TlsError::InternalError,
        error => other(error),
    }
}

fn wrong_host(host: String, names: Vec<String>) -> TlsError {
    TlsError::WrongHost(Box::new(WrongHost { host, names }))
}

/// The meaning of an error during the handshake.
fn explain_handshake(error: Rustls, host: &str) -> TlsError {
    match error {
        // RFC 8446 §5.1: the first byte of a record is its type, and no letter is one.
        Rustls::InvalidMessage(InvalidMessage::InvalidContentType) => TlsError::NotTls,
        error => explain(error, host),
    }
}

/// The name of a certificate as a URL has it. webpki shows the variant too: `DnsName("a.example")`,
/// `IpAddress(::1)`.
fn readable(name: String) -> String {
    let inner = name.split_once('(').and_then(|(_, inner)| inner.strip_suffix(')'));
    inner.map_or(name.as_str(), |inner| inner.trim_matches('"')).to_string()
}

pub(super) fn other(error: impl error::Error + Send + Sync + 'static) -> TlsError {
    TlsError::Other(Box::new(error))
}

/// The error of a stream, with the meaning in the place of rustls' error.
pub(super) fn explain_io(error: io::Error, host: &str, is_open: bool) -> io::Error {
    let explain = if is_open { explain } else { explain_handshake };
    match error.downcast::<Rustls>() {
        Ok(error) => io::Error::new(io::ErrorKind::InvalidData, explain(error, host)),
        Err(error) if !is_open && error.kind() == io::ErrorKind::UnexpectedEof => {
            io::Error::new(io::ErrorKind::InvalidData, TlsError::HungUp)
        }
        Err(error) => error,
    }
}

/// The error of a stream on which the TLS handshake failed.
pub(crate) fn from_io(error: io::Error, host: &str) -> Error {
    Error::from_stream(explain_io(error, host, false))
}

/// Checks the application protocol of an open connection to a server.
pub(crate) fn check_protocol(negotiated: Option<&[u8]>) -> Result<(), TlsError> {
    match negotiated {
        // A server without ALPN speaks what the port is for.
        None => Ok(()),
        Some(protocol) if protocol == HTTP_1_1 => Ok(()),
        Some(protocol) => {
            let protocol = String::from_utf8_lossy(protocol).into();
            Err(TlsError::Alpn { protocol: Some(protocol) })
        }
    }
}
