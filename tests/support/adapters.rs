//! Every adapter, for tests that are the same in each, on clocks that only a test moves.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sansocket::futures::{self, FuturesStream};
use sansocket::runtime::{self, Clock, Incoming, WebSocket};
pub use sansocket::testing::ManualClock;
use sansocket::testing::{TestStream, Wire};
use sansocket::tokio::{TokioClock, TokioStream};
use sansocket::{ClientRequest, Config, Connection, Error, Role, Timeouts};

pub use crate::in_every_adapter;
pub use crate::s;
use crate::wakes::WakeCounter;
use crate::{Chunking, connection, stream_pair};

pub fn request() -> ClientRequest {
    ClientRequest::new("ws://test/").unwrap()
}

/// Makes a test of each function for each adapter.
///
/// * `in_every_adapter! { one two }`: async functions of an [`Adapter`], on a clock that moves when
///   nothing else can be done.
/// * `in_every_adapter! { polled: one two }`: functions that are generic over the [`Adapter`] and
///   poll by hand; the clock stands still. `polled by all:` passes each of them to `all`.
/// * `in_every_adapter! { with OnThreads: one two }`: like the first, and also in the adapter for
///   threads, as the value `OnThreads`, whose futures are ready at once.
#[macro_export]
macro_rules! in_every_adapter {
    (polled: $($test:ident)*) => {
        mod over_tokio {
            $(#[test]
            fn $test() {
                $crate::adapters::on_paused_tokio(super::$test::<$crate::adapters::OnTokio>);
            })*
        }

        mod over_futures_io {
            $(#[test]
            fn $test() {
                super::$test::<$crate::adapters::OnFutures>();
            })*
        }
    };
    (polled by $all:ident: $($test:ident)*) => {
        mod over_tokio {
            $(#[test]
            fn $test() {
                $crate::adapters::on_paused_tokio(|| super::$all(super::$test::<$crate::adapters::OnTokio>));
            })*
        }

        mod over_futures_io {
            $(#[test]
            fn $test() {
                super::$all(super::$test::<$crate::adapters::OnFutures>);
            })*
        }
    };
    (with $threads:ident: $($test:ident)*) => {
        $crate::in_every_adapter! { $($test)* }

        mod over_threads {
            $(#[test]
            fn $test() {
                $crate::adapters::ready(super::$test(&super::$threads));
            })*
        }
    };
    ($($test:ident)*) => {
        mod over_tokio {
            $(#[tokio::test(start_paused = true)]
            async fn $test() {
                let test = super::$test(&$crate::adapters::OnTokio);
                tokio::time::timeout($crate::adapters::s(100_000), test).await.expect("nothing wakes it");
            })*
        }

        mod over_futures_io {
            $(#[test]
            fn $test() {
                let adapter = $crate::adapters::OnFutures::default();
                $crate::adapters::run_on(&adapter.0, super::$test(&adapter));
            })*
        }
    };
}

/// A stream for every adapter.
pub trait AnyStream:
    ::tokio::io::AsyncRead
    + ::tokio::io::AsyncWrite
    + futures_io::AsyncRead
    + futures_io::AsyncWrite
    + Unpin
    + 'static
{
}

impl<S> AnyStream for S where
    S: ::tokio::io::AsyncRead
        + ::tokio::io::AsyncWrite
        + futures_io::AsyncRead
        + futures_io::AsyncWrite
        + Unpin
        + 'static
{
}

/// A connection of an adapter, over a stream in memory if nothing else is said.
pub type Socket<A, S = TestStream> = WebSocket<<A as Adapter>::Stream<S>, <A as Adapter>::Clock>;

pub trait Adapter: Default + 'static {
    type Stream<S: AnyStream>: runtime::Stream + 'static;
    type Clock: Clock + Clone + 'static;

    fn clock(&self) -> Self::Clock;
    fn open<S: AnyStream>(
        &self,
        stream: S,
        connection: Connection,
        timeouts: Timeouts,
    ) -> Socket<Self, S>;
    async fn accept<S: AnyStream>(&self, stream: S) -> Result<Socket<Self, S>, Error>;
    async fn receive_request<S: AnyStream>(
        &self,
        stream: S,
    ) -> Result<Incoming<Self::Stream<S>, Self::Clock>, Error>;
    async fn connect_with_stream<S: AnyStream>(&self, stream: S) -> Result<Socket<Self, S>, Error>;

    /// A connection over a stream that is no adapter's own.
    fn clocked<S: runtime::Stream>(
        &self,
        stream: S,
        connection: Connection,
    ) -> WebSocket<S, Self::Clock> {
        WebSocket::from_parts(stream, self.clock(), connection, Timeouts::default())
    }

    /// A server's connection, and the other end.
    fn server(&self, timeouts: Timeouts) -> (TestStream, Socket<Self>) {
        let (peer, end) = stream_pair(Chunking::Whole);
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
        let client = self.open(peer, connection(Role::Client, Config::new()), timeouts);
        (wire, [server, client])
    }
}

#[derive(Default)]
pub struct OnTokio;

impl Adapter for OnTokio {
    type Stream<S: AnyStream> = TokioStream<S>;
    type Clock = TokioClock;

    fn clock(&self) -> TokioClock {
        TokioClock::new()
    }

    fn open<S: AnyStream>(
        &self,
        stream: S,
        connection: Connection,
        timeouts: Timeouts,
    ) -> Socket<Self, S> {
        WebSocket::from_parts(TokioStream(stream), self.clock(), connection, timeouts)
    }

    async fn accept<S: AnyStream>(&self, stream: S) -> Result<Socket<Self, S>, Error> {
        sansocket::tokio::accept(stream).await
    }

    async fn receive_request<S: AnyStream>(
        &self,
        stream: S,
    ) -> Result<Incoming<TokioStream<S>, TokioClock>, Error> {
        sansocket::tokio::Options::new().receive_request(stream).await
    }

    async fn connect_with_stream<S: AnyStream>(&self, stream: S) -> Result<Socket<Self, S>, Error> {
        Ok(sansocket::tokio::connect_with_stream(stream, &request()).await?.0)
    }
}

#[derive(Default)]
pub struct OnFutures(pub ManualClock);

impl Adapter for OnFutures {
    type Stream<S: AnyStream> = FuturesStream<S>;
    type Clock = ManualClock;

    fn clock(&self) -> ManualClock {
        self.0.clone()
    }

    fn open<S: AnyStream>(
        &self,
        stream: S,
        connection: Connection,
        timeouts: Timeouts,
    ) -> Socket<Self, S> {
        WebSocket::from_parts(FuturesStream(stream), self.clock(), connection, timeouts)
    }

    async fn accept<S: AnyStream>(&self, stream: S) -> Result<Socket<Self, S>, Error> {
        futures::accept(stream, self.clock()).await
    }

    async fn receive_request<S: AnyStream>(
        &self,
        stream: S,
    ) -> Result<Incoming<FuturesStream<S>, ManualClock>, Error> {
        futures::Options::new().receive_request(stream, self.clock()).await
    }

    async fn connect_with_stream<S: AnyStream>(&self, stream: S) -> Result<Socket<Self, S>, Error> {
        Ok(futures::connect_with_stream(stream, self.clock(), &request()).await?.0)
    }
}

/// Runs a test that polls by hand where tokio's clock stands still.
pub fn on_paused_tokio<T>(test: impl FnOnce() -> T) -> T {
    let mut runtime = ::tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    let _entered = runtime.enter();
    test()
}

/// Takes the result of a future that does not wait.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits"),
    }
}

/// Polls a future once; gives how often that woke its task, now and later.
pub fn poll_once<T>(
    future: Pin<&mut (impl Future<Output = T> + ?Sized)>,
) -> (Poll<T>, Arc<WakeCounter>) {
    let wakes = Arc::new(WakeCounter::default());
    (future.poll(&mut Context::from_waker(&Waker::from(wakes.clone()))), wakes)
}

/// Runs a test, and moves the clock by a second whenever nothing else can be done.
pub fn run_on(clock: &ManualClock, test: impl Future<Output = ()>) {
    let wakes = Arc::new(WakeCounter::default());
    let waker = Waker::from(wakes.clone());
    let mut test = pin!(test);
    let mut woken = true;
    while clock.now() < s(100_000) {
        if !woken {
            clock.advance(s(1));
        } else if test.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            return;
        }
        woken = wakes.take() > 0;
    }
    panic!("nothing wakes it");
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

/// Waits for a future, and polls another meanwhile.
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
