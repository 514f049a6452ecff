//! Connections on blocking streams: `std::net`, and whatever else reads and writes.
//!
//! [`accept`] and [`connect`] open connections with the defaults; [`Options`] opens them in other
//! ways: a server that looks at the request first, a client with header fields.
//!
//! ```no_run
//! use sansocket::blocking::Options;
//! use sansocket::{ClientRequest, Error, HandshakeError, ResponseError};
//!
//! # fn main() -> Result<(), Error> {
//! let request = ClientRequest::new("ws://127.0.0.1:9001/chat")?
//!     .bearer_auth("mF_9.B5f-4.1JqM")?
//!     .subprotocol("chat.v1")?;
//! match Options::new().connect(&request) {
//!     Ok((mut socket, _response)) => socket.send("hello")?,
//!     Err(Error::Handshake(HandshakeError::Response(
//!         ResponseError::UnexpectedStatus(response),
//!     ))) => eprintln!("refused: {}", response.status()),
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```

mod dial;
#[cfg(feature = "reconnect")]
mod reconnect;
mod stream;

use std::convert::identity;
use std::io;
use std::net::SocketAddr;
use std::string::String;
use std::time::Instant;
use std::vec::Vec;

#[cfg(unix)]
use self::dial::connect_unix;
use self::dial::{race, resolve, wait_for_turn};
use super::connects::connects;
use super::deadline::Deadline;
use super::destination::{Destination, Resolver};
#[cfg(feature = "rustls")]
use super::tls::Tls;

pub use self::stream::MaybeTlsStream;
#[cfg(feature = "reconnect")]
pub use super::reconnect::blocking::{Reconnect, ReconnectHandle};
#[cfg(feature = "rustls")]
pub use super::tls::blocking::TlsStream;
use crate::adapter::Error;
pub use crate::adapter::blocking::*;
use crate::handshake::ClientRequest;

/// How a client connects.
///
/// ```
/// use sansocket::blocking::Connector;
///
/// // A host that is not in the DNS.
/// let connector = Connector::new().resolver(|host, port| match host.as_str() {
///     "chat.test" => Ok(vec![([127, 0, 0, 1], port).into()]),
///     _ => Err(std::io::ErrorKind::NotFound.into()),
/// });
/// ```
pub type Connector = super::Connector<BlockingAdapter>;

connects! {
    [] identity, WebSocket<MaybeTlsStream>,
    /// [`Timeouts::handshake`](crate::Timeouts::handshake) covers all steps. A call that can't be
    /// interrupted, such as that of the resolver, is made by a thread, which outlives this function
    /// if the time is over before. Attempts at several addresses have a thread each, which end with
    /// the time.
}

impl Connector {
    /// The function that looks up the addresses of a host with a port. It is not asked for IP
    /// addresses. Its error, with the name of the host, is [`Error::Io`].
    ///
    /// Replaces fixed addresses and a Unix socket.
    #[must_use]
    pub fn resolver(
        mut self,
        resolve: impl Fn(String, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        let resolver = Resolver::new(move |host, port| std::future::ready(resolve(host, port)));
        self.destination = Destination::Resolver(resolver);
        self
    }
}

const fn into_stream(stream: MaybeTlsStream) -> MaybeTlsStream {
    stream
}

/// The epoch of a connection.
fn now() -> Instant {
    Instant::now()
}

fn in_time<T>(_: &Deadline<Instant>, done: T) -> T {
    done
}

#[cfg(feature = "rustls")]
fn start_tls(
    stream: MaybeTlsStream,
    tls: &Tls,
    host: &str,
    deadline: &Deadline<Instant>,
) -> Result<MaybeTlsStream, Error> {
    stream.start_tls(tls, host, deadline.left()?)
}
