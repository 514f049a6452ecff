//! The address of a proxy: RFC 3986 §3.2, with the schemes that curl has.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::{error, fmt};

use super::credentials::Credentials;
use crate::handshake::{InvalidUri, parse_authority};

/// A proxy: `[scheme://][user[:password]@]host[:port]`. The [module](crate::proxy) has a table of
/// schemes.
///
/// `Debug` and `Display` show no credentials.
///
/// ```
/// use sansocket::proxy::Proxy;
///
/// let proxy = Proxy::parse("http://proxy.example:3128")?.basic_auth("user", "p@ss")?;
/// assert_eq!((proxy.host(), proxy.port()), ("proxy.example", 3128));
/// let same = Proxy::parse("http://user:p%40ss@proxy.example:3128")?;
/// assert_eq!(proxy, same);
/// # Ok::<(), sansocket::proxy::InvalidProxy>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    scheme: Scheme,
    /// An IPv6 address has its brackets.
    host: String,
    port: u16,
    pub(super) credentials: Option<Credentials>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
    Socks5,
    Socks5h,
}

impl Scheme {
    fn parse(name: &str) -> Option<Self> {
        let schemes = [
            ("http", Self::Http),
            ("https", Self::Https),
            ("socks5", Self::Socks5),
            ("socks5h", Self::Socks5h),
            ("socks", Self::Socks5h),
        ];
        let mut schemes = schemes.into_iter();
        schemes.find_map(|(known, scheme)| known.eq_ignore_ascii_case(name).then_some(scheme))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            // RFC 1928 §3: "The SOCKS service is conventionally located on TCP port 1080."
            Self::Socks5 | Self::Socks5h => 1080,
        }
    }
}

impl Proxy {
    /// Parses an address. Without a scheme, it is that of an HTTP proxy. The user name and the
    /// password are percent-encoded. A `/` may follow the port.
    ///
    /// # Errors
    ///
    /// [`InvalidProxy`] if it is not valid; the text of the error has the remedy.
    pub fn parse(text: &str) -> Result<Self, InvalidProxy> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = Scheme::parse(scheme).ok_or(InvalidProxy::Scheme)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if !matches!(path, "" | "/") {
            return Err(InvalidProxy::Path);
        }
        let (userinfo, authority) = match authority.rsplit_once('@') {
            Some((userinfo, authority)) => (userinfo, authority),
            None => ("", authority),
        };
        let (host, port) = parse_authority(authority).map_err(|error| match error {
            InvalidUri::Port => InvalidProxy::Port,
            _ => InvalidProxy::Host,
        })?;
        if port == Some(0) {
            return Err(InvalidProxy::Port);
        }
        let port = port.unwrap_or(scheme.default_port());
        let proxy = Self { scheme, host: host.to_owned(), port, credentials: None };
        if userinfo.is_empty() {
            return Ok(proxy);
        }
        proxy.with_credentials(Credentials::decode(userinfo).ok_or(InvalidProxy::UserInfo)?)
    }

    /// Sets the user name and the password, which are not percent-encoded here. An HTTP proxy gets
    /// them in UTF-8 as `Proxy-Authorization: Basic` (RFC 7617), a SOCKS5 proxy by RFC 1929. Both
    /// are clear text, unless the address is `https://`.
    ///
    /// # Errors
    ///
    /// [`InvalidProxy::Credentials`] if the proxy's protocol can't send them.
    pub fn basic_auth(self, user: &str, password: &str) -> Result<Self, InvalidProxy> {
        self.with_credentials(Credentials::new(user.as_bytes(), password.as_bytes()))
    }

    fn with_credentials(mut self, credentials: Credentials) -> Result<Self, InvalidProxy> {
        let are_valid = if self.is_socks5() {
            credentials.are_valid_in_socks5()
        } else {
            credentials.are_valid_in_http()
        };
        if !are_valid {
            return Err(InvalidProxy::Credentials);
        }
        self.credentials = Some(credentials);
        Ok(self)
    }

    /// Returns the proxy's host to resolve: a name, or an IP address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&self.host)
    }

    /// Returns the proxy's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns whether the stream to the proxy is TLS (`https://`).
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// Returns whether the proxy speaks SOCKS5, and not HTTP.
    #[must_use]
    pub fn is_socks5(&self) -> bool {
        matches!(self.scheme, Scheme::Socks5 | Scheme::Socks5h)
    }

    /// Returns whether the proxy resolves names. If not (`socks5://`), resolve the server's name,
    /// and pass an IP address to [`Tunnel::new`](super::Tunnel::new).
    #[must_use]
    pub fn resolves_names(&self) -> bool {
        self.scheme != Scheme::Socks5
    }
}

impl core::str::FromStr for Proxy {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        Self::parse(text)
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.name(), self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// The address of a proxy, or its user name and password, is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidProxy {
    /// A scheme other than `http`, `https`, `socks5`, `socks5h` and `socks`.
    Scheme,
    /// No valid host: a name in ASCII, an IPv4 address, or an IPv6 address in brackets.
    Host,
    /// A port that is not one of 1–65535.
    Port,
    /// A user name or password whose percent-encoding is malformed.
    UserInfo,
    /// A user name or password that the proxy's protocol can't send. HTTP: a colon in the user
    /// name, or a control character. SOCKS5: either is empty or longer than 255 bytes.
    Credentials,
    /// A path, query or fragment.
    Path,
}

impl fmt::Display for InvalidProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => {
                "the proxy's scheme is unknown; use http://, https://, socks5:// or socks5h://"
            }
            Self::Host => {
                "the proxy's address has no valid host; use punycode, IPv6 in brackets, and \
                 percent-encoding in the user name and the password"
            }
            Self::Port => "the proxy's port is not a number from 1 to 65535",
            Self::UserInfo => {
                "the proxy's user name or password has a % without two hexadecimal digits; write \
                 % as %25"
            }
            Self::Credentials => {
                "the proxy can't get this user name and password: over HTTP the user name has no \
                 colon, and neither has control characters; over SOCKS5 each has 1 to 255 bytes"
            }
            Self::Path => {
                "the proxy's address has a path, a query or a fragment; end it after the port, and \
                 write /, ? and # in a password as %2F, %3F and %23"
            }
        })
    }
}

impl error::Error for InvalidProxy {}
