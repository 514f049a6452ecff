//! Opens connections with async-io's sockets and timers.

use std::boxed::Box;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::string::String;
use std::task::Poll;
use std::time::Instant;
use std::vec::Vec;

use async_io::Timer;

#[cfg(unix)]
use super::dial::connect_unix;
use super::dial::{race, resolve, wait_for_turn};
use super::stream::MaybeTlsStream;
use crate::adapter::Error;
use crate::adapter::futures::{
    AsyncIoClock, FuturesAdapter, FuturesStream, Options, WebSocket, transport,
};
use crate::client::connects::connects;
use crate::client::deadline::Deadline;
use crate::client::destination::{Destination, Resolver};
#[cfg(feature = "rustls")]
use crate::client::tls::Tls;
use crate::handshake::ClientRequest;
use crate::timing::TimedOut;

/// How a client connects, with async-io's sockets and timers.
///
/// ```
/// use sansocket::futures::Connector;
///
/// // A host that is not in the DNS.
/// let connector = Connector::new().resolver(|host, port| async move {
///     match host.as_str() {
///         "chat.test" => Ok(vec![([127, 0, 0, 1], port).into()]),
///         _ => Err(std::io::ErrorKind::NotFound.into()),
///     }
/// });
/// ```
pub type Connector = crate::client::Connector<FuturesAdapter>;

connects! {
    [async .await] Box::pin, WebSocket<MaybeTlsStream, AsyncIoClock>,
    /// [`Timeouts::handshake`](crate::Timeouts::handshake) covers all steps. The system's resolver
    /// runs on a thread, which outlives the future if the time is over before.
}

#[cfg(feature = "reconnect")]
crate::client::reconnect::reconnects! {
    Connector, FuturesStream<MaybeTlsStream>, AsyncIoClock::new() => AsyncIoClock
}

impl Connector {
    /// The function that looks up the addresses of a host with a port. It is not asked for IP
    /// addresses. Its error, with the name of the host, is [`Error::Io`]. Its future is dropped
    /// when the time is over.
    ///
    /// Replaces fixed addresses and a Unix socket.
    #[must_use]
    pub fn resolver<F>(mut self, resolve: impl Fn(String, u16) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        self.destination = Destination::Resolver(Resolver::new(resolve));
        self
    }
}

fn into_stream(stream: FuturesStream<MaybeTlsStream>) -> MaybeTlsStream {
    stream.0
}

/// The epoch of a connection.
fn now() -> Instant {
    Instant::now()
}

async fn in_time<T>(
    deadline: &Deadline<Instant>,
    steps: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some(left) = deadline.left()? else { return steps.await };
    let (mut steps, mut timer) = (pin!(steps), Timer::after(left));
    poll_fn(|cx| match steps.as_mut().poll(cx) {
        Poll::Ready(result) => Poll::Ready(result),
        Poll::Pending => Pin::new(&mut timer).poll(cx).map(|_| Err(TimedOut::Handshake.into())),
    })
    .await
}

#[cfg(feature = "rustls")]
async fn start_tls(
    stream: MaybeTlsStream,
    tls: &Tls,
    host: &str,
    _: &Deadline<Instant>,
) -> Result<MaybeTlsStream, Error> {
    stream.start_tls(tls, host).await
}
