//! Timeouts of the async adapters, on manually advanced clocks.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream as _;
use futures_sink::Sink;
use sansocket::futures;
use sansocket::runtime::{Clock, WebSocket};
use sansocket::testing::ManualClock;
use sansocket::{
    CloseCode, Config, Connection, Error, HandshakeError, HeadError, Message, ProtocolError,
    ResponseError, Role, State, TimedOut, Timeouts,
};
use support::adapters::{Adapter, during, in_every_adapter, s, timed, until};
use support::stream_pair as pair;
use support::streams::{Script, Scripted};
use support::{Chunking, connection, masked, unmasked};

use super::openings::REQUEST;

in_every_adapter! {
    opening_handshake_times_out_after_ten_seconds
    slow_request_bytes_do_not_extend_the_handshake_timeout
    unexpected_status_with_an_unfinished_body_is_reported_a_second_after_its_head
    server_of_another_protocol_fails_without_a_timeout
    client_of_another_protocol_is_answered_without_a_timeout
    closing_handshake_times_out_after_five_seconds
    recv_ends_at_the_close_frames_and_until_closed_at_the_close_deadline
    flood_of_frames_does_not_extend_the_close_deadline
    ping_flood_is_at_most_100_reads_in_one_poll
    stream_ends_after_a_timeout_that_ends_the_connection
    message_before_the_pong_is_ready_at_the_first_poll
    our_pings_do_not_extend_the_keep_alive_timeout
    bytes_of_an_unfinished_message_reset_the_keep_alive
    peer_that_answers_pings_is_kept_for_an_hour
    pings_do_not_reset_the_idle_timeout
    send_times_out_when_the_peer_does_not_read
    slow_reads_of_the_peer_reset_the_write_timeout
    message_stream_ends_after_the_close_or_the_error
    poll_close_of_the_sink_is_a_closing_handshake
    timeouts_of_duration_max_do_not_overflow
}

async fn opening_handshake_times_out_after_ten_seconds(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, end) = pair(Chunking::Whole);
    peer.write_all(&REQUEST.as_bytes()[..50]).unwrap();
    let (accepted, after) = timed(&clock, adapter.accept(end)).await;
    assert!(matches!(accepted, Err(Error::TimedOut(TimedOut::Handshake))));
    assert_eq!((after, peer.read(&mut [0]).unwrap()), (s(10), 0), "the stream is dropped");

    let (_peer, end) = pair(Chunking::Whole);
    let (connected, after) = timed(&clock, adapter.connect_with_stream(end)).await;
    assert!(matches!(connected, Err(Error::TimedOut(TimedOut::Handshake))));
    assert_eq!(after, s(10));
}

async fn slow_request_bytes_do_not_extend_the_handshake_timeout(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (mut peer, end) = pair(Chunking::Whole);
    let begun = clock.now();
    let trickle = async {
        for (byte, second) in REQUEST.as_bytes().chunks(1).zip(1..) {
            until(&mut other, begun + s(second)).await;
            if peer.write_all(byte).is_err() {
                break;
            }
        }
    };
    let (accepted, after) = during(trickle, timed(&clock, adapter.accept(end))).await;
    assert!(matches!(accepted, Err(Error::TimedOut(TimedOut::Handshake))));
    assert_eq!(after, s(10));
}

/// The status of the response is worth more than the timeout of its body.
async fn unexpected_status_with_an_unfinished_body_is_reported_a_second_after_its_head(
    adapter: &impl Adapter,
) {
    let clock = adapter.clock();
    let (mut peer, end) = pair(Chunking::Whole);
    peer.write_all(b"HTTP/1.1 503 Busy\r\n\r\ncome back la").unwrap();
    let (connected, after) = timed(&clock, adapter.connect_with_stream(end)).await;
    let Err(Error::Handshake(HandshakeError::Response(ResponseError::UnexpectedStatus(response)))) =
        connected
    else {
        panic!("not the unexpected status")
    };
    assert_eq!((response.status(), &response.body()[..], after), (503, &b"come back la"[..], s(1)));
}

/// A server of another protocol waits for an answer in it, and does not close the stream.
async fn server_of_another_protocol_fails_without_a_timeout(adapter: &impl Adapter) {
    for (bytes, expected) in [
        (&b"SSH-2.0-OpenSSH_10.0\r\n"[..], HeadError::NotHttp),
        (b"\x15\x03\x01\x00\x02\x02\x46", HeadError::Tls),
        (b"HTTP/2", HeadError::HttpVersion),
    ] {
        let (mut peer, end) = pair(Chunking::Whole);
        peer.write_all(bytes).unwrap();
        let (connected, after) = timed(&adapter.clock(), adapter.connect_with_stream(end)).await;
        let Err(Error::Handshake(HandshakeError::Response(ResponseError::Head(error)))) = connected
        else {
            panic!("no error of the head")
        };
        assert_eq!((error, after), (expected, s(0)));
    }
}

async fn client_of_another_protocol_is_answered_without_a_timeout(adapter: &impl Adapter) {
    for bytes in [&b"SSH-2.0-OpenSSH_10.0\r\n"[..], b"\x16\x03\x01\x02\x00\x01", b"\x00"] {
        let (mut peer, end) = pair(Chunking::Whole);
        peer.write_all(bytes).unwrap();
        let clock = adapter.clock();
        let answers = async {
            let (answer, after) = timed(&clock, support::adapters::read(&mut peer, 12)).await;
            assert_eq!((&answer[..], after), (&b"HTTP/1.1 400"[..], s(0)));
            drop(peer);
        };
        let (accepted, after) = during(answers, timed(&clock, adapter.accept(end))).await;
        let error = accepted.map(drop).unwrap_err();
        assert!(matches!(error, Error::Handshake(HandshakeError::Request(_))), "{error}");
        assert_eq!(after, s(0));
    }
}

async fn closing_handshake_times_out_after_five_seconds(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    let (closed, after) = timed(&clock, socket.close(CloseCode::NORMAL, "")).await;
    assert!(matches!(closed, Err(Error::TimedOut(TimedOut::Close))));
    assert_eq!(
        (after, socket.state(), socket.closed().unwrap().code()),
        (s(5), State::Closed, 1006)
    );
    drop(socket);
    let mut written = Vec::new();
    peer.read_to_end(&mut written).unwrap();
    assert_eq!(written, unmasked(0x88, b"\x03\xe8"));
}

/// The peer keeps its stream open after its Close.
async fn recv_ends_at_the_close_frames_and_until_closed_at_the_close_deadline(
    adapter: &impl Adapter,
) {
    let clock = adapter.clock();
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    peer.write_all(&masked(0x88, b"\x03\xe8")).unwrap();
    let (received, after) = timed(&clock, socket.recv()).await;
    assert_eq!((received.unwrap(), after), (None, s(0)));
    let (closed, after) = timed(&clock, socket.until_closed()).await;
    assert_eq!((closed.unwrap().was_clean(), after), (true, s(5)));
}

/// A stream that is always readable. A read may advance the clock by a millisecond.
struct Flood<C> {
    frame: Vec<u8>,
    clock: C,
    advance_clock: fn(&C),
    reads: usize,
}

impl<C: Unpin> Script for Flood<C> {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.reads += 1;
        assert!(self.reads < 20_000, "the adapter never stops reading");
        (self.advance_clock)(&self.clock);
        let frames = buffer.len().min(1000) / self.frame.len();
        buffer[..frames * self.frame.len()].copy_from_slice(&self.frame.repeat(frames));
        Poll::Ready(Ok(frames * self.frame.len()))
    }
}

/// The deadline expires even if the stream is always readable; `close` and `recv` report it.
async fn flood_of_frames_does_not_extend_the_close_deadline(_: &impl Adapter) {
    for message in [true, false] {
        for closes in [true, false] {
            let clock = ManualClock::new();
            let frame = if message { masked(0x81, b"more") } else { masked(0x89, b"?") };
            let flood = Scripted(Flood {
                frame,
                clock: clock.clone(),
                advance_clock: |clock| clock.advance(Duration::from_millis(1)),
                reads: 0,
            });
            let connection = Connection::server(Config::new());
            let mut socket =
                WebSocket::from_parts(flood, clock.clone(), connection, Timeouts::default());
            let error = if closes {
                socket.close(CloseCode::NORMAL, "").await.unwrap_err()
            } else {
                socket.start_close(CloseCode::NORMAL, "").await.unwrap();
                loop {
                    if let Err(error) = socket.recv().await {
                        break error;
                    }
                }
            };
            assert!(matches!(error, Error::TimedOut(TimedOut::Close)), "{error}");
            assert!(clock.now() < s(6), "{:?}", clock.now());
        }
    }
}

async fn ping_flood_is_at_most_100_reads_in_one_poll(adapter: &impl Adapter) {
    let flood =
        Scripted(Flood { frame: masked(0x89, b"?"), clock: (), advance_clock: |()| {}, reads: 0 });
    let mut socket = adapter.clocked(flood, Connection::server(Config::new()));
    let poll = poll_fn(|cx| Poll::Ready(pin!(socket.recv()).poll(cx).is_pending())).await;
    assert!(
        poll && socket.stream().0.reads <= 100,
        "{} reads in one poll",
        socket.stream().0.reads
    );
}

/// The peer sees the end of the stream, although the connection is kept.
async fn stream_ends_after_a_timeout_that_ends_the_connection(adapter: &impl Adapter) {
    for split in [false, true] {
        let (mut peer, mut socket) = adapter.server(Timeouts::default());
        let received = if split {
            let (sender, mut receiver) = socket.split();
            let received = receiver.recv().await;
            std::mem::forget((sender, receiver));
            received
        } else {
            let received = socket.recv().await;
            std::mem::forget(socket);
            received
        };
        assert!(matches!(received, Err(Error::TimedOut(TimedOut::KeepAlive))), "{received:?}");
        let mut written = Vec::new();
        peer.read_to_end(&mut written).unwrap();
        assert_eq!(written, unmasked(0x89, &1_u64.to_be_bytes()), "one ping");
    }
}

/// No further bytes of the peer are needed.
async fn message_before_the_pong_is_ready_at_the_first_poll(adapter: &impl Adapter) {
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    for borrowed in [false, true] {
        let pong = (1 + u64::from(borrowed)).to_be_bytes();
        peer.write_all(&[masked(0x81, b"here"), masked(0x8a, &pong)].concat()).unwrap();
        socket.ping().await.unwrap();
        let mut count = 0;
        let received = poll_fn(|cx| {
            Poll::Ready(if borrowed {
                let each = |_: sansocket::MessageRef<'_>, _: &mut sansocket::Replies<'_>| {
                    count += 1;
                    Ok(())
                };
                pin!(socket.recv_with(each)).poll(cx).is_ready()
            } else {
                pin!(socket.recv()).poll(cx).is_ready()
            })
        });
        assert!(received.await && count == usize::from(borrowed), "borrowed: {borrowed}");
    }
}

async fn our_pings_do_not_extend_the_keep_alive_timeout(adapter: &impl Adapter) {
    let mut clock = adapter.clock();
    let (peer, mut socket) = adapter.server(Timeouts::default());
    peer.wire().blackhole();
    let begun = clock.now();
    for second in (10..=140).step_by(10) {
        // recv is polled between two pings.
        let error = {
            let mut receiving = pin!(socket.recv());
            let mut tick = pin!(until(&mut clock, begun + s(second)));
            poll_fn(|cx| match receiving.as_mut().poll(cx) {
                Poll::Ready(received) => Poll::Ready(Some(received.unwrap_err())),
                Poll::Pending => tick.as_mut().poll(cx).map(|()| None),
            })
            .await
        };
        if let Some(error) = error {
            assert!(matches!(error, Error::TimedOut(TimedOut::KeepAlive)), "{error}");
            return;
        }
        socket.start_ping().await.unwrap();
    }
    panic!("a peer that was silent for 140 s is not reported");
}

/// An unfinished message, one byte at a time for ten minutes, with gaps longer than the time to the
/// first ping.
async fn bytes_of_an_unfinished_message_reset_the_keep_alive(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    let frame = masked(0x81, b"slow but sure");
    let begun = clock.now();
    let busy = async {
        for (byte, number) in frame.chunks(1).zip(1..) {
            until(&mut other, begun + s(35 * number)).await;
            peer.write_all(byte).unwrap();
        }
    };
    let received = during(busy, socket.recv()).await;
    assert_eq!(received.unwrap(), Some("slow but sure".into()));
    assert!(clock.now() - begun > s(600));
}

async fn peer_that_answers_pings_is_kept_for_an_hour(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (peer, mut socket) = adapter.server(Timeouts::default());
    let mut client = adapter.open(
        peer,
        connection(Role::Client, Config::new()),
        Timeouts { ping: None, ..Timeouts::default() },
    );
    let begun = clock.now();
    let living = async {
        let hour = async { until(&mut other, begun + s(3600)).await };
        let mut hour = pin!(hour);
        poll_fn(|cx| {
            assert!(pin!(client.recv()).poll(cx).is_pending());
            hour.as_mut().poll(cx)
        })
        .await;
        client.send("done").await.unwrap();
    };
    assert_eq!(during(living, socket.recv()).await.unwrap(), Some("done".into()));
    assert!(socket.round_trip().unwrap() < s(1));
}

async fn pings_do_not_reset_the_idle_timeout(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (mut peer, mut socket) =
        adapter.server(Timeouts { idle: Some(s(60)), ..Timeouts::default() });
    let begun = clock.now();
    let pings = async {
        for number in 1..100 {
            until(&mut other, begun + s(5 * number)).await;
            peer.write_all(&masked(0x89, b"?")).unwrap();
            if number == 26 {
                peer.write_all(&masked(0x81, b"a")).unwrap();
            }
        }
    };
    let outcome = async {
        for after in [60, 60] {
            let (received, time) = timed(&clock, socket.recv()).await;
            assert!(matches!(received, Err(Error::TimedOut(TimedOut::Idle))), "{received:?}");
            assert_eq!(time, s(after));
        }
        assert_eq!(socket.recv().await.unwrap(), Some("a".into()));
        let (received, time) = timed(&clock, socket.recv()).await;
        assert!(matches!(received, Err(Error::TimedOut(TimedOut::Idle))));
        assert_eq!((time, socket.state()), (s(60), State::Open));
    };
    during(pings, outcome).await;
}

async fn send_times_out_when_the_peer_does_not_read(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    let wire = peer.wire();
    wire.set_capacity(1000);
    let large = Message::from(vec![7; 300_000]);
    let (sent, after) = timed(&clock, socket.send(large.clone())).await;
    assert!(matches!(sent, Err(Error::TimedOut(TimedOut::Write))), "{sent:?}");
    assert_eq!((after, socket.state()), (s(120), State::Open));
    let waiting = socket.buffered_amount();
    let (sent, after) = timed(&clock, socket.send("not sent")).await;
    assert!(matches!(sent, Err(Error::TimedOut(TimedOut::Room))));
    assert_eq!((after, socket.buffered_amount()), (s(120), waiting), "the message was not queued");
    wire.set_capacity(usize::MAX);
    socket.send("sent").await.unwrap();
    assert_eq!(socket.buffered_amount(), 0);
    drop(socket);
    let mut written = Vec::new();
    peer.read_to_end(&mut written).unwrap();
    assert!(
        written == [unmasked(0x82, large.as_bytes()), unmasked(0x81, b"sent")].concat(),
        "every byte is written once"
    );
}

async fn slow_reads_of_the_peer_reset_the_write_timeout(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    peer.wire().set_capacity(100);
    let begun = clock.now();
    let reader = async {
        for number in 1..100 {
            until(&mut other, begun + s(100 * number)).await;
            let _ = peer.read(&mut [0; 100]).unwrap();
        }
    };
    let (sent, after) = during(reader, timed(&clock, socket.send(vec![7; 1000]))).await;
    sent.unwrap();
    assert!(after >= s(900), "{after:?}");
}

async fn message_stream_ends_after_the_close_or_the_error(adapter: &impl Adapter) {
    for clean in [true, false] {
        let (mut peer, mut socket) = adapter.server(Timeouts::default());
        peer.write_all(&masked(0x81, b"a")).unwrap();
        if clean {
            peer.write_all(&masked(0x88, b"")).unwrap();
        }
        drop(peer);
        let mut next = async || poll_fn(|cx| Pin::new(&mut socket).poll_next(cx)).await;
        assert_eq!(next().await.unwrap().unwrap(), "a".into());
        if !clean {
            assert!(matches!(next().await, Some(Err(Error::ConnectionLost))));
        }
        for _ in 0..2 {
            assert!(next().await.is_none());
        }
    }
}

async fn poll_close_of_the_sink_is_a_closing_handshake(adapter: &impl Adapter) {
    let (peer, mut socket) = adapter.server(Timeouts::default());
    let mut client =
        adapter.open(peer, connection(Role::Client, Config::new()), Timeouts::default());
    let other = async {
        assert_eq!(client.recv().await.unwrap(), Some("a".into()));
        assert_eq!(client.recv().await.unwrap(), Some("b".into()));
        assert_eq!(client.recv().await.unwrap(), None);
        drop(client);
        std::future::pending().await
    };
    let outcome = async {
        for message in ["a", "b"] {
            poll_fn(|cx| Pin::new(&mut socket).poll_ready(cx)).await.unwrap();
            Pin::new(&mut socket).start_send(message.into()).unwrap();
        }
        poll_fn(|cx| Sink::poll_flush(Pin::new(&mut socket), cx)).await.unwrap();
        for _ in 0..2 {
            poll_fn(|cx| Sink::poll_close(Pin::new(&mut socket), cx)).await.unwrap();
        }
        assert!(
            poll_fn(|cx| Pin::new(&mut socket).poll_next(cx)).await.is_none(),
            "the stream ends with the peer's Close"
        );
        let closed = socket.closed().unwrap();
        assert_eq!((closed.code(), closed.was_clean()), (1000, true));
        assert!(Pin::new(&mut socket).start_send("late".into()).is_err());
    };
    during(other, outcome).await;
}

/// A deadline that no clock reaches never expires and does not overflow.
async fn timeouts_of_duration_max_do_not_overflow(adapter: &impl Adapter) {
    let long = Some(Duration::MAX);
    let timeouts = Timeouts {
        handshake: long,
        close: long,
        write: long,
        ping: long,
        pong: long,
        idle: long,
        message: long,
    };
    let (mut peer, mut socket) = adapter.server(timeouts);
    let poll = poll_fn(|cx| Poll::Ready(pin!(socket.recv()).poll(cx).is_pending())).await;
    assert!(poll);
    peer.write_all(&masked(0x88, b"")).unwrap();
    drop(peer);
    assert_eq!(socket.recv().await.unwrap(), None);
}

/// `Options::accept` applies the options as `receive_request` does.
#[test]
fn options_accept_applies_the_config() {
    const REQUEST: &[u8] =
        b"GET / HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let config = || Config::new().max_message_size(4);
    let opened = || {
        let (mut peer, stream) = pair(Chunking::Whole);
        peer.write_all(&[REQUEST, &masked(0x81, b"large")].concat()).unwrap();
        (peer, stream)
    };
    let is_too_big =
        |error: Error| matches!(error, Error::Protocol(ProtocolError::MessageTooBig { limit: 4 }));

    let (peer, stream) = opened();
    let options = sansocket::tokio::Options::new().config(config());
    ::tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(
        async {
            let mut socket = options.accept(stream).await.unwrap();
            drop(peer);
            assert!(is_too_big(socket.recv().await.unwrap_err()));
        },
    );

    let (peer, stream) = opened();
    let options = futures::Options::new().config(config());
    smol::block_on(async {
        let mut socket = options.accept(stream, ManualClock::new()).await.unwrap();
        drop(peer);
        assert!(is_too_big(socket.recv().await.unwrap_err()));
    });
}
