//! Real sockets, unlike streams in memory: the handles of a socket share its read and write
//! timeouts.
#![cfg(feature = "std")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sansocket::blocking::WebSocket;
use sansocket::{Config, Connection, Error, TimedOut, Timeouts};
use support::masked;

/// Longer than any test here takes.
const LONG: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(20);

fn pair(timeouts: Timeouts) -> (TcpStream, WebSocket<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let stream = listener.accept().unwrap().0;
    (peer, WebSocket::from_parts(stream, Connection::server(Config::new()), timeouts).unwrap())
}

/// Runs the work in another thread, so that a deadlock fails the test.
fn run_with_time_limit<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, received) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    received.recv_timeout(LONG).expect("a deadlock")
}

#[test]
fn halves_apply_their_own_read_timeouts_after_a_split() {
    let (mut peer, mut socket) =
        pair(Timeouts { ping: Some(SOON), pong: Some(SOON), ..Timeouts::default() });
    peer.write_all(&masked(0x81, b"hello")).unwrap();
    assert_eq!(socket.recv().unwrap(), Some("hello".into()));
    let (_sender, mut receiver) = socket.split().unwrap();
    let received = run_with_time_limit(move || receiver.recv());
    assert!(matches!(received, Err(Error::TimedOut(TimedOut::KeepAlive))), "{received:?}");

    let (mut peer, mut socket) = pair(Timeouts::default());
    peer.write_all(&masked(0x81, b"hello")).unwrap();
    assert_eq!(socket.recv_timeout(LONG).unwrap(), Some("hello".into()));
    let (_sender, mut receiver) = socket.split().unwrap();
    let received = run_with_time_limit(move || receiver.recv_timeout(SOON));
    assert!(matches!(received, Err(Error::TimedOut(TimedOut::Receive))), "{received:?}");
}

#[test]
fn reunited_socket_blocks_after_nonblocking_writes_of_halves() {
    let (mut peer, mut socket) = pair(Timeouts::default());
    socket.send("before").unwrap();
    let (sender, receiver) = socket.split().unwrap();
    while sender.try_send(vec![7; 100_000]).is_ok() {}
    let mut socket = receiver.reunite(sender).unwrap();
    let waiting = socket.buffered_amount();
    assert!(waiting > 0);
    let reading = thread::spawn(move || {
        let mut received_bytes = Vec::new();
        let _ = peer.read_to_end(&mut received_bytes);
        received_bytes.len()
    });
    socket.flush().unwrap();
    socket.send(vec![7; 4_000_000]).unwrap();
    socket.abort();
    assert!(reading.join().unwrap() > waiting);
}

#[test]
fn a_pong_is_written_although_the_thread_that_writes_leaves() {
    const SIZE: usize = 20_000_000;
    let (mut peer, socket) =
        pair(Timeouts { ping: None, close: None, write: None, ..Timeouts::default() });
    let (sender, mut receiver) = socket.split().unwrap();
    let receiving = thread::spawn(move || receiver.recv().is_err());
    let sending = thread::spawn(move || sender.send(vec![7; SIZE]));
    // Its write has begun.
    peer.read_exact(&mut [0]).unwrap();
    peer.write_all(&masked(0x89, b"?")).unwrap();
    peer.set_read_timeout(Some(LONG)).unwrap();
    let mut received = vec![0; 10 - 1 + SIZE + 3];
    peer.read_exact(&mut received).expect("the receiver writes the pong");
    sending.join().unwrap().unwrap();
    drop(peer);
    assert!(receiving.join().unwrap());
}

/// Or small messages wait for the acknowledgement of others.
#[cfg(feature = "tokio")]
#[tokio::test]
async fn tcp_nodelay_is_set_on_tokio_however_a_connection_is_opened() {
    use sansocket::ClientRequest;
    use sansocket::tokio::{self as ws, Incoming, Options};
    use tokio::net::{TcpListener, TcpStream};

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let uri = format!("ws://{address}/");
    let request = ClientRequest::new(&uri).unwrap();
    let accepted = async { listener.accept().await.unwrap().0 };
    let (server, client) =
        tokio::join!(async { ws::accept(accepted.await).await.unwrap() }, ws::connect(&uri));
    assert!(server.stream().0.nodelay().unwrap());
    assert!(client.unwrap().stream().tcp().unwrap().nodelay().unwrap());

    let receiving = async {
        let stream = listener.accept().await.unwrap().0;
        match Options::new().receive_request(stream).await.unwrap() {
            Incoming::Upgrade(upgrade) => upgrade.accept().await.unwrap(),
            Incoming::Http(_) => unreachable!("the client asks for a WebSocket"),
        }
    };
    let connecting = async {
        let stream = TcpStream::connect(address).await.unwrap();
        ws::connect_with_stream(stream, &request).await.unwrap().0
    };
    let (server, client) = tokio::join!(receiving, connecting);
    assert!(server.stream().0.nodelay().unwrap());
    assert!(client.stream().0.nodelay().unwrap());
}
