//! Why a connection ended or was not opened.

use std::fmt;

use crate::adapter::Error;
use crate::connection::{CloseOutcome, Closed, Side};
use crate::handshake::Response;
use crate::message::CloseCode;

/// Why a connection ended, or was not opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// An error, of connecting or of the connection.
    Error(Error),
    /// A closing handshake, or the close of this side.
    Closed(Closed),
}

impl Cause {
    /// The cause of the end of a connection: `result` is that of the work with it, and `closed` is
    /// [`closed`](crate::blocking::WebSocket::closed) of the connection, or of its `Sender`.
    ///
    /// After a closing handshake, and after a close of this side, the cause is that close;
    /// otherwise it is the error. [`Error::Full`] is the cause also if
    /// [`Overflow::Close`](crate::Overflow::Close) has closed the connection because of it. A
    /// connection without either was dropped, which counts as lost.
    #[must_use]
    pub fn of(result: Result<(), Error>, closed: Option<&Closed>) -> Self {
        match (result, closed) {
            (Err(Error::Full), Some(closed)) if closed.initiator() == Side::Local => {
                Self::Error(Error::Full)
            }
            (_, Some(closed)) if decides(closed) => Self::Closed(closed.clone()),
            (Err(error), _) => Self::Error(error),
            (Ok(()), Some(closed)) => Self::Closed(closed.clone()),
            (Ok(()), None) => Self::Error(Error::ConnectionLost),
        }
    }

    /// Whether another connection may last: [`Error::is_retryable`], [`Closed::is_retryable`].
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Error(error) => error.is_retryable(),
            Self::Closed(closed) => closed.is_retryable(),
        }
    }

    /// The response that refuses the connection, of the server or of an HTTP proxy.
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        match self {
            Self::Error(error) => error.refusal(),
            Self::Closed(_) => None,
        }
    }

    /// Whether nothing is wrong: this side has closed, or the peer with code 1000.
    pub(super) fn is_regular(&self) -> bool {
        let Self::Closed(closed) = self else { return false };
        match closed.outcome() {
            CloseOutcome::ProtocolError(_) => false,
            _ if closed.initiator() == Side::Local => true,
            _ => closed.received().is_some_and(|frame| frame.code() == CloseCode::NORMAL),
        }
    }
}

/// Whether the end is a closing handshake, or this side wanted it.
fn decides(closed: &Closed) -> bool {
    match closed.outcome() {
        CloseOutcome::Clean => true,
        CloseOutcome::ConnectionLost => closed.initiator() == Side::Local,
        _ => false,
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => error.fmt(f),
            Self::Closed(closed) => write!(f, "the connection was closed: {closed}"),
        }
    }
}

impl From<Error> for Cause {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Closed> for Cause {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}
