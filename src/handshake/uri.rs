//! `ws:` and `wss:` addresses: RFC 6455 §3, RFC 3986 §3.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use core::fmt;

use super::authority::parse_server;
use super::classes;
use super::invalid_uri::InvalidUri;
use super::percent;

/// The address of a server: `ws://host[:port][/path][?query]`, or `wss://…` for TLS.
///
/// ```
/// use sansocket::Uri;
///
/// let uri = Uri::parse("ws://[::1]:9001?room=1").unwrap();
/// assert_eq!((uri.host(), uri.port(), uri.resource_name()), ("::1", 9001, "/?room=1"));
/// assert!(!uri.is_secure());
/// ```
///
/// A name that is not ASCII, such as `exämple.com`, becomes punycode with the feature `idna`, and
/// is an error without it. The zone of a link-local IPv6 address is written as RFC 6874 has it:
/// `ws://[fe80::1%25eth0]/`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Uri {
    secure: bool,
    /// As a resolver takes it. Only an IPv6 address has a colon, and only its zone follows a `%`.
    host: String,
    port: u16,
    resource_name: String,
}

impl Uri {
    /// Parses an address.
    ///
    /// # Errors
    ///
    /// [`InvalidUri`] if it is not valid; the text of the error has the remedy. A user name and
    /// password are an error: only [`ClientRequest::new`](crate::ClientRequest::new) takes them.
    pub fn parse(text: &str) -> Result<Self, InvalidUri> {
        match Self::parse_with_user_info(text)? {
            (uri, None) => Ok(uri),
            (_, Some(_)) => Err(InvalidUri::UserInfo),
        }
    }

    /// Parses an address, and returns what is before the `@`, as it is.
    pub(super) fn parse_with_user_info(text: &str) -> Result<(Self, Option<&str>), InvalidUri> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidUri::Scheme)?;
        // RFC 6455 §3: "if the scheme component matches "wss" case-insensitively"
        let secure = scheme.eq_ignore_ascii_case("wss");
        if !secure && !scheme.eq_ignore_ascii_case("ws") {
            return Err(InvalidUri::Scheme);
        }
        // RFC 6455 §3: "Fragment identifiers … MUST NOT be used on these URIs"
        if rest.contains('#') {
            return Err(InvalidUri::Fragment);
        }
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (user_info, authority) = match authority.rsplit_once('@') {
            Some((user_info, authority)) => (Some(user_info), authority),
            None => (None, authority),
        };
        let (host, port) = parse_server(authority)?;
        if port == Some(0) {
            return Err(InvalidUri::Port);
        }
        let resource_name = resource_name_of(target)?;
        let port = port.unwrap_or(default_port(secure));
        Ok((Self { secure, host, port, resource_name }, user_info))
    }

    /// Returns whether the scheme is `wss:`, which needs TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Returns the host to resolve: a name, or an IP address without brackets. A link-local IPv6
    /// address may have a zone, as resolvers take it: `fe80::1%eth0`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port. Default: 80 for `ws:` and 443 for `wss:` (§3).
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the path, which is at least `/`, and the query (§3).
    #[must_use]
    pub fn resource_name(&self) -> &str {
        &self.resource_name
    }

    /// Whether both have the same scheme, host and port (RFC 6454 §5).
    pub(super) fn has_same_origin(&self, other: &Self) -> bool {
        self.secure == other.secure
            && self.host.eq_ignore_ascii_case(&other.host)
            && self.port == other.port
    }

    /// The origin of a page of this server: RFC 6454 §6.2, with an HTTP scheme.
    pub(super) fn page_origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        alloc::format!("{scheme}://{}", self.host_field())
    }

    /// Another address on the same server.
    pub(super) fn with_resource_name(&self, target: &str) -> Result<Self, InvalidUri> {
        Ok(Self { resource_name: resource_name_of(target)?, ..self.clone() })
    }

    /// The path, without the query.
    pub(super) fn path(&self) -> &str {
        self.resource_name.split('?').next().unwrap_or_default()
    }

    pub(super) fn scheme(&self) -> &'static str {
        if self.secure { "wss" } else { "ws" }
    }

    /// The value of the `Host` header field (§4.1 no. 4).
    pub(super) fn host_field(&self) -> Cow<'_, str> {
        // RFC 6874 §4: "MUST remove any ZoneID attached to an outgoing URI, as it has only local
        // significance at the sending host"
        self.authority(false)
    }

    /// The address without the query, which may be a secret.
    pub(super) fn without_query(&self) -> String {
        alloc::format!("{}{}", self.before_path(), self.path())
    }

    /// The address up to the path.
    fn before_path(&self) -> String {
        alloc::format!("{}://{}", self.scheme(), self.authority(true))
    }

    fn authority(&self, with_zone: bool) -> Cow<'_, str> {
        let is_ipv6 = self.host.contains(':');
        let host = match self.host.split_once('%').filter(|_| is_ipv6) {
            None if is_ipv6 => alloc::format!("[{}]", self.host).into(),
            None => Cow::Borrowed(self.host.as_str()),
            Some((address, zone)) if with_zone => {
                alloc::format!("[{address}%25{}]", percent::encode(zone)).into()
            }
            Some((address, _)) => alloc::format!("[{address}]").into(),
        };
        // RFC 6455 §4.1: "/host/ plus optionally ":" followed by /port/ (when not using the default
        // port)"
        if self.port == default_port(self.secure) {
            return host;
        }
        alloc::format!("{host}:{}", self.port).into()
    }
}

fn resource_name_of(target: &str) -> Result<String, InvalidUri> {
    if !percent::is_made_of(target.as_bytes(), classes::PATH) {
        return Err(InvalidUri::Path);
    }
    // RFC 6455 §3: the resource name begins with "/" "if the path component is empty"
    Ok(if target.starts_with('/') { target.to_owned() } else { alloc::format!("/{target}") })
}

/// RFC 6455 §3: "the default for "ws" is port 80, while the default for "wss" is port 443"
const fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.before_path(), self.resource_name)
    }
}

/// Does not show the query, which may be a secret.
impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uri({})", self.without_query())
    }
}

impl core::str::FromStr for Uri {
    type Err = InvalidUri;

    fn from_str(text: &str) -> Result<Self, InvalidUri> {
        Self::parse(text)
    }
}
