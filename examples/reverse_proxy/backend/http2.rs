//! The opening handshake over HTTP/2: an extended CONNECT on a shared connection (RFC 8441 §5).
//!
//! hyper's client reads RST_STREAM with CANCEL as the end of a stream, and does not wait for the
//! server's SETTINGS, which enable this. So the requests are sent with h2, and the library waits
//! ([`Client::new`]) and makes bytes of a stream ([`Stream`](sansocket::h2::Stream)).
//!
//! A connection carries at most 32 WebSockets, which is what its window has room for: one whose
//! client does not read stalls no other.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::ext::Protocol;
use h2::{Reason, RecvStream, SendStream};
use http::header::{SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_VERSION};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::body::Frame;
use sansocket::h2::{Client, Stream as H2Stream};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use super::connect::Connector;
use super::response::accepted;
use super::{Accepted, Answer, BackendError, Opening};
use crate::Failure;
use crate::headers::remove_hop_by_hop;
use crate::socket::is_for_http2;
use crate::stream::Stream;

/// The most WebSockets on one connection.
const STREAMS: usize = 32;

/// The flow-control window of a stream: the bytes that the backend may send before they are read.
const STREAM_WINDOW: u32 = 256 * 1024;

/// The most that h2 buffers of a stream that is written, in bytes.
const SEND_BUFFER: usize = 64 * 1024;

/// The most that h2 keeps of the head of a response, in bytes.
const MAX_HEADER_LIST: u32 = 64 * 1024;

/// The connections of HTTP/2 to the backend.
#[derive(Default)]
pub(super) struct Pool(Mutex<Vec<Connection>>);

/// A connection, and how many streams it has room for.
struct Connection {
    requests: SendRequest<Bytes>,
    room: Arc<Semaphore>,
    /// Whether the connection takes no more requests.
    is_over: Arc<AtomicBool>,
}

/// A place on a connection.
struct Place {
    requests: SendRequest<Bytes>,
    permit: OwnedSemaphorePermit,
    is_new: bool,
    verdict: Verdict,
}

/// Takes a connection out of use, unless it has answered: its server may be gone without a word.
struct Verdict(Option<Arc<AtomicBool>>);

impl Verdict {
    fn has_answered(mut self) {
        self.0 = None;
    }
}

impl Drop for Verdict {
    fn drop(&mut self) {
        if let Some(is_over) = &self.0 {
            is_over.store(true, Ordering::Relaxed);
        }
    }
}

impl Pool {
    /// Sends the request, on a new connection if no other has room.
    pub(super) async fn open(
        &self,
        connector: &Connector,
        opening: &Opening,
    ) -> Result<Answer, BackendError> {
        loop {
            let request = request(connector, opening)?;
            let Place { requests, permit, is_new, verdict } = self.place(connector).await?;
            let (response, stream) = match send(requests, request).await {
                // The connection has ended meanwhile.
                Err(_) if !is_new => continue,
                sent => sent?,
            };
            match response.await {
                // RFC 9113 §8.7: the server has not processed it.
                Err(error) if !is_new && was_refused(&error) => {}
                response => {
                    let response = response?;
                    verdict.has_answered();
                    return answer(response, stream, permit, opening);
                }
            }
        }
    }

    async fn place(&self, connector: &Connector) -> Result<Place, BackendError> {
        // Other requests wait meanwhile for the room on the new connection.
        let mut connections = self.0.lock().await;
        connections.retain(|connection| !connection.is_over.load(Ordering::Relaxed));
        if let Some(place) = connections.iter().find_map(|connection| connection.place(false)) {
            return Ok(place);
        }
        let connection = connect(connector).await?;
        let place = connection.place(true).ok_or(BackendError::NoHttp2)?;
        connections.push(connection);
        Ok(place)
    }
}

impl Connection {
    fn place(&self, is_new: bool) -> Option<Place> {
        let permit = Arc::clone(&self.room).try_acquire_owned().ok()?;
        let verdict = Verdict(Some(Arc::clone(&self.is_over)));
        Some(Place { requests: self.requests.clone(), permit, is_new, verdict })
    }
}

async fn connect(connector: &Connector) -> Result<Connection, BackendError> {
    let socket = connector.connect().await?;
    if !is_for_http2(&socket) {
        return Err(BackendError::NoHttp2);
    }
    let mut builder = h2::client::Builder::new();
    builder
        .enable_push(false)
        .max_header_list_size(MAX_HEADER_LIST)
        .max_send_buffer_size(SEND_BUFFER)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(STREAM_WINDOW * STREAMS as u32);
    let (requests, mut connection) = builder.handshake(socket).await?;
    Client::new(requests.clone(), &mut connection).await.map_err(BackendError::Settings)?;
    let room = Arc::new(Semaphore::new(requests.current_max_send_streams().clamp(1, STREAMS)));
    let is_over = Arc::new(AtomicBool::new(false));
    let ended = Verdict(Some(Arc::clone(&is_over)));
    tokio::spawn(async move {
        // Its streams have an error of their own.
        let _ = connection.await;
        drop(ended);
    });
    Ok(Connection { requests, room, is_over })
}

fn was_refused(error: &h2::Error) -> bool {
    error.is_go_away() || error.reason() == Some(Reason::REFUSED_STREAM)
}

async fn send(
    mut requests: SendRequest<Bytes>,
    request: Request<()>,
) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
    poll_fn(|cx| requests.poll_ready(cx)).await?;
    requests.send_request(request, false)
}

fn request(connector: &Connector, opening: &Opening) -> Result<Request<()>, BackendError> {
    let uri = Uri::builder()
        .scheme(connector.scheme())
        .authority(opening.host.as_bytes())
        .path_and_query(opening.target.as_str())
        .build()
        .map_err(|_| BackendError::Response("target is invalid"))?;
    let mut request = Request::new(());
    (*request.method_mut(), *request.uri_mut()) = (Method::CONNECT, uri);
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    let headers = request.headers_mut();
    *headers = opening.headers.clone();
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    if let Some(offers) = opening.offers.for_backend() {
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, offers);
    }
    Ok(request)
}

fn answer(
    response: Response<RecvStream>,
    stream: SendStream<Bytes>,
    permit: OwnedSemaphorePermit,
    opening: &Opening,
) -> Result<Answer, BackendError> {
    // RFC 8441 §5.1, RFC 9110 §9.3.6: "Any 2xx (Successful) response"
    if !response.status().is_success() {
        let mut response = response.map(|received| Refusal { received, _permit: permit }.boxed());
        remove_hop_by_hop(response.headers_mut());
        return Ok(Answer::Refused(response));
    }
    let (headers, compression) = accepted(response.headers(), opening)?;
    let stream =
        Stream::OfBackend { stream: H2Stream::new(stream, response.into_body()), _place: permit };
    Ok(Answer::Accepted(Box::new(Accepted {
        stream: (stream, Bytes::new()),
        headers,
        compression,
    })))
}

/// The body of a refusal.
struct Refusal {
    received: RecvStream,
    _permit: OwnedSemaphorePermit,
}

impl hyper::body::Body for Refusal {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        let data = ready!(self.received.poll_data(cx));
        Poll::Ready(data.map(|data| {
            let data = data?;
            // Fails only if more is released than was received.
            let _ = self.received.flow_control().release_capacity(data.len());
            Ok(Frame::data(data))
        }))
    }
}
