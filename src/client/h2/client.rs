//! The opening handshake over HTTP/2: RFC 8441 §5.

use std::boxed::Box;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use ::h2::client::SendRequest;
use ::h2::ext::Protocol;
use bytes::{BufMut, Bytes};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep};

use super::WebSocket;
use super::error::of_request;
use super::settings::{self, Connection};
use super::stream::Stream;
use crate::adapter::Error;
use crate::adapter::tokio::{or_no_timer, set_nodelay, transport};
use crate::client::deadline::Deadline;
use crate::client::tokio::{Options, in_time};
use crate::connection::{self, Role};
use crate::handshake::{ClientHandshake, ClientRequest, HandshakeError, Response, ResponseError};
use crate::session::MAX_BODY_WAIT;
use crate::session::trace::{Peer, Trace};

/// The windows of flow control: what the server may send before the application receives it, in
/// bytes. One WebSocket that is not read uses up a 32nd of the connection's window.
const STREAM_WINDOW: u32 = 512 * 1024;
const CONNECTION_WINDOW: u32 = 32 * STREAM_WINDOW;

/// The most that h2 keeps of the head of a response, in bytes (RFC 9113 §6.5.2). The limits of
/// [`Config`](crate::Config) are lower.
const MAX_HEADER_LIST: u32 = 64 * 1024;

/// Opens WebSockets on one connection of HTTP/2. A clone opens them on the same connection.
#[derive(Clone, Debug)]
pub struct Client {
    requests: SendRequest<Bytes>,
}

impl Client {
    /// Starts HTTP/2 on a stream, and waits for the server's SETTINGS. Spawn the returned
    /// [`Connection`] as a task. Sets `TCP_NODELAY` if the stream is a TCP socket.
    ///
    /// A WebSocket that is not received from buffers up to 512 KiB, and the whole connection up to
    /// 16 MiB. [`new`](Self::new) takes a connection with other windows.
    ///
    /// # Errors
    ///
    /// [`NoExtendedConnect`](ResponseError::NoExtendedConnect) if the server does not enable
    /// WebSocket over HTTP/2, [`Error::ConnectionLost`] if it closes the stream,
    /// [`Error::TimedOut`] after 10 s, [`Error::Io`] if it does not speak HTTP/2.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream.
    pub async fn handshake<S>(stream: S) -> Result<(Self, Connection<S>), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        set_nodelay(&stream);
        let options = Options::new();
        let deadline = Deadline::new(Instant::now(), options.handshake_timeout());
        Box::pin(in_time(&deadline, async {
            let mut builder = h2::client::Builder::new();
            builder
                .enable_push(false)
                .max_header_list_size(MAX_HEADER_LIST)
                .initial_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW);
            let started = builder.handshake(stream).await;
            let (requests, mut connection) = started.map_err(of_request)?;
            let client = Self::new(requests, &mut connection).await?;
            Ok((client, Connection(Box::new(connection))))
        }))
        .await
    }

    /// Waits for the server's SETTINGS on a connection of h2 0.4, which is not spawned yet. It is
    /// polled, and its [`ping_pong`](h2::client::Connection::ping_pong) is taken. There is no
    /// deadline.
    ///
    /// # Errors
    ///
    /// As [`handshake`](Self::handshake).
    ///
    /// # Cancel safety
    ///
    /// The connection can be used after the future is dropped.
    pub async fn new<S>(
        requests: SendRequest<Bytes>,
        connection: &mut h2::client::Connection<S, Bytes>,
    ) -> Result<Self, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        settings::receive(&requests, connection).await?;
        Ok(Self { requests })
    }

    /// Opens a WebSocket on a new stream. The scheme, host and port of the address are sent to the
    /// server, and not connected to. Waits while the server allows no more streams.
    ///
    /// # Errors
    ///
    /// [`Error::Handshake`] if the server rejects the request, [`Error::ConnectionLost`] if it
    /// resets the stream (RST_STREAM) or leaves (GOAWAY, end of the connection),
    /// [`Error::TimedOut`] after 10 s.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future resets the stream, with CANCEL.
    pub async fn connect(&self, request: &ClientRequest) -> Result<(WebSocket, Response), Error> {
        self.connect_with(&Options::new(), request).await
    }

    /// Opens a WebSocket with these options: compression, timeouts, backpressure.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect); [`Error::TimedOut`] after
    /// [`Timeouts::handshake`](crate::Timeouts::handshake).
    ///
    /// # Cancel safety
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_with(
        &self,
        options: &Options,
        request: &ClientRequest,
    ) -> Result<(WebSocket, Response), Error> {
        // Boxed, or the task that keeps the connection would keep room for the handshake.
        Box::pin(self.open(options, request)).await
    }

    async fn open(
        &self,
        options: &Options,
        request: &ClientRequest,
    ) -> Result<(WebSocket, Response), Error> {
        let mut trace = Trace::new(Role::Client, Peer::default());
        trace.path(request.uri().resource_name());
        let epoch = Instant::now();
        let (connection, response, stream) =
            self.exchange(options, request, epoch).await.inspect_err(|error| match error {
                Error::Handshake(HandshakeError::Response(ResponseError::UnexpectedStatus(it))) => {
                    trace.refused(Some(it.status()), None);
                }
                error => trace.failed(error.kind()),
            })?;
        let (mut opening, _) = options.start(transport(stream, epoch)?);
        opening.trace = trace;
        Ok((opening.into_socket(connection), response))
    }

    /// Makes the opening handshake on a new stream.
    async fn exchange(
        &self,
        options: &Options,
        request: &ClientRequest,
        epoch: Instant,
    ) -> Result<(connection::Connection, Response, Stream), Error> {
        let deadline = Deadline::new(epoch, options.handshake_timeout());
        let (config, entropy) = (options.connection_config(), options.entropy()?);
        let (mut handshake, head) = ClientHandshake::extended_connect(request, config, entropy)?;
        let (response, mut stream) = in_time(&deadline, self.send(head)).await?;
        let fields = response.headers().iter();
        let fields = fields.map(|(name, value)| (name.as_str(), value.as_bytes()));
        handshake.receive_head(response.status().as_u16(), fields);
        if let Some((connection, response)) = handshake.receive()? {
            return Ok((connection, response, stream));
        }
        // The head of a refusal says enough, if the body is late.
        let left = deadline.left().unwrap_or(Some(Duration::ZERO)).unwrap_or(MAX_BODY_WAIT);
        let sleep = or_no_timer(|| sleep(left.min(MAX_BODY_WAIT))).ok_or(Error::NoTimer)?;
        Err(refusal(&mut handshake, &mut stream, sleep).await.into())
    }

    /// Sends the request, and receives the head of the response.
    async fn send(
        &self,
        mut head: http::Request<()>,
    ) -> Result<(http::Response<()>, Stream), Error> {
        let mut requests = self.requests.clone();
        poll_fn(|cx| requests.poll_ready(cx)).await.map_err(of_request)?;
        settings::check(&requests)?;
        // RFC 8441 §5: "it MUST have a value of "websocket" to initiate a WebSocket connection"
        head.extensions_mut().insert(Protocol::from_static("websocket"));
        let (response, sender) = requests.send_request(head, false).map_err(of_request)?;
        let (response, receiver) = response.await.map_err(of_request)?.into_parts();
        let response = http::Response::from_parts(response, ());
        Ok((response, Stream::new(sender, receiver)))
    }
}

/// Receives the body of a refusal until it is complete or long enough, or the time is over.
async fn refusal(
    handshake: &mut ClientHandshake,
    stream: &mut Stream,
    sleep: Sleep,
) -> ResponseError {
    let mut sleep = pin!(sleep);
    loop {
        let received = poll_fn(|cx| match stream.poll_received(cx) {
            Poll::Ready(received) => Poll::Ready(Some(received.unwrap_or(0))),
            Poll::Pending => sleep.as_mut().poll(cx).map(|()| None),
        });
        match received.await {
            Some(0) => handshake.end_input(),
            Some(count) => handshake.input().put_slice(&stream.take(count)),
            None => handshake.skip_body(),
        }
        if let Err(error) = handshake.receive() {
            return error;
        }
    }
}

/// The client of a connection of h2 0.4 whose server has sent its SETTINGS: any response, or the
/// answer to a ping, comes later. Before that, [`connect`](Client::connect) fails with
/// [`NoExtendedConnect`](ResponseError::NoExtendedConnect).
impl From<SendRequest<Bytes>> for Client {
    fn from(requests: SendRequest<Bytes>) -> Self {
        Self { requests }
    }
}
