//! The errors of TLS. No type of a TLS library is in them, and the text of each names the remedy.

use std::boxed::Box;
use std::string::String;
use std::vec::Vec;
use std::{error, fmt};

/// TLS failed: the handshake with the server, its certificate, or a record.
///
/// Connecting again does not help, unless somebody does what the text of the error says; but for
/// [`HungUp`](Self::HungUp) and [`InternalError`](Self::InternalError).
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// rustls has no crypto provider. Enable the feature `rustls-ring` or `rustls-aws-lc-rs`, or
    /// install a provider for the process. Nothing was sent.
    NoProvider,
    /// The system has no root certificates, or `SSL_CERT_FILE` and `SSL_CERT_DIR` have none.
    /// Nothing was sent.
    NoRoots,
    /// The host of the URL is no name that a certificate can have. Nothing was sent.
    InvalidHost {
        /// The host of the URL.
        host: Box<str>,
    },
    /// The certificate was issued by nobody whom this program trusts: by itself (self-signed), or
    /// by a private certificate authority.
    UnknownIssuer,
    /// The certificate is not signed by the trusted authority whose name it has: there is another
    /// authority, or another key, of the same name.
    BadSignature,
    /// The server's certificate is that of a certificate authority, as `openssl req -x509` makes
    /// them. rustls accepts it for no server.
    CaCertificate,
    /// The certificate is valid for other hosts only.
    WrongHost(Box<WrongHost>),
    /// The certificate has expired, by the clock of this system.
    Expired,
    /// The certificate is not valid yet, by the clock of this system.
    NotYetValid,
    /// The certificate was revoked, by a revocation list (CRL) of the rustls `ClientConfig`, or by
    /// the platform.
    Revoked,
    /// The `ClientConfig` checks revocation lists (CRL), and has no valid one of the authority that
    /// issued the certificate: none, one that has expired, or one that another key has signed.
    UnknownRevocation,
    /// The peer does not speak TLS: its first bytes are no TLS record.
    NotTls,
    /// The peer has closed the stream during the TLS handshake: a server without TLS that does not
    /// understand it, or one that is starting or stopping.
    HungUp,
    /// The server reports an internal error, by an alert (RFC 8446 §6.2).
    InternalError,
    /// The server wants another application protocol (ALPN) than HTTP/1.1, or refuses HTTP/1.1.
    Alpn {
        /// The protocol that the server chose; `None` if it refused.
        protocol: Option<Box<str>>,
    },
    /// The server wants a certificate of this client.
    ClientCertificate,
    /// Another error. The text and the [source](std::error::Error::source) are the TLS library's.
    Other(Box<dyn error::Error + Send + Sync>),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoProvider => {
                "TLS has no crypto provider; enable the feature rustls-ring or rustls-aws-lc-rs, \
                 or call CryptoProvider::install_default"
            }
            Self::NoRoots => {
                "no root certificates were found; install the system's (ca-certificates), mend \
                 SSL_CERT_FILE and SSL_CERT_DIR, or enable the feature webpki-roots"
            }
            Self::InvalidHost { host } => {
                return write!(
                    f,
                    "no certificate can have the host name {host:?}; correct the URL"
                );
            }
            Self::UnknownIssuer => {
                "the server's certificate is self-signed, or of a private authority; name a file \
                 with it in SSL_CERT_FILE, or pass a rustls ClientConfig that trusts it"
            }
            Self::BadSignature => {
                "the server's certificate is not signed by the trusted authority of that name; \
                 replace the authority's certificate in SSL_CERT_FILE or in the ClientConfig by \
                 that of the server's"
            }
            Self::CaCertificate => {
                "the server's certificate is an authority's; let the authority sign one for the \
                 server, or make it with basicConstraints=CA:FALSE"
            }
            Self::WrongHost(wrong) => return wrong.fmt(f),
            Self::Expired => {
                "the server's certificate has expired; renew it, or set the clock of this system"
            }
            Self::NotYetValid => {
                "the server's certificate is not valid yet; set the clock of this system, or of \
                 the system that issued it"
            }
            Self::Revoked => "the server's certificate was revoked; the server needs a new one",
            Self::UnknownRevocation => {
                "whether the server's certificate was revoked is unknown; pass a ClientConfig with \
                 the current revocation list (CRL) of its authority"
            }
            Self::NotTls => "the peer does not speak TLS; use ws:// for a server without TLS",
            Self::HungUp => {
                "the peer has closed the connection during the TLS handshake; use ws:// for a \
                 server without TLS, or try again"
            }
            Self::InternalError => {
                "the server reports an internal error of its TLS; try again, or see its log"
            }
            Self::Alpn { protocol: Some(protocol) } => {
                return write!(
                    f,
                    "the server chose the protocol {protocol:?} (ALPN); offer http/1.1 only"
                );
            }
            Self::Alpn { protocol: None } => {
                "the server refuses HTTP/1.1 (ALPN); enable it there, or offer what it wants in \
                 the ClientConfig"
            }
            Self::ClientCertificate => {
                "the server wants a client certificate; pass a rustls ClientConfig that has one"
            }
            Self::Other(error) => return write!(f, "TLS failed: {error}"),
        })
    }
}

/// A host that a certificate is not valid for.
#[derive(Debug)]
#[non_exhaustive]
pub struct WrongHost {
    /// The host of the URL. It is empty if the TLS library did not name it.
    pub host: String,
    /// The names and addresses in the certificate, if the TLS library named them.
    pub names: Vec<String>,
}

impl fmt::Display for WrongHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = if self.host.is_empty() { "this host" } else { &self.host };
        write!(f, "the server's certificate is not valid for {host}")?;
        for (number, name) in self.names.iter().enumerate() {
            write!(f, "{}{name}", if number == 0 { ", but for " } else { ", " })?;
        }
        f.write_str("; use a host name that it has, or add this one to it")
    }
}

impl error::Error for TlsError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Other(error) => Some(&**error),
            _ => None,
        }
    }
}
