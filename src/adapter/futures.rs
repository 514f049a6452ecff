//! Connections on futures-io's streams (smol, async-net …), with a clock of the caller's: no
//! runtime is implied.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::runtime::{self, Clock, MessageWriter, SendHandle, Stream};
use super::{Backpressure, Error};
use crate::connection::Config;
use crate::handshake::{ClientRequest, Response};
use crate::timing::Timeouts;

/// A connection on one of futures-io's streams. What it does is told at
/// [`runtime::WebSocket`].
pub type WebSocket<S, C> = runtime::WebSocket<FuturesStream<S>, C>;

/// The half of it that sends; see [`WebSocket::split`](runtime::WebSocket::split).
pub type Sender<S, C> = runtime::Sender<FuturesStream<S>, C>;

/// The half of it that receives.
pub type Receiver<S, C> = runtime::Receiver<FuturesStream<S>, C>;

/// What a client sent first; see [`Options::receive_request`].
pub type Incoming<S, C> = runtime::Incoming<FuturesStream<S>, C>;

/// Accepts a connection, whatever it asks for. To look first, or for other settings: [`Options`].
///
/// The stream is taken as it is: of TCP, set `TCP_NODELAY` first, or small messages may wait for
/// others.
///
/// # Cancel safety
///
/// Dropping it drops the stream.
///
/// # Errors
///
/// [`Error::Handshake`] if the client sent no opening handshake; it got the HTTP response that says
/// so. [`Error::TimedOut`] if it took longer than 10 s.
pub async fn accept<S: AsyncRead + AsyncWrite + Unpin, C: Clock>(
    stream: S,
    clock: C,
) -> Result<WebSocket<S, C>, Error> {
    runtime::Options::default().accept(FuturesStream(stream), clock).await
}

/// Opens a connection on a stream to the server: plain for `ws:`, encrypted for `wss:`. Connecting
/// is the runtime's: [`ClientRequest::uri`] tells where to.
///
/// # Cancel safety
///
/// Dropping it drops the stream.
///
/// # Errors
///
/// [`Error::Handshake`] if the server wants no connection, [`Error::ConnectionLost`] if it hangs
/// up, [`Error::TimedOut`] after 10 s.
pub async fn connect_with_stream<S: AsyncRead + AsyncWrite + Unpin, C: Clock>(
    stream: S,
    clock: C,
    request: &ClientRequest,
) -> Result<(WebSocket<S, C>, Response), Error> {
    runtime::Options::default().connect_with_stream(FuturesStream(stream), clock, request).await
}

/// How to open connections.
#[derive(Clone, Debug, Default)]
pub struct Options(runtime::Options);

impl Options {
    /// The defaults: [`Config::new`], [`Timeouts::default`] and [`Backpressure::default`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits and habits of the connections.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.0.config = config;
        self
    }

    /// How long things may take.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.0.timeouts = timeouts.into();
        self
    }

    /// How much may wait to be written, and what happens to messages when it does.
    #[must_use]
    pub fn backpressure(mut self, backpressure: Backpressure) -> Self {
        self.0.backpressure = backpressure;
        self
    }

    /// Accepts a connection, whatever it asks for.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the stream.
    ///
    /// # Errors
    ///
    /// As [`accept`].
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin, C: Clock>(
        &self,
        stream: S,
        clock: C,
    ) -> Result<WebSocket<S, C>, Error> {
        self.0.clone().accept(FuturesStream(stream), clock).await
    }

    /// Waits for a client's request, to be looked at before it is answered.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the stream.
    ///
    /// # Errors
    ///
    /// [`Error::Handshake`] if the client broke the protocol; it got the HTTP response that says
    /// so. [`Error::TimedOut`] if it took too long.
    pub async fn receive_request<S: AsyncRead + AsyncWrite + Unpin, C: Clock>(
        &self,
        stream: S,
        clock: C,
    ) -> Result<Incoming<S, C>, Error> {
        self.0.clone().receive_request(FuturesStream(stream), clock).await
    }

    /// Opens a connection on a stream that is connected to the server.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the stream.
    ///
    /// # Errors
    ///
    /// As [`connect_with_stream`].
    pub async fn connect_with_stream<S: AsyncRead + AsyncWrite + Unpin, C: Clock>(
        &self,
        stream: S,
        clock: C,
        request: &ClientRequest,
    ) -> Result<(WebSocket<S, C>, Response), Error> {
        self.0.clone().connect_with_stream(FuturesStream(stream), clock, request).await
    }
}

/// One of futures-io's streams, as the connection polls it.
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

/// async-io's clock, which smol runs on.
#[cfg(feature = "async-io")]
#[derive(Debug)]
pub struct AsyncIoClock {
    epoch: std::time::Instant,
    alarm: runtime::Alarm<async_io::Timer>,
}

#[cfg(feature = "async-io")]
impl AsyncIoClock {
    /// A clock that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { epoch: std::time::Instant::now(), alarm: runtime::Alarm::new() }
    }
}

/// With the same epoch, and an alarm of its own.
#[cfg(feature = "async-io")]
impl Clone for AsyncIoClock {
    fn clone(&self) -> Self {
        Self { epoch: self.epoch, alarm: runtime::Alarm::new() }
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
        // What the system has no word for is as good as never.
        const NEVER: std::time::Duration = std::time::Duration::from_secs(30 * 365 * 24 * 60 * 60);
        let instant = self.epoch + deadline.min(NEVER);
        self.alarm.poll(cx, deadline, || async_io::Timer::at(instant))
    }
}

/// Closing it finishes the message.
impl<O: SendHandle> AsyncWrite for MessageWriter<'_, O> {
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
