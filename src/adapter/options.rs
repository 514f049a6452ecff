//! Options for opening connections, the same in every adapter.

use std::marker::PhantomData;
use std::time::Duration;

use super::incoming::Opening;
use crate::connection::Config;
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
    timeouts: SharedTimeouts,
    backpressure: Backpressure,
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

    /// [`Timeouts::handshake`].
    pub(crate) fn handshake_timeout(&self) -> Option<Duration> {
        self.timeouts.get().handshake
    }

    /// Begins the opening handshake on a stream, with this configuration of the connection.
    pub(crate) fn start<T>(&self, transport: T) -> (Opening<T>, Config) {
        let (timeouts, backpressure) = (self.timeouts.clone(), self.backpressure);
        (Opening { transport, timeouts, backpressure }, self.config.clone())
    }
}

impl<A> Default for Options<A> {
    fn default() -> Self {
        Self::new()
    }
}
