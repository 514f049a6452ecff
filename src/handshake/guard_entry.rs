//! The entries of a [`Guard`](super::guard::Guard): names of the server, and origins.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::authority::parse_authority;
use super::fields::is_token;
use super::origin::{Origin, default_port};

/// The names of the loopback interface. What they mean is not up to the network. The unspecified
/// addresses, with which a server listens on every interface, are loopback for a client.
const LOOPBACK: [&str; 5] = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "[::]"];

/// A name of the server.
#[derive(Clone, Debug)]
pub(super) struct Name {
    /// The scheme of its pages, if the name has one.
    scheme: Option<Scheme>,
    authority: Authority,
}

/// A scheme of the Web, with its default port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http = 80,
    Https = 443,
}

impl Scheme {
    fn parse(text: &str) -> Option<Self> {
        [Self::Http, Self::Https]
            .into_iter()
            .find(|&known| default_port(text) == Some(known as u16))
    }
}

impl Name {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = match text.split_once("://") {
            Some((scheme, authority)) => (Some(Scheme::parse(scheme)?), authority),
            None => (None, text),
        };
        Some(Self { scheme, authority: Authority::parse(authority)? })
    }

    /// The names of the loopback interface, on every port.
    pub(super) fn loopback() -> [Self; 5] {
        LOOPBACK.map(|host| {
            let authority = Authority { host: host.to_owned(), ports: Ports::Every };
            Self { scheme: None, authority }
        })
    }

    /// Whether a request for this host is for the server. A client leaves a default port out, and
    /// the request does not have the scheme.
    pub(super) fn allows(&self, host: &str, port: Option<u16>) -> bool {
        [Scheme::Http, Scheme::Https]
            .into_iter()
            .filter(|scheme| self.scheme.is_none_or(|own| own == *scheme))
            .any(|scheme| self.authority.allows(host, port, scheme as u16))
    }

    /// Whether this is a page of the server's own, on the host and port that it requests.
    pub(super) fn has_page(&self, page: &Origin<'_>, host: &str, port: Option<u16>) -> bool {
        let Some(scheme) = Scheme::parse(page.scheme) else { return false };
        let default = scheme as u16;
        let has_scheme = match self.scheme {
            Some(own) => own == scheme,
            None => scheme == Scheme::Https || self.authority.is_loopback(),
        };
        has_scheme
            && page.host.eq_ignore_ascii_case(host)
            && page.port == Some(port.unwrap_or(default))
            && self.authority.allows(host, port, default)
    }
}

/// A host, and the ports that are allowed with it.
#[derive(Clone, Debug)]
pub(super) struct Authority {
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

    fn is_loopback(&self) -> bool {
        LOOPBACK.iter().any(|name| self.host.eq_ignore_ascii_case(name))
    }
}

/// An origin that is allowed.
#[derive(Clone, Debug)]
pub(super) enum Allowed {
    Web {
        scheme: String,
        authority: Authority,
    },
    /// `null`, or the origin of an app.
    Other(String),
}

impl Allowed {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "null" {
            return Some(Self::Other(text.to_owned()));
        }
        let (scheme, authority) = text.split_once("://")?;
        if default_port(scheme).is_some() {
            let authority = Authority::parse(authority)?;
            return Some(Self::Web { scheme: scheme.to_owned(), authority });
        }
        // `file://` has no host.
        let is_one = is_token(scheme) && authority.bytes().all(|b| b.is_ascii_graphic());
        (is_one && !authority.contains(['/', '*', ','])).then(|| Self::Other(text.to_owned()))
    }

    /// Whether the browser sent this origin.
    pub(super) fn is(&self, sent: &str) -> bool {
        match self {
            Self::Web { scheme, authority } => Origin::parse(sent).is_some_and(|sent| {
                let default = default_port(sent.scheme);
                scheme.eq_ignore_ascii_case(sent.scheme)
                    && default.is_some_and(|port| authority.allows(sent.host, sent.port, port))
            }),
            Self::Other(text) => text.eq_ignore_ascii_case(sent),
        }
    }
}
