//! A TCP socket, with TLS or without.

use tokio::net::TcpStream;
use tokio_rustls::TlsStream;
use tokio_util::either::Either;

pub(crate) type Socket = Either<TcpStream, Box<TlsStream<TcpStream>>>;

pub(crate) fn tls(stream: impl Into<TlsStream<TcpStream>>) -> Socket {
    Either::Right(Box::new(stream.into()))
}

/// Closes the socket with a reset.
pub(crate) fn abort(socket: Socket) {
    let stream = match &socket {
        Either::Left(tcp) => tcp,
        Either::Right(tls) => tls.get_ref().0,
    };
    // If the option fails, the socket ends with FIN, which is code 1006, too.
    let _ = stream.set_zero_linger();
}

/// Whether HTTP/2 follows: by ALPN over TLS (RFC 9113 §3.2), else by prior knowledge (§3.3).
pub(crate) fn is_for_http2(socket: &Socket) -> bool {
    match socket {
        Either::Left(_) => true,
        Either::Right(tls) => tls.get_ref().1.alpn_protocol() == Some(b"h2"),
    }
}
