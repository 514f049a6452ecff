//! The words that both sides share: messages, text, and the farewell.
//!
//! RFC 6455 §5.6 (data), §5.5.1 and §7.4 (closing).

mod block;
mod borrowed;
mod close;
mod outgoing;
mod text;

use core::fmt;

use bytes::Bytes;

pub(crate) use self::block::Block;
pub use self::borrowed::MessageRef;
pub(crate) use self::close::InvalidClose;
pub use self::close::{CloseCode, CloseFrame, ReasonTooLong};
pub use self::outgoing::{Compress, Outgoing};
use self::text::Checked;
pub use self::text::Text;
pub(crate) use self::text::TextBuilder;
use crate::wire::Opcode;

/// What applications exchange: text or bytes, and nothing else. Pings, pongs and closes are not
/// messages.
///
/// `Debug` tells the kind and the size, never the content, so that logs don't leak it. In a test,
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

/// What a message is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8 text (§5.6, opcode 1).
    Text,
    /// Any bytes (§5.6, opcode 2).
    Binary,
}

impl Kind {
    /// What a frame says of it.
    pub(crate) const fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::Text,
            Self::Binary => Opcode::Binary,
        }
    }
}

/// A part of a message that is received in parts; see
/// [`Config::receive_in_chunks`](crate::Config::receive_in_chunks).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// What the message is made of, the same for all its parts.
    pub kind: Kind,
    /// The next bytes of the message; perhaps none, in its last part. Those of a text are checked
    /// to be UTF-8, but a part may end inside a character.
    pub bytes: Bytes,
    /// Whether the message ends here.
    pub last: bool,
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = if self.last { ", last" } else { "" };
        write!(f, "Chunk({:?}, {} bytes{last})", self.kind, self.bytes.len())
    }
}

impl Message {
    /// Text or not.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Binary(_) => Kind::Binary,
        }
    }

    /// Whether it is text.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Whether it is binary.
    #[must_use]
    pub const fn is_binary(&self) -> bool {
        matches!(self, Self::Binary(_))
    }

    /// The content's size in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether there is no content: a message may be empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The content, whichever kind it is.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// The content without a copy, whichever kind it is. What was received, of 128 KiB and more,
    /// lies in memory that will be used again: `Bytes::try_into_mut` does not take it over, and a
    /// `Vec` of it is a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// The text, if it is text.
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

/// What becomes a text message.
macro_rules! message_from_text {
    ($($source:ty),*) => {$(
        impl From<$source> for Message {
            fn from(text: $source) -> Self {
                Self::Text(text.into())
            }
        }
    )*};
}

/// What becomes a binary message.
macro_rules! message_from_bytes {
    ($($source:ty),*) => {$(
        impl From<$source> for Message {
            fn from(bytes: $source) -> Self {
                Self::Binary(bytes.into())
            }
        }
    )*};
}

message_from_text!(Text, alloc::string::String, &str);
message_from_bytes!(Bytes, bytes::BytesMut, alloc::vec::Vec<u8>);

impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Self {
        Self::Binary(Bytes::copy_from_slice(bytes))
    }
}

impl<const N: usize> From<&[u8; N]> for Message {
    fn from(bytes: &[u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}
