//! The steps from a host to a socket.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
#[cfg(unix)]
use std::path::Path;
use std::string::String;
use std::time::Instant;
use std::vec::Vec;

use async_io::Async;

use super::thread::on_thread;
use crate::adapter::Error;
use crate::adapter::futures::AsyncIoClock;
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
    let name = String::from(host);
    let resolved = match destination.resolver(host) {
        None => on_thread(move || Ok((name.as_str(), port).to_socket_addrs()?.collect())).await,
        Some(resolver) => resolver.resolve(name, port).await,
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
pub(super) async fn connect_unix(
    path: &Path,
    _: &Deadline<Instant>,
) -> Result<Async<UnixStream>, Error> {
    Ok(Async::<UnixStream>::connect(path).await?)
}

/// Connects to the first address that answers.
pub(super) async fn race(
    race: Race,
    options: &SocketOptions,
    deadline: &Deadline<Instant>,
) -> Result<Result<Async<TcpStream>, Vec<Failure>>, Error> {
    Ok(racing::first(race, AsyncIoClock::new(), deadline, |address| connect(options, address))
        .await)
}

/// Connects to one address.
async fn connect(options: &SocketOptions, address: SocketAddr) -> io::Result<Async<TcpStream>> {
    #[cfg(feature = "socket2")]
    let socket = {
        let socket = options.socket(address)?;
        socket.set_nonblocking(true)?;
        match socket.connect(&address.into()) {
            Err(error) if !is_in_progress(&error) => return Err(error),
            _ => {}
        }
        let socket = Async::new_nonblocking(TcpStream::from(socket))?;
        // It can be written when it is connected, or has failed.
        socket.writable().await?;
        match socket.get_ref().take_error()? {
            None => socket,
            Some(error) => return Err(error),
        }
    };
    #[cfg(not(feature = "socket2"))]
    let socket = Async::<TcpStream>::connect(address).await?;
    // A socket that refuses it is slower, and still works.
    let _ = socket.get_ref().set_nodelay(options.nodelay);
    Ok(socket)
}

/// Whether a socket that does not block is connecting. The standard library has no name for Unix's
/// error.
#[cfg(feature = "socket2")]
fn is_in_progress(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::EINPROGRESS) {
        return true;
    }
    error.kind() == io::ErrorKind::WouldBlock
}
