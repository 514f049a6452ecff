//! When a clock is told to wake a task: once, though the deadline moves on, and again for another
//! task.
#![cfg(all(feature = "tokio", feature = "testing"))]

use std::io::Write;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sansocket::runtime::{Clock, WebSocket};
use sansocket::testing::{ManualClock, TestStream};
use sansocket::tokio::{TokioClock, TokioStream};
use sansocket::{CloseCode, Config, Connection, Error, TimedOut, Timeouts};
use support::Chunking;
use support::stream_pair as pair;
use support::wakes::WakeCounter;

const SECOND: Duration = Duration::from_secs(1);

/// An empty text, masked.
const EMPTY: [u8; 6] = [0x81, 0x80, 0, 0, 0, 0];

/// A clock that remembers what it was told.
#[derive(Clone)]
struct Remembering(ManualClock, Arc<Mutex<Vec<Duration>>>);

impl Clock for Remembering {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Duration) -> Poll<()> {
        self.1.lock().unwrap().push(deadline);
        self.0.poll_until(cx, deadline)
    }
}

struct Story {
    clock: ManualClock,
    told: Arc<Mutex<Vec<Duration>>>,
    peer: TestStream,
    socket: WebSocket<TokioStream<TestStream>, Remembering>,
}

impl Story {
    fn new() -> Self {
        let (clock, told) = (ManualClock::new(), Arc::default());
        let (peer, end) = pair(Chunking::Whole);
        let remembering = Remembering(clock.clone(), Arc::clone(&told));
        let connection = Connection::server(Config::new());
        Self {
            clock,
            told,
            peer,
            socket: WebSocket::from_parts(
                TokioStream(end),
                remembering,
                connection,
                Timeouts::default(),
            ),
        }
    }

    /// Receives until there is nothing, for such a task.
    fn wait(&mut self, task: &Arc<WakeCounter>) {
        let waker = Waker::from(Arc::clone(task));
        while pin!(self.socket.recv()).poll(&mut Context::from_waker(&waker)).is_ready() {}
    }

    /// When the clock was told to wake somebody, since this was asked last.
    fn told(&self) -> Vec<u64> {
        self.told.lock().unwrap().drain(..).map(|deadline| deadline.as_secs()).collect()
    }
}

#[test]
fn a_clock_is_told_once_and_again_when_it_woke_the_task_too_early() {
    let (mut story, task) = (Story::new(), Arc::default());
    for _ in 0..19 {
        story.peer.write_all(&EMPTY).unwrap();
        story.wait(&task);
        story.clock.advance(SECOND);
    }
    assert_eq!(story.told(), [20]);
    // The last byte came at 18.
    story.clock.advance(SECOND);
    story.wait(&task);
    assert_eq!(story.told(), [38]);
}

#[test]
fn a_clock_is_told_of_an_earlier_deadline() {
    let (mut story, task) = (Story::new(), Arc::default());
    story.wait(&task);
    assert_eq!(story.told(), [20]);
    let waker = Waker::from(Arc::clone(&task));
    let closing = pin!(story.socket.start_close(CloseCode::NORMAL, ""))
        .poll(&mut Context::from_waker(&waker));
    assert!(closing.is_ready());
    story.wait(&task);
    assert_eq!(story.told(), [5]);
}

/// As those do that count in whole milliseconds.
#[test]
fn a_clock_that_wakes_too_early_is_asked_again() {
    let (mut story, task) = (Story::new(), Arc::default());
    story.wait(&task);
    story.clock.advance(20 * SECOND - Duration::from_micros(300));
    story.wait(&task);
    assert_eq!(story.told(), [20, 20]);
}

#[test]
fn a_later_deadline_does_not_replace_an_earlier_one() {
    let (mut story, task) = (Story::new(), Arc::default());
    story.wait(&task);
    story.peer.wire().set_capacity(0);
    let waker = Waker::from(Arc::clone(&task));
    // It would be given up at 30.
    assert!(pin!(story.socket.send("x")).poll(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(story.told(), [20]);
}

#[test]
fn another_task_is_woken_in_time() {
    let (mut story, task, other) = (Story::new(), Arc::default(), Arc::<WakeCounter>::default());
    story.wait(&task);
    story.peer.write_all(&EMPTY).unwrap();
    story.clock.advance(SECOND);
    story.wait(&other);
    // The same alarm: it is early for the new deadline, as it was for the first task.
    assert_eq!(story.told(), [20, 20]);
    story.clock.advance(19 * SECOND);
    let woken = other.take();
    assert!(woken > 0, "the clock woke the task that waits");
    story.wait(&other);
    story.clock.advance(SECOND);
    assert!(other.count() > 0, "and again, at the new deadline");
}

#[test]
fn a_ping_of_the_other_half_goes_unanswered_in_time() {
    let (clock, task, (_silent, end)) =
        (ManualClock::new(), Arc::<WakeCounter>::default(), pair(Chunking::Whole));
    let timeouts =
        Timeouts { ping: Some(Duration::MAX), pong: Some(SECOND), ..Timeouts::default() };
    let socket = WebSocket::from_parts(
        TokioStream(end),
        clock.clone(),
        Connection::server(Config::new()),
        timeouts,
    );
    let (sender, mut receiver) = socket.split();
    let waker = Waker::from(Arc::clone(&task));
    let mut receiving = pin!(receiver.recv());
    let mut receive = || receiving.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(receive().is_pending());
    assert!(pin!(sender.start_ping()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    assert_eq!(task.take(), 1, "whoever receives has something to wait for");
    assert!(receive().is_pending());
    clock.advance(SECOND);
    assert_eq!(task.count(), 1);
    assert!(matches!(receive(), Poll::Ready(Err(Error::TimedOut(TimedOut::KeepAlive)))));
}

/// A task that has done much is made to wait by tokio, whatever it polls: that must not be taken
/// for an alarm that is set.
#[tokio::test(start_paused = true)]
async fn a_task_that_has_done_much_is_woken_in_time() {
    let (_silent, end) = pair(Chunking::Whole);
    let connection = Connection::server(Config::new());
    let mut socket =
        WebSocket::from_parts(TokioStream(end), TokioClock::new(), connection, Timeouts::default());
    let begun = tokio::time::Instant::now();
    let mut receiving = pin!(socket.recv());
    std::future::poll_fn(|cx| {
        while pin!(tokio::task::consume_budget()).poll(cx).is_ready() {}
        let waiting = receiving.as_mut().poll(cx);
        assert!(waiting.is_pending());
        Poll::Ready(())
    })
    .await;
    let lost =
        tokio::time::timeout(Duration::from_secs(100), receiving).await.expect("somebody wakes it");
    assert!(matches!(lost, Err(Error::TimedOut(TimedOut::KeepAlive))), "{lost:?}");
    assert_eq!(begun.elapsed().as_secs(), 40);
}
