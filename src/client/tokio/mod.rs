//! Connections on tokio's streams and clock.

mod stream;

use std::borrow::Cow;
use std::boxed::Box;
use std::format;
use std::io;
use std::ops::ControlFlow;
use std::time::Duration;
use std::vec::Vec;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::{self, Instant};

use super::connects::connects;
use super::deadline::Deadline;
use super::hop;
#[cfg(feature = "rustls")]
use super::tls::Tls;

pub use self::stream::MaybeTlsStream;
use crate::adapter::Error;
pub use crate::adapter::tokio::*;
use crate::handshake::{ClientRequest, Redirects, Response, Uri};
use crate::timing::TimedOut;

/// How a client connects.
pub type Connector = super::Connector<TokioAdapter>;

connects! {
    [async .await] Box::pin,
    /// [`Timeouts::handshake`](crate::Timeouts::handshake) covers all steps.
}

#[cfg(feature = "reconnect")]
super::reconnect::reconnects! {
    Connector, TokioStream<MaybeTlsStream>, TokioClock::new() => TokioClock
}

/// The epoch of a connection.
fn now() -> Instant {
    Instant::now()
}

async fn in_time<T>(
    deadline: &Deadline<Instant>,
    steps: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    // Without a deadline, no timer is needed.
    let Some(left) = deadline.left()? else { return steps.await };
    drop(or_no_timer(|| time::sleep(left)).ok_or(Error::NoTimer)?);
    time::timeout(left, steps).await.unwrap_or(Err(TimedOut::Handshake.into()))
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

/// Tries the addresses of a host in turn, each for its share of the remaining time.
async fn dial(host: &str, port: u16, deadline: &Deadline<Instant>) -> Result<TcpStream, Error> {
    let with_host = |error| Error::with_host(host, error);
    let addresses: Vec<_> = lookup_host((host, port)).await.map_err(with_host)?.collect();
    let mut failure = with_host(io::Error::new(io::ErrorKind::NotFound, "no address"));
    for (at, address) in addresses.iter().enumerate() {
        let share = deadline.left()?.map(|left| left / (addresses.len() - at) as u32);
        let connecting = TcpStream::connect(address);
        match time::timeout(share.unwrap_or(Duration::MAX), connecting).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => {
                failure = io::Error::new(error.kind(), format!("{address}: {error}"));
            }
            Err(_) => {}
        }
    }
    Err(failure.into())
}
