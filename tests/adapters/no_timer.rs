//! A tokio runtime without a timer.
#![cfg(all(feature = "tokio", feature = "testing"))]

use std::io::{Read, Write};

use sansocket::testing::{Chunking, TestStream, pair};
use sansocket::tokio::{Options, WebSocket};
use sansocket::{ClientRequest, CloseCode, Config, Connection, Error, Timeouts};
use support::{OFF, masked};
use tokio::runtime::Builder;

/// Does something on a runtime whose timer is off.
fn without_a_timer<T>(work: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_io().build().unwrap().block_on(work)
}

fn assert_no_timer<T>(result: Result<T, Error>) {
    let error = result.map(drop).unwrap_err();
    assert!(matches!(error, Error::NoTimer), "{error:?}");
}

#[test]
fn runtime_without_a_timer_is_an_error_that_names_the_remedy() {
    let request = ClientRequest::new("ws://127.0.0.1:9/").unwrap();
    let errors = without_a_timer(async {
        [
            sansocket::tokio::accept(pair(Chunking::Whole).0).await.unwrap_err(),
            sansocket::tokio::connect("ws://127.0.0.1:9/").await.unwrap_err(),
            sansocket::tokio::connect_with_stream(pair(Chunking::Whole).0, &request)
                .await
                .unwrap_err(),
        ]
    });
    for error in errors {
        assert!(matches!(error, Error::NoTimer), "{error:?}");
        assert!(error.to_string().contains("enable_time"));
    }
}

#[test]
fn no_runtime_is_the_same_error() {
    let error = smol::block_on(sansocket::tokio::accept(pair(Chunking::Whole).0)).unwrap_err();
    assert!(matches!(error, Error::NoTimer), "{error:?}");
}

fn open(timeouts: Timeouts) -> (TestStream, WebSocket<TestStream>) {
    let (peer, stream) = pair(Chunking::Whole);
    let stream = sansocket::tokio::TokioStream(stream);
    let connection = Connection::server(Config::new());
    let clock = sansocket::tokio::TokioClock::new();
    (peer, WebSocket::from_parts(stream, clock, connection, timeouts))
}

/// Only a call that has to wait needs the timer, and nothing is lost.
#[test]
fn call_that_waits_on_an_open_connection_is_the_same_error() {
    without_a_timer(async {
        let (peer, stream) = pair(Chunking::Whole);
        let mut socket = WebSocket::server(stream, Config::new());
        assert_no_timer(socket.recv().await);
        assert_no_timer(socket.recv_event().await);
        assert_no_timer(socket.recv_with(|_, _| Ok(())).await);
        assert_no_timer(socket.ping().await);
        assert_no_timer(socket.until_closed().await);
        assert_no_timer(WebSocket::client(peer, Config::new()).unwrap().recv().await);

        let (mut peer, mut socket) = open(Timeouts::default());
        socket.send("does not wait").await.unwrap();
        peer.write_all(&masked(0x81, b"nor does this")).unwrap();
        assert_eq!(socket.recv().await.unwrap(), Some("nor does this".into()));
        assert_no_timer(socket.recv().await);
        peer.write_all(&masked(0x81, b"later")).unwrap();
        assert_eq!(socket.recv().await.unwrap(), Some("later".into()));
        peer.write_all(&masked(0x88, b"\x03\xe8")).unwrap();
        peer.wire().set_capacity(1);
        assert_no_timer(socket.send(vec![0; 1000]).await);
        // The Close frame can't be written.
        assert_no_timer(socket.recv().await);
        assert_no_timer(socket.until_closed().await);
    });
}

#[test]
fn halves_that_wait_are_the_same_error() {
    without_a_timer(async {
        let (peer, socket) = open(Timeouts::default());
        peer.wire().set_capacity(1);
        let (sender, mut receiver) = socket.split();
        assert_no_timer(receiver.recv().await);
        assert_no_timer(sender.send(vec![0; 1_000_000]).await);
        assert_no_timer(sender.reserve().await);
        assert_no_timer(sender.close(CloseCode::NORMAL, "").await);
        assert_no_timer(receiver.until_closed().await);
    });
}

#[test]
fn connection_without_timeouts_needs_no_timer() {
    without_a_timer(async {
        let (client, server) = pair(Chunking::Whole);
        let request = ClientRequest::new("ws://test/").unwrap();
        let options = Options::new().timeouts(OFF);
        let (client, server) =
            tokio::join!(options.connect_with_stream(client, &request), options.accept(server));
        let ((mut client, _), server) = (client.unwrap(), server.unwrap());
        let (sender, mut receiver) = server.split();
        let echoing = async {
            while let Some(message) = receiver.recv().await.unwrap() {
                sender.send(message).await.unwrap();
            }
            receiver.until_closed().await.unwrap()
        };
        let closing = async {
            client.send("hello").await.unwrap();
            assert_eq!(client.recv().await.unwrap(), Some("hello".into()));
            client.ping().await.unwrap();
            client.close(CloseCode::NORMAL, "").await.unwrap()
        };
        let (server, client) = tokio::join!(echoing, closing);
        assert!(server.was_clean() && client.was_clean());
    });
    let uri = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("ws://{}/", listener.local_addr().unwrap())
    };
    let request = ClientRequest::new(&uri).unwrap();
    let error = without_a_timer(Options::new().timeouts(OFF).connect(&request)).unwrap_err();
    assert!(matches!(error, Error::Connect(_)), "the port is closed: {error:?}");
}

/// Its body can't be waited for.
#[test]
fn refusal_without_its_body_needs_no_timer() {
    for timeouts in [OFF, Timeouts::default()] {
        let (mut peer, stream) = pair(Chunking::Whole);
        peer.write_all(b"HTTP/1.1 403 \r\nContent-Length: 9\r\n\r\nno").unwrap();
        let request = ClientRequest::new("ws://test/").unwrap();
        let options = Options::new().timeouts(timeouts);
        let error = without_a_timer(options.connect_with_stream(stream, &request)).unwrap_err();
        assert_eq!(error.to_string(), "the server answered 403 instead of 101: no");
        peer.read_exact(&mut [0; 3]).unwrap();
    }
}
