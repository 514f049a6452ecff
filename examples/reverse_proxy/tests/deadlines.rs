//! Clients that do not finish what they begin.

use std::time::Duration;

use http::Version;
use sansocket::Config;
use sansocket_reverse_proxy::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::echo::{Tls, connect, serve, settings};
use crate::run::{SOON, backend, open, proxy, request};

/// The beginning of every connection of HTTP/2: RFC 9113 §3.4, and empty SETTINGS.
const HTTP_2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

const SHORT: Duration = Duration::from_millis(50);

#[tokio::test]
async fn client_without_a_request_is_ended() {
    let (_listener, settings) = backend().await;
    let tls = Tls::new("deadlines");
    let plain = proxy(Settings { handshake: SHORT, ..settings.clone() }).await;
    let server = Some(tls.server.clone());
    let secure = Settings { handshake: SHORT, tls: server, ..settings };
    let after_tls = proxy(Settings { handshake: SOON, ..secure.clone() }).await;
    let secure = proxy(secure).await;
    let request = request("");
    let rows: [(_, &[u8]); 8] = [
        (&plain, b""),
        (&plain, b"PRI * HT"),
        (&plain, &HTTP_2[..24]),
        (&plain, HTTP_2),
        (&plain, b"G"),
        (&plain, &request.as_bytes()[..request.len() - 2]),
        (&secure, b""),
        // Half a ClientHello.
        (&secure, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"),
    ];
    for (proxy, bytes) in rows {
        let mut client = proxy.client().await;
        client.write_all(bytes).await.unwrap();
        // It ends in whatever way: a reset, if not all bytes were read.
        let _ = client.read_to_end(&mut vec![]).await;
    }
    // TLS, and then nothing.
    let mut client = tls.connect(after_tls.client().await, b"h2").await;
    let _ = client.read_to_end(&mut vec![]).await;
}

#[tokio::test]
async fn connection_lives_longer_than_its_request_may_take() {
    let (listener, settings) = backend().await;
    let settings = Settings { handshake: SOON, idle: SOON * 3 / 2, ..settings };
    let (mut client, _server) = open(settings, &listener).await;
    let mut close = [0; 8];
    client.read_exact(&mut close).await.unwrap();
    assert_eq!(&close, b"\x88\x06\x03\xe9idle");
}

#[tokio::test]
async fn idle_time_of_duration_max_does_not_overflow() {
    let (listener, settings) = backend().await;
    let settings = Settings { idle: Duration::MAX, ..settings };
    let (mut client, mut server) = open(settings, &listener).await;
    server.write_all(b"\x81\x01a").await.unwrap();
    let mut frame = [0; 3];
    client.read_exact(&mut frame).await.unwrap();
    assert_eq!(&frame, b"\x81\x01a");
}

#[tokio::test]
async fn connection_of_http_2_lives_longer_than_its_first_request_may_take() {
    let (address, _seen) = serve(Config::new(), None).await;
    let settings = settings(address, None);
    let proxy = proxy(Settings { handshake: SOON, idle: SOON * 3 / 2, ..settings }).await;
    let mut socket = connect(proxy.address, Version::HTTP_2, Config::new(), None).await;
    assert_eq!(socket.recv().await.unwrap(), None);
    assert_eq!(socket.closed().unwrap().code(), 1001);
}
