//! Options for opening connections, the same in every adapter.

use std::marker::PhantomData;
use std::sync::Arc;

use super::incoming::Opening;
use crate::connection::Config;
use crate::handshake::Guard;
use crate::session::Backpressure;
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
    pub(super) timeouts: SharedTimeouts,
    backpressure: Backpressure,
    guard: Option<Arc<Guard>>,
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

    /// Begins the opening handshake on a stream, with this configuration of the connection.
    pub(super) fn start<T>(&self, transport: T) -> (Opening<T>, Config) {
        let (timeouts, backpressure) = (self.timeouts.clone(), self.backpressure);
        let guard = self.guard.clone();
        (Opening { transport, timeouts, backpressure, guard }, self.config.clone())
    }
}

impl<A> Default for Options<A> {
    fn default() -> Self {
        Self::new()
    }
}
