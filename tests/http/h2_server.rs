//! A server of HTTP/2 that answers as a test says, by the crate h2.

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{RecvStream, SendStream};
use http::{Request, Response};
use sansocket::ClientRequest;
use sansocket::h2::Client;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

/// A request, and what answers it.
pub type Received = (Request<RecvStream>, SendResponse<Bytes>);

/// A builder of servers that enable extended CONNECT.
pub fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.enable_connect_protocol();
    builder
}

/// Serves in a task; returns the client's stream and the requests.
pub fn serve(builder: Builder) -> (DuplexStream, mpsc::UnboundedReceiver<Received>) {
    let (near, far) = tokio::io::duplex(1 << 16);
    let (received, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let Ok(mut connection) = builder.handshake(far).await else { return };
        while let Some(Ok(request)) = connection.accept().await {
            // The test may have ended.
            let _ = received.send(request);
        }
    });
    (near, requests)
}

/// A client of such a server.
pub async fn client(builder: Builder) -> (Client, mpsc::UnboundedReceiver<Received>) {
    let (stream, requests) = serve(builder);
    let (client, connection) = Client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    (client, requests)
}

pub fn request() -> ClientRequest {
    ClientRequest::new("ws://localhost:9001/ws").unwrap()
}

/// Accepts a request: returns both directions of the stream.
pub fn accept((request, mut respond): Received) -> (SendStream<Bytes>, RecvStream) {
    let sender = respond.send_response(Response::new(()), false).unwrap();
    (sender, request.into_body())
}

/// Opens a WebSocket, and returns the server's side of it.
pub async fn open(
    client: &Client,
    requests: &mut mpsc::UnboundedReceiver<Received>,
) -> (sansocket::h2::WebSocket, SendStream<Bytes>, RecvStream) {
    let request = request();
    let server = async { accept(requests.recv().await.unwrap()) };
    let (opened, (sender, receiver)) = tokio::join!(client.connect(&request), server);
    (opened.unwrap().0, sender, receiver)
}
