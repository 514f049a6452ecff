//! The target of a request: RFC 9112 §3.2.

use super::authority::parse_authority;

/// The schemes that name a WebSocket server in a request: those of the opening handshake, and
/// those of the URI (RFC 6455 §3).
const SCHEMES: [&str; 4] = ["http", "https", "ws", "wss"];

/// Whether this is the target of an opening handshake: a path, or a URL of one of [`SCHEMES`].
pub(crate) fn is_valid(target: &str) -> bool {
    if !has_valid_characters(target) {
        return false;
    }
    match (authority(target), target.split_once("://")) {
        (Some(authority), Some((scheme, _))) => is_url_of_server(scheme, authority),
        _ => target.starts_with('/'),
    }
}

/// Whether all characters may be in a target.
pub(crate) fn has_valid_characters(target: &str) -> bool {
    // httparse accepts bytes above 0x7F; a fragment is not allowed (RFC 6455 §3, RFC 9112 §3.2).
    target.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
}

/// Whether a URL with this scheme and authority is one of a WebSocket server.
pub(crate) fn is_url_of_server(scheme: &str, authority: &str) -> bool {
    let is_scheme = |known: &&str| scheme.eq_ignore_ascii_case(known);
    SCHEMES.iter().any(is_scheme) && parse_authority(authority).is_ok()
}

/// The `host[:port]` of a target in absolute form, which need not be valid.
pub(super) fn authority(target: &str) -> Option<&str> {
    Some(split_absolute(target)?.0)
}

/// The path and the query of a target. The path may be empty after an authority.
pub(super) fn resource_name(target: &str) -> &str {
    split_absolute(target).map_or(target, |(_, resource_name)| resource_name)
}

fn split_absolute(target: &str) -> Option<(&str, &str)> {
    // Most targets are a path.
    if target.starts_with('/') {
        return None;
    }
    let (_, rest) = target.split_once("://")?;
    Some(rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())))
}
