//! The settings of a client: how it gets from a URL to a stream.

use crate::adapter::Options;

/// How a client connects: options of the connection, and the way to the server. `A` is the adapter:
/// see [`blocking::Connector`](crate::blocking::Connector) and those of the other adapters.
///
/// A connector is cheap to clone, and can be used for any number of connections.
#[derive(Clone, Debug)]
pub struct Connector<A> {
    pub(super) options: Options<A>,
    #[cfg(feature = "rustls")]
    pub(super) tls: super::tls::Tls,
}

impl<A> Connector<A> {
    /// The defaults: [`Options::new`], and the addresses that the system's resolver finds.
    #[must_use]
    pub fn new() -> Self {
        Self {
            options: Options::new(),
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
