//! A connection is counted from the accept on, and the end of the server ends it.

use axum::Router;
use axum::routing::get;
use sansocket::group::{Group, GroupFull};
use sansocket_axum::server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Instant;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Serves on loopback with this group; returns the address, and what stops the server.
async fn serve(
    accepted: &Group,
) -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    serve_on("127.0.0.1:0", accepted).await
}

async fn serve_on(
    address: &str,
    accepted: &Group,
) -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/", get(async || "hello"));
    let server = Server { app, tls: None, accepted: accepted.clone() };
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(async move {
        server.serve(listener, async { stopped.await.unwrap_or_default() }).await;
    });
    (address, stop, served)
}

async fn until_there_are(accepted: &Group, count: usize) {
    while accepted.len() != count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn client_that_has_sent_nothing_counts() {
    let accepted = Group::new().max_connections(2);
    let (address, _stop, _served) = serve(&accepted).await;
    let (first, _second) =
        (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());
    until_there_are(&accepted, 2).await;
    let mut third = TcpStream::connect(address).await.unwrap();
    assert_eq!(third.read(&mut [0]).await.unwrap_or_default(), 0, "not closed");

    drop(first);
    until_there_are(&accepted, 1).await;
    let mut fourth = TcpStream::connect(address).await.unwrap();
    fourth.write_all(REQUEST).await.unwrap();
    assert_eq!(fourth.read_u8().await.unwrap(), b'H');
}

#[test]
fn connections_of_one_address_are_limited_but_for_loopback() {
    let accepted = Group::new().max_per_address(1);
    let server = Server { app: Router::new(), tls: None, accepted };
    let enter = |address: &str| server.enter(address.parse().unwrap());
    let _first = enter("192.0.2.1").unwrap();
    // The same address, as a socket for both families reports it.
    assert_eq!(enter("::ffff:192.0.2.1").unwrap_err(), GroupFull::Address { limit: 1 });
    let _members = ["192.0.2.2", "127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1"]
        .map(|address| enter(address).unwrap());
}

#[tokio::test(start_paused = true)]
async fn server_ends_idle_connections_at_once_and_waits_ten_seconds_for_half_a_request() {
    for (sent, seconds) in [(REQUEST, 0), (&REQUEST[..10], 10)] {
        let accepted = Group::new();
        let (address, stop, served) = serve(&accepted).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(sent).await.unwrap();
        if sent == REQUEST {
            assert_eq!(client.read_u8().await.unwrap(), b'H');
        }
        until_there_are(&accepted, 1).await;
        let start = Instant::now();
        stop.send(()).unwrap();
        served.await.unwrap();
        assert_eq!(start.elapsed().as_secs(), seconds);
        assert!(accepted.is_empty());
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn server_that_ends_does_not_let_a_client_wait() {
    let accepted = Group::new();
    // An address of its own: nobody else is given its port once that is free.
    let (address, stop, served) = serve_on("127.77.0.1:0", &accepted).await;
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(&REQUEST[..10]).await.unwrap();
    until_there_are(&accepted, 1).await;
    let start = Instant::now();
    stop.send(()).unwrap();
    tokio::task::yield_now().await;
    let late = async {
        let mut late = TcpStream::connect(address).await?;
        late.write_all(REQUEST).await?;
        late.read_u8().await
    };
    assert!(late.await.is_err());
    assert_eq!(start.elapsed().as_secs(), 0);
    served.await.unwrap();
}
