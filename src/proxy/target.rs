//! The server that a proxy connects to: RFC 9112 §3.2.3 (HTTP), RFC 1928 §5 (SOCKS5).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::error::ProxyError;
use crate::handshake::parse_authority;

/// The longest name, in bytes: RFC 1928 §5 has one octet for the length.
const MAX_NAME: usize = 255;

/// A host and a port.
pub(super) struct Target {
    host: Host,
    port: u16,
}

enum Host {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    Name(String),
}

impl Target {
    /// The host is a name, or an IP address with or without brackets.
    pub(super) fn new(host: &str, port: u16) -> Result<Self, ProxyError> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let host = match bare.parse() {
            Ok(IpAddr::V4(address)) => Host::V4(address),
            Ok(IpAddr::V6(address)) => Host::V6(address),
            // No byte of a host can end the request line.
            Err(_) if host.len() <= MAX_NAME && parse_authority(host) == Ok((host, None)) => {
                Host::Name(host.to_owned())
            }
            Err(_) => return Err(ProxyError::Host),
        };
        Ok(Self { host, port })
    }

    /// ATYP, DST.ADDR and DST.PORT of RFC 1928 §4.
    pub(super) fn socks5(&self) -> Vec<u8> {
        let mut address = match &self.host {
            Host::V4(address) => [&[1][..], &address.octets()].concat(),
            Host::V6(address) => [&[4][..], &address.octets()].concat(),
            Host::Name(name) => [&[3, name.len() as u8][..], name.as_bytes()].concat(),
        };
        address.extend_from_slice(&self.port.to_be_bytes());
        address
    }
}

/// RFC 9112 §3.2.3: `authority-form = uri-host ":" port`
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::V4(address) => write!(f, "{address}:{}", self.port),
            Host::V6(address) => write!(f, "[{address}]:{}", self.port),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}
