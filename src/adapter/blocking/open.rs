//! Opens connections on blocking streams: both sides of the opening handshake.

use std::format;
use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};
use std::vec::Vec;

use bytes::Bytes;

use super::io::{Io, Read};
use super::stream::Stream;
use super::unsplit::Unsplit;
use super::websocket::WebSocket;
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::{Error, Options as AnyOptions, incoming};
use crate::connection::{Connection, Entropy};
use crate::handshake::{
    AcceptOptions, ClientHandshake, ClientRequest, HttpResponse, Rejection, RequestError, Response,
};
use crate::session::{Backpressure, Exchange, Handshake, Next, Session, WriteProgress};
use crate::timing::{SharedTimeouts, TimedOut};

/// The first request of a client; see
/// [`Options::receive_request`](crate::Options::receive_request).
pub type Incoming<S> = incoming::Incoming<Transport<S>>;

/// An opening handshake that has not been answered.
pub type Upgrade<S> = incoming::Upgrade<Transport<S>>;

/// A request that is not an opening handshake.
pub type PlainHttp<S> = incoming::PlainHttp<Transport<S>>;

/// The adapter that [`Options`] belong to.
#[derive(Clone, Copy, Debug)]
pub enum Blocking {}

/// How to open connections.
///
/// ```no_run
/// use sansocket::blocking::{Incoming, Options};
/// use sansocket::{AcceptOptions, Config, HttpResponse};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = Options::new().config(Config::new().max_message_size(64 * 1024));
/// let (stream, _) = std::net::TcpListener::bind("127.0.0.1:9001")?.accept()?;
/// match options.receive_request(stream)? {
///     Incoming::Upgrade(upgrade) if upgrade.request().path() != "/chat" => {
///         upgrade.reject(&HttpResponse::new(404)?)?;
///     }
///     Incoming::Upgrade(upgrade) => {
///         let mut socket = upgrade.accept_with(&AcceptOptions::new().subprotocol("chat.v1")?)?;
///         socket.send("welcome")?;
///     }
///     Incoming::Http(plain) => plain.reply(&HttpResponse::new(200)?.body("in good health\n"))?,
/// }
/// # Ok(())
/// # }
/// ```
pub type Options = AnyOptions<Blocking>;

/// Accepts every opening handshake on a stream. To look at the request first, or for other options,
/// use [`Options`].
///
/// Sets `TCP_NODELAY` if the stream is a TCP socket.
///
/// # Errors
///
/// [`Error::Handshake`] if the client sent no opening handshake; an HTTP response was sent that
/// says so. [`Error::TimedOut`] after 10 s.
pub fn accept<S: Stream>(stream: S) -> Result<WebSocket<S>, Error> {
    Options::new().accept(stream)
}

/// Connects to a `ws:` URI. For header fields, subprotocols and other options, use
/// [`Options::connect`](crate::Options::connect).
///
/// # Errors
///
/// [`Error::Uri`], [`Error::TlsNeeded`] for `wss:`, [`Error::Io`] if there is no server,
/// [`Error::Handshake`] if it rejects the request, [`Error::TimedOut`] after 10 s.
pub fn connect(uri: &str) -> Result<WebSocket<TcpStream>, Error> {
    Ok(Options::new().connect(&ClientRequest::new(uri)?)?.0)
}

/// Opens a connection on a stream to the server: TLS, a proxy, a Unix socket.
///
/// # Errors
///
/// As [`connect`].
pub fn connect_with_stream<S: Stream>(
    stream: S,
    request: &ClientRequest,
) -> Result<(WebSocket<S>, Response), Error> {
    Options::new().connect_with_stream(stream, request)
}

impl AnyOptions<Blocking> {
    /// Accepts every opening handshake on a stream.
    ///
    /// # Errors
    ///
    /// As [`accept`].
    pub fn accept<S: Stream>(&self, stream: S) -> Result<WebSocket<S>, Error> {
        match self.receive_request(stream)? {
            Incoming::Upgrade(upgrade) => upgrade.accept(),
            Incoming::Http(plain) => {
                let error = *plain.rejection.error();
                plain.reject()?;
                Err(error.into())
            }
        }
    }

    /// Receives the client's request, to be looked at before it is answered.
    ///
    /// # Errors
    ///
    /// [`Error::Handshake`] if the client violated the protocol; an HTTP response was sent that
    /// says so. [`Error::TimedOut`] after [`Timeouts::handshake`](crate::Timeouts::handshake).
    pub fn receive_request<S: Stream>(&self, stream: S) -> Result<Incoming<S>, Error> {
        let mut transport = self.start(stream, Instant::now())?;
        let timeouts = self.timeouts.clone();
        let mut exchange = Exchange::server_shared(self.config.clone(), timeouts, Duration::ZERO);
        loop {
            match exchange.receive() {
                Ok(Some(request)) => return Ok(Incoming::Upgrade(Upgrade { transport, request })),
                Ok(None) => {}
                Err(rejection) if *rejection.error() == RequestError::NotWebSocket => {
                    return Ok(Incoming::Http(PlainHttp { transport, rejection }));
                }
                Err(rejection) => {
                    let error = *rejection.error();
                    // The client's error matters, not whether it reads the response.
                    let _ = transport.dismiss(rejection);
                    return Err(error.into());
                }
            }
            transport.exchange(&mut exchange)?;
        }
    }

    /// Connects to the URI of the request, with `TCP_NODELAY`. The response has what the server
    /// added, for example cookies.
    ///
    /// [`Timeouts::handshake`](crate::Timeouts::handshake) covers connecting, but not the resolver,
    /// which can't be interrupted.
    ///
    /// # Errors
    ///
    /// As [`connect`].
    pub fn connect(
        &self,
        request: &ClientRequest,
    ) -> Result<(WebSocket<TcpStream>, Response), Error> {
        // RFC 6455 §4.1: "If /secure/ is true, the client MUST perform a TLS handshake"
        if request.uri().is_secure() {
            return Err(Error::TlsNeeded);
        }
        let epoch = Instant::now();
        let stream = dial(request, epoch, self.timeouts.get().handshake)?;
        self.handshake(self.start(stream, epoch)?, request)
    }

    /// Opens a connection on a stream to the server, which is encrypted if the URI is `wss:`.
    ///
    /// # Errors
    ///
    /// As [`connect`].
    pub fn connect_with_stream<S: Stream>(
        &self,
        stream: S,
        request: &ClientRequest,
    ) -> Result<(WebSocket<S>, Response), Error> {
        self.handshake(self.start(stream, Instant::now())?, request)
    }

    fn handshake<S: Stream>(
        &self,
        mut transport: Transport<S>,
        request: &ClientRequest,
    ) -> Result<(WebSocket<S>, Response), Error> {
        let handshake = ClientHandshake::new(request, self.config.clone(), Entropy::from_os()?);
        let mut exchange =
            Exchange::client_shared(handshake, self.timeouts.clone(), Duration::ZERO);
        loop {
            if let Some((connection, response)) = exchange.receive()? {
                return Ok((transport.into_socket(connection), response));
            }
            if let Err(error) = transport.exchange(&mut exchange) {
                return Err(exchange.refusal().map_or(error, Error::from));
            }
        }
    }

    /// A stream whose opening handshake begins at the epoch.
    fn start<S: Stream>(&self, stream: S, epoch: Instant) -> Result<Transport<S>, Error> {
        let (timeouts, backpressure) = (self.timeouts.clone(), self.backpressure);
        Ok(Transport { io: Io::new(stream, epoch)?, timeouts, backpressure })
    }
}

/// Tries the addresses of the host in turn, each for its share of the remaining time.
fn dial(
    request: &ClientRequest,
    epoch: Instant,
    timeout: Option<Duration>,
) -> Result<TcpStream, Error> {
    let mut failure = io::Error::new(ErrorKind::NotFound, "the host has no address");
    let addresses = (request.uri().host(), request.uri().port()).to_socket_addrs()?;
    let mut addresses = addresses.collect::<Vec<_>>().into_iter();
    while let Some(address) = addresses.next() {
        let connected = match timeout {
            None => TcpStream::connect(address),
            Some(timeout) => {
                let left = timeout.saturating_sub(epoch.elapsed());
                let share = left / (addresses.len() as u32 + 1);
                if share.is_zero() {
                    return Err(TimedOut::Handshake.into());
                }
                TcpStream::connect_timeout(&address, share)
            }
        };
        match connected {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = io::Error::new(error.kind(), format!("{address}: {error}")),
        }
    }
    Err(match failure.kind() {
        ErrorKind::TimedOut => TimedOut::Handshake.into(),
        _ => failure.into(),
    })
}

/// A stream whose opening handshake is not done, with its options.
pub struct Transport<S> {
    io: Io<S>,
    timeouts: SharedTimeouts,
    backpressure: Backpressure,
}

impl<S: Stream> Transport<S> {
    fn into_socket(self, connection: Connection) -> WebSocket<S> {
        let Self { io, timeouts, backpressure } = self;
        let session = Session::with_shared(connection, timeouts, backpressure, io.now());
        WebSocket { driver: Unsplit::new(session, io) }
    }

    /// Moves bytes until some were received, or the exchange is over: then `false`.
    fn exchange<H: Handshake>(&mut self, exchange: &mut Exchange<H>) -> Result<bool, Error> {
        let (io, until) = (&mut self.io, exchange.deadline());
        exchange.stream_ready();
        loop {
            match exchange.next(io.now())? {
                Next::Write | Next::Flush => {
                    let Some(output) = exchange.output() else { continue };
                    let mut progress = WriteProgress::default();
                    io.write(&output, u64::MAX, until, &mut progress)?;
                    if progress.written > 0 {
                        exchange.wrote(progress.written);
                    }
                    match progress.stalled_since {
                        Some(since) => exchange.write_would_block(since),
                        None if progress.flushed => exchange.flushed(),
                        None => {}
                    }
                }
                Next::ShutdownWrite => {
                    io.shut_down(Shutdown::Write);
                    exchange.write_half_shut_down();
                }
                Next::Read => {
                    let mut buffer = ReadBuffer::new(false);
                    match io.read(buffer.space(), until)? {
                        Read::Bytes(count) => {
                            buffer.fill(count);
                            exchange.received(buffer.bytes());
                            return Ok(true);
                        }
                        Read::End => {
                            exchange.end_input();
                            return Ok(true);
                        }
                        Read::TimedOut => exchange.read_would_block(),
                    }
                }
                Next::Wait(_) => exchange.stream_ready(),
                Next::Done => return Ok(false),
            }
        }
    }

    /// Sends the response of a rejected request, and shuts the stream down so that it arrives.
    fn dismiss(mut self, rejection: Rejection) -> Result<(), Error> {
        let (timeouts, now) = (self.timeouts.clone(), self.io.now());
        let mut exchange = Exchange::rejection_shared(rejection, timeouts, now);
        while self.exchange(&mut exchange)? {}
        Ok(())
    }

    /// Writes the response of an accepted request, which is the connection's first output.
    fn accept(mut self, connection: Connection) -> Result<WebSocket<S>, Error> {
        let timeouts = self.timeouts.clone();
        let mut exchange = Exchange::acceptance_shared(connection, timeouts, Duration::ZERO);
        while self.exchange(&mut exchange)? {}
        Ok(self.into_socket(exchange.into_inner()))
    }
}

impl<S: Stream> incoming::Upgrade<Transport<S>> {
    /// Accepts the opening handshake.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the client is gone, [`Error::TimedOut`] if it does not read.
    pub fn accept(self) -> Result<WebSocket<S>, Error> {
        self.accept_with(&AcceptOptions::new())
    }

    /// Accepts the opening handshake, with a subprotocol or header fields.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn accept_with(self, accept: &AcceptOptions) -> Result<WebSocket<S>, Error> {
        self.transport.accept(self.request.accept_with(accept))
    }

    /// Rejects the opening handshake with an HTTP response, and closes the stream.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn reject(self, response: &HttpResponse) -> Result<(), Error> {
        self.transport.dismiss(self.request.reject(response))
    }
}

impl<S: Stream> incoming::PlainHttp<Transport<S>> {
    /// Answers the request, and closes the stream.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the client is gone, [`Error::TimedOut`] if it does not read.
    pub fn reply(self, response: &HttpResponse) -> Result<(), Error> {
        self.transport.dismiss(self.rejection.answer_with(response))
    }

    /// Answers 426 (this port speaks WebSocket), and closes the stream.
    ///
    /// # Errors
    ///
    /// As [`reply`](Self::reply).
    pub fn reject(self) -> Result<(), Error> {
        self.transport.dismiss(self.rejection)
    }

    /// Returns the stream, and the bytes that were read from it, for an HTTP server.
    #[must_use]
    pub fn into_parts(self) -> (S, Bytes) {
        (self.transport.io.into_stream(), self.rejection.into_received())
    }
}

impl<S> std::fmt::Debug for Transport<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}
