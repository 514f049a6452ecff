//! The error of the adapters: the stream's, the session's, and those of the layers below.

use std::boxed::Box;
use std::{error, fmt, io};

use super::connect_error::ConnectError;
use super::proxy_tls_error::ProxyTlsError;
use super::tls_error::TlsError;
use crate::connection::{CloseOutcome, Event, NoEntropy, ProtocolError, SendError};
use crate::handshake::{
    HandshakeError, InvalidField, InvalidUri, RedirectError, RequestError, ResponseError,
};
use crate::message::{InvalidCloseCode, Message, ReasonTooLong};
use crate::proxy::ProxyError;
use crate::session::{AttemptError, Full, Session, TrySendError};
use crate::timing::TimedOut;

/// An error of a connection on a stream.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The stream failed for another reason than a reset or a lost network.
    Io(io::Error),
    /// No address of the host could be connected to, or none in time.
    Connect(ConnectError),
    /// The URI is invalid.
    Uri(InvalidUri),
    /// A header field or subprotocol is invalid.
    Field(InvalidField),
    /// The URI is `wss:`, and the feature `rustls` is off. Enable `rustls-ring` or
    /// `rustls-aws-lc-rs`, or connect a TLS stream and pass it to `connect_with_stream`. Nothing
    /// was sent in clear text.
    TlsNeeded,
    /// TLS with the server failed.
    Tls(TlsError),
    /// TLS with an `https:` proxy failed.
    ProxyTls(Box<ProxyTlsError>),
    /// There is no tokio runtime here, or its timer is off, and the call has to wait until a
    /// deadline. Nothing is lost. Build the runtime with `enable_time` or `enable_all`, or switch
    /// all [`Timeouts`](crate::Timeouts) off. This is found out by trying: tokio's panic is caught,
    /// after the panic hook of the program was called. A program with `panic = "abort"` does not
    /// survive it.
    NoTimer,
    /// The operating system has no random bytes for masking keys.
    Entropy(NoEntropy),
    /// A proxy did not open a tunnel to the server.
    Proxy(ProxyError),
    /// The opening handshake failed.
    Handshake(HandshakeError),
    /// The server redirects to where the client does not follow: see `Connector::redirects`.
    Redirect(RedirectError),
    /// The peer violated the protocol or a limit. A Close frame with the right code was sent to it.
    Protocol(ProtocolError),
    /// The stream ended, or was reset, without a Close frame: WHATWG's code 1006.
    ConnectionLost,
    /// The message can't be sent. The connection is not affected.
    Send(SendError),
    /// The close reason is too long. Nothing was sent.
    Reason(ReasonTooLong),
    /// A close code that may not be sent (§7.4). Nothing was sent.
    CloseCode(InvalidCloseCode),
    /// A timeout expired.
    TimedOut(TimedOut),
    /// The output is full, because the peer does not read: see
    /// [`Backpressure`](crate::Backpressure). The message was not sent.
    Full,
    /// Messages arrive in chunks ([`Config::receive_in_chunks`](crate::Config::receive_in_chunks)),
    /// which `recv` and `recv_with` do not return. Call `recv_event`, which returns the chunk.
    Chunk,
    /// 64 KiB of messages arrived before the pong. Receive them; `round_trip` has the result of the
    /// ping afterwards.
    UnreadMessages,
}

impl Error {
    /// What failed, in a word, for logs that must not have the peer's text.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Io(_) => "stream",
            Self::Connect(_) => "connect",
            Self::Proxy(_) | Self::ProxyTls(_) => "proxy",
            Self::Redirect(_) => "redirect",
            Self::Tls(_) => "TLS",
            Self::TimedOut(_) => "timed out",
            Self::ConnectionLost => "connection lost",
            Self::Handshake(_) => "HTTP",
            Self::NoTimer => "no timer",
            _ => "other",
        }
    }

    /// Whether the stream is useless after this error.
    pub(super) fn is_final(&self) -> bool {
        match self {
            // A stream that does not block has no bytes yet; it is not broken.
            Self::Io(error) => error.kind() != io::ErrorKind::WouldBlock,
            Self::Tls(_) => true,
            Self::TimedOut(TimedOut::Close | TimedOut::KeepAlive | TimedOut::Message) => true,
            _ => false,
        }
    }

    /// An event that a call for messages has to skip. A chunk is not skipped: it can still be
    /// received.
    pub(super) fn skip(session: &mut Session, event: Event) -> Result<(), Self> {
        if matches!(event, Event::Chunk(_)) {
            session.connection.unreceive(event);
            return Err(Self::Chunk);
        }
        Ok(())
    }

    /// Whether a stream or an iterator of messages ends with this.
    pub(super) fn ends_messages(received: &Result<Option<Message>, Self>) -> bool {
        match received {
            Ok(message) => message.is_none(),
            Err(error) => !error.loses_nothing(),
        }
    }

    /// Whether receiving can go on after this: the peer does not read, or sends no message.
    pub(crate) fn loses_nothing(&self) -> bool {
        matches!(self, Self::TimedOut(TimedOut::Write | TimedOut::Idle))
    }

    /// The error of a wait for room: the message was not queued, so a write that timed out is
    /// [`TimedOut::Room`].
    pub(super) fn for_room(self) -> Self {
        match self {
            Self::TimedOut(TimedOut::Write) => Self::TimedOut(TimedOut::Room),
            error => error,
        }
    }

    /// The result of every `recv` after the end: `Ok` after a clean closing handshake.
    pub(super) fn of_end(session: &Session) -> Result<(), Self> {
        let Some(closed) = session.closed() else { return Ok(()) };
        match closed.outcome() {
            _ if session.close_timed_out() => Err(TimedOut::Close.into()),
            CloseOutcome::Clean => Ok(()),
            CloseOutcome::ProtocolError(error) => Err(Self::Protocol(error)),
            CloseOutcome::ConnectionLost => Err(Self::ConnectionLost),
        }
    }

    /// Names the host in an error of the resolver, which does not.
    pub(crate) fn with_host(host: &str, error: io::Error) -> io::Error {
        io::Error::new(error.kind(), std::format!("the host {host}: {error}"))
    }

    /// The error of a stream to a proxy on which TLS was started.
    #[cfg(feature = "rustls")]
    pub(crate) fn from_proxy(proxy: &crate::proxy::Proxy, error: Self) -> Self {
        match error {
            Self::Tls(error) => {
                let proxy = std::string::ToString::to_string(proxy);
                Self::ProxyTls(Box::new(ProxyTlsError { proxy, error }))
            }
            error => error,
        }
    }

    /// Names the path in an error of a Unix socket, which does not.
    #[cfg(unix)]
    pub(crate) fn with_path(self, path: &std::path::Path) -> Self {
        match self {
            Self::Io(error) => {
                let text = std::format!("the socket {}: {error}", path.display());
                Self::Io(io::Error::new(error.kind(), text))
            }
            error => error,
        }
    }

    /// The error of a stream that can't be written or read.
    pub(crate) fn from_stream(error: io::Error) -> Self {
        match error.downcast::<TlsError>() {
            Ok(error) => Self::Tls(error),
            Err(error) if is_disconnect(&error) => Self::ConnectionLost,
            Err(error) => Self::Io(error),
        }
    }
}

/// Whether the error means that the peer, or the network, is gone.
pub(super) fn is_disconnect(error: &io::Error) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, HostUnreachable, NetworkDown,
        NetworkUnreachable, NotConnected, TimedOut, UnexpectedEof,
    };
    matches!(
        error.kind(),
        BrokenPipe
            | ConnectionAborted
            | ConnectionReset
            | HostUnreachable
            | NetworkDown
            | NetworkUnreachable
            | NotConnected
            | TimedOut
            | UnexpectedEof
    )
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Connect(error) => error.fmt(f),
            Self::Uri(error) => error.fmt(f),
            Self::Field(error) => error.fmt(f),
            Self::TlsNeeded => f.write_str(
                "a wss: address, or a proxy of https:, needs TLS; enable the feature rustls-ring \
                 or rustls-aws-lc-rs, or pass a TLS stream to connect_with_stream",
            ),
            Self::Tls(error) => error.fmt(f),
            Self::ProxyTls(error) => error.fmt(f),
            Self::NoTimer => f.write_str(
                "there is no tokio runtime with a timer here; build it with enable_time, or switch \
                 all timeouts off",
            ),
            Self::Entropy(error) => error.fmt(f),
            Self::Proxy(error) => error.fmt(f),
            Self::Handshake(error) => error.fmt(f),
            Self::Redirect(error) => error.fmt(f),
            Self::Protocol(error) => error.fmt(f),
            Self::ConnectionLost => {
                f.write_str("the connection was lost without a closing handshake")
            }
            Self::Send(error) => error.fmt(f),
            Self::Reason(error) => error.fmt(f),
            Self::CloseCode(error) => error.fmt(f),
            Self::TimedOut(error) => error.fmt(f),
            Self::Full => Full.fmt(f),
            Self::Chunk => f.write_str(
                "messages arrive in chunks; call recv_event, or leave receive_in_chunks off",
            ),
            Self::UnreadMessages => f.write_str(
                "64 KiB of messages arrived before the pong; receive them, and call round_trip",
            ),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            Self::Tls(error) => error.source(),
            Self::ProxyTls(error) => error.source(),
            _ => None,
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Io(error) => return error,
            Error::Connect(ref error) => error.kind(),
            Error::ConnectionLost => io::ErrorKind::UnexpectedEof,
            Error::Send(SendError::NotOpen) => io::ErrorKind::BrokenPipe,
            Error::TimedOut(_) => io::ErrorKind::TimedOut,
            Error::Full => io::ErrorKind::WouldBlock,
            Error::Uri(_)
            | Error::Field(_)
            | Error::Reason(_)
            | Error::CloseCode(_)
            | Error::Send(_) => io::ErrorKind::InvalidInput,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

/// Errors of the layers below.
macro_rules! error_from {
    ($($source:ty => $variant:ident),* $(,)?) => {$(
        impl From<$source> for Error {
            fn from(error: $source) -> Self {
                Self::$variant(error.into())
            }
        }
    )*};
}

error_from! {
    io::Error => Io,
    ConnectError => Connect,
    InvalidUri => Uri,
    TlsError => Tls,
    InvalidField => Field,
    NoEntropy => Entropy,
    ProxyError => Proxy,
    HandshakeError => Handshake,
    RedirectError => Redirect,
    RequestError => Handshake,
    ResponseError => Handshake,
    ProtocolError => Protocol,
    SendError => Send,
    ReasonTooLong => Reason,
    InvalidCloseCode => CloseCode,
    TimedOut => TimedOut,
}

impl From<AttemptError> for Error {
    fn from(error: AttemptError) -> Self {
        match error {
            AttemptError::Send(error) => Self::Send(error),
            AttemptError::Full => Self::Full,
            AttemptError::ConnectionLost => Self::ConnectionLost,
            AttemptError::TimedOut(error) => Self::TimedOut(error),
        }
    }
}

impl From<Full> for Error {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

impl From<TrySendError> for Error {
    fn from(error: TrySendError) -> Self {
        match error {
            TrySendError::Full(_) => Self::Full,
            TrySendError::Send(_, error) => Self::Send(error),
        }
    }
}
