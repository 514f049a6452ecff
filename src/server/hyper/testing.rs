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
//! With tokio's paused clock (`tokio::time::pause`) a test of timeouts takes no time. Needed as
//! dev-dependencies are this crate with feature `testing`, `tower` with `util` (for `oneshot`), and
//! for the clock tokio with `test-util`.
//!
//! There is no socket, so a route that extracts `ConnectInfo` answers 500: add axum's
//! `MockConnectInfo` as a layer.

use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, vec};

use bytes::Buf;
use http::Request;
use tokio::time::Instant;

use crate::adapter::Error;
use crate::adapter::tokio::transport;
use crate::client::tokio::{Options, WebSocket};
use crate::handshake::{ClientHandshake, ClientRequest, HeadError, Response, ResponseError};
use crate::testing::{Chunking, TestStream, Wire, pair};

/// The server's end of the stream, among the extensions of a request. Clones share it.
#[derive(Clone)]
pub(super) struct InMemory(Arc<Mutex<Option<TestStream>>>);

impl InMemory {
    pub(super) fn take(&self) -> Option<TestStream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The client of a [`request`], which waits for the response.
pub struct TestClient {
    handshake: ClientHandshake,
    stream: TestStream,
    options: Options,
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
/// [`Error::Entropy`] if the operating system has no random bytes for masking keys.
pub fn request_with<B: Default>(
    request: &ClientRequest,
    options: &Options,
) -> Result<(Request<B>, TestClient), Error> {
    let (config, entropy) = (options.connection_config(), options.entropy()?);
    let mut handshake = ClientHandshake::new(request, config, entropy);
    let output = handshake.output();
    let head = output.copy_to_bytes(output.remaining());
    let (client, server) = pair(Chunking::Whole);
    let mut request = parse(&head).unwrap_or_default();
    request.extensions_mut().insert(InMemory(Arc::new(Mutex::new(Some(server)))));
    Ok((request, TestClient { handshake, stream: client, options: options.clone() }))
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
    /// The stream between the client and the server, which a test can stall or cut.
    #[must_use]
    pub fn wire(&self) -> Wire {
        self.stream.wire()
    }

    /// Checks the response, and opens the client's connection.
    ///
    /// # Errors
    ///
    /// [`Error::Handshake`] as a client has it, for a response that does not accept the handshake;
    /// its body is not read.
    pub fn connect<B>(
        mut self,
        response: &http::Response<B>,
    ) -> Result<(WebSocket<TestStream>, Response), Error> {
        // The body is not passed on.
        let framing = [http::header::CONTENT_LENGTH, http::header::TRANSFER_ENCODING];
        let status = response.status();
        let fields = response.headers().iter().filter(|(name, _)| !framing.contains(name));
        let fields = fields.map(|(name, value)| (name.as_str(), value.as_bytes()));
        let no_body = (status != 101).then_some(("content-length", &b"0"[..]));
        self.handshake.receive_head(status.as_u16(), fields.chain(no_body));
        let received = self.handshake.receive()?;
        let (connection, response) = received.ok_or(ResponseError::Head(HeadError::Incomplete))?;
        let (opening, _) = self.options.start(transport(self.stream, Instant::now())?);
        Ok((opening.into_socket(connection), response))
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient").finish_non_exhaustive()
    }
}
