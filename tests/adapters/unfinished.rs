//! A message that was begun and is not continued ends the connection, in every adapter.
//!
//! On threads the peer does nothing more, so the test passes on a machine of any speed.
#![cfg(all(feature = "deflate", feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use sansocket::deflate::Deflate;
use sansocket::runtime::Clock as _;
use sansocket::{Config, Error, Role, TimedOut, Timeouts, blocking};
use support::adapters::{Adapter, during, in_every_adapter, s, timed, until};
use support::deflate::compressing;
use support::duplex::{DuplexStream, duplex};
use support::masked;

in_every_adapter! {
    half_a_message_ends_the_connection_although_pings_are_answered
    a_message_of_an_hour_arrives
}

/// It is begun at 30 s. Pings arrive every 5 s.
async fn half_a_message_ends_the_connection_although_pings_are_answered(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    let begun = clock.now();
    let living = async {
        for number in 1..100 {
            until(&mut other, begun + s(5 * number)).await;
            let _ = peer.write_all(&masked(0x89, b"?"));
            if number == 6 {
                peer.write_all(&masked(0x01, b"a")).unwrap();
            }
        }
    };
    let (received, after) = during(pin!(living), timed(&clock, socket.recv())).await;
    assert!(matches!(received, Err(Error::TimedOut(TimedOut::Message))), "{received:?}");
    // An eighth of the time to a ping, by which the timer is late.
    assert!((s(150)..s(153)).contains(&after), "{after:?}");
    assert!(socket.recv().await.is_err());
}

async fn a_message_of_an_hour_arrives(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    let begun = clock.now();
    let sending = async {
        peer.write_all(&masked(0x01, b"a")).unwrap();
        for number in 1..120 {
            until(&mut other, begun + s(30 * number)).await;
            peer.write_all(&masked(0x00, b"a")).unwrap();
        }
        peer.write_all(&masked(0x80, b"a")).unwrap();
    };
    let received = during(pin!(sending), socket.recv()).await;
    assert_eq!(received.unwrap(), Some("a".repeat(121).into()));
}

/// A socket to which half of a compressed message was sent.
fn half_sent() -> (DuplexStream, blocking::WebSocket<DuplexStream>) {
    let (stream, mut peer) = duplex();
    let timeouts =
        Timeouts { ping: None, message: Some(Duration::from_millis(20)), ..Timeouts::default() };
    let server = compressing(Role::Server, Config::new(), Deflate::memory());
    let socket = blocking::WebSocket::from_parts(stream, server, timeouts).unwrap();
    peer.write_all(&masked(0x41, b"\xf2")).unwrap();
    (peer, socket)
}

#[test]
fn half_a_message_ends_the_connection_on_threads_and_frees_its_memory() {
    let (_peer, mut socket) = half_sent();
    assert!(matches!(socket.recv(), Err(Error::TimedOut(TimedOut::Message))));
    assert!(matches!(socket.recv(), Err(Error::ConnectionLost)));
    assert_eq!(socket.into_parts().1.bytes_held(), 0);

    let (_peer, socket) = half_sent();
    let (sender, mut receiver) = socket.split().unwrap();
    assert!(matches!(receiver.recv(), Err(Error::TimedOut(TimedOut::Message))));
    assert!(sender.send("x").is_err());
    assert_eq!(receiver.reunite(sender).map_err(drop).unwrap().into_parts().1.bytes_held(), 0);
}
