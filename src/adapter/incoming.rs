//! A stream whose opening handshake is not done, and its first request: an opening handshake, or
//! plain HTTP.

use std::fmt;
use std::sync::Arc;

use crate::handshake::{Guard, Rejection, Request, RequestHead};
use crate::session::Backpressure;
use crate::session::trace::Trace;
use crate::timing::SharedTimeouts;

/// A stream whose opening handshake is not done, and the options of its connection. `T` is the
/// stream with its clock, and belongs to the adapter.
pub(crate) struct Opening<T> {
    pub(super) transport: T,
    pub(super) timeouts: SharedTimeouts,
    pub(super) backpressure: Backpressure,
    pub(super) guard: Option<Arc<Guard>>,
    pub(crate) trace: Trace,
}

/// The first request of a client. `T` is the stream it arrived on, with its clock: use the alias of
/// an adapter, for example [`blocking::Incoming`](crate::blocking::Incoming).
#[derive(Debug)]
pub enum Incoming<T> {
    /// An opening handshake.
    Upgrade(Upgrade<T>),
    /// Any other HTTP request: a health check, or a browser that requests a page.
    Http(PlainHttp<T>),
}

/// An opening handshake that has not been answered. Dropping it drops the stream.
pub struct Upgrade<T> {
    pub(super) opening: Opening<T>,
    pub(super) request: Request,
}

impl<T> Upgrade<T> {
    /// The client's request.
    #[must_use]
    pub fn request(&self) -> &RequestHead {
        &self.request
    }
}

impl<T> fmt::Debug for Upgrade<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Upgrade").field(&self.request).finish()
    }
}

/// A request that is not an opening handshake. Dropping it drops the stream.
pub struct PlainHttp<T> {
    pub(super) opening: Opening<T>,
    pub(super) rejection: Rejection,
}

impl<T> PlainHttp<T> {
    /// The client's request.
    #[must_use]
    pub fn request(&self) -> &RequestHead {
        self.rejection.request().expect("a request without an upgrade is well-formed HTTP")
    }
}

impl<T> fmt::Debug for PlainHttp<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PlainHttp").field(&self.rejection).finish()
    }
}
