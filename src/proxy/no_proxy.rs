//! Hosts that are connected to without a proxy: `NO_PROXY` by curl's rules, with ports.
//!
//! Entries are separated by commas or white space.
//!
//! | entry                                          | hosts                                        |
//! |------------------------------------------------|----------------------------------------------|
//! | `*`                                            | all                                          |
//! | `example.com`, `.example.com`, `*.example.com` | that name, and all names that end with `.example.com` |
//! | `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`    | that address                                 |
//! | `192.0.2.0/24`, `2001:db8::/32`                | the addresses with that prefix               |
//! | any of the first three with `:port`            | the same, on that port; IPv6 in brackets     |
//! | any other                                      | none                                         |
//!
//! Names are compared in any case, and a dot at their end makes no difference. A host that is an IP
//! address is compared with addresses only, and a name with names only: it is not resolved.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

/// The entries of a list.
#[derive(Clone, Debug, Default)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Hosts {
    All,
    /// A name without the dot before it: the name, and names below it.
    Name(String),
    /// Addresses that begin with so many bits of this one.
    Network(IpAddr, u32),
}

impl NoProxy {
    pub(super) fn parse(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_ascii_whitespace());
        Self(entries.filter_map(Entry::parse).collect())
    }

    /// Whether a host is in the list. An IPv6 address has no brackets.
    pub(super) fn contains(&self, host: &str, port: u16) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let address = host.parse().ok();
        let is_host = |entry: &Entry| match (&entry.hosts, address) {
            (Hosts::All, _) => true,
            (Hosts::Name(name), None) => is_below(host, name),
            (Hosts::Network(network, bits), Some(address)) => is_in(address, *network, *bits),
            (Hosts::Name(_), Some(_)) | (Hosts::Network(..), None) => false,
        };
        self.0.iter().any(|entry| is_host(entry) && entry.port.is_none_or(|other| other == port))
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self { hosts: Hosts::Network(address, u32::MAX), port: None });
        }
        if let Some((network, bits)) = text.split_once('/') {
            let (network, bits) = (network.parse().ok()?, bits.parse().ok()?);
            let max = if matches!(network, IpAddr::V4(_)) { 32 } else { 128 };
            let hosts = Hosts::Network(network, bits);
            return (bits <= max).then_some(Self { hosts, port: None });
        }
        // Colons before the closing bracket are part of the address.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
            _ => (text, None),
        };
        let hosts = if host == "*" {
            Hosts::All
        } else if let Some(address) = host.strip_prefix('[') {
            Hosts::Network(IpAddr::V6(address.strip_suffix(']')?.parse().ok()?), u32::MAX)
        } else if let Ok(address) = host.parse() {
            Hosts::Network(IpAddr::V4(address), u32::MAX)
        } else {
            let name = host.strip_prefix('*').filter(|name| name.starts_with('.')).unwrap_or(host);
            let name = name.strip_prefix('.').unwrap_or(name);
            let name = name.strip_suffix('.').unwrap_or(name);
            if name.is_empty() {
                return None;
            }
            Hosts::Name(name.into())
        };
        Some(Self { hosts, port })
    }
}

/// Whether a name is this one, or ends with a dot and this one.
fn is_below(host: &str, name: &str) -> bool {
    let Some(start) = host.len().checked_sub(name.len()) else { return false };
    let (before, end) = host.as_bytes().split_at(start);
    end.eq_ignore_ascii_case(name.as_bytes()) && matches!(before.last(), None | Some(b'.'))
}

/// Whether the first bits of both addresses are equal.
fn is_in(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differ = address.to_bits() ^ network.to_bits();
            differ.leading_zeros() >= bits.min(32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differ = address.to_bits() ^ network.to_bits();
            differ.leading_zeros() >= bits.min(128)
        }
        _ => false,
    }
}
