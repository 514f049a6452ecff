//! The settings of a client: how it gets from a URL to a stream.

use crate::adapter::Options;

/// How a client connects: options of the connection, and the way to the server. `A` is the adapter:
/// see [`blocking::Connector`](crate::blocking::Connector) and those of the other adapters.
///
/// A connector is cheap to clone, and can be used for any number of connections.
#[derive(Clone, Debug)]
pub struct Connector<A> {
    pub(super) options: Options<A>,
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
