//! The errors of a [`Guard`](super::guard::Guard): of a request, and of its own entries.

use core::{error, fmt};

use super::reply::HttpResponse;

/// A request is for another server, or from a page that may not connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GuardError {
    /// The host that the client requests is not a name of this server.
    Host,
    /// The origin is neither that of the host that the client requests nor listed, or there is
    /// none and it is required.
    Origin,
}

impl GuardError {
    /// Returns the HTTP status code that the server responds with: 421 for the host, 403 for the
    /// origin.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            // RFC 9110 §15.5.20: "the request was directed at a server that is unable or unwilling
            // to produce an authoritative response for the target URI"
            Self::Host => 421,
            // RFC 6455 §10.2: "a reply containing HTTP 403 Forbidden status code"
            Self::Origin => 403,
        }
    }

    /// Returns the response that rejects the request. Its body is the text of the error.
    #[must_use]
    pub fn response(self) -> HttpResponse {
        HttpResponse::text(self.status(), &self)
    }
}

impl fmt::Display for GuardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => {
                "the request is for a host and port that are not a name of this server; its guard \
                 lists the names, which are for the ports 80 and 443 if they have none"
            }
            Self::Origin => {
                "the page that connects is of an origin that this server does not list; pages over \
                 http: need a name with http://"
            }
        })
    }
}

impl error::Error for GuardError {}

/// An entry of a [`Guard`](crate::Guard) is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidGuard {
    /// A name that is not `host`, `host:port` or `host:*`, with or without `http://` or `https://`.
    Host,
    /// An origin that is not `scheme://host`, `scheme://host:port`, `scheme://host:*` or `null`.
    Origin,
}

impl fmt::Display for InvalidGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => {
                "a name is not [http[s]://]host[:port]; write host, or host:*, without ws://, a \
                 path, or a wildcard in the host"
            }
            Self::Origin => {
                "an origin is not scheme://host[:port] or null; write its scheme, and leave out \
                 the path"
            }
        })
    }
}

impl error::Error for InvalidGuard {}
