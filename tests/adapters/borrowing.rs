//! `recv_with`: messages borrowed from the read buffer, and replies from the callback. Every
//! message is delivered once and in order, in every adapter.
//!
//! The tests are async for all adapters: over a blocking stream their futures are ready at once.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::io::{Read, Write};
use std::net::Shutdown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bytes::BufMut;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sansocket::blocking::{self, Stream as _};
use sansocket::runtime::{self, Clock};
use sansocket::testing::TestStream;
use sansocket::{
    Backpressure, CloseCode, Config, Connection, Error, Event, Kind, Message, MessageRef, Overflow,
    ProtocolError, Replies, Role, SendError, State, Text, TimedOut, Timeouts,
};
use support::Chunking;
use support::adapters::{Adapter, in_every_adapter, s, timed};
use support::allocator::{LIVE, PEAK};
use support::peer::{read_events, text_event};
use support::stream_pair as pair;
use support::{connection, feed, masked, unmasked};

type Each = Result<(), Error>;

/// A socket that is not split, in any adapter.
trait Socket: Sized {
    async fn recv_with(
        &mut self,
        each: impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Each,
    ) -> Result<bool, Error>;
    async fn recv(&mut self) -> Result<Option<Message>, Error>;
    async fn recv_event(&mut self) -> Result<Option<Event>, Error>;
    async fn send(&mut self, message: Message) -> Result<(), Error>;
    async fn feed(&mut self, message: Message) -> Result<(), Error>;
    async fn flush(&mut self) -> Result<(), Error>;
    async fn ping(&mut self) -> Result<Duration, Error>;
    async fn start_close(&mut self) -> Result<(), Error>;
    fn set_backpressure(&mut self, backpressure: Backpressure);
    fn buffered_amount(&self) -> usize;
    fn dropped(&self) -> u64;
    fn state(&self) -> State;
    fn into_connection(self) -> Connection;
}

/// The methods, with or without `.await`.
macro_rules! socket {
    ([$($generics:tt)*] $type:ty $(, $wait:tt)?) => {
        impl<$($generics)*> Socket for $type {
            async fn recv_with(&mut self, each: impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Each) -> Result<bool, Error> {
                Self::recv_with(self, each)$(.$wait)?
            }

            async fn recv(&mut self) -> Result<Option<Message>, Error> {
                Self::recv(self)$(.$wait)?
            }

            async fn recv_event(&mut self) -> Result<Option<Event>, Error> {
                Self::recv_event(self)$(.$wait)?
            }

            async fn send(&mut self, message: Message) -> Result<(), Error> {
                Self::send(self, message)$(.$wait)?
            }

            async fn feed(&mut self, message: Message) -> Result<(), Error> {
                Self::feed(self, message)$(.$wait)?
            }

            async fn flush(&mut self) -> Result<(), Error> {
                Self::flush(self)$(.$wait)?
            }

            async fn ping(&mut self) -> Result<Duration, Error> {
                Self::ping(self)$(.$wait)?
            }

            async fn start_close(&mut self) -> Result<(), Error> {
                Self::start_close(self, CloseCode::GOING_AWAY, "")$(.$wait)?
            }

            fn set_backpressure(&mut self, backpressure: Backpressure) {
                Self::set_backpressure(self, backpressure);
            }

            fn buffered_amount(&self) -> usize {
                Self::buffered_amount(self)
            }

            fn dropped(&self) -> u64 {
                Self::dropped(self)
            }

            fn state(&self) -> State {
                Self::state(self)
            }

            fn into_connection(self) -> Connection {
                self.into_parts().1
            }
        }
    };
}

socket!([S: runtime::Stream, C: Clock] runtime::WebSocket<S, C>, await);
socket!([] blocking::WebSocket<TestStream>);

/// Opens sockets in one adapter.
trait Factory {
    fn open(&self, end: TestStream, connection: Connection, timeouts: Timeouts) -> impl Socket;

    /// The peer's end of a stream with this chunking, and a server's socket on the other end.
    fn server(&self, chunking: Chunking) -> (TestStream, impl Socket) {
        let (peer, end) = pair(chunking);
        (peer, self.open(end, Connection::server(Config::new()), Timeouts::default()))
    }
}

impl<A: Adapter> Factory for A {
    fn open(&self, end: TestStream, connection: Connection, timeouts: Timeouts) -> impl Socket {
        Adapter::open(self, end, connection, timeouts)
    }
}

/// The blocking adapter.
struct OnThreads;

impl Factory for OnThreads {
    fn open(&self, end: TestStream, connection: Connection, timeouts: Timeouts) -> impl Socket {
        blocking::WebSocket::from_parts(end, connection, timeouts).unwrap()
    }
}

in_every_adapter! {
    with OnThreads:
    recv_with_delivers_and_echoes_in_order_in_every_chunking
    replies_of_a_client_are_masked
    replies_to_one_read_are_written_together
    replies_and_pongs_are_written_at_once_in_order
    replies_accept_text_bytes_and_message_refs
    next_call_continues_after_an_error_of_the_callback
    panic_in_the_callback_loses_only_its_message
    protocol_error_follows_the_valid_messages_before_it
    recv_with_reports_connection_lost_on_every_later_call
    replies_above_the_high_water_mark_leave_messages_for_the_next_call
    overflow_policy_applies_to_replies_when_the_peer_does_not_read
    reply_after_our_close_frame_is_not_open
    refused_reply_allocates_no_output_buffer
    replies_to_one_message_below_the_hard_limit_are_all_sent
    recv_with_receives_from_a_stream_that_cannot_be_written
    receive_methods_can_be_mixed_in_any_order
    bytes_received_before_from_parts_are_delivered_first
    into_parts_keeps_undelivered_messages
    chunk_is_an_error_of_calls_for_messages_and_is_not_lost
}

/// Tests on manually advanced clocks.
mod clocked {
    use super::*;

    in_every_adapter! {
        recv_with_that_waits_for_room_resumes_when_the_peer_reads
        recv_with_times_out_when_the_peer_does_not_read
        messages_delivered_by_recv_with_reset_the_idle_timeout
        recv_with_ends_without_waiting_for_room
    }
}

const BYE: &[u8] = b"\x03\xe8";

/// Writes the bytes and shuts down the write half.
fn write_all_and_shut_down(peer: &mut TestStream, bytes: &[u8]) {
    peer.write_all(bytes).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
}

/// Echoes every message until the end of the connection; returns the messages.
async fn echo(socket: &mut impl Socket) -> Vec<Message> {
    let mut all = Vec::new();
    let each = |message: MessageRef<'_>, replies: &mut Replies<'_>| {
        all.push(Message::from(message.clone()));
        replies.send(message)
    };
    let mut each = each;
    while socket.recv_with(&mut each).await.unwrap() {}
    for _ in 0..3 {
        assert!(
            !socket.recv_with(|_, _| panic!("a message after the end")).await.unwrap(),
            "recv_with returns false after the end"
        );
    }
    all
}

/// The messages among events, the number of pongs, and whether the close was clean.
fn summarize(events: Vec<Event>) -> (Vec<Message>, usize, bool) {
    let pongs = events.iter().filter(|event| matches!(event, Event::Pong(_))).count();
    let clean = matches!(events.last(), Some(Event::Closed(closed)) if closed.was_clean());
    let messages = events.into_iter().filter_map(|event| {
        if let Event::Message(text_event) = event { Some(text_event) } else { None }
    });
    (messages.collect(), pongs, clean)
}

/// The bytes of messages of every kind with three pings among them, and the messages.
fn conversation(frame: fn(u8, &[u8]) -> Vec<u8>, large: usize) -> (Vec<u8>, Vec<Message>) {
    let text = "grüß".repeat(large / 6);
    let pieces = [vec![1; large], vec![2; large], vec![3; large]];
    let bytes = [
        frame(0x81, b"one"),
        frame(0x89, b"1"),
        frame(0x81, b""),
        frame(0x82, b""),
        frame(0x01, b"gr\xc3"),
        frame(0x89, b"2"),
        frame(0x00, b""),
        frame(0x80, b"\xbcn"),
        frame(0x8a, b"unasked"),
        frame(0x82, &[7; 200]),
        frame(0x81, text.as_bytes()),
        frame(0x02, &pieces[0]),
        frame(0x00, &pieces[1]),
        frame(0x89, b"3"),
        frame(0x80, &pieces[2]),
        frame(0x82, &vec![9; large]),
        frame(0x81, b"last"),
        frame(0x88, BYE),
    ];
    let messages = [
        "one".into(),
        "".into(),
        Message::from(vec![]),
        "grün".into(),
        vec![7; 200].into(),
        text.into(),
    ];
    (
        bytes.concat(),
        [&messages[..], &[pieces.concat().into(), vec![9; large].into(), "last".into()]].concat(),
    )
}

async fn recv_with_delivers_and_echoes_in_order_in_every_chunking(factory: &impl Factory) {
    let chunkings =
        [(Chunking::Whole, 300_000), (Chunking::Whole, 20_000), (Chunking::Bytewise, 3000)];
    let random = (1..6).map(|seed| (Chunking::Random(seed), 50_000));
    for (chunking, large) in chunkings.into_iter().chain(random) {
        let (bytes, expected) = conversation(masked, large);
        let (mut peer, mut socket) = factory.server(chunking);
        write_all_and_shut_down(&mut peer, &bytes);
        assert!(echo(&mut socket).await == expected, "{chunking:?}");
        assert!(summarize(read_events(&mut peer).1) == (expected, 3, true), "{chunking:?}");
    }
}

async fn replies_of_a_client_are_masked(factory: &impl Factory) {
    for (chunking, large) in
        [(Chunking::Whole, 300_000), (Chunking::Bytewise, 3000), (Chunking::Random(1), 50_000)]
    {
        let (bytes, expected) = conversation(unmasked, large);
        let (mut peer, end) = pair(chunking);
        let mut socket =
            factory.open(end, connection(Role::Client, Config::new()), Timeouts::default());
        write_all_and_shut_down(&mut peer, &bytes);
        assert!(echo(&mut socket).await == expected, "{chunking:?}");
        drop(socket);
        let mut received_bytes = Vec::new();
        peer.read_to_end(&mut received_bytes).unwrap();
        let events = feed(
            &mut connection(Role::Server, Config::new()),
            &received_bytes,
            support::Chunking::Whole,
        );
        assert!(summarize(events) == (expected, 3, true), "{chunking:?}");
    }
}

#[cfg(feature = "deflate")]
mod compressed {
    use sansocket::deflate::Deflate;
    use support::deflate::{compressing, json, noise};

    use super::*;

    in_every_adapter! {
    with OnThreads: recv_with_echoes_compressed_messages
    }

    async fn recv_with_echoes_compressed_messages(factory: &impl Factory) {
        for (chunking, large) in [
            (Chunking::Whole, 300_000),
            (Chunking::Bytewise, 10_000),
            (Chunking::Random(1), 100_000),
        ] {
            for deflate in [Deflate::speed(), Deflate::default(), Deflate::memory()] {
                let mut client = compressing(Role::Client, Config::new(), deflate.clone());
                let sent_messages: [Message; 6] = [
                    json(500).into(),
                    "".into(),
                    json(large).into(),
                    "tiny".into(),
                    noise(large).into(),
                    json(700).into(),
                ];
                for message in &sent_messages {
                    client.send(message.clone()).unwrap();
                    client.ping("?").unwrap();
                }
                client.close(CloseCode::NORMAL);
                let (mut peer, end) = pair(chunking);
                let server = compressing(Role::Server, Config::new(), deflate);
                let mut socket = factory.open(end, server, Timeouts::default());
                write_all_and_shut_down(&mut peer, &support::drain(&mut client));
                assert!(echo(&mut socket).await == sent_messages, "{chunking:?}");
                drop(socket);
                let mut received_bytes = Vec::new();
                peer.read_to_end(&mut received_bytes).unwrap();
                assert!(received_bytes.len() < 2 * large, "the replies are compressed");
                let (answers, pongs, clean) =
                    summarize(feed(&mut client, &received_bytes, support::Chunking::Whole));
                assert!(answers == sent_messages && clean, "{chunking:?}");
                assert!((1..=6).contains(&pongs), "{pongs}");
            }
        }
    }
}

/// Three messages and part of a fourth, and the rest of the fourth.
fn three_and_a_partial_message() -> (Vec<u8>, Vec<u8>) {
    let mut frames =
        ["one", "two", "three", "four"].map(|text| masked(0x81, text.as_bytes())).concat();
    let rest = frames.split_off(frames.len() - 1);
    (frames, rest)
}

async fn replies_to_one_read_are_written_together(factory: &impl Factory) {
    let (mut peer, mut socket) = factory.server(Chunking::Whole);
    let (frames, rest) = three_and_a_partial_message();
    peer.write_all(&frames).unwrap();
    let mut count = 0;
    let mut each = |message: MessageRef<'_>, replies: &mut Replies<'_>| {
        count += 1;
        replies.send(message)
    };
    assert!(socket.recv_with(&mut each).await.unwrap());
    assert_eq!(
        (socket.buffered_amount(), read_events(&mut peer).1),
        (5 + 5 + 7, vec![]),
        "replies are buffered like fed messages"
    );
    // recv_with flushes before it waits.
    peer.write_all(&rest).unwrap();
    assert!(socket.recv_with(&mut each).await.unwrap());
    assert_eq!(read_events(&mut peer).1, ["one", "two", "three"].map(text_event));
    socket.flush().await.unwrap();
    assert_eq!((read_events(&mut peer).1, count), (vec![text_event("four")], 4));
}

/// A pong causes a flush, since the peer measures the round trip.
async fn replies_and_pongs_are_written_at_once_in_order(factory: &impl Factory) {
    let (mut peer, mut socket) = factory.server(Chunking::Whole);
    for ping in 0..4 {
        let mut frames = ["a", "b", "c"].map(|text| masked(0x81, text.as_bytes())).to_vec();
        frames.insert(ping, masked(0x89, b"?"));
        peer.write_all(&frames.concat()).unwrap();
        assert!(socket.recv_with(|message, replies| replies.send(message)).await.unwrap());
        let mut expected = ["a", "b", "c"].map(text_event).to_vec();
        expected.insert(ping, Event::Pong("?".into()));
        assert_eq!((read_events(&mut peer).1, socket.buffered_amount()), (expected, 0));
    }
    // Also without replies.
    peer.write_all(&[masked(0x89, b"!"), masked(0x81, b"d")].concat()).unwrap();
    assert!(socket.recv_with(|_, _| Ok(())).await.unwrap());
    assert_eq!(read_events(&mut peer).1, [Event::Pong("!".into())]);
}

async fn replies_accept_text_bytes_and_message_refs(factory: &impl Factory) {
    let (mut peer, mut socket) = factory.server(Chunking::Whole);
    let large = vec![5; 100_000];
    write_all_and_shut_down(
        &mut peer,
        &[masked(0x81, b"text"), masked(0x82, b"binary"), masked(0x88, BYE)].concat(),
    );
    let mut each = |message: MessageRef<'_>, replies: &mut Replies<'_>| {
        assert_eq!(message.as_text().is_some(), message.kind() == Kind::Text);
        replies.send("text")?;
        replies.send(&b"bytes"[..])?;
        replies.send(Message::from(large.clone()))?;
        replies.send(&large[..])?;
        replies.send(message)
    };
    while socket.recv_with(&mut each).await.unwrap() {}
    let all: [Message; 4] =
        ["text".into(), b"bytes".to_vec().into(), large.clone().into(), large.clone().into()];
    let expected = [&all[..], &["text".into()], &all, &[b"binary".to_vec().into()]].concat();
    assert!(summarize(read_events(&mut peer).1) == (expected, 0, true));
}

async fn next_call_continues_after_an_error_of_the_callback(factory: &impl Factory) {
    let texts = ["0", "1", "2", "3"];
    let frames = [
        masked(0x81, b"0"),
        masked(0x89, b"?"),
        masked(0x01, b""),
        masked(0x80, b"1"),
        masked(0x81, b"2"),
        masked(0x81, b"3"),
    ];
    let bytes = [&frames.concat()[..], &masked(0x88, BYE)].concat();
    for chunking in [Chunking::Whole, Chunking::Bytewise, Chunking::Random(3)] {
        for failing in 0..4 {
            let (mut peer, mut socket) = factory.server(chunking);
            write_all_and_shut_down(&mut peer, &bytes);
            let (mut seen, mut errors) = (Vec::new(), 0);
            let mut each = |message: MessageRef<'_>, replies: &mut Replies<'_>| {
                seen.push(message.as_text().unwrap().to_owned());
                // Any error of the callback.
                if seen.len() == failing + 1 {
                    Err(Error::ConnectionLost)
                } else {
                    replies.send(message)
                }
            };
            loop {
                match socket.recv_with(&mut each).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(Error::ConnectionLost) => errors += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            assert_eq!(
                (&seen[..], errors),
                (&texts.map(str::to_owned)[..], 1),
                "{chunking:?}, {failing}"
            );
            let mut expected = texts.map(Message::from).to_vec();
            expected.remove(failing);
            assert_eq!(
                summarize(read_events(&mut peer).1),
                (expected, 1, true),
                "{chunking:?}, {failing}"
            );
        }
    }
}

async fn panic_in_the_callback_loses_only_its_message(factory: &impl Factory) {
    let (mut peer, mut socket) = factory.server(Chunking::Whole);
    write_all_and_shut_down(
        &mut peer,
        &[masked(0x81, b"a"), masked(0x81, b"b"), masked(0x81, b"c"), masked(0x88, BYE)].concat(),
    );
    let mut first = true;
    let mut each = |message: MessageRef<'_>, replies: &mut Replies<'_>| {
        assert!(message.as_text() != Some("b") || !std::mem::take(&mut first), "not this one");
        replies.send(message)
    };
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let panicked = catch_unwind(AssertUnwindSafe(|| smol::block_on(socket.recv_with(&mut each))));
    std::panic::set_hook(hook);
    assert!(panicked.is_err());
    while socket.recv_with(&mut each).await.unwrap() {}
    assert_eq!(summarize(read_events(&mut peer).1), (vec!["a".into(), "c".into()], 0, true));
}

async fn protocol_error_follows_the_valid_messages_before_it(factory: &impl Factory) {
    for chunking in [Chunking::Whole, Chunking::Bytewise, Chunking::Random(9)] {
        for (bad, error, code) in [
            (unmasked(0x81, b"x"), ProtocolError::Unmasked, 1002),
            (masked(0x81, b"\xff"), ProtocolError::InvalidUtf8, 1007),
            (
                [masked(0x01, b"h\xc3"), masked(0x80, b"h")].concat(),
                ProtocolError::InvalidUtf8,
                1007,
            ),
            (masked(0x80, b"x"), ProtocolError::UnexpectedContinuation, 1002),
        ] {
            for good in 0..3 {
                let (mut peer, mut socket) = factory.server(chunking);
                let bytes =
                    [masked(0x81, b"good").repeat(good), bad.clone(), masked(0x81, b"after")]
                        .concat();
                write_all_and_shut_down(&mut peer, &bytes);
                let mut count = 0;
                let mut each = |message: MessageRef<'_>, replies: &mut Replies<'_>| {
                    assert_eq!(message.as_text(), Some("good"));
                    count += 1;
                    replies.send(message)
                };
                let mut calls = 0;
                let end = loop {
                    match socket.recv_with(&mut each).await {
                        Ok(more) => assert!(more),
                        Err(end) => break end,
                    }
                    calls += 1;
                };
                assert!(matches!(end, Error::Protocol(actual) if actual == error), "{end:?}");
                assert_eq!(
                    (count, calls > 0),
                    (good, good > 0),
                    "the valid messages precede the error"
                );
                for _ in 0..3 {
                    let again = socket.recv_with(|_, _| panic!("a message after the end")).await;
                    assert!(
                        matches!(again, Err(Error::Protocol(actual)) if actual == error),
                        "{again:?}"
                    );
                    assert!(
                        matches!(socket.recv().await, Err(Error::Protocol(actual)) if actual == error)
                    );
                }
                let (replies, sent_code) = support::peer::read_to_close(&mut peer);
                assert_eq!((replies, sent_code), (vec![text_event("good"); good], code));
            }
        }
    }
}

async fn recv_with_reports_connection_lost_on_every_later_call(factory: &impl Factory) {
    for chunking in [Chunking::Whole, Chunking::Bytewise] {
        for rest in [
            &b""[..],
            &masked(0x81, b"half")[..7],
            &masked(0x01, b"half"),
            &masked(0x81, b"x")[..1],
        ] {
            let (mut peer, mut socket) = factory.server(chunking);
            write_all_and_shut_down(&mut peer, &[&masked(0x81, b"a").repeat(3), rest].concat());
            let (mut count, mut calls) = (0, 0);
            while let Ok(more) = socket
                .recv_with(|_, _| {
                    count += 1;
                    Ok(())
                })
                .await
            {
                assert!(more, "a lost connection is not a clean end");
                calls += 1;
            }
            assert!(count == 3 && calls > 0);
            for _ in 0..3 {
                assert!(matches!(
                    socket.recv_with(|_, _| panic!("a message after the end")).await,
                    Err(Error::ConnectionLost)
                ));
            }
        }
    }
}

async fn replies_above_the_high_water_mark_leave_messages_for_the_next_call(
    factory: &impl Factory,
) {
    let frames: Vec<u8> = (0..50).flat_map(|number| masked(0x82, &[number; 10])).collect();
    let bytes = [frames, masked(0x88, BYE)].concat();
    for overflow in [Overflow::Wait, Overflow::Fail, Overflow::DropNewest, Overflow::Close] {
        for high_water_mark in [1, 12, 13, 60] {
            for chunking in [Chunking::Whole, Chunking::Random(5)] {
                let (mut peer, mut socket) = factory.server(chunking);
                socket.set_backpressure(Backpressure {
                    high_water_mark,
                    overflow,
                    ..Backpressure::default()
                });
                write_all_and_shut_down(&mut peer, &bytes);
                let mut next = 0;
                loop {
                    let before = next;
                    let more = socket.recv_with(|message, replies| {
                        assert_eq!(message.as_bytes(), [next; 10]);
                        next += 1;
                        replies.send(message)
                    });
                    if !more.await.unwrap() {
                        break;
                    }
                    assert!(
                        usize::from(next - before) <= high_water_mark.div_ceil(12),
                        "{} at once",
                        next - before
                    );
                    assert!(next > before && socket.buffered_amount() < high_water_mark + 12 + 4);
                    // recv returns the next message, too.
                    if next % 7 == 6 {
                        assert_eq!(socket.recv().await.unwrap(), Some(vec![next; 10].into()));
                        socket.feed(vec![next; 10].into()).await.unwrap();
                        next += 1;
                    }
                }
                let expected: Vec<Message> =
                    (0..50).map(|number| vec![number; 10].into()).collect();
                assert_eq!(
                    summarize(read_events(&mut peer).1),
                    (expected, 0, true),
                    "{overflow:?} {high_water_mark} {chunking:?}"
                );
            }
        }
    }
}

const SIZE: usize = 30_000;

/// The frames of `count` messages of `SIZE` bytes, each filled with its number.
fn numbered_messages(count: u8) -> Vec<u8> {
    (0..count).flat_map(|number| masked(0x82, &[number; SIZE])).collect()
}

/// The first byte of each message.
fn first_bytes(messages: &[Message]) -> Vec<u8> {
    assert!(messages.iter().all(|message| message.len() == SIZE), "whole");
    messages.iter().map(|message| message.as_bytes()[0]).collect()
}

async fn overflow_policy_applies_to_replies_when_the_peer_does_not_read(factory: &impl Factory) {
    for overflow in [Overflow::Fail, Overflow::DropNewest, Overflow::Close] {
        let (mut peer, mut socket) = factory.server(Chunking::Whole);
        socket.set_backpressure(Backpressure {
            high_water_mark: 40_000,
            hard_limit: 100_000,
            overflow,
            cork: false,
        });
        peer.write_all(&numbered_messages(20)).unwrap();
        peer.wire().set_capacity(1000);
        let (mut seen, mut taken, mut refused) = (0, Vec::new(), Vec::new());
        while seen < 20 {
            let more = socket.recv_with(|message, replies| {
                assert_eq!(message.as_bytes()[..], [seen; SIZE]);
                match replies.send(message) {
                    Ok(()) => taken.push(seen),
                    Err(error) => refused.push(error),
                }
                seen += 1;
                Ok(())
            });
            assert!(more.await.unwrap());
            assert!(
                socket.buffered_amount() < 100_000 + SIZE + 10 + 4,
                "{overflow:?}: {}",
                socket.buffered_amount()
            );
        }
        let state = if overflow == Overflow::Close { State::Closing } else { State::Open };
        assert_eq!(socket.state(), state);
        if overflow == Overflow::DropNewest {
            // A dropped reply is counted and not reported.
            assert_eq!((taken.len(), refused.len(), socket.dropped()), (20, 0, 16));
            taken.truncate(4);
        } else {
            let later = |error: &Error| match overflow {
                Overflow::Fail => matches!(error, Error::Full),
                _ => matches!(error, Error::Send(SendError::NotOpen)),
            };
            assert!(
                matches!(refused[0], Error::Full) && refused[1..].iter().all(later),
                "{overflow:?}: {refused:?}"
            );
            assert_eq!((taken.len(), refused.len(), socket.dropped()), (4, 16, 0));
        }
        peer.wire().set_capacity(usize::MAX);
        write_all_and_shut_down(&mut peer, &masked(0x88, BYE));
        assert!(!socket.recv_with(|_, _| panic!("all was seen")).await.unwrap());
        let (_, mut events) = read_events(&mut peer);
        let Some(Event::Closed(closed)) = events.pop() else { panic!("{events:?}") };
        assert_eq!(closed.code(), if overflow == Overflow::Close { 1008 } else { 1000 });
        assert_eq!(first_bytes(&summarize(events).0), taken, "{overflow:?}");
    }
}

/// The peer cannot read between the replies to one message.
async fn replies_to_one_message_below_the_hard_limit_are_all_sent(factory: &impl Factory) {
    for overflow in [Overflow::Wait, Overflow::Fail, Overflow::DropNewest, Overflow::Close] {
        let (mut peer, mut socket) = factory.server(Chunking::Whole);
        socket.set_backpressure(Backpressure {
            high_water_mark: 100,
            hard_limit: 200,
            overflow,
            ..Backpressure::default()
        });
        for _ in 0..3 {
            peer.write_all(&masked(0x81, b"go")).unwrap();
            assert!(
                socket
                    .recv_with(|_, replies| (0..40).try_for_each(|_| replies.send("x")))
                    .await
                    .unwrap()
            );
        }
        write_all_and_shut_down(&mut peer, &masked(0x88, BYE));
        assert!(!socket.recv_with(|_, _| panic!("all was seen")).await.unwrap());
        assert_eq!(summarize(read_events(&mut peer).1).0.len(), 120, "{overflow:?}");
    }
}

/// A reply fails with `ConnectionLost`; without replies every message is received.
async fn recv_with_receives_from_a_stream_that_cannot_be_written(factory: &impl Factory) {
    for overflow in [Overflow::Wait, Overflow::Fail, Overflow::DropNewest, Overflow::Close] {
        let (mut peer, mut socket) = factory.server(Chunking::Whole);
        socket.set_backpressure(Backpressure {
            high_water_mark: 1,
            overflow,
            ..Backpressure::default()
        });
        write_all_and_shut_down(&mut peer, &numbered_messages(20));
        drop(peer);
        let (mut seen, mut lost) = (0, 0);
        let end = loop {
            let more = socket.recv_with(|message, replies| {
                assert_eq!(message.as_bytes()[..], [seen; SIZE]);
                seen += 1;
                lost += u8::from(matches!(replies.send(message), Err(Error::ConnectionLost)));
                Ok(())
            });
            match more.await {
                Ok(true) => {}
                end => break end,
            }
        };
        assert!(matches!(end, Err(Error::ConnectionLost)), "{end:?}");
        assert!(seen == 20 && lost >= 18, "{overflow:?}: {seen} seen, {lost} not answered");
    }
}

async fn recv_with_that_waits_for_room_resumes_when_the_peer_reads(adapter: &impl Adapter) {
    const COUNT: u8 = 100;
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    socket.set_backpressure(Backpressure { high_water_mark: 40_000, ..Backpressure::default() });
    peer.wire().set_capacity(usize::MAX);
    peer.write_all(&numbered_messages(COUNT)).unwrap();
    peer.write_all(&masked(0x88, BYE)).unwrap();
    peer.wire().set_capacity(1000);
    let before = LIVE.get();
    PEAK.set(before);
    let mut seen = 0;
    {
        let mut pending = std::pin::pin!(async {
            while socket
                .recv_with(|message, replies| {
                    seen += 1;
                    replies.send(message)
                })
                .await
                .unwrap()
            {}
        });
        for _ in 0..3 {
            let poll = pending
                .as_mut()
                .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
            assert!(poll.is_pending());
        }
        let peak = PEAK.get() - before;
        assert!(peak < 40_000 + 2 * SIZE as isize + 400_000, "{peak}");
    }
    assert_eq!(seen, 2);
    // The pending future was dropped: no message is lost.
    let reading = support::adapters::read(&mut peer, usize::MAX);
    let echoing = async {
        let mut next = seen;
        while socket
            .recv_with(|message, replies| {
                assert_eq!(message.as_bytes()[..], [next; SIZE]);
                next += 1;
                replies.send(message)
            })
            .await
            .unwrap()
        {
            assert!(socket.buffered_amount() < 40_000 + SIZE + 10);
        }
        drop(socket);
        next
    };
    let (received_bytes, count) = tokio::join!(reading, echoing);
    assert_eq!(count, COUNT);
    let events = feed(
        &mut connection(Role::Client, Config::new()),
        &received_bytes,
        support::Chunking::Whole,
    );
    let (answers, _, clean) = summarize(events);
    assert_eq!((first_bytes(&answers), clean), ((0..COUNT).collect(), true));
}

async fn recv_with_times_out_when_the_peer_does_not_read(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let timeouts = Timeouts { ping: None, write: Some(s(30)), ..Timeouts::default() };
    let (mut peer, mut socket) = adapter.server(timeouts);
    socket.set_backpressure(Backpressure { high_water_mark: 40_000, ..Backpressure::default() });
    peer.write_all(&numbered_messages(20)).unwrap();
    peer.wire().set_capacity(1000);
    let mut seen = 0;
    let mut each = |message: MessageRef<'_>, replies: &mut Replies<'_>| {
        assert_eq!(message.as_bytes()[..], [seen; SIZE]);
        seen += 1;
        replies.send(message)
    };
    let (end, after) = timed(&clock, async {
        loop {
            if let Err(error) = socket.recv_with(&mut each).await {
                break error;
            }
        }
    })
    .await;
    assert!(matches!(end, Error::TimedOut(TimedOut::Room)), "{end:?}");
    assert_eq!(after, s(30));
    // A second call has a new write deadline.
    let (end, after) = timed(&clock, socket.recv_with(&mut each)).await;
    assert!(matches!(end, Err(Error::TimedOut(TimedOut::Room))), "{end:?}");
    assert_eq!((after, socket.state()), (s(30), State::Open));
    // Messages of the peer can still be received.
    assert_eq!(first_bytes(&[socket.recv().await.unwrap().unwrap()]), [2]);
    peer.wire().set_capacity(usize::MAX);
    peer.write_all(&masked(0x88, BYE)).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    while socket
        .recv_with(|message, _| {
            rest.push(message.as_bytes()[0]);
            Ok(())
        })
        .await
        .unwrap()
    {}
    assert_eq!(rest, (3..20).collect::<Vec<u8>>());
    assert_eq!(first_bytes(&summarize(read_events(&mut peer).1).0), [0, 1]);
}

async fn refused_reply_allocates_no_output_buffer(factory: &impl Factory) {
    let (mut peer, mut other) = factory.server(Chunking::Whole);
    peer.write_all(&masked(0x81, b"x")).unwrap();
    assert!(other.recv_with(|message, replies| replies.send(message)).await.unwrap());
    // Now the thread has a spare output buffer.
    other.flush().await.unwrap();
    let (mut peer, mut socket) = factory.server(Chunking::Whole);
    peer.write_all(&masked(0x81, b"x")).unwrap();
    socket.start_close().await.unwrap();
    assert!(socket.recv_with(|message, replies| replies.send(message)).await.is_err());
    // The buffer is still spare: feed allocates nothing.
    let before = LIVE.get();
    other.feed(Text::from_static("y").into()).await.unwrap();
    assert_eq!(LIVE.get(), before);
}

async fn reply_after_our_close_frame_is_not_open(factory: &impl Factory) {
    let (mut peer, mut socket) = factory.server(Chunking::Whole);
    write_all_and_shut_down(
        &mut peer,
        &[masked(0x81, b"x").repeat(3), masked(0x89, b"?"), masked(0x88, BYE)].concat(),
    );
    socket.start_close().await.unwrap();
    let mut errors = 0;
    loop {
        match socket.recv_with(|message, replies| replies.send(message)).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                assert!(matches!(error, Error::Send(SendError::NotOpen)), "{error:?}");
                errors += 1;
            }
        }
    }
    assert_eq!((errors, support::peer::read_to_close(&mut peer)), (3, (vec![], 1001)));
}

/// In random order, with callbacks that fail, and with sends in between.
async fn receive_methods_can_be_mixed_in_any_order(factory: &impl Factory) {
    const COUNT: u32 = 100;
    for seed in 0..40 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut any = |below: u32| random.next_u32() % below;
        let chunking =
            [Chunking::Whole, Chunking::Bytewise, Chunking::Random(seed)][any(3) as usize];
        let (mut peer, mut socket) = factory.server(chunking);
        let text = |number: u32| format!("{number} {}", "x".repeat(number as usize % 40));
        let mut bytes = Vec::new();
        for number in 0..COUNT {
            let text = text(number);
            match any(4) {
                0 => bytes.extend(
                    [masked(0x01, &text.as_bytes()[..1]), masked(0x80, &text.as_bytes()[1..])]
                        .concat(),
                ),
                1 => bytes.extend([masked(0x89, b"?"), masked(0x81, text.as_bytes())].concat()),
                _ => bytes.extend(masked(0x81, text.as_bytes())),
            }
            if number == 10 {
                bytes.extend(masked(0x8a, &1_u64.to_be_bytes()));
            }
        }
        write_all_and_shut_down(&mut peer, &[bytes, masked(0x88, BYE)].concat());
        let (mut seen, mut sent) = (Vec::<String>::new(), Vec::<Message>::new());
        let string = |message: Message| message.as_text().unwrap().to_owned();
        // The pong follows ten messages, which ping buffers.
        socket.ping().await.unwrap();
        loop {
            let backpressure = Backpressure {
                cork: any(2) == 0,
                high_water_mark: 1 << any(10),
                ..Backpressure::default()
            };
            match any(7) {
                0 => match socket.recv().await.unwrap() {
                    Some(text_event) => seen.push(string(text_event)),
                    None => break,
                },
                1 => match socket.recv_event().await.unwrap() {
                    Some(Event::Message(text_event)) => seen.push(string(text_event)),
                    Some(_) => {}
                    None => break,
                },
                2 => socket.set_backpressure(backpressure),
                3 if socket.state() == State::Open => {
                    sent.push("sent".into());
                    socket.send("sent".into()).await.unwrap();
                }
                4 if socket.state() == State::Open => {
                    sent.push("fed".into());
                    socket.feed("fed".into()).await.unwrap();
                }
                _ => {
                    let failing = any(4);
                    let more = socket.recv_with(|message, replies| {
                        seen.push(message.as_text().unwrap().to_owned());
                        if failing == 0 && seen.len() % 3 == 0 {
                            return Err(Error::UnreadMessages);
                        }
                        sent.push(message.clone().into());
                        replies.send(message)
                    });
                    match more.await {
                        Ok(true) => {}
                        Ok(false) => break,
                        Err(error) => assert!(matches!(error, Error::UnreadMessages), "{error}"),
                    }
                }
            }
        }
        assert!(
            seen.iter().eq(&(0..COUNT).map(text).collect::<Vec<_>>()),
            "{seed}, {chunking:?}: {seen:?}"
        );
        let (received_bytes, _, clean) = summarize(read_events(&mut peer).1);
        assert!(received_bytes == sent && clean, "{seed}, {chunking:?}");
    }
}

async fn bytes_received_before_from_parts_are_delivered_first(factory: &impl Factory) {
    let (mut peer, end) = pair(Chunking::Whole);
    let mut connection = connection(Role::Server, Config::new());
    let (frames, rest) = three_and_a_partial_message();
    connection.input().put_slice(&frames);
    let mut socket = factory.open(end, connection, Timeouts::default());
    write_all_and_shut_down(&mut peer, &[rest, masked(0x81, b"five"), masked(0x88, BYE)].concat());
    assert_eq!(echo(&mut socket).await, ["one", "two", "three", "four", "five"].map(Message::from));
}

async fn into_parts_keeps_undelivered_messages(factory: &impl Factory) {
    let (mut peer, mut socket) = factory.server(Chunking::Whole);
    socket.set_backpressure(Backpressure { high_water_mark: 1, ..Backpressure::default() });
    peer.write_all(&three_and_a_partial_message().0).unwrap();
    assert!(socket.recv_with(|message, replies| replies.send(message)).await.unwrap());
    let mut connection = socket.into_connection();
    assert_eq!(support::drain(&mut connection), unmasked(0x81, b"one"));
    assert_eq!(
        feed(&mut connection, &three_and_a_partial_message().1, support::Chunking::Whole),
        ["two", "three", "four"].map(text_event)
    );
}

/// Calls for messages lose no chunk: `recv_event` returns all of them, in order.
async fn chunk_is_an_error_of_calls_for_messages_and_is_not_lost(factory: &impl Factory) {
    let (mut peer, end) = pair(Chunking::Whole);
    let config = Config::new().receive_in_chunks(true);
    let mut socket = factory.open(end, Connection::server(config), Timeouts::default());
    let frames = [masked(0x81, b"one"), masked(0x89, b"?"), masked(0x82, b"two")].concat();
    write_all_and_shut_down(&mut peer, &[frames, masked(0x88, BYE)].concat());
    for expected in ["one", "two"] {
        for _ in 0..2 {
            let received = socket.recv_with(|_, _| panic!("it is no message")).await;
            assert!(matches!(received, Err(Error::Chunk)), "{received:?}");
            let received = socket.recv().await;
            assert!(matches!(received, Err(Error::Chunk)), "{received:?}");
        }
        let Some(Event::Chunk(chunk)) = socket.recv_event().await.unwrap() else {
            panic!("not the chunk")
        };
        assert_eq!(chunk.bytes, expected.as_bytes());
    }
    assert_eq!(socket.recv().await.unwrap(), None);
    let (messages, pongs, clean) = summarize(read_events(&mut peer).1);
    assert!(messages.is_empty() && pongs == 1 && clean, "{pongs}");
}

async fn messages_delivered_by_recv_with_reset_the_idle_timeout(adapter: &impl Adapter) {
    let timeouts = Timeouts { idle: Some(s(10)), ..Timeouts::default() };
    let clock = adapter.clock();
    for failing in [false, true] {
        let (mut peer, mut socket) = adapter.server(timeouts);
        let begun = clock.now();
        for number in 1..6 {
            support::adapters::until(&mut adapter.clock(), begun + s(6 * number)).await;
            peer.write_all(&masked(0x81, b"still here")).unwrap();
            let more = socket
                .recv_with(|_, _| if failing { Err(Error::UnreadMessages) } else { Ok(()) })
                .await;
            assert!(
                if failing {
                    matches!(more, Err(Error::UnreadMessages))
                } else {
                    matches!(more, Ok(true))
                },
                "{more:?}"
            );
        }
        // A ping does not reset the timeout.
        let (end, after) = timed(&clock, async {
            peer.write_all(&masked(0x89, b"?")).unwrap();
            socket.recv_with(|_, _| panic!("there is none")).await
        })
        .await;
        assert!(matches!(end, Err(Error::TimedOut(TimedOut::Idle))), "{end:?}");
        assert!(after <= s(10) && after >= s(9), "{after:?}");
    }
}

/// After a Close there is no peer to reply to: `recv_with` ends at the close timeout, as `recv`
/// does, even if bytes are queued. A flush ends at the deadline of our Close frame: without a write
/// timeout that is the close timeout.
async fn recv_with_ends_without_waiting_for_room(adapter: &impl Adapter) {
    let clock = adapter.clock();
    for (write, deadline) in [(None, s(5)), (Some(s(60)), s(60))] {
        let in_time = |after| after >= deadline && after <= deadline + s(1);
        let close = s(5);
        let timeouts = Timeouts { write, ping: None, ..Timeouts::default() };
        // The peer does not read our reply to its Close.
        let (mut peer, mut socket) = adapter.server(timeouts);
        socket.set_backpressure(Backpressure { high_water_mark: 10, ..Backpressure::default() });
        peer.wire().set_capacity(1000);
        peer.write_all(&[masked(0x81, b"hello"), masked(0x88, BYE)].concat()).unwrap();
        peer.wire().set_capacity(0);
        assert!(socket.recv_with(|message, replies| replies.send(message)).await.unwrap());
        assert_eq!(socket.buffered_amount(), 7 + 4);
        let (end, after) =
            timed(&clock, socket.recv_with(|_, _| panic!("a message after the end"))).await;
        assert!(matches!(end, Ok(false)), "{end:?}");
        assert_eq!(after, close);

        // The peer does not read our Close, but its messages are received.
        let (mut peer, mut socket) = adapter.server(timeouts);
        socket.set_backpressure(Backpressure { high_water_mark: 10, ..Backpressure::default() });
        peer.write_all(
            &[masked(0x81, b"hello"), masked(0x81, b"again"), masked(0x88, BYE)].concat(),
        )
        .unwrap();
        peer.wire().set_capacity(0);
        socket.feed("fed").await.unwrap();
        let (late, after) = timed(&clock, socket.start_close(CloseCode::NORMAL, "")).await;
        assert!(matches!(late, Err(Error::TimedOut(TimedOut::Close))), "{late:?}");
        assert!(in_time(after), "{after:?}");
        let mut seen = 0;
        while socket
            .recv_with(|_, _| {
                seen += 1;
                Ok(())
            })
            .await
            .unwrap()
        {}
        assert_eq!(seen, 2);
    }
}

#[test]
fn blocking_recv_with_times_out_when_the_peer_does_not_read() {
    let soon = Some(Duration::from_millis(20));
    let timeouts = Timeouts { write: soon, close: soon, ..Timeouts::default() };
    let (mut peer, end) = pair(Chunking::Whole);
    let mut socket =
        blocking::WebSocket::from_parts(end, Connection::server(Config::new()), timeouts).unwrap();
    socket.set_backpressure(Backpressure { high_water_mark: 40_000, ..Backpressure::default() });
    peer.write_all(&numbered_messages(5)).unwrap();
    peer.wire().set_capacity(1000);
    let mut seen = Vec::new();
    let mut each = |message: MessageRef<'_>, replies: &mut Replies<'_>| {
        seen.push(Message::from(message.clone()));
        replies.send(message)
    };
    let end = loop {
        if let Err(error) = socket.recv_with(&mut each) {
            break error;
        }
    };
    assert!(matches!(end, Error::TimedOut(TimedOut::Room)), "{end:?}");
    assert!(matches!(socket.recv_with(&mut each), Err(Error::TimedOut(TimedOut::Room))));
    assert!(socket.buffered_amount() < 2 * SIZE + 20);
    peer.wire().set_capacity(usize::MAX);
    write_all_and_shut_down(&mut peer, &masked(0x88, BYE));
    while socket.recv_with(&mut each).unwrap() {}
    assert_eq!(first_bytes(&seen), [0, 1, 2, 3, 4]);
    assert_eq!(first_bytes(&summarize(read_events(&mut peer).1).0), [0, 1, 2, 3, 4]);
}

#[test]
fn blocking_recv_with_ends_without_waiting_for_room() {
    let timeouts =
        Timeouts { write: None, close: Some(Duration::from_millis(20)), ..Timeouts::default() };
    let (mut peer, end) = pair(Chunking::Whole);
    let mut socket =
        blocking::WebSocket::from_parts(end, Connection::server(Config::new()), timeouts).unwrap();
    socket.set_backpressure(Backpressure { high_water_mark: 10, ..Backpressure::default() });
    peer.write_all(&[masked(0x81, b"hello"), masked(0x88, BYE)].concat()).unwrap();
    peer.wire().set_capacity(0);
    assert!(socket.recv_with(|message, replies| replies.send(message)).unwrap());
    assert_eq!(socket.buffered_amount(), 7 + 4);
    for _ in 0..3 {
        assert!(!socket.recv_with(|_, _| panic!("a message after the end")).unwrap());
    }
}

/// The kernel copies faster to that alignment.
#[test]
fn read_buffer_begins_in_the_middle_of_a_page() {
    let (mut peer, end) = pair(Chunking::Whole);
    let server = Connection::server(Config::new());
    let mut socket = blocking::WebSocket::from_parts(end, server, Timeouts::default()).unwrap();
    peer.write_all(&masked(0x82, b"x")).unwrap();
    let mut factory = 0;
    socket
        .recv_with(|message, _| {
            factory = message.as_bytes().as_ptr().addr();
            Ok(())
        })
        .unwrap();
    assert_eq!(factory % 4096, 2048 + 6);
}
