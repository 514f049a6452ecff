//! Options for opening connections, the same in every adapter.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::incoming::Opening;
use crate::connection::{Config, Entropy, NoEntropy};
use crate::handshake::Guard;
use crate::session::Backpressure;
use crate::session::trace::Trace;
use crate::timing::{SharedTimeouts, Timeouts};

/// How to open connections. `A` is the adapter that opens them: see
/// [`blocking::Options`](crate::blocking::Options) and those of the other adapters.
///
/// ```
/// use std::time::Duration;
///
/// use sansocket::{Backpressure, Config, Timeouts};
///
/// let options = sansocket::blocking::Options::new()
///     .config(Config::new().max_message_size(64 * 1024))
///     .timeouts(Timeouts { idle: Some(Duration::from_secs(60)), ..Timeouts::default() })
///     .backpressure(Backpressure { cork: true, ..Backpressure::default() });
/// ```
#[derive(Clone, Debug)]
pub struct Options<A> {
    config: Config,
    timeouts: SharedTimeouts,
    backpressure: Backpressure,
    guard: Option<Arc<Guard>>,
    seed: Option<Seed>,
    adapter: PhantomData<A>,
}

impl<A> Options<A> {
    /// The defaults: [`Config::new`], [`Timeouts::default`] and [`Backpressure::default`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            config: Config::new(),
            timeouts: SharedTimeouts::default(),
            backpressure: Backpressure::default(),
            guard: None,
            seed: None,
            adapter: PhantomData,
        }
    }

    /// Limits and protocol options of the connections.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Timeouts and keep-alive.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts.into();
        self
    }

    /// Bounds of the output, and what happens to messages above them.
    #[must_use]
    pub fn backpressure(mut self, backpressure: Backpressure) -> Self {
        self.backpressure = backpressure;
        self
    }

    #[cfg(any(feature = "h2", all(feature = "hyper", feature = "testing")))]
    pub(crate) fn connection_config(&self) -> Config {
        self.config.clone()
    }

    /// [`Timeouts::handshake`].
    pub(crate) fn handshake_timeout(&self) -> Option<Duration> {
        self.timeouts.get().handshake
    }

    /// The hosts and origins that a server accepts. A server that browsers reach needs one, above
    /// all on loopback or in a private network. Default: none, so every host and origin is
    /// accepted.
    ///
    /// An opening handshake that the guard refuses is answered with 421 or 403. `accept` and
    /// `receive_request` then return [`RequestError::Guard`](crate::RequestError::Guard). Plain
    /// HTTP requests are not refused, for health checks name other hosts: call [`Guard::check`]
    /// before serving content. A client has no use for it.
    ///
    /// ```
    /// # use sansocket::Guard;
    /// let guard = Guard::hosts(["example.com"])?.origin("https://app.example.com")?;
    /// let options = sansocket::blocking::Options::new().guard(guard);
    /// # Ok::<(), sansocket::InvalidGuard>(())
    /// ```
    #[must_use]
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guard = Some(Arc::new(guard));
        self
    }

    /// Seeds the masking keys of a client, and its `Sec-WebSocket-Key`, so that it sends the same
    /// bytes in every run: for tests and recordings. A key of your own is
    /// [`ClientRequest::websocket_key`](crate::ClientRequest::websocket_key). Default: seeded by
    /// the operating system for each connection. A server has no use for it.
    ///
    /// **Not for production.** All connections of these options have the same masking keys. RFC
    /// 6455 §10.3: "Clients MUST choose a new masking key for each frame, using an algorithm that
    /// cannot be predicted by end applications that provide data": whoever knows the keys can send
    /// bytes through proxies that look like HTTP to them.
    ///
    /// ```
    /// let options = sansocket::blocking::Options::new().entropy_seed([7; 32]);
    /// ```
    #[must_use]
    pub fn entropy_seed(mut self, seed: [u8; 32]) -> Self {
        self.seed = Some(Seed(seed));
        self
    }

    /// The source of a client's masking keys, for one connection.
    pub(crate) fn entropy(&self) -> Result<Entropy, NoEntropy> {
        match &self.seed {
            Some(Seed(seed)) => Ok(Entropy::from_seed(*seed)),
            None => Entropy::from_os(),
        }
    }

    /// Begins the opening handshake on a stream, with this configuration of the connection.
    pub(crate) fn start<T>(&self, transport: T) -> (Opening<T>, Config) {
        let (timeouts, backpressure) = (self.timeouts.clone(), self.backpressure);
        let (guard, trace) = (self.guard.clone(), Trace::default());
        (Opening { transport, timeouts, backpressure, guard, trace }, self.config.clone())
    }
}

/// The seed of masking keys. `Debug` does not show it.
#[derive(Clone)]
struct Seed([u8; 32]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seed").finish_non_exhaustive()
    }
}

impl<A> Default for Options<A> {
    fn default() -> Self {
        Self::new()
    }
}
