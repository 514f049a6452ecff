//! A socket that is not split: pings, two tasks that share it, and closing with a slow peer. In
//! both async adapters, on manually advanced clocks; pings also over blocking streams.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::pin::Pin;
use std::thread;

use futures_core::Stream as _;
use futures_sink::Sink;
use sansocket::blocking::{self, Stream as _};
use sansocket::{CloseCode, Config, Connection, Error, Event, Message, TimedOut, Timeouts};
use smol::LocalExecutor;
use support::Chunking;
use support::adapters::{Adapter, during, in_every_adapter, read, s, timed, until, write_all};
use support::stream_pair as pair;
use support::streams::{Scripted, Unwritable};
use support::{masked, unmasked};

in_every_adapter! {
    client_and_server_open_a_connection
    accept_times_out_when_the_client_does_not_read_the_response
    two_tasks_poll_one_socket
    closing_handshake_of_one_task_ends_the_recv_of_another
    stalled_write_of_one_task_does_not_delay_the_timeout_of_another
    write_error_does_not_discard_received_messages
    close_reply_reaches_a_peer_that_writes_before_it_reads
    ping_returns_the_round_trip_time
    ping_buffers_messages_that_precede_the_pong
    into_parts_keeps_messages_buffered_by_ping
    ping_fails_when_the_connection_ends
    byte_received_before_a_ping_is_not_its_pong
    into_parts_releases_the_output_buffer
    refused_message_allocates_no_output_buffer
    ping_times_out_when_the_peer_does_not_read
}

// Opening.

async fn client_and_server_open_a_connection(adapter: &impl Adapter) {
    for chunking in [Chunking::Whole, Chunking::Bytewise] {
        let (client, server) = pair(chunking);
        let (client, server) =
            tokio::join!(adapter.connect_with_stream(client), adapter.accept(server));
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        client.send("from the client").await.unwrap();
        server.send("from the server").await.unwrap();
        assert_eq!(server.recv().await.unwrap(), Some("from the client".into()));
        assert_eq!(client.recv().await.unwrap(), Some("from the server".into()));
        let (closed, received) = tokio::join!(client.close(CloseCode::NORMAL, ""), async {
            let received = server.recv().await;
            drop(server);
            received
        });
        assert!(closed.unwrap().was_clean() && received.unwrap().is_none());
    }
}

const REQUEST: &[u8] =
    b"GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

async fn accept_times_out_when_the_client_does_not_read_the_response(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, end) = pair(Chunking::Whole);
    peer.write_all(REQUEST).unwrap();
    peer.wire().set_capacity(0);
    let (accepted, after) = timed(&clock, adapter.accept(end)).await;
    assert!(matches!(accepted, Err(Error::TimedOut(TimedOut::Handshake))), "{accepted:?}");
    assert_eq!(after, s(10));
}

// Two tasks, one socket: what `StreamExt::split` of the futures crate does.

async fn two_tasks_poll_one_socket(adapter: &impl Adapter) {
    const COUNT: usize = 50;
    let clock = adapter.clock();
    let begun = clock_now(&clock);
    for role in 0..2 {
        let (wire, mut sockets) = adapter.wired(Timeouts::default());
        wire.set_capacity(100);
        sockets.rotate_left(role);
        let [socket, mut peer] = sockets;
        let socket = RefCell::new(socket);
        let executor = LocalExecutor::new();
        let receiving = executor.spawn(async {
            for number in 0..COUNT {
                let message = poll_fn(|cx| Pin::new(&mut *socket.borrow_mut()).poll_next(cx)).await;
                assert_eq!(message.unwrap().unwrap(), Message::from(vec![number as u8; 300]));
            }
        });
        let sending = executor.spawn(async {
            for number in 0..COUNT {
                poll_fn(|cx| Pin::new(&mut *socket.borrow_mut()).poll_ready(cx)).await.unwrap();
                Pin::new(&mut *socket.borrow_mut())
                    .start_send(vec![number as u8; 300].into())
                    .unwrap();
                if number % 3 == 0 {
                    poll_fn(|cx| Sink::poll_flush(Pin::new(&mut *socket.borrow_mut()), cx))
                        .await
                        .unwrap();
                }
            }
            poll_fn(|cx| Sink::poll_flush(Pin::new(&mut *socket.borrow_mut()), cx)).await.unwrap();
        });
        let echoing = executor.spawn(async move {
            for _ in 0..COUNT {
                let message = peer.recv().await.unwrap().unwrap();
                peer.feed(message).await.unwrap();
            }
            // A waiting recv flushes fed messages.
            assert_eq!(peer.recv().await.unwrap(), None);
        });
        let exchange = async {
            tokio::join!(sending, receiving);
            poll_fn(|cx| Sink::poll_close(Pin::new(&mut *socket.borrow_mut()), cx)).await.unwrap();
            let end = poll_fn(|cx| Pin::new(&mut *socket.borrow_mut()).poll_next(cx));
            assert!(tokio::join!(end, echoing).0.is_none());
        };
        executor.run(exchange).await;
    }
    assert!(clock_now(&clock) - begun < s(1), "no wake-up was lost and replaced by a timer");
}

fn clock_now(clock: &impl sansocket::runtime::Clock) -> std::time::Duration {
    clock.now()
}

/// Both tasks observe the end of the connection, or the close deadline.
async fn closing_handshake_of_one_task_ends_the_recv_of_another(adapter: &impl Adapter) {
    for answered in [true, false] {
        let clock = adapter.clock();
        let [socket, mut peer] = adapter.both(Timeouts::default());
        let socket = RefCell::new(socket);
        let executor = LocalExecutor::new();
        let receiving = executor
            .spawn(async { poll_fn(|cx| Pin::new(&mut *socket.borrow_mut()).poll_next(cx)).await });
        let ticking = executor.spawn(async {
            let mut other = adapter.clock();
            let soon = clock_now(&other) + s(1);
            until(&mut other, soon).await;
            poll_fn(|cx| Sink::poll_close(Pin::new(&mut *socket.borrow_mut()), cx)).await
        });
        let answering = executor.spawn(async move {
            if answered {
                assert_eq!(peer.recv().await.unwrap(), None);
            } else {
                std::future::pending::<()>().await;
            }
            drop(peer);
        });
        let ((closed, received), after) =
            timed(&clock, executor.run(async { (ticking.await, receiving.await) })).await;
        if answered {
            assert!(
                closed.is_ok() && received.is_none() && after <= s(2),
                "{received:?} after {after:?}"
            );
            executor.run(answering).await;
        } else {
            let errors =
                usize::from(closed.is_err()) + usize::from(matches!(received, Some(Err(_))));
            assert!(errors >= 1 && after <= s(7), "{closed:?}, {received:?} after {after:?}");
        }
    }
}

/// A clock wakes the last registered waker only; here both tasks must be woken.
async fn stalled_write_of_one_task_does_not_delay_the_timeout_of_another(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let timeouts = Timeouts { write: Some(s(100)), pong: Some(s(20)), ..Timeouts::default() };
    let (peer, socket) = adapter.server(timeouts);
    // The ping at 20 s, and no byte more.
    peer.wire().set_capacity(10);
    let socket = RefCell::new(socket);
    let executor = LocalExecutor::new();
    let receiving = executor
        .spawn(timed(&clock, poll_fn(|cx| Pin::new(&mut *socket.borrow_mut()).poll_next(cx))));
    let sending = executor.spawn(timed(&clock, async {
        let mut other = adapter.clock();
        let later = clock_now(&other) + s(25);
        until(&mut other, later).await;
        Pin::new(&mut *socket.borrow_mut()).start_send(vec![0; 100].into()).unwrap();
        poll_fn(|cx| Sink::poll_flush(Pin::new(&mut *socket.borrow_mut()), cx)).await
    }));
    let ((received, noticed), (sent, stalled)) =
        executor.run(async { (receiving.await, sending.await) }).await;
    assert!(matches!(received, Some(Err(Error::TimedOut(TimedOut::KeepAlive)))), "{received:?}");
    assert!(matches!(sent, Err(Error::ConnectionLost)), "the connection was lost: {sent:?}");
    assert_eq!((noticed, stalled), (s(40), s(40)));
}

// Endings.

async fn write_error_does_not_discard_received_messages(adapter: &impl Adapter) {
    let input = || {
        Scripted(Unwritable(
            [masked(0x89, b"?"), masked(0x81, b"said before"), masked(0x81, b"and this")].concat(),
        ))
    };
    let mut socket = adapter.clocked(input(), Connection::server(Config::new()));
    socket.feed("never written").await.unwrap();
    assert!(
        matches!(socket.flush().await, Err(Error::Io(error)) if error.kind() == ErrorKind::Other)
    );
    assert_eq!(socket.recv().await.unwrap(), Some("said before".into()));
    assert!(matches!(socket.send("nor this").await, Err(Error::Io(_))));
    assert_eq!(socket.recv().await.unwrap(), Some("and this".into()));

    let (sender, mut receiver) =
        adapter.clocked(input(), Connection::server(Config::new())).split();
    assert!(
        matches!(sender.send("never written").await, Err(Error::Io(error)) if error.kind() == ErrorKind::Other)
    );
    assert_eq!(receiver.recv().await.unwrap(), Some("said before".into()));
    assert_eq!(receiver.recv().await.unwrap(), Some("and this".into()));
}

/// The peer writes everything before it reads.
async fn close_reply_reaches_a_peer_that_writes_before_it_reads(adapter: &impl Adapter) {
    for (split, half_closed) in [(true, false), (false, false), (true, true), (false, true)] {
        let clock = adapter.clock();
        let (mut peer, mut socket) = adapter.server(Timeouts::default());
        socket.feed(vec![7; 1000]).await.unwrap();
        peer.wire().set_capacity(100);
        let executor = LocalExecutor::new();
        let peer_writing = executor.spawn(async move {
            write_all(&mut peer, &masked(0x88, b"\x03\xe8")).await;
            write_all(&mut peer, &[0; 5000]).await;
            if half_closed {
                peer.shutdown(Shutdown::Write).unwrap();
            }
            read(&mut peer, usize::MAX).await
        });
        let exchange = executor.run(async {
            if split {
                let (_sender, mut receiver) = socket.split();
                assert_eq!(receiver.recv().await.unwrap(), None);
            } else {
                assert_eq!(socket.recv().await.unwrap(), None);
            }
            peer_writing.await
        });
        let (received_bytes, after) = timed(&clock, exchange).await;
        assert_eq!(
            received_bytes,
            [unmasked(0x82, &[7; 1000]), unmasked(0x88, b"\x03\xe8")].concat()
        );
        assert_eq!(after, s(0), "split: {split}, half-closed: {half_closed}");
    }
}

// Round trips.

async fn ping_returns_the_round_trip_time(adapter: &impl Adapter) {
    let mut other = adapter.clock();
    let [mut socket, mut peer] = adapter.both(Timeouts::default());
    let answering = async {
        for seconds in [3, 0, 7] {
            let later = clock_now(&other) + s(seconds);
            until(&mut other, later).await;
            // A task that waits in recv answers the ping; this message comes after it.
            assert_eq!(peer.recv().await.unwrap(), Some("next".into()));
        }
        std::future::pending().await
    };
    let exchange = async {
        for seconds in [3, 0, 7] {
            let trip = socket.ping().await.unwrap();
            assert!(trip >= s(seconds) && trip < s(seconds + 1), "{trip:?}");
            assert_eq!(socket.round_trip(), Some(trip));
            socket.send("next").await.unwrap();
        }
    };
    during(answering, exchange).await;
}

async fn ping_buffers_messages_that_precede_the_pong(adapter: &impl Adapter) {
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    let pong = |number: u64| masked(0x8a, &number.to_be_bytes());
    peer.write_all(
        &[masked(0x81, b"one"), masked(0x89, b"?"), masked(0x81, b"two"), pong(1)].concat(),
    )
    .unwrap();
    peer.write_all(&masked(0x81, b"three")).unwrap();
    socket.ping().await.unwrap();
    for expected in ["one", "two", "three"] {
        assert_eq!(socket.recv().await.unwrap(), Some(expected.into()));
    }
    let mut received_bytes = [0; 13];
    peer.read_exact(&mut received_bytes).unwrap();
    assert_eq!(
        received_bytes[..],
        [unmasked(0x89, &1_u64.to_be_bytes()), unmasked(0x8a, b"?")].concat()
    );

    // The buffer is bounded: ping fails, and the application must receive; the pong is read on the
    // way.
    let large = masked(0x82, &[7; 10_000]);
    for _ in 0..20 {
        peer.write_all(&large).unwrap();
    }
    peer.write_all(&pong(2)).unwrap();
    let before = socket.round_trip();
    assert!(matches!(socket.ping().await, Err(Error::UnreadMessages)));
    // A second ping fails, too, and is not sent.
    assert!(matches!(socket.ping().await, Err(Error::UnreadMessages)));
    assert!(matches!(socket.start_ping().await, Ok(())));
    peer.write_all(&pong(3)).unwrap();
    assert_eq!(socket.round_trip(), before);
    for _ in 0..20 {
        assert_eq!(socket.recv().await.unwrap().unwrap().len(), 10_000);
    }
    peer.write_all(&masked(0x81, b"last")).unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some("last".into()));
    assert!(socket.round_trip().is_some());
    peer.write_all(&pong(4)).unwrap();
    socket.ping().await.unwrap();
}

async fn into_parts_keeps_messages_buffered_by_ping(adapter: &impl Adapter) {
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    peer.write_all(&[masked(0x82, &[7; 1000]), masked(0x8a, &1_u64.to_be_bytes())].concat())
        .unwrap();
    socket.ping().await.unwrap();
    let (_, mut connection) = socket.into_parts();
    assert!((1000..1500).contains(&connection.bytes_held()), "{}", connection.bytes_held());
    assert!(matches!(connection.receive(), Some(Event::Message(message)) if message.len() == 1000));
    assert!(matches!(connection.receive(), Some(Event::Pong(_))));
    assert_eq!((connection.receive(), connection.bytes_held()), (None, 0));
}

async fn ping_fails_when_the_connection_ends(adapter: &impl Adapter) {
    for clean in [true, false] {
        let (mut peer, mut socket) = adapter.server(Timeouts::default());
        peer.write_all(&masked(0x81, b"before")).unwrap();
        if clean {
            peer.write_all(&masked(0x88, b"\x03\xe8")).unwrap();
        }
        drop(peer);
        assert!(matches!(socket.ping().await, Err(Error::ConnectionLost)));
        assert_eq!(socket.recv().await.unwrap(), Some("before".into()));
        let end = socket.recv().await;
        assert!(
            if clean { matches!(end, Ok(None)) } else { matches!(end, Err(Error::ConnectionLost)) },
            "{end:?}"
        );
        assert!(socket.ping().await.is_err());
    }
}

async fn ping_times_out_when_the_peer_does_not_read(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (peer, mut socket) = adapter.server(Timeouts::default());
    peer.wire().set_capacity(1);
    let (pinged, after) = timed(&clock, socket.ping()).await;
    assert!(matches!(pinged, Err(Error::TimedOut(TimedOut::Write))), "{pinged:?}");
    assert_eq!(after, s(120), "the ping was not written: it has no deadline of its own");
}

#[test]
fn blocking_ping_buffers_messages_and_fails_at_the_end() {
    let (stream, mut peer) = support::duplex::duplex();
    let mut socket = blocking::WebSocket::from_parts(
        stream,
        Connection::server(Config::new()),
        Timeouts::default(),
    )
    .unwrap();
    let pong = |number: u64| masked(0x8a, &number.to_be_bytes());
    let answering = thread::spawn(move || {
        let mut ping = [0; 10];
        peer.read_exact(&mut ping).unwrap();
        peer.write_all(
            &[masked(0x81, b"one"), masked(0x89, b"?"), masked(0x81, b"two"), pong(1)].concat(),
        )
        .unwrap();
        peer.write_all(&masked(0x82, &[7; 10_000]).repeat(20)).unwrap();
        peer.write_all(&pong(2)).unwrap();
        peer.write_all(&[masked(0x81, b"last"), masked(0x88, b"\x03\xe8")].concat()).unwrap();
        read_all(&mut peer)
    });
    let trip = socket.ping().unwrap();
    assert!(socket.round_trip().unwrap() <= trip);
    assert_eq!(socket.recv().unwrap(), Some("one".into()));
    assert_eq!(socket.recv().unwrap(), Some("two".into()));
    for _ in 0..2 {
        assert!(matches!(socket.ping(), Err(Error::UnreadMessages)), "the second ping is not sent");
    }
    for _ in 0..20 {
        assert_eq!(socket.recv().unwrap().unwrap().len(), 10_000);
    }
    assert_eq!(socket.recv().unwrap(), Some("last".into()));
    assert!(
        matches!(socket.ping(), Err(Error::ConnectionLost)),
        "the peer closes before it answers"
    );
    assert_eq!(socket.recv().unwrap(), None);
    drop(socket);
    assert!(answering.join().unwrap().starts_with(&unmasked(0x8a, b"?")));
}

fn read_all(peer: &mut support::duplex::DuplexStream) -> Vec<u8> {
    let mut received_bytes = Vec::new();
    let _ = peer.read_to_end(&mut received_bytes);
    received_bytes
}

async fn byte_received_before_a_ping_is_not_its_pong(adapter: &impl Adapter) {
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    peer.write_all(&masked(0x81, b"1")).unwrap();
    socket.recv().await.unwrap().unwrap();
    let clock = adapter.clock();
    let (error, took) = timed(&clock, socket.ping()).await;
    assert!(matches!(error, Err(Error::TimedOut(TimedOut::KeepAlive))), "{error:?}");
    assert!(took < s(122), "{took:?}");
}

async fn into_parts_releases_the_output_buffer(adapter: &impl Adapter) {
    let (_peer, mut socket) = adapter.server(Timeouts::default());
    socket.feed("x").await.unwrap();
    let (_, mut connection) = socket.into_parts();
    while connection.wants_write() {
        bytes::Buf::advance(connection.output(), 1);
    }
    assert_eq!(connection.bytes_held(), 0);
}

async fn refused_message_allocates_no_output_buffer(adapter: &impl Adapter) {
    let (_peer, mut other) = adapter.server(Timeouts::default());
    other.send("x").await.unwrap();
    let (_peer, mut socket) = adapter.server(Timeouts::default());
    socket.start_close(CloseCode::NORMAL, "").await.unwrap();
    Sink::start_send(Pin::new(&mut socket), "late".into()).unwrap_err();
    assert_eq!(socket.into_parts().1.bytes_held(), 0);
}
