//! What a blocking connection needs of its stream: reading, writing, giving up in time, and a
//! second handle for another thread.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// A stream that a blocking connection can stand on: reading, writing, and, if it can, giving up in
/// time.
///
/// `TcpStream` and `UnixStream` do all of it. For another stream, forward to the socket below; a
/// method that is left out makes that timeout not work. Every method returns the error of the
/// stream. A read or write that reports more bytes than the buffer has is an error of the
/// connection, [`InvalidData`](io::ErrorKind::InvalidData).
///
/// ```
/// struct Tls(std::net::TcpStream /* and a session */);
/// # impl std::io::Read for Tls {
/// #     fn read(&mut self, b: &mut [u8]) -> std::io::Result<usize> { self.0.read(b) }
/// # }
/// # impl std::io::Write for Tls {
/// #     fn write(&mut self, b: &[u8]) -> std::io::Result<usize> { self.0.write(b) }
/// #     fn flush(&mut self) -> std::io::Result<()> { self.0.flush() }
/// # }
/// impl sansocket::blocking::Stream for Tls {
///     fn set_read_timeout(&mut self, timeout: Option<std::time::Duration>) -> std::io::Result<()>
/// {
///         self.0.set_read_timeout(timeout)
///     }
/// }
/// ```
#[expect(clippy::missing_errors_doc, reason = "the docs of the trait name the error")]
pub trait Stream: io::Read + io::Write {
    /// Makes a read fail with `WouldBlock` or `TimedOut` after this time without a byte.
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let _ = timeout;
        Ok(())
    }

    /// Makes a write fail with `WouldBlock` or `TimedOut` after this time without progress.
    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let _ = timeout;
        Ok(())
    }

    /// Makes reads and writes wait, where they might not.
    fn set_blocking(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Sends small writes at once (`TCP_NODELAY`), where there is such a thing.
    fn set_nodelay(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Whether one write takes several buffers. If not, which is the default, a frame's header and
    /// payload (up to 64 KiB) are copied together, so that they leave in one write.
    fn is_write_vectored(&self) -> bool {
        false
    }

    /// The address of the peer, for logs; `None`, which is the default, if there is none.
    fn peer_addr(&self) -> Option<SocketAddr> {
        None
    }

    /// Ends the stream's outgoing half, or both.
    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        let _ = how;
        self.flush()
    }
}

/// Implements both traits for a socket.
macro_rules! socket {
    ($socket:ty, $set_nodelay:expr, $peer_addr:expr) => {
        impl Stream for $socket {
            fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                <$socket>::set_read_timeout(self, timeout)
            }

            fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                <$socket>::set_write_timeout(self, timeout)
            }

            fn set_blocking(&mut self) -> io::Result<()> {
                self.set_nonblocking(false)
            }

            fn set_nodelay(&mut self) -> io::Result<()> {
                $set_nodelay(self)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn peer_addr(&self) -> Option<SocketAddr> {
                $peer_addr(self)
            }

            fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
                <$socket>::shutdown(self, how)
            }
        }

        impl TryClone for $socket {
            fn try_clone(&self) -> io::Result<Self> {
                <$socket>::try_clone(self)
            }
        }
    };
}

socket! {
    TcpStream, |socket: &TcpStream| socket.set_nodelay(true), |socket: &TcpStream| {
        socket.peer_addr().ok()
    }
}
#[cfg(unix)]
socket!(std::os::unix::net::UnixStream, |_| Ok(()), |_| None);

/// A stream that can be read by one thread while another writes to it.
pub trait TryClone: Stream + Send + Sized + 'static {
    /// A second handle of the same stream.
    ///
    /// # Errors
    ///
    /// The error of the operating system.
    fn try_clone(&self) -> io::Result<Self>;
}
