//! Connections that hyper upgrades, over HTTP/1.1 and HTTP/2.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use sansocket::hyper::Options;
use sansocket::{ClientRequest, Config, Error, TimedOut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::serve::{
    connect, echo, http2, request, response, serve, sockets, until_no_task_is_left,
};

#[tokio::test]
async fn tcp_socket_is_given_back_without_a_layer() {
    async fn service(mut request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (response, on_upgrade) = Options::new().upgrade(&mut request).unwrap().accept();
        tokio::spawn(async move {
            let mut socket = on_upgrade.await.unwrap();
            let is_tcp = socket.stream().tcp_stream().is_some();
            socket.send(format!("TCP: {is_tcp}")).await.unwrap();
        });
        response
    }
    let (client, server) = sockets().await;
    serve(server, service);
    let request = ClientRequest::new("ws://localhost:9001/").unwrap();
    let (mut socket, _) = sansocket::tokio::connect_with_stream(client, &request).await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some("TCP: true".into()));

    let (client, server) = tokio::io::duplex(4096);
    serve(server, service);
    let (mut socket, _) = sansocket::tokio::connect_with_stream(client, &request).await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some("TCP: false".into()));
}

#[tokio::test]
async fn message_in_the_packet_of_the_request_is_not_lost() {
    // A masked "Hello", and a Close frame with code 1000.
    let frames = b"\x81\x85\0\0\0\0Hello\x88\x82\0\0\0\0\x03\xe8";
    let packet = [request("").as_bytes(), frames].concat();
    let (mut client, server) = sockets().await;
    serve(server, echo);
    assert!(response(&mut client, &packet).await.starts_with("HTTP/1.1 101 "));
    let mut frames = vec![];
    client.read_to_end(&mut frames).await.unwrap();
    assert_eq!(frames, b"\x81\x05Hello\x88\x02\x03\xe8");

    let (mut client, server) = tokio::io::duplex(4096);
    serve(server, echo);
    assert!(response(&mut client, &packet).await.starts_with("HTTP/1.1 101 "));
    let mut frames = vec![];
    client.read_to_end(&mut frames).await.unwrap();
    assert_eq!(frames, b"\x81\x05Hello\x88\x02\x03\xe8");
}

#[tokio::test]
async fn request_that_is_no_handshake_gets_a_response_and_the_connection_stays() {
    let (mut client, server) = sockets().await;
    serve(server, echo);
    let plain = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert!(response(&mut client, plain).await.starts_with("HTTP/1.1 426 "));
    let version = request("").replace("Version: 13", "Version: 8");
    assert!(response(&mut client, version.as_bytes()).await.starts_with("HTTP/1.1 426 "));
    let page = request("Origin: https://evil.example\r\n");
    assert!(response(&mut client, page.as_bytes()).await.starts_with("HTTP/1.1 403 "));
    // DNS rebinding: the origin is on the host that is requested.
    let page = request("Origin: http://evil.example:9001\r\n")
        .replace("localhost:9001", "evil.example:9001");
    assert!(response(&mut client, page.as_bytes()).await.starts_with("HTTP/1.1 421 "));
    assert!(response(&mut client, request("").as_bytes()).await.starts_with("HTTP/1.1 101 "));
}

#[tokio::test]
async fn server_without_upgrades_is_told_so() {
    let mut request = Request::get("/")
        .header("host", "localhost")
        .header("upgrade", "websocket")
        .header("connection", "upgrade")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(())
        .unwrap();
    let rejection = Options::new().upgrade(&mut request).unwrap_err();
    assert_eq!(rejection.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(rejection.to_string().contains("serve connections with upgrades"));
}

/// Whether hyper passes the stream on, and the error of the first call.
type End = (bool, Error);

static ENDS: std::sync::Mutex<Option<tokio::sync::oneshot::Sender<End>>> =
    std::sync::Mutex::new(None);

/// Sends another response than that of the upgrade.
async fn replaces_the_response(mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    let Ok(upgrade) = Options::new().upgrade(&mut request) else {
        return Response::new(Full::default());
    };
    let (_, on_upgrade) = upgrade.accept::<Full<Bytes>>();
    let ends = ENDS.lock().unwrap().take().unwrap();
    tokio::spawn(async move {
        ends.send(match on_upgrade.await {
            Ok(mut socket) => (true, socket.recv().await.unwrap_err()),
            Err(error) => (false, error),
        })
    });
    let mut response = Response::new(Full::from("another"));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

/// The docs of `OnUpgrade` say so.
#[tokio::test]
async fn another_response_ends_the_upgrade_at_once_over_http_2_and_with_the_connection_else() {
    let ends = || {
        let (ends, end) = tokio::sync::oneshot::channel();
        *ENDS.lock().unwrap() = Some(ends);
        end
    };
    let mut end = ends();
    let (mut client, server) = sockets().await;
    serve(server, replaces_the_response);
    let refused = response(&mut client, request("").as_bytes()).await;
    assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
    // The connection can be used again.
    let plain = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert!(response(&mut client, plain).await.starts_with("HTTP/1.1 200 "));
    assert!(end.try_recv().is_err(), "it has ended before the connection");
    drop(client);
    let (is_passed_on, error) = end.await.unwrap();
    assert!(is_passed_on && matches!(error, Error::ConnectionLost), "{is_passed_on} {error:?}");

    let end = ends();
    let (client, server) = sockets().await;
    serve(server, replaces_the_response);
    let mut sender = http2(client).await;
    assert_eq!(sender.send_request(connect("/ws", &[])).await.unwrap().status(), 403);
    let (is_passed_on, error) = end.await.unwrap();
    assert!(!is_passed_on && matches!(error, Error::ConnectionLost), "{is_passed_on} {error:?}");
}

#[tokio::test(start_paused = true)]
async fn response_that_is_never_sent_is_a_timeout() {
    async fn service(mut request: Request<Incoming>) -> Response<Full<Bytes>> {
        let upgrade = Options::new().upgrade(&mut request).unwrap();
        let (_, on_upgrade) = upgrade.accept::<Full<Bytes>>();
        let error = on_upgrade.await.unwrap_err();
        assert!(matches!(error, Error::TimedOut(TimedOut::Handshake)), "{error}");
        Response::new(Full::from("late"))
    }
    let (mut client, server) = tokio::io::duplex(4096);
    serve(server, service);
    assert!(response(&mut client, request("").as_bytes()).await.ends_with("late"));
}

#[tokio::test]
async fn extended_connect_opens_a_connection_on_a_stream_of_http_2() {
    let (client, server) = sockets().await;
    serve(server, echo);
    let mut sender = http2(client).await;
    let response = sender.send_request(connect("/ws", &[])).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("content-length"));
    let stream = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    let mut socket = sansocket::tokio::WebSocket::client(stream, Config::new()).unwrap();
    for len in [0, 1, 125, 126, 70_000, 1 << 20] {
        let message = "x".repeat(len);
        socket.send(message.as_str()).await.unwrap();
        assert_eq!(socket.recv().await.unwrap(), Some(message.into()));
    }
    // The server ends the stream with END_STREAM (RFC 8441 §5): a clean end.
    let closed = socket.close(sansocket::CloseCode::NORMAL, "").await.unwrap();
    assert!(closed.was_clean());
}

#[tokio::test]
async fn bad_requests_of_http_2_get_a_response() {
    let (client, server) = sockets().await;
    serve(server, echo);
    let mut sender = http2(client).await;
    let mut status = async |request| {
        let response = sender.send_request(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    };
    let get = Request::get("http://localhost:9001/ws").body(Full::default()).unwrap();
    let (code, body) = status(get).await;
    assert!(code == 405 && body.contains("CONNECT"), "{code} {body}");
    let mut other = connect("/ws", &[]);
    other.extensions_mut().insert(hyper::ext::Protocol::from_static("connect-udp"));
    assert_eq!(status(other).await.0, 501);
    assert_eq!(status(connect("/ws", &[("origin", "https://evil.example")])).await.0, 403);
    assert_eq!(status(connect("/ws", &[("host", "a.example")])).await.0, 400);
    assert_eq!(status(connect("/ws", &[("sec-websocket-extensions", ",")])).await.0, 400);
}

#[tokio::test]
async fn clients_that_leave_half_way_leave_nothing() {
    for keep in [1, 40, 150] {
        let (mut client, server) = sockets().await;
        serve(server, echo);
        client.write_all(&request("").as_bytes()[..keep]).await.unwrap();
    }
    until_no_task_is_left().await;
}
