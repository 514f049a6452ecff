//! What [`tracing`](https://docs.rs/tracing) receives: the only file that names the crate. Without
//! the feature `tracing`, every type here has no size and every function no body.
//!
//! | span | fields |
//! |---|---|
//! | `websocket` | `role`; `peer`, `path`, `subprotocol` and `extensions`, if they are known |
//!
//! Fields have no payload, reason, key, header value, credential or query.

#![cfg_attr(
    not(feature = "tracing"),
    allow(
        unused_variables,
        clippy::missing_const_for_fn,
        clippy::needless_pass_by_ref_mut,
        clippy::unused_self,
        reason = "the bodies are empty"
    )
)]

use core::net::SocketAddr;
use core::time::Duration;

use super::backpressure::Overflow;
#[cfg(feature = "tracing")]
use crate::connection::{CloseOutcome, Closed, Side, State};
use crate::connection::{Connection, Role};
use crate::handshake::RequestError;
#[cfg(feature = "tracing")]
use crate::message::CloseFrame;
use crate::timing::TimedOut;

/// An event, in the span of a connection if there is one.
macro_rules! event {
    ([$($trace:expr)?] $level:ident, $($fields:tt)+) => {
        #[cfg(feature = "tracing")]
        tracing::event!(
            target: "sansocket",
            $(parent: &$trace.span,)?
            tracing::Level::$level,
            $($fields)+
        );
    };
}

/// The span of a connection, and what it has received.
#[derive(Debug)]
pub(crate) struct Trace {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
    #[cfg(feature = "tracing")]
    phase: Phase,
    /// The stream accepts nothing, and an event says so.
    #[cfg(feature = "tracing")]
    stalled: bool,
}

#[cfg(feature = "tracing")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    Open,
    Closing,
    Over,
}

/// The address of the peer, if it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Peer {
    #[cfg(feature = "tracing")]
    address: Option<SocketAddr>,
}

impl Peer {
    #[inline]
    pub(crate) fn of(address: impl FnOnce() -> Option<SocketAddr>) -> Self {
        Self {
            #[cfg(feature = "tracing")]
            address: address(),
        }
    }
}

/// The path of an opening handshake that another HTTP server has received.
#[cfg(feature = "hyper")]
#[derive(Clone, Debug)]
pub(crate) struct Path {
    #[cfg(feature = "tracing")]
    path: std::boxed::Box<str>,
}

#[cfg(feature = "hyper")]
impl Path {
    #[inline]
    pub(crate) fn of(path: &str) -> Self {
        Self {
            #[cfg(feature = "tracing")]
            path: path.into(),
        }
    }

    /// The span of its connection, once the HTTP server passes that on.
    pub(crate) fn trace(&self, peer: Peer) -> Trace {
        let trace = Trace::new(Role::Server, peer);
        #[cfg(feature = "tracing")]
        trace.path(&self.path);
        trace
    }
}

/// No span.
impl Default for Trace {
    fn default() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            span: tracing::Span::none(),
            #[cfg(feature = "tracing")]
            phase: Phase::Over,
            #[cfg(feature = "tracing")]
            stalled: false,
        }
    }
}

impl Trace {
    /// An opening handshake begins.
    pub(crate) fn new(role: Role, peer: Peer) -> Self {
        #[cfg(feature = "tracing")]
        let span = tracing::debug_span!(
            target: "sansocket",
            "websocket",
            role = if role == Role::Server { "server" } else { "client" },
            peer = peer.address.map(tracing::field::display),
            path = tracing::field::Empty,
            subprotocol = tracing::field::Empty,
            extensions = tracing::field::Empty,
        );
        Self {
            #[cfg(feature = "tracing")]
            span,
            #[cfg(feature = "tracing")]
            phase: Phase::Opening,
            #[cfg(feature = "tracing")]
            stalled: false,
        }
    }

    /// A connection whose opening handshake is done, elsewhere.
    #[inline]
    pub(crate) fn of(connection: &Connection) -> Self {
        let mut trace = Self::new(connection.role(), Peer::default());
        trace.open(connection);
        trace
    }

    /// The resource of the opening handshake; its query is left out.
    pub(crate) fn path(&self, resource: &str) {
        #[cfg(feature = "tracing")]
        self.span.record("path", resource.split('?').next());
    }

    /// The opening handshake has succeeded. One that another HTTP server received has no span yet.
    pub(crate) fn accepted(&mut self, connection: &Connection, peer: Peer) {
        #[cfg(feature = "tracing")]
        if self.phase == Phase::Over {
            *self = Self::new(connection.role(), peer);
        }
        self.open(connection);
        event!([self] DEBUG, "handshake accepted");
    }

    #[inline]
    fn open(&mut self, connection: &Connection) {
        #[cfg(feature = "tracing")]
        {
            self.phase = Phase::Open;
            self.span.record("subprotocol", connection.subprotocol());
            #[cfg(feature = "deflate")]
            if connection.deflate().is_some() {
                self.span.record("extensions", "permessage-deflate");
            }
        }
    }

    /// The opening handshake was refused with this status: by this side, for this reason, or by
    /// the peer.
    pub(crate) fn refused(&mut self, status: Option<u16>, error: Option<&RequestError>) {
        self.end();
        event!(
            [self] DEBUG,
            status,
            error = error.map(tracing::field::display),
            "handshake refused"
        );
    }

    /// The opening handshake has failed.
    pub(crate) fn failed(&mut self, error: &'static str) {
        self.end();
        event!([self] DEBUG, error, "handshake failed");
    }

    /// The connection goes on elsewhere, or this was no opening handshake.
    pub(crate) fn end(&mut self) {
        #[cfg(feature = "tracing")]
        {
            self.phase = Phase::Over;
        }
    }

    /// The state of the connection may have changed.
    #[inline]
    pub(crate) fn observe(&mut self, connection: &Connection) {
        #[cfg(feature = "tracing")]
        match (self.phase, connection.state()) {
            (Phase::Open, State::Closing) => {
                self.phase = Phase::Closing;
                self.close_sent(connection.sent_close());
            }
            (Phase::Open | Phase::Closing, State::Closed) => {
                if let Some(closed) = connection.closed() {
                    self.closed(closed, connection);
                }
                self.phase = Phase::Over;
            }
            _ => {}
        }
    }

    pub(crate) fn ping_queued(&self, number: u64) {
        event!([self] TRACE, number, "ping queued");
    }

    pub(crate) fn pong_received(&self, number: u64, round_trip: Option<Duration>) {
        event!([self] TRACE, number, ?round_trip, "pong received");
    }

    /// The stream accepts nothing: the write deadline begins.
    pub(crate) fn write_stalled(&mut self, queued: usize) {
        #[cfg(feature = "tracing")]
        if !core::mem::replace(&mut self.stalled, true) {
            event!([self] DEBUG, queued, "write stalled");
        }
    }

    /// The stream has accepted bytes.
    #[inline(always)]
    pub(crate) fn wrote(&mut self) {
        #[cfg(feature = "tracing")]
        if core::mem::take(&mut self.stalled) {
            event!([self] DEBUG, "write resumed");
        }
    }

    #[cold]
    pub(crate) fn timed_out(&self, timeout: TimedOut) {
        event!([self] DEBUG, ?timeout, "timed out");
    }

    /// A message found no room.
    pub(crate) fn overflow(&self, policy: Overflow, queued: usize) {
        event!([self] DEBUG, ?policy, queued, "message not queued");
    }
}

#[cfg(feature = "tracing")]
impl Trace {
    fn close_sent(&self, frame: Option<&CloseFrame>) {
        let (code, reason_bytes) = describe(frame);
        event!([self] DEBUG, code, reason_bytes, "close sent");
    }

    fn closed(&self, closed: &Closed, connection: &Connection) {
        let is_local = closed.initiator() == Side::Local;
        let (outcome, error) = match closed.outcome() {
            CloseOutcome::Clean => ("clean", None),
            CloseOutcome::ProtocolError(error) => ("protocol error", Some(error)),
            CloseOutcome::ConnectionLost => ("lost", None),
        };
        if closed.was_clean() {
            let (code, reason_bytes) = describe(closed.received());
            event!([self] DEBUG, code, reason_bytes, "close received");
        }
        // Otherwise it was sent before.
        if self.phase == Phase::Open && outcome != "lost" {
            self.close_sent(closed.sent());
        }
        let stats = connection.stats();
        event!(
            [self] DEBUG,
            outcome,
            code = closed.code(),
            clean = closed.was_clean(),
            initiator = if is_local { "local" } else { "remote" },
            error = error.map(tracing::field::display),
            received = stats.received.messages,
            sent = stats.sent.messages,
            "closed"
        );
    }
}

/// The code, 1005 if there is none (§7.4.1), and the length of the reason in bytes.
#[cfg(feature = "tracing")]
fn describe(frame: Option<&CloseFrame>) -> (u16, usize) {
    frame.map_or((1005, 0), |frame| (frame.code().get(), frame.reason().len()))
}

/// The connection, or its handshake, was given up.
#[cfg(feature = "tracing")]
impl Drop for Trace {
    fn drop(&mut self) {
        match self.phase {
            Phase::Over => {}
            Phase::Opening => {
                event!([self] DEBUG, "handshake dropped");
            }
            Phase::Open | Phase::Closing => {
                event!([self] DEBUG, "dropped");
            }
        }
    }
}

/// An HTTP server has received what is no opening handshake to accept.
#[cfg(feature = "http")]
pub(crate) fn refused(status: u16, error: &RequestError) {
    event!([] DEBUG, status, %error, "handshake refused");
}

/// The guard that an HTTP server has by default does not know the host or the origin.
#[cfg(feature = "hyper")]
pub(crate) fn refused_by_default_guard(status: u16) {
    event!(
        [] WARN,
        status,
        "refused by the default guard, which knows the names of the loopback interface alone; \
         list this server's by Options::guard(Guard::hosts([\"example.com\"])?)"
    );
}

/// The connection failed before the handler of the application had it.
#[cfg(feature = "axum")]
pub(crate) fn upgrade_failed(error: &dyn core::fmt::Display) {
    event!([] WARN, %error, "upgrade failed");
}

// The steps of a client, before its connection has a span.

pub(crate) fn resolving(host: &str) {
    event!([] DEBUG, host, "resolving");
}

pub(crate) fn connecting(address: SocketAddr) {
    event!([] DEBUG, %address, "connecting");
}

#[cfg(feature = "std")]
pub(crate) fn connecting_failed(address: SocketAddr, error: std::io::ErrorKind) {
    event!([] DEBUG, %address, ?error, "connecting failed");
}

/// The client has no connection: at whichever step.
#[cfg(feature = "std")]
pub(crate) fn connect_failed(error: &'static str) {
    event!([] DEBUG, error, "connect failed");
}

pub(crate) fn proxy(host: &str, port: u16) {
    event!([] DEBUG, host, port, "asking a proxy");
}

#[cfg(feature = "rustls")]
pub(crate) fn tls(host: &str) {
    event!([] DEBUG, host, "starting TLS");
}

pub(crate) fn redirected(status: u16, host: &str) {
    event!([] DEBUG, status, host, "redirected");
}

#[cfg(feature = "reconnect")]
pub(crate) fn gave_up(attempts: u32) {
    event!([] WARN, attempts, "gave up connecting");
}

#[cfg(feature = "reconnect")]
pub(crate) fn reconnecting(delay: Duration, attempts: u32) {
    event!([] DEBUG, ?delay, attempts, "waiting to reconnect");
}
