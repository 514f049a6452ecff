//! Both async adapters, for stories that are the same in each, on clocks that only a test moves.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::panic)]

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use sansocket::asynchronous::{self, Clock, WebSocket};
use sansocket::futures::{self, FuturesIo};
use sansocket::testing::{Chunking, End, ManualClock, pair};
use sansocket::tokio::{TokioClock, TokioIo};
use sansocket::{ClientRequest, Config, Connection, Error, Timeouts};

pub fn request() -> ClientRequest {
    ClientRequest::new("ws://test/").unwrap()
}

/// Makes a test of each story for each adapter.
macro_rules! in_both_adapters {
    ($($story:ident)*) => {
        mod over_tokio {
            $(#[tokio::test(start_paused = true)]
            async fn $story() {
                super::$story(&super::clocks::OnTokio).await;
            })*
        }

        mod over_futures_io {
            $(#[test]
            fn $story() {
                let clock = sansocket::testing::ManualClock::new();
                super::clocks::wind(&clock, super::$story(&super::clocks::OnFutures(clock.clone())));
            })*
        }
    };
}

pub(crate) use in_both_adapters;

pub trait Adapter {
    type Io: asynchronous::Stream + 'static;
    type Clock: Clock + Clone + 'static;

    fn clock(&self) -> Self::Clock;
    fn open(&self, end: End, connection: Connection, timeouts: Timeouts) -> WebSocket<Self::Io, Self::Clock>;
    async fn accept(&self, end: End) -> Result<(), Error>;
    async fn connect_over(&self, end: End) -> Result<(), Error>;
    fn clocked<S: asynchronous::Stream>(&self, stream: S, connection: Connection) -> WebSocket<S, Self::Clock> {
        WebSocket::from_parts(stream, self.clock(), connection, Timeouts::default())
    }

    /// A server's connection, and the other end.
    fn server(&self, timeouts: Timeouts) -> (End, WebSocket<Self::Io, Self::Clock>) {
        let (peer, end) = pair(Chunking::Whole);
        (peer, self.open(end, Connection::server(Config::new()), timeouts))
    }
}

pub struct OnTokio;

impl Adapter for OnTokio {
    type Io = TokioIo<End>;
    type Clock = TokioClock;

    fn clock(&self) -> TokioClock {
        TokioClock::new()
    }

    fn open(&self, end: End, connection: Connection, timeouts: Timeouts) -> WebSocket<Self::Io, Self::Clock> {
        WebSocket::from_parts(TokioIo(end), self.clock(), connection, timeouts)
    }

    async fn accept(&self, end: End) -> Result<(), Error> {
        sansocket::tokio::accept(end).await.map(drop)
    }

    async fn connect_over(&self, end: End) -> Result<(), Error> {
        sansocket::tokio::connect_over(end, &request()).await.map(drop)
    }
}

pub struct OnFutures(pub ManualClock);

impl Adapter for OnFutures {
    type Io = FuturesIo<End>;
    type Clock = ManualClock;

    fn clock(&self) -> ManualClock {
        self.0.clone()
    }

    fn open(&self, end: End, connection: Connection, timeouts: Timeouts) -> WebSocket<Self::Io, Self::Clock> {
        WebSocket::from_parts(FuturesIo(end), self.clock(), connection, timeouts)
    }

    async fn accept(&self, end: End) -> Result<(), Error> {
        futures::accept(end, self.clock()).await.map(drop)
    }

    async fn connect_over(&self, end: End) -> Result<(), Error> {
        futures::connect_over(end, self.clock(), &request()).await.map(drop)
    }
}

/// Runs a story, and winds the clock by a second whenever nothing else can be done.
pub fn wind(clock: &ManualClock, story: impl Future<Output = ()>) {
    struct Flag(AtomicBool);
    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(flag.clone());
    let mut story = pin!(story);
    while clock.now() < s(100_000) {
        if !flag.0.swap(false, Ordering::SeqCst) {
            clock.advance(s(1));
        } else if story.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            return;
        }
    }
    panic!("nobody will wake it");
}

pub const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What a future came to, and when.
pub async fn timed<T>(clock: &impl Clock, future: impl Future<Output = T>) -> (T, Duration) {
    let before = clock.now();
    let done = future.await;
    // Tokio's timers go by milliseconds.
    (done, Duration::from_secs_f64((clock.now() - before).as_secs_f64().floor()))
}

pub async fn until(clock: &mut impl Clock, deadline: Duration) {
    poll_fn(|cx| clock.poll_until(cx, deadline)).await;
}

/// Waits for a future, while another goes on.
pub async fn during<T>(background: impl Future<Output = ()>, future: impl Future<Output = T>) -> T {
    let (mut background, mut future) = (pin!(background), pin!(future));
    let mut over = false;
    poll_fn(|cx| {
        over = over || background.as_mut().poll(cx).is_ready();
        future.as_mut().poll(cx)
    })
    .await
}
