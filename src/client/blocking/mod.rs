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

#[cfg(feature = "reconnect")]
mod reconnect;
mod stream;

use std::borrow::Cow;
use std::convert::identity;
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::ops::ControlFlow;
use std::time::Instant;
use std::vec::Vec;

use super::connects::connects;
use super::deadline::Deadline;
use super::hop;
#[cfg(feature = "rustls")]
use super::tls::Tls;

pub use self::stream::MaybeTlsStream;
#[cfg(feature = "reconnect")]
pub use super::reconnect::blocking::{Reconnect, ReconnectHandle};
#[cfg(feature = "rustls")]
pub use super::tls::blocking::TlsStream;
use crate::adapter::Error;
pub use crate::adapter::blocking::*;
use crate::handshake::{ClientRequest, Redirects, Response, Uri};

/// How a client connects.
pub type Connector = super::Connector<BlockingAdapter>;

connects! {
    [] identity,
    /// [`Timeouts::handshake`](crate::Timeouts::handshake) covers all steps but the resolver, which
    /// can't be interrupted.
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

/// Tries the addresses of a host in turn, each for its share of the remaining time.
fn dial(host: &str, port: u16, deadline: &Deadline<Instant>) -> Result<TcpStream, Error> {
    let with_host = |error| Error::with_host(host, error);
    let addresses: Vec<_> = (host, port).to_socket_addrs().map_err(with_host)?.collect();
    let mut failure = with_host(io::Error::new(io::ErrorKind::NotFound, "no address"));
    for (at, address) in addresses.iter().enumerate() {
        let share = deadline.left()?.map(|left| left / (addresses.len() - at) as u32);
        let connected = match share {
            None => TcpStream::connect(address),
            Some(share) => TcpStream::connect_timeout(address, share),
        };
        match connected {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                failure = io::Error::new(error.kind(), std::format!("{address}: {error}"));
            }
        }
    }
    Err(Error::from_connecting(failure, deadline.left()?))
}
