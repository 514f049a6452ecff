//! Cancel safety, in both async adapters: futures are dropped at every await point, and no message
//! is lost, sent twice or truncated.
//!
//! The stream reads and writes one byte at a time and is never ready twice in a row, so there is an
//! await point inside every header, masking key, payload and vectored write. Futures are polled by
//! hand: no test here depends on time.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::fs;
use std::future::poll_fn;
use std::io::{Read, Write};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::BufMut;
use futures_core::Stream as _;
use sansocket::runtime::{self, Clock, Incoming, WebSocket};
use sansocket::{
    Backpressure, ClientHandshake, CloseCode, Config, Connection, Error, Event, HeadError,
    HttpResponse, Message, MessageRef, Replies, RequestError, Role, ServerHandshake, Timeouts,
};
use support::Chunking;
use support::adapters::{Adapter, Socket, in_every_adapter, poll_once, request};
use support::one_byte::{Dropping, Handle, OneByteStream};
use support::stream_pair as pair;
use support::streams::Scripted;
use support::wakes::WakeCounter;
use support::{connection, entropy, masked, unmasked};

// The adapters.

type Opening<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

fn open<A: Adapter>(handle: &Handle, connection: Connection) -> Socket<A, OneByteStream> {
    A::default().open(Scripted(handle.clone()), connection, Timeouts::default())
}

fn connecting<A: Adapter>(stream: OneByteStream) -> Opening<Socket<A, OneByteStream>> {
    Box::pin(async { A::default().connect_with_stream(stream).await })
}

fn accepting<A: Adapter>(stream: OneByteStream) -> Opening<Socket<A, OneByteStream>> {
    Box::pin(async { A::default().accept(stream).await })
}

/// A connection on some stream.
trait PollSocket {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Message>;
    fn poll_send(&mut self, cx: &mut Context<'_>, message: &Message) -> Poll<()>;
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

impl<S: runtime::Stream, C: Clock> PollSocket for WebSocket<S, C> {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Message> {
        pin!(self.recv()).poll(cx).map(|received| received.unwrap().unwrap())
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, message: &Message) -> Poll<()> {
        pin!(self.send(message.clone())).poll(cx).map(Result::unwrap)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        pin!(self.flush()).poll(cx).map(Result::unwrap)
    }
}

in_every_adapter! {
    polled:
    dropped_recv_loses_no_message
    dropped_recv_of_a_66_kb_message_loses_no_byte
    dropped_recv_event_loses_no_event
    dropped_recv_with_delivers_every_message_once
    dropped_stream_next_loses_no_message
    dropped_send_sends_once_or_not_at_all
    dropped_send_that_waits_for_room_queues_nothing
    try_send_between_dropped_futures_keeps_the_order
    dropped_feed_queues_nothing
    dropped_flush_is_resumed_by_the_next_call
    dropped_start_ping_sends_one_ping
    dropped_ping_keeps_messages_before_the_pong
    dropped_pong_sends_one_pong
    dropped_start_close_sends_one_close_frame
    dropped_close_is_resumed
    crossing_close_frames_with_dropped_futures_are_clean
    latest_waker_is_woken_by_bytes_room_and_eof
    dropped_accept_writes_a_prefix_of_the_response
    dropped_two_step_accept_writes_a_prefix_of_the_response
    dropped_reject_writes_a_prefix_of_the_response
    dropped_reply_writes_a_prefix_of_the_response
    dropped_connect_writes_a_prefix_of_the_request
    send_ping_pong_and_close_return_after_the_stream_is_flushed
    recv_flushes_pongs
}

// Polling by hand.

#[derive(Clone, Debug)]
enum Call {
    Recv,
    RecvEvent,
    /// Echoes every message.
    RecvWith,
    /// `Stream::poll_next`.
    Next,
    Send(Message),
    TrySend(Message),
    Feed(Message),
    Flush,
    Ping,
    /// `ping`, which waits for the pong; `Ping` is `start_ping`.
    RoundTrip,
    Pong(&'static str),
    StartClose,
    Close,
    UntilClosed,
}
use Call::{
    Close, Feed, Flush, Next, Ping, Pong, Recv, RecvEvent, RecvWith, RoundTrip, Send, StartClose,
    TrySend, UntilClosed,
};

/// Makes a call and formats its result.
async fn perform<A: Adapter>(socket: &mut Socket<A, OneByteStream>, call: Call) -> String {
    match call {
        Recv => format!("{:?}", socket.recv().await.map(message_bytes)),
        RecvEvent => format!("{:?}", socket.recv_event().await),
        RecvWith => {
            let mut seen = Vec::new();
            let each = |message: MessageRef<'_>, replies: &mut Replies<'_>| {
                seen.push(message.as_bytes().to_vec());
                replies.send(message)
            };
            let more = socket.recv_with(each).await;
            format!("{more:?} {seen:?}")
        }
        Next => format!(
            "{:?}",
            poll_fn(|cx| Pin::new(&mut *socket).poll_next(cx)).await.transpose().map(message_bytes)
        ),
        Send(message) => format!("{:?}", socket.send(message).await),
        TrySend(message) => format!("{:?}", socket.try_send(message)),
        Feed(message) => format!("{:?}", socket.feed(message).await),
        Flush => format!("{:?}", socket.flush().await),
        Ping => format!("{:?}", socket.start_ping().await),
        RoundTrip => format!("{:?}", socket.ping().await.map(drop)),
        Pong(payload) => format!("{:?}", socket.pong(payload).await),
        StartClose => format!("{:?}", socket.start_close(CloseCode::GOING_AWAY, "going").await),
        Close => format!("{:?}", socket.close(CloseCode::GOING_AWAY, "going").await),
        UntilClosed => format!("{:?}", socket.until_closed().await.map(|closed| closed.code())),
    }
}

/// The bytes of a message, since its `Debug` output shows no content.
fn message_bytes(message: Option<Message>) -> Option<Vec<u8>> {
    message.map(|message| message.as_bytes().to_vec())
}

/// The call that follows a dropped one: a message that was queued is not sent again, but flushed.
fn call_again(call: &Call, queued: bool) -> Call {
    match call {
        Send(_) | Ping | RoundTrip | Pong(_) if queued => Flush,
        Feed(_) => {
            assert!(!queued, "feed queues the message only when it returns");
            call.clone()
        }
        _ => call.clone(),
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Outcome {
    call_results: Vec<String>,
    wire: Vec<u8>,
    shut_first: Option<bool>,
    closed: String,
}

/// A scenario that is run with dropped futures.
struct Conversation {
    role: Role,
    input: Vec<u8>,
    /// Bytes that the stream accepts per write.
    write_size: usize,
    /// Whether the peer lets a server close the stream first.
    polite: bool,
    /// Number of buffered bytes at which `send` waits.
    high_water_mark: usize,
    calls: Vec<Call>,
}

impl Conversation {
    fn new(role: Role, input: Vec<u8>, calls: impl Into<Vec<Call>>) -> Self {
        let high_water_mark = Backpressure::default().high_water_mark;
        Self { role, input, write_size: 1, polite: false, high_water_mark, calls: calls.into() }
    }

    fn with_a_polite_peer(self) -> Self {
        Self { polite: true, ..self }
    }

    /// Makes the calls; returns their results and the number of polls.
    fn run<A: Adapter>(&self, dropping: Dropping) -> (Outcome, usize) {
        let tap = Handle::new(self.input.clone(), true);
        tap.get(|script| {
            script.write_size = self.write_size;
            script.ends_second = self.polite && self.role == Role::Server;
        });
        let mut socket = open::<A>(&tap, connection(self.role, Config::new()));
        socket.set_backpressure(Backpressure {
            high_water_mark: self.high_water_mark,
            ..Backpressure::default()
        });
        let (mut call_results, mut polls) = (Vec::new(), 0);
        for call in &self.calls {
            // A future that was never polled has no effect.
            drop(perform::<A>(&mut socket, call.clone()));
            let total = |socket: &Socket<A, OneByteStream>| {
                socket.buffered_amount() + tap.get(|script| script.written.len())
            };
            let before = total(&socket);
            let mut now = call.clone();
            call_results.push('call: loop {
                {
                    let mut future = pin!(perform::<A>(&mut socket, now.clone()));
                    loop {
                        let (poll, wakes) = poll_once(future.as_mut());
                        polls += 1;
                        assert!(polls < 1_000_000, "{call:?} does not end");
                        if let Poll::Ready(call_results) = poll {
                            break 'call call_results;
                        }
                        tap.wake();
                        assert!(
                            wakes.count() > 0,
                            "{call:?} is pending without a waker: {dropping:?}, poll {polls}"
                        );
                        if dropping.is_due(polls) {
                            break;
                        }
                    }
                }
                now = call_again(call, total(&socket) > before);
            });
        }
        let observed = Outcome {
            call_results,
            wire: tap.written(),
            shut_first: tap.get(|script| script.shut_first),
            closed: socket.closed().map(ToString::to_string).unwrap_or_default(),
        };
        (observed, polls)
    }

    /// Runs the scenario with the future dropped at every poll; asserts that the outcome is always
    /// the same, and returns it with the events of the peer.
    fn run_in_every_way<A: Adapter>(&self) -> (Outcome, Vec<Event>) {
        let (observed, polls) = self.run::<A>(Dropping::Never);
        let step = polls / 2_000 + 1;
        let once = (1..=polls).step_by(step).map(Dropping::After);
        for dropping in once.chain([Dropping::Always]) {
            let (other, _) = self.run::<A>(dropping);
            assert_eq!(other, observed, "{:?}, {dropping:?} of {polls}", self.role);
        }
        let peer = if self.role == Role::Server { Role::Client } else { Role::Server };
        let peer_events = support::feed(
            &mut connection(peer, Config::new()),
            &observed.wire,
            support::Chunking::Whole,
        );
        (observed, peer_events)
    }
}

/// A frame that the peer sends.
fn frame(role: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    if role == Role::Server { masked(first, payload) } else { unmasked(first, payload) }
}

fn frames(role: Role, frames: &[(u8, &[u8])]) -> Vec<u8> {
    frames.iter().flat_map(|(first, payload)| frame(role, *first, payload)).collect()
}

const ROLES: [Role; 2] = [Role::Server, Role::Client];
const BYE: (u8, &[u8]) = (0x88, b"\x03\xe8bye");

fn received(text: &str) -> String {
    format!("Ok({:?})", Some(text.as_bytes()))
}

fn messages(peer_events: &[Event]) -> Vec<&[u8]> {
    peer_events
        .iter()
        .filter_map(|event| {
            if let Event::Message(message) = event { Some(message.as_bytes()) } else { None }
        })
        .collect()
}

// recv

/// Fragments, pings between and inside messages, pongs, an extended payload length, a close frame.
fn dropped_recv_loses_no_message<A: Adapter>() {
    let long = "x".repeat(130);
    for role in ROLES {
        let input = frames(
            role,
            &[
                (0x89, b"one"),
                (1, b"hel"),
                (0x89, b"two"),
                (0x80, b"lo"),
                (0x8a, b"?"),
                (0x81, long.as_bytes()),
                (0x82, b""),
                BYE,
            ],
        );
        let calls = [vec![Recv; 5], vec![UntilClosed]].concat();
        let (observed, peer_events) =
            Conversation::new(role, input, calls).with_a_polite_peer().run_in_every_way::<A>();
        assert_eq!(
            observed.call_results,
            [
                received("hello"),
                received(&long),
                received(""),
                "Ok(None)".into(),
                "Ok(None)".into(),
                "Ok(1000)".into(),
            ]
        );
        assert_eq!(peer_events[..2], [Event::Pong("one".into()), Event::Pong("two".into())]);
        assert!(
            matches!(&peer_events[2], Event::Closed(closed) if closed.code() == 1000)
                && peer_events.len() == 3,
            "{peer_events:?}"
        );
        assert!(observed.closed.starts_with("1000 \"bye\", clean"), "{}", observed.closed);
        assert_eq!(
            observed.shut_first,
            Some(role == Role::Server),
            "the server closes the stream first"
        );
    }
}

fn dropped_recv_of_a_66_kb_message_loses_no_byte<A: Adapter>() {
    let long = "é".repeat(33_000);
    let input = frames(Role::Server, &[(0x81, long.as_bytes()), BYE]);
    let conversation = Conversation::new(Role::Server, input, vec![Recv; 2]);
    let (observed, _) = conversation.run::<A>(Dropping::Never);
    assert_eq!(observed.call_results, [received(&long), "Ok(None)".into()]);
    assert_eq!(conversation.run::<A>(Dropping::Always).0, observed);
}

fn dropped_recv_event_loses_no_event<A: Adapter>() {
    for role in ROLES {
        let input =
            frames(role, &[(0x89, b"one"), (1, b"hel"), (0x8a, b"two"), (0x80, b"lo"), BYE]);
        let (observed, peer_events) =
            Conversation::new(role, input, vec![RecvEvent; 4]).run_in_every_way::<A>();
        for (call_results, word) in
            observed.call_results.iter().zip(["Ping", "Pong", "Text(5 bytes)", "None"])
        {
            assert!(call_results.contains(word), "{call_results}");
        }
        assert_eq!(peer_events[0], Event::Pong("one".into()));
    }
}

fn dropped_stream_next_loses_no_message<A: Adapter>() {
    for role in ROLES {
        let input = frames(role, &[(0x89, b"one"), (0x81, b"a"), (0x82, b"b"), BYE]);
        let (observed, _) = Conversation::new(role, input, vec![Next; 4]).run_in_every_way::<A>();
        assert_eq!(
            observed.call_results,
            [received("a"), received("b"), "Ok(None)".into(), "Ok(None)".into()]
        );
    }
}

// send, feed, flush, ping, pong

fn dropped_send_sends_once_or_not_at_all<A: Adapter>() {
    let long = "x".repeat(130);
    for role in ROLES {
        let calls = [
            Send("one".into()),
            Send(long.as_str().into()),
            Recv,
            Send("".into()),
            Recv,
            Send("late".into()),
        ];
        let input = frames(role, &[(0x89, b"?"), (0x81, b"a"), BYE]);
        let (observed, peer_events) = Conversation::new(role, input, calls).run_in_every_way::<A>();
        assert_eq!(messages(&peer_events), [b"one", long.as_bytes(), b""]);
        assert_eq!(
            observed.call_results[..5],
            [
                "Ok(())".into(),
                "Ok(())".into(),
                received("a"),
                "Ok(())".into(),
                "Ok(None)".to_owned()
            ]
        );
        assert_eq!(observed.call_results[5], "Err(Send(NotOpen))");
    }
}

/// The message is not queued while `send` waits for room, so a dropped future does not send it.
/// Large payloads are not copied next to their headers, so the writes are vectored.
fn dropped_send_that_waits_for_room_queues_nothing<A: Adapter>() {
    let large = Message::from(vec![7; 300_000]);
    for role in ROLES {
        let calls = [
            Feed(large.clone()),
            Send("two".into()),
            Feed(large.clone()),
            Feed("four".into()),
            Send(large.clone()),
            Recv,
        ];
        let conversation = Conversation {
            write_size: 1 << 15,
            ..Conversation::new(role, frames(role, &[BYE]), calls)
        };
        let (observed, peer_events) = conversation.run_in_every_way::<A>();
        assert_eq!(
            messages(&peer_events),
            [large.as_bytes(), b"two", large.as_bytes(), b"four", large.as_bytes()]
        );
        assert_eq!(observed.call_results[..5], ["Ok(())"; 5]);

        let tap = Handle::new(Vec::new(), false);
        tap.get(|script| script.write_size = 1 << 15);
        let mut socket = open::<A>(&tap, connection(role, Config::new()));
        let huge = Message::from(vec![7; 300_000]);
        assert!(poll_once(pin!(socket.feed(huge.clone()))).0.is_ready());
        for waiting in [true, false] {
            let whole = socket.buffered_amount();
            assert!(
                poll_once(pin!(perform::<A>(
                    &mut socket,
                    if waiting { Send("no".into()) } else { Feed("no".into()) }
                )))
                .0
                .is_pending()
            );
            assert!(
                socket.buffered_amount() <= whole,
                "a message that waits for room is not queued"
            );
        }
        while poll_once(pin!(socket.flush())).0.is_pending() {}
        let peer = if role == Role::Server { Role::Client } else { Role::Server };
        let peer_events = support::feed(
            &mut connection(peer, Config::new()),
            &tap.written(),
            support::Chunking::Whole,
        );
        assert_eq!(messages(&peer_events), [huge.as_bytes()]);
    }
}

fn dropped_feed_queues_nothing<A: Adapter>() {
    for role in ROLES {
        let calls = [Feed("one".into()), Feed("two".into()), Recv, Feed("three".into()), Recv];
        let (_, peer_events) =
            Conversation::new(role, frames(role, &[(0x81, b"a"), (0x89, b"?"), BYE]), calls)
                .run_in_every_way::<A>();
        assert_eq!(messages(&peer_events), [b"one".as_slice(), b"two", b"three"]);
    }
}

fn dropped_flush_is_resumed_by_the_next_call<A: Adapter>() {
    for role in ROLES {
        let calls = [
            Flush,
            Feed("one".into()),
            Feed("x".repeat(200).into()),
            Flush,
            Flush,
            Feed("three".into()),
            Flush,
            Recv,
        ];
        let (observed, peer_events) =
            Conversation::new(role, frames(role, &[BYE]), calls).run_in_every_way::<A>();
        assert_eq!(messages(&peer_events), [b"one", "x".repeat(200).as_bytes(), b"three"]);
        assert_eq!(observed.call_results[..7], ["Ok(())"; 7]);
    }
}

fn dropped_start_ping_sends_one_ping<A: Adapter>() {
    for role in ROLES {
        let calls = [Ping, Send("a".into()), Ping, Recv];
        let (_, peer_events) =
            Conversation::new(role, frames(role, &[BYE]), calls).run_in_every_way::<A>();
        let pings = peer_events.iter().filter(|event| matches!(event, Event::Ping(_))).count();
        assert_eq!((pings, messages(&peer_events)), (2, vec![b"a".as_slice()]));
    }
}

/// Messages that precede the pong are received later, in order, even if the future was dropped.
fn dropped_ping_keeps_messages_before_the_pong<A: Adapter>() {
    for role in ROLES {
        let input = frames(
            role,
            &[
                (0x81, b"a"),
                (0x89, b"?"),
                (1, b"b"),
                (0x8a, &1_u64.to_be_bytes()),
                (0x80, b"c"),
                BYE,
            ],
        );
        let calls = [Feed("fed".into()), RoundTrip, Recv, Recv, Recv];
        let (observed, peer_events) = Conversation::new(role, input, calls).run_in_every_way::<A>();
        assert_eq!(
            observed.call_results,
            [
                "Ok(())".into(),
                "Ok(())".into(),
                received("a"),
                received("bc"),
                "Ok(None)".to_owned()
            ]
        );
        let pings = peer_events.iter().filter(|event| matches!(event, Event::Ping(_))).count();
        let pongs = peer_events.iter().filter(|event| matches!(event, Event::Pong(_))).count();
        assert_eq!((messages(&peer_events), pings, pongs), (vec![b"fed".as_slice()], 1, 1));
    }
}

/// `try_send` has no await point, but follows futures that were dropped.
fn try_send_between_dropped_futures_keeps_the_order<A: Adapter>() {
    for role in ROLES {
        let calls = [
            Send("x".repeat(50).into()),
            TrySend("a".into()),
            TrySend("b".into()),
            Recv,
            Recv,
            TrySend("late".into()),
        ];
        let (observed, peer_events) =
            Conversation::new(role, frames(role, &[(0x81, b"in"), BYE]), calls)
                .run_in_every_way::<A>();
        assert_eq!(messages(&peer_events), ["x".repeat(50).as_bytes(), b"a", b"b"]);
        assert!(observed.call_results[5].starts_with("Err(Send("), "{:?}", observed.call_results);
    }
}

fn dropped_pong_sends_one_pong<A: Adapter>() {
    for role in ROLES {
        let calls = [Pong("alive"), Send("a".into()), Pong("still"), Recv];
        let (_, peer_events) =
            Conversation::new(role, frames(role, &[BYE]), calls).run_in_every_way::<A>();
        assert_eq!(
            (&peer_events[0], &peer_events[2]),
            (&Event::Pong("alive".into()), &Event::Pong("still".into()))
        );
    }
}

/// `recv_with` returns once its callback got a message: a dropped future delivered none. Low
/// high-water marks make it wait for room, too.
fn dropped_recv_with_delivers_every_message_once<A: Adapter>() {
    let long = "x".repeat(130);
    for role in ROLES {
        let input = [
            (0x81, "a"),
            (0x89, "?"),
            (1, "b"),
            (0x89, "!"),
            (0x80, "c"),
            (0x82, ""),
            (0x82, &long),
            (0x81, "d"),
        ];
        let input = [
            frames(role, &input.map(|(first, payload)| (first, payload.as_bytes()))),
            frames(role, &[BYE]),
        ]
        .concat();
        let expected = ["a".as_bytes(), b"bc", b"", long.as_bytes(), b"d"];
        for high_water_mark in [1, 20, 1000] {
            let calls = [RecvWith, RecvWith, RecvWith, RecvWith, RecvWith, RecvWith, RecvWith];
            let conversation =
                Conversation { high_water_mark, ..Conversation::new(role, input.clone(), calls) };
            let (observed, peer_events) = conversation.run_in_every_way::<A>();
            let mut call_results =
                expected.map(|message| format!("Ok(true) {:?}", [message])).to_vec();
            call_results.extend(["Ok(false) []".into(), "Ok(false) []".into()]);
            assert_eq!(observed.call_results, call_results);
            let pongs = peer_events.iter().filter(|event| matches!(event, Event::Pong(_))).count();
            assert_eq!((messages(&peer_events), pongs), (expected.to_vec(), 2));
            assert!(
                matches!(peer_events.last(), Some(Event::Closed(closed)) if closed.was_clean())
            );
        }
    }
}

// close

fn dropped_start_close_sends_one_close_frame<A: Adapter>() {
    for role in ROLES {
        let calls = [Send("a".into()), StartClose, StartClose, Recv, Recv, Recv];
        let input = frames(role, &[(0x81, b"b"), (0x89, b"?"), (0x88, b"\x03\xe9")]);
        let (observed, peer_events) = Conversation::new(role, input, calls).run_in_every_way::<A>();
        assert_eq!(observed.call_results[3..5], [received("b"), "Ok(None)".to_owned()]);
        assert_eq!(messages(&peer_events), [b"a"]);
        assert!(
            matches!(&peer_events[1], Event::Closed(closed) if closed.reason() == "going"),
            "{peer_events:?}"
        );
        assert_eq!(peer_events.len(), 2, "no frame follows the Close");
        assert!(
            observed.closed.starts_with("1001 \"\", clean, begun by us"),
            "{}",
            observed.closed
        );
    }
}

fn dropped_close_is_resumed<A: Adapter>() {
    for role in ROLES {
        let calls = [Feed("a".into()), Close, Close, Recv];
        let input = frames(role, &[(0x81, b"thrown away"), (0x88, b"\x03\xe9")]);
        let (observed, peer_events) =
            Conversation::new(role, input, calls).with_a_polite_peer().run_in_every_way::<A>();
        assert!(
            observed.call_results[1].contains("outcome: Clean, initiator: Local")
                && observed.call_results[1] == observed.call_results[2],
            "{:?}",
            observed.call_results
        );
        assert_eq!(observed.call_results[3], "Ok(None)");
        assert_eq!((messages(&peer_events), peer_events.len()), (vec![b"a".as_slice()], 2));
        assert_eq!(
            observed.shut_first,
            Some(role == Role::Server),
            "the server closes the stream first"
        );
    }
}

/// The peer's Close arrives in the middle of a fragmented message, while ours is written.
fn crossing_close_frames_with_dropped_futures_are_clean<A: Adapter>() {
    for role in ROLES {
        let input = frames(role, &[(0x81, b"a"), (1, b"half"), BYE]);
        let (observed, peer_events) =
            Conversation::new(role, input, [Recv, Send("b".into()), Close]).run_in_every_way::<A>();
        assert!(observed.call_results[2].contains("outcome: Clean"), "{:?}", observed.call_results);
        assert_eq!((messages(&peer_events), peer_events.len()), (vec![b"b".as_slice()], 2));
    }
}

// Wake-ups.

/// The latest waker is woken when bytes arrive, or when the stream has room.
fn latest_waker_is_woken_by_bytes_room_and_eof<A: Adapter>() {
    let (mut peer, end) = pair(Chunking::Whole);
    let wire = end.wire();
    let mut socket =
        A::default().open(end, connection(Role::Server, Config::new()), Timeouts::default());
    let counters: [Arc<WakeCounter>; 3] = Default::default();
    let wakers = counters.each_ref().map(|wakes| Waker::from(wakes.clone()));
    let mut contexts = wakers.each_ref().map(Context::from_waker);
    let woken = || counters.each_ref().map(|wakes| wakes.count() > 0);

    // Read readiness.
    assert!(socket.poll_recv(&mut contexts[0]).is_pending());
    assert!(socket.poll_recv(&mut contexts[1]).is_pending());
    peer.write_all(&masked(0x81, b"a")[..3]).unwrap();
    assert_eq!(woken(), [false, true, false]);
    assert!(socket.poll_recv(&mut contexts[2]).is_pending());
    peer.write_all(&masked(0x81, b"a")[3..]).unwrap();
    assert_eq!(woken(), [false, true, true]);
    assert_eq!(socket.poll_recv(&mut contexts[2]), Poll::Ready("a".into()));

    // Write readiness.
    wire.set_capacity(1);
    assert!(socket.poll_send(&mut contexts[2], &"b".into()).is_pending());
    assert!(socket.poll_flush(&mut contexts[0]).is_pending());
    let mut byte = [0];
    assert_eq!((peer.read(&mut byte).unwrap(), woken()), (1, [true, true, true]));
    let before = counters[1].count();
    assert!(socket.poll_flush(&mut contexts[1]).is_pending());
    wire.set_capacity(100);
    assert!(counters[1].count() > before);
    assert!(socket.poll_flush(&mut contexts[1]).is_ready());

    // Both: recv also waits for write readiness if bytes are queued.
    let mut frame = [0; 3];
    frame[0] = byte[0];
    peer.read_exact(&mut frame[1..]).unwrap();
    assert_eq!(&frame, b"\x81\x01b");
    wire.set_capacity(1);
    assert!(socket.poll_send(&mut contexts[0], &"c".into()).is_pending());
    let before = counters[1].count();
    assert!(socket.poll_recv(&mut contexts[1]).is_pending());
    peer.read_exact(&mut frame[..1]).unwrap();
    assert!(counters[1].count() > before);
    wire.set_capacity(100);
    assert!(socket.poll_recv(&mut contexts[1]).is_pending());
    peer.read_exact(&mut frame[1..]).unwrap();
    assert_eq!(&frame, b"\x81\x01c");
    let before = counters[1].count();
    drop(peer);
    assert!(counters[1].count() > before, "EOF wakes the task");
}

// Flushing: some streams (TLS) buffer written bytes until they are flushed, and a flush can take
// more than one poll.

fn send_ping_pong_and_close_return_after_the_stream_is_flushed<A: Adapter>() {
    for call in [Send("a".into()), Ping, Pong("a"), StartClose] {
        for dropping in [false, true] {
            let tap = Handle::new(Vec::new(), false);
            tap.get(|script| script.holds_back = true);
            let mut socket = open::<A>(&tap, connection(Role::Server, Config::new()));
            let mut now = call.clone();
            loop {
                let mut future = Box::pin(perform::<A>(&mut socket, now.clone()));
                let mut poll = poll_once(future.as_mut()).0;
                while !dropping && poll.is_pending() {
                    poll = poll_once(future.as_mut()).0;
                }
                if poll.is_ready() {
                    break;
                }
                now = call_again(&call, true);
            }
            assert!(
                tap.get(|script| script.held.is_empty()),
                "{call:?} returned before the stream was flushed"
            );
            assert!(!tap.written().is_empty());
        }
    }
}

fn recv_flushes_pongs<A: Adapter>() {
    let tap = Handle::new(masked(0x89, b"?"), false);
    tap.get(|script| script.holds_back = true);
    let mut socket = open::<A>(&tap, connection(Role::Server, Config::new()));
    for _ in 0..100 {
        assert!(poll_once(pin!(socket.recv())).0.is_pending());
    }
    assert_eq!(tap.written(), unmasked(0x8a, b"?"));
}

// Opening: the future owns the stream, so dropping the future drops the stream.

const REQUEST: &str = "GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Polls at most `times` times; returns the result, or `None` if it was still pending.
fn poll_times<T>(
    mut future: Opening<T>,
    times: usize,
    mut between: impl FnMut(),
) -> Option<Result<T, Error>> {
    for _ in 0..times {
        if let (Poll::Ready(opened), _) = poll_once(future.as_mut()) {
            return Some(opened);
        }
        between();
    }
    None
}

/// Drops the future after every poll: the stream is dropped, and the bytes written by then are a
/// prefix of those written without a drop. Returns all bytes, and the result without a drop.
fn drop_at_every_point<T>(
    input: &[u8],
    open: impl Fn(OneByteStream) -> Opening<T>,
) -> (Vec<u8>, Result<T, Error>) {
    let run = |times| {
        let tap = Handle::new(input.to_vec(), true);
        let opened = poll_times(open(Scripted(tap.clone())), times, || tap.wake());
        if opened.is_none() {
            assert!(tap.is_dropped(), "after {times} polls");
        }
        (tap.written(), opened)
    };
    let (whole, opened) = run(100_000);
    for times in 0.. {
        let (written, opened) = run(times);
        assert!(whole.starts_with(&written), "after {times} polls: {written:?}");
        if opened.is_some() {
            assert!(times > input.len());
            break;
        }
        // The client must not open. Its key differs, so that even a complete response fails.
        let mut client = ClientHandshake::new(&request(), Config::new(), entropy());
        client.input().put_slice(&written);
        client.end_input();
        assert!(client.receive().is_err(), "a truncated response does not open");
    }
    (whole, opened.unwrap())
}

fn dropped_accept_writes_a_prefix_of_the_response<A: Adapter>() {
    let (written, opened) = drop_at_every_point(REQUEST.as_bytes(), accepting::<A>);
    assert!(written.starts_with(b"HTTP/1.1 101 ") && written.ends_with(b"\r\n\r\n"));
    opened.unwrap();
    for (request, status) in
        [(REQUEST.replace("13", "8"), "426"), ("GET / HTTP/1.1\r\nHost: a\r\n\r\n".into(), "426")]
    {
        let (written, opened) = drop_at_every_point(request.as_bytes(), accepting::<A>);
        assert!(written.starts_with(format!("HTTP/1.1 {status} ").as_bytes()));
        assert!(matches!(opened, Err(Error::Handshake(_))));
    }
}

/// `receive_request`, then `accept`.
fn dropped_two_step_accept_writes_a_prefix_of_the_response<A: Adapter>() {
    let (written, opened) = drop_at_every_point(REQUEST.as_bytes(), |stream| {
        Box::pin(async {
            let Incoming::Upgrade(upgrade) = A::default().receive_request(stream).await? else {
                panic!()
            };
            upgrade.accept().await
        })
    });
    assert!(written.starts_with(b"HTTP/1.1 101 "));
    // Bytes after the request reach the connection.
    let mut socket = opened.unwrap();
    while poll_once(pin!(socket.recv())).0.is_pending() {}
}

fn dropped_reject_writes_a_prefix_of_the_response<A: Adapter>() {
    let (written, opened) = drop_at_every_point(REQUEST.as_bytes(), |stream| {
        Box::pin(async {
            let Incoming::Upgrade(upgrade) = A::default().receive_request(stream).await? else {
                panic!()
            };
            upgrade.reject(&HttpResponse::new(403).unwrap().body("no")).await
        })
    });
    assert!(written.starts_with(b"HTTP/1.1 403 ") && written.ends_with(b"\r\n\r\nno"));
    opened.unwrap();
}

fn dropped_reply_writes_a_prefix_of_the_response<A: Adapter>() {
    for own in [true, false] {
        let (written, opened) =
            drop_at_every_point(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", |stream| {
                Box::pin(async move {
                    let Incoming::Http(plain) = A::default().receive_request(stream).await? else {
                        panic!()
                    };
                    if own {
                        plain.reply(&HttpResponse::new(200).unwrap().body("yes")).await
                    } else {
                        plain.reject().await
                    }
                })
            });
        assert!(written.starts_with(if own { b"HTTP/1.1 200 " } else { b"HTTP/1.1 426 " }));
        opened.unwrap();
    }
}

/// Masks the key, which differs from run to run.
fn without_key(mut request: Vec<u8>) -> Vec<u8> {
    let name = b"Sec-WebSocket-Key: ";
    if let Some(at) = request.windows(name.len()).position(|window| window == name) {
        let end = request.len().min(at + name.len() + 24);
        request[at + name.len()..end].fill(b'?');
    }
    request
}

fn dropped_connect_writes_a_prefix_of_the_request<A: Adapter>() {
    // A server that accepts a complete request and sends a message at once.
    let run = |times| {
        let tap = Handle::new(Vec::new(), false);
        let (mut server, mut read) = (ServerHandshake::new(Config::new()), 0);
        let mut accepted = None;
        let opened = poll_times(connecting::<A>(Scripted(tap.clone())), times, || {
            tap.wake();
            let written = tap.written();
            server.input().put_slice(&written[read..]);
            read = written.len();
            if accepted.is_none() {
                if let Some(request) = server.receive().unwrap() {
                    let mut connection = request.accept();
                    connection.send("welcome").unwrap();
                    let answer = support::drain(&mut connection);
                    tap.get(|script| script.input.extend(answer));
                    accepted = Some(connection);
                }
            }
        });
        (tap, opened, accepted, server)
    };
    let (tap, opened, accepted, _) = run(100_000);
    let whole = without_key(tap.written());
    assert!(whole.ends_with(b"\r\n\r\n"));
    let mut socket = opened.unwrap().unwrap();
    let message = loop {
        if let Poll::Ready(message) = poll_once(pin!(socket.recv())).0 {
            break message.unwrap();
        }
    };
    assert_eq!((message, accepted.is_some()), (Some("welcome".into()), true));
    for times in 0.. {
        let (tap, opened, accepted, mut server) = run(times);
        assert!(whole.starts_with(&without_key(tap.written())), "after {times} polls");
        if opened.is_some() {
            assert!(times > whole.len());
            break;
        }
        assert!(tap.is_dropped());
        // The server gets no request, or loses the connection (1006) without a message.
        match accepted {
            None => {
                server.end_input();
                assert!(
                    matches!(server.receive(), Err(rejection) if *rejection.error() == RequestError::Head(HeadError::Incomplete))
                        || times == 0
                );
            }
            Some(mut connection) => {
                connection.end_input();
                assert!(
                    matches!(connection.receive(), Some(Event::Closed(closed)) if closed.code() == 1006)
                );
            }
        }
    }
}

// Documentation.

#[test]
fn every_async_method_documents_its_cancel_safety() {
    let mut found = 0;
    let mut silent = Vec::new();
    let mut folders = vec![support::repository().join("src/adapter")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let (mut docs, mut in_attribute) = (String::new(), false);
            for (number, line) in text.lines().map(str::trim_start).enumerate() {
                // Macros define methods of async and of blocking adapters.
                let by_macro = line.starts_with("pub $($async)? fn");
                if in_attribute || line.starts_with("///") || line.starts_with("#[doc") {
                    docs += line;
                    in_attribute = !line.starts_with("///") && !line.ends_with(")]");
                } else if by_macro || line.starts_with("pub async fn") {
                    found += 1;
                    let section = if by_macro { "cancel_safety!" } else { "# Cancel safety" };
                    if !docs.contains(section) {
                        silent.push(format!(
                            "{}:{}: {line}",
                            path.file_name().unwrap().to_string_lossy(),
                            number + 1
                        ));
                    }
                    docs.clear();
                } else if !line.starts_with("#[") {
                    docs.clear();
                }
            }
        }
    }
    assert!(found > 20, "only {found} async methods were found");
    assert!(
        silent.is_empty(),
        "methods without a section on cancel safety:\n{}",
        silent.join("\n")
    );
}
