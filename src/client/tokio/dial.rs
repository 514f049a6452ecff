//! The steps from a host to a socket.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;
use std::string::String;
use std::vec::Vec;

#[cfg(feature = "socket2")]
use tokio::net::TcpSocket;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::net::lookup_host;
use tokio::time::Instant;

use crate::adapter::Error;
use crate::adapter::tokio::TokioClock;
use crate::client::addresses::{Failure, Race};
use crate::client::connecting::Turn;
use crate::client::deadline::Deadline;
use crate::client::destination::Destination;
use crate::client::racing;
use crate::client::sockets::SocketOptions;

/// Looks up the addresses of a host.
pub(super) async fn resolve(
    destination: &Destination,
    host: &str,
    port: u16,
    _: &Deadline<Instant>,
) -> Result<Vec<SocketAddr>, Error> {
    let resolved = match destination.resolver(host) {
        None => lookup_host((host, port)).await.map(Iterator::collect),
        Some(resolver) => resolver.resolve(String::from(host), port).await,
    };
    Ok(resolved.map_err(|error| Error::with_host(host, error))?)
}

/// Waits for the other connections to the host that are CONNECTING.
pub(super) async fn wait_for_turn(turn: Option<&Turn>, _: &Deadline<Instant>) -> Result<(), Error> {
    if let Some(turn) = turn {
        poll_fn(|cx| turn.poll(cx)).await;
    }
    Ok(())
}

#[cfg(unix)]
pub(super) async fn connect_unix(path: &Path, _: &Deadline<Instant>) -> Result<UnixStream, Error> {
    Ok(UnixStream::connect(path).await?)
}

/// Connects to the first address that answers.
pub(super) async fn race(
    race: Race,
    options: &SocketOptions,
    deadline: &Deadline<Instant>,
) -> Result<Result<TcpStream, Vec<Failure>>, Error> {
    Ok(racing::first(race, TokioClock::new(), deadline, |address| connect(options, address)).await)
}

/// Connects to one address.
async fn connect(options: &SocketOptions, address: SocketAddr) -> io::Result<TcpStream> {
    #[cfg(feature = "socket2")]
    let socket = {
        let socket = options.socket(address)?;
        socket.set_nonblocking(true)?;
        TcpSocket::from_std_stream(socket.into()).connect(address).await?
    };
    #[cfg(not(feature = "socket2"))]
    let socket = TcpStream::connect(address).await?;
    // A socket that refuses it is slower, and still works.
    let _ = socket.set_nodelay(options.nodelay);
    Ok(socket)
}
