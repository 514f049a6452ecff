//! Opens connections on futures-io's streams.

use futures_io::{AsyncRead, AsyncWrite};

use super::stream::FuturesStream;
use crate::adapter::opens::{opening, opens};
use crate::adapter::runtime::{self, Clock, Transport};
use crate::adapter::{self, Error, Options as AnyOptions};
use crate::connection::{Config, Connection, Entropy};
use crate::handshake::{AcceptOptions, ClientRequest, HttpResponse, RequestHead, Response};
use crate::timing::Timeouts;

/// A connection on one of futures-io's streams: see [`runtime::WebSocket`] for its methods.
pub type WebSocket<S, C> = runtime::WebSocket<FuturesStream<S>, C>;

/// The half of a connection that sends; see [`WebSocket::split`](runtime::WebSocket::split).
pub type Sender<S, C> = runtime::Sender<FuturesStream<S>, C>;

/// See [`runtime::WeakSender`].
pub type WeakSender<S, C> = runtime::WeakSender<FuturesStream<S>, C>;

/// The half of a connection that receives.
pub type Receiver<S, C> = runtime::Receiver<FuturesStream<S>, C>;

/// The first request of a client; see
/// [`Options::receive_request`](crate::Options::receive_request).
pub type Incoming<S, C> = runtime::Incoming<FuturesStream<S>, C>;

/// An opening handshake to accept or to reject.
pub type Upgrade<S, C> = adapter::Upgrade<Transport<FuturesStream<S>, C>>;

/// Any other HTTP request, which can be answered.
pub type PlainHttp<S, C> = adapter::PlainHttp<Transport<FuturesStream<S>, C>>;

/// The server's answer to a client's request; see
/// [`Options::send_request`](crate::Options::send_request).
pub type Answer<S, C> = runtime::Answer<FuturesStream<S>, C>;

/// A response other than 101, and its stream.
pub type Refusal<S, C> = adapter::Refusal<Transport<FuturesStream<S>, C>>;

/// How to open connections.
pub type Options = AnyOptions<FuturesAdapter>;

opens! {
    [async .await], FuturesAdapter,
    (stream: S, clock: C) where [S: AsyncRead + AsyncWrite + Unpin, C: Clock]
    => Transport::new(FuturesStream(stream), clock, C::now);
    /// Set `TCP_NODELAY` on a TCP stream first, or small messages may wait for others.
}

/// A stream with async-io's clock, whose handshake began at the epoch.
#[cfg(feature = "async-io")]
#[expect(clippy::unnecessary_wraps, reason = "a blocking stream may fail")]
pub(crate) fn transport<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    epoch: std::time::Instant,
) -> Result<Transport<FuturesStream<S>, super::AsyncIoClock>, Error> {
    let clock = super::AsyncIoClock::since(epoch);
    Ok(Transport::new(FuturesStream(stream), clock, |_| std::time::Duration::ZERO))
}

impl<S: AsyncRead + AsyncWrite + Unpin, C: Clock> WebSocket<S, C> {
    /// A server's connection on a stream whose opening handshake is done, by another HTTP stack for
    /// example. [`from_parts`](runtime::WebSocket::from_parts) takes a
    /// [`Connection`](crate::Connection) with bytes that were read already, and timeouts.
    #[must_use]
    pub fn server(stream: S, clock: C, config: Config) -> Self {
        let connection = Connection::server(config);
        Self::from_parts(FuturesStream(stream), clock, connection, Timeouts::default())
    }

    /// A client's connection: see [`server`](Self::server).
    ///
    /// # Errors
    ///
    /// [`Error::Entropy`] if the operating system has no random bytes for masking keys.
    pub fn client(stream: S, clock: C, config: Config) -> Result<Self, Error> {
        let connection = Connection::client(config, Entropy::from_os()?);
        Ok(Self::from_parts(FuturesStream(stream), clock, connection, Timeouts::default()))
    }
}
