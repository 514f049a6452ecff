//! The settings of a client: how it gets from a URL to a stream.

use crate::adapter::Options;

/// How a client connects: options of the connection, and the way to the server. `A` is the adapter:
/// see [`blocking::Connector`](crate::blocking::Connector) and those of the other adapters.
///
/// A connector is cheap to clone, and can be used for any number of connections.
#[derive(Clone, Debug)]
pub struct Connector<A> {
    pub(super) options: Options<A>,
}

impl<A> Connector<A> {
    /// The defaults: [`Options::new`], and the addresses that the system's resolver finds.
    #[must_use]
    pub fn new() -> Self {
        Self { options: Options::new() }
    }

    /// Limits, timeouts and bounds of the connections.
    /// [`Timeouts::handshake`](crate::Timeouts::handshake) covers all steps of connecting.
    #[must_use]
    pub fn options(mut self, options: Options<A>) -> Self {
        self.options = options;
        self
    }
}

impl<A> Default for Connector<A> {
    fn default() -> Self {
        Self::new()
    }
}
