//! Errors of an open connection: the peer's ([`ProtocolError`]) and the caller's ([`SendError`]).

use core::{error, fmt};

use super::config::ADDRESSABLE;
use crate::message::{CloseCode, InvalidClose};
use crate::wire::{HeaderError, InvalidUtf8};

/// The peer violated the protocol or a limit. A Close frame with
/// [`close_code`](ProtocolError::close_code) was queued before this is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A frame header that no endpoint may send (§5.2, §5.5).
    Header(HeaderError),
    /// A client's frame without a mask (§5.1).
    Unmasked,
    /// A server's frame with a mask (§5.1).
    Masked,
    /// A continuation frame outside of a fragmented message (§5.4).
    UnexpectedContinuation,
    /// A new message before the last fragment of the current one (§5.4).
    ExpectedContinuation,
    /// A text message that is not UTF-8 (§8.1).
    InvalidUtf8,
    /// A compressed message that is not DEFLATE (RFC 7692 §7.2.2).
    InvalidDeflate,
    /// A Close frame with one byte of body (§5.5.1).
    TruncatedCloseCode,
    /// A Close frame with a code that may not be sent (§7.4).
    InvalidCloseCode(u16),
    /// A Close frame whose reason is not UTF-8 (§5.5.1, §8.1).
    InvalidCloseReason,
    /// A message larger than [`Config::max_message_size`](crate::Config::max_message_size), or than
    /// memory can hold (§10.4).
    MessageTooBig {
        /// The limit in bytes, at most `isize::MAX` for a message that is not received in chunks.
        limit: u64,
    },
    /// A frame larger than [`Config::max_frame_size`](crate::Config::max_frame_size) (§10.4).
    FrameTooBig {
        /// The limit in bytes.
        limit: u64,
    },
    /// A message in more than [`Config::max_fragments`](crate::Config::max_fragments) frames.
    TooManyFragments {
        /// The limit in frames.
        limit: u32,
    },
}

impl ProtocolError {
    /// Returns the close code of this error (§7.4.1): 1002, 1007, 1008 or 1009.
    #[must_use]
    pub const fn close_code(&self) -> CloseCode {
        match self {
            Self::Header(_)
            | Self::Unmasked
            | Self::Masked
            | Self::UnexpectedContinuation
            | Self::ExpectedContinuation
            | Self::TruncatedCloseCode
            | Self::InvalidCloseCode(_) => CloseCode::PROTOCOL_ERROR,
            Self::InvalidUtf8 | Self::InvalidDeflate | Self::InvalidCloseReason => {
                CloseCode::INVALID_PAYLOAD
            }
            Self::MessageTooBig { .. } | Self::FrameTooBig { .. } => CloseCode::MESSAGE_TOO_BIG,
            Self::TooManyFragments { .. } => CloseCode::POLICY_VIOLATION,
        }
    }
}

impl ProtocolError {
    /// Returns the reason in the Close frame, for the peer's log. It is fixed, and has no limit of
    /// ours.
    #[must_use]
    pub const fn close_reason(&self) -> &'static str {
        match self {
            Self::Header(error) => error.as_str(),
            Self::Unmasked => "frame is not masked",
            Self::Masked => "frame is masked",
            Self::UnexpectedContinuation => "continuation without a message",
            Self::ExpectedContinuation => "message inside a fragmented message",
            Self::InvalidUtf8 => "text is not UTF-8",
            Self::InvalidDeflate => "compressed message is not DEFLATE",
            Self::TruncatedCloseCode => "Close frame with half a code",
            Self::InvalidCloseCode(_) => "close code may not be sent",
            Self::InvalidCloseReason => "close reason is not UTF-8",
            Self::MessageTooBig { .. } => "message exceeds max_message_size",
            Self::FrameTooBig { .. } => "frame exceeds max_frame_size",
            Self::TooManyFragments { .. } => "message exceeds max_fragments",
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(error) => error.fmt(f),
            Self::Unmasked => f.write_str("a frame from the client is not masked"),
            Self::Masked => f.write_str("a frame from the server is masked"),
            Self::UnexpectedContinuation => {
                f.write_str("a continuation frame continues no message")
            }
            Self::ExpectedContinuation => {
                f.write_str("a new message begins inside a fragmented one")
            }
            Self::InvalidUtf8 => InvalidUtf8.fmt(f),
            Self::InvalidDeflate => f.write_str("a compressed message is not valid DEFLATE"),
            Self::TruncatedCloseCode => f.write_str("a Close frame holds half a code"),
            Self::InvalidCloseCode(code) => {
                write!(f, "a Close frame holds the code {code}, which may not be sent")
            }
            Self::InvalidCloseReason => {
                f.write_str("the reason in a Close frame is not valid UTF-8")
            }
            Self::MessageTooBig { limit: ADDRESSABLE } => {
                write!(
                    f,
                    "a message is over {ADDRESSABLE} bytes, which is more than memory can hold; \
                     set Config::receive_in_chunks"
                )
            }
            Self::MessageTooBig { limit } => {
                write!(
                    f,
                    "a message is over max_message_size {limit}; raise Config::max_message_size"
                )
            }
            Self::FrameTooBig { limit } => {
                write!(f, "a frame is over max_frame_size {limit}; raise Config::max_frame_size")
            }
            Self::TooManyFragments { limit } => {
                write!(f, "a message has more than {limit} fragments; raise Config::max_fragments")
            }
        }
    }
}

impl error::Error for ProtocolError {}

impl From<HeaderError> for ProtocolError {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

impl From<InvalidUtf8> for ProtocolError {
    fn from(_: InvalidUtf8) -> Self {
        Self::InvalidUtf8
    }
}

impl From<InvalidClose> for ProtocolError {
    fn from(error: InvalidClose) -> Self {
        match error {
            InvalidClose::Truncated => Self::TruncatedCloseCode,
            InvalidClose::Code(code) => Self::InvalidCloseCode(code),
            InvalidClose::Reason => Self::InvalidCloseReason,
        }
    }
}

/// A frame can't be sent. Nothing was queued, and the connection stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendError {
    /// A Close frame was sent or received, or the connection is lost (§5.5.1: no data frame follows
    /// a Close frame).
    NotOpen,
    /// Another message is being sent in fragments (§5.4: messages can't be interleaved).
    MessageUnderWay,
    /// A fragment that makes its text invalid UTF-8 (§8.1), or a last one that ends inside a
    /// character.
    InvalidUtf8,
    /// A ping or pong with more than 125 bytes (§5.5).
    ControlTooLong {
        /// The length in bytes.
        len: usize,
    },
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOpen => {
                f.write_str("the connection is closing or closed; closed() has the reason")
            }
            Self::MessageUnderWay => {
                f.write_str("another message is being sent in fragments; finish it first")
            }
            Self::InvalidUtf8 => f.write_str("the text is not valid UTF-8; send it as binary"),
            Self::ControlTooLong { len } => {
                write!(f, "a ping or pong has at most 125 bytes, not {len}; send a message instead")
            }
        }
    }
}

impl error::Error for SendError {}
