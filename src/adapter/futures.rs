//! Connections on futures-io's streams (smol, async-net), with a clock of the caller's: no runtime
//! is required.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::runtime::{self, Clock, MessageWriter, Stream};
use super::{Error, Options as AnyOptions};
use crate::handshake::{ClientRequest, Response};

/// A connection on one of futures-io's streams: see [`runtime::WebSocket`] for its methods.
pub type WebSocket<S, C> = runtime::WebSocket<FuturesStream<S>, C>;

/// The half of it that sends; see [`WebSocket::split`](runtime::WebSocket::split).
pub type Sender<S, C> = runtime::Sender<FuturesStream<S>, C>;

/// The half of it that receives.
pub type Receiver<S, C> = runtime::Receiver<FuturesStream<S>, C>;

/// The first request of a client; see
/// [`Options::receive_request`](crate::Options::receive_request).
pub type Incoming<S, C> = runtime::Incoming<FuturesStream<S>, C>;

/// An opening handshake to accept or to reject.
pub type Upgrade<S, C> = super::Upgrade<runtime::Transport<FuturesStream<S>, C>>;

/// Any other HTTP request, which can be answered.
pub type PlainHttp<S, C> = super::PlainHttp<runtime::Transport<FuturesStream<S>, C>>;

/// The adapter that [`Options`] belong to.
#[derive(Clone, Copy, Debug)]
pub enum FuturesIo {}

/// How to open connections.
pub type Options = AnyOptions<FuturesIo>;

/// Accepts every opening handshake on a stream. To look at the request first, or for other options,
/// use [`Options`].
///
/// Set `TCP_NODELAY` on a TCP stream first, or small messages may wait for others.
///
/// # Cancel safety
///
/// Dropping the future drops the stream.
///
/// # Errors
///
/// [`Error::Handshake`] if the client sent no opening handshake; an HTTP response was sent that
/// says so. [`Error::TimedOut`] after 10 s.
pub async fn accept<S, C>(stream: S, clock: C) -> Result<WebSocket<S, C>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Clock,
{
    Options::new().accept(stream, clock).await
}

/// Opens a connection on a stream to the server: plain for `ws:`, encrypted for `wss:`. The runtime
/// connects the stream to [`ClientRequest::uri`].
///
/// # Cancel safety
///
/// Dropping the future drops the stream.
///
/// # Errors
///
/// [`Error::Handshake`] if the server rejects the request, [`Error::ConnectionLost`] if it closes
/// the stream, [`Error::TimedOut`] after 10 s.
pub async fn connect_with_stream<S, C>(
    stream: S,
    clock: C,
    request: &ClientRequest,
) -> Result<(WebSocket<S, C>, Response), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Clock,
{
    Options::new().connect_with_stream(stream, clock, request).await
}

impl AnyOptions<FuturesIo> {
    /// Accepts every opening handshake on a stream.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream.
    ///
    /// # Errors
    ///
    /// As [`accept`].
    pub async fn accept<S, C>(&self, stream: S, clock: C) -> Result<WebSocket<S, C>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
        C: Clock,
    {
        self.clone().accept_on(FuturesStream(stream), clock).await
    }

    /// Receives the client's request, to be looked at before it is answered.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream.
    ///
    /// # Errors
    ///
    /// [`Error::Handshake`] if the client violated the protocol; an HTTP response was sent that
    /// says so. [`Error::TimedOut`] after [`Timeouts::handshake`](crate::Timeouts::handshake).
    pub async fn receive_request<S, C>(&self, stream: S, clock: C) -> Result<Incoming<S, C>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
        C: Clock,
    {
        self.clone().receive_request_on(FuturesStream(stream), clock).await
    }

    /// Opens a connection on a stream to the server.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream.
    ///
    /// # Errors
    ///
    /// As [`connect_with_stream`].
    pub async fn connect_with_stream<S, C>(
        &self,
        stream: S,
        clock: C,
        request: &ClientRequest,
    ) -> Result<(WebSocket<S, C>, Response), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
        C: Clock,
    {
        self.clone().connect_on(FuturesStream(stream), clock, request).await
    }
}

/// Makes a [`Stream`] of one of futures-io's streams.
#[derive(Debug)]
pub struct FuturesStream<S>(pub S);

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for FuturesStream<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}

/// async-io's clock, the clock of smol.
#[cfg(feature = "async-io")]
#[derive(Debug)]
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

/// The clone has the same epoch, and a timer of its own.
#[cfg(feature = "async-io")]
impl Clone for AsyncIoClock {
    fn clone(&self) -> Self {
        Self { epoch: self.epoch, sleep: runtime::SleepSlot::new() }
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
        // A time that the system can't represent is replaced by a far one.
        const NEVER: std::time::Duration = std::time::Duration::from_secs(30 * 365 * 24 * 60 * 60);
        let instant = self.epoch + deadline.min(NEVER);
        self.sleep.poll(cx, deadline, || async_io::Timer::at(instant))
    }
}

/// `close` finishes the message.
impl<S: Stream, C: Clock> AsyncWrite for MessageWriter<'_, S, C> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        MessageWriter::poll_write(self.get_mut(), cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        MessageWriter::poll_flush(self.get_mut(), cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        MessageWriter::poll_shutdown(self.get_mut(), cx)
    }
}
