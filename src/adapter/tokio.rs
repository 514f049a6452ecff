//! Connections on tokio's streams and clock.

use std::any::Any;
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

use super::runtime::{self, Clock, MessageWriter, SleepSlot, Stream};
use super::{Error, Options as AnyOptions};
use crate::handshake::{ClientRequest, Response};
use crate::timing::TimedOut;

/// A connection on one of tokio's streams: see [`runtime::WebSocket`] for its methods.
pub type WebSocket<S> = runtime::WebSocket<TokioStream<S>, TokioClock>;

/// The half of it that sends; see [`WebSocket::split`](runtime::WebSocket::split).
pub type Sender<S> = runtime::Sender<TokioStream<S>, TokioClock>;

/// The half of it that receives.
pub type Receiver<S> = runtime::Receiver<TokioStream<S>, TokioClock>;

/// The first request of a client; see
/// [`Options::receive_request`](crate::Options::receive_request).
pub type Incoming<S> = runtime::Incoming<TokioStream<S>, TokioClock>;

/// An opening handshake to accept or to reject.
pub type Upgrade<S> = super::Upgrade<runtime::Transport<TokioStream<S>, TokioClock>>;

/// Any other HTTP request, which can be answered.
pub type PlainHttp<S> = super::PlainHttp<runtime::Transport<TokioStream<S>, TokioClock>>;

/// The adapter that [`Options`] belong to.
#[derive(Clone, Copy, Debug)]
pub enum Tokio {}

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
///     Incoming::Upgrade(upgrade) if upgrade.request().path() != "/chat" => {
///         upgrade.reject(&HttpResponse::new(404)?).await?;
///     }
///     Incoming::Upgrade(upgrade) => {
///         let options = AcceptOptions::new().subprotocol("chat.v1")?;
///         let mut socket = upgrade.accept_with(&options).await?;
///         socket.send("welcome").await?;
///     }
///     Incoming::Http(plain) => {
///         plain.reply(&HttpResponse::new(200)?.body("in good health\n")).await?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub type Options = AnyOptions<Tokio>;

/// Accepts every opening handshake on a stream. To look at the request first, or for other options,
/// use [`Options`].
///
/// Sets `TCP_NODELAY` if the stream is a [`TcpStream`].
///
/// # Cancel safety
///
/// Dropping the future drops the stream.
///
/// # Errors
///
/// [`Error::Handshake`] if the client sent no opening handshake; an HTTP response was sent that
/// says so. [`Error::TimedOut`] after 10 s.
pub async fn accept<S>(stream: S) -> Result<WebSocket<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    Options::new().accept(stream).await
}

/// Connects to a `ws:` URI. For header fields, subprotocols and other options, use
/// [`Options::connect`](crate::Options::connect).
///
/// # Cancel safety
///
/// Dropping the future drops the stream.
///
/// # Errors
///
/// [`Error::Uri`], [`Error::TlsNeeded`] for `wss:`, [`Error::Io`] if there is no server,
/// [`Error::Handshake`] if it rejects the request, [`Error::TimedOut`] after 10 s.
pub async fn connect(uri: &str) -> Result<WebSocket<TcpStream>, Error> {
    Ok(Options::new().connect(&ClientRequest::new(uri)?).await?.0)
}

/// Opens a connection on a stream to the server: TLS, a proxy, a Unix socket.
///
/// # Cancel safety
///
/// Dropping the future drops the stream.
///
/// # Errors
///
/// As [`connect`].
pub async fn connect_with_stream<S>(
    stream: S,
    request: &ClientRequest,
) -> Result<(WebSocket<S>, Response), Error>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    Options::new().connect_with_stream(stream, request).await
}

impl AnyOptions<Tokio> {
    /// Accepts every opening handshake on a stream.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream.
    ///
    /// # Errors
    ///
    /// As [`accept`].
    pub async fn accept<S>(&self, stream: S) -> Result<WebSocket<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        set_nodelay(&stream);
        self.clone().accept_on(TokioStream(stream), TokioClock::new()).await
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
    pub async fn receive_request<S>(&self, stream: S) -> Result<Incoming<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        set_nodelay(&stream);
        self.clone().receive_request_on(TokioStream(stream), TokioClock::new()).await
    }

    /// Connects to the URI of the request, with `TCP_NODELAY`. The response has what the server
    /// added, for example cookies.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream.
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
        let stream = match self.timeouts.get().handshake {
            None => TcpStream::connect((request.uri().host(), request.uri().port())).await?,
            Some(timeout) => dial(request, &clock, timeout).await?,
        };
        stream.set_nodelay(true)?;
        self.clone().connect_on(TokioStream(stream), clock, request).await
    }

    /// Opens a connection on a stream to the server, which is encrypted if the URI is `wss:`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream.
    ///
    /// # Errors
    ///
    /// As [`connect`].
    pub async fn connect_with_stream<S>(
        &self,
        stream: S,
        request: &ClientRequest,
    ) -> Result<(WebSocket<S>, Response), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        set_nodelay(&stream);
        self.clone().connect_on(TokioStream(stream), TokioClock::new(), request).await
    }
}

/// Sets `TCP_NODELAY`, or small messages would wait for others. A socket that refuses it is slower,
/// and still works.
fn set_nodelay(stream: &dyn Any) {
    if let Some(stream) = stream.downcast_ref::<TcpStream>() {
        let _ = stream.set_nodelay(true);
    }
}

/// Tries the addresses of the host in turn, each for its share of the remaining time.
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

/// Makes a [`Stream`] of one of tokio's streams.
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

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

/// Tokio's clock, which `tokio::time::pause` can pause.
#[derive(Debug)]
pub struct TokioClock {
    epoch: Instant,
    sleep: SleepSlot<Sleep>,
}

impl TokioClock {
    /// A clock that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { epoch: Instant::now(), sleep: SleepSlot::new() }
    }

    /// The instant of a time on this clock. One that tokio can't represent is replaced by a far
    /// one.
    fn instant(&self, time: Duration) -> Instant {
        const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
        self.epoch + time.min(NEVER)
    }
}

/// The clone has the same epoch, and a timer of its own.
impl Clone for TokioClock {
    fn clone(&self) -> Self {
        Self { epoch: self.epoch, sleep: SleepSlot::new() }
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
        // Without this, tokio's budget could make the task poll again although its timer is set.
        pin!(unconstrained(poll_fn(|cx| self.sleep.poll(cx, deadline, || sleep_until(instant)))))
            .poll(cx)
    }

    fn alarm_is_pending(&self) -> bool {
        self.sleep.get().is_some_and(|sleep| !sleep.is_elapsed())
    }
}

/// `shutdown` finishes the message.
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

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        MessageWriter::poll_shutdown(self.get_mut(), cx)
    }
}
