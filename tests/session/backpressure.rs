//! A peer that does not read: the buffered amount is bounded for every overflow policy, in every
//! adapter, for sockets and halves, and other connections are not delayed.
//!
//! The tests are async for all adapters: over a blocking stream their futures are ready at once.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::future::poll_fn;
use std::io::Read;
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use futures_sink::Sink;
use sansocket::blocking;
use sansocket::runtime::{Clock, Receiver, Sender, Stream, WebSocket};
use sansocket::testing::{TestStream, Wire};
use sansocket::{
    Backpressure, Config, Connection, Error, Event, Message, Overflow, SendError, State, Stats,
    TimedOut, Timeouts, TrySendError,
};
use support::adapters::{Adapter, in_every_adapter, s};
use support::allocator::{LIVE, PEAK};
use support::duplex::{DuplexStream, duplex};
use support::{Chunking, entropy, feed, masked};

in_every_adapter! {
    buffered_amount_is_bounded_for_a_peer_that_does_not_read
    sink_applies_the_overflow_policy_without_waiting
    try_send_returns_the_message_when_full
    broadcast_does_not_wait_for_a_peer_that_does_not_read
    writer_and_reserve_wait_for_room_under_every_policy
}

const SIZE: usize = 30_000;
const POLICIES: [Overflow; 4] =
    [Overflow::Wait, Overflow::Fail, Overflow::DropNewest, Overflow::Close];

fn bound(overflow: Overflow) -> Backpressure {
    Backpressure { high_water_mark: 40_000, hard_limit: 100_000, overflow, cork: false }
}

/// The bounds of a broadcast of small messages.
fn small_bound(overflow: Overflow) -> Backpressure {
    Backpressure { high_water_mark: 2000, hard_limit: 10_000, overflow, cork: false }
}

/// A socket, or its two halves, in any adapter.
trait SendHandle {
    async fn send(&mut self, message: Message) -> Result<(), Error>;
    async fn flush(&mut self) -> Result<(), Error>;
    /// Polls `recv` once, or with a zero timeout: no message is received.
    async fn poll_recv_once(&mut self);
    async fn recv(&mut self) -> Result<Option<Message>, Error>;
    fn try_send(&mut self, message: Message) -> Result<(), TrySendError>;
    fn buffered_amount(&self) -> usize;
    fn dropped(&self) -> u64;
    fn state(&self) -> State;
    fn stats(&self) -> Stats;
}

/// Implements the methods with or without `.await`, given the fields that send and receive.
macro_rules! impl_send_handle {
    ([$($generics:tt)*] $type:ty, $sender:tt, $receiver:tt, $poll:expr $(, $wait:tt)?) => {
        impl<$($generics)*> SendHandle for $type {
            async fn send(&mut self, message: Message) -> Result<(), Error> {
                self.$sender.send(message)$(.$wait)?
            }

            async fn flush(&mut self) -> Result<(), Error> {
                self.$sender.flush()$(.$wait)?
            }

            async fn poll_recv_once(&mut self) {
                $poll(&mut self.$receiver)$(.$wait)?
            }

            async fn recv(&mut self) -> Result<Option<Message>, Error> {
                self.$receiver.recv()$(.$wait)?
            }

            fn try_send(&mut self, message: Message) -> Result<(), TrySendError> {
                self.$sender.try_send(message)
            }

            fn buffered_amount(&self) -> usize {
                self.$sender.buffered_amount()
            }

            fn dropped(&self) -> u64 {
                self.$sender.dropped()
            }

            fn state(&self) -> State {
                self.$sender.state()
            }

            fn stats(&self) -> Stats {
                assert_eq!(self.$receiver.stats().sent, self.$sender.stats().sent);
                self.$sender.stats()
            }
        }
    };
}

/// A pending `recv`, or one that reports the write timeout.
fn assert_no_message(received: Poll<Result<Option<Message>, Error>>) {
    assert!(
        matches!(received, Poll::Pending | Poll::Ready(Err(Error::TimedOut(TimedOut::Write)))),
        "{received:?}"
    );
}

struct Whole<T>(T);

impl_send_handle!([S: Stream, C: Clock] Whole<WebSocket<S, C>>, 0, 0,
    async |socket: &mut WebSocket<S, C>| {
    assert_no_message(poll_fn(|cx| Poll::Ready(pin!(socket.recv()).poll(cx))).await);
}, await);
impl_send_handle!([S: Stream, C: Clock] (Sender<S, C>, Receiver<S, C>), 0, 1,
    async |receiver: &mut Receiver<S, C>| {
    assert_no_message(poll_fn(|cx| Poll::Ready(pin!(receiver.recv()).poll(cx))).await);
}, await);
impl_send_handle!([] Whole<blocking::WebSocket<DuplexStream>>, 0, 0,
    |socket: &mut blocking::WebSocket<DuplexStream>| {
    socket.recv_timeout(Duration::ZERO).unwrap_err();
});
type BlockingReceiver = blocking::Receiver<DuplexStream, DuplexStream>;

impl_send_handle!([] (blocking::Sender<DuplexStream>, BlockingReceiver), 0, 1,
    |receiver: &mut BlockingReceiver| {
    receiver.recv_timeout(Duration::ZERO).unwrap_err();
});

/// Decodes what a server wrote: messages, number of pongs, close code.
fn decode_as_client(wire: &[u8]) -> (Vec<Message>, usize, Option<u16>) {
    let mut client = Connection::client(Config::new(), entropy());
    let events = feed(&mut client, wire, Chunking::Whole);
    let pongs = events.iter().filter(|event| matches!(event, Event::Pong(_))).count();
    let code = client.closed().and_then(|closed| closed.received().map(|frame| frame.code().get()));
    assert!(client.closed().is_none_or(sansocket::Closed::was_clean), "{:?}", client.closed());
    let messages = events
        .into_iter()
        .filter_map(|event| if let Event::Message(message) = event { Some(message) } else { None });
    (messages.collect(), pongs, code)
}

async fn buffered_amount_is_bounded_for_a_peer_that_does_not_read(adapter: &impl Adapter) {
    for overflow in POLICIES {
        let timeouts = Timeouts { ping: None, ..Timeouts::default() };
        let (peer, mut socket) = adapter.server(timeouts);
        socket.set_backpressure(bound(overflow));
        send_20_messages_to_a_stalled_peer(Whole(socket), &peer.wire(), peer, overflow).await;
        let (peer, mut socket) = adapter.server(timeouts);
        socket.set_backpressure(bound(overflow));
        send_20_messages_to_a_stalled_peer(socket.split(), &peer.wire(), peer, overflow).await;
    }
}

/// A blocking connection over a pipe whose capacity the returned wire sets.
fn blocking_server(overflow: Overflow) -> (blocking::WebSocket<DuplexStream>, Wire, DuplexStream) {
    let (stream, peer) = duplex();
    let timeouts = Timeouts { write: Some(Duration::from_millis(20)), ..Timeouts::default() };
    let mut socket =
        blocking::WebSocket::from_parts(stream, Connection::server(Config::new()), timeouts)
            .unwrap();
    socket.set_backpressure(bound(overflow));
    (socket, peer.wires()[0].clone(), peer)
}

#[test]
fn blocking_buffered_amount_is_bounded_for_a_peer_that_does_not_read() {
    for overflow in POLICIES {
        let (socket, wire, peer) = blocking_server(overflow);
        smol::block_on(send_20_messages_to_a_stalled_peer(Whole(socket), &wire, peer, overflow));
        let (socket, wire, peer) = blocking_server(overflow);
        smol::block_on(send_20_messages_to_a_stalled_peer(
            socket.split().unwrap(),
            &wire,
            peer,
            overflow,
        ));
    }
}

/// Sends 20 messages while the peer does not read, then lets the peer read and closes.
async fn send_20_messages_to_a_stalled_peer(
    mut out: impl SendHandle,
    wire: &Wire,
    mut peer: impl blocking::Stream,
    overflow: Overflow,
) {
    out.poll_recv_once().await;
    peer.write_all(&masked(0x89, b"?")).unwrap();
    wire.set_capacity(1000);
    let limit = SIZE + if overflow == Overflow::Wait { 40_000 } else { 100_000 };
    let before = LIVE.get();
    PEAK.set(before);
    let mut accepted = Vec::new();
    let mut refused = 0;
    for number in 0..20 {
        let (had, dropped) = (out.buffered_amount(), out.dropped());
        let sent = out.send(Message::from(vec![number; SIZE])).await;
        assert!(out.buffered_amount() < limit + 10, "{overflow:?}: {}", out.buffered_amount());
        if out.buffered_amount() > had + 1000 {
            accepted.push(Message::from(vec![number; 1]));
            let timed_out = matches!(sent, Err(Error::TimedOut(TimedOut::Write)));
            assert!(
                if overflow == Overflow::Wait { timed_out } else { sent.is_ok() },
                "{overflow:?}: {sent:?}"
            );
            continue;
        }
        refused += 1;
        let as_chosen = match overflow {
            Overflow::Wait => matches!(sent, Err(Error::TimedOut(TimedOut::Room))),
            Overflow::Fail => matches!(sent, Err(Error::Full)),
            Overflow::DropNewest => sent.is_ok() && out.dropped() == dropped + 1,
            Overflow::Close if refused == 1 => matches!(sent, Err(Error::Full)),
            Overflow::Close => matches!(sent, Err(Error::Send(SendError::NotOpen))),
        };
        assert!(as_chosen, "{overflow:?}: {sent:?}");
        assert!(out.buffered_amount() <= had + 4, "a refused message queues at most a close frame");
    }
    let peak = PEAK.get() - before;
    assert!(peak < (limit + SIZE + 16_000) as isize, "{overflow:?}: {peak} bytes are held");
    assert!(refused >= 10, "{refused}");
    let stats = out.stats();
    let counted = match overflow {
        Overflow::Wait => (0, 0),
        Overflow::Fail => (0, refused),
        Overflow::DropNewest => (refused, 0),
        // The others find the connection closing.
        Overflow::Close => (0, 1),
    };
    assert_eq!((stats.dropped, stats.refused), counted, "{overflow:?}");
    assert_eq!(stats.queued_messages, accepted.len() as u64, "the stream took a part of the first");
    assert_eq!(stats.queued_bytes, out.buffered_amount() as u64);
    assert_eq!(stats.sent.messages, accepted.len() as u64);

    if overflow == Overflow::Close {
        assert_eq!(out.state(), State::Closing);
    } else {
        assert_eq!(out.state(), State::Open);
        out.poll_recv_once().await;
    }
    wire.set_capacity(usize::MAX);
    out.flush().await.unwrap();
    assert_eq!(out.buffered_amount(), 0);
    assert_eq!(out.stats().queued_messages, 0);
    if overflow != Overflow::Close {
        out.send(Message::from(vec![99; SIZE])).await.unwrap();
        accepted.push(Message::from(vec![99; 1]));
    }
    peer.write_all(&masked(0x88, b"\x03\xe8")).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(out.recv().await.unwrap(), None);
    drop(out);
    let mut wire_bytes = Vec::new();
    let _ = peer.read_to_end(&mut wire_bytes);
    let (messages, pongs, code) = decode_as_client(&wire_bytes);
    let firsts: Vec<_> =
        messages.iter().map(|message| Message::from(message.as_bytes()[..1].to_vec())).collect();
    assert_eq!(firsts, accepted, "{overflow:?}: accepted messages arrive in order");
    assert!(messages.iter().all(|message| message.len() == SIZE), "whole");
    let close = overflow == Overflow::Close;
    assert_eq!(
        (pongs, code),
        (usize::from(!close), Some(if close { 1008 } else { 1000 })),
        "{overflow:?}"
    );
}

/// `poll_ready` and `start_send` do not wait, except under `Overflow::Wait`.
async fn sink_applies_the_overflow_policy_without_waiting(adapter: &impl Adapter) {
    for overflow in [Overflow::Fail, Overflow::DropNewest, Overflow::Close] {
        let (peer, mut socket) = adapter.server(Timeouts::default());
        socket.set_backpressure(bound(overflow));
        let clock = adapter.clock();
        start_send_ten_messages(&mut socket, &peer, &clock, overflow, |socket| {
            (socket.buffered_amount(), socket.dropped())
        })
        .await;
        let (peer, mut socket) = adapter.server(Timeouts::default());
        socket.set_backpressure(bound(overflow));
        let (mut sender, _receiver) = socket.split();
        start_send_ten_messages(&mut sender, &peer, &clock, overflow, |sender| {
            (sender.buffered_amount(), sender.dropped())
        })
        .await;
    }
}

async fn start_send_ten_messages<T: Sink<Message, Error = Error> + Unpin>(
    sink: &mut T,
    peer: &TestStream,
    clock: &impl Clock,
    overflow: Overflow,
    tell: impl Fn(&T) -> (usize, u64),
) {
    let begun = clock.now();
    peer.wire().set_capacity(1000);
    let mut results = Vec::new();
    for number in 0..10 {
        let given = match poll_fn(|cx| Pin::new(&mut *sink).poll_ready(cx)).await {
            Ok(()) => Pin::new(&mut *sink).start_send(vec![number; SIZE].into()),
            refused => refused,
        };
        results.push(given);
        assert!(tell(sink).0 < 100_000 + SIZE + 10, "{overflow:?}: {}", tell(sink).0);
    }
    let refused = results.split_off(4);
    assert!(results.iter().all(Result::is_ok), "{overflow:?}: {results:?}");
    for (number, refused) in refused.into_iter().enumerate() {
        let as_chosen = match overflow {
            Overflow::DropNewest => refused.is_ok(),
            Overflow::Close if number > 0 => {
                matches!(refused, Err(Error::Send(SendError::NotOpen)))
            }
            _ => matches!(refused, Err(Error::Full)),
        };
        assert!(as_chosen, "{overflow:?}: {refused:?}");
    }
    assert_eq!(tell(sink).1, if overflow == Overflow::DropNewest { 6 } else { 0 });
    peer.wire().set_capacity(usize::MAX);
    poll_fn(|cx| Pin::new(&mut *sink).poll_flush(cx)).await.unwrap();
    if overflow != Overflow::Close {
        poll_fn(|cx| Pin::new(&mut *sink).poll_ready(cx)).await.unwrap();
        Pin::new(&mut *sink).start_send("there is room".into()).unwrap();
    }
    assert_eq!(clock.now(), begun, "{overflow:?}: a call waited");
}

async fn try_send_returns_the_message_when_full(adapter: &impl Adapter) {
    for overflow in [Overflow::Wait, Overflow::Fail] {
        let (mut peer, mut socket) = adapter.server(Timeouts::default());
        socket.set_backpressure(bound(overflow));
        try_send_until_full(Whole(socket), &peer.wire(), &mut peer).await;
        let (mut peer, mut socket) = adapter.server(Timeouts::default());
        socket.set_backpressure(bound(overflow));
        try_send_until_full(socket.split(), &peer.wire(), &mut peer).await;
    }
}

#[test]
fn blocking_try_send_returns_the_message_when_full() {
    for overflow in [Overflow::Wait, Overflow::Fail] {
        let (socket, wire, mut peer) = blocking_server(overflow);
        smol::block_on(try_send_until_full(Whole(socket), &wire, &mut peer));
        let (socket, wire, mut peer) = blocking_server(overflow);
        smol::block_on(try_send_until_full(socket.split().unwrap(), &wire, &mut peer));
    }
}

async fn try_send_until_full(
    mut out: impl SendHandle,
    wire: &Wire,
    peer: &mut impl blocking::Stream,
) {
    wire.set_capacity(1000);
    let message = Message::from(vec![7; SIZE]);
    let mut count = 0;
    while out.try_send(message.clone()).is_ok() {
        count += 1;
        assert!(out.buffered_amount() < 100_000 + SIZE + 10);
    }
    assert_eq!((count, out.dropped(), out.state()), (4, 0, State::Open));
    let refused = out.try_send(message.clone()).unwrap_err();
    assert_eq!(refused, TrySendError::Full(message.clone().into()));
    assert_eq!(refused.into_message(), message.clone().into());
    wire.set_capacity(usize::MAX);
    out.flush().await.unwrap();
    out.try_send("there is room".into()).unwrap();
    assert_eq!(out.buffered_amount(), 0, "try_send writes at once");
    peer.write_all(&masked(0x88, b"")).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(out.recv().await.unwrap(), None);
    assert_eq!(
        out.try_send(message.clone()).unwrap_err(),
        TrySendError::Send(message.into(), SendError::NotOpen)
    );
}

/// One of a hundred peers does not read; the others receive every message at once.
async fn broadcast_does_not_wait_for_a_peer_that_does_not_read(adapter: &impl Adapter) {
    for overflow in [Overflow::Fail, Overflow::DropNewest, Overflow::Close] {
        let clock = adapter.clock();
        let begun = clock.now();
        let (mut peers, sockets): (Vec<_>, Vec<_>) = (0..100)
            .map(|number| {
                let (peer, mut socket) = adapter.server(Timeouts::default());
                socket.set_backpressure(small_bound(overflow));
                if number == 50 {
                    peer.wire().set_capacity(0);
                }
                (peer, Whole(socket))
            })
            .unzip();
        broadcast(sockets, overflow).await;
        assert_eq!(clock.now(), begun, "{overflow:?}: a call waited");
        assert_99_peers_received_all(&mut peers);
    }
}

#[test]
fn blocking_broadcast_does_not_wait_for_a_peer_that_does_not_read() {
    for overflow in [Overflow::Fail, Overflow::DropNewest, Overflow::Close] {
        let (mut peers, sockets): (Vec<_>, Vec<_>) = (0..100)
            .map(|number| {
                let (mut socket, wire, peer) = blocking_server(overflow);
                socket.set_backpressure(small_bound(overflow));
                if number == 50 {
                    wire.set_capacity(0);
                }
                (peer, socket.split().unwrap())
            })
            .unzip();
        smol::block_on(broadcast(sockets, overflow));
        assert_99_peers_received_all(&mut peers);
    }
}

async fn broadcast(mut sockets: Vec<impl SendHandle>, overflow: Overflow) {
    for number in 0..100 {
        for (socket, index) in sockets.iter_mut().zip(0..) {
            let sent = socket.send(vec![number; 1000].into()).await;
            assert!(sent.is_ok() || index == 50, "{overflow:?}: {index}: {sent:?}");
            assert!(socket.buffered_amount() < 10_000 + 1010);
        }
    }
    assert_eq!(sockets[50].dropped(), if overflow == Overflow::DropNewest { 90 } else { 0 });
    assert!(sockets.iter().zip(0..).all(
        |(socket, index)| index == 50 || socket.buffered_amount() == 0 && socket.dropped() == 0
    ));
}

fn assert_99_peers_received_all(peers: &mut [impl Read]) {
    for (peer, index) in peers.iter_mut().zip(0..) {
        let mut wire_bytes = Vec::new();
        let _ = peer.read_to_end(&mut wire_bytes);
        let messages = if index == 50 { 0 } else { 100 };
        assert_eq!(decode_as_client(&wire_bytes).0.len(), messages, "{index}");
    }
}

/// The hard limit holds for `feed` as for `send`; `feed` writes to make room.
#[test]
fn blocking_feed_is_bounded_by_the_hard_limit() {
    let bound = Backpressure { high_water_mark: usize::MAX, ..bound(Overflow::DropNewest) };
    let message = || vec![7; SIZE];
    for split in [false, true] {
        let (mut socket, wire, peer) = blocking_server(Overflow::DropNewest);
        socket.set_backpressure(bound);
        wire.set_capacity(0);
        if split {
            let (sender, _receiver) = socket.split().unwrap();
            (0..10).for_each(|_| sender.feed(message()).unwrap());
            assert_eq!((sender.buffered_amount(), sender.dropped()), (4 * (SIZE + 4), 6));
        } else {
            (0..10).for_each(|_| socket.feed(message()).unwrap());
            assert_eq!((socket.buffered_amount(), socket.dropped()), (4 * (SIZE + 4), 6));
        }
        drop(peer);

        let (mut socket, _wire, _peer) = blocking_server(Overflow::DropNewest);
        socket.set_backpressure(Backpressure { hard_limit: usize::MAX, ..bound });
        if split {
            let (sender, _receiver) = socket.split().unwrap();
            (0..4).for_each(|_| sender.feed(message()).unwrap());
            sender.set_backpressure(bound);
            sender.feed(message()).unwrap();
            assert_eq!((sender.buffered_amount(), sender.dropped()), (SIZE + 4, 0));
        } else {
            (0..4).for_each(|_| socket.feed(message()).unwrap());
            socket.set_backpressure(bound);
            socket.feed(message()).unwrap();
            assert_eq!((socket.buffered_amount(), socket.dropped()), (SIZE + 4, 0));
        }
    }
}

/// Chunks of a message can't be dropped, and `reserve` always waits.
async fn writer_and_reserve_wait_for_room_under_every_policy(adapter: &impl Adapter) {
    for overflow in POLICIES {
        let clock = adapter.clock();
        let (peer, mut socket): (TestStream, _) =
            adapter.server(Timeouts { ping: None, ..Timeouts::default() });
        socket.set_backpressure(bound(overflow));
        peer.wire().set_capacity(1000);
        let (mut sender, _receiver) = socket.split();
        while sender.buffered_amount() < 40_000 {
            sender.try_send(vec![0; SIZE]).unwrap();
        }
        let begun = clock.now();
        let reserved = sender.reserve().await.map(drop);
        assert!(
            matches!(reserved, Err(Error::TimedOut(TimedOut::Room))),
            "{overflow:?}: {reserved:?}"
        );
        let mut writer = sender.writer(sansocket::Kind::Binary).await.unwrap();
        let written = writer.write_chunk(vec![0; 10]).await;
        assert!(
            matches!(written, Err(Error::TimedOut(TimedOut::Write))),
            "{overflow:?}: {written:?}"
        );
        drop(writer);
        assert!(
            clock.now() - begun >= s(60) && sender.state() == State::Open,
            "{overflow:?}: no chunk was sent"
        );
    }
}
