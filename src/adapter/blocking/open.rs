//! Opens connections on blocking streams.

use std::net::Shutdown;
use std::time::{Duration, Instant};

use super::io::{Io, Read};
use super::stream::Stream;
use super::unsplit::Unsplit;
use super::websocket::WebSocket;
use crate::adapter::handshakes::handshakes;
use crate::adapter::opens::{opening, opens};
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::{Error, Options as AnyOptions};
use crate::adapter::{answer, incoming};
use crate::handshake::{AcceptOptions, ClientRequest, HttpResponse, RequestHead, Response};
use crate::session::trace::Peer;
use crate::session::{Exchange, Handshake, Next, Session, WriteProgress};

/// The first request of a client; see
/// [`Options::receive_request`](crate::Options::receive_request).
pub type Incoming<S> = incoming::Incoming<Transport<S>>;

/// An opening handshake that has not been answered.
pub type Upgrade<S> = incoming::Upgrade<Transport<S>>;

/// The server's answer to a client's request; see
/// [`Options::send_request`](crate::Options::send_request).
pub type Answer<S> = answer::Answer<Transport<S>, WebSocket<S>>;

/// A response other than 101, and its stream.
pub type Refusal<S> = answer::Refusal<Transport<S>>;

/// A request that is not an opening handshake.
pub type PlainHttp<S> = incoming::PlainHttp<Transport<S>>;

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
pub type Options = AnyOptions<BlockingAdapter>;

opens! {
    [], BlockingAdapter,
    (stream: S) where [S: Stream] => transport(stream, Instant::now())?;
    /// Sets `TCP_NODELAY` if the stream is a TCP socket.
}

handshakes! { [] impl[S: Stream] Transport<S> => WebSocket<S> }

pub(crate) fn transport<S: Stream>(stream: S, epoch: Instant) -> Result<Transport<S>, Error> {
    Ok(Transport { io: Io::new(stream, epoch)? })
}

/// A stream whose opening handshake is not done.
pub struct Transport<S> {
    io: Io<S>,
}

impl<S: Stream> Transport<S> {
    /// The epoch of the clock.
    const fn started(&self) -> Duration {
        Duration::ZERO
    }

    fn now(&self) -> Duration {
        self.io.now()
    }

    /// The stream knows it.
    pub(crate) const fn with_peer(self, _: Peer) -> Self {
        self
    }

    fn peer(&self) -> Peer {
        Peer::of(|| self.io.stream().peer_addr())
    }

    /// Moves bytes until some were received, or the exchange is over: then `false`.
    fn exchange<H: Handshake>(&mut self, exchange: &mut Exchange<H>) -> Result<bool, Error> {
        let io = &mut self.io;
        exchange.stream_ready();
        loop {
            let next = exchange.next(io.now())?;
            let until = exchange.deadline();
            match next {
                Next::Write | Next::Flush => {
                    let Some(output) = exchange.output() else { continue };
                    let mut progress = WriteProgress::default();
                    let written = io.write(&output, u64::MAX, until, &mut progress);
                    if progress.written > 0 {
                        exchange.wrote(progress.written);
                    }
                    if written.is_err() {
                        exchange.write_failed();
                    }
                    written?;
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
                        }
                        Read::End => exchange.end_input(),
                        Read::TimedOut => {
                            exchange.read_would_block();
                            continue;
                        }
                    }
                    return Ok(true);
                }
                Next::Wait(_) => exchange.stream_ready(),
                Next::Done => return Ok(false),
            }
        }
    }

    fn into_socket(self, session: Session) -> WebSocket<S> {
        WebSocket { driver: Unsplit::new(session, self.io) }
    }

    fn into_stream(self) -> S {
        self.io.into_stream()
    }
}
