//! What code uses that keeps a list of connections and can't wait: `try_send`, `try_close`, and
//! senders that do not keep their connection.

use std::sync::{Arc, Mutex};

use sansocket::testing::{Chunking, pair};
use sansocket::{
    Backpressure, CloseCode, Config, Connection, Overflow, State, Timeouts, TrySendError, blocking,
};
use support::gate::halves;
use support::unmasked;

const FULL: [Overflow; 4] = [Overflow::Wait, Overflow::Fail, Overflow::DropNewest, Overflow::Close];

const fn bounds(overflow: Overflow) -> Backpressure {
    Backpressure { high_water_mark: 10, hard_limit: 20, overflow, cork: false }
}

/// Above the hard limit, with a peer that does not read.
macro_rules! assert_policy {
    ($sender:expr, $overflow:expr) => {{
        let (sender, overflow) = (&$sender, $overflow);
        sender.set_backpressure(bounds(overflow));
        sender.try_send(vec![7; 30]).unwrap();
        let tried = sender.try_send("refused");
        match overflow {
            Overflow::DropNewest => tried.unwrap(),
            _ => assert!(
                matches!(&tried, Err(TrySendError::Full(message)) if *message == "refused".into()),
                "{overflow:?}: {tried:?}"
            ),
        }
        let is_closing = sender.state() == State::Closing;
        assert_eq!(
            (sender.dropped(), is_closing),
            (u64::from(overflow == Overflow::DropNewest), overflow == Overflow::Close),
            "{overflow:?}"
        );
    }};
}

#[test]
fn try_send_above_the_hard_limit_obeys_the_overflow_policy() {
    for overflow in FULL {
        let (_gate, sender, _receiver) = halves(10);
        assert_policy!(sender, overflow);

        let (peer, end) = pair(Chunking::Whole);
        peer.wire().set_capacity(0);
        let connection = Connection::server(Config::new());
        let socket = blocking::WebSocket::from_parts(end, connection, Timeouts::default());
        let (sender, _receiver) = socket.unwrap().split().unwrap();
        assert_policy!(sender, overflow);
    }
}

/// Nothing is awaited while the list is locked.
#[test]
fn broadcast_under_a_mutex_closes_slow_connections_and_forgets_ended_ones() {
    let (slow, ended, fast) = (halves(10), halves(10), halves(10));
    fast.0.read(1000);
    let list = Mutex::new(vec![slow.1.downgrade(), ended.1.downgrade(), fast.1.downgrade()]);
    for connection in [&slow, &ended, &fast] {
        connection.1.set_backpressure(bounds(Overflow::Close));
    }
    drop(ended);
    for _ in 0..3 {
        list.lock().unwrap().retain(|weak| {
            weak.upgrade().is_some_and(|sender| sender.try_send("to everybody").is_ok())
        });
    }
    assert_eq!(list.lock().unwrap().len(), 1, "one is slow, and one has ended");
    assert_eq!((slow.1.state(), fast.1.state()), (State::Closing, State::Open));
    assert_eq!(fast.0.received().0.len(), 3);

    for sender in list.lock().unwrap().iter().filter_map(|weak| weak.upgrade()) {
        sender.try_close(CloseCode::GOING_AWAY, "restart").unwrap();
    }
    let close = unmasked(0x88, b"\x03\xe9restart");
    assert!(fast.0.lock().written.ends_with(&close));
}

#[test]
fn weak_sender_keeps_nothing() {
    let (gate, sender, receiver) = halves(10);
    let weak = sender.downgrade();
    sender.try_send("more than ten bytes").unwrap();
    assert_eq!(weak.stats(), Some(sender.stats()));
    assert_eq!(sender.stats().queued_messages, 1);
    drop(sender);
    drop(weak.clone().upgrade().expect("the receiver is there"));
    drop(receiver);
    assert!(weak.upgrade().is_none() && weak.stats().is_none());
    drop(gate);

    let (peer, end) = pair(Chunking::Whole);
    let connection = Connection::server(Config::new());
    let socket = blocking::WebSocket::from_parts(end, connection, Timeouts::default());
    let (sender, receiver) = socket.unwrap().split().unwrap();
    let weak = sender.downgrade();
    let kept = Arc::new(weak.upgrade());
    drop((sender, receiver));
    assert!(weak.upgrade().is_some());
    assert_eq!(weak.stats().map(|stats| stats.sent), Some(Default::default()));
    drop(kept);
    assert!(weak.upgrade().is_none() && weak.stats().is_none());
    drop(peer);
}

/// The peer has read, and nobody has written since.
#[test]
fn try_send_writes_before_a_policy_applies() {
    for overflow in FULL {
        let (gate, _, mut socket) = support::gate::server(Timeouts::default());
        socket.set_backpressure(bounds(overflow));
        socket.try_send(vec![7; 30]).unwrap();
        gate.read(1000);
        socket.try_send("there is room").unwrap();
        assert_eq!(
            (gate.received().0.len(), socket.dropped(), socket.state()),
            (2, 0, State::Open),
            "{overflow:?}"
        );

        let (gate, sender, _receiver) = halves(10);
        sender.set_backpressure(bounds(overflow));
        sender.try_send(vec![7; 30]).unwrap();
        gate.read(1000);
        sender.try_send("there is room").unwrap();
        assert_eq!((gate.received().0.len(), sender.state()), (2, State::Open), "{overflow:?}");
    }
}

#[test]
fn sink_that_is_ready_is_ready_after_halves_that_cannot_be_joined() {
    use std::pin::Pin;
    use std::task::{Context, Waker};

    use futures_sink::Sink;

    let (gate, mut sender, receiver) = halves(10);
    gate.read(1000);
    let other = sender.clone();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut sender).poll_ready(&mut cx).is_ready());
    let (receiver, mut sender) = receiver.reunite(sender).expect_err("there is another sender");
    Pin::new(&mut sender).start_send("it has room".into()).unwrap();
    assert!(Pin::new(&mut sender).poll_ready(&mut cx).is_ready());
    drop(other);
    let mut socket = receiver.reunite(sender).map_err(drop).expect("also with a ready sink");
    socket.try_send("joined").unwrap();
    assert_eq!(gate.received().0.len(), 2);
}
