//! Getters, `Debug` output and small calls of sockets and their halves, in every adapter.
#![cfg(all(feature = "tokio", feature = "async-io", feature = "testing"))]

use std::fmt::Debug;
use std::io::Write as _;
use std::thread;
use std::time::Duration;

use sansocket::futures::AsyncIoClock;
use sansocket::runtime::{self, Clock, Stream, WebSocket};
use sansocket::testing::TestStream;
use sansocket::{
    AcceptOptions, Backpressure, ClientRequest, CloseCode, Config, Event, Kind, Timeouts, blocking,
    futures, tokio as on_tokio,
};
use smol::future::zip;
use support::Chunking;
use support::stream_pair as pair;

fn request() -> ClientRequest {
    ClientRequest::new("ws://test/x").unwrap().subprotocol("chat").unwrap()
}

fn accept() -> AcceptOptions {
    AcceptOptions::new().subprotocol("chat").unwrap()
}

fn assert_debug_starts_with(value: &impl Debug, beginning: &str) {
    let shown = format!("{value:?}");
    assert!(shown.starts_with(beginning), "{shown}");
}

async fn accepted<S: Stream, C: Clock>(incoming: runtime::Incoming<S, C>) -> WebSocket<S, C> {
    let runtime::Incoming::Upgrade(upgrade) = incoming else { panic!("a plain request") };
    assert_eq!(upgrade.request().path(), "/x");
    assert_debug_starts_with(
        &upgrade,
        "Upgrade(Request(RequestHead { method: \"GET\", path: \"/x\"",
    );
    upgrade.accept_with(&accept()).await.unwrap()
}

/// Exercises a server's halves against a client.
async fn exercise_handles<S: Stream, C: Clock + Clone>(
    server: WebSocket<S, C>,
    mut client: WebSocket<S, C>,
) {
    assert_eq!((server.subprotocol(), client.subprotocol()), (Some("chat"), Some("chat")));
    assert_debug_starts_with(&client, "WebSocket { connection: Connection { role: Client");
    let (mut sender, mut receiver) = server.split();
    assert_debug_starts_with(&sender, "Sender");
    assert_debug_starts_with(&receiver, "Receiver");
    assert_eq!(
        (sender.subprotocol().as_deref(), sender.round_trip(), receiver.round_trip()),
        (Some("chat"), None, None)
    );

    sender.set_backpressure(Backpressure::default());
    let permit = sender.reserve().await.unwrap();
    assert_debug_starts_with(&permit, "Permit");
    permit.send("with a permit").unwrap();
    let mut writer = sender.writer(Kind::Text).await.unwrap();
    assert_debug_starts_with(&writer, "MessageWriter { kind: Text");
    writer.write_chunk("piece by piece").await.unwrap();
    writer.finish().await.unwrap();
    sender.start_ping().await.unwrap();
    sender.pong("here").await.unwrap();
    for expected in ["with a permit", "piece by piece"] {
        assert_eq!(client.recv_event().await.unwrap(), Some(Event::Message(expected.into())));
    }
    assert!(matches!(client.recv_event().await.unwrap(), Some(Event::Ping(_))));
    assert_eq!(client.recv_event().await.unwrap(), Some(Event::Pong("here".into())));
    client.flush().await.unwrap();
    assert!(matches!(receiver.recv_event().await.unwrap(), Some(Event::Pong(_))));
    assert!(sender.round_trip().is_some() && sender.round_trip() == receiver.round_trip());

    assert!(receiver.closed().is_none());
    assert!(sender.start_close(CloseCode::GOING_AWAY, &"x".repeat(124)).await.is_err());
    sender.start_close(CloseCode::GOING_AWAY, "bye").await.unwrap();
    let (client_received, ended) = zip(client.recv(), receiver.recv()).await;
    assert_eq!((client_received.unwrap(), ended.unwrap()), (None, None));
    assert!(receiver.closed().unwrap().was_clean());
    let (_, connection) = client.into_parts();
    assert_eq!(connection.closed().unwrap().reason(), "bye");
}

/// A plain HTTP request can be inspected, and `into_parts` returns all received bytes.
async fn assert_plain_request_is_kept<S: Stream, C: Clock>(incoming: runtime::Incoming<S, C>) {
    let runtime::Incoming::Http(plain_request) = incoming else { panic!("an opening handshake") };
    assert_eq!(plain_request.request().path(), "/health");
    assert_debug_starts_with(&plain_request, "PlainHttp(Rejection { error: NotWebSocket");
    let (_, received) = plain_request.into_parts();
    assert_eq!(received, PLAIN_REQUEST);
}

const PLAIN_REQUEST: &[u8] = b"GET /health HTTP/1.1\r\nHost: test\r\n\r\n";

/// A stream that holds a plain HTTP request.
fn plain_request() -> (TestStream, TestStream) {
    let (mut client, server) = pair(Chunking::Whole);
    client.write_all(PLAIN_REQUEST).unwrap();
    (client, server)
}

#[tokio::test]
async fn tokio_handles_report_subprotocol_round_trip_and_state() {
    let options = on_tokio::Options::new()
        .config(Config::new())
        .timeouts(Timeouts::default())
        .backpressure(Backpressure::default());
    let (client, server) = pair(Chunking::Whole);
    let request = request();
    let accepts = async { accepted(options.receive_request(server).await.unwrap()).await };
    let (server, client) = zip(accepts, options.connect_with_stream(client, &request)).await;
    exercise_handles(server, client.unwrap().0).await;
    let (_client, server) = plain_request();
    assert_plain_request_is_kept(options.receive_request(server).await.unwrap()).await;
    assert!(on_tokio::TokioClock::default().now() < Duration::from_secs(60));
}

#[test]
fn futures_handles_report_subprotocol_round_trip_and_state() {
    let options = futures::Options::new()
        .config(Config::new())
        .timeouts(Timeouts::default())
        .backpressure(Backpressure::default());
    let (client, server) = pair(Chunking::Whole);
    let (request, clock) = (request(), AsyncIoClock::default());
    smol::block_on(async {
        let accepts =
            async { accepted(options.receive_request(server, clock.clone()).await.unwrap()).await };
        let (server, client) =
            zip(accepts, options.connect_with_stream(client, clock.clone(), &request)).await;
        exercise_handles(server, client.unwrap().0).await;
        let (_client, server) = plain_request();
        assert_plain_request_is_kept(options.receive_request(server, clock.clone()).await.unwrap())
            .await;
        let mut clock = clock.clone();
        let soon = clock.now() + Duration::from_millis(1);
        smol::future::poll_fn(|cx| clock.poll_until(cx, soon)).await;
        assert!(clock.now() >= soon);
    });
}

fn blocking_pair() -> (blocking::WebSocket<TestStream>, blocking::WebSocket<TestStream>) {
    let (client, server) = pair(Chunking::Whole);
    let options = blocking::Options::new().backpressure(Backpressure::default());
    let server = thread::spawn(move || {
        let blocking::Incoming::Upgrade(upgrade) = options.receive_request(server).unwrap() else {
            panic!("a plain request")
        };
        upgrade.accept_with(&accept()).unwrap()
    });
    let (client, _) = blocking::connect_with_stream(client, &request()).unwrap();
    (client, server.join().unwrap())
}

#[test]
fn blocking_handles_report_subprotocol_round_trip_and_state() {
    let (mut client, server) = blocking_pair();
    assert_debug_starts_with(&server, "WebSocket { connection: Connection { role: Server");
    let (mut sender, mut receiver) = server.split().unwrap();
    assert_debug_starts_with(&sender, "Sender");
    assert_debug_starts_with(&receiver, "Receiver");
    assert_eq!(sender.subprotocol().as_deref(), Some("chat"));
    sender.set_backpressure(Backpressure::default());
    let mut writer = sender.writer(Kind::Text).unwrap();
    assert_debug_starts_with(&writer, "MessageWriter { kind: Text");
    writer.write_chunk("piece by piece").unwrap();
    writer.finish().unwrap();
    sender.start_ping().unwrap();
    sender.pong("here").unwrap();
    assert_eq!(client.recv_event().unwrap(), Some(Event::Message("piece by piece".into())));
    assert!(matches!(client.recv_event().unwrap(), Some(Event::Ping(_))));
    assert_eq!(client.recv_event().unwrap(), Some(Event::Pong("here".into())));
    assert_eq!(sender.round_trip(), None);
    assert!(matches!(receiver.recv_event().unwrap(), Some(Event::Pong(_))));
    assert!(sender.round_trip().is_some());
    client.pong("there").unwrap();
    assert_eq!(receiver.recv_event().unwrap(), Some(Event::Pong("there".into())));
    assert!(sender.start_close(CloseCode::GOING_AWAY, &"x".repeat(124)).is_err());
    sender.start_close(CloseCode::GOING_AWAY, "bye").unwrap();
    let client = thread::spawn(move || (client.recv(), client));
    assert_eq!(receiver.recv().unwrap(), None);
    let (client_received, client) = client.join().unwrap();
    assert_eq!((client_received.unwrap(), client.closed().unwrap().reason()), (None, "bye"));
}

/// `Receiver::close` closes the connection and discards messages that are received meanwhile.
#[test]
fn blocking_receiver_close_discards_messages() {
    let (mut client, server) = blocking_pair();
    let (_sender, mut receiver) = server.split().unwrap();
    client.send("on the way").unwrap();
    let client = thread::spawn(move || client.recv());
    assert!(receiver.close(CloseCode::NORMAL, "bye").unwrap().was_clean());
    assert_eq!(client.join().unwrap().unwrap(), None);
}

#[test]
fn blocking_sender_abort_closes_the_stream() {
    let (mut client, server) = blocking_pair();
    let (sender, _receiver) = server.split().unwrap();
    sender.abort();
    assert!(client.recv().is_err());
}

#[test]
fn blocking_into_parts_of_a_plain_request_returns_its_bytes() {
    let (_client, server) = plain_request();
    let blocking::Incoming::Http(plain_request) =
        blocking::Options::new().receive_request(server).unwrap()
    else {
        panic!("no")
    };
    assert_eq!(plain_request.request().path(), "/health");
    let shown = format!("{plain_request:?}");
    assert!(shown.contains("path: \"/health\""), "{shown}");
    assert_eq!(plain_request.into_parts().1, PLAIN_REQUEST);
}
