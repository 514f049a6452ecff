//! The error of a host of which no address could be connected to.

use std::boxed::Box;
use std::net::SocketAddr;
use std::string::String;
use std::vec::Vec;
use std::{error, fmt, io};

/// How many addresses the text of the error has.
const SHOWN: usize = 4;

/// No address of a host could be connected to: the host has none, every attempt failed, or the time
/// was over before. The text names up to four addresses with their errors.
#[derive(Debug)]
pub struct ConnectError {
    // In a box, so that results of other calls are not larger for it.
    failed: Box<Failed>,
}

#[derive(Debug)]
struct Failed {
    host: String,
    is_proxy: bool,
    failures: Vec<(SocketAddr, io::Error)>,
}

impl ConnectError {
    pub(crate) fn new(
        host: String,
        is_proxy: bool,
        failures: Vec<(SocketAddr, io::Error)>,
    ) -> Self {
        Self { failed: Box::new(Failed { host, is_proxy, failures }) }
    }

    /// The host, as the URI has it; of a connection through a proxy, that of the proxy.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.failed.host
    }

    /// Every address that was tried, at most 64, with its error, in the order of the failures. An
    /// attempt that had no result when [`Timeouts::handshake`](crate::Timeouts::handshake) was over
    /// is [`TimedOut`](io::ErrorKind::TimedOut), after those that had failed. Empty if the host has
    /// no address.
    #[must_use]
    pub fn failures(&self) -> &[(SocketAddr, io::Error)] {
        &self.failed.failures
    }

    /// The kind of the last failure.
    pub(super) fn kind(&self) -> io::ErrorKind {
        let last = self.failures().last();
        last.map_or(io::ErrorKind::NotFound, |(_, error)| error.kind())
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, failures) = (self.host(), self.failures());
        let what = if self.failed.is_proxy { "proxy" } else { "host" };
        if failures.is_empty() {
            return write!(f, "the {what} {host} has no address; check its name");
        }
        write!(f, "no address of the {what} {host} could be connected to: ")?;
        for (at, (address, error)) in failures.iter().take(SHOWN).enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{address} ({error})")?;
        }
        match failures.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, ", and {more} more"),
        }
    }
}

impl error::Error for ConnectError {}
