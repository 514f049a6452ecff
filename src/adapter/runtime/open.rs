//! Opens connections on async streams: both sides of the opening handshake.

use std::boxed::Box;
use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;

use super::alarm::Alarm;
use super::driver::Driver;
use super::io::{Clock, Stream};
use super::websocket::WebSocket;
use crate::adapter::error::is_disconnect;
use crate::adapter::output;
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::{Error, Options, PlainHttp, Upgrade, incoming};
use crate::connection::{Config, Connection, Entropy};
use crate::handshake::{
    AcceptOptions, ClientHandshake, ClientRequest, HttpResponse, Rejection, RequestError, Response,
};
use crate::session::{Backpressure, Exchange, Handshake, Next, Session};
use crate::timing::SharedTimeouts;

/// The first request of a client.
pub type Incoming<S, C> = incoming::Incoming<Transport<S, C>>;

/// The future of a handshake, in a box: it is several times as large as the connection that it
/// makes, and the task that keeps the connection would keep room for it as long.
type Boxed<F> = Pin<Box<F>>;

/// A new connection, and the server's response.
type Connected<S, C> = Result<(WebSocket<S, C>, Response), Error>;

/// A stream whose opening handshake is not done, with its clock and its options.
pub struct Transport<S, C> {
    stream: S,
    alarm: Alarm<C>,
    timeouts: SharedTimeouts,
    backpressure: Backpressure,
    /// When the handshake began.
    started: Duration,
}

impl<A> Options<A> {
    /// Receives the client's request.
    pub(in crate::adapter) fn receive_request_on<S: Stream, C: Clock>(
        self,
        stream: S,
        clock: C,
    ) -> Boxed<impl Future<Output = Result<Incoming<S, C>, Error>>> {
        Box::pin(self.receive(stream, clock))
    }

    /// Accepts every opening handshake.
    pub(in crate::adapter) fn accept_on<S: Stream, C: Clock>(
        self,
        stream: S,
        clock: C,
    ) -> Boxed<impl Future<Output = Result<WebSocket<S, C>, Error>>> {
        Box::pin(async {
            match self.receive(stream, clock).await? {
                Incoming::Upgrade(upgrade) => upgrade.accept().await,
                Incoming::Http(plain) => {
                    let error = *plain.rejection.error();
                    plain.reject().await?;
                    Err(error.into())
                }
            }
        })
    }

    /// Opens a connection on a stream to the server.
    pub(in crate::adapter) fn connect_on<S: Stream, C: Clock>(
        self,
        stream: S,
        clock: C,
        request: &ClientRequest,
    ) -> Boxed<impl Future<Output = Connected<S, C>>> {
        Box::pin(self.open(stream, clock, request))
    }

    async fn receive<S: Stream, C: Clock>(
        self,
        stream: S,
        clock: C,
    ) -> Result<Incoming<S, C>, Error> {
        let (config, mut transport) = self.transport(stream, clock);
        let timeouts = transport.timeouts.clone();
        let mut exchange = Exchange::server_shared(config, timeouts, transport.started);
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
                    let _ = transport.dismiss(rejection).await;
                    return Err(error.into());
                }
            }
            poll_fn(|cx| transport.poll_exchange(cx, &mut exchange)).await?;
        }
    }

    async fn open<S: Stream, C: Clock>(
        self,
        stream: S,
        clock: C,
        request: &ClientRequest,
    ) -> Connected<S, C> {
        let (config, mut transport) = self.transport(stream, clock);
        let handshake = ClientHandshake::new(request, config, Entropy::from_os()?);
        let timeouts = transport.timeouts.clone();
        let mut exchange = Exchange::client_shared(handshake, timeouts, transport.started);
        loop {
            if let Some((connection, response)) = exchange.receive()? {
                return Ok((transport.into_socket(connection), response));
            }
            let exchanged = poll_fn(|cx| transport.poll_exchange(cx, &mut exchange)).await;
            if let Err(error) = exchanged {
                return Err(exchange.refusal().map_or(error, Error::from));
            }
        }
    }

    fn transport<S: Stream, C: Clock>(self, stream: S, clock: C) -> (Config, Transport<S, C>) {
        let Self { config, timeouts, backpressure, .. } = self;
        let started = clock.now();
        (config, Transport { stream, alarm: Alarm::new(clock), timeouts, backpressure, started })
    }
}

impl<S: Stream, C: Clock> Transport<S, C> {
    fn into_socket(self, connection: Connection) -> WebSocket<S, C> {
        let now = self.alarm.now();
        let session = Session::with_shared(connection, self.timeouts, self.backpressure, now);
        WebSocket::with_driver(Driver::new(session, self.stream, self.alarm))
    }

    /// Moves bytes until some were received, or the exchange is over: then `false`.
    fn poll_exchange<H: Handshake>(
        &mut self,
        cx: &mut Context<'_>,
        exchange: &mut Exchange<H>,
    ) -> Poll<Result<bool, Error>> {
        exchange.stream_ready();
        loop {
            match exchange.next(self.alarm.now())? {
                Next::Write => {
                    let Some(output) = exchange.output() else { continue };
                    let vectored = self.stream.is_write_vectored();
                    let write = |slices: &[IoSlice<'_>]| self.stream.poll_write(cx, slices);
                    match output::write_with(&output, vectored, write) {
                        Poll::Ready(Ok(0)) => return Poll::Ready(Err(Error::ConnectionLost)),
                        Poll::Ready(Ok(count)) => exchange.wrote(count),
                        Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                        Poll::Ready(Err(error)) => {
                            return Poll::Ready(Err(Error::from_stream(error)));
                        }
                        Poll::Pending => exchange.write_would_block(self.alarm.now()),
                    }
                }
                Next::Flush => match self.stream.poll_flush(cx) {
                    Poll::Ready(Ok(())) => exchange.flushed(),
                    Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(Error::from_stream(error))),
                    Poll::Pending => exchange.write_would_block(self.alarm.now()),
                },
                Next::ShutdownWrite => match self.stream.poll_shutdown(cx) {
                    Poll::Ready(Ok(())) => exchange.write_half_shut_down(),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                    Poll::Pending => exchange.write_would_block(self.alarm.now()),
                },
                Next::Read => {
                    let mut buffer = ReadBuffer::new(false);
                    match self.stream.poll_read(cx, buffer.space()) {
                        Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                        Poll::Ready(Err(error)) if !is_disconnect(&error) => {
                            return Poll::Ready(Err(error.into()));
                        }
                        Poll::Ready(Ok(0) | Err(_)) => {
                            exchange.end_input();
                            return Poll::Ready(Ok(true));
                        }
                        Poll::Ready(Ok(count)) => {
                            buffer.fill(count);
                            exchange.received(buffer.bytes());
                            return Poll::Ready(Ok(true));
                        }
                        Poll::Pending => exchange.read_would_block(),
                    }
                }
                Next::Wait(None) => return Poll::Pending,
                Next::Wait(Some(deadline)) => {
                    ready!(self.alarm.poll_until(cx.waker(), deadline));
                }
                Next::Done => return Poll::Ready(Ok(false)),
            }
        }
    }

    /// Sends the response of a rejected request, and shuts the stream down so that it arrives.
    async fn dismiss(mut self, rejection: Rejection) -> Result<(), Error> {
        let now = self.alarm.now();
        let mut exchange = Exchange::rejection_shared(rejection, self.timeouts.clone(), now);
        while poll_fn(|cx| self.poll_exchange(cx, &mut exchange)).await? {}
        Ok(())
    }

    /// Writes the response of an accepted request, which is the connection's first output.
    async fn accept(mut self, connection: Connection) -> Result<WebSocket<S, C>, Error> {
        let timeouts = self.timeouts.clone();
        let mut exchange = Exchange::acceptance_shared(connection, timeouts, self.started);
        while poll_fn(|cx| self.poll_exchange(cx, &mut exchange)).await? {}
        Ok(self.into_socket(exchange.into_inner()))
    }
}

impl<S: Stream, C: Clock> Upgrade<Transport<S, C>> {
    /// Accepts the opening handshake.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the client is gone, [`Error::TimedOut`] if it does not read.
    pub async fn accept(self) -> Result<WebSocket<S, C>, Error> {
        self.accept_with(&AcceptOptions::new()).await
    }

    /// Accepts the opening handshake, with a subprotocol or header fields.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub async fn accept_with(self, accept: &AcceptOptions) -> Result<WebSocket<S, C>, Error> {
        self.transport.accept(self.request.accept_with(accept)).await
    }

    /// Rejects the opening handshake with an HTTP response, and closes the stream.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub async fn reject(self, response: &HttpResponse) -> Result<(), Error> {
        self.transport.dismiss(self.request.reject(response)).await
    }
}

impl<S: Stream, C: Clock> PlainHttp<Transport<S, C>> {
    /// Answers the request, and closes the stream.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the client is gone, [`Error::TimedOut`] if it does not read.
    pub async fn reply(self, response: &HttpResponse) -> Result<(), Error> {
        self.transport.dismiss(self.rejection.answer_with(response)).await
    }

    /// Answers 426 (this port speaks WebSocket), and closes the stream.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream.
    ///
    /// # Errors
    ///
    /// As [`reply`](Self::reply).
    pub async fn reject(self) -> Result<(), Error> {
        self.transport.dismiss(self.rejection).await
    }

    /// Returns the stream, and the bytes that were read from it, for an HTTP server.
    #[must_use]
    pub fn into_parts(self) -> (S, Bytes) {
        (self.transport.stream, self.rejection.into_received())
    }
}

impl<S, C> std::fmt::Debug for Transport<S, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}
