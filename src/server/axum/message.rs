//! Messages in the shape of axum's: control frames are messages too (RFC 6455 §5.5).

use std::string::String;
use std::vec::Vec;
use std::{fmt, str};

use bytes::Bytes;

use crate::message::{self, CloseFrame as ValidFrame, InvalidCloseCode, Text};

/// A close code (§7.4): see [`close_code`].
pub type CloseCode = u16;

/// The registered close codes (§7.4.1).
pub mod close_code {
    /// The purpose of the connection is fulfilled.
    pub const NORMAL: u16 = 1000;
    /// A server shuts down, or a browser leaves the page.
    pub const AWAY: u16 = 1001;
    /// The peer violated the protocol.
    pub const PROTOCOL: u16 = 1002;
    /// A kind of message that is not supported.
    pub const UNSUPPORTED: u16 = 1003;
    /// A Close frame without a code was received. It is not sent.
    pub const STATUS: u16 = 1005;
    /// The connection was lost without a Close frame. It is not sent.
    pub const ABNORMAL: u16 = 1006;
    /// Content that does not match the message's kind.
    pub const INVALID: u16 = 1007;
    /// A message violates a policy.
    pub const POLICY: u16 = 1008;
    /// A message is too big to process.
    pub const SIZE: u16 = 1009;
    /// The client requires an extension that the server did not negotiate.
    pub const EXTENSION: u16 = 1010;
    /// An unexpected condition in the server.
    pub const ERROR: u16 = 1011;
    /// The service restarts.
    pub const RESTART: u16 = 1012;
    /// The service is overloaded.
    pub const AGAIN: u16 = 1013;
}

/// The body of a Close frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// The code.
    pub code: CloseCode,
    /// The reason. More than 123 bytes are cut when it is sent.
    pub reason: Text,
}

impl TryFrom<CloseFrame> for ValidFrame {
    type Error = InvalidCloseCode;

    fn try_from(frame: CloseFrame) -> Result<Self, InvalidCloseCode> {
        Ok(Self::truncated(frame.code.try_into()?, &frame.reason))
    }
}

impl From<&ValidFrame> for CloseFrame {
    fn from(frame: &ValidFrame) -> Self {
        Self { code: frame.code().get(), reason: frame.reason().into() }
    }
}

/// A message, or a control frame. `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(Text),
    /// A binary message.
    Binary(Bytes),
    /// A ping, with at most 125 bytes. The connection has answered a received one.
    Ping(Bytes),
    /// A pong, with at most 125 bytes. Pongs to keep-alive pings are not received.
    Pong(Bytes),
    /// A Close frame. The connection has answered a received one.
    Close(Option<CloseFrame>),
}

impl Message {
    /// Creates a text message.
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    /// Creates a binary message.
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self::Binary(bytes.into())
    }

    /// Returns the payload; of a Close frame the reason.
    #[must_use]
    pub fn into_data(self) -> Bytes {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => bytes,
            Self::Close(frame) => frame.map(|frame| frame.reason.into_bytes()).unwrap_or_default(),
        }
    }

    /// Returns the payload as text; of a Close frame the reason.
    ///
    /// # Errors
    ///
    /// [`Utf8Error`](str::Utf8Error) if the payload is not UTF-8.
    pub fn into_text(self) -> Result<Text, str::Utf8Error> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Close(frame) => Ok(frame.map(|frame| frame.reason).unwrap_or_default()),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => {
                str::from_utf8(&bytes).map(Text::from)
            }
        }
    }

    /// Returns the payload as text; of a Close frame the reason.
    ///
    /// # Errors
    ///
    /// [`Utf8Error`](str::Utf8Error) if the payload is not UTF-8.
    pub fn to_text(&self) -> Result<&str, str::Utf8Error> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => str::from_utf8(bytes),
            Self::Close(frame) => Ok(frame.as_ref().map_or("", |frame| &frame.reason)),
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, len) = match self {
            Self::Text(text) => ("Text", text.len()),
            Self::Binary(bytes) => ("Binary", bytes.len()),
            Self::Ping(bytes) => ("Ping", bytes.len()),
            Self::Pong(bytes) => ("Pong", bytes.len()),
            Self::Close(frame) => return f.debug_tuple("Close").field(frame).finish(),
        };
        write!(f, "{name}(<{len} bytes>)")
    }
}

impl From<message::Message> for Message {
    fn from(message: message::Message) -> Self {
        match message {
            message::Message::Text(text) => Self::Text(text),
            message::Message::Binary(bytes) => Self::Binary(bytes),
        }
    }
}

/// Text from these types.
macro_rules! from_text {
    ($($source:ty),*) => {$(
        impl From<$source> for Message {
            fn from(text: $source) -> Self {
                Self::Text(text.into())
            }
        }
    )*};
}

from_text!(String, &str, Text);

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes.into())
    }
}

impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Self {
        Self::Binary(Bytes::copy_from_slice(bytes))
    }
}

impl From<Message> for Vec<u8> {
    fn from(message: Message) -> Self {
        message.into_data().into()
    }
}
