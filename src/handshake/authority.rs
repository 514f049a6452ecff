//! Hosts and ports: RFC 3986 §3.2, RFC 6874 for zones, UTS #46 for names that are not ASCII.

use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::string::String;
use core::net::Ipv6Addr;
use core::str;

use super::classes;
use super::invalid_uri::InvalidUri;
use super::percent;

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
        None => !host.is_empty() && percent::is_made_of(host, classes::HOST),
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

/// Parses the `host[:port]` of a server's address. The host is what a resolver takes: an IPv6
/// address has no brackets, but may have a zone, such as `fe80::1%eth0`.
pub(super) fn parse_server(authority: &str) -> Result<(String, Option<u16>), InvalidUri> {
    let (authority, zone) = split_zone(authority)?;
    let authority = to_ascii(authority)?;
    let (host, port) = parse_authority(&authority)?;
    let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) else {
        return Ok((host.to_owned(), port));
    };
    let host = match zone {
        None => address.to_owned(),
        // RFC 6874 §4: "implementations MUST NOT allow use of this format except for well-defined
        // usages, such as sending to link-local addresses under prefix fe80::/10"
        Some(zone) => match address.parse::<Ipv6Addr>() {
            Ok(parsed) if parsed.is_unicast_link_local() => format!("{address}%{zone}"),
            _ => return Err(InvalidUri::Host),
        },
    };
    Ok((host, port))
}

/// Takes the zone out of `[address%25zone]:port`.
fn split_zone(authority: &str) -> Result<(Cow<'_, str>, Option<String>), InvalidUri> {
    // RFC 6874 §2: "IPv6addrz = IPv6address "%25" ZoneID"
    let parts = authority.split_once("%25").filter(|_| authority.starts_with('['));
    let Some((address, rest)) = parts else { return Ok((Cow::Borrowed(authority), None)) };
    let (zone, port) = rest.split_once(']').ok_or(InvalidUri::Host)?;
    let is_zone = !zone.is_empty() && percent::is_made_of(zone.as_bytes(), classes::HOST);
    let decoded = percent::decode(zone).filter(|_| is_zone);
    // Nothing that a resolver, or a message to a user, could take for something else.
    let is_name = |zone: &String| zone.bytes().all(|byte| byte.is_ascii_graphic());
    let zone = decoded.filter(is_name).ok_or(InvalidUri::Host)?;
    Ok((format!("{address}]{port}").into(), Some(zone)))
}

/// The name of a server in ASCII (punycode), as browsers make it of one that is not.
#[cfg(feature = "idna")]
fn to_ascii(authority: Cow<'_, str>) -> Result<Cow<'_, str>, InvalidUri> {
    let at = authority.find(':').unwrap_or(authority.len());
    let (host, port) = authority.split_at(at);
    if host.is_ascii() {
        return Ok(authority);
    }
    let host = idna::domain_to_ascii_cow(host.as_bytes(), idna::AsciiDenyList::URL);
    let host = host.map_err(|_| InvalidUri::Host)?;
    Ok(format!("{host}{port}").into())
}

#[cfg(not(feature = "idna"))]
#[expect(clippy::unnecessary_wraps, reason = "the feature `idna` has errors")]
fn to_ascii(authority: Cow<'_, str>) -> Result<Cow<'_, str>, InvalidUri> {
    Ok(authority)
}
