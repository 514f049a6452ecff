//! A backend over HTTP/2: RFC 8441.

use bytes::Bytes;
use h2::Reason;
use h2::ext::Protocol;
use http::{Method, Response};
use sansocket_reverse_proxy::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::raw_http2::{Backend, accept, builder, listen, read};
use crate::run::{SOON, head, proxy, request, rest, value};

/// Sends an opening handshake.
async fn client(settings: Settings, lines: &str) -> TcpStream {
    let mut client = proxy(settings).await.client().await;
    client.write_all(request(lines).as_bytes()).await.unwrap();
    client
}

/// All of a response whose connection is closed.
async fn response(mut client: TcpStream) -> String {
    let mut response = String::new();
    client.read_to_string(&mut response).await.unwrap();
    response
}

const CLOSE: &str = "Connection: close\r\n";

#[tokio::test]
async fn backend_gets_an_extended_connect() {
    let (listener, settings) = listen().await;
    let lines = "Origin: https://chat.example\r\nCookie: a=1\r\nX-Hop: 1\r\nConnection: X-Hop\r\n\
                 Sec-WebSocket-Protocol: v1, v2\r\n\
                 Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let mut client = client(settings, lines).await;
    let mut backend = Backend::accept(&listener, builder()).await;
    let (request, mut respond) = backend.request().await;
    assert_eq!(request.method(), Method::CONNECT);
    assert_eq!(request.extensions().get::<Protocol>().unwrap().as_str(), "websocket");
    assert_eq!(request.uri(), "http://chat.example/chat?room=1");
    let expected = [
        ("origin", Some("https://chat.example")),
        ("cookie", Some("a=1")),
        ("sec-websocket-version", Some("13")),
        ("sec-websocket-protocol", Some("v1, v2")),
        ("sec-websocket-extensions", Some("permessage-deflate; client_max_window_bits")),
        ("x-forwarded-for", Some("127.0.0.1")),
        ("sec-websocket-key", None),
        ("connection", None),
        ("upgrade", None),
        ("host", None),
        ("x-hop", None),
    ];
    for (name, value) in expected {
        assert_eq!(request.headers().get(name).map(|value| value.to_str().unwrap()), value);
    }
    let response = Response::builder()
        .header("sec-websocket-protocol", "v2")
        .header("sec-websocket-extensions", "permessage-deflate")
        .header("set-cookie", "c=3");
    let _sender = respond.send_response(response.body(()).unwrap(), false).unwrap();
    let response = head(&mut client).await;
    assert!(response.starts_with("HTTP/1.1 101 "), "{response}");
    let accept = value(&response, "sec-websocket-accept");
    assert_eq!(accept, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(value(&response, "sec-websocket-protocol"), Some("v2"));
    assert_eq!(value(&response, "sec-websocket-extensions"), Some("permessage-deflate"));
    assert_eq!(value(&response, "set-cookie"), Some("c=3"));
}

#[tokio::test]
async fn refusals_and_redirects_pass_with_their_bodies() {
    // Longer than the window of a stream.
    let body = "no token. ".repeat(60_000);
    for (status, name, field) in
        [(401, "www-authenticate", "Bearer"), (302, "location", "https://elsewhere.example/")]
    {
        let (listener, settings) = listen().await;
        let client = client(settings, CLOSE).await;
        let mut backend = Backend::accept(&listener, builder()).await;
        let (_, mut respond) = backend.request().await;
        let response = Response::builder().status(status).header(name, field);
        let mut sender = respond.send_response(response.body(()).unwrap(), false).unwrap();
        sender.send_data(Bytes::from(body.clone()), true).unwrap();
        let response = response_of(client).await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
        assert!(response.contains(&format!("{name}: {field}\r\n")));
        assert_eq!(response.matches("no token. ").count(), 60_000);
    }
}

/// A response without the lines of chunks (RFC 9112 §7.1).
async fn response_of(client: TcpStream) -> String {
    let response = response(client).await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let mut rest = body;
    let mut whole = format!("{head}\r\n\r\n");
    while let Some((len, after)) = rest.split_once("\r\n") {
        let len = usize::from_str_radix(len, 16).unwrap();
        whole += &after[..len];
        rest = after[len..].trim_start_matches("\r\n");
    }
    whole
}

#[tokio::test]
async fn response_that_a_client_has_to_refuse_is_a_bad_gateway() {
    for (name, field) in
        [("sec-websocket-protocol", "v3"), ("sec-websocket-extensions", "permessage-deflate")]
    {
        let (listener, settings) = listen().await;
        let client = client(settings, CLOSE).await;
        let mut backend = Backend::accept(&listener, builder()).await;
        let (_, mut respond) = backend.request().await;
        let accepted = Response::builder().header(name, field).body(()).unwrap();
        let _sender = respond.send_response(accepted, false).unwrap();
        let response = response(client).await;
        assert!(response.starts_with("HTTP/1.1 502 "), "{response}");
        assert!(response.ends_with("was not offered\n"), "{response}");
    }
}

#[tokio::test]
async fn backend_without_extended_connect_is_a_bad_gateway() {
    let (listener, settings) = listen().await;
    let client = client(settings, CLOSE).await;
    let _backend = Backend::accept(&listener, h2::server::Builder::new()).await;
    let response = response(client).await;
    assert!(response.starts_with("HTTP/1.1 502 "), "{response}");
    assert!(response.contains("HTTP/2 to the backend failed"), "{response}");
}

#[tokio::test]
async fn backend_that_does_not_answer_is_a_gateway_timeout() {
    let (listener, settings) = listen().await;
    // Neither SETTINGS nor a response.
    let silent = client(Settings { handshake: SOON, ..settings.clone() }, CLOSE).await;
    assert!(response(silent).await.starts_with("HTTP/1.1 504 "));
    drop(listener.accept().await.unwrap());
    // SETTINGS only.
    let client = client(Settings { handshake: SOON, ..settings }, CLOSE).await;
    let _backend = Backend::accept(&listener, builder()).await;
    let response = response(client).await;
    assert!(response.starts_with("HTTP/1.1 504 "), "{response}");
    assert!(response.ends_with("the backend does not answer\n"), "{response}");
}

#[tokio::test]
async fn backend_that_resets_the_stream_resets_the_client() {
    for reason in [Reason::CANCEL, Reason::INTERNAL_ERROR] {
        let (listener, settings) = listen().await;
        let mut client = client(settings, "").await;
        let mut backend = Backend::accept(&listener, builder()).await;
        let (mut sender, _receiver) = accept(backend.request().await);
        head(&mut client).await;
        sender.send_data(Bytes::from_static(b"\x81\x01x"), false).unwrap();
        client.read_exact(&mut [0; 3]).await.unwrap();
        sender.send_reset(reason);
        let end = client.read_to_end(&mut vec![]).await;
        assert!(end.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
    }
}

#[tokio::test]
async fn backend_that_aborts_the_connection_resets_the_client() {
    let (listener, settings) = listen().await;
    let mut client = client(settings, "").await;
    let mut backend = Backend::accept(&listener, builder()).await;
    let streams = accept(backend.request().await);
    head(&mut client).await;
    backend.abort().await;
    drop(streams);
    let end = client.read_to_end(&mut vec![]).await;
    assert!(end.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn client_that_is_reset_resets_the_stream() {
    let (listener, settings) = listen().await;
    let mut client = client(settings, "").await;
    let mut backend = Backend::accept(&listener, builder()).await;
    let (_sender, mut receiver) = accept(backend.request().await);
    head(&mut client).await;
    client.set_zero_linger().unwrap();
    drop(client);
    let error = receiver.data().await.unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::CANCEL));
}

#[tokio::test]
async fn close_frame_passes_before_a_reset() {
    let (listener, settings) = listen().await;
    let mut client = client(settings, "").await;
    let mut backend = Backend::accept(&listener, builder()).await;
    let (mut sender, mut receiver) = accept(backend.request().await);
    head(&mut client).await;
    client.write_all(b"\x88\x82\0\0\0\0\x0f\xa1").await.unwrap();
    let close = read(&mut receiver, 8).await;
    let mut payload = close[6..].to_vec();
    sansocket::wire::apply_mask(close[2..6].try_into().unwrap(), 0, &mut payload);
    assert_eq!(payload, 4001u16.to_be_bytes());
    sender.send_data(Bytes::from_static(b"\x88\x02\x0f\xa1"), true).unwrap();
    assert_eq!(rest(&mut client).await, b"\x88\x02\x0f\xa1");
}

#[tokio::test]
async fn end_of_the_stream_passes_and_the_other_half_stays() {
    let (listener, settings) = listen().await;
    let mut client = client(settings, "").await;
    let mut backend = Backend::accept(&listener, builder()).await;
    let (mut sender, mut receiver) = accept(backend.request().await);
    head(&mut client).await;
    sender.send_data(Bytes::from_static(b"\x82\x05ab"), true).unwrap();
    assert_eq!(rest(&mut client).await, b"\x82\x05ab");
    client.write_all(b"\x89\x80\0\0\0\0").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(read(&mut receiver, 6).await[..2], *b"\x89\x80");
    let end = receiver.data().await.map(Result::unwrap);
    assert_eq!(end.unwrap_or_default(), "");
    assert!(receiver.is_end_stream());
}
