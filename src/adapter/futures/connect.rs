//! Connects to servers with async-io's sockets and timers.

use std::boxed::Box;
use std::future::poll_fn;
use std::io;
use std::net::{self, IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::{Pin, pin};
use std::string::ToString;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::thread;
use std::time::{Duration, Instant};
use std::vec;

use async_io::{Async, Timer};

use super::clock::AsyncIoClock;
use super::open::{Options, WebSocket};
use super::stream::FuturesStream;
use super::tcp::TcpStream;
use crate::adapter::Error;
use crate::adapter::opens::connects;
use crate::adapter::runtime::Transport;
use crate::handshake::{ClientRequest, Response};

connects! {
    [async .await] Box::pin, WebSocket<TcpStream, AsyncIoClock>,
    /// Feature `async-io`. [`Timeouts::handshake`](crate::Timeouts::handshake) covers the resolver
    /// and connecting. The resolver is the system's, in a thread of its own, which ends when the
    /// system has answered.
}

type Addresses = vec::IntoIter<SocketAddr>;

async fn resolve(host: (&str, u16), timeout: Option<Duration>) -> io::Result<Addresses> {
    let (name, port) = host;
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)].into_iter());
    }
    let (lookup, name) = (Arc::new(Lookup::default()), name.to_string());
    let answer = Arc::clone(&lookup);
    let resolver = thread::Builder::new().name("sansocket-resolver".to_string());
    resolver.spawn(move || answer.finish((name.as_str(), port).to_socket_addrs()))?;
    within(timeout, poll_fn(|cx| lookup.poll(cx))).await
}

async fn connect_to(address: SocketAddr, timeout: Option<Duration>) -> io::Result<TcpStream> {
    within(timeout, Async::<net::TcpStream>::connect(address)).await.map(TcpStream)
}

/// Sets `TCP_NODELAY`, or small messages would wait for others. A socket that refuses it is slower,
/// and still works.
fn transport(
    stream: TcpStream,
    epoch: Instant,
) -> Result<Transport<FuturesStream<TcpStream>, AsyncIoClock>, Error> {
    let _ = stream.get_ref().set_nodelay(true);
    let clock = AsyncIoClock::since(epoch);
    Ok(Transport::new(FuturesStream(stream), clock, |_| Duration::ZERO))
}

/// A lookup in another thread.
#[derive(Default)]
struct Lookup(Mutex<LookupState>);

#[derive(Default)]
struct LookupState {
    answer: Option<io::Result<Addresses>>,
    waker: Option<Waker>,
}

impl Lookup {
    fn finish(&self, answer: io::Result<Addresses>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.answer = Some(answer);
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<io::Result<Addresses>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// The result of a future, or [`io::ErrorKind::TimedOut`].
async fn within<T>(
    timeout: Option<Duration>,
    future: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let (mut future, mut timer) = (pin!(future), timeout.map_or_else(Timer::never, Timer::after));
    poll_fn(|cx| {
        if let Poll::Ready(result) = future.as_mut().poll(cx) {
            return Poll::Ready(result);
        }
        ready!(Pin::new(&mut timer).poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    })
    .await
}
