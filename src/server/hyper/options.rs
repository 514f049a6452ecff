//! The options of upgrades, and a request that can be upgraded.

use std::sync::Arc;

use http::Response;

use super::on_upgrade::OnUpgrade;
use super::upgraded::Pending;
use crate::connection::Config;
use crate::handshake::{AcceptOptions, Guard, HttpResponse, RequestError};
use crate::server::http::UpgradeRequest;
use crate::server::rejection::Rejection;
use crate::session::{Backpressure, trace};
use crate::timing::Timeouts;

/// The options of upgrades. Keep one value for a service: a clone shares the guard.
///
/// ```
/// use std::time::Duration;
///
/// use sansocket::hyper::Options;
/// use sansocket::{Config, Guard, Timeouts};
///
/// let options = Options::new()
///     .config(Config::new().max_message_size(64 * 1024))
///     .timeouts(Timeouts { idle: Some(Duration::from_secs(600)), ..Timeouts::default() })
///     .guard(Guard::hosts(["chat.example.com"])?.origin("https://www.example.com")?);
/// # Ok::<(), sansocket::InvalidGuard>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) connection: crate::client::tokio::Options,
    config: Config,
    guard: Option<Arc<Guard>>,
    /// Whether the application has set no guard.
    is_guard_default: bool,
}

impl Options {
    /// The defaults: [`Config::new`], [`Timeouts::default`], [`Backpressure::default`], and a guard
    /// with the names of the loopback interface.
    #[must_use]
    pub fn new() -> Self {
        Self {
            connection: crate::client::tokio::Options::new(),
            config: Config::new(),
            guard: Some(Arc::new(Guard::loopback())),
            is_guard_default: true,
        }
    }

    /// Sets the limits and protocol options of the connections. Default: [`Config::new`].
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    #[cfg(feature = "axum")]
    pub(in crate::server) fn map_config(mut self, change: impl FnOnce(Config) -> Config) -> Self {
        self.config = change(self.config);
        self
    }

    /// Sets timeouts and keep-alive. Default: [`Timeouts::default`]. [`Timeouts::handshake`] is the
    /// time from [`Upgrade::accept`] until the HTTP server has sent the response.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.connection = self.connection.timeouts(timeouts);
        self
    }

    /// Sets the bounds of the output, and the policy for messages above them. Default:
    /// [`Backpressure::default`].
    #[must_use]
    pub fn backpressure(mut self, backpressure: Backpressure) -> Self {
        self.connection = self.connection.backpressure(backpressure);
        self
    }

    /// Sets the hosts and origins that the server accepts. The names of the loopback interface are
    /// added to them. Default: these names only, so a server that has others must list them. A
    /// request that the default refuses is logged at level WARN, with feature `tracing`.
    #[must_use]
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guard = Some(Arc::new(guard.and_loopback()));
        self.is_guard_default = false;
        self
    }

    /// Accepts every host and every origin, and so gives up the protection from pages of other
    /// servers and from DNS rebinding: any page that a user of the server visits can connect, with
    /// the user's cookies. For servers that check the host and the origin elsewhere.
    #[must_use]
    pub fn allow_every_host_and_origin(mut self) -> Self {
        self.guard = None;
        self
    }

    /// Checks a request, and takes its upgrade.
    ///
    /// # Errors
    ///
    /// [`Rejection`]: respond with its [`into_response`](Rejection::into_response). It has status
    /// - 426, with the request unchanged, if that is plain HTTP
    ///   ([`RequestError::NotWebSocket`]), for a service that answers these too;
    /// - 400, 405 or 501 if it is not a valid opening handshake;
    /// - 421 or 403 if the guard does not know the host or the origin;
    /// - 500 if the HTTP server does not upgrade ([`RequestError::NotUpgradable`]).
    pub fn upgrade<B>(&self, request: &mut http::Request<B>) -> Result<Upgrade, Rejection> {
        // `accept_with` replaces the configuration by that of these options.
        let opening = UpgradeRequest::new(Config::new(), request)?;
        let upgrade = Upgrade::take(self.clone(), opening, request.extensions_mut())?;
        upgrade.check()?;
        Ok(upgrade)
    }
}

/// Checks a request, takes its upgrade and accepts it, with the default [`Options`]: for a server
/// with the names of the loopback interface, and no subprotocol.
///
/// # Errors
///
/// As [`Options::upgrade`].
pub fn upgrade<B, R: Default>(
    request: &mut http::Request<B>,
) -> Result<(Response<R>, OnUpgrade), Rejection> {
    Ok(Options::new().upgrade(request)?.accept())
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

/// An opening handshake that has not been answered. If it is dropped, the HTTP server sends
/// the response that the service returns.
#[derive(Debug)]
pub struct Upgrade {
    options: Options,
    request: UpgradeRequest,
    upgrade: Pending,
}

impl Upgrade {
    pub(in crate::server) fn take(
        options: Options,
        request: UpgradeRequest,
        extensions: &mut http::Extensions,
    ) -> Result<Self, Rejection> {
        match Pending::take(extensions) {
            Some(upgrade) => Ok(Self { options, request, upgrade }),
            None => Err(request.reject_for(RequestError::NotUpgradable)),
        }
    }

    /// Checks the host and the origin.
    pub(in crate::server) fn check(&self) -> Result<(), Rejection> {
        let Some(guard) = self.options.guard.as_deref() else { return Ok(()) };
        self.request.check_with(guard).inspect_err(|rejection| {
            if self.options.is_guard_default {
                trace::refused_by_default_guard(rejection.status().as_u16());
            }
        })
    }

    /// Returns the client's request.
    #[must_use]
    pub fn request(&self) -> &UpgradeRequest {
        &self.request
    }

    #[cfg(feature = "axum")]
    pub(in crate::server) fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }

    /// Accepts. Return the response, whose body is empty, from the service, and await the
    /// connection in a task of its own: the future is ready when the HTTP server has sent the
    /// response.
    pub fn accept<B: Default>(self) -> (Response<B>, OnUpgrade) {
        self.accept_with(&AcceptOptions::new())
    }

    /// Accepts with a subprotocol or header fields: see [`accept`](Self::accept).
    pub fn accept_with<B: Default>(mut self, accept: &AcceptOptions) -> (Response<B>, OnUpgrade) {
        self.request.set_config(self.options.config);
        let path = self.request.path();
        // `Options::upgrade` or the extractor has checked the host and the origin.
        let request = self.request.allow_every_host_and_origin();
        let (connection, response) = request.accept_with(accept);
        let on_upgrade = OnUpgrade::new(self.upgrade, self.options.connection, connection, path);
        (response.map(|()| B::default()), on_upgrade)
    }

    /// Rejects with a response of the application.
    #[must_use]
    pub fn reject(self, response: &HttpResponse) -> Rejection {
        self.request.reject(response)
    }
}
