//! Opening connections on blocking streams: accepting, in one step or two, and connecting.

use std::format;
use std::io::{self, ErrorKind};
use std::mem::take;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Instant;
use std::vec::Vec;

use bytes::{BufMut, Bytes};

use super::pipe::{Pipe, Read};
use super::stream::Stream;
use super::{Error, WebSocket};
use crate::adapter::Backpressure;
use crate::connection::{Config, Entropy, State};
use crate::handshake::{
    AcceptOptions, ClientHandshake, ClientRequest, HttpResponse, Rejection, Request, RequestError,
    RequestHead, Response, ResponseError, ServerHandshake,
};
use crate::timing::{TimedOut, Timeouts};

/// Accepts a connection, whatever it asks for. To look first, or for other settings: [`Options`].
///
/// # Errors
///
/// [`Error::Handshake`] if the client sent no opening handshake; it got the HTTP response that says
/// so. [`Error::TimedOut`] if it took longer than 10 s.
pub fn accept<S: Stream>(stream: S) -> Result<WebSocket<S>, Error> {
    Options::new().accept(stream)
}

/// Connects to a `ws:` address. For header fields, subprotocols and other settings:
/// [`Options::connect`].
///
/// # Errors
///
/// [`Error::Uri`], [`Error::TlsNeeded`] for `wss:`, [`Error::Io`] if there is no server,
/// [`Error::Handshake`] if it wants no connection, [`Error::TimedOut`] after 10 s.
pub fn connect(uri: &str) -> Result<WebSocket<TcpStream>, Error> {
    Ok(Options::new().connect(&ClientRequest::new(uri)?)?.0)
}

/// Opens a connection on a stream to the server: over TLS, through a proxy, on a Unix socket …
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
///     Incoming::Upgrade(upgrade) if upgrade.request().path() != "/chat" => upgrade.reject(&HttpResponse::new(404)?)?,
///     Incoming::Upgrade(upgrade) => {
///         let mut socket = upgrade.accept_with(&AcceptOptions::new().subprotocol("chat.v1")?)?;
///         socket.send("welcome")?;
///     }
///     Incoming::Http(plain) => plain.reply(&HttpResponse::new(200)?.body("in good health\n"))?,
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    config: Config,
    timeouts: Timeouts,
    backpressure: Backpressure,
}

impl Options {
    /// The defaults: [`Config::new`], [`Timeouts::default`] and [`Backpressure::default`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits and habits of the connections.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// How long things may take.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// How much may wait to be written, and what happens to messages when it does.
    #[must_use]
    pub fn backpressure(mut self, backpressure: Backpressure) -> Self {
        self.backpressure = backpressure;
        self
    }

    /// Accepts a connection, whatever it asks for.
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

    /// Waits for a client's request, to be looked at before it is answered.
    ///
    /// # Errors
    ///
    /// [`Error::Handshake`] if the client broke the protocol; it got the HTTP response that says
    /// so. [`Error::TimedOut`] if it took too long.
    pub fn receive_request<S: Stream>(&self, mut stream: S) -> Result<Incoming<S>, Error> {
        stream.set_nodelay()?;
        let mut pipe = Pipe::new(stream, self.timeouts, self.backpressure, Instant::now())?;
        let mut handshake = ServerHandshake::new(self.config.clone());
        loop {
            match handshake.receive() {
                Ok(Some(request)) => return Ok(Incoming::Upgrade(Upgrade { pipe, request })),
                Ok(None) => {}
                Err(rejection) if *rejection.error() == RequestError::NotWebSocket => {
                    return Ok(Incoming::Http(PlainHttp { pipe, rejection }));
                }
                Err(rejection) => {
                    let error = *rejection.error();
                    // The response is a courtesy: what is wrong is what matters.
                    let _ = dismiss(pipe, rejection);
                    return Err(error.into());
                }
            }
            match pipe.read(None)? {
                Read::End => handshake.end_input(),
                _ => handshake.input().put_slice(take(&mut pipe.unread).bytes()),
            }
        }
    }

    /// Connects to the request's address. The response has what the server added: cookies, for
    /// example.
    ///
    /// The time for the handshake covers connecting, but not the resolver, which can't be
    /// interrupted.
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
        let stream = self.dial(request, epoch)?;
        self.shake_hands(stream, request, epoch)
    }

    /// Opens a connection on a stream that is connected to the server, encrypted if the address is
    /// `wss:`.
    ///
    /// # Errors
    ///
    /// As [`connect`].
    pub fn connect_with_stream<S: Stream>(
        &self,
        stream: S,
        request: &ClientRequest,
    ) -> Result<(WebSocket<S>, Response), Error> {
        self.shake_hands(stream, request, Instant::now())
    }

    /// Tries the host's addresses in turn, each for its share of the time that is left.
    fn dial(&self, request: &ClientRequest, epoch: Instant) -> Result<TcpStream, Error> {
        let mut failure = io::Error::new(ErrorKind::NotFound, "the host has no address");
        let addresses = (request.uri().host(), request.uri().port()).to_socket_addrs()?;
        let mut addresses = addresses.collect::<Vec<_>>().into_iter();
        while let Some(address) = addresses.next() {
            let attempt = match self.timeouts.handshake {
                None => TcpStream::connect(address),
                Some(timeout) => {
                    let left =
                        timeout.saturating_sub(epoch.elapsed()) / (addresses.len() as u32 + 1);
                    if left.is_zero() {
                        return Err(TimedOut::Handshake.into());
                    }
                    TcpStream::connect_timeout(&address, left)
                }
            };
            match attempt {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = io::Error::new(error.kind(), format!("{address}: {error}")),
            }
        }
        Err(if failure.kind() == ErrorKind::TimedOut {
            TimedOut::Handshake.into()
        } else {
            failure.into()
        })
    }

    fn shake_hands<S: Stream>(
        &self,
        mut stream: S,
        request: &ClientRequest,
        epoch: Instant,
    ) -> Result<(WebSocket<S>, Response), Error> {
        stream.set_nodelay()?;
        let mut pipe = Pipe::new(stream, self.timeouts, self.backpressure, epoch)?;
        let mut handshake = ClientHandshake::new(request, self.config.clone(), Entropy::from_os()?);
        pipe.write(handshake.output(), pipe.wait(None))?;
        loop {
            if let Some((connection, response)) = handshake.receive()? {
                return Ok((WebSocket::new(pipe, connection), response));
            }
            match pipe.read(None) {
                Ok(Read::End) => handshake.end_input(),
                Ok(_) => handshake.input().put_slice(take(&mut pipe.unread).bytes()),
                Err(error) => {
                    // A refusal whose body does not end says more than that the time is over.
                    handshake.end_input();
                    return match handshake.receive() {
                        Err(refused @ ResponseError::UnexpectedStatus(_)) => Err(refused.into()),
                        _ => Err(error),
                    };
                }
            }
        }
    }
}

/// What a client sent first.
#[derive(Debug)]
pub enum Incoming<S> {
    /// An opening handshake.
    Upgrade(Upgrade<S>),
    /// Another HTTP request: a health check, a browser's page …
    Http(PlainHttp<S>),
}

/// An opening handshake that waits for an answer, on its stream.
#[derive(Debug)]
pub struct Upgrade<S> {
    pipe: Pipe<S>,
    request: Request,
}

impl<S: Stream> Upgrade<S> {
    /// What the client asks for.
    #[must_use]
    pub fn request(&self) -> &RequestHead {
        &self.request
    }

    /// Accepts.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the client is gone, [`Error::TimedOut`] if it reads nothing.
    pub fn accept(self) -> Result<WebSocket<S>, Error> {
        self.accept_with(&AcceptOptions::new())
    }

    /// Accepts, with a subprotocol or header fields of the application's.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn accept_with(mut self, accept: &AcceptOptions) -> Result<WebSocket<S>, Error> {
        let mut connection = self.request.accept_with(accept);
        self.pipe.write(connection.output(), self.pipe.wait(None))?;
        Ok(WebSocket::new(self.pipe, connection))
    }

    /// Refuses, and ends the stream.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn reject(self, reply: &HttpResponse) -> Result<(), Error> {
        dismiss(self.pipe, self.request.reject(reply))
    }
}

/// A request that is not an opening handshake, on its stream.
#[derive(Debug)]
pub struct PlainHttp<S> {
    pipe: Pipe<S>,
    rejection: Rejection,
}

impl<S: Stream> PlainHttp<S> {
    /// What the client asks for.
    #[must_use]
    pub fn request(&self) -> &RequestHead {
        self.rejection.request().expect("what is not for WebSocket is well-formed HTTP")
    }

    /// Answers, and ends the stream.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the client is gone, [`Error::TimedOut`] if it reads nothing.
    pub fn reply(self, reply: &HttpResponse) -> Result<(), Error> {
        dismiss(self.pipe, self.rejection.answer_with(reply))
    }

    /// Answers that this port speaks WebSocket (426), and ends the stream.
    ///
    /// # Errors
    ///
    /// As [`reply`](Self::reply).
    pub fn reject(self) -> Result<(), Error> {
        dismiss(self.pipe, self.rejection)
    }

    /// The stream, and what was read from it: for an HTTP server to go on with.
    #[must_use]
    pub fn into_parts(self) -> (S, Bytes) {
        (self.pipe.into_stream(), self.rejection.into_received())
    }
}

/// Writes the last words of a failed handshake, and ends the stream.
fn dismiss<S: Stream>(mut pipe: Pipe<S>, mut rejection: Rejection) -> Result<(), Error> {
    // The client has done its part of the handshake; from here it has the time for closing.
    pipe.observe(State::Closed);
    pipe.write(rejection.output(), pipe.wait(None))?;
    pipe.hang_up(true, None);
    Ok(())
}
