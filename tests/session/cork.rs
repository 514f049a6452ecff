//! Corked: what is sent while another message is here already waits for its answer, and leaves with
//! it; no longer, and in every adapter, whole and in halves, but those for threads.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::io::Write;

use bytes::BufMut;
use sansocket::testing::{self, pair};
use sansocket::{Backpressure, Config, Connection, Role, Timeouts, blocking};
use support::adapters::{Adapter, in_every_adapter};
use support::peer::{read_events, text_event};
use support::{connection, masked};

in_every_adapter! {
    answers_leave_together
    halves_are_corked_too
    nothing_waits_for_a_receiver_that_is_gone
    a_ping_that_was_kept_is_no_message
}

const CORKED: Backpressure = Backpressure {
    high_water_mark: 100,
    hard_limit: 1 << 20,
    overflow: sansocket::Overflow::Wait,
    cork: true,
};

/// Three messages in one read, and part of a fourth.
fn three() -> Vec<u8> {
    let frames = ["one", "two", "three", "four"].map(|text| masked(0x81, text.as_bytes())).concat();
    frames[..frames.len() - 1].to_vec()
}

async fn answers_leave_together(adapter: &impl Adapter) {
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    socket.set_backpressure(CORKED);
    peer.write_all(&three()).unwrap();
    for waits in [true, true, false] {
        let received = socket.recv().await.unwrap().unwrap();
        socket.send(received).await.unwrap();
        assert_eq!(socket.buffered_amount() > 0, waits);
    }
    assert_eq!(read_events(&mut peer).1, ["one", "two", "three"].map(text_event));

    // Not above the high-water mark,
    peer.write_all(
        &[&masked(0x81, b"four")[9..], &masked(0x81, b"five"), &masked(0x81, b"six")].concat(),
    )
    .unwrap();
    socket.recv().await.unwrap().unwrap();
    socket.send("x".repeat(100)).await.unwrap();
    assert_eq!(socket.buffered_amount(), 0);
    // nor when it is flushed,
    socket.recv().await.unwrap().unwrap();
    socket.send("waits").await.unwrap();
    socket.flush().await.unwrap();
    // nor unless that was asked for.
    socket.set_backpressure(Backpressure { cork: false, ..CORKED });
    peer.write_all(&masked(0x81, b"seven")).unwrap();
    socket.send("goes").await.unwrap();
    assert_eq!(
        read_events(&mut peer).1,
        [text_event(&"x".repeat(100)), text_event("waits"), text_event("goes")]
    );
}

async fn halves_are_corked_too(adapter: &impl Adapter) {
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    socket.set_backpressure(CORKED);
    let (sender, mut receiver) = socket.split();
    peer.write_all(&three()).unwrap();
    for waits in [true, true, false] {
        let received = receiver.recv().await.unwrap().unwrap();
        sender.send(received).await.unwrap();
        assert_eq!(sender.buffered_amount() > 0, waits);
    }
    assert_eq!(read_events(&mut peer).1, ["one", "two", "three"].map(text_event));
}

/// What was corked before leaves too.
async fn nothing_waits_for_a_receiver_that_is_gone(adapter: &impl Adapter) {
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    socket.set_backpressure(CORKED);
    let (sender, mut receiver) = socket.split();
    peer.write_all(&[masked(0x81, b"1"), masked(0x81, b"2")].concat()).unwrap();
    receiver.recv().await.unwrap().unwrap();
    sender.send("before").await.unwrap();
    drop(receiver);
    let before = read_events(&mut peer).1;
    sender.send("after").await.unwrap();
    let after = read_events(&mut peer).1;
    assert_eq!((before, after), (vec![text_event("before")], vec![text_event("after")]));
}

async fn a_ping_that_was_kept_is_no_message(adapter: &impl Adapter) {
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    socket.set_backpressure(CORKED);
    peer.write_all(&[masked(0x8a, b"unasked"), masked(0x8a, &1u64.to_be_bytes())].concat())
        .unwrap();
    socket.ping().await.unwrap();
    socket.send("goes").await.unwrap();
    assert_eq!(socket.buffered_amount(), 0);
}

#[test]
fn blocking_answers_leave_together() {
    let (mut peer, end) = pair(testing::Chunking::Whole);
    let mut socket = blocking::WebSocket::from_parts(
        end,
        Connection::server(Config::new()),
        Timeouts::default(),
    )
    .unwrap();
    socket.set_backpressure(CORKED);
    peer.write_all(&three()).unwrap();
    for waits in [true, true, false] {
        let received = socket.recv().unwrap().unwrap();
        socket.send(received).unwrap();
        assert_eq!(socket.buffered_amount() > 0, waits);
    }
    assert_eq!(read_events(&mut peer).1, ["one", "two", "three"].map(text_event));
}

/// A message that the connection has already, from before the adapter, counts.
#[test]
fn what_was_received_before_the_adapter_counts() {
    let (mut peer, end) = pair(testing::Chunking::Whole);
    let mut connection = connection(Role::Server, Config::new());
    connection.input().put_slice(&three());
    let mut socket = blocking::WebSocket::from_parts(end, connection, Timeouts::default()).unwrap();
    socket.set_backpressure(CORKED);
    socket.send("waits").unwrap();
    assert_eq!(read_events(&mut peer).1, []);
    socket.flush().unwrap();
    assert_eq!(read_events(&mut peer).1, [text_event("waits")]);
}
