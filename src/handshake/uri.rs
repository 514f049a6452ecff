//! `ws:` and `wss:` addresses: RFC 6455 §3, RFC 3986 §3.2 and §2.1.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use core::net::Ipv6Addr;
use core::{error, fmt, str};

use super::classes;

/// The address of a server: `ws://host[:port][/path][?query]`, or `wss://…` for TLS.
///
/// ```
/// use sansocket::Uri;
///
/// let uri = Uri::parse("ws://[::1]:9001?room=1").unwrap();
/// assert_eq!((uri.host(), uri.port(), uri.resource_name()), ("::1", 9001, "/?room=1"));
/// assert!(!uri.is_secure());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Uri {
    secure: bool,
    /// An IPv6 address has its brackets.
    host: String,
    port: u16,
    resource_name: String,
}

impl Uri {
    /// Parses an address.
    ///
    /// # Errors
    ///
    /// [`InvalidUri`] if it is not valid; the text of the error has the remedy.
    pub fn parse(text: &str) -> Result<Self, InvalidUri> {
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
        if authority.contains('@') {
            return Err(InvalidUri::UserInfo);
        }
        let (host, port) = parse_authority(authority)?;
        if port == Some(0) {
            return Err(InvalidUri::Port);
        }
        if !is_made_of(target.as_bytes(), classes::PATH) {
            return Err(InvalidUri::Path);
        }
        // RFC 6455 §3: the resource name begins with "/" "if the path component is empty"
        let resource_name =
            if target.starts_with('/') { target.to_owned() } else { alloc::format!("/{target}") };
        let port = port.unwrap_or(default_port(secure));
        Ok(Self { secure, host: host.to_owned(), port, resource_name })
    }

    /// Returns whether the scheme is `wss:`, which needs TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Returns the host to resolve: a name, or an IP address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&self.host)
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

    /// The value of the `Host` header field (§4.1 no. 4).
    pub(super) fn host_field(&self) -> Cow<'_, str> {
        // RFC 6455 §4.1: "/host/ plus optionally ":" followed by /port/ (when not using the default
        // port)"
        if self.port == default_port(self.secure) {
            return Cow::Borrowed(&self.host);
        }
        Cow::Owned(alloc::format!("{}:{}", self.host, self.port))
    }
}

/// RFC 6455 §3: "the default for "ws" is port 80, while the default for "wss" is port 443"
const fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", self.host_field(), self.resource_name)
    }
}

/// Does not show the query, which may be a secret.
impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.resource_name.split('?').next().unwrap_or_default();
        let scheme = if self.secure { "wss" } else { "ws" };
        write!(f, "Uri({scheme}://{}{path})", self.host_field())
    }
}

impl core::str::FromStr for Uri {
    type Err = InvalidUri;

    fn from_str(text: &str) -> Result<Self, InvalidUri> {
        Self::parse(text)
    }
}

/// Parses `host[:port]`; an IPv6 address keeps its brackets.
pub(crate) fn parse_authority(authority: &str) -> Result<(&str, Option<u16>), InvalidUri> {
    let (host_len, port) = measure_authority(authority.as_bytes())?;
    Ok((&authority[..host_len], port))
}

/// The length of the host in `host[:port]`, and the port.
pub(super) fn measure_authority(authority: &[u8]) -> Result<(usize, Option<u16>), InvalidUri> {
    // Most hosts are a name without a port.
    if !authority.is_empty() && classes::are(authority, classes::HOST) {
        return Ok((authority.len(), None));
    }
    // The last colon: an IPv6 address without brackets is not a host. Colons before the closing
    // bracket are part of the address.
    let last = authority.iter().rposition(|b| matches!(b, b':' | b']')).unwrap_or(authority.len());
    let (host, port) = if authority[last..].starts_with(b":") {
        authority.split_at(last)
    } else {
        (authority, &[][..])
    };
    let is_host = match host.strip_prefix(b"[") {
        Some(address) => {
            let address =
                address.strip_suffix(b"]").and_then(|address| str::from_utf8(address).ok());
            address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
        }
        // An IPv4 address has the same characters.
        None => !host.is_empty() && is_made_of(host, classes::HOST),
    };
    if !is_host {
        return Err(InvalidUri::Host);
    }
    // RFC 3986 §3.2.3: *DIGIT, so "host:" has no port
    let port = match port.strip_prefix(b":") {
        None | Some(b"") => None,
        Some(digits) if digits.iter().all(u8::is_ascii_digit) => {
            let digits = str::from_utf8(digits).map_err(|_| InvalidUri::Port)?;
            Some(digits.parse().map_err(|_| InvalidUri::Port)?)
        }
        Some(_) => return Err(InvalidUri::Port),
    };
    Ok((host.len(), port))
}

/// Whether text has only bytes of a class and percent-encoded bytes.
fn is_made_of(text: &[u8], class: u8) -> bool {
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        let ok = match byte {
            b'%' => {
                let mut is_hex = || bytes.next().is_some_and(|b| b.is_ascii_hexdigit());
                is_hex() && is_hex()
            }
            byte => classes::is(byte, class),
        };
        if !ok {
            return false;
        }
    }
    true
}

/// The address of a WebSocket server is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidUri {
    /// Neither `ws://` nor `wss://`.
    Scheme,
    /// No valid host: a name in ASCII, an IPv4 address, or an IPv6 address in brackets.
    Host,
    /// A port that is not one of 1–65535.
    Port,
    /// A user name, which would not be sent.
    UserInfo,
    /// A fragment (§3).
    Fragment,
    /// Characters in the path or query that must be percent-encoded.
    Path,
}

impl fmt::Display for InvalidUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => {
                "the address does not begin with ws:// or wss://; write ws:// for http://, and \
                 wss:// for https://"
            }
            Self::Host => "the address has no valid host; use punycode, and IPv6 in brackets",
            Self::Port => "the port is not a number from 1 to 65535",
            Self::UserInfo => "the address has a user name; send an Authorization header field",
            Self::Fragment => "the address has a fragment; write # as %23",
            Self::Path => "the path or query has characters that must be percent-encoded",
        })
    }
}

impl error::Error for InvalidUri {}
