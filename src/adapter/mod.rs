//! The only floor that reads, writes and asks what time it is. It moves bytes; what they mean is
//! the core's business.

mod backpressure;
pub mod blocking;
mod cutter;
#[cfg(feature = "futures-io")]
pub mod futures;
mod replies;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
pub mod runtime;
#[cfg(feature = "tokio")]
pub mod tokio;
mod window;

use std::{error, fmt, io};

pub use self::backpressure::{Backpressure, Overflow, TrySendError};
use self::replies::Peer;
pub use self::replies::Replies;
use crate::connection::{CloseOutcome, Closed, NoEntropy, ProtocolError, SendError};
use crate::handshake::{HandshakeError, InvalidField, InvalidUri, RequestError, ResponseError};
use crate::message::ReasonTooLong;
use crate::timing::TimedOut;

/// Bytes of messages that may come before a pong that is waited for.
const EARLY: usize = 64 * 1024;

/// What can go wrong with a connection on a stream.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The stream failed, in another way than by being cut off.
    Io(io::Error),
    /// The address is not one.
    Uri(InvalidUri),
    /// A header field or subprotocol is not one.
    Field(InvalidField),
    /// The address is `wss:`, and there is no TLS here. Connect a TLS stream yourself and give it
    /// to `connect_with_stream`: nothing is ever sent in clear instead.
    TlsNeeded,
    /// There are no random bytes for masking keys.
    Entropy(NoEntropy),
    /// The opening handshake failed.
    Handshake(HandshakeError),
    /// The peer broke the protocol or a limit. It was told by a Close.
    Protocol(ProtocolError),
    /// The stream ended, or was reset, without a Close: WHATWG's code 1006.
    ConnectionLost,
    /// The message could not be sent. Nothing is broken.
    Send(SendError),
    /// The close reason is too long. Nothing was sent.
    Reason(ReasonTooLong),
    /// Something took too long.
    TimedOut(TimedOut),
    /// Too much waits to be written: [`Backpressure`] says how much may. The message was not sent.
    Full,
    /// So much came before the pong that it is to be received first; `round_trip` will tell then
    /// how long the ping took.
    UnreadMessages,
}

impl Error {
    /// Whether nothing can be had from the stream after this.
    fn is_final(&self) -> bool {
        match self {
            // A stream that does not block has nothing yet; it is not broken.
            Self::Io(error) => error.kind() != io::ErrorKind::WouldBlock,
            Self::TimedOut(TimedOut::Close | TimedOut::KeepAlive) => true,
            _ => false,
        }
    }

    /// What a wait for room says instead of that a write takes too long: the message was not
    /// queued.
    fn for_room(self) -> Self {
        match self {
            Self::TimedOut(TimedOut::Write) => Self::TimedOut(TimedOut::Room),
            error => error,
        }
    }

    /// What a receiver is told at the end: nothing if it was clean.
    fn from_ending(closed: &Closed) -> Result<(), Self> {
        match closed.outcome() {
            CloseOutcome::Clean => Ok(()),
            CloseOutcome::ProtocolError(error) => Err(Self::Protocol(error)),
            CloseOutcome::ConnectionLost => Err(Self::ConnectionLost),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Uri(error) => error.fmt(f),
            Self::Field(error) => error.fmt(f),
            Self::TlsNeeded => f.write_str(
                "a wss: address needs TLS; connect a TLS stream and pass it to connect_with_stream",
            ),
            Self::Entropy(error) => error.fmt(f),
            Self::Handshake(error) => error.fmt(f),
            Self::Protocol(error) => error.fmt(f),
            Self::ConnectionLost => {
                f.write_str("the connection was lost without a closing handshake")
            }
            Self::Send(error) => error.fmt(f),
            Self::Reason(error) => error.fmt(f),
            Self::TimedOut(error) => error.fmt(f),
            Self::Full => f.write_str(
                "too much waits to be written: the peer does not read; see Backpressure",
            ),
            Self::UnreadMessages => {
                f.write_str("messages came before the pong: receive them, and round_trip will tell")
            }
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            _ => None,
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => error,
            Error::ConnectionLost => Self::new(io::ErrorKind::UnexpectedEof, error),
            Error::Send(SendError::NotOpen) => Self::new(io::ErrorKind::BrokenPipe, error),
            Error::TimedOut(_) => Self::new(io::ErrorKind::TimedOut, error),
            Error::Full => Self::new(io::ErrorKind::WouldBlock, error),
            Error::Uri(_) | Error::Field(_) | Error::Reason(_) | Error::Send(_) => {
                Self::new(io::ErrorKind::InvalidInput, error)
            }
            _ => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}

/// Whether the stream was cut off, by the peer or on the way.
fn is_cut(error: &io::Error) -> bool {
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

/// Errors of the floors below.
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
    InvalidUri => Uri,
    InvalidField => Field,
    NoEntropy => Entropy,
    HandshakeError => Handshake,
    RequestError => Handshake,
    ResponseError => Handshake,
    ProtocolError => Protocol,
    SendError => Send,
    ReasonTooLong => Reason,
    TimedOut => TimedOut,
}
