//! Connections on tokio's streams and clock.

use std::format;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::vec::Vec;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use super::runtime::{self, Alarm, Clock, MessageWriter, SendHandle, Stream};
use super::{Backpressure, Error};
use crate::connection::Config;
use crate::handshake::{ClientRequest, Response};
use crate::timing::{TimedOut, Timeouts};

/// A connection on one of tokio's streams. What it does is told at [`runtime::WebSocket`].
pub type WebSocket<S> = runtime::WebSocket<TokioStream<S>, TokioClock>;

/// The half of it that sends; see [`WebSocket::split`](runtime::WebSocket::split).
pub type Sender<S> = runtime::Sender<TokioStream<S>, TokioClock>;

/// The half of it that receives.
pub type Receiver<S> = runtime::Receiver<TokioStream<S>, TokioClock>;

/// What a client sent first; see [`Options::receive_request`].
pub type Incoming<S> = runtime::Incoming<TokioStream<S>, TokioClock>;

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
pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> Result<WebSocket<S>, Error> {
    runtime::Options::default().accept(TokioStream(stream), TokioClock::new()).await
}

/// Connects to a `ws:` address. For header fields, subprotocols and other settings:
/// [`Options::connect`].
///
/// # Cancel safety
///
/// Dropping it drops the stream.
///
/// # Errors
///
/// [`Error::Uri`], [`Error::TlsNeeded`] for `wss:`, [`Error::Io`] if there is no server,
/// [`Error::Handshake`] if it wants no connection, [`Error::TimedOut`] after 10 s.
pub async fn connect(uri: &str) -> Result<WebSocket<TcpStream>, Error> {
    Ok(Options::new().connect(&ClientRequest::new(uri)?).await?.0)
}

/// Opens a connection on a stream to the server: over TLS, through a proxy, on a Unix socket …
///
/// # Cancel safety
///
/// Dropping it drops the stream.
///
/// # Errors
///
/// As [`connect`].
pub async fn connect_with_stream<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    request: &ClientRequest,
) -> Result<(WebSocket<S>, Response), Error> {
    runtime::Options::default()
        .connect_with_stream(TokioStream(stream), TokioClock::new(), request)
        .await
}

/// How to open connections.
///
/// ```no_run
/// use sansocket::tokio::{Incoming, Options};
/// use sansocket::{AcceptOptions, Config, HttpResponse};
///
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let options = Options::new().config(Config::new().max_message_size(64 * 1024));
/// let (stream, _) = tokio::net::TcpListener::bind("127.0.0.1:9001").await?.accept().await?;
/// match options.receive_request(stream).await? {
///     Incoming::Upgrade(upgrade) if upgrade.request().path() != "/chat" => upgrade.reject(&HttpResponse::new(404)?).await?,
///     Incoming::Upgrade(upgrade) => {
///         let mut socket = upgrade.accept_with(&AcceptOptions::new().subprotocol("chat.v1")?).await?;
///         socket.send("welcome").await?;
///     }
///     Incoming::Http(plain) => plain.reply(&HttpResponse::new(200)?.body("in good health\n")).await?,
/// }
/// # Ok(())
/// # }
/// ```
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
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> Result<WebSocket<S>, Error> {
        self.0.clone().accept(TokioStream(stream), TokioClock::new()).await
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
    pub async fn receive_request<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> Result<Incoming<S>, Error> {
        self.0.clone().receive_request(TokioStream(stream), TokioClock::new()).await
    }

    /// Connects to the request's address, without delay for small writes (`TCP_NODELAY`). The
    /// response has what the server added: cookies, for example.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the stream.
    ///
    /// # Errors
    ///
    /// As [`connect`].
    pub async fn connect(
        &self,
        request: &ClientRequest,
    ) -> Result<(WebSocket<TcpStream>, Response), Error> {
        // RFC 6455 §4.1: "If /secure/ is true, the client MUST perform a TLS handshake"
        if request.uri().is_secure() {
            return Err(Error::TlsNeeded);
        }
        let clock = TokioClock::new();
        let stream = match self.0.timeouts.get().handshake {
            None => TcpStream::connect((request.uri().host(), request.uri().port())).await?,
            Some(timeout) => dial(request, &clock, timeout).await?,
        };
        stream.set_nodelay(true)?;
        self.0.clone().connect_with_stream(TokioStream(stream), clock, request).await
    }

    /// Opens a connection on a stream that is connected to the server, encrypted if the address is
    /// `wss:`.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the stream.
    ///
    /// # Errors
    ///
    /// As [`connect`].
    pub async fn connect_with_stream<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        request: &ClientRequest,
    ) -> Result<(WebSocket<S>, Response), Error> {
        self.0.clone().connect_with_stream(TokioStream(stream), TokioClock::new(), request).await
    }
}

/// Tries the host's addresses in turn, each for its share of the time that is left.
async fn dial(
    request: &ClientRequest,
    clock: &TokioClock,
    timeout: Duration,
) -> Result<TcpStream, Error> {
    let resolving = lookup_host((request.uri().host(), request.uri().port()));
    let addresses =
        timeout_at(clock.instant(timeout), resolving).await.map_err(|_| TimedOut::Handshake)??;
    let mut failure =
        Error::from(io::Error::new(io::ErrorKind::NotFound, "the host has no address"));
    let mut addresses = addresses.collect::<Vec<_>>().into_iter();
    while let Some(address) = addresses.next() {
        let now = clock.now();
        let share = timeout.saturating_sub(now) / (addresses.len() as u32 + 1);
        match timeout_at(clock.instant(now + share), TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => {
                failure = io::Error::new(error.kind(), format!("{address}: {error}")).into()
            }
            Err(_) => failure = TimedOut::Handshake.into(),
        }
    }
    Err(failure)
}

/// One of tokio's streams, as the connection polls it.
#[derive(Debug)]
pub struct TokioStream<S>(pub S);

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for TokioStream<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.0);
        match slices {
            [slice] => stream.poll_write(cx, slice),
            slices => stream.poll_write_vectored(cx, slices),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Tokio's clock, which tests can pause.
#[derive(Debug)]
pub struct TokioClock {
    epoch: Instant,
    alarm: Alarm<Sleep>,
}

impl TokioClock {
    /// A clock that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { epoch: Instant::now(), alarm: Alarm::new() }
    }

    /// Tokio's word for a time on this clock. What it has no word for is as good as never.
    fn instant(&self, time: Duration) -> Instant {
        const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
        self.epoch + time.min(NEVER)
    }
}

/// With the same epoch, and an alarm of its own.
impl Clone for TokioClock {
    fn clone(&self) -> Self {
        Self { epoch: self.epoch, alarm: Alarm::new() }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Duration) -> Poll<()> {
        let instant = self.instant(deadline);
        // A task that has done much in a row would be made to poll it again.
        pin!(unconstrained(poll_fn(|cx| self.alarm.poll(cx, deadline, || sleep_until(instant)))))
            .poll(cx)
    }

    fn alarm_is_pending(&self) -> bool {
        self.alarm.sleep().is_some_and(|sleep| !sleep.is_elapsed())
    }
}

/// Shutting it down finishes the message.
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

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        MessageWriter::poll_shutdown(self.get_mut(), cx)
    }
}
