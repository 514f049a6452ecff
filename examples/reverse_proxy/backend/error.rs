//! The error of a backend that can't be reached, with the text for the client.

use std::error::Error;
use std::fmt;

/// The reason why there is no WebSocket with the backend.
#[derive(Debug)]
pub(crate) enum BackendError {
    Connect(std::io::Error),
    /// TLS failed, or the backend's certificate is not trusted.
    Tls(std::io::Error),
    /// The backend is `wss:`, and the settings have no TLS for it.
    NoTls,
    /// The backend has chosen another protocol than HTTP/2 by ALPN.
    NoHttp2,
    Http1(hyper::Error),
    Http2(h2::Error),
    /// HTTP/2 failed; for example, the backend does not enable WebSocket over it.
    Settings(sansocket::Error),
    /// A response that a client has to refuse (RFC 6455 §4.1).
    Response(&'static str),
}

impl From<hyper::Error> for BackendError {
    fn from(error: hyper::Error) -> Self {
        Self::Http1(error)
    }
}

impl From<h2::Error> for BackendError {
    fn from(error: h2::Error) -> Self {
        Self::Http2(error)
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "can't connect to the backend: {error}"),
            Self::Tls(error) => write!(f, "TLS to the backend failed: {error}"),
            Self::NoTls => f.write_str("there are no settings for TLS to the backend"),
            Self::NoHttp2 => f.write_str("the backend does not speak HTTP/2"),
            Self::Http1(error) => write!(f, "the backend's response failed: {error}"),
            Self::Http2(error) => write!(f, "HTTP/2 to the backend failed: {error}"),
            Self::Settings(error) => write!(f, "HTTP/2 to the backend failed: {error}"),
            Self::Response(what) => write!(f, "the backend's {what}"),
        }
    }
}

impl Error for BackendError {}
