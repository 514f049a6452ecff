//! Cancel safety of the halves and of writers, in both async adapters: futures are dropped at every
//! await point, and nothing is lost, sent twice or cut in half.
//!
//! The stream is the one of `cancel.rs`. The peer is a core that answers what it hears, so that
//! pongs and Close frames come when they are asked for. While a sender's future waits, the receiver is
//! polled by futures that are dropped each time.
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
    a_sender_and_a_receiver the_receiver_closes a_sender_alone_closes a_sender_waits_for_the_end writers_of_both a_writer_that_finishes
}

/// Has a story with futures that are dropped at every point: the same comes of it, and it tells how
/// many polls it took.
fn in_every_way<T: PartialEq + std::fmt::Debug>(story: impl Fn(Role, Dropping) -> (T, usize)) {
    for role in [Role::Server, Role::Client] {
        let (outcome, polls) = story(role, Dropping::Never);
        let step = polls / 1_000 + 1;
        for dropping in (1..=polls).step_by(step).map(Dropping::After).chain([Dropping::Always]) {
            assert_eq!(story(role, dropping).0, outcome, "{role:?}, {dropping:?} of {polls}");
        }
    }
}

/// The stream and the peer at its other end.
struct Stage {
    tap: Handle,
    peer: Connection,
    /// How much of what was written the peer has heard.
    carried: usize,
    heard: Vec<Event>,
    /// What the receiver was given meanwhile.
    received: Vec<Message>,
    dropping: Dropping,
    polls: usize,
    /// Bytes that were ever queued, and whether the call that is under way has queued some.
    amount: Box<dyn Fn() -> usize>,
    queued: bool,
}

enum Step<T> {
    Done(T),
    Drop,
    Again,
}

impl Stage {
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
        let (heard, received) = (Vec::new(), Vec::new());
        let stage = Self {
            tap,
            peer,
            carried: 0,
            heard,
            received,
            dropping,
            polls: 0,
            amount: Box::new(|| 0),
            queued: false,
        };
        (stage, socket)
    }

    /// Carries what was written to the peer, and its answers back; then the stream goes on.
    fn carry(&mut self) {
        let written = self.tap.written();
        self.peer.input().put_slice(&written[self.carried..]);
        self.carried = written.len();
        self.heard.extend(std::iter::from_fn(|| self.peer.receive()));
        let answers = support::drain(&mut self.peer);
        let over = self.peer.closed().is_some();
        self.tap.get(|script| {
            script.input.extend(answers);
            script.ends = over;
        });
        self.tap.wake();
    }

    /// Polls a future once, and after it the other half.
    fn step<T>(
        &mut self,
        future: Pin<&mut impl Future<Output = T>>,
        mut other: impl FnMut(&mut Vec<Message>) -> Arc<WakeCounter>,
    ) -> Step<T> {
        let before = (self.amount)();
        let (poll, wakes) = poll_once(future);
        self.queued |= (self.amount)() > before;
        self.polls += 1;
        assert!(self.polls < 500_000, "it does not end");
        if let Poll::Ready(done) = poll {
            return Step::Done(done);
        }
        let other = other(&mut self.received);
        self.carry();
        assert!(
            wakes.count() + other.count() > 0,
            "nobody will wake it: {:?}, poll {}",
            self.dropping,
            self.polls
        );
        if self.dropping.is_due(self.polls) { Step::Drop } else { Step::Again }
    }

    /// What the peer heard: the messages, how many pings and pongs, and the code of the end.
    fn outcome(mut self) -> (Outcome, usize) {
        for _ in 0..1000 {
            self.carry();
        }
        let mut outcome = Outcome { received: self.received, ..Outcome::default() };
        for event in self.heard {
            match event {
                Event::Message(message) => outcome.heard.push(message),
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
    heard: Vec<Message>,
    pings: usize,
    pongs: usize,
    end: String,
}

/// One poll of a receiver, by a future of its own.
fn glance<S: runtime::Stream, C: Clock>(
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

/// Nobody else.
fn nobody(_: &mut Vec<Message>) -> Arc<WakeCounter> {
    Arc::default()
}

/// Makes a call, until it is done or dropped.
macro_rules! perform {
    ($stage:ident, $other:expr, $call:expr) => {{
        $stage.queued = false;
        let mut future = pin!($call);
        loop {
            match $stage.step(future.as_mut(), $other) {
                Step::Done(done) => break Some(done),
                Step::Drop => break None,
                Step::Again => {}
            }
        }
    }};
}

/// Makes a call again and again, until it is done.
macro_rules! insist {
    ($stage:ident, $other:expr, $call:expr) => {
        loop {
            if let Some(done) = perform!($stage, $other, $call) {
                break done;
            }
        }
    };
}

/// Writes a message in parts, each taken at the first poll.
macro_rules! write_in_parts {
    ($stage:ident, $other:expr, $sender:expr, [$($part:expr),*]) => {{
        let mut writer = insist!($stage, $other, $sender.writer(Kind::Text)).unwrap();
        $(
            if perform!($stage, $other, writer.write_chunk($part)).is_none() {
                insist!($stage, $other, writer.write_chunk("")).unwrap();
            }
        )*
        writer
    }};
}

/// Goes on to the end with nobody dropping anything.
macro_rules! in_peace {
    ($stage:ident, $work:expr) => {{
        let dropping = std::mem::replace(&mut $stage.dropping, Dropping::Never);
        let done = $work;
        $stage.dropping = dropping;
        done
    }};
}

/// Send, feed, flush, reserve, ping, writer, close; and recv all the while.
fn a_sender_and_a_receiver<A: Adapter>(role: Role, dropping: Dropping) -> (Outcome, usize) {
    let (mut stage, mut socket) = Stage::new::<A>(role, dropping);
    // Everybody waits for room.
    socket.set_backpressure(Backpressure { high_water_mark: 1, ..Backpressure::default() });
    stage.peer.send("one").unwrap();
    stage.peer.ping("?").unwrap();
    stage.peer.send("two").unwrap();
    let (mut sender, mut receiver) = socket.split();
    let (watch, tap) = (sender.clone(), stage.tap.clone());
    stage.amount =
        Box::new(move || watch.buffered_amount() + tap.get(|script| script.written.len()));

    for text in ["first", &"x".repeat(130), ""] {
        loop {
            match perform!(stage, |received| glance(&mut receiver, received), sender.send(text)) {
                Some(sent) => break sent.unwrap(),
                None if stage.queued => {
                    break insist!(
                        stage,
                        |received| glance(&mut receiver, received),
                        sender.flush()
                    )
                    .unwrap();
                }
                None => {}
            }
        }
    }
    loop {
        match perform!(stage, |received| glance(&mut receiver, received), sender.feed("fed")) {
            Some(fed) => break fed.unwrap(),
            None => assert!(!stage.queued, "a message that is fed is queued when it is done"),
        }
    }
    insist!(stage, |received| glance(&mut receiver, received), sender.reserve())
        .unwrap()
        .send("permitted")
        .unwrap();
    match perform!(stage, |received| glance(&mut receiver, received), sender.ping()) {
        Some(trip) => drop(trip.unwrap()),
        None => assert!(stage.queued, "at the first poll"),
    }
    // A permit that was given up is none: the writer would wait for it.
    let writer = write_in_parts!(
        stage,
        |received| glance(&mut receiver, received),
        sender,
        ["in ", "three ", "parts"]
    );
    in_peace!(stage, perform!(stage, |received| glance(&mut receiver, received), writer.finish()))
        .unwrap()
        .unwrap();
    let closed = insist!(
        stage,
        |received| glance(&mut receiver, received),
        sender.close(CloseCode::NORMAL, "bye")
    )
    .unwrap();
    assert!(closed.was_clean());
    stage.amount = Box::new(|| 0);
    let outcome = stage.outcome();
    assert_eq!(outcome.0.received, ["one".into(), "two".into()]);
    let expected =
        ["first", &*"x".repeat(130), "", "fed", "permitted", "in three parts"].map(Message::from);
    assert_eq!((&outcome.0.heard[..], outcome.0.pings, outcome.0.pongs), (&expected[..], 1, 1));
    assert!(outcome.0.end.starts_with("1000 \"bye\", clean"), "{}", outcome.0.end);
    outcome
}

/// What the receiver has to close the connection with; what still comes is thrown away.
fn the_receiver_closes<A: Adapter>(role: Role, dropping: Dropping) -> (Outcome, usize) {
    let (mut stage, socket) = Stage::new::<A>(role, dropping);
    stage.peer.send("thrown away").unwrap();
    stage.peer.ping("?").unwrap();
    let (sender, mut receiver) = socket.split();
    insist!(stage, nobody, sender.feed("fed")).unwrap();
    let closed = insist!(stage, nobody, receiver.close(CloseCode::NORMAL, "bye")).unwrap();
    assert!(closed.was_clean());
    let mut outcome = stage.outcome();
    assert_eq!(outcome.0.heard, ["fed".into()]);
    // After our Close a ping is not answered: it depends on when it is read.
    outcome.0.pongs = 0;
    outcome
}

fn a_sender_alone_closes<A: Adapter>(role: Role, dropping: Dropping) -> (Outcome, usize) {
    let (mut stage, socket) = Stage::new::<A>(role, dropping);
    stage.peer.send("thrown away").unwrap();
    let (sender, receiver) = socket.split();
    drop(receiver);
    insist!(stage, nobody, sender.feed("fed")).unwrap();
    let closed = insist!(stage, nobody, sender.close(CloseCode::NORMAL, "bye")).unwrap();
    assert!(closed.was_clean());
    let outcome = stage.outcome();
    assert_eq!(outcome.0.heard, ["fed".into()]);
    outcome
}

fn a_sender_waits_for_the_end<A: Adapter>(role: Role, dropping: Dropping) -> (Outcome, usize) {
    let (mut stage, socket) = Stage::new::<A>(role, dropping);
    stage.peer.send("last").unwrap();
    stage.peer.close(CloseCode::GOING_AWAY);
    let (sender, mut receiver) = socket.split();
    let closed =
        insist!(stage, |received| glance(&mut receiver, received), sender.until_closed()).unwrap();
    assert_eq!((closed.code(), closed.was_clean(), sender.state()), (1001, true, State::Closed));
    let outcome = stage.outcome();
    assert_eq!(outcome.0.received, ["last".into()]);
    outcome
}

/// Without halves, and with a message after it.
fn writers_of_both<A: Adapter>(role: Role, dropping: Dropping) -> (Outcome, usize) {
    let (mut stage, mut socket) = Stage::new::<A>(role, dropping);
    socket.set_backpressure(Backpressure { high_water_mark: 1, ..Backpressure::default() });
    let long = "x".repeat(100);
    let writer = write_in_parts!(stage, nobody, socket, ["\u{e9}", long.clone(), "", "end"]);
    in_peace!(stage, perform!(stage, nobody, writer.finish())).unwrap().unwrap();
    drop(insist!(stage, nobody, socket.writer(Kind::Text)).unwrap());
    in_peace!(stage, perform!(stage, nobody, socket.send("next"))).unwrap().unwrap();
    insist!(stage, nobody, socket.close(CloseCode::NORMAL, "bye")).unwrap();
    let outcome = stage.outcome();
    assert_eq!(outcome.0.heard, [format!("\u{e9}{long}end").into(), "next".into()]);
    outcome
}

/// A message that was not finished is broken off; one that was is whole, whoever was dropped then.
fn a_writer_that_finishes<A: Adapter>(role: Role, dropping: Dropping) -> ((), usize) {
    let (mut stage, mut socket) = Stage::new::<A>(role, dropping);
    socket.set_backpressure(Backpressure { high_water_mark: 1, ..Backpressure::default() });
    let mut writer =
        in_peace!(stage, perform!(stage, nobody, socket.writer(Kind::Text))).unwrap().unwrap();
    stage.tap.get(|script| script.write_size = 20_000);
    let long = "x".repeat(200_000);
    // Of both, a frame's worth waits in the connection, and there is no room for more.
    assert!(poll_once(pin!(writer.write_chunk(long.clone()))).0.is_pending());
    assert!(poll_once(pin!(writer.write_chunk("all of it"))).0.is_pending());
    let finished = perform!(stage, nobody, writer.finish());
    assert!(finished.is_some() || dropping != Dropping::Never);
    let whole = socket.state() == State::Open;
    assert!(whole || finished.is_none());
    let closed = in_peace!(stage, perform!(stage, nobody, socket.close(CloseCode::NORMAL, "bye")))
        .unwrap()
        .unwrap();
    assert!(closed.was_clean());
    let (outcome, polls) = stage.outcome();
    assert_eq!(outcome.heard, if whole { vec![Message::from(long + "all of it")] } else { vec![] });
    let code = if whole { "1000" } else { "1011" };
    assert!(outcome.end.starts_with(code), "{}", outcome.end);
    assert!(dropping != Dropping::Always || !whole, "it waited for room");
    ((), polls)
}
