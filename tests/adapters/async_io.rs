//! `connect` on async-io's sockets, with what tokio's and the blocking one do.
#![cfg(feature = "async-io")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sansocket::futures::{AsyncIoClock, Options, connect};
use sansocket::{ClientRequest, CloseCode, CloseOutcome, Error, TimedOut, Timeouts, blocking};
use smol::Async;
use support::{NOBODY, masked};

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// A blocking server that echoes on one connection; its result is whether that ended well.
fn echo_server() -> (SocketAddr, JoinHandle<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let mut socket = blocking::accept(listener.accept().unwrap().0).unwrap();
        while let Some(message) = socket.recv().unwrap() {
            socket.send(message).unwrap();
        }
        socket.until_closed().unwrap().outcome() == CloseOutcome::Clean
    });
    (address, server)
}

#[test]
fn client_connects_sends_and_closes() {
    let (address, server) = echo_server();
    smol::block_on(async {
        let mut socket = connect(&format!("ws://{address}/")).await.unwrap();
        assert!(socket.stream().tcp().unwrap().get_ref().nodelay().unwrap());
        socket.send("hello").await.unwrap();
        assert_eq!(socket.recv().await.unwrap(), Some("hello".into()));
        let closed = socket.close(CloseCode::NORMAL, "").await.unwrap();
        assert_eq!(closed.outcome(), CloseOutcome::Clean);
    });
    assert!(server.join().unwrap());
}

#[test]
fn host_name_is_resolved_and_its_addresses_are_tried_in_turn() {
    let (address, server) = echo_server();
    // Of IPv6's loopback address, if the name has that too, nobody listens.
    let request = ClientRequest::new(&format!("ws://localhost:{}/", address.port())).unwrap();
    smol::block_on(async {
        let (mut socket, response) = Options::new().connect(&request).await.unwrap();
        assert_eq!(response.status(), 101);
        socket.close(CloseCode::NORMAL, "").await.unwrap();
    });
    assert!(server.join().unwrap());
}

/// RFC 6455 §7.1.1. Closing an `Async` only flushes: the peer would wait for its close deadline.
#[test]
fn server_on_a_socket_of_async_io_half_closes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(60))).unwrap(); // a failure ends
    let server = thread::spawn(move || {
        let stream = Async::new(listener.accept().unwrap().0).unwrap();
        let stream = sansocket::futures::TcpStream(stream);
        // Without a deadline, only the client ends the stream.
        let timeouts = Timeouts { close: None, ..Timeouts::default() };
        let options = Options::new().timeouts(timeouts);
        smol::block_on(async {
            let mut socket = options.accept(stream, AsyncIoClock::new()).await.unwrap();
            socket.until_closed().await.unwrap().outcome()
        })
    });
    client.write_all(REQUEST.as_bytes()).unwrap();
    client.write_all(&masked(0x88, b"\x03\xe8")).unwrap();
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    assert!(received.ends_with(b"\r\n\r\n\x88\x02\x03\xe8"), "{}", received.escape_ascii());
    drop(client);
    assert_eq!(server.join().unwrap(), CloseOutcome::Clean);
}

#[test]
fn failed_connect_has_the_errors_of_the_other_adapters() {
    smol::block_on(async {
        assert!(matches!(connect("http://127.0.0.1/").await, Err(Error::Uri(_))));
        #[cfg(not(feature = "rustls"))]
        assert!(matches!(connect("wss://127.0.0.1/").await, Err(Error::TlsNeeded)));
        let error = connect(&format!("ws://{NOBODY}/")).await.unwrap_err();
        assert!(matches!(&error, Error::Connect(_)), "{error}");
        assert!(error.to_string().contains(NOBODY), "{error}");
    });
}

#[test]
fn handshake_timeout_covers_resolving_connecting_and_the_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let port = address.port();
    for (uri, handshake) in [
        (format!("ws://localhost:{port}/"), Duration::from_nanos(1)),
        (format!("ws://{address}/"), Duration::from_nanos(1)),
        // It accepts, and does not answer.
        (format!("ws://{address}/"), Duration::from_millis(20)),
    ] {
        let timeouts = Timeouts { handshake: Some(handshake), ..Timeouts::default() };
        let request = ClientRequest::new(&uri).unwrap();
        let connected = smol::block_on(Options::new().timeouts(timeouts).connect(&request));
        let error = connected.map(drop).unwrap_err();
        assert!(matches!(error, Error::TimedOut(TimedOut::Handshake)), "{uri}: {error}");
    }
}
