//! A client that sends nothing, or a part of a request, is not held.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use h2::client;
use sansocket::axum::WebSocketUpgrade;
use sansocket::group::Group;
use sansocket::{ClientRequest, CloseCode};
use sansocket_axum::server::Server;
use sansocket_axum::tls::config_on_the_spot;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep, timeout};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const REQUEST: &[u8] = b"GET /fast HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn app() -> Router {
    Router::new()
        .route("/fast", get(async || "fast"))
        .route("/slow", get(async || sleep(Duration::from_secs(3600)).await))
        .route(
            "/ws",
            any(async |ws: WebSocketUpgrade| {
                ws.on_upgrade(async |mut socket| while let Some(Ok(_)) = socket.recv().await {})
            }),
        )
}

/// Serves one connection in a task; returns the client's end, and the group.
fn serve(tls: bool) -> (DuplexStream, Group) {
    let (near, far) = tokio::io::duplex(1 << 16);
    let file = std::env::temp_dir().join(format!("sansocket-axum-{}.pem", std::process::id()));
    let tls = tls.then(|| Arc::new(config_on_the_spot(&file).unwrap()).into());
    let accepted = Group::new();
    let server = Server { app: app(), tls, accepted: accepted.clone() };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let member = accepted.enter(address.ip()).unwrap();
    accepted.spawn(member, async move |member| {
        let _ = server.serve_connection(far, address, &member).await;
    });
    (near, accepted)
}

/// After how many seconds something has happened; of a day at the most.
async fn seconds<T>(event: impl Future<Output = T>) -> u64 {
    let start = Instant::now();
    let _ = timeout(Duration::from_secs(86_400), event).await;
    start.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn client_without_a_whole_request_has_ten_seconds() {
    let hello = [22, 3, 1, 0, 200, 1, 0];
    for (sent, tls) in [
        (&b""[..], false),
        (&PREFACE[..1], false),
        (&PREFACE[..12], false),
        // HTTP/2 without SETTINGS, with SETTINGS, and a part of HEADERS.
        (PREFACE, false),
        (&[PREFACE, b"\0\0\0\x04\0\0\0\0\0"].concat(), false),
        (&[PREFACE, b"\0\0\0\x04\0\0\0\0\0\0\0\x20\x01"].concat(), false),
        (&REQUEST[..1], false),
        (&REQUEST[..REQUEST.len() - 1], false),
        (b"", true),
        // A part of a ClientHello.
        (&hello, true),
    ] {
        let (mut client, accepted) = serve(tls);
        client.write_all(sent).await.unwrap();
        assert_eq!(seconds(accepted.empty()).await, 10, "{sent:?}, TLS: {tls}");
        let mut rest = vec![];
        client.read_to_end(&mut rest).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn client_that_sends_a_byte_a_second_has_no_longer() {
    let (client, accepted) = serve(false);
    let (_unread, mut client) = tokio::io::split(client);
    let sending = async {
        for byte in REQUEST {
            if client.write_all(&[*byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    };
    let (took, ()) = tokio::join!(seconds(accepted.empty()), sending);
    assert_eq!(took, 10);
}

/// Reads a response with this body.
async fn response(client: &mut DuplexStream, body: &str) {
    let mut response = String::new();
    while !response.ends_with(body) {
        response.push(char::from(client.read_u8().await.unwrap()));
    }
}

#[tokio::test(start_paused = true)]
async fn idle_connection_of_http_1_1_and_half_a_further_request_have_thirty_seconds() {
    for sent in [&b""[..], &REQUEST[..10]] {
        let (mut client, accepted) = serve(false);
        for _ in 0..3 {
            client.write_all(REQUEST).await.unwrap();
            response(&mut client, "\r\n\r\nfast").await;
            sleep(Duration::from_secs(20)).await;
        }
        client.write_all(REQUEST).await.unwrap();
        response(&mut client, "\r\n\r\nfast").await;
        client.write_all(sent).await.unwrap();
        assert_eq!(seconds(accepted.empty()).await, 30, "{sent:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn handler_may_take_an_hour() {
    let (mut client, _accepted) = serve(false);
    client.write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let answered = async { assert_eq!(client.read_u8().await.unwrap(), b'H') };
    assert_eq!(seconds(answered).await, 3600);
}

#[tokio::test(start_paused = true)]
async fn client_of_http_2_that_answers_no_ping_is_gone() {
    let (near, accepted) = serve(false);
    let (sender, mut connection) = client::handshake(near).await.unwrap();
    let mut sender = sender.ready().await.unwrap();
    let request = http::Request::get("http://localhost/fast").body(()).unwrap();
    let (answered, _) = sender.send_request(request, true).unwrap();
    tokio::select! {
        response = answered => assert_eq!(response.unwrap().status(), 200),
        _ = &mut connection => unreachable!("the server has left"),
    }
    // No task polls the connection from here on.
    let took = seconds(accepted.empty()).await;
    assert!((49..=51).contains(&took), "{took} s");

    // One that answers stays.
    let (near, accepted) = serve(false);
    let (sender, connection) = client::handshake(near).await.unwrap();
    tokio::spawn(connection);
    let mut sender = sender.ready().await.unwrap();
    let request = http::Request::get("http://localhost/fast").body(()).unwrap();
    sender.send_request(request, true).unwrap().0.await.unwrap();
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(accepted.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn websocket_stays_open_over_both_versions() {
    let request = ClientRequest::new("ws://localhost/ws").unwrap();
    let (near, accepted) = serve(false);
    let (mut socket, _) = sansocket::tokio::connect_with_stream(near, &request).await.unwrap();
    // The upgrade has left the group of the connections that were accepted.
    accepted.empty().await;
    let hour = Duration::from_secs(3600);
    assert!(timeout(hour, socket.recv()).await.is_err(), "it has ended");
    assert!(socket.close(CloseCode::NORMAL, "").await.unwrap().was_clean());

    let (near, accepted) = serve(false);
    let (client, connection) = sansocket::h2::Client::handshake(near).await.unwrap();
    tokio::spawn(connection);
    let (mut socket, _) = client.connect(&request).await.unwrap();
    assert!(timeout(hour, socket.recv()).await.is_err(), "it has ended");
    assert_eq!(accepted.len(), 1);
    assert!(socket.close(CloseCode::NORMAL, "").await.unwrap().was_clean());
}
