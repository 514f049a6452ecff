//! Both async adapters, for stories that are the same in each, on clocks that only a test moves.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use sansocket::futures::{self, FuturesStream};
use sansocket::runtime::{self, Clock, WebSocket};
pub use sansocket::testing::ManualClock;
use sansocket::testing::{Chunking, TestStream, Wire, pair};
use sansocket::tokio::{TokioClock, TokioStream};
use sansocket::{ClientRequest, Config, Connection, Entropy, Error, Timeouts};

pub fn request() -> ClientRequest {
    ClientRequest::new("ws://test/").unwrap()
}

/// Makes a test of each story for each adapter.
#[macro_export]
macro_rules! in_both_adapters {
    ($($story:ident)*) => {
        mod over_tokio {
            $(#[tokio::test(start_paused = true)]
            async fn $story() {
                let story = super::$story(&$crate::clocks::OnTokio);
                tokio::time::timeout($crate::clocks::s(100_000), story).await.expect("nobody will wake it");
            })*
        }

        mod over_futures_io {
            $(#[test]
            fn $story() {
                let clock = $crate::clocks::ManualClock::new();
                $crate::clocks::wind(&clock, super::$story(&$crate::clocks::OnFutures(clock.clone())));
            })*
        }
    };
}

pub use crate::in_both_adapters;

pub type Socket<A> = WebSocket<<A as Adapter>::Io, <A as Adapter>::Clock>;

pub trait Adapter {
    type Io: runtime::Stream + 'static;
    type Clock: Clock + Clone + 'static;

    fn clock(&self) -> Self::Clock;
    fn open(
        &self,
        end: TestStream,
        connection: Connection,
        timeouts: Timeouts,
    ) -> WebSocket<Self::Io, Self::Clock>;
    async fn accept(&self, end: TestStream) -> Result<Socket<Self>, Error>;
    async fn connect_with_stream(&self, end: TestStream) -> Result<Socket<Self>, Error>;
    fn clocked<S: runtime::Stream>(
        &self,
        stream: S,
        connection: Connection,
    ) -> WebSocket<S, Self::Clock> {
        WebSocket::from_parts(stream, self.clock(), connection, Timeouts::default())
    }

    /// A server's connection, and the other end.
    fn server(&self, timeouts: Timeouts) -> (TestStream, WebSocket<Self::Io, Self::Clock>) {
        let (peer, end) = pair(Chunking::Whole);
        (peer, self.open(end, Connection::server(Config::new()), timeouts))
    }

    /// A server's connection, and a client's.
    fn both(&self, timeouts: Timeouts) -> [Socket<Self>; 2] {
        self.wired(timeouts).1
    }

    /// The same, and what lies between them.
    fn wired(&self, timeouts: Timeouts) -> (Wire, [Socket<Self>; 2]) {
        let (peer, server) = self.server(timeouts);
        let wire = peer.wire();
        (
            wire,
            [
                server,
                self.open(
                    peer,
                    Connection::client(Config::new(), Entropy::from_seed([7; 32])),
                    timeouts,
                ),
            ],
        )
    }
}

pub struct OnTokio;

impl Adapter for OnTokio {
    type Io = TokioStream<TestStream>;
    type Clock = TokioClock;

    fn clock(&self) -> TokioClock {
        TokioClock::new()
    }

    fn open(
        &self,
        end: TestStream,
        connection: Connection,
        timeouts: Timeouts,
    ) -> WebSocket<Self::Io, Self::Clock> {
        WebSocket::from_parts(TokioStream(end), self.clock(), connection, timeouts)
    }

    async fn accept(&self, end: TestStream) -> Result<Socket<Self>, Error> {
        sansocket::tokio::accept(end).await
    }

    async fn connect_with_stream(&self, end: TestStream) -> Result<Socket<Self>, Error> {
        Ok(sansocket::tokio::connect_with_stream(end, &request()).await?.0)
    }
}

pub struct OnFutures(pub ManualClock);

impl Adapter for OnFutures {
    type Io = FuturesStream<TestStream>;
    type Clock = ManualClock;

    fn clock(&self) -> ManualClock {
        self.0.clone()
    }

    fn open(
        &self,
        end: TestStream,
        connection: Connection,
        timeouts: Timeouts,
    ) -> WebSocket<Self::Io, Self::Clock> {
        WebSocket::from_parts(FuturesStream(end), self.clock(), connection, timeouts)
    }

    async fn accept(&self, end: TestStream) -> Result<Socket<Self>, Error> {
        futures::accept(end, self.clock()).await
    }

    async fn connect_with_stream(&self, end: TestStream) -> Result<Socket<Self>, Error> {
        Ok(futures::connect_with_stream(end, self.clock(), &request()).await?.0)
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

/// Writes to an end without blocking the thread.
pub async fn write_all(end: &mut TestStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let written =
            poll_fn(|cx| futures_io::AsyncWrite::poll_write(Pin::new(&mut *end), cx, bytes))
                .await
                .unwrap();
        bytes = &bytes[written..];
    }
}

/// Reads from an end without blocking the thread: so much, or less if it ends before.
pub async fn read(end: &mut TestStream, count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    while bytes.len() < count {
        let window = buffer.len().min(count - bytes.len());
        match poll_fn(|cx| {
            futures_io::AsyncRead::poll_read(Pin::new(&mut *end), cx, &mut buffer[..window])
        })
        .await
        {
            Ok(0) | Err(_) => break,
            Ok(read) => bytes.extend(&buffer[..read]),
        }
    }
    bytes
}

/// A stream whose input is there from the beginning, and whose writes fail.
pub struct Unwritable(pub Vec<u8>);

impl runtime::Stream for Unwritable {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let count = buffer.len().min(self.0.len()).min(10);
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0.drain(..count);
        if count == 0 { Poll::Pending } else { Poll::Ready(Ok(count)) }
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Other.into()))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
