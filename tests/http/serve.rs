//! Servers and clients on loopback.

use std::convert::Infallible;
use std::future::Future;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use sansocket::Error;
use sansocket::hyper::{OnUpgrade, upgrade};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A pair of TCP sockets that are connected to each other: the client's, and the server's.
pub async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    server.set_nodelay(true).unwrap();
    (client, server)
}

/// Serves one connection, HTTP/1.1 or HTTP/2, in a task.
pub fn serve<S, F>(stream: S, service: fn(Request<Incoming>) -> F)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    tokio::spawn(async move {
        let service = service_fn(move |request| {
            let response = service(request);
            async move { Ok::<_, Infallible>(response.await) }
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http2().enable_connect_protocol();
        // The client may end it in any way.
        let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
    });
}

/// Echoes messages in a task of its own, until the client closes.
pub fn spawn_echo(on_upgrade: OnUpgrade) {
    tokio::spawn(async move {
        let mut socket = on_upgrade.await?;
        while let Some(message) = socket.recv().await? {
            socket.send(message).await?;
        }
        Ok::<(), Error>(())
    });
}

/// A service that echoes messages. Answers any other request with its error.
pub async fn echo(mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    match upgrade(&mut request) {
        Ok((response, on_upgrade)) => {
            spawn_echo(on_upgrade);
            response
        }
        Err(rejection) => rejection.into_response(),
    }
}

/// The head of an opening handshake with these lines more.
pub fn request(lines: &str) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nHost: localhost:9001\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{lines}\r\n"
    )
}

/// Sends bytes, and reads an HTTP/1.1 response: its head, and the body that `Content-Length` frames.
pub async fn response(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), bytes: &[u8]) -> String {
    stream.write_all(bytes).await.unwrap();
    let mut response = vec![];
    while !response.ends_with(b"\r\n\r\n") {
        response.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(response).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.unwrap();
    head + &String::from_utf8(body).unwrap()
}

/// A connection of HTTP/2 to the server on this stream.
pub async fn http2(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> hyper::client::conn::http2::SendRequest<Full<Bytes>> {
    let handshake =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    // Its answer comes after the server's SETTINGS, which allow an extended CONNECT.
    let ping = Request::get("http://localhost:9001/settings").body(Full::default()).unwrap();
    sender.send_request(ping).await.unwrap();
    sender
}

/// An extended CONNECT with these fields.
pub fn connect(path: &str, fields: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut request = Request::connect(format!("http://localhost:9001{path}"))
        .extension(hyper::ext::Protocol::from_static("websocket"))
        .header("sec-websocket-version", "13");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Full::default()).unwrap()
}

/// Waits until all tasks of the runtime have ended: a leak is a test that does not end.
pub async fn until_no_task_is_left() {
    let handle = tokio::runtime::Handle::current();
    while handle.metrics().num_alive_tasks() > 0 {
        tokio::task::yield_now().await;
    }
}
