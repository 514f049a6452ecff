//! A busy connection does not read the clock for every message, and still meets its deadlines, if
//! its clock implements `alarm_is_pending`, as tokio's does.
#![cfg(all(feature = "tokio", feature = "testing"))]

use std::io::Write;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sansocket::runtime::{Clock, WebSocket};
use sansocket::testing::{ManualClock, TestStream};
use sansocket::tokio::{TokioClock, TokioStream};
use sansocket::{CloseCode, Config, Connection, Error, State, TimedOut, Timeouts};
use support::Chunking;
use support::stream_pair as pair;
use support::wakes::WakeCounter;
use tokio::io::{AsyncRead, ReadBuf};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// An empty text, masked.
const EMPTY: [u8; 6] = [0x81, 0x80, 0, 0, 0, 0];

/// A clock that counts its reads and alarms, and implements `alarm_is_pending`.
#[derive(Clone)]
struct CountingClock {
    clock: ManualClock,
    clock_reads: Arc<AtomicUsize>,
    alarms: Arc<AtomicUsize>,
    set: Option<Duration>,
}

impl Clock for CountingClock {
    fn now(&self) -> Duration {
        self.clock_reads.fetch_add(1, Ordering::SeqCst);
        self.clock.now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Duration) -> Poll<()> {
        self.alarms.fetch_add(1, Ordering::SeqCst);
        self.set = Some(deadline);
        self.clock.poll_until(cx, deadline)
    }

    fn alarm_is_pending(&self) -> bool {
        self.set.is_some_and(|deadline| self.clock.now() < deadline)
    }
}

struct Fixture {
    clock: ManualClock,
    clock_reads: Arc<AtomicUsize>,
    alarms: Arc<AtomicUsize>,
    task: Arc<WakeCounter>,
    peer: TestStream,
    socket: WebSocket<TokioStream<TestStream>, CountingClock>,
}

impl Fixture {
    fn new(timeouts: Timeouts) -> Self {
        let (clock, clock_reads, alarms) = (ManualClock::new(), Arc::default(), Arc::default());
        let (peer, end) = pair(Chunking::Whole);
        let counting = CountingClock {
            clock: clock.clone(),
            clock_reads: Arc::clone(&clock_reads),
            alarms: Arc::clone(&alarms),
            set: None,
        };
        let socket = WebSocket::from_parts(
            TokioStream(end),
            counting,
            Connection::server(Config::new()),
            timeouts,
        );
        let mut fixture = Self { clock, clock_reads, alarms, task: Arc::default(), peer, socket };
        assert_eq!(fixture.receive(), None);
        fixture
    }

    /// Receives until `recv` is pending, and echoes while the connection is open; returns the
    /// timeout, if one expired.
    fn receive(&mut self) -> Option<TimedOut> {
        let waker = Waker::from(Arc::clone(&self.task));
        loop {
            let received = pin!(self.socket.recv()).poll(&mut Context::from_waker(&waker));
            match received {
                Poll::Ready(Ok(message)) => {
                    let message = message.expect("the peer does not close");
                    if self.socket.state() == State::Open {
                        self.socket.try_send(message).unwrap();
                    }
                }
                Poll::Ready(Err(Error::TimedOut(what))) => return Some(what),
                Poll::Ready(Err(error)) => panic!("{error}"),
                Poll::Pending => return None,
            }
        }
    }

    /// Advances the clock one millisecond at a time and polls the task after each wake-up.
    fn pass(&mut self, milliseconds: usize) -> Option<TimedOut> {
        (0..milliseconds).find_map(|_| {
            self.clock.advance(MILLISECOND);
            if self.task.take() == 0 { None } else { self.receive() }
        })
    }

    /// Receives `times` messages, one every `milliseconds`.
    fn busy(&mut self, times: usize, milliseconds: usize) {
        for _ in 0..times {
            self.peer.write_all(&EMPTY).unwrap();
            assert_eq!(self.pass(milliseconds), None);
        }
    }

    /// Whether the peer received a ping since the last call.
    fn got_ping(&mut self) -> bool {
        let (mut pinged, mut cx) = (false, Context::from_waker(Waker::noop()));
        loop {
            let mut got = [0; 1024];
            let mut got = ReadBuf::new(&mut got);
            if Pin::new(&mut self.peer).poll_read(&mut cx, &mut got).is_pending() {
                return pinged;
            }
            pinged |= got.filled().contains(&0x89);
        }
    }
}

#[test]
fn busy_connection_reads_the_clock_at_most_48_times_in_30_s() {
    let mut fixture = Fixture::new(Timeouts::default());
    fixture.busy(10, 10);
    fixture.clock_reads.store(0, Ordering::SeqCst);
    fixture.busy(3000, 10);
    let clock_reads = fixture.clock_reads.load(Ordering::SeqCst);
    assert!((12..=48).contains(&clock_reads), "{clock_reads} in 30 s");
    assert!(!fixture.got_ping());
}

/// At this rate skipping clock reads would need extra wake-ups.
#[test]
fn connection_with_messages_100_ms_or_more_apart_sets_at_most_five_alarms_a_minute() {
    for (times, milliseconds) in [(600, 100), (60, 1000), (6, 9000)] {
        let mut fixture = Fixture::new(Timeouts::default());
        fixture.busy(times, milliseconds);
        let alarms = fixture.alarms.load(Ordering::SeqCst);
        assert!(alarms <= 5, "every {milliseconds} ms: {alarms} in a minute");
    }
}

#[test]
fn silence_during_a_clock_jump_of_19_s_is_pinged_within_3500_ms() {
    let mut fixture = Fixture::new(Timeouts::default());
    fixture.busy(1000, 10);
    fixture.clock.advance(19 * SECOND);
    assert_eq!(fixture.receive(), None);
    assert!(!fixture.got_ping());
    fixture.task.take();
    assert_eq!(fixture.pass(3_500), None);
    assert!(fixture.got_ping());
}

/// For any distance between the last message and the pending alarm.
#[test]
fn keep_alive_ping_is_at_most_an_eighth_late() {
    for milliseconds in [1, 7, 100, 500, 1250, 2500, 2501, 9999] {
        let mut fixture = Fixture::new(Timeouts { pong: Some(20 * SECOND), ..Timeouts::default() });
        fixture.busy(40_000_usize.div_ceil(milliseconds), milliseconds);
        assert_eq!(fixture.pass(20_000 - milliseconds - 1), None);
        assert!(!fixture.got_ping(), "every {milliseconds} ms: the ping is early");
        assert_eq!(fixture.pass(2_502), None);
        assert!(fixture.got_ping(), "every {milliseconds} ms");
        assert_eq!(fixture.pass(20_000), Some(TimedOut::KeepAlive), "every {milliseconds} ms");
    }
}

/// Between messages the clock is not read, so the beginning of one is noticed that much later.
#[test]
fn message_timeout_is_at_most_an_eighth_of_the_ping_late() {
    for milliseconds in [1, 7, 100, 1250, 2501] {
        let message = Some(10 * SECOND);
        let mut fixture = Fixture::new(Timeouts { message, ..Timeouts::default() });
        fixture.busy(5_000_usize.div_ceil(milliseconds), milliseconds);
        fixture.peer.write_all(&[0x01, 0x81, 0, 0, 0, 0, b'a']).unwrap();
        assert_eq!(fixture.receive(), None);
        assert_eq!(fixture.pass(9_999), None, "every {milliseconds} ms");
        assert_eq!(fixture.pass(2_502), Some(TimedOut::Message), "every {milliseconds} ms");
    }
}

#[test]
fn close_pong_idle_and_write_deadlines_are_exact_on_a_busy_connection() {
    let second = Some(SECOND);

    let mut fixture = Fixture::new(Timeouts { close: second, ..Timeouts::default() });
    fixture.busy(100, 10);
    assert!(
        pin!(fixture.socket.start_close(CloseCode::NORMAL, ""))
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    );
    fixture.peer.write_all(&EMPTY).unwrap();
    assert_eq!(fixture.receive(), None);
    assert_eq!(fixture.pass(999), None);
    assert_eq!(fixture.pass(1), Some(TimedOut::Close));

    let mut fixture = Fixture::new(Timeouts { pong: second, ..Timeouts::default() });
    fixture.busy(100, 10);
    assert!(
        pin!(fixture.socket.start_ping()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    );
    assert_eq!(fixture.receive(), None);
    assert_eq!(fixture.pass(999), None);
    assert_eq!(fixture.pass(1), Some(TimedOut::KeepAlive));

    for idle in [60, 1000] {
        let mut fixture =
            Fixture::new(Timeouts { idle: Some(idle * MILLISECOND), ..Timeouts::default() });
        fixture.busy(100, 10);
        assert_eq!(fixture.pass(idle as usize - 10), None);
        assert_eq!(fixture.pass(1), Some(TimedOut::Idle));
    }

    let mut fixture = Fixture::new(Timeouts { write: second, ..Timeouts::default() });
    fixture.busy(100, 10);
    fixture.peer.wire().set_capacity(0);
    let waker = Waker::from(Arc::clone(&fixture.task));
    let mut sending = pin!(fixture.socket.send("x"));
    let mut poll = || sending.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(poll().is_pending());
    fixture.clock.advance(999 * MILLISECOND);
    assert!(poll().is_pending());
    fixture.task.take();
    fixture.clock.advance(MILLISECOND);
    assert_eq!(fixture.task.count(), 1, "the write deadline wakes the task");
    assert!(matches!(poll(), Poll::Ready(Err(Error::TimedOut(TimedOut::Write)))));
}

#[test]
fn keep_alive_wakes_the_task_that_received_last() {
    let mut fixture = Fixture::new(Timeouts::default());
    fixture.busy(100, 10);
    fixture.task = Arc::default();
    fixture.peer.write_all(&EMPTY).unwrap();
    assert_eq!(fixture.receive(), None);
    assert_eq!(fixture.pass(22_500), None);
    assert!(fixture.got_ping());
}

#[tokio::test(start_paused = true)]
async fn tokio_clock_times_out_a_silent_peer_after_a_busy_phase() {
    let (mut peer, end) = pair(Chunking::Whole);
    let connection = Connection::server(Config::new());
    let mut socket =
        WebSocket::from_parts(TokioStream(end), TokioClock::new(), connection, Timeouts::default());
    let begun = tokio::time::Instant::now();
    let talking = async {
        for _ in 0..500 {
            peer.write_all(&EMPTY).unwrap();
            tokio::time::sleep(10 * MILLISECOND).await;
        }
    };
    let receiving = async {
        loop {
            match socket.recv().await {
                Ok(message) => socket.send(message.unwrap()).await.unwrap(),
                Err(error) => return error,
            }
        }
    };
    let listening = tokio::time::timeout(1000 * SECOND, receiving);
    let (lost, ()) = tokio::join!(listening, talking);
    assert!(matches!(lost, Ok(Error::TimedOut(TimedOut::KeepAlive))), "{lost:?}");
    assert!((144_990..=147_500).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
}
