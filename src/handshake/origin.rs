//! Origins: RFC 6455 §10.2, RFC 6454 §6.2.
//!
//! Browsers let any page connect to any server, and send the user's cookies. Only the server can
//! reject a page that is not its own.

use super::authority::parse_authority;

/// An origin as browsers send it: `scheme://host[:port]`, without a path.
pub(super) struct Origin<'a> {
    pub(super) scheme: &'a str,
    pub(super) host: &'a str,
    /// Without one, the default of the scheme, if that is `http` or `https`.
    pub(super) port: Option<u16>,
}

impl<'a> Origin<'a> {
    /// `None` for any other text, for example `null`.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let (host, port) = parse_authority(authority).ok()?;
        Some(Self { scheme, host, port: port.or(default_port(scheme)) })
    }
}

pub(super) fn default_port(scheme: &str) -> Option<u16> {
    if scheme.eq_ignore_ascii_case("http") {
        Some(80)
    } else if scheme.eq_ignore_ascii_case("https") {
        Some(443)
    } else {
        None
    }
}

/// Whether the schemes, hosts and ports of two origins are equal. Their text is not compared.
pub(super) fn is_same(a: &str, b: &str) -> bool {
    let (Some(a), Some(b)) = (Origin::parse(a), Origin::parse(b)) else { return false };
    a.scheme.eq_ignore_ascii_case(b.scheme)
        && a.host.eq_ignore_ascii_case(b.host)
        && a.port == b.port
}

/// Whether an origin is on a host, given as `host[:port]`. Without a port, that means the default
/// port of the origin's scheme, because it is unknown whether the server uses TLS. The scheme must
/// be `http` or `https`: an app's `tauri://localhost` is on no host.
pub(super) fn is_on_host(origin: &str, host: &str) -> bool {
    let Some(origin) = Origin::parse(origin) else { return false };
    let Some(default_port) = default_port(origin.scheme) else { return false };
    let Ok((host, port)) = parse_authority(host) else { return false };
    origin.host.eq_ignore_ascii_case(host) && origin.port == port.or(Some(default_port))
}
