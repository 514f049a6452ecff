//! A connection that receives much does not look at the time for every message, and misses nothing
//! by that: where its clock can tell that it is still asleep, as tokio's can.
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
use sansocket::{CloseCode, Config, Connection, Error, TimedOut, Timeouts};
use support::Chunking;
use support::stream_pair as pair;
use support::wakes::WakeCounter;
use tokio::io::{AsyncRead, ReadBuf};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// An empty text, masked.
const EMPTY: [u8; 6] = [0x81, 0x80, 0, 0, 0, 0];

/// A clock that counts who looks and how often it is set, and can tell that it is asleep.
#[derive(Clone)]
struct Watched {
    clock: ManualClock,
    looks: Arc<AtomicUsize>,
    alarms: Arc<AtomicUsize>,
    set: Option<Duration>,
}

impl Clock for Watched {
    fn now(&self) -> Duration {
        self.looks.fetch_add(1, Ordering::SeqCst);
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

struct Story {
    clock: ManualClock,
    looks: Arc<AtomicUsize>,
    alarms: Arc<AtomicUsize>,
    task: Arc<WakeCounter>,
    peer: TestStream,
    socket: WebSocket<TokioStream<TestStream>, Watched>,
}

impl Story {
    fn new(timeouts: Timeouts) -> Self {
        let (clock, looks, alarms) = (ManualClock::new(), Arc::default(), Arc::default());
        let (peer, end) = pair(Chunking::Whole);
        let watched = Watched {
            clock: clock.clone(),
            looks: Arc::clone(&looks),
            alarms: Arc::clone(&alarms),
            set: None,
        };
        let socket = WebSocket::from_parts(
            TokioStream(end),
            watched,
            Connection::server(Config::new()),
            timeouts,
        );
        let mut story = Self { clock, looks, alarms, task: Arc::default(), peer, socket };
        assert_eq!(story.receive(), None);
        story
    }

    /// Receives what there is; tells what was too late.
    fn receive(&mut self) -> Option<TimedOut> {
        let waker = Waker::from(Arc::clone(&self.task));
        loop {
            match pin!(self.socket.recv()).poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(Ok(message)) => assert!(message.is_some()),
                Poll::Ready(Err(Error::TimedOut(what))) => return Some(what),
                Poll::Ready(Err(error)) => panic!("{error}"),
                Poll::Pending => return None,
            }
        }
    }

    /// Lets so many milliseconds pass, in each of which the task is run if something woke it.
    fn pass(&mut self, milliseconds: usize) -> Option<TimedOut> {
        (0..milliseconds).find_map(|_| {
            self.clock.advance(MILLISECOND);
            if self.task.take() == 0 { None } else { self.receive() }
        })
    }

    /// Receives a message each so many milliseconds, so often.
    fn busy(&mut self, times: usize, milliseconds: usize) {
        for _ in 0..times {
            self.peer.write_all(&EMPTY).unwrap();
            assert_eq!(self.pass(milliseconds), None);
        }
    }

    /// Whether the peer has got a ping since it looked last.
    fn got_ping(&mut self) -> bool {
        let mut got = [0; 64];
        let mut got = ReadBuf::new(&mut got);
        let _ =
            Pin::new(&mut self.peer).poll_read(&mut Context::from_waker(Waker::noop()), &mut got);
        got.filled().contains(&0x89)
    }
}

#[test]
fn a_busy_connection_rarely_looks_at_the_time() {
    let mut story = Story::new(Timeouts::default());
    story.busy(10, 10);
    story.looks.store(0, Ordering::SeqCst);
    story.busy(3000, 10);
    let looks = story.looks.load(Ordering::SeqCst);
    assert!((12..=48).contains(&looks), "{looks} in 30 s");
    assert!(!story.got_ping());
}

/// It would have to be woken too often for that.
#[test]
fn an_unhurried_connection_looks_each_time_and_is_woken_as_rarely_as_ever() {
    for (times, milliseconds) in [(600, 100), (60, 1000), (6, 9000)] {
        let mut story = Story::new(Timeouts::default());
        story.busy(times, milliseconds);
        let alarms = story.alarms.load(Ordering::SeqCst);
        assert!(alarms <= 5, "every {milliseconds} ms: {alarms} in a minute");
    }
}

#[test]
fn silence_is_noticed_by_who_was_not_there_when_it_began() {
    let mut story = Story::new(Timeouts::default());
    story.busy(1000, 10);
    story.clock.advance(19 * SECOND);
    assert_eq!(story.receive(), None);
    assert!(!story.got_ping());
    story.task.take();
    assert_eq!(story.pass(3_500), None);
    assert!(story.got_ping());
}

/// Whatever came last, at whatever time before the alarm or at the same as it.
#[test]
fn silence_is_noticed_at_most_an_eighth_later() {
    for milliseconds in [1, 7, 100, 500, 1250, 2500, 2501, 9999] {
        let mut story = Story::new(Timeouts::default());
        story.busy(40_000_usize.div_ceil(milliseconds), milliseconds);
        assert_eq!(story.pass(20_000 - milliseconds - 1), None);
        assert!(!story.got_ping(), "every {milliseconds} ms: it has not been silent for so long");
        assert_eq!(story.pass(2_502), None);
        assert!(story.got_ping(), "every {milliseconds} ms");
        assert_eq!(story.pass(20_000), Some(TimedOut::KeepAlive), "every {milliseconds} ms");
    }
}

#[test]
fn what_is_due_sooner_is_on_time() {
    let second = Some(SECOND);

    let mut story = Story::new(Timeouts { close: second, ..Timeouts::default() });
    story.busy(100, 10);
    assert!(
        pin!(story.socket.start_close(CloseCode::NORMAL, ""))
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    );
    story.peer.write_all(&EMPTY).unwrap();
    assert_eq!(story.receive(), None);
    assert_eq!(story.pass(999), None);
    assert_eq!(story.pass(1), Some(TimedOut::Close));

    let mut story = Story::new(Timeouts { pong: second, ..Timeouts::default() });
    story.busy(100, 10);
    assert!(
        pin!(story.socket.start_ping()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    );
    assert_eq!(story.receive(), None);
    assert_eq!(story.pass(999), None);
    assert_eq!(story.pass(1), Some(TimedOut::KeepAlive));

    for idle in [60, 1000] {
        let mut story =
            Story::new(Timeouts { idle: Some(idle * MILLISECOND), ..Timeouts::default() });
        story.busy(100, 10);
        assert_eq!(story.pass(idle as usize - 10), None);
        assert_eq!(story.pass(1), Some(TimedOut::Idle));
    }

    let mut story = Story::new(Timeouts { write: second, ..Timeouts::default() });
    story.busy(100, 10);
    story.peer.wire().set_capacity(0);
    let waker = Waker::from(Arc::clone(&story.task));
    let mut sending = pin!(story.socket.send("x"));
    let mut poll = || sending.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(poll().is_pending());
    story.clock.advance(999 * MILLISECOND);
    assert!(poll().is_pending());
    story.task.take();
    story.clock.advance(MILLISECOND);
    assert_eq!(story.task.count(), 1, "it is woken");
    assert!(matches!(poll(), Poll::Ready(Err(Error::TimedOut(TimedOut::Write)))));
}

#[test]
fn another_task_that_goes_on_is_woken() {
    let mut story = Story::new(Timeouts::default());
    story.busy(100, 10);
    story.task = Arc::default();
    story.peer.write_all(&EMPTY).unwrap();
    assert_eq!(story.receive(), None);
    assert_eq!(story.pass(22_500), None);
    assert!(story.got_ping());
}

#[tokio::test(start_paused = true)]
async fn tokio_notices_silence_too() {
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
            if let Err(error) = socket.recv().await {
                return error;
            }
        }
    };
    let listening = tokio::time::timeout(100 * SECOND, receiving);
    let (lost, ()) = tokio::join!(listening, talking);
    assert!(matches!(lost, Ok(Error::TimedOut(TimedOut::KeepAlive))), "{lost:?}");
    assert!((44_990..=47_500).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
}
