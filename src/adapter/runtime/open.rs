//! Opening connections on async streams: accepting, in one step or two, and the client's handshake
//! on a stream.

use std::boxed::Box;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes};

use super::common::Common;
use super::io::{Clock, Stream};
use super::pipe::{Patience, Pipe};
use super::{Error, WebSocket};
use crate::adapter::Backpressure;
use crate::adapter::window::Window;
use crate::connection::{Config, Entropy, State};
use crate::handshake::{
    AcceptOptions, ClientHandshake, ClientRequest, HttpResponse, Rejection, Request, RequestError,
    RequestHead, Response, ResponseError, ServerHandshake,
};
use crate::timing::TimedOut;

/// How to open connections.
#[derive(Clone, Debug, Default)]
pub(in crate::adapter) struct Options {
    pub(in crate::adapter) config: Config,
    pub(in crate::adapter) timeouts: Common,
    pub(in crate::adapter) backpressure: Backpressure,
}

/// A handshake's future, in a box: it is several times as large as the connection that it makes,
/// and the task that keeps the connection would keep room for it as long. It takes the options, so
/// that the task keeps no room for them either.
type Boxed<F> = Pin<Box<F>>;

/// What connecting comes to.
type Connected<S, C> = Result<(WebSocket<S, C>, Response), Error>;

impl Options {
    /// Waits for a client's request, to be looked at before it is answered.
    pub(in crate::adapter) fn receive_request<S: Stream, C: Clock>(
        self,
        stream: S,
        clock: C,
    ) -> Boxed<impl Future<Output = Result<Incoming<S, C>, Error>>> {
        Box::pin(self.receive(stream, clock))
    }

    /// Accepts a connection, whatever it asks for.
    pub(in crate::adapter) fn accept<S: Stream, C: Clock>(
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

    /// Opens a connection on a stream that is connected to the server, encrypted if the address is
    /// `wss:`.
    pub(in crate::adapter) fn connect_with_stream<S: Stream, C: Clock>(
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
        let mut pipe = self.pipe(stream, clock);
        let mut handshake = ServerHandshake::new(self.config);
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
                    let _ = dismiss(pipe, rejection).await;
                    return Err(error.into());
                }
            }
            if !poll_fn(|cx| pipe.poll_receive(cx, |bytes| handshake.input().put_slice(bytes)))
                .await?
            {
                handshake.end_input();
            }
        }
    }

    async fn open<S: Stream, C: Clock>(
        self,
        stream: S,
        clock: C,
        request: &ClientRequest,
    ) -> Connected<S, C> {
        let mut pipe = self.pipe(stream, clock);
        let mut handshake = ClientHandshake::new(request, self.config, Entropy::from_os()?);
        poll_fn(|cx| pipe.poll_send(cx, handshake.output())).await?;
        loop {
            if let Some((connection, response)) = handshake.receive()? {
                return Ok((WebSocket::new(pipe, connection), response));
            }
            match poll_fn(|cx| pipe.poll_receive(cx, |bytes| handshake.input().put_slice(bytes)))
                .await
            {
                Ok(true) => {}
                Ok(false) => handshake.end_input(),
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

    fn pipe<S: Stream, C: Clock>(&self, stream: S, clock: C) -> Pipe<S, C> {
        Pipe::new(stream, clock, self.timeouts.clone(), self.backpressure)
    }
}

/// What a client sent first.
#[derive(Debug)]
pub enum Incoming<S, C> {
    /// An opening handshake.
    Upgrade(Upgrade<S, C>),
    /// Another HTTP request: a health check, a browser's page …
    Http(PlainHttp<S, C>),
}

/// An opening handshake that waits for an answer, on its stream. Dropping it cuts the stream.
pub struct Upgrade<S, C> {
    pipe: Pipe<S, C>,
    request: Request,
}

impl<S: Stream, C: Clock> Upgrade<S, C> {
    /// What the client asks for.
    #[must_use]
    pub fn request(&self) -> &RequestHead {
        &self.request
    }

    /// Accepts.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the stream.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the client is gone, [`Error::TimedOut`] if it reads nothing.
    pub async fn accept(self) -> Result<WebSocket<S, C>, Error> {
        self.accept_with(&AcceptOptions::new()).await
    }

    /// Accepts, with a subprotocol or header fields of the application's.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the stream.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub async fn accept_with(mut self, accept: &AcceptOptions) -> Result<WebSocket<S, C>, Error> {
        let mut connection = self.request.accept_with(accept);
        poll_fn(|cx| self.pipe.poll_send(cx, connection.output())).await?;
        Ok(WebSocket::new(self.pipe, connection))
    }

    /// Refuses, and ends the stream.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the stream.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub async fn reject(self, reply: &HttpResponse) -> Result<(), Error> {
        dismiss(self.pipe, self.request.reject(reply)).await
    }
}

impl<S, C> fmt::Debug for Upgrade<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Upgrade").field(&self.request).finish()
    }
}

/// A request that is not an opening handshake, on its stream. Dropping it cuts the stream.
pub struct PlainHttp<S, C> {
    pipe: Pipe<S, C>,
    rejection: Rejection,
}

impl<S: Stream, C: Clock> PlainHttp<S, C> {
    /// What the client asks for.
    #[must_use]
    pub fn request(&self) -> &RequestHead {
        self.rejection.request().expect("what is not for WebSocket is well-formed HTTP")
    }

    /// Answers, and ends the stream.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the stream.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the client is gone, [`Error::TimedOut`] if it reads nothing.
    pub async fn reply(self, reply: &HttpResponse) -> Result<(), Error> {
        dismiss(self.pipe, self.rejection.answer_with(reply)).await
    }

    /// Answers that this port speaks WebSocket (426), and ends the stream.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the stream.
    ///
    /// # Errors
    ///
    /// As [`reply`](Self::reply).
    pub async fn reject(self) -> Result<(), Error> {
        dismiss(self.pipe, self.rejection).await
    }

    /// The stream, and what was read from it: for an HTTP server to go on with.
    #[must_use]
    pub fn into_parts(self) -> (S, Bytes) {
        (self.pipe.stream, self.rejection.into_received())
    }
}

impl<S, C> fmt::Debug for PlainHttp<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PlainHttp").field(&self.rejection).finish()
    }
}

impl<S: Stream, C: Clock> Pipe<S, C> {
    /// Reads some bytes, in time; false is the end of the stream.
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        hand_over: impl FnOnce(&[u8]),
    ) -> Poll<Result<bool, Error>> {
        self.timer.check(self.now())?;
        let mut window = Window::default();
        match self.poll_read(cx, &mut window, false)? {
            Poll::Ready(true) => {
                hand_over(window.bytes());
                Poll::Ready(Ok(true))
            }
            Poll::Ready(false) => Poll::Ready(Ok(false)),
            Poll::Pending => Poll::Ready(Err(ready!(self.poll_too_late(cx)).into())),
        }
    }

    /// Writes all there is, in time.
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        output: &mut impl Buf,
    ) -> Poll<Result<(), Error>> {
        match self.poll_write(cx, output) {
            Poll::Ready(sent) => Poll::Ready(sent),
            Poll::Pending => Poll::Ready(Err(ready!(self.poll_too_late(cx)).into())),
        }
    }

    /// Waits until the time for what is being done is over.
    fn poll_too_late(&mut self, cx: &mut Context<'_>) -> Poll<TimedOut> {
        loop {
            if let Err(error) = ready!(self.poll_time(cx, &mut Patience::default(), true)) {
                return Poll::Ready(error);
            }
        }
    }
}

/// Writes the last words of a failed handshake, and ends the stream so that they arrive.
async fn dismiss<S: Stream, C: Clock>(
    mut pipe: Pipe<S, C>,
    mut rejection: Rejection,
) -> Result<(), Error> {
    // The client has done its part of the handshake; from here it has the time for closing.
    pipe.timer.observe(State::Closed, pipe.now());
    poll_fn(|cx| pipe.poll_send(cx, rejection.output())).await?;
    poll_fn(|cx| match pipe.stream.poll_shutdown(cx) {
        Poll::Ready(ended) => Poll::Ready(ended.map_err(Error::from)),
        Poll::Pending => pipe.poll_too_late(cx).map(|error| Err(error.into())),
    })
    .await?;
    while let Ok(true) = poll_fn(|cx| pipe.poll_receive(cx, |_| ())).await {}
    Ok(())
}
