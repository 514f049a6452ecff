//! The error of TLS with a proxy, which is neither the server's nor the tunnel's.

use std::string::String;
use std::{error, fmt};

use super::tls_error::TlsError;

/// TLS with an `https:` proxy failed: the handshake, or the proxy's certificate. The proxy has got
/// no request and no credentials.
#[derive(Debug)]
#[non_exhaustive]
pub struct ProxyTlsError {
    /// The address of the proxy, without credentials: `https://proxy.example:3129`.
    pub proxy: String,
    /// What failed. "The server" of its text is the proxy.
    pub error: TlsError,
}

impl fmt::Display for ProxyTlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { proxy, error } = self;
        match error {
            TlsError::NotTls => {
                write!(f, "the proxy {proxy} does not speak TLS; use http:// in its address")
            }
            error => write!(f, "TLS with the proxy {proxy}: {error}"),
        }
    }
}

impl error::Error for ProxyTlsError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.error.source()
    }
}
