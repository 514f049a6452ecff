//! Cancel safety of the halves and of writers, in both async adapters: futures are dropped at every
//! await point, and no message is lost, sent twice or truncated.
//!
//! The stream is the one of `cancel.rs`. The peer is a `Connection` that replies to pings and close
//! frames. While a sender's future is pending, the receiver is polled by a new future each time,
//! which is dropped after one poll.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::BufMut;
use sansocket::runtime::{self, Clock, Receiver};
use sansocket::{
    Backpressure, CloseCode, Config, Connection, Event, Kind, Message, Role, State, Timeouts,
};
use support::adapters::{Adapter, Socket, in_every_adapter, poll_once};
use support::connection;
use support::one_byte::{Dropping, Handle, OneByteStream};
use support::streams::Scripted;
use support::wakes::WakeCounter;

in_every_adapter! {
    polled by in_every_way:
    dropped_futures_of_both_halves_lose_nothing
    dropped_receiver_close_is_resumed
    dropped_until_closed_is_resumed
    dropped_writer_calls_of_a_socket_are_resumed
    dropped_finish_sends_the_whole_message_or_closes_with_1011
}

/// Runs a scenario with the future dropped after each possible poll, and asserts that the outcome
/// is the same as without drops. The scenario returns its outcome and number of polls.
fn in_every_way<T: PartialEq + std::fmt::Debug>(
    run_scenario: impl Fn(Role, Dropping) -> (T, usize),
) {
    for role in [Role::Server, Role::Client] {
        let (outcome, polls) = run_scenario(role, Dropping::Never);
        let step = polls / 1_000 + 1;
        for dropping in (1..=polls).step_by(step).map(Dropping::After).chain([Dropping::Always]) {
            assert_eq!(
                run_scenario(role, dropping).0,
                outcome,
                "{role:?}, {dropping:?} of {polls}"
            );
        }
    }
}

/// The stream and the peer at its other end.
struct Harness {
    tap: Handle,
    peer: Connection,
    /// How many of the written bytes the peer has received.
    carried: usize,
    peer_events: Vec<Event>,
    /// Messages that the receiving half returned.
    received: Vec<Message>,
    dropping: Dropping,
    polls: usize,
    /// The total of queued bytes, and whether the current call has queued some.
    amount: Box<dyn Fn() -> usize>,
    queued: bool,
}

enum Step<T> {
    Done(T),
    Drop,
    Again,
}

impl Harness {
    fn new<A: Adapter>(role: Role, dropping: Dropping) -> (Self, Socket<A, OneByteStream>) {
        let tap = Handle::new(Vec::new(), false);
        let socket = A::default().open(
            Scripted(tap.clone()),
            connection(role, Config::new()),
            Timeouts::default(),
        );
        let peer = connection(
            if role == Role::Server { Role::Client } else { Role::Server },
            Config::new(),
        );
        let (peer_events, received) = (Vec::new(), Vec::new());
        let harness = Self {
            tap,
            peer,
            carried: 0,
            peer_events,
            received,
            dropping,
            polls: 0,
            amount: Box::new(|| 0),
            queued: false,
        };
        (harness, socket)
    }

    /// Carries written bytes to the peer and its replies back, then makes the stream ready.
    fn carry(&mut self) {
        let written = self.tap.written();
        self.peer.input().put_slice(&written[self.carried..]);
        self.carried = written.len();
        self.peer_events.extend(std::iter::from_fn(|| self.peer.receive()));
        let answers = support::drain(&mut self.peer);
        let over = self.peer.closed().is_some();
        self.tap.get(|script| {
            script.input.extend(answers);
            script.ends = over;
        });
        self.tap.wake();
    }

    /// Polls a future once, and then the other half.
    fn step<T>(
        &mut self,
        future: Pin<&mut impl Future<Output = T>>,
        mut other: impl FnMut(&mut Vec<Message>) -> Arc<WakeCounter>,
    ) -> Step<T> {
        let before = (self.amount)();
        let (poll, wakes) = poll_once(future);
        self.queued |= (self.amount)() > before;
        self.polls += 1;
        assert!(self.polls < 500_000, "the future never returns");
        if let Poll::Ready(done) = poll {
            return Step::Done(done);
        }
        let other = other(&mut self.received);
        self.carry();
        assert!(
            wakes.count() + other.count() > 0,
            "no waker is registered: {:?}, poll {}",
            self.dropping,
            self.polls
        );
        if self.dropping.is_due(self.polls) { Step::Drop } else { Step::Again }
    }

    /// What the peer received: messages, number of pings and pongs, and the `Closed` event.
    fn outcome(mut self) -> (Outcome, usize) {
        for _ in 0..1000 {
            self.carry();
        }
        let mut outcome = Outcome { received: self.received, ..Outcome::default() };
        for event in self.peer_events {
            match event {
                Event::Message(message) => outcome.peer_events.push(message),
                Event::Ping(_) => outcome.pings += 1,
                Event::Pong(_) => outcome.pongs += 1,
                Event::Closed(closed) => outcome.end = closed.to_string(),
                event => panic!("{event:?}"),
            }
        }
        (outcome, self.polls)
    }
}

#[derive(Debug, Default, PartialEq)]
struct Outcome {
    received: Vec<Message>,
    peer_events: Vec<Message>,
    pings: usize,
    pongs: usize,
    end: String,
}

/// Polls a new `recv` future once and drops it.
fn poll_recv_once<S: runtime::Stream, C: Clock>(
    receiver: &mut Receiver<S, C>,
    received: &mut Vec<Message>,
) -> Arc<WakeCounter> {
    let (poll, wakes) = poll_once(pin!(receiver.recv()));
    if let Poll::Ready(message) = poll {
        received.extend(message.unwrap());
        wakes.increment();
    }
    wakes
}

/// Polls no other half.
fn no_other_half(_: &mut Vec<Message>) -> Arc<WakeCounter> {
    Arc::default()
}

/// Polls a call until it returns (`Some`) or is dropped (`None`).
macro_rules! perform {
    ($harness:ident, $other:expr, $call:expr) => {{
        $harness.queued = false;
        let mut future = pin!($call);
        loop {
            match $harness.step(future.as_mut(), $other) {
                Step::Done(done) => break Some(done),
                Step::Drop => break None,
                Step::Again => {}
            }
        }
    }};
}

/// Repeats a dropped call until it returns.
macro_rules! retry_until_done {
    ($harness:ident, $other:expr, $call:expr) => {
        loop {
            if let Some(done) = perform!($harness, $other, $call) {
                break done;
            }
        }
    };
}

/// Writes a message in chunks, each of which is accepted at the first poll.
macro_rules! write_chunks {
    ($harness:ident, $other:expr, $sender:expr, [$($part:expr),*]) => {{
        let mut writer = retry_until_done!($harness, $other, $sender.writer(Kind::Text)).unwrap();
        $(
            if perform!($harness, $other, writer.write_chunk($part)).is_none() {
                retry_until_done!($harness, $other, writer.write_chunk("")).unwrap();
            }
        )*
        writer
    }};
}

/// Runs a call without drops.
macro_rules! without_drops {
    ($harness:ident, $work:expr) => {{
        let dropping = std::mem::replace(&mut $harness.dropping, Dropping::Never);
        let done = $work;
        $harness.dropping = dropping;
        done
    }};
}

/// Send, feed, flush, reserve, ping, writer and close, while the receiver is polled, too.
fn dropped_futures_of_both_halves_lose_nothing<A: Adapter>(
    role: Role,
    dropping: Dropping,
) -> (Outcome, usize) {
    let (mut harness, mut socket) = Harness::new::<A>(role, dropping);
    // Every call waits for room.
    socket.set_backpressure(Backpressure { high_water_mark: 1, ..Backpressure::default() });
    harness.peer.send("one").unwrap();
    harness.peer.ping("?").unwrap();
    harness.peer.send("two").unwrap();
    let (mut sender, mut receiver) = socket.split();
    let (watch, tap) = (sender.clone(), harness.tap.clone());
    harness.amount =
        Box::new(move || watch.buffered_amount() + tap.get(|script| script.written.len()));

    for text in ["first", &"x".repeat(130), ""] {
        loop {
            match perform!(
                harness,
                |received| poll_recv_once(&mut receiver, received),
                sender.send(text)
            ) {
                Some(sent) => break sent.unwrap(),
                None if harness.queued => {
                    break retry_until_done!(
                        harness,
                        |received| poll_recv_once(&mut receiver, received),
                        sender.flush()
                    )
                    .unwrap();
                }
                None => {}
            }
        }
    }
    loop {
        match perform!(
            harness,
            |received| poll_recv_once(&mut receiver, received),
            sender.feed("fed")
        ) {
            Some(fed) => break fed.unwrap(),
            None => assert!(!harness.queued, "feed queues the message only when it returns"),
        }
    }
    retry_until_done!(
        harness,
        |received| poll_recv_once(&mut receiver, received),
        sender.reserve()
    )
    .unwrap()
    .send("permitted")
    .unwrap();
    match perform!(harness, |received| poll_recv_once(&mut receiver, received), sender.ping()) {
        Some(trip) => drop(trip.unwrap()),
        None => assert!(harness.queued, "at the first poll"),
    }
    // A dropped reserve future holds no permit, for which the writer would wait.
    let writer = write_chunks!(
        harness,
        |received| poll_recv_once(&mut receiver, received),
        sender,
        ["in ", "three ", "parts"]
    );
    without_drops!(
        harness,
        perform!(harness, |received| poll_recv_once(&mut receiver, received), writer.finish())
    )
    .unwrap()
    .unwrap();
    let closed = retry_until_done!(
        harness,
        |received| poll_recv_once(&mut receiver, received),
        sender.close(CloseCode::NORMAL, "bye")
    )
    .unwrap();
    assert!(closed.was_clean());
    harness.amount = Box::new(|| 0);
    let outcome = harness.outcome();
    assert_eq!(outcome.0.received, ["one".into(), "two".into()]);
    let expected =
        ["first", &*"x".repeat(130), "", "fed", "permitted", "in three parts"].map(Message::from);
    assert_eq!(
        (&outcome.0.peer_events[..], outcome.0.pings, outcome.0.pongs),
        (&expected[..], 1, 1)
    );
    assert!(outcome.0.end.starts_with("1000 \"bye\", clean"), "{}", outcome.0.end);
    outcome
}

/// `Receiver::close` discards messages that are received meanwhile.
fn dropped_receiver_close_is_resumed<A: Adapter>(
    role: Role,
    dropping: Dropping,
) -> (Outcome, usize) {
    let (mut harness, socket) = Harness::new::<A>(role, dropping);
    harness.peer.send("thrown away").unwrap();
    harness.peer.ping("?").unwrap();
    let (sender, mut receiver) = socket.split();
    retry_until_done!(harness, no_other_half, sender.feed("fed")).unwrap();
    let closed =
        retry_until_done!(harness, no_other_half, receiver.close(CloseCode::NORMAL, "bye"))
            .unwrap();
    assert!(closed.was_clean());
    let mut outcome = harness.outcome();
    assert_eq!(outcome.0.peer_events, ["fed".into()]);
    // A ping that is read after our Close is not answered, so the count depends on the drops.
    outcome.0.pongs = 0;
    outcome
}

fn dropped_until_closed_is_resumed<A: Adapter>(role: Role, dropping: Dropping) -> (Outcome, usize) {
    let (mut harness, socket) = Harness::new::<A>(role, dropping);
    harness.peer.send("last").unwrap();
    harness.peer.close(CloseCode::GOING_AWAY);
    let (sender, mut receiver) = socket.split();
    let closed = retry_until_done!(
        harness,
        |received| poll_recv_once(&mut receiver, received),
        sender.until_closed()
    )
    .unwrap();
    assert_eq!((closed.code(), closed.was_clean(), sender.state()), (1001, true, State::Closed));
    let outcome = harness.outcome();
    assert_eq!(outcome.0.received, ["last".into()]);
    outcome
}

/// The writer of a socket that is not split, with a message after it.
fn dropped_writer_calls_of_a_socket_are_resumed<A: Adapter>(
    role: Role,
    dropping: Dropping,
) -> (Outcome, usize) {
    let (mut harness, mut socket) = Harness::new::<A>(role, dropping);
    socket.set_backpressure(Backpressure { high_water_mark: 1, ..Backpressure::default() });
    let long = "x".repeat(100);
    let writer = write_chunks!(harness, no_other_half, socket, ["\u{e9}", long.clone(), "", "end"]);
    without_drops!(harness, perform!(harness, no_other_half, writer.finish())).unwrap().unwrap();
    drop(retry_until_done!(harness, no_other_half, socket.writer(Kind::Text)).unwrap());
    without_drops!(harness, perform!(harness, no_other_half, socket.send("next")))
        .unwrap()
        .unwrap();
    retry_until_done!(harness, no_other_half, socket.close(CloseCode::NORMAL, "bye")).unwrap();
    let outcome = harness.outcome();
    assert_eq!(outcome.0.peer_events, [format!("\u{e9}{long}end").into(), "next".into()]);
    outcome
}

/// A writer that is dropped unfinished closes the connection with 1011; a finished message arrives
/// whole, even if the future of `finish` was dropped.
fn dropped_finish_sends_the_whole_message_or_closes_with_1011<A: Adapter>(
    role: Role,
    dropping: Dropping,
) -> ((), usize) {
    let (mut harness, mut socket) = Harness::new::<A>(role, dropping);
    socket.set_backpressure(Backpressure { high_water_mark: 1, ..Backpressure::default() });
    let mut writer =
        without_drops!(harness, perform!(harness, no_other_half, socket.writer(Kind::Text)))
            .unwrap()
            .unwrap();
    harness.tap.get(|script| script.write_size = 20_000);
    let long = "x".repeat(200_000);
    // Both chunks leave a frame buffered in the connection, so there is no room for more.
    assert!(poll_once(pin!(writer.write_chunk(long.clone()))).0.is_pending());
    assert!(poll_once(pin!(writer.write_chunk("all of it"))).0.is_pending());
    let finished = perform!(harness, no_other_half, writer.finish());
    assert!(finished.is_some() || dropping != Dropping::Never);
    let whole = socket.state() == State::Open;
    assert!(whole || finished.is_none());
    let closed = without_drops!(
        harness,
        perform!(harness, no_other_half, socket.close(CloseCode::NORMAL, "bye"))
    )
    .unwrap()
    .unwrap();
    assert!(closed.was_clean());
    let (outcome, polls) = harness.outcome();
    assert_eq!(
        outcome.peer_events,
        if whole { vec![Message::from(long + "all of it")] } else { vec![] }
    );
    let code = if whole { "1000" } else { "1011" };
    assert!(outcome.end.starts_with(code), "{}", outcome.end);
    assert!(dropping != Dropping::Always || !whole, "finish must have waited for room");
    ((), polls)
}
