//! The opening handshake through a proxy.

use sansocket::Uri;
use sansocket::group::Group;
use sansocket_reverse_proxy::{Groups, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::run::{SOON, accept, accept_with, backend, head, proxy, proxy_with, request, value};

#[tokio::test]
async fn backend_gets_the_clients_fields_and_its_address() {
    let (listener, settings) = backend().await;
    let mut client = proxy(settings.clone()).await.client().await;
    let lines = "Origin: https://chat.example\r\nCookie: a=1\r\nCookie: b=2\r\n\
                 X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\nX-Hop: 1\r\n\
                 Connection: X-Hop\r\nSec-WebSocket-Protocol: v1, v2\r\n";
    client.write_all(request(lines).as_bytes()).await.unwrap();
    let (_server, received) =
        accept(&listener, "Sec-WebSocket-Protocol: v2\r\nSet-Cookie: c=3\r\n").await;
    assert!(received.starts_with("GET /chat?room=1 HTTP/1.1\r\n"), "{received}");
    let field = |name| value(&received, name);
    assert_eq!(field("host"), Some("chat.example"));
    assert_eq!(field("origin"), Some("https://chat.example"));
    assert_eq!(field("cookie"), Some("a=1; b=2"));
    assert_eq!(field("sec-websocket-protocol"), Some("v1, v2"));
    assert_eq!(field("x-hop"), None);
    // The nonce is the proxy's own.
    assert_ne!(field("sec-websocket-key"), Some("dGhlIHNhbXBsZSBub25jZQ=="));
    let last = |name: &str| received.lines().rfind(|line| line.starts_with(name)).unwrap();
    assert_eq!(last("x-forwarded-for"), "x-forwarded-for: 127.0.0.1");
    assert_eq!(last("forwarded"), "forwarded: for=127.0.0.1;host=\"chat.example\";proto=http");

    let response = head(&mut client).await;
    assert!(response.starts_with("HTTP/1.1 101 "), "{response}");
    let accept = value(&response, "sec-websocket-accept");
    assert_eq!(accept, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(value(&response, "sec-websocket-protocol"), Some("v2"));
    assert_eq!(value(&response, "set-cookie"), Some("c=3"));
}

#[tokio::test]
async fn host_is_the_backends_if_it_is_asked_for() {
    let (listener, settings) = backend().await;
    let host = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    let mut client = proxy(Settings { keeps_host: false, ..settings }).await.client().await;
    client.write_all(request("").as_bytes()).await.unwrap();
    let (_, received) = accept(&listener, "").await;
    assert_eq!(value(&received, "host"), Some(&*host));
}

#[tokio::test]
async fn refusal_of_the_backend_passes_with_its_body() {
    // Longer than what the library's client keeps of it.
    let body = "no token. ".repeat(10_000);
    let (listener, settings) = backend().await;
    let mut client = proxy(settings).await.client().await;
    client.write_all(request("Connection: close\r\n").as_bytes()).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    head(&mut server).await;
    let response = format!(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\n\
         Connection: X-Hop\r\nX-Hop: 1\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    server.write_all(response.as_bytes()).await.unwrap();
    let response = head(&mut client).await;
    assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
    assert_eq!(value(&response, "www-authenticate"), Some("Bearer"));
    assert_eq!(value(&response, "x-hop"), None);
    let mut received = String::new();
    client.take(body.len() as u64).read_to_string(&mut received).await.unwrap();
    assert!(received == body);
}

#[tokio::test]
async fn backend_that_answers_wrongly_is_a_bad_gateway() {
    let (listener, settings) = backend().await;
    let proxy = proxy(settings).await;
    for response in [
        "",
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        "HTTP/1.1 101 X\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n",
    ] {
        let mut client = proxy.handshake().await;
        let (mut server, _) = listener.accept().await.unwrap();
        head(&mut server).await;
        server.write_all(response.as_bytes()).await.unwrap();
        drop(server);
        assert!(head(&mut client).await.starts_with("HTTP/1.1 502 "), "{response}");
    }
    let mut client = proxy.handshake().await;
    let _server = accept(&listener, "Sec-WebSocket-Protocol: v3\r\n").await;
    assert!(head(&mut client).await.starts_with("HTTP/1.1 502 "), "not an offered subprotocol");
}

#[tokio::test]
async fn backend_that_is_down_is_a_bad_gateway() {
    // The socket does not listen, and no other process gets its port.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("ws://{}/", socket.local_addr().unwrap());
    let mut client = proxy(Settings::new(Uri::parse(&url).unwrap())).await.client().await;
    client.write_all(request("Connection: close\r\n").as_bytes()).await.unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 502 "), "{response}");
    assert!(response.contains("\r\n\r\ncan't connect to the backend: "), "{response}");
}

#[tokio::test]
async fn backend_that_does_not_answer_is_a_gateway_timeout() {
    let (listener, settings) = backend().await;
    let settings = Settings { handshake: SOON, ..settings };
    let mut client = proxy(settings).await.client().await;
    client.write_all(request("Connection: close\r\n").as_bytes()).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 504 "), "{response}");
    assert!(response.ends_with("\r\n\r\nthe backend does not answer\n"), "{response}");
    // Nothing is left of the request.
    let _ = server.read_to_end(&mut vec![]).await;
}

#[tokio::test]
async fn redirect_of_the_backend_passes() {
    let (listener, settings) = backend().await;
    let mut client = proxy(settings).await.client().await;
    client.write_all(request("").as_bytes()).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    head(&mut server).await;
    let response = b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n\
                     Content-Length: 0\r\n\r\n";
    server.write_all(response).await.unwrap();
    let response = head(&mut client).await;
    assert!(response.starts_with("HTTP/1.1 302 "), "{response}");
    assert_eq!(value(&response, "location"), Some("https://elsewhere.example/"));
}

#[tokio::test]
async fn connection_above_the_limit_gets_503_and_others_leave_room() {
    let (listener, settings) = backend().await;
    let group = Group::new().max_connections(1);
    let groups = Groups { websockets: group.clone(), ..Groups::default() };
    let proxy = proxy_with(settings, groups).await;
    let (first, server) = proxy.open(&listener).await;
    let mut second = proxy.handshake().await;
    assert!(head(&mut second).await.starts_with("HTTP/1.1 503 "));
    drop((first, server));
    group.empty().await;
    let mut third = proxy.handshake().await;
    let _server = accept(&listener, "").await;
    assert!(head(&mut third).await.starts_with("HTTP/1.1 101 "));
}

#[tokio::test]
async fn connection_without_a_websocket_counts_from_the_accept_on() {
    let (listener, settings) = backend().await;
    let accepted = Group::new().max_connections(1);
    let groups = Groups { accepted: accepted.clone(), ..Groups::default() };
    let proxy = proxy_with(settings, groups).await;
    let plain = b"GET / HTTP/1.1\r\nHost: chat.example\r\nConnection: close\r\n\r\n";
    // It sends nothing.
    let first = proxy.client().await;
    let (mut second, mut answer) = (proxy.client().await, vec![]);
    // The socket is closed, before or after the request.
    let _ = second.write_all(plain).await;
    let _ = second.read_to_end(&mut answer).await;
    assert_eq!(String::from_utf8(answer).unwrap(), "");
    drop(first);
    accepted.empty().await;
    let _websocket = proxy.open(&listener).await;
    // A WebSocket leaves room for another connection.
    accepted.empty().await;
    let mut third = proxy.client().await;
    third.write_all(plain).await.unwrap();
    assert!(head(&mut third).await.starts_with("HTTP/1.1 426 "));
}

#[tokio::test]
async fn plain_request_is_refused_by_the_proxy() {
    let (_listener, settings) = backend().await;
    let mut client = proxy(settings).await.client().await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: chat.example\r\n\r\n").await.unwrap();
    assert!(head(&mut client).await.starts_with("HTTP/1.1 426 "));
}

#[tokio::test]
async fn frames_in_the_packets_of_the_handshakes_pass() {
    let (listener, settings) = backend().await;
    let mut client = proxy(settings).await.client().await;
    let packet = [request("").as_bytes(), b"\x81\x81\0\0\0\0a"].concat();
    client.write_all(&packet).await.unwrap();
    let (mut server, _) = accept_with(&listener, "", b"\x81\x01b").await;
    let mut frame = [0; 7];
    server.read_exact(&mut frame).await.unwrap();
    assert_eq!((frame[1], frame[6] ^ frame[2]), (0x81, b'a'));
    head(&mut client).await;
    client.read_exact(&mut frame[..3]).await.unwrap();
    assert_eq!(frame[..3], *b"\x81\x01b");
}
