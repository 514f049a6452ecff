//! A tunnel through a proxy with the deadline of the opening handshake, without I/O: RFC 6455 §4.1.

use core::time::Duration;

use bytes::{Buf, Bytes};

use super::opening::{DoneWhen, Exchange};
use super::side::{Handshake, Sealed};
use crate::proxy::{ProxyError, Tunnel};
use crate::timing::Timeouts;

impl Exchange<Tunnel> {
    /// Asks a proxy for a tunnel. `started` is when connecting to the proxy began: the tunnel and
    /// the opening handshake share one deadline.
    #[must_use]
    pub fn tunnel(tunnel: Tunnel, timeouts: Timeouts, started: Duration) -> Self {
        Self::start(tunnel, timeouts.into(), started, DoneWhen::Received)
    }

    /// Returns the tunnel's first bytes once it is open: see [`Tunnel::receive`].
    ///
    /// # Errors
    ///
    /// [`ProxyError`] if there is no tunnel.
    pub fn receive(&mut self) -> Result<Option<Bytes>, ProxyError> {
        self.handshake.receive()
    }

    /// Returns the proxy's refusal, if its head has arrived, with the part of the body that is
    /// there: for a caller that waits no longer. It says more than an error of the stream.
    pub fn refusal(&mut self) -> Option<ProxyError> {
        let refused = self.receive().err().or_else(|| {
            self.handshake.skip_body();
            self.receive().err()
        });
        refused.filter(|error| matches!(error, ProxyError::Refused(_)))
    }
}

impl Handshake for Tunnel {}

impl Sealed for Tunnel {
    fn output(&mut self) -> Option<&mut dyn Buf> {
        Some(Self::output(self))
    }

    fn received(&mut self, bytes: &[u8]) {
        Self::received(self, bytes);
    }

    fn end_input(&mut self) {
        Self::end_input(self);
    }

    fn waits_for_body(&self) -> bool {
        Self::refusal(self).is_some()
    }

    fn skip_body(&mut self) {
        Self::skip_body(self);
    }
}
