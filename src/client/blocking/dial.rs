//! The steps from a host to a socket, on threads where a call can't be interrupted.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::string::String;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use crate::adapter::Error;
use crate::adapter::blocking::thread_waker;
use crate::client::addresses::{Failure, Next, Race};
use crate::client::connecting::Turn;
use crate::client::deadline::Deadline;
use crate::client::destination::Destination;
use crate::client::sockets::SocketOptions;
use crate::timing::TimedOut;

/// Looks up the addresses of a host.
pub(super) fn resolve(
    destination: &Destination,
    host: &str,
    port: u16,
    deadline: &Deadline<Instant>,
) -> Result<Vec<SocketAddr>, Error> {
    let (resolver, name) = (destination.resolver(host).cloned(), String::from(host));
    let resolved = in_time(deadline, move || match resolver {
        None => Ok((name.as_str(), port).to_socket_addrs()?.collect()),
        Some(resolver) => {
            let mut resolving = resolver.resolve(name, port);
            match resolving.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(resolved) => resolved,
                Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
            }
        }
    });
    Ok(resolved?.map_err(|error| Error::with_host(host, error))?)
}

/// Waits for the other connections to the host that are CONNECTING.
pub(super) fn wait_for_turn(
    turn: Option<&Turn>,
    deadline: &Deadline<Instant>,
) -> Result<(), Error> {
    let Some(turn) = turn else { return Ok(()) };
    let waker = thread_waker();
    while turn.poll(&Context::from_waker(&waker)).is_pending() {
        match deadline.left()? {
            None => thread::park(),
            Some(left) => thread::park_timeout(left),
        }
    }
    Ok(())
}

#[cfg(unix)]
pub(super) fn connect_unix(path: &Path, deadline: &Deadline<Instant>) -> Result<UnixStream, Error> {
    let path = PathBuf::from(path);
    // It waits while the server's backlog is full.
    Ok(in_time(deadline, move || UnixStream::connect(path))??)
}

/// Connects to the first address that answers. Every attempt has a thread, but for the last one if
/// all others have failed.
pub(super) fn race(
    mut race: Race,
    options: &SocketOptions,
    deadline: &Deadline<Instant>,
) -> Result<Result<TcpStream, Vec<Failure>>, Error> {
    let begin = Instant::now();
    let (sender, results) = mpsc::channel();
    loop {
        let left = match deadline.left() {
            Err(_) if race.has_started() => return Ok(Err(race.end())),
            left => left?,
        };
        let time = begin.elapsed();
        let (address, result) = match race.next(time) {
            Next::GiveUp => return Ok(Err(race.end())),
            Next::Start(address) if race.is_last_attempt() => {
                (address, connect(options, address, left))
            }
            Next::Start(address) => {
                let (sender, options) = (sender.clone(), options.clone());
                let attempt = move || {
                    // If the race is over, the socket is closed.
                    let _ = sender.send((address, connect(&options, address, left)));
                };
                match spawn(attempt) {
                    Ok(()) => continue,
                    Err(error) => (address, Err(error)),
                }
            }
            Next::Wait(until) => {
                let wait = until.map_or(Duration::MAX, |until| until.saturating_sub(time));
                let wait = wait.min(left.unwrap_or(Duration::MAX));
                match results.recv_timeout(wait) {
                    Ok(result) => result,
                    Err(_) => continue,
                }
            }
        };
        match result {
            Ok(socket) => return Ok(Ok(socket)),
            // Every attempt has all the time that is left. The system's own timeout has a code.
            Err(error)
                if error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none() =>
            {
                return Ok(Err(race.end()));
            }
            Err(error) => race.failed(address, error),
        }
    }
}

/// Connects to one address.
fn connect(
    options: &SocketOptions,
    address: SocketAddr,
    timeout: Option<Duration>,
) -> io::Result<TcpStream> {
    #[cfg(feature = "socket2")]
    let socket = {
        let socket = options.socket(address)?;
        match timeout {
            None => socket.connect(&address.into())?,
            Some(timeout) => socket.connect_timeout(&address.into(), timeout)?,
        }
        TcpStream::from(socket)
    };
    #[cfg(not(feature = "socket2"))]
    let socket = match timeout {
        None => TcpStream::connect(address)?,
        Some(timeout) => TcpStream::connect_timeout(&address, timeout)?,
    };
    // A socket that refuses it is slower, and still works.
    let _ = socket.set_nodelay(options.nodelay);
    Ok(socket)
}

/// Makes a call that can't be interrupted. If the time is over before it returns, it is left to its
/// thread.
fn in_time<T: Send + 'static>(
    deadline: &Deadline<Instant>,
    call: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<io::Result<T>, Error> {
    let Some(left) = deadline.left()? else { return Ok(call()) };
    let (sender, result) = mpsc::channel();
    spawn(move || {
        let _ = sender.send(call());
    })?;
    match result.recv_timeout(left) {
        Ok(result) => Ok(result),
        Err(RecvTimeoutError::Timeout) => Err(TimedOut::Handshake.into()),
        Err(RecvTimeoutError::Disconnected) => Ok(Err(io::Error::other("the resolver panicked"))),
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name("sansocket connect".into()).spawn(work).map(drop)
}
