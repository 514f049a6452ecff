//! The hosts and origins that a server accepts: RFC 6455 §10.2, RFC 9110 §7.4.
//!
//! | request                                         | result                    |
//! |-------------------------------------------------|---------------------------|
//! | no host, several, or one that is not listed     | [`GuardError::Host`], 421 |
//! | no origin: not a browser                        | accepted                  |
//! | the origin has the host and port of the request | accepted                  |
//! | the origin is listed                            | accepted                  |
//! | any other origin, `null`, or several            | [`GuardError::Origin`], 403 |

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::{error, fmt, str};

use super::authority::parse_authority;
use super::fields::is_token;
use super::origin::{self, Origin};
use super::reply::HttpResponse;
use super::request::RequestHead;

/// The names of a server, and the origins of the pages that may connect to it.
///
/// A browser lets any page connect to any server, and sends the user's cookies. The check of the
/// origin rejects pages of other servers. The check of the host rejects *DNS rebinding*: a page of
/// `http://evil.example` points that name at 127.0.0.1 or at a host of a private network. Its
/// origin then is on the host that it requests, so only the list of names stops it.
///
/// ```
/// use sansocket::{Guard, RequestHead};
/// # use sansocket::{HttpResponse, InvalidGuard};
///
/// // Behind a name, with pages of the server itself and of one other.
/// let guard = Guard::hosts(["chat.example.com"])?.origin("https://www.example.com")?;
/// // A development server, or the local server of an application.
/// let local = Guard::loopback().origin("tauri://localhost")?;
///
/// /// The response to a request that must not be accepted.
/// fn refusal(guard: &Guard, request: &RequestHead) -> Option<HttpResponse> {
///     guard.check(request).err().map(|error| error.response())
/// }
/// # Ok::<(), InvalidGuard>(())
/// ```
#[derive(Clone, Debug)]
pub struct Guard {
    hosts: Vec<Authority>,
    origins: Vec<Allowed>,
    needs_origin: bool,
}

impl Guard {
    /// Creates a guard for a server with these names, as they are in the addresses of clients:
    ///
    /// | name               | ports                         |
    /// |--------------------|-------------------------------|
    /// | `example.com`      | the default ports, 80 and 443 |
    /// | `example.com:8080` | this port                     |
    /// | `example.com:*`    | every port                    |
    ///
    /// A name is compared as a whole and in any case: subdomains are names of their own. An IPv6
    /// address has brackets.
    ///
    /// # Errors
    ///
    /// [`InvalidGuard::Host`] if a name is not valid.
    pub fn hosts<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Result<Self, InvalidGuard> {
        let hosts = names.into_iter().map(|name| Authority::parse(name.as_ref()));
        let hosts = hosts.collect::<Option<_>>().ok_or(InvalidGuard::Host)?;
        Ok(Self { hosts, origins: Vec::new(), needs_origin: false })
    }

    /// Creates a guard for a server that only this machine reaches: `localhost`, `127.0.0.1` and
    /// `[::1]` on every port.
    #[must_use]
    pub fn loopback() -> Self {
        let names = ["localhost", "127.0.0.1", "[::1]"];
        let hosts = names.map(|host| Authority { host: host.to_owned(), ports: Ports::Every });
        Self { hosts: hosts.into(), origins: Vec::new(), needs_origin: false }
    }

    /// Adds an origin whose pages may connect, in addition to those of the host itself:
    ///
    /// | origin                                    | pages                                      |
    /// |-------------------------------------------|--------------------------------------------|
    /// | `https://example.com`                     | of this scheme and host, on port 443       |
    /// | `http://example.com:8080`                 | of this scheme and host, on this port      |
    /// | `http://localhost:*`                      | of this scheme and host, on every port     |
    /// | `tauri://localhost`, `chrome-extension://id` | of an app: compared as a whole          |
    /// | `null`                                    | sandboxed pages and files, of *any* author |
    ///
    /// # Errors
    ///
    /// [`InvalidGuard::Origin`] if it is not an origin, for example because it has a path.
    pub fn origin(mut self, origin: &str) -> Result<Self, InvalidGuard> {
        self.origins.push(Allowed::parse(origin).ok_or(InvalidGuard::Origin)?);
        Ok(self)
    }

    /// Rejects requests without an origin. Default: they are accepted, because only browsers send
    /// one (§4.2.1 no. 7).
    #[must_use]
    pub const fn require_origin(mut self) -> Self {
        self.needs_origin = true;
        self
    }

    /// Checks a request, which need not be an opening handshake.
    ///
    /// # Errors
    ///
    /// [`GuardError`]: reject the request with its [`response`](GuardError::response).
    pub fn check(&self, request: &RequestHead) -> Result<(), GuardError> {
        // RFC 9110 §7.4: "an origin server MUST reject a request if any scheme-specific
        // requirements for the target resource are not met"
        let host = request.host().and_then(|host| parse_authority(host).ok());
        // A client leaves a default port out, and the request does not have the scheme.
        let is_ours = |(host, port)| {
            let allows = |name: &Authority| [80, 443].iter().any(|&d| name.allows(host, port, d));
            self.hosts.iter().any(allows)
        };
        if !host.is_some_and(is_ours) {
            return Err(GuardError::Host);
        }
        // RFC 6455 §10.2: "Servers that are not intended to process input from any web page but
        // only for certain sites SHOULD verify the |Origin| field is an origin they expect"
        let mut sent = request.headers().get_all("Origin");
        let is_accepted = match (sent.next(), sent.next()) {
            (None, _) => !self.needs_origin,
            (Some(sent), None) => str::from_utf8(sent).is_ok_and(|sent| {
                request.origin_is_host() || self.origins.iter().any(|origin| origin.is(sent))
            }),
            _ => false,
        };
        if is_accepted { Ok(()) } else { Err(GuardError::Origin) }
    }
}

/// A host, and the ports that are allowed with it.
#[derive(Clone, Debug)]
struct Authority {
    host: String,
    ports: Ports,
}

#[derive(Clone, Copy, Debug)]
enum Ports {
    Default,
    One(u16),
    Every,
}

impl Authority {
    fn parse(text: &str) -> Option<Self> {
        let (host, ports) = match text.strip_suffix(":*").map(parse_authority) {
            Some(Ok((host, None))) => (host, Ports::Every),
            Some(_) => return None,
            None => match parse_authority(text).ok()? {
                (host, None) => (host, Ports::Default),
                (host, Some(port)) => (host, Ports::One(port)),
            },
        };
        // A `*` elsewhere would be a character of a name that no client requests.
        (!host.contains('*')).then(|| Self { host: host.to_owned(), ports })
    }

    /// Whether it allows this host, and a port whose scheme has this default.
    fn allows(&self, host: &str, port: Option<u16>, default: u16) -> bool {
        let port = port.unwrap_or(default);
        self.host.eq_ignore_ascii_case(host)
            && match self.ports {
                Ports::Default => port == default,
                Ports::One(allowed) => port == allowed,
                Ports::Every => true,
            }
    }
}

/// An origin that is allowed.
#[derive(Clone, Debug)]
enum Allowed {
    Web {
        scheme: String,
        authority: Authority,
    },
    /// `null`, or the origin of an app.
    Other(String),
}

impl Allowed {
    fn parse(text: &str) -> Option<Self> {
        if text == "null" {
            return Some(Self::Other(text.to_owned()));
        }
        let (scheme, authority) = text.split_once("://")?;
        if origin::default_port(scheme).is_some() {
            let authority = Authority::parse(authority)?;
            return Some(Self::Web { scheme: scheme.to_owned(), authority });
        }
        // `file://` has no host.
        let is_one = is_token(scheme) && authority.bytes().all(|b| b.is_ascii_graphic());
        (is_one && !authority.contains(['/', '*', ','])).then(|| Self::Other(text.to_owned()))
    }

    fn is(&self, sent: &str) -> bool {
        match self {
            Self::Web { scheme, authority } => Origin::parse(sent).is_some_and(|sent| {
                let default = origin::default_port(sent.scheme);
                scheme.eq_ignore_ascii_case(sent.scheme)
                    && default.is_some_and(|port| authority.allows(sent.host, sent.port, port))
            }),
            Self::Other(text) => text.eq_ignore_ascii_case(sent),
        }
    }
}

/// A request is for another server, or from a page that may not connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GuardError {
    /// The host that the client requests is not a name of this server.
    Host,
    /// The origin is neither on the host that the client requests nor listed, or there is none
    /// and it is required.
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
            Self::Host => "the request is for a host that is not a name of this server",
            Self::Origin => "the page that connects is of an origin that this server does not list",
        })
    }
}

impl error::Error for GuardError {}

/// An entry of a [`Guard`] is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidGuard {
    /// A name that is not `host`, `host:port` or `host:*`.
    Host,
    /// An origin that is not `scheme://host`, `scheme://host:port`, `scheme://host:*` or `null`.
    Origin,
}

impl fmt::Display for InvalidGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "the name is not a host with or without a port; write host, or host:*",
            Self::Origin => "the origin is not scheme://host[:port] or null; leave out the path",
        })
    }
}

impl error::Error for InvalidGuard {}
