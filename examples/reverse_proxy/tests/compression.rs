//! Compressed messages pass as they are: RFC 7692 §6.

use sansocket::Config;
use sansocket::deflate::Deflate;
use sansocket::tokio::Options;
use sansocket_reverse_proxy::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::run::{accept, backend, head, proxy, request, value};

const OFFER: &str = "permessage-deflate; client_max_window_bits; server_max_window_bits=10, \
                     permessage-deflate";

#[tokio::test]
async fn offers_and_answer_pass_and_rsv1_is_untouched() {
    let (listener, settings) = backend().await;
    let mut client = proxy(settings).await.client().await;
    // Extensions that the proxy does not know are not offered.
    let lines = format!(
        "Sec-WebSocket-Extensions: x-other; a=1, {OFFER}\r\nSec-WebSocket-Extensions: y\r\n"
    );
    client.write_all(request(&lines).as_bytes()).await.unwrap();
    let agreed = "permessage-deflate; client_max_window_bits=9";
    let answer = format!("Sec-WebSocket-Extensions: {agreed}\r\n");
    let (mut server, received) = accept(&listener, &answer).await;
    assert_eq!(value(&received, "sec-websocket-extensions"), Some(OFFER));
    let response = head(&mut client).await;
    assert_eq!(value(&response, "sec-websocket-extensions"), Some(agreed));

    // RFC 7692 §7.2.3.1: a compressed "Hello", with the masking key 0.
    client.write_all(b"\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\0").await.unwrap();
    let mut bytes = [0; 13];
    server.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes[..2], b"\xc1\x87");
    let key = bytes[2..6].try_into().unwrap();
    sansocket::wire::apply_mask(key, 0, &mut bytes[6..]);
    assert_eq!(&bytes[6..], b"\xf2\x48\xcd\xc9\xc9\x07\0");
    server.write_all(b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\0").await.unwrap();
    let mut bytes = [0; 9];
    client.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\0");
}

/// Echoes through a proxy; returns whether messages were compressed.
async fn echo(settings: Settings, listener: tokio::net::TcpListener) -> bool {
    let options = Options::new().config(Config::new().deflate(Deflate::new()));
    let server = options.clone();
    tokio::spawn(async move {
        let mut socket = server.accept(listener.accept().await.unwrap().0).await.unwrap();
        while let Some(message) = socket.recv().await.unwrap() {
            socket.send(message).await.unwrap();
        }
    });
    let proxy = proxy(settings).await;
    let request = sansocket::ClientRequest::new(&format!("ws://{}/", proxy.address)).unwrap();
    let (mut socket, response) =
        options.connect_with_stream(proxy.client().await, &request).await.unwrap();
    // With context takeover: messages refer to each other.
    for text in ["a text that repeats, a text that repeats", "a text that repeats", ""] {
        socket.send(text).await.unwrap();
        assert_eq!(socket.recv().await.unwrap(), Some(text.into()));
    }
    assert!(socket.close(sansocket::CloseCode::NORMAL, "").await.unwrap().was_clean());
    response.headers().contains("Sec-WebSocket-Extensions")
}

#[tokio::test]
async fn compressed_messages_of_the_library_pass() {
    let (listener, settings) = backend().await;
    assert!(echo(settings, listener).await);
}

#[tokio::test]
async fn compression_that_is_not_offered_to_the_backend_is_not_agreed_on() {
    let (listener, settings) = backend().await;
    assert!(!echo(Settings { compresses: false, ..settings }, listener).await);
}

#[tokio::test]
async fn extension_that_was_not_offered_is_a_bad_gateway() {
    let (listener, settings) = backend().await;
    let mut client = proxy(settings).await.client().await;
    client.write_all(request("").as_bytes()).await.unwrap();
    let _server = accept(&listener, "Sec-WebSocket-Extensions: permessage-deflate\r\n").await;
    assert!(head(&mut client).await.starts_with("HTTP/1.1 502 "));
}
