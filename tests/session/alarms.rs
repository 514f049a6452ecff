//! When the adapter calls `Clock::poll_until`: once while the deadline only moves later, and again
//! for an earlier deadline or another task's waker.
#![cfg(all(feature = "tokio", feature = "testing"))]

use std::io::{self, IoSlice, Write};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sansocket::runtime::{Clock, Stream, WebSocket};
use sansocket::testing::{ManualClock, TestStream};
use sansocket::tokio::{TokioClock, TokioStream};
use sansocket::{CloseCode, Config, Connection, Error, TimedOut, Timeouts};
use support::Chunking;
use support::stream_pair as pair;
use support::wakes::WakeCounter;

const SECOND: Duration = Duration::from_secs(1);

/// An empty text, masked.
const EMPTY: [u8; 6] = [0x81, 0x80, 0, 0, 0, 0];

/// A clock that records the deadlines passed to `poll_until`.
#[derive(Clone)]
struct RecordingClock(ManualClock, Arc<Mutex<Vec<Duration>>>);

impl Clock for RecordingClock {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Duration) -> Poll<()> {
        self.1.lock().unwrap().push(deadline);
        self.0.poll_until(cx, deadline)
    }
}

struct Fixture {
    clock: ManualClock,
    deadlines: Arc<Mutex<Vec<Duration>>>,
    peer: TestStream,
    socket: WebSocket<TokioStream<TestStream>, RecordingClock>,
}

impl Fixture {
    fn new() -> Self {
        let (clock, deadlines) = (ManualClock::new(), Arc::default());
        let (peer, end) = pair(Chunking::Whole);
        let recording = RecordingClock(clock.clone(), Arc::clone(&deadlines));
        let connection = Connection::server(Config::new());
        Self {
            clock,
            deadlines,
            peer,
            socket: WebSocket::from_parts(
                TokioStream(end),
                recording,
                connection,
                Timeouts::default(),
            ),
        }
    }

    /// Receives until `recv` is pending, with the waker of `task`.
    fn wait(&mut self, task: &Arc<WakeCounter>) {
        let waker = Waker::from(Arc::clone(task));
        while pin!(self.socket.recv()).poll(&mut Context::from_waker(&waker)).is_ready() {}
    }

    /// Sends an empty text, which is written at once.
    fn send(&mut self, task: &Arc<WakeCounter>) {
        let waker = Waker::from(Arc::clone(task));
        let sent = pin!(self.socket.send("")).poll(&mut Context::from_waker(&waker));
        assert!(matches!(sent, Poll::Ready(Ok(()))), "{sent:?}");
    }

    /// Drains the recorded deadlines, in seconds.
    fn deadlines(&self) -> Vec<u64> {
        self.deadlines.lock().unwrap().drain(..).map(|deadline| deadline.as_secs()).collect()
    }
}

#[test]
fn alarm_is_set_once_and_again_after_a_wake_before_the_moved_deadline() {
    let (mut fixture, task) = (Fixture::new(), Arc::default());
    for _ in 0..19 {
        fixture.peer.write_all(&EMPTY).unwrap();
        fixture.wait(&task);
        fixture.send(&task);
        fixture.clock.advance(SECOND);
    }
    assert_eq!(fixture.deadlines(), [20]);
    // The last bytes were received and written at 18 s.
    fixture.clock.advance(SECOND);
    fixture.wait(&task);
    assert_eq!(fixture.deadlines(), [38]);
}

#[test]
fn earlier_deadline_replaces_the_pending_alarm() {
    let (mut fixture, task) = (Fixture::new(), Arc::default());
    fixture.wait(&task);
    assert_eq!(fixture.deadlines(), [20]);
    let waker = Waker::from(Arc::clone(&task));
    let closing = pin!(fixture.socket.start_close(CloseCode::NORMAL, ""))
        .poll(&mut Context::from_waker(&waker));
    assert!(closing.is_ready());
    fixture.wait(&task);
    assert_eq!(fixture.deadlines(), [5]);
}

/// A timer with millisecond resolution can wake the task that early.
#[test]
fn alarm_is_set_again_after_a_wake_300_us_early() {
    let (mut fixture, task) = (Fixture::new(), Arc::default());
    fixture.wait(&task);
    fixture.clock.advance(20 * SECOND - Duration::from_micros(300));
    fixture.wait(&task);
    assert_eq!(fixture.deadlines(), [20, 20]);
}

#[test]
fn later_deadline_does_not_replace_the_pending_alarm() {
    let (mut fixture, task) = (Fixture::new(), Arc::default());
    fixture.wait(&task);
    fixture.peer.wire().set_capacity(0);
    let waker = Waker::from(Arc::clone(&task));
    // The write deadline is at 120 s.
    assert!(pin!(fixture.socket.send("x")).poll(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(fixture.deadlines(), [20]);
}

#[test]
fn alarm_is_set_again_for_the_waker_of_another_task() {
    let (mut fixture, task, other) =
        (Fixture::new(), Arc::default(), Arc::<WakeCounter>::default());
    fixture.wait(&task);
    fixture.peer.write_all(&EMPTY).unwrap();
    fixture.clock.advance(SECOND);
    fixture.send(&other);
    fixture.wait(&other);
    // The alarm is as early; only the waker differs.
    assert_eq!(fixture.deadlines(), [20, 20]);
    fixture.clock.advance(19 * SECOND);
    let woken = other.take();
    assert!(woken > 0, "the clock woke the waiting task");
    fixture.wait(&other);
    fixture.clock.advance(SECOND);
    assert!(other.count() > 0, "and again, at the new deadline");
}

#[test]
fn ping_of_the_sender_wakes_the_receiver_which_times_out_after_pong() {
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
    assert_eq!(task.take(), 1, "the receiver must register the pong deadline");
    assert!(receive().is_pending());
    clock.advance(SECOND);
    assert_eq!(task.count(), 1);
    assert!(matches!(receive(), Poll::Ready(Err(Error::TimedOut(TimedOut::KeepAlive)))));
}

/// Without coop budget tokio's timer returns `Pending` and registers nothing: the adapter must not
/// take that for a pending alarm.
#[tokio::test(start_paused = true)]
async fn task_without_tokio_coop_budget_still_gets_its_alarm() {
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
    let lost = tokio::time::timeout(Duration::from_secs(1000), receiving)
        .await
        .expect("the clock wakes the task");
    assert!(matches!(lost, Err(Error::TimedOut(TimedOut::KeepAlive))), "{lost:?}");
    assert_eq!(begun.elapsed().as_secs(), 140);
}

/// A peer that sends without end, and never reads.
struct Flood;

impl Stream for Flood {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        buffer[..EMPTY.len()].copy_from_slice(&EMPTY);
        Poll::Ready(Ok(EMPTY.len()))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[test]
fn a_peer_that_always_has_bytes_does_not_suspend_the_write_timeout() {
    let (clock, connection) = (ManualClock::new(), Connection::server(Config::new()));
    let timeouts = Timeouts { write: Some(30 * SECOND), ..Timeouts::default() };
    let mut socket = WebSocket::from_parts(Flood, clock.clone(), connection, timeouts);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(pin!(socket.send("x")).poll(&mut cx).is_pending());
    let mut receive_many = || {
        for _ in 0..100 {
            if let Poll::Ready(received) = pin!(socket.recv()).poll(&mut cx) {
                received?;
            }
        }
        Ok(())
    };
    receive_many().unwrap();
    clock.advance(30 * SECOND - Duration::from_nanos(1));
    receive_many().unwrap();
    clock.advance(SECOND);
    assert!(matches!(receive_many(), Err(Error::TimedOut(TimedOut::Write))));
    // Its time begins anew.
    receive_many().unwrap();
}
