//! Connections on tokio's streams and clock.

use std::any::Any;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::ops::Deref;
use std::panic::{UnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use super::opens::{opening, opens};
use super::runtime::{self, Clock, SleepSlot, Stream};
use super::{Error, Options as AnyOptions};
use crate::connection::{Config, Connection, Entropy};
use crate::handshake::{AcceptOptions, ClientRequest, HttpResponse, RequestHead, Response};
use crate::session::trace::Peer;
use crate::timing::Timeouts;

/// A connection on one of tokio's streams: see [`runtime::WebSocket`] for its methods.
pub type WebSocket<S> = runtime::WebSocket<TokioStream<S>, TokioClock>;

/// The half of a connection that sends; see [`WebSocket::split`](runtime::WebSocket::split).
pub type Sender<S> = runtime::Sender<TokioStream<S>, TokioClock>;

/// See [`runtime::WeakSender`].
pub type WeakSender<S> = runtime::WeakSender<TokioStream<S>, TokioClock>;

/// The half of a connection that receives.
pub type Receiver<S> = runtime::Receiver<TokioStream<S>, TokioClock>;

/// The first request of a client; see
/// [`Options::receive_request`](crate::Options::receive_request).
pub type Incoming<S> = runtime::Incoming<TokioStream<S>, TokioClock>;

/// An opening handshake to accept or to reject.
pub type Upgrade<S> = super::Upgrade<Transport<S>>;

/// Any other HTTP request, which can be answered.
pub type PlainHttp<S> = super::PlainHttp<Transport<S>>;

/// The server's answer to a client's request; see
/// [`Options::send_request`](crate::Options::send_request).
pub type Answer<S> = runtime::Answer<TokioStream<S>, TokioClock>;

/// A response other than 101, and its stream.
pub type Refusal<S> = super::Refusal<Transport<S>>;

type Transport<S> = runtime::Transport<TokioStream<S>, TokioClock>;

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
pub type Options = AnyOptions<TokioAdapter>;

opens! {
    [async .await], TokioAdapter,
    (stream: S) where [S: AsyncRead + AsyncWrite + Unpin + 'static]
    => transport(stream, Instant::now())?;
    /// Sets `TCP_NODELAY` if the stream is a TCP socket.
}

/// Sets `TCP_NODELAY`, or small messages would wait for others. A socket that refuses it is slower,
/// and still works. Returns the socket, if it is one.
pub(crate) fn set_nodelay<S: 'static>(stream: &S) -> Option<&TcpStream> {
    let stream = (stream as &dyn Any).downcast_ref::<TcpStream>()?;
    let _ = stream.set_nodelay(true);
    Some(stream)
}

pub(crate) fn transport<S>(stream: S, epoch: Instant) -> Result<Transport<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let socket = set_nodelay(&stream);
    let peer = socket.map_or_else(Peer::default, |it| Peer::of(|| it.peer_addr().ok()));
    let clock = TokioClock { epoch, ..TokioClock::new() };
    Ok(Transport::new(TokioStream(stream), clock, |_| Duration::ZERO).with_peer(peer))
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// A server's connection on a stream whose opening handshake is done, by another HTTP stack for
    /// example. [`from_parts`](runtime::WebSocket::from_parts) takes a
    /// [`Connection`](crate::Connection) with bytes that were read already, and timeouts.
    #[must_use]
    pub fn server(stream: S, config: Config) -> Self {
        let connection = Connection::server(config);
        Self::from_parts(TokioStream(stream), TokioClock::new(), connection, Timeouts::default())
    }

    /// A client's connection: see [`server`](Self::server).
    ///
    /// # Errors
    ///
    /// [`Error::Entropy`] if the operating system has no random bytes for masking keys.
    pub fn client(stream: S, config: Config) -> Result<Self, Error> {
        let (connection, clock) =
            (Connection::client(config, Entropy::from_os()?), TokioClock::new());
        Ok(Self::from_parts(TokioStream(stream), clock, connection, Timeouts::default()))
    }
}

/// Makes a sleep. Tokio panics where its timer is needed and is off.
pub(crate) fn or_no_timer(sleep: impl FnOnce() -> Sleep + UnwindSafe) -> Option<Sleep> {
    Handle::try_current().ok().and_then(|_| catch_unwind(sleep).ok())
}

/// Makes a [`Stream`] of one of tokio's streams, to which it dereferences.
#[derive(Debug)]
pub struct TokioStream<S>(pub S);

impl<S> Deref for TokioStream<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for TokioStream<S> {
    #[inline]
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    #[inline]
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

    #[inline]
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    #[inline]
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    #[inline]
    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

/// Tokio's clock, which `tokio::time::pause` can pause.
///
/// On a runtime whose timer is off, the first call that has to wait for a deadline is
/// [`Error::NoTimer`]. Without [`Timeouts`] there are no deadlines, and no timer is needed.
#[derive(Clone, Debug)]
pub struct TokioClock {
    epoch: Instant,
    sleep: SleepSlot<Sleep>,
    no_timer: bool,
}

impl TokioClock {
    /// A clock that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { epoch: Instant::now(), sleep: SleepSlot::new(), no_timer: false }
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
        let Self { epoch, sleep, no_timer } = self;
        let poll = |cx: &mut Context<'_>| {
            sleep.poll(cx, deadline, |deadline| {
                let made = or_no_timer(|| sleep_until(*epoch + deadline));
                *no_timer = made.is_none();
                made
            })
        };
        // Without this, tokio's budget could make the task poll again although its timer is set.
        pin!(unconstrained(poll_fn(poll))).poll(cx)
    }

    fn has_timer(&self) -> bool {
        !self.no_timer
    }

    fn alarm_is_pending(&self) -> bool {
        self.sleep.get().is_some_and(|sleep| !sleep.is_elapsed())
    }
}
