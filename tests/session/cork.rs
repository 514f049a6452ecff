//! `Backpressure::cork`: a message sent while another received message is buffered is written
//! together with the next one. In every adapter, for sockets and halves, except blocking halves.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::io::Write;

use bytes::BufMut;
use sansocket::testing::{self, pair};
use sansocket::{Backpressure, Config, Connection, Role, Timeouts, blocking};
use support::adapters::{Adapter, in_every_adapter};
use support::peer::{read_events, text_event};
use support::{connection, masked};

in_every_adapter! {
    replies_to_one_read_are_written_together
    sender_half_corks_replies_to_one_read
    dropped_receiver_releases_corked_messages
    buffered_pong_does_not_cork_a_send
}

const CORK: Backpressure = Backpressure {
    high_water_mark: 100,
    hard_limit: 1 << 20,
    overflow: sansocket::Overflow::Wait,
    cork: true,
};

/// Three messages in one read, and part of a fourth.
fn three_and_a_partial_message() -> Vec<u8> {
    let frames = ["one", "two", "three", "four"].map(|text| masked(0x81, text.as_bytes())).concat();
    frames[..frames.len() - 1].to_vec()
}

async fn replies_to_one_read_are_written_together(adapter: &impl Adapter) {
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    socket.set_backpressure(CORK);
    peer.write_all(&three_and_a_partial_message()).unwrap();
    for waits in [true, true, false] {
        let received = socket.recv().await.unwrap().unwrap();
        socket.send(received).await.unwrap();
        assert_eq!(socket.buffered_amount() > 0, waits);
    }
    assert_eq!(read_events(&mut peer).1, ["one", "two", "three"].map(text_event));

    // Corking ends at the high-water mark,
    peer.write_all(
        &[&masked(0x81, b"four")[9..], &masked(0x81, b"five"), &masked(0x81, b"six")].concat(),
    )
    .unwrap();
    socket.recv().await.unwrap().unwrap();
    socket.send("x".repeat(100)).await.unwrap();
    assert_eq!(socket.buffered_amount(), 0);
    // at a flush,
    socket.recv().await.unwrap().unwrap();
    socket.send("waits").await.unwrap();
    socket.flush().await.unwrap();
    // and when it is switched off.
    socket.set_backpressure(Backpressure { cork: false, ..CORK });
    peer.write_all(&masked(0x81, b"seven")).unwrap();
    socket.send("goes").await.unwrap();
    assert_eq!(
        read_events(&mut peer).1,
        [text_event(&"x".repeat(100)), text_event("waits"), text_event("goes")]
    );
}

async fn sender_half_corks_replies_to_one_read(adapter: &impl Adapter) {
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    socket.set_backpressure(CORK);
    let (sender, mut receiver) = socket.split();
    peer.write_all(&three_and_a_partial_message()).unwrap();
    for waits in [true, true, false] {
        let received = receiver.recv().await.unwrap().unwrap();
        sender.send(received).await.unwrap();
        assert_eq!(sender.buffered_amount() > 0, waits);
    }
    assert_eq!(read_events(&mut peer).1, ["one", "two", "three"].map(text_event));
}

/// Messages that were corked are written before the stream ends.
async fn dropped_receiver_releases_corked_messages(adapter: &impl Adapter) {
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    socket.set_backpressure(CORK);
    let (sender, mut receiver) = socket.split();
    peer.write_all(&[masked(0x81, b"1"), masked(0x81, b"2")].concat()).unwrap();
    receiver.recv().await.unwrap().unwrap();
    sender.send("before").await.unwrap();
    drop(receiver);
    assert_eq!(read_events(&mut peer).1, [text_event("before")]);
}

async fn buffered_pong_does_not_cork_a_send(adapter: &impl Adapter) {
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    socket.set_backpressure(CORK);
    peer.write_all(&[masked(0x8a, b"unasked"), masked(0x8a, &1u64.to_be_bytes())].concat())
        .unwrap();
    socket.ping().await.unwrap();
    socket.send("goes").await.unwrap();
    assert_eq!(socket.buffered_amount(), 0);
}

#[test]
fn blocking_replies_to_one_read_are_written_together() {
    let (mut peer, end) = pair(testing::Chunking::Whole);
    let mut socket = blocking::WebSocket::from_parts(
        end,
        Connection::server(Config::new()),
        Timeouts::default(),
    )
    .unwrap();
    socket.set_backpressure(CORK);
    peer.write_all(&three_and_a_partial_message()).unwrap();
    for waits in [true, true, false] {
        let received = socket.recv().unwrap().unwrap();
        socket.send(received).unwrap();
        assert_eq!(socket.buffered_amount() > 0, waits);
    }
    assert_eq!(read_events(&mut peer).1, ["one", "two", "three"].map(text_event));
}

/// Corking considers messages that the connection received before `from_parts`.
#[test]
fn message_received_before_from_parts_corks_a_send() {
    let (mut peer, end) = pair(testing::Chunking::Whole);
    let mut connection = connection(Role::Server, Config::new());
    connection.input().put_slice(&three_and_a_partial_message());
    let mut socket = blocking::WebSocket::from_parts(end, connection, Timeouts::default()).unwrap();
    socket.set_backpressure(CORK);
    socket.send("waits").unwrap();
    assert_eq!(read_events(&mut peer).1, []);
    socket.flush().unwrap();
    assert_eq!(read_events(&mut peer).1, [text_event("waits")]);
}
