//! Who let the browser connect: RFC 6455 §10.2, RFC 6454 §6.2.
//!
//! Browsers let any page connect to any server and send the user's cookies along; only the server
//! can tell that the page is not its own.

use super::uri::parse_authority;

/// An origin as browsers write it: `scheme://host[:port]`, and nothing after it.
struct Origin<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Origin<'a> {
    /// `None` for what is not the origin of a page with an address: `null` for example.
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let (host, port) = parse_authority(authority).ok()?;
        Some(Self { scheme, host, port: port.or(default_port(scheme)) })
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    if scheme.eq_ignore_ascii_case("http") {
        Some(80)
    } else if scheme.eq_ignore_ascii_case("https") {
        Some(443)
    } else {
        None
    }
}

/// Whether two origins are the same: scheme, host and port, as parsed. Never by a part of their
/// text.
pub(super) fn is_same(a: &str, b: &str) -> bool {
    let (Some(a), Some(b)) = (Origin::parse(a), Origin::parse(b)) else { return false };
    a.scheme.eq_ignore_ascii_case(b.scheme)
        && a.host.eq_ignore_ascii_case(b.host)
        && a.port == b.port
}

/// Whether an origin is on the host and port that a `Host` header field names. A port that is not
/// named is the default one of the origin's scheme, since nothing else tells here whether the
/// server is behind TLS. Only pages of the web are on a host: an app's `tauri://localhost` is on
/// nobody's.
pub(super) fn is_on_host(origin: &str, host: &str) -> bool {
    let Some(origin) = Origin::parse(origin) else { return false };
    let Some(default_port) = default_port(origin.scheme) else { return false };
    let Ok((host, port)) = parse_authority(host) else { return false };
    origin.host.eq_ignore_ascii_case(host) && origin.port == port.or(Some(default_port))
}
