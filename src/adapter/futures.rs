//! Connections on futures-io's streams (smol, async-net), with a clock of the caller's: no runtime
//! is required. The application connects the stream of a client to [`ClientRequest::uri`].

use std::boxed::Box;
use std::io::{self, IoSlice};
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::opens::opens;
use super::runtime::{self, Clock, Stream, Transport};
use super::{Error, Options as AnyOptions};
use crate::connection::{Config, Connection, Entropy};
use crate::handshake::{ClientRequest, Response};
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
pub type Upgrade<S, C> = super::Upgrade<Transport<FuturesStream<S>, C>>;

/// Any other HTTP request, which can be answered.
pub type PlainHttp<S, C> = super::PlainHttp<Transport<FuturesStream<S>, C>>;

/// The server's answer to a client's request; see
/// [`Options::send_request`](crate::Options::send_request).
pub type Answer<S, C> = runtime::Answer<FuturesStream<S>, C>;

/// A response other than 101, and its stream.
pub type Refusal<S, C> = super::Refusal<Transport<FuturesStream<S>, C>>;

/// How to open connections.
pub type Options = AnyOptions<FuturesAdapter>;

opens! {
    [async .await] Box::pin, FuturesAdapter,
    (stream: S, clock: C) where [S: AsyncRead + AsyncWrite + Unpin, C: Clock]
    => Transport::new(FuturesStream(stream), clock, C::now);
    /// Set `TCP_NODELAY` on a TCP stream first, or small messages may wait for others.
}

/// A stream with async-io's clock, whose handshake began at the epoch.
#[cfg(feature = "async-io")]
pub(crate) fn transport<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    epoch: std::time::Instant,
) -> Result<Transport<FuturesStream<S>, AsyncIoClock>, Error> {
    let clock = AsyncIoClock { epoch, sleep: runtime::SleepSlot::new() };
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

/// Makes a [`Stream`] of one of futures-io's streams, to which it dereferences.
#[derive(Debug)]
pub struct FuturesStream<S>(pub S);

impl<S> Deref for FuturesStream<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for FuturesStream<S> {
    #[inline]
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }

    #[inline]
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    #[inline]
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    #[inline]
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}

/// async-io's clock, the clock of smol.
#[cfg(feature = "async-io")]
#[derive(Clone, Debug)]
pub struct AsyncIoClock {
    epoch: std::time::Instant,
    sleep: runtime::SleepSlot<async_io::Timer>,
}

#[cfg(feature = "async-io")]
impl AsyncIoClock {
    /// A clock that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { epoch: std::time::Instant::now(), sleep: runtime::SleepSlot::new() }
    }
}

#[cfg(feature = "async-io")]
impl Default for AsyncIoClock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(feature = "async-io")]
impl Clock for AsyncIoClock {
    fn now(&self) -> std::time::Duration {
        self.epoch.elapsed()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: std::time::Duration) -> Poll<()> {
        self.sleep.poll(cx, deadline, |deadline| async_io::Timer::at(self.epoch + deadline))
    }
}
