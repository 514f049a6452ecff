//! Opening handshakes for tests of a service or a router, without a port: the request goes into the
//! service, and the response opens the client's end of a stream in memory.
//!
//! ```ignore
//! use axum::body::Body;
//! use axum::{Router, routing::any};
//! use sansocket::ClientRequest;
//! use sansocket::axum::{Message, WebSocketUpgrade};
//! use sansocket::hyper::testing::request;
//! use tower::ServiceExt;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let app: Router = Router::new().route("/ws", any(async |ws: WebSocketUpgrade| {
//!     ws.on_upgrade(async |mut socket| socket.send(Message::text("welcome")).await.unwrap())
//! }));
//! let (request, client) = request::<Body>(&ClientRequest::new("ws://localhost/ws")?)?;
//! let response = app.oneshot(request).await?;
//! let (mut socket, _) = client.connect(&response)?;
//! assert_eq!(socket.recv().await?, Some("welcome".into()));
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```
//!
//! [`http2_request`] makes the request of HTTP/2 (RFC 8441), with feature `http2`. A route that is
//! found by `get(handler)` refuses it, as it refuses browsers over HTTP/2:
//!
//! ```ignore
//! use axum::body::Body;
//! use axum::{Router, routing::{any, get}};
//! use sansocket::ClientRequest;
//! use sansocket::axum::{Message, WebSocketUpgrade};
//! use sansocket::hyper::testing::http2_request;
//! use tower::ServiceExt;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let handler = async |ws: WebSocketUpgrade| {
//!     ws.on_upgrade(async |mut socket| socket.send(Message::text("welcome")).await.unwrap())
//! };
//! let app: Router = Router::new().route("/ws", any(handler)).route("/get", get(handler));
//! let (request, client) = http2_request::<Body>(&ClientRequest::new("ws://localhost/ws")?)?;
//! let (mut socket, _) = client.connect(&app.clone().oneshot(request).await?)?;
//! assert_eq!(socket.recv().await?, Some("welcome".into()));
//!
//! let (request, client) = http2_request::<Body>(&ClientRequest::new("ws://localhost/get")?)?;
//! let error = client.connect(&app.oneshot(request).await?).unwrap_err();
//! assert!(error.to_string().contains("405"));
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```
//!
//! With tokio's paused clock (`tokio::time::pause`) a test of timeouts takes no time. Needed as
//! dev-dependencies are this crate with feature `testing`, `tower` with `util` (for `oneshot`), and
//! for the clock tokio with `test-util`.
//!
//! There is no socket, so a route that extracts `ConnectInfo` answers 500: add axum's
//! `MockConnectInfo` as a layer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::{fmt, mem, vec};

use bytes::Buf;
use http::Request;
use tokio::time::Instant;

use crate::adapter::Error;
use crate::adapter::tokio::transport;
use crate::client::tokio::{Options, WebSocket};
use crate::handshake::{
    ClientHandshake, ClientRequest, HeadError, InvalidUri, Response, ResponseError,
};
use crate::testing::{Chunking, TestStream, Wire, pair};

/// The server's end of the stream, among the extensions of a request. Clones share it. The
/// connection gets it when the client has received the response, as from an HTTP server that has
/// sent the response.
#[derive(Clone, Debug)]
pub(super) struct InMemory(Arc<Mutex<Gate>>);

#[derive(Debug)]
struct Gate {
    stream: Option<TestStream>,
    is_taken: bool,
    /// Whether the response has accepted the handshake, once the client has it.
    is_accepted: Option<bool>,
    waker: Option<Waker>,
}

impl InMemory {
    fn new(stream: TestStream) -> Self {
        let (is_taken, is_accepted, waker) = (false, None, None);
        Self(Arc::new(Mutex::new(Gate { stream: Some(stream), is_taken, is_accepted, waker })))
    }

    /// Takes the upgrade; `None` if it was taken before.
    pub(super) fn take(&self) -> Option<Self> {
        let was_taken = mem::replace(&mut self.lock().is_taken, true);
        (!was_taken).then(|| self.clone())
    }

    /// Returns the stream when the response was received; an error if the response did not accept.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<TestStream, Error>> {
        let mut gate = self.lock();
        match gate.is_accepted {
            Some(true) => Poll::Ready(gate.stream.take().ok_or(Error::ConnectionLost)),
            Some(false) => Poll::Ready(Err(Error::ConnectionLost)),
            None => {
                gate.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Reports that the client has the response, or is dropped. Only the first call counts.
    fn answered(&self, is_accepted: bool) {
        let mut gate = self.lock();
        gate.is_accepted.get_or_insert(is_accepted);
        let waker = gate.waker.take();
        drop(gate);
        waker.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Gate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The client's side of the gate. Dropping it is a response that did not accept.
struct Answered(InMemory);

impl Drop for Answered {
    fn drop(&mut self) {
        self.0.answered(false);
    }
}

/// The client of a request, which waits for the response.
pub struct TestClient {
    handshake: ClientHandshake,
    stream: TestStream,
    options: Options,
    server: Answered,
}

/// Makes the request of an opening handshake over HTTP/1.1, and its client.
///
/// # Errors
///
/// As [`request_with`].
pub fn request<B: Default>(request: &ClientRequest) -> Result<(Request<B>, TestClient), Error> {
    request_with(request, &Options::new())
}

/// Makes a request with these options of the client's connection: compression, timeouts.
///
/// # Errors
///
/// [`Error::Entropy`] if the operating system has no random bytes for masking keys; [`Error::Uri`]
/// for a path that the crate `http` does not take, because it is too long.
pub fn request_with<B: Default>(
    request: &ClientRequest,
    options: &Options,
) -> Result<(Request<B>, TestClient), Error> {
    let (config, entropy) = (options.connection_config(), options.entropy()?);
    let mut handshake = ClientHandshake::new(request, config, entropy);
    let output = handshake.output();
    let head = output.copy_to_bytes(output.remaining());
    // Of a head that is valid already, only the path has a length that the crate does not take.
    let request = parse(&head).ok_or(InvalidUri::Path)?;
    Ok(TestClient::new(request, handshake, options))
}

/// Makes the request of an opening handshake over HTTP/2, an extended CONNECT, and its client.
///
/// # Errors
///
/// As [`http2_request_with`].
#[cfg(feature = "http2")]
pub fn http2_request<B: Default>(
    request: &ClientRequest,
) -> Result<(Request<B>, TestClient), Error> {
    http2_request_with(request, &Options::new())
}

/// Makes a request over HTTP/2 with these options of the client's connection.
///
/// # Errors
///
/// As [`request_with`].
#[cfg(feature = "http2")]
pub fn http2_request_with<B: Default>(
    request: &ClientRequest,
    options: &Options,
) -> Result<(Request<B>, TestClient), Error> {
    let (config, entropy) = (options.connection_config(), options.entropy()?);
    let (handshake, head) = ClientHandshake::extended_connect(request, config, entropy)?;
    let mut head = head.map(|()| B::default());
    *head.version_mut() = http::Version::HTTP_2;
    head.extensions_mut().insert(hyper::ext::Protocol::from_static("websocket"));
    Ok(TestClient::new(head, handshake, options))
}

/// The request as an HTTP server passes it on.
fn parse<B: Default>(head: &[u8]) -> Option<Request<B>> {
    let mut fields = vec![httparse::EMPTY_HEADER; head.split(|&byte| byte == b'\n').count()];
    let mut parsed = httparse::Request::new(&mut fields);
    parsed.parse(head).ok()?;
    let mut request = Request::builder().method(parsed.method?).uri(parsed.path?);
    for field in parsed.headers {
        request = request.header(field.name, field.value);
    }
    request.body(B::default()).ok()
}

impl TestClient {
    fn new<B>(
        mut request: Request<B>,
        handshake: ClientHandshake,
        options: &Options,
    ) -> (Request<B>, Self) {
        let (stream, server) = pair(Chunking::Whole);
        let server = InMemory::new(server);
        request.extensions_mut().insert(server.clone());
        let (options, server) = (options.clone(), Answered(server));
        (request, Self { handshake, stream, options, server })
    }

    /// Returns the stream between the client and the server, which a test can stall or abort.
    #[must_use]
    pub fn wire(&self) -> Wire {
        self.stream.wire()
    }

    /// Checks the response, and opens the client's connection. The handler of the route has its
    /// connection from then on, as behind an HTTP server that has sent the response.
    ///
    /// # Errors
    ///
    /// [`Error::Handshake`] as a client has it, for a response that does not accept the handshake;
    /// its body is not read.
    pub fn connect<B>(
        mut self,
        response: &http::Response<B>,
    ) -> Result<(WebSocket<TestStream>, Response), Error> {
        let fields = response.headers().iter();
        let fields = fields.map(|(name, value)| (name.as_str(), value.as_bytes()));
        self.handshake.receive_head(response.status().as_u16(), fields);
        let mut received = self.handshake.receive()?;
        if received.is_none() {
            self.handshake.skip_body();
            received = self.handshake.receive()?;
        }
        let (connection, response) = received.ok_or(ResponseError::Head(HeadError::Incomplete))?;
        let (opening, _) = self.options.start(transport(self.stream, Instant::now())?);
        self.server.0.answered(true);
        Ok((opening.into_socket(connection), response))
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient").finish_non_exhaustive()
    }
}
