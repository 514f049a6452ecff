//! The extractor: a request with its options, and the functions that accept it.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::HeaderValue;
use http::request::Parts;

use super::socket::WebSocket;
use crate::adapter::Error;
use crate::connection::Config;
#[cfg(feature = "deflate")]
use crate::deflate::Deflate;
use crate::handshake::{AcceptOptions, Guard, InvalidField, Subprotocols};
use crate::server::group::{Group, GroupFull, Member};
use crate::server::http::UpgradeRequest;
use crate::server::hyper::{OnUpgrade, Options, Upgrade};
use crate::server::rejection::Rejection;
use crate::session::{Backpressure, trace};
use crate::timing::Timeouts;

/// Extracts an opening handshake: GET with HTTP/1.1, CONNECT with HTTP/2.
///
/// The route is `any(handler)`. Under `get(handler)` axum answers the CONNECT with 405, before the
/// extractor sees it.
///
/// `Option<WebSocketUpgrade>` is `None` for a plain HTTP request, so that one route serves both.
/// The limits and the guard are those of [`Options`] among the request's extensions, if a layer has
/// put them there, and can be changed for the route.
#[must_use = "call on_upgrade, and return its response"]
pub struct WebSocketUpgrade<F = DefaultOnFailedUpgrade> {
    upgrade: Upgrade,
    accept: AcceptOptions,
    protocol: Option<HeaderValue>,
    group: Option<(Group, Option<IpAddr>)>,
    on_failed_upgrade: F,
}

impl<F> WebSocketUpgrade<F> {
    fn map_options(mut self, change: impl FnOnce(Options) -> Options) -> Self {
        let options = self.upgrade.options_mut();
        *options = change(std::mem::take(options));
        self
    }

    /// Replaces all options of the connection.
    pub fn options(self, options: Options) -> Self {
        self.map_options(|_| options)
    }

    /// Sets the limits and protocol options of the connection. Default: [`Config::new`].
    pub fn config(self, config: Config) -> Self {
        self.map_options(|options| options.config(config))
    }

    /// Sets the maximum size of a received message, in bytes over all its fragments. Default: 16
    /// MiB. A larger message closes the connection with 1009.
    pub fn max_message_size(self, bytes: usize) -> Self {
        self.map_options(|options| options.map_config(|it| it.max_message_size(bytes as u64)))
    }

    /// Sets the maximum size of a received frame, in bytes of payload. Default: unlimited, but for
    /// the message's limit. A larger frame closes the connection with 1009.
    pub fn max_frame_size(self, bytes: usize) -> Self {
        self.map_options(|options| options.map_config(|it| it.max_frame_size(bytes as u64)))
    }

    /// Compresses messages, if the client offers it (RFC 7692). Default: off.
    #[cfg(feature = "deflate")]
    pub fn deflate(self, deflate: Deflate) -> Self {
        self.map_options(|options| options.map_config(|config| config.deflate(deflate)))
    }

    /// Sets timeouts and keep-alive. Default: [`Timeouts::default`].
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        self.map_options(|options| options.timeouts(timeouts))
    }

    /// Sets the bounds of the output, and the policy for messages above them. Default:
    /// [`Backpressure::default`].
    pub fn backpressure(self, backpressure: Backpressure) -> Self {
        self.map_options(|options| options.backpressure(backpressure))
    }

    /// Sets the hosts and origins that the route accepts: see [`Options::guard`].
    pub fn guard(self, guard: Guard) -> Self {
        self.map_options(|options| options.guard(guard))
    }

    /// Accepts every host and every origin: see [`Options::allow_every_host_and_origin`] for what
    /// that gives up.
    pub fn allow_every_host_and_origin(self) -> Self {
        self.map_options(Options::allow_every_host_and_origin)
    }

    /// Sets the subprotocols that the server knows, in its order of preference. The first one that
    /// the client offers is selected. A name that is not a token is never offered.
    pub fn protocols<I>(mut self, protocols: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Cow<'static, str>>,
    {
        let known = protocols.into_iter().fold(Subprotocols::new(), |known, name| {
            known.clone().with(&name.into()).unwrap_or(known)
        });
        let selected = known.answer(self.upgrade.request().subprotocols());
        self.protocol = selected.and_then(|name| HeaderValue::from_str(name).ok());
        self
    }

    /// Returns the subprotocols that the client offers, in its order of preference.
    pub fn requested_protocols(&self) -> impl Iterator<Item = &str> {
        self.upgrade.request().subprotocols()
    }

    /// Selects a subprotocol. One that the client did not offer selects none: the client would fail
    /// the connection (§4.1).
    pub fn set_selected_protocol(&mut self, protocol: HeaderValue) {
        let is_offered = self.requested_protocols().any(|offered| protocol == offered);
        self.protocol = is_offered.then_some(protocol);
    }

    /// Returns the subprotocol that is selected so far.
    #[must_use]
    pub fn selected_protocol(&self) -> Option<&HeaderValue> {
        self.protocol.as_ref()
    }

    /// Adds a header field to the response.
    ///
    /// # Errors
    ///
    /// [`InvalidField`] if the name is not a token or is reserved for the handshake, or the value
    /// has a control character.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, InvalidField> {
        self.accept = self.accept.header(name, value)?;
        Ok(self)
    }

    /// Adds the connection to a group, which limits their number and closes them when the server is
    /// shut down. The address is that of the client, for a limit for each: axum's `ConnectInfo` has
    /// it (serve with `into_make_service_with_connect_info::<SocketAddr>()`), or a header field of
    /// a proxy. If the group takes no more,
    /// [`on_upgrade`](Self::on_upgrade) answers 503 or 429.
    pub fn group(mut self, group: &Group, address: impl Into<Option<IpAddr>>) -> Self {
        self.group = Some((group.clone(), address.into()));
        self
    }

    /// Calls a function if the connection fails between the response and the handler of
    /// [`on_upgrade`](Self::on_upgrade). Default: it is logged, with feature `tracing`.
    pub fn on_failed_upgrade<C: OnFailedUpgrade>(self, callback: C) -> WebSocketUpgrade<C> {
        let Self { upgrade, accept, protocol, group, .. } = self;
        WebSocketUpgrade { upgrade, accept, protocol, group, on_failed_upgrade: callback }
    }

    /// Accepts, and calls the handler with the connection, in a task of its own, when the response
    /// was sent. A host or an origin that the guard does not know is refused: with status 421 or
    /// 403, and without a call of the handler.
    #[must_use = "return the response from the route's handler"]
    pub fn on_upgrade<C, Fut>(self, handler: C) -> Response
    where
        C: FnOnce(WebSocket) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
        F: OnFailedUpgrade,
    {
        // The messages of this shape have no chunks.
        let this = self.map_options(|it| it.map_config(|config| config.receive_in_chunks(false)));
        let Self { upgrade, accept, protocol, group, on_failed_upgrade } = this;
        if let Err(rejection) = upgrade.check() {
            return IntoResponse::into_response(rejection);
        }
        let entered = group.map(|(group, address)| Ok((group.enter(address)?, group)));
        let entered = match entered.transpose() {
            Ok(entered) => entered,
            Err::<_, GroupFull>(full) => {
                return IntoResponse::into_response(upgrade.reject(&full.response()));
            }
        };
        let (response, on_upgrade) = upgrade.accept_with(&with_protocol(accept, protocol.as_ref()));
        let task = async move |member| match on_upgrade.await {
            Ok(socket) => handler(WebSocket::new(socket, protocol, member)).await,
            Err(error) => on_failed_upgrade.call(error),
        };
        match entered {
            Some((member, group)) => group.spawn(member, |member| task(Some(member))),
            None => drop(tokio::spawn(task(None))),
        }
        response
    }

    /// Accepts, for a handler that spawns its own tasks. Returns the response, the future of this
    /// crate's own connection, and its member of the [`group`](Self::group), if there is one: keep
    /// it as long as the connection, and receive with [`Member::recv`]. It is `Some` if and only if
    /// `group` was called, so `expect` can't fail then.
    ///
    /// # Errors
    ///
    /// [`Rejection`] if the guard does not know the host or the origin, or the group takes no more.
    pub fn accept(self) -> Result<(Response, OnUpgrade, Option<Member>), Rejection> {
        self.upgrade.check()?;
        let entered = self.group.map(|(group, address)| group.enter(address)).transpose();
        match entered {
            Ok(member) => {
                let accept = with_protocol(self.accept, self.protocol.as_ref());
                let (response, on_upgrade) = self.upgrade.accept_with(&accept);
                Ok((response, on_upgrade, member))
            }
            Err(full) => Err(self.upgrade.reject(&full.response())),
        }
    }
}

/// Adds the subprotocol that was selected. A value that is no token can't have been offered, and so
/// is not sent.
fn with_protocol(accept: AcceptOptions, protocol: Option<&HeaderValue>) -> AcceptOptions {
    let name = protocol.and_then(|protocol| protocol.to_str().ok());
    match name.map(|name| accept.clone().subprotocol(name)) {
        Some(Ok(with_subprotocol)) => with_subprotocol,
        _ => accept,
    }
}

impl<F> fmt::Debug for WebSocketUpgrade<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketUpgrade").field("upgrade", &self.upgrade).finish_non_exhaustive()
    }
}

/// A function that gets the error if the connection fails before the handler has it, or
/// [`DefaultOnFailedUpgrade`].
pub trait OnFailedUpgrade: Send + 'static {
    /// Handles the error.
    fn call(self, error: Error);
}

impl<F: FnOnce(Error) + Send + 'static> OnFailedUpgrade for F {
    fn call(self, error: Error) {
        self(error);
    }
}

/// Logs the error at level WARN, with feature `tracing`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DefaultOnFailedUpgrade;

impl OnFailedUpgrade for DefaultOnFailedUpgrade {
    fn call(self, error: Error) {
        trace::upgrade_failed(&error);
    }
}

impl<S: Send + Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        extract(parts)
    }
}

/// `None` for a plain HTTP request.
impl<S: Send + Sync> OptionalFromRequestParts<S> for WebSocketUpgrade {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        match extract(parts) {
            Err(rejection) if rejection.is_plain_http() => Ok(None),
            extracted => extracted.map(Some),
        }
    }
}

fn extract(parts: &mut Parts) -> Result<WebSocketUpgrade, Rejection> {
    let options = parts.extensions.get::<Options>().cloned().unwrap_or_default();
    // `accept_with` replaces the configuration by that of the options.
    let request = UpgradeRequest::from_parts(Config::new(), parts)?;
    let upgrade = Upgrade::take(options, request, &mut parts.extensions)?;
    let (accept, on_failed_upgrade) = (AcceptOptions::new(), DefaultOnFailedUpgrade);
    Ok(WebSocketUpgrade { upgrade, accept, protocol: None, group: None, on_failed_upgrade })
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        Rejection::into_response::<Body>(self)
    }
}
