//! Where a client connects to: what the host of a URI stands for.

use std::boxed::Box;
use std::net::{IpAddr, SocketAddr};
#[cfg(unix)]
use std::path::Path;
use std::pin::Pin;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;
use std::{fmt, io};

/// What the host of a URI stands for.
#[derive(Clone, Debug, Default)]
pub(super) enum Destination {
    /// The addresses that the system's resolver finds.
    #[default]
    System,
    Resolver(Resolver),
    Addresses(Arc<[SocketAddr]>),
    #[cfg(unix)]
    Unix(Arc<Path>),
}

impl Destination {
    /// The addresses of a host, if no resolver is needed to find them.
    pub(super) fn addresses(&self, host: &str, port: u16) -> Option<Vec<SocketAddr>> {
        match self {
            Self::Addresses(addresses) => Some(addresses.to_vec()),
            _ => {
                let address: IpAddr = host.parse().ok()?;
                Some([SocketAddr::new(address, port)].to_vec())
            }
        }
    }

    /// The application's resolver. The system resolves an IPv6 address with the name of a zone.
    pub(super) fn resolver(&self, host: &str) -> Option<&Resolver> {
        match self {
            Self::Resolver(resolver) if !host.contains('%') => Some(resolver),
            _ => None,
        }
    }
}

/// The addresses of a host, being looked up.
pub(super) type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// A function that looks up the addresses of a host. That of a blocking adapter is ready at its
/// first poll.
#[derive(Clone)]
pub(super) struct Resolver(Arc<dyn Fn(String, u16) -> Resolving + Send + Sync>);

impl Resolver {
    pub(super) fn new<F>(resolve: impl Fn(String, u16) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        Self(Arc::new(move |host, port| Box::pin(resolve(host, port))))
    }

    pub(super) fn resolve(&self, host: String, port: u16) -> Resolving {
        (self.0)(host, port)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}
