//! A `ping` that waits for its pong ends at a deadline of its own, from when it was written.

use std::io::Write;
use std::time::Duration;

use sansocket::testing::TestStream;
use sansocket::{Config, Connection, Error, State, TimedOut, Timeouts, blocking};
use smol::LocalExecutor;
use support::adapters::{Adapter, during, in_every_adapter, s, timed, until};
use support::{Chunking, masked, stream_pair as pair};

in_every_adapter! {
    ping_ends_at_the_pong_timeout_and_the_connection_stays_open
    ping_behind_other_output_has_its_time_from_when_it_was_written
    ping_without_a_pong_timeout_waits
}

/// Without keep-alive, and with a peer that sends other things.
const TIMEOUTS: Timeouts = Timeouts {
    ping: None,
    pong: Some(s(5)),
    handshake: None,
    close: None,
    write: None,
    idle: None,
    message: None,
};

fn is_late<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::TimedOut(TimedOut::Pong)))
}

async fn ping_ends_at_the_pong_timeout_and_the_connection_stays_open(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (mut peer, mut socket) = adapter.server(TIMEOUTS);
    let sends = async {
        until(&mut other, s(3)).await;
        peer.write_all(&masked(0x81, b"alive")).unwrap();
        std::future::pending().await
    };
    let (pinged, after) = during(sends, timed(&clock, socket.ping())).await;
    assert!(is_late(&pinged) && after == s(5), "{pinged:?} after {after:?}");
    assert_eq!(socket.recv().await.unwrap(), Some("alive".into()));

    let (sender, mut receiver) = socket.split();
    let executor = LocalExecutor::new();
    let _receiving = executor.spawn(async move { receiver.recv().await });
    let (pinged, after) = executor.run(timed(&clock, sender.ping())).await;
    assert!(is_late(&pinged) && after == s(5), "{pinged:?} after {after:?}");
    assert_eq!(sender.state(), State::Open);
}

async fn ping_behind_other_output_has_its_time_from_when_it_was_written(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (mut peer, mut socket) = adapter.server(TIMEOUTS);
    let wire = peer.wire();
    wire.set_capacity(10);
    socket.feed(vec![7; 1000]).await.unwrap();
    let reads = async {
        until(&mut other, s(100)).await;
        wire.set_capacity(usize::MAX);
        let _ = std::io::Read::read(&mut peer, &mut [0; 5]).unwrap();
        std::future::pending().await
    };
    let (pinged, after) = during(reads, timed(&clock, socket.ping())).await;
    assert!(is_late(&pinged) && after == s(105), "{pinged:?} after {after:?}");
}

async fn ping_without_a_pong_timeout_waits(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (mut peer, mut socket) = adapter.server(Timeouts { pong: None, ..TIMEOUTS });
    let pong = async {
        until(&mut other, s(1000)).await;
        peer.write_all(&masked(0x8a, &1_u64.to_be_bytes())).unwrap();
        std::future::pending().await
    };
    let (pinged, after) = during(pong, timed(&clock, socket.ping())).await;
    assert_eq!((pinged.unwrap(), after), (s(1000), s(1000)));
}

fn blocking_server(pong: Duration) -> (TestStream, blocking::WebSocket<TestStream>) {
    let (peer, end) = pair(Chunking::Whole);
    let (connection, timeouts) =
        (Connection::server(Config::new()), Timeouts { pong: Some(pong), ..TIMEOUTS });
    (peer, blocking::WebSocket::from_parts(end, connection, timeouts).unwrap())
}

#[test]
fn ping_of_a_thread_ends_at_the_pong_timeout() {
    let (mut peer, mut socket) = blocking_server(Duration::from_millis(50));
    peer.write_all(&masked(0x81, b"alive")).unwrap();
    assert!(is_late(&socket.ping()));
    assert_eq!(socket.recv().unwrap(), Some("alive".into()));
    let (sender, mut receiver) = socket.split().unwrap();
    let receiving = std::thread::spawn(move || receiver.recv());
    assert!(is_late(&sender.ping()));
    assert_eq!(sender.state(), State::Open);
    sender.abort();
    receiving.join().unwrap().unwrap_err();
}
