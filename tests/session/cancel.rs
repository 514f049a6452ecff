//! Cancel safety, in both async adapters: futures are dropped at every await point, and nothing is
//! lost, sent twice or cut in half.
//!
//! The stream gives and takes one byte at a time and is never ready twice in a row, so there is an
//! await point inside every header, masking key, payload and vectored write. Futures are polled by
//! hand: nothing here depends on time.
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
trait Going {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Message>;
    fn poll_send(&mut self, cx: &mut Context<'_>, message: &Message) -> Poll<()>;
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

impl<S: runtime::Stream, C: Clock> Going for WebSocket<S, C> {
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
    recv recv_of_a_long_message recv_event recv_with next send send_that_waits_for_room try_send feed flush ping round_trip pong start_close close
    a_close_that_crosses_a_message a_future_that_waits_is_woken accept accept_in_two_steps reject reply connect_with_stream
    flushing_goes_on_until_the_stream_has_flushed answers_are_flushed_too
}

// The hand that polls.

#[derive(Clone, Debug)]
enum Call {
    Recv,
    RecvEvent,
    /// And answer everything with itself.
    RecvWith,
    /// As a `Stream`.
    Next,
    Send(Message),
    TrySend(Message),
    Feed(Message),
    Flush,
    Ping,
    /// And wait for the pong.
    RoundTrip,
    Pong(&'static str),
    StartClose,
    Close,
}
use Call::{
    Close, Feed, Flush, Next, Ping, Pong, Recv, RecvEvent, RecvWith, RoundTrip, Send, StartClose,
    TrySend,
};

/// Does what is to be done, and tells what came of it.
async fn perform<A: Adapter>(socket: &mut Socket<A, OneByteStream>, call: Call) -> String {
    match call {
        Recv => format!("{:?}", socket.recv().await.map(tell)),
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
            poll_fn(|cx| Pin::new(&mut *socket).poll_next(cx)).await.transpose().map(tell)
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
    }
}

/// Debug output shows no content.
fn tell(message: Option<Message>) -> Option<Vec<u8>> {
    message.map(|message| message.as_bytes().to_vec())
}

/// What to call when a call was dropped: nothing that was queued is asked for again.
fn call_again(call: &Call, queued: bool) -> Call {
    match call {
        Send(_) | Ping | RoundTrip | Pong(_) if queued => Flush,
        Feed(_) => {
            assert!(!queued, "a message that is fed is queued when it is done");
            call.clone()
        }
        _ => call.clone(),
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Story {
    told: Vec<String>,
    wire: Vec<u8>,
    shut_first: Option<bool>,
    closed: String,
}

/// A conversation to be had with futures that are dropped.
struct Conversation {
    role: Role,
    input: Vec<u8>,
    /// How much is written at a time.
    write_size: usize,
    /// Whether the peer lets a server hang up first.
    polite: bool,
    /// How much may wait before who waits for room must.
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

    /// Has it; gives what came of it, and how many polls it took.
    fn run<A: Adapter>(&self, dropping: Dropping) -> (Story, usize) {
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
        let (mut told, mut polls) = (Vec::new(), 0);
        for call in &self.calls {
            // Before its first poll a future has done nothing.
            drop(perform::<A>(&mut socket, call.clone()));
            let total = |socket: &Socket<A, OneByteStream>| {
                socket.buffered_amount() + tap.get(|script| script.written.len())
            };
            let before = total(&socket);
            let mut now = call.clone();
            told.push('call: loop {
                {
                    let mut future = pin!(perform::<A>(&mut socket, now.clone()));
                    loop {
                        let (poll, wakes) = poll_once(future.as_mut());
                        polls += 1;
                        assert!(polls < 1_000_000, "{call:?} does not end");
                        if let Poll::Ready(told) = poll {
                            break 'call told;
                        }
                        tap.wake();
                        assert!(
                            wakes.count() > 0,
                            "{call:?} waits, and nobody will wake it: {dropping:?}, poll {polls}"
                        );
                        if dropping.is_due(polls) {
                            break;
                        }
                    }
                }
                now = call_again(call, total(&socket) > before);
            });
        }
        let story = Story {
            told,
            wire: tap.written(),
            shut_first: tap.get(|script| script.shut_first),
            closed: socket.closed().map(ToString::to_string).unwrap_or_default(),
        };
        (story, polls)
    }

    /// Has it with futures that are dropped at every point; gives what came of it, always the same,
    /// and what the peer makes of it.
    fn run_in_every_way<A: Adapter>(&self) -> (Story, Vec<Event>) {
        let (story, polls) = self.run::<A>(Dropping::Never);
        let step = polls / 2_000 + 1;
        let once = (1..=polls).step_by(step).map(Dropping::After);
        for dropping in once.chain([Dropping::Always]) {
            let (other, _) = self.run::<A>(dropping);
            assert_eq!(other, story, "{:?}, {dropping:?} of {polls}", self.role);
        }
        let peer = if self.role == Role::Server { Role::Client } else { Role::Server };
        let heard = support::feed(
            &mut connection(peer, Config::new()),
            &story.wire,
            support::Chunking::Whole,
        );
        (story, heard)
    }
}

/// A frame of the peer's.
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

fn messages(heard: &[Event]) -> Vec<&[u8]> {
    heard
        .iter()
        .filter_map(|event| {
            if let Event::Message(message) = event { Some(message.as_bytes()) } else { None }
        })
        .collect()
}

// recv

/// Everything that recv has to do: fragments, pings between and inside messages, pongs, a header
/// with a long length, the end.
fn recv<A: Adapter>() {
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
        let (story, heard) = Conversation::new(role, input, vec![Recv; 5])
            .with_a_polite_peer()
            .run_in_every_way::<A>();
        assert_eq!(
            story.told,
            [
                received("hello"),
                received(&long),
                received(""),
                "Ok(None)".into(),
                "Ok(None)".into()
            ]
        );
        assert_eq!(heard[..2], [Event::Pong("one".into()), Event::Pong("two".into())]);
        assert!(
            matches!(&heard[2], Event::Closed(closed) if closed.code() == 1000) && heard.len() == 3,
            "{heard:?}"
        );
        assert!(story.closed.starts_with("1000 \"bye\", clean"), "{}", story.closed);
        assert_eq!(story.shut_first, Some(role == Role::Server), "the server hangs up first");
    }
}

fn recv_of_a_long_message<A: Adapter>() {
    let long = "é".repeat(33_000);
    let input = frames(Role::Server, &[(0x81, long.as_bytes()), BYE]);
    let conversation = Conversation::new(Role::Server, input, vec![Recv; 2]);
    let (story, _) = conversation.run::<A>(Dropping::Never);
    assert_eq!(story.told, [received(&long), "Ok(None)".into()]);
    assert_eq!(conversation.run::<A>(Dropping::Always).0, story);
}

fn recv_event<A: Adapter>() {
    for role in ROLES {
        let input =
            frames(role, &[(0x89, b"one"), (1, b"hel"), (0x8a, b"two"), (0x80, b"lo"), BYE]);
        let (story, heard) =
            Conversation::new(role, input, vec![RecvEvent; 4]).run_in_every_way::<A>();
        for (told, word) in story.told.iter().zip(["Ping", "Pong", "Text(5 bytes)", "None"]) {
            assert!(told.contains(word), "{told}");
        }
        assert_eq!(heard[0], Event::Pong("one".into()));
    }
}

fn next<A: Adapter>() {
    for role in ROLES {
        let input = frames(role, &[(0x89, b"one"), (0x81, b"a"), (0x82, b"b"), BYE]);
        let (story, _) = Conversation::new(role, input, vec![Next; 4]).run_in_every_way::<A>();
        assert_eq!(
            story.told,
            [received("a"), received("b"), "Ok(None)".into(), "Ok(None)".into()]
        );
    }
}

// send, feed, flush, ping, pong

fn send<A: Adapter>() {
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
        let (story, heard) = Conversation::new(role, input, calls).run_in_every_way::<A>();
        assert_eq!(messages(&heard), [b"one", long.as_bytes(), b""]);
        assert_eq!(
            story.told[..5],
            [
                "Ok(())".into(),
                "Ok(())".into(),
                received("a"),
                "Ok(())".into(),
                "Ok(None)".to_owned()
            ]
        );
        assert_eq!(story.told[5], "Err(Send(NotOpen))");
    }
}

/// The message is not queued while it waits; dropped then, it is not sent. Large payloads are
/// written from where they are, beside their headers, so the writes are vectored.
fn send_that_waits_for_room<A: Adapter>() {
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
        let (story, heard) = conversation.run_in_every_way::<A>();
        assert_eq!(
            messages(&heard),
            [large.as_bytes(), b"two", large.as_bytes(), b"four", large.as_bytes()]
        );
        assert_eq!(story.told[..5], ["Ok(())"; 5]);

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
            assert!(socket.buffered_amount() <= whole, "it waits for room, and is not queued");
        }
        while poll_once(pin!(socket.flush())).0.is_pending() {}
        let peer = if role == Role::Server { Role::Client } else { Role::Server };
        let heard = support::feed(
            &mut connection(peer, Config::new()),
            &tap.written(),
            support::Chunking::Whole,
        );
        assert_eq!(messages(&heard), [huge.as_bytes()]);
    }
}

fn feed<A: Adapter>() {
    for role in ROLES {
        let calls = [Feed("one".into()), Feed("two".into()), Recv, Feed("three".into()), Recv];
        let (_, heard) =
            Conversation::new(role, frames(role, &[(0x81, b"a"), (0x89, b"?"), BYE]), calls)
                .run_in_every_way::<A>();
        assert_eq!(messages(&heard), [b"one".as_slice(), b"two", b"three"]);
    }
}

fn flush<A: Adapter>() {
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
        let (story, heard) =
            Conversation::new(role, frames(role, &[BYE]), calls).run_in_every_way::<A>();
        assert_eq!(messages(&heard), [b"one", "x".repeat(200).as_bytes(), b"three"]);
        assert_eq!(story.told[..7], ["Ok(())"; 7]);
    }
}

fn ping<A: Adapter>() {
    for role in ROLES {
        let calls = [Ping, Send("a".into()), Ping, Recv];
        let (_, heard) =
            Conversation::new(role, frames(role, &[BYE]), calls).run_in_every_way::<A>();
        let pings = heard.iter().filter(|event| matches!(event, Event::Ping(_))).count();
        assert_eq!((pings, messages(&heard)), (2, vec![b"a".as_slice()]));
    }
}

/// What comes before the pong is received later, in order, also if nobody waited for the pong to
/// its end.
fn round_trip<A: Adapter>() {
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
        let (story, heard) = Conversation::new(role, input, calls).run_in_every_way::<A>();
        assert_eq!(
            story.told,
            [
                "Ok(())".into(),
                "Ok(())".into(),
                received("a"),
                received("bc"),
                "Ok(None)".to_owned()
            ]
        );
        let pings = heard.iter().filter(|event| matches!(event, Event::Ping(_))).count();
        let pongs = heard.iter().filter(|event| matches!(event, Event::Pong(_))).count();
        assert_eq!((messages(&heard), pings, pongs), (vec![b"fed".as_slice()], 1, 1));
    }
}

/// It has no await point, but it comes between futures that were dropped half-way.
fn try_send<A: Adapter>() {
    for role in ROLES {
        let calls = [
            Send("x".repeat(50).into()),
            TrySend("a".into()),
            TrySend("b".into()),
            Recv,
            Recv,
            TrySend("late".into()),
        ];
        let (story, heard) = Conversation::new(role, frames(role, &[(0x81, b"in"), BYE]), calls)
            .run_in_every_way::<A>();
        assert_eq!(messages(&heard), ["x".repeat(50).as_bytes(), b"a", b"b"]);
        assert!(story.told[5].starts_with("Err(Send("), "{:?}", story.told);
    }
}

fn pong<A: Adapter>() {
    for role in ROLES {
        let calls = [Pong("alive"), Send("a".into()), Pong("still"), Recv];
        let (_, heard) =
            Conversation::new(role, frames(role, &[BYE]), calls).run_in_every_way::<A>();
        assert_eq!(
            (&heard[0], &heard[2]),
            (&Event::Pong("alive".into()), &Event::Pong("still".into()))
        );
    }
}

/// It is done as soon as a message was handed over: a future that is dropped had none. With little
/// that may wait it waits for room too.
fn recv_with<A: Adapter>() {
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
            let (story, heard) = conversation.run_in_every_way::<A>();
            let mut told = expected.map(|message| format!("Ok(true) {:?}", [message])).to_vec();
            told.extend(["Ok(false) []".into(), "Ok(false) []".into()]);
            assert_eq!(story.told, told);
            let pongs = heard.iter().filter(|event| matches!(event, Event::Pong(_))).count();
            assert_eq!((messages(&heard), pongs), (expected.to_vec(), 2));
            assert!(matches!(heard.last(), Some(Event::Closed(closed)) if closed.was_clean()));
        }
    }
}

// close

fn start_close<A: Adapter>() {
    for role in ROLES {
        let calls = [Send("a".into()), StartClose, StartClose, Recv, Recv, Recv];
        let input = frames(role, &[(0x81, b"b"), (0x89, b"?"), (0x88, b"\x03\xe9")]);
        let (story, heard) = Conversation::new(role, input, calls).run_in_every_way::<A>();
        assert_eq!(story.told[3..5], [received("b"), "Ok(None)".to_owned()]);
        assert_eq!(messages(&heard), [b"a"]);
        assert!(
            matches!(&heard[1], Event::Closed(closed) if closed.reason() == "going"),
            "{heard:?}"
        );
        assert_eq!(heard.len(), 2, "one Close, and nothing after it");
        assert!(story.closed.starts_with("1001 \"\", clean, begun by us"), "{}", story.closed);
    }
}

fn close<A: Adapter>() {
    for role in ROLES {
        let calls = [Feed("a".into()), Close, Close, Recv];
        let input = frames(role, &[(0x81, b"thrown away"), (0x88, b"\x03\xe9")]);
        let (story, heard) =
            Conversation::new(role, input, calls).with_a_polite_peer().run_in_every_way::<A>();
        assert!(
            story.told[1].contains("outcome: Clean, initiator: Local")
                && story.told[1] == story.told[2],
            "{:?}",
            story.told
        );
        assert_eq!(story.told[3], "Ok(None)");
        assert_eq!((messages(&heard), heard.len()), (vec![b"a".as_slice()], 2));
        assert_eq!(story.shut_first, Some(role == Role::Server), "the server hangs up first");
    }
}

/// The peer's Close comes while ours is written, in the middle of a fragmented message.
fn a_close_that_crosses_a_message<A: Adapter>() {
    for role in ROLES {
        let input = frames(role, &[(0x81, b"a"), (1, b"half"), BYE]);
        let (story, heard) =
            Conversation::new(role, input, [Recv, Send("b".into()), Close]).run_in_every_way::<A>();
        assert!(story.told[2].contains("outcome: Clean"), "{:?}", story.told);
        assert_eq!((messages(&heard), heard.len()), (vec![b"b".as_slice()], 2));
    }
}

// Wake-ups.

/// It is the latest waker that is woken, when what it waits for has come: bytes, or room.
fn a_future_that_waits_is_woken<A: Adapter>() {
    let (mut peer, end) = pair(Chunking::Whole);
    let wire = end.wire();
    let mut socket =
        A::default().open(end, connection(Role::Server, Config::new()), Timeouts::default());
    let counters: [Arc<WakeCounter>; 3] = Default::default();
    let wakers = counters.each_ref().map(|wakes| Waker::from(wakes.clone()));
    let mut contexts = wakers.each_ref().map(Context::from_waker);
    let woken = || counters.each_ref().map(|wakes| wakes.count() > 0);

    // Bytes.
    assert!(socket.poll_recv(&mut contexts[0]).is_pending());
    assert!(socket.poll_recv(&mut contexts[1]).is_pending());
    peer.write_all(&masked(0x81, b"a")[..3]).unwrap();
    assert_eq!(woken(), [false, true, false]);
    assert!(socket.poll_recv(&mut contexts[2]).is_pending());
    peer.write_all(&masked(0x81, b"a")[3..]).unwrap();
    assert_eq!(woken(), [false, true, true]);
    assert_eq!(socket.poll_recv(&mut contexts[2]), Poll::Ready("a".into()));

    // Room.
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

    // Both: who receives also waits for room, if something is to be written.
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
    assert!(counters[1].count() > before, "the end wakes too");
}

// Flushing: some streams (TLS) keep what was written until they are flushed, and that can take more
// than one poll.

fn flushing_goes_on_until_the_stream_has_flushed<A: Adapter>() {
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
                "{call:?} is done, and the stream still holds it"
            );
            assert!(!tap.written().is_empty());
        }
    }
}

fn answers_are_flushed_too<A: Adapter>() {
    let tap = Handle::new(masked(0x89, b"?"), false);
    tap.get(|script| script.holds_back = true);
    let mut socket = open::<A>(&tap, connection(Role::Server, Config::new()));
    for _ in 0..100 {
        assert!(poll_once(pin!(socket.recv())).0.is_pending());
    }
    assert_eq!(tap.written(), unmasked(0x8a, b"?"));
}

// Opening: the future owns the stream, so dropping it cuts it.

const REQUEST: &str = "GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Polls so many times; gives what came of it, unless it was dropped before.
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

/// Drops it at every point: the stream is cut, and what was written by then is the beginning of
/// what is written without. Gives all that is written, and what came of it.
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
        // What the client makes of it. Its key is another, so that a whole answer fails too.
        let mut client = ClientHandshake::new(&request(), Config::new(), entropy());
        client.input().put_slice(&written);
        client.end_input();
        assert!(client.receive().is_err(), "an answer that is cut off is none");
    }
    (whole, opened.unwrap())
}

fn accept<A: Adapter>() {
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

/// Steps: the request, and the answer.
fn accept_in_two_steps<A: Adapter>() {
    let (written, opened) = drop_at_every_point(REQUEST.as_bytes(), |stream| {
        Box::pin(async {
            let Incoming::Upgrade(upgrade) = A::default().receive_request(stream).await? else {
                panic!()
            };
            upgrade.accept().await
        })
    });
    assert!(written.starts_with(b"HTTP/1.1 101 "));
    // What comes after the request is not lost to the connection.
    let mut socket = opened.unwrap();
    while poll_once(pin!(socket.recv())).0.is_pending() {}
}

fn reject<A: Adapter>() {
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

fn reply<A: Adapter>() {
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

/// The keys differ from run to run.
fn without_key(mut request: Vec<u8>) -> Vec<u8> {
    let name = b"Sec-WebSocket-Key: ";
    if let Some(at) = request.windows(name.len()).position(|window| window == name) {
        let end = request.len().min(at + name.len() + 24);
        request[at + name.len()..end].fill(b'?');
    }
    request
}

fn connect_with_stream<A: Adapter>() {
    // A server that answers when it has the request, and says something at once.
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
        // What the server makes of it: no request, or a connection that is lost, without a message.
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

// The promise is written down.

#[test]
fn every_async_method_tells_its_cancel_safety() {
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
            let mut docs = String::new();
            for (number, line) in text.lines().map(str::trim_start).enumerate() {
                if line.starts_with("///") {
                    docs += line;
                } else if line.starts_with("pub async fn") {
                    found += 1;
                    if !docs.contains("# Cancel safety") {
                        silent.push(format!(
                            "{}:{}: {line}",
                            path.file_name().unwrap().display(),
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
    assert!(found > 20, "only {found} were found: is the test still reading them?");
    assert!(silent.is_empty(), "these have no section on it:\n{}", silent.join("\n"));
}
