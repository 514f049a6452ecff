//! Messages, text, and Close frames.
//!
//! RFC 6455 §5.6 (data), §5.5.1 and §7.4 (closing).

mod block;
mod borrowed;
mod close;
mod compress;
mod outgoing;
mod prepared;
mod text;

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use bytes::Bytes;

pub(crate) use self::block::Block;
pub use self::borrowed::MessageRef;
pub(crate) use self::close::InvalidClose;
pub use self::close::{CloseCode, CloseFrame, InvalidCloseCode, ReasonTooLong};
pub use self::compress::Compress;
pub use self::outgoing::Outgoing;
pub use self::prepared::Prepared;
use self::text::Checked;
pub use self::text::Text;
pub(crate) use self::text::TextBuilder;
use crate::wire::Opcode;

/// The largest payload that is copied behind its header, in bytes: cheaper than one more `iovec`,
/// and many small frames become one write.
pub(crate) const MAX_COPIED: usize = 4 * 1024;

/// A text or binary message. Control frames (Close, Ping, Pong) are not messages: connections
/// answer them. `recv_event` of an adapter returns pings and pongs, and `closed` the Close frame;
/// `close`, `ping` and `try_ping` send them.
///
/// `Debug` shows the kind and the size, not the content, so that logs don't leak it. In a test,
/// compare [`as_text`](Message::as_text) or [`as_bytes`](Message::as_bytes) to see what differs.
///
/// ```
/// use sansocket::Message;
///
/// let greeting = Message::from("hello");
/// assert_eq!(greeting.as_text(), Some("hello"));
/// assert_eq!(format!("{greeting:?}"), "Text(5 bytes)");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// UTF-8 text (§5.6, opcode 1).
    Text(Text),
    /// Any bytes (§5.6, opcode 2).
    Binary(Bytes),
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8 text (§5.6, opcode 1).
    Text,
    /// Any bytes (§5.6, opcode 2).
    Binary,
}

impl Kind {
    /// Returns the opcode of the first frame of such a message.
    pub(crate) const fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::Text,
            Self::Binary => Opcode::Binary,
        }
    }
}

/// A chunk of a message that is received in chunks; see
/// [`Config::receive_in_chunks`](crate::Config::receive_in_chunks).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// The kind of the message: the same in all its chunks.
    pub kind: Kind,
    /// The next bytes of the message; the last chunk may be empty. A text is validated as UTF-8,
    /// but a chunk may end inside a character.
    pub bytes: Bytes,
    /// Whether this is the message's last chunk.
    pub last: bool,
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = if self.last { ", last" } else { "" };
        write!(f, "Chunk({:?}, {} bytes{last})", self.kind, self.bytes.len())
    }
}

impl Message {
    /// Creates a text message; `From` does the same.
    #[must_use]
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    /// Creates a binary message; `From` does the same.
    #[must_use]
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self::Binary(bytes.into())
    }

    /// Returns the kind of the message.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Binary(_) => Kind::Binary,
        }
    }

    /// Returns whether this is a text message.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Returns whether this is a binary message.
    #[must_use]
    pub const fn is_binary(&self) -> bool {
        matches!(self, Self::Binary(_))
    }

    /// Returns the content's size in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Returns whether the content is empty, which is allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the content of either kind.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// Returns the content of either kind without a copy. A received message of 128 KiB and more is
    /// in a pooled buffer: `Bytes::try_into_mut` fails for it, and `Vec::from` copies it.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// Returns the text of a text message without a copy.
    ///
    /// # Errors
    ///
    /// Returns a binary message as it is: it is not validated. `Text::try_from` validates bytes.
    pub fn into_text(self) -> Result<Text, Self> {
        match self {
            Self::Text(text) => Ok(text),
            binary => Err(binary),
        }
    }

    /// Returns the same message in other memory: these bytes from `start` on.
    fn at(&self, bytes: &Bytes, start: usize) -> Self {
        match self {
            Self::Text(text) => Self::Text(text.at(bytes, start)),
            Self::Binary(_) => Self::Binary(bytes.slice(start..)),
        }
    }

    /// Returns the text of a text message.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt_size(f),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
        }
    }
}

/// The text, or the size of a binary message.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            binary => fmt::Debug::fmt(binary, f),
        }
    }
}

/// Conversions into a text message.
macro_rules! message_from_text {
    ($($source:ty),*) => {$(
        impl From<$source> for Message {
            fn from(text: $source) -> Self {
                Self::Text(text.into())
            }
        }
    )*};
}

/// Conversions into a binary message.
macro_rules! message_from_bytes {
    ($($source:ty),*) => {$(
        impl From<$source> for Message {
            fn from(bytes: $source) -> Self {
                Self::Binary(bytes.into())
            }
        }
    )*};
}

message_from_text!(Text, String, &String, &str, Cow<'_, str>);
message_from_bytes!(Bytes, bytes::BytesMut, alloc::vec::Vec<u8>);

impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Self {
        Self::Binary(block::copy_exact(bytes))
    }
}

impl<const N: usize> From<&[u8; N]> for Message {
    fn from(bytes: &[u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}
