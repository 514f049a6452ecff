//! A backend of HTTP/2 that answers as a test says, by the crate h2.

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{RecvStream, SendStream};
use http::{Request, Response};
use sansocket::Uri;
use sansocket_reverse_proxy::Settings;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A request, and what answers it.
pub(crate) type Received = (Request<RecvStream>, SendResponse<Bytes>);

/// A builder of backends that enable extended CONNECT.
pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.enable_connect_protocol();
    builder
}

/// A listener, and the settings of a proxy for it.
pub(crate) async fn listen() -> (TcpListener, Settings) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let settings = Settings::new(Uri::parse(&url).unwrap());
    (listener, Settings { backend_http2: true, ..settings })
}

/// A connection to a backend.
pub(crate) struct Backend {
    requests: mpsc::UnboundedReceiver<Received>,
    serving: tokio::task::JoinHandle<()>,
}

impl Backend {
    pub(crate) async fn accept(listener: &TcpListener, builder: Builder) -> Self {
        let (stream, _) = listener.accept().await.unwrap();
        Self::serve(stream, builder)
    }

    pub(crate) fn serve(stream: TcpStream, builder: Builder) -> Self {
        let (received, requests) = mpsc::unbounded_channel();
        let serving = tokio::spawn(async move {
            let Ok(mut connection) = builder.handshake(stream).await else { return };
            while let Some(Ok(request)) = connection.accept().await {
                // The test may have ended.
                let _ = received.send(request);
            }
        });
        Self { requests, serving }
    }

    pub(crate) async fn request(&mut self) -> Received {
        self.requests.recv().await.unwrap()
    }

    /// Ends the connection, without a word of HTTP/2.
    pub(crate) async fn abort(self) {
        self.serving.abort();
        let _ = self.serving.await;
    }
}

/// Accepts a request: returns both directions of the stream.
pub(crate) fn accept((request, mut respond): Received) -> (SendStream<Bytes>, RecvStream) {
    let sender = respond.send_response(Response::new(()), false).unwrap();
    (sender, request.into_body())
}

/// Receives so many bytes.
pub(crate) async fn read(receiver: &mut RecvStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![];
    while bytes.len() < len {
        let data = receiver.data().await.unwrap().unwrap();
        receiver.flow_control().release_capacity(data.len()).unwrap();
        bytes.extend_from_slice(&data);
    }
    bytes
}
