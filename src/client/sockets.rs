//! The options of a client's TCP sockets.

#[cfg(feature = "socket2")]
use std::io;
#[cfg(feature = "socket2")]
use std::net::{IpAddr, SocketAddr};
#[cfg(feature = "socket2")]
use std::time::Duration;

#[cfg(feature = "socket2")]
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

/// The options of a TCP socket.
#[derive(Clone, Debug)]
pub(super) struct SocketOptions {
    pub(super) nodelay: bool,
    #[cfg(feature = "socket2")]
    pub(super) local_address: Option<IpAddr>,
    #[cfg(all(feature = "socket2", any(target_os = "android", target_os = "linux")))]
    pub(super) interface: Option<std::string::String>,
    #[cfg(feature = "socket2")]
    pub(super) keepalive: Option<KeepAlive>,
}

/// When TCP sends probes: the time without bytes before the first one, and between two of them.
#[cfg(feature = "socket2")]
#[derive(Clone, Copy, Debug)]
pub(super) struct KeepAlive {
    pub(super) idle: Duration,
    pub(super) interval: Duration,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            nodelay: true,
            #[cfg(feature = "socket2")]
            local_address: None,
            #[cfg(all(feature = "socket2", any(target_os = "android", target_os = "linux")))]
            interface: None,
            #[cfg(feature = "socket2")]
            keepalive: None,
        }
    }
}

#[cfg(feature = "socket2")]
impl SocketOptions {
    /// A socket with these options, to be connected to the address.
    pub(super) fn socket(&self, address: SocketAddr) -> io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        #[cfg(any(target_os = "android", target_os = "linux"))]
        if let Some(interface) = &self.interface {
            let bound = socket.bind_device(Some(interface.as_bytes()));
            bound.map_err(|error| named(interface, error))?;
        }
        if let Some(local) = self.local_address {
            if local.is_ipv4() != address.is_ipv4() {
                return Err(io::Error::new(
                    io::ErrorKind::AddrNotAvailable,
                    "the local address is of the other family",
                ));
            }
            socket.bind(&SocketAddr::new(local, 0).into())?;
        }
        if let Some(KeepAlive { idle, interval }) = self.keepalive {
            socket.set_tcp_keepalive(&keepalive(idle, interval))?;
        }
        Ok(socket)
    }
}

/// Names the interface in an error of the system, which does not. The standard library has no kind
/// for that of an unknown one.
#[cfg(all(feature = "socket2", any(target_os = "android", target_os = "linux")))]
fn named(interface: &str, error: io::Error) -> io::Error {
    let kind = match error.raw_os_error() {
        Some(libc::ENODEV) => io::ErrorKind::NotFound,
        _ => error.kind(),
    };
    io::Error::new(kind, std::format!("the interface {interface}: {error}"))
}

/// Where the system has no interval of a socket's own, its own one stays.
#[cfg(feature = "socket2")]
fn keepalive(idle: Duration, interval: Duration) -> TcpKeepalive {
    // Linux takes whole seconds within these bounds.
    let [idle, interval] = [idle, interval]
        .map(|time| time.clamp(Duration::from_secs(1), Duration::from_secs(32_767)));
    let keepalive = TcpKeepalive::new().with_time(idle);
    #[cfg(any(
        target_vendor = "apple",
        target_os = "android",
        target_os = "freebsd",
        target_os = "linux",
        target_os = "netbsd",
        target_os = "windows",
    ))]
    let keepalive = keepalive.with_interval(interval);
    #[cfg(not(any(
        target_vendor = "apple",
        target_os = "android",
        target_os = "freebsd",
        target_os = "linux",
        target_os = "netbsd",
        target_os = "windows",
    )))]
    let _ = interval;
    keepalive
}
