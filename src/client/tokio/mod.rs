//! Connections on tokio's streams and clock.
//!
//! [`accept`] and [`connect`] open connections with the defaults. [`Options`] opens them with
//! header fields, limits and timeouts; a [`Connector`] also has proxies, redirects and the settings
//! of TLS. The methods of a connection are those of
//! [`runtime::WebSocket`](crate::runtime::WebSocket).
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use sansocket::tokio::Options;
//! use sansocket::{ClientRequest, Config, Error, Timeouts};
//!
//! /// Prints what the server sends.
//! async fn print() -> Result<(), Error> {
//!     let request = ClientRequest::new("ws://127.0.0.1:9001/feed")?
//!         .header("X-Client", "printer")?
//!         .subprotocol("feed.v1")?;
//!     let ping = Some(Duration::from_secs(10));
//!     let options = Options::new()
//!         .config(Config::new().max_message_size(64 * 1024))
//!         .timeouts(Timeouts { ping, ..Timeouts::default() });
//!     let (mut socket, _response) = options.connect(&request).await?;
//!     println!("subprotocol: {:?}", socket.subprotocol());
//!     while let Some(message) = socket.recv().await? {
//!         println!("{message}");
//!     }
//!     println!("{:?}", socket.closed());
//!     Ok(())
//! }
//! ```

mod dial;
mod stream;

use std::boxed::Box;
use std::io;
use std::net::SocketAddr;
use std::string::String;
use std::vec::Vec;

use tokio::time::{self, Instant};

#[cfg(unix)]
use self::dial::connect_unix;
use self::dial::{race, resolve, wait_for_turn};
use super::connects::connects;
use super::deadline::Deadline;
use super::destination::{Destination, Resolver};
#[cfg(feature = "rustls")]
use super::tls::Tls;

pub use self::stream::MaybeTlsStream;
use crate::adapter::Error;
pub use crate::adapter::tokio::*;
use crate::handshake::ClientRequest;
use crate::timing::TimedOut;

/// How a client connects.
///
/// ```
/// use sansocket::tokio::Connector;
///
/// // A host that is not in the DNS.
/// let connector = Connector::new().resolver(|host, port| async move {
///     match host.as_str() {
///         "chat.test" => Ok(vec![([127, 0, 0, 1], port).into()]),
///         _ => Err(std::io::ErrorKind::NotFound.into()),
///     }
/// });
/// ```
pub type Connector = super::Connector<TokioAdapter>;

connects! {
    [async .await] Box::pin, WebSocket<MaybeTlsStream>,
    /// [`Timeouts::handshake`](crate::Timeouts::handshake) covers all steps.
}

#[cfg(feature = "reconnect")]
super::reconnect::reconnects! {
    Connector, TokioStream<MaybeTlsStream>, TokioClock::new() => TokioClock
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

fn into_stream(stream: TokioStream<MaybeTlsStream>) -> MaybeTlsStream {
    stream.0
}

/// The epoch of a connection.
fn now() -> Instant {
    Instant::now()
}

pub(super) async fn in_time<T>(
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
