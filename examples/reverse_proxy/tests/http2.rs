//! Clients over HTTP/2: RFC 8441.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sansocket::{CloseCode, Config};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::run::{Proxy, accept, backend, head, proxy, value};

/// A connection of HTTP/2 to the proxy.
async fn connect(proxy: &Proxy) -> SendRequest<Empty<Bytes>> {
    let stream = TokioIo::new(proxy.client().await);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream);
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    // Its answer comes after the server's SETTINGS, which allow an extended CONNECT.
    let plain = Request::get("http://chat.example/").body(Empty::new()).unwrap();
    assert_eq!(sender.send_request(plain).await.unwrap().status(), 405);
    sender
}

fn request() -> Request<Empty<Bytes>> {
    Request::connect("http://chat.example/chat?room=2")
        .extension(hyper::ext::Protocol::from_static("websocket"))
        .header("sec-websocket-version", "13")
        .header("origin", "http://chat.example")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(Empty::new())
        .unwrap()
}

#[tokio::test]
async fn stream_of_http_2_is_a_connection_of_the_backend() {
    let (listener, settings) = backend().await;
    let mut sender = connect(&proxy(settings).await).await;
    tokio::spawn(async move {
        let stream = listener.accept().await.unwrap().0;
        let mut socket = sansocket::tokio::accept(stream).await.unwrap();
        while let Some(message) = socket.recv().await.unwrap() {
            socket.send(message).await.unwrap();
        }
    });
    let response = sender.send_request(request()).await.unwrap();
    assert_eq!(response.status(), 200);
    let stream = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    let mut socket = sansocket::tokio::WebSocket::client(stream, Config::new()).unwrap();
    for len in [0, 1, 125, 126, 70_000, 1 << 20] {
        let message = "x".repeat(len);
        socket.send(message.as_str()).await.unwrap();
        assert_eq!(socket.recv().await.unwrap(), Some(message.into()));
    }
    assert!(socket.close(CloseCode::NORMAL, "").await.unwrap().was_clean());
}

#[tokio::test]
async fn backend_gets_a_request_of_http_1_1() {
    let (listener, settings) = backend().await;
    let mut sender = connect(&proxy(settings).await).await;
    let serving = tokio::spawn(async move { accept(&listener, "").await });
    assert_eq!(sender.send_request(request()).await.unwrap().status(), 200);
    let (_, received) = serving.await.unwrap();
    assert!(received.starts_with("GET /chat?room=2 HTTP/1.1\r\n"), "{received}");
    assert_eq!(value(&received, "host"), Some("chat.example"));
    assert_eq!(value(&received, "origin"), Some("http://chat.example"));
    assert_eq!(value(&received, "cookie"), Some("a=1; b=2"));
}

#[tokio::test]
async fn refusal_of_the_backend_passes() {
    let (listener, settings) = backend().await;
    let mut sender = connect(&proxy(settings).await).await;
    tokio::spawn(async move {
        let (mut server, _) = listener.accept().await.unwrap();
        head(&mut server).await;
        let response = b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\nno token";
        server.write_all(response).await.unwrap();
    });
    let response = sender.send_request(request()).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "no token");
}

#[tokio::test]
async fn reset_of_a_side_ends_the_other_without_a_close_frame() {
    let (listener, settings) = backend().await;
    let mut sender = connect(&proxy(settings).await).await;
    let (response, (mut server, _)) =
        tokio::join!(sender.send_request(request()), accept(&listener, ""));
    // RST_STREAM with CANCEL, which hyper reads as the end of the stream.
    drop(hyper::upgrade::on(response.unwrap()).await.unwrap());
    let mut received = vec![];
    let _ = server.read_to_end(&mut received).await;
    assert_eq!(received, b"");

    let (response, (server, _)) =
        tokio::join!(sender.send_request(request()), accept(&listener, ""));
    let mut stream = TokioIo::new(hyper::upgrade::on(response.unwrap()).await.unwrap());
    server.set_zero_linger().unwrap();
    drop(server);
    let _ = stream.read_to_end(&mut received).await;
    assert_eq!(received, b"");
}
