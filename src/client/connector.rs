//! The settings of a client: how it gets from a URL to a stream.

use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
use std::vec::Vec;

use super::connecting::{Connecting, Remote, Turn};
use super::destination::Destination;
use super::sockets::SocketOptions;
use crate::adapter::Options;
use crate::proxy::Proxies;

/// How a client connects: options of the connection, and the way to the server. `A` is the adapter:
/// see [`blocking::Connector`](crate::blocking::Connector) and those of the other adapters.
///
/// A connector is cheap to clone, and can be used for any number of connections.
///
/// # Addresses
///
/// The addresses of a host are tried as RFC 8305 says: IPv6 and IPv4 take turns, in the order of
/// the resolver. The next attempt starts when one fails, or 250 ms after the latest one started.
/// The first that connects is used, and the sockets of the others are closed.
///
/// If there are so many addresses that half of [`Timeouts::handshake`](crate::Timeouts::handshake)
/// would not do for all, attempts start more often, at most every 10 ms. At most 64 addresses are
/// tried.
#[derive(Clone, Debug)]
pub struct Connector<A> {
    pub(super) options: Options<A>,
    pub(super) destination: Destination,
    pub(super) socket: SocketOptions,
    pub(super) connecting: Option<Arc<Connecting>>,
    pub(super) proxies: Proxies,
    pub(super) redirects: usize,
    #[cfg(feature = "rustls")]
    pub(super) tls: super::tls::Tls,
}

impl<A> Connector<A> {
    /// The defaults: [`Options::new`], the addresses that the system's resolver finds, and no
    /// redirects.
    #[must_use]
    pub fn new() -> Self {
        Self {
            options: Options::new(),
            destination: Destination::default(),
            socket: SocketOptions::default(),
            connecting: None,
            proxies: Proxies::default(),
            redirects: 0,
            #[cfg(feature = "rustls")]
            tls: super::tls::Tls::default(),
        }
    }

    /// Limits, timeouts and bounds of the connections.
    /// [`Timeouts::handshake`](crate::Timeouts::handshake) covers all steps of connecting.
    #[must_use]
    pub fn options(mut self, options: Options<A>) -> Self {
        self.options = options;
        self
    }

    /// Follows at most so many redirects, each on a new stream and all within
    /// [`Timeouts::handshake`](crate::Timeouts::handshake). Default: 0, which makes a redirect an
    /// [`UnexpectedStatus`](crate::ResponseError::UnexpectedStatus); other clients follow up to
    /// 5–20.
    ///
    /// [`Redirects`](crate::Redirects) has the rules: never from `wss:` to `ws:`, and no
    /// credentials for another origin. [`Response::redirects`](crate::Response::redirects) has the
    /// address that answered. A server that is not trusted can redirect to any address that this
    /// machine reaches, for example of a private network.
    #[must_use]
    pub fn redirects(mut self, limit: usize) -> Self {
        self.redirects = limit;
        self
    }

    /// Connects to these addresses, whatever the host and the port of the URI. There is no
    /// resolver. The URI's host is still the one of the `Host` field and of the certificate.
    ///
    /// Replaces a resolver and a Unix socket.
    #[must_use]
    pub fn addresses(mut self, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.destination = Destination::Addresses(addresses.into_iter().collect());
        self
    }

    /// Connects to a Unix socket, whatever the host and the port of the URI. The URI's host is
    /// still the one of the `Host` field and of the certificate.
    ///
    /// Replaces a resolver and fixed addresses.
    #[cfg(unix)]
    #[must_use]
    pub fn unix_socket(mut self, path: impl AsRef<Path>) -> Self {
        self.destination = Destination::Unix(path.as_ref().into());
        self
    }

    /// Connects through a proxy, by HTTP CONNECT or SOCKS5: a [`Proxy`](crate::proxy::Proxy) for
    /// all servers, or the [`Proxies`] that
    /// [`from_env`](Proxies::from_env) finds. Default: none, whatever the environment says.
    ///
    /// A resolver, fixed addresses and a Unix socket are then those of the proxy; a `socks5://`
    /// proxy is asked for an IP address, which the resolver finds too. The TLS settings are those
    /// of an `https://` proxy and of the server behind it; a failure of TLS with the proxy is
    /// [`Error::ProxyTls`](crate::Error::ProxyTls).
    ///
    /// ```no_run
    /// use sansocket::blocking::Connector;
    /// use sansocket::proxy::{Proxies, Proxy};
    ///
    /// let connector = Connector::new().proxy(Proxy::parse("socks5h://127.0.0.1:1080")?);
    /// let by_environment = Connector::new().proxy(Proxies::from_env()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn proxy(mut self, proxies: impl Into<Proxies>) -> Self {
        self.proxies = proxies.into();
        self
    }

    /// Whether to set `TCP_NODELAY`, which is the default. Without it, a small message may wait
    /// until the peer has acknowledged the one before: 40 ms on Linux.
    #[must_use]
    pub const fn nodelay(mut self, nodelay: bool) -> Self {
        self.socket.nodelay = nodelay;
        self
    }

    /// Whether at most one connection to an IP address and port is opened at a time, among all
    /// clones of this connector. The others wait, first come first served, and each wait counts
    /// against its own [`Timeouts::handshake`](crate::Timeouts::handshake). Where the addresses of
    /// the host are unknown, as with a Unix socket, the host's name is used instead, and at most 16
    /// such connections are opened at a time.
    ///
    /// RFC 6455 §4.1 requires this, so that a page can't make a browser flood a server with opening
    /// handshakes. Off by default: an application with many connections to one server opens them
    /// faster without, and a server that accepts slowly would delay all of them.
    #[must_use]
    pub fn one_connecting_per_host(mut self, serialize: bool) -> Self {
        self.connecting = serialize.then(|| self.connecting.unwrap_or_default());
        self
    }

    /// A place in the queue for the state CONNECTING, if there is a queue.
    pub(super) fn turn(&self, remotes: impl FnOnce() -> Vec<Remote>) -> Option<Turn> {
        let connecting = self.connecting.as_ref()?;
        Some(Turn::new(connecting, remotes()))
    }
}

#[cfg(feature = "socket2")]
impl<A> Connector<A> {
    /// The local IP address of the connections. Addresses of the other family are not connected to.
    #[must_use]
    pub const fn local_address(mut self, address: std::net::IpAddr) -> Self {
        self.socket.local_address = Some(address);
        self
    }

    /// The network interface of the connections, for example `eth0` (`SO_BINDTODEVICE`). Only on
    /// Linux and Android.
    #[cfg(any(target_os = "android", target_os = "linux"))]
    #[must_use]
    pub fn interface(mut self, name: impl Into<std::string::String>) -> Self {
        self.socket.interface = Some(name.into());
        self
    }

    /// Makes TCP send probes: the first after `idle` without bytes, the next ones `interval` apart,
    /// both in whole seconds, from 1 s to 32,767 s (9 hours): values beyond are those. How many go
    /// unanswered before the connection is lost is the system's setting (Linux: 9). Off by default:
    /// a connection sends pings ([`Timeouts::ping`](crate::Timeouts::ping)), which also find out
    /// whether the server's program still answers.
    ///
    /// OpenBSD has no such times for a single socket; some other systems have no `interval`.
    #[must_use]
    pub const fn tcp_keepalive(
        mut self,
        idle: std::time::Duration,
        interval: std::time::Duration,
    ) -> Self {
        self.socket.keepalive = Some(super::sockets::KeepAlive { idle, interval });
        self
    }
}

#[cfg(feature = "rustls")]
impl<A> Connector<A> {
    /// The TLS settings for `wss:` URIs. Default: [`Tls::platform`](crate::tls::Tls::platform).
    ///
    /// A rustls (0.23) `ClientConfig`, also in an `Arc`, can be passed as it is.
    #[must_use]
    pub fn tls(mut self, tls: impl Into<super::tls::Tls>) -> Self {
        self.tls = tls.into();
        self
    }
}

impl<A> Default for Connector<A> {
    fn default() -> Self {
        Self::new()
    }
}
