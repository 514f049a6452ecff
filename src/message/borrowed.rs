//! A message that borrows from the buffer in which it was received.

use core::fmt;

use super::{Checked, Kind, Message, block};
use crate::wire::InvalidUtf8;

/// A received message. If it came in one frame, it borrows from the buffer of
/// [`Connection::receive_from`](crate::Connection::receive_from), without a copy. Convert it into a
/// [`Message`] to keep it.
///
/// `Debug` shows the kind and the size, not the content.
///
/// ```
/// use sansocket::{Message, MessageRef};
///
/// let message = MessageRef::from("hello");
/// assert_eq!(message.as_text(), Some("hello"));
/// assert_eq!(Message::from(message), Message::from("hello"));
/// ```
#[derive(Clone)]
pub struct MessageRef<'a>(Content<'a>);

/// The content, borrowed or owned.
#[derive(Clone)]
enum Content<'a> {
    Text(Checked<'a>),
    Binary(&'a [u8]),
    /// Fragments, or pieces of a frame, that were joined in memory of their own.
    Joined(Message),
}

impl<'a> MessageRef<'a> {
    /// Creates a message of received payload; validates a text.
    #[inline]
    pub(crate) fn checked(kind: Kind, payload: &'a [u8]) -> Result<Self, InvalidUtf8> {
        Ok(Self(match kind {
            Kind::Text => Content::Text(Checked::new(payload)?),
            Kind::Binary => Content::Binary(payload),
        }))
    }

    /// Returns the kind of the message.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match &self.0 {
            Content::Text(_) | Content::Joined(Message::Text(_)) => Kind::Text,
            Content::Binary(_) | Content::Joined(Message::Binary(_)) => Kind::Binary,
        }
    }

    /// Returns the message if it was joined, without a copy.
    #[inline]
    pub(crate) fn into_joined(self) -> Result<Message, Self> {
        match self.0 {
            Content::Joined(message) => Ok(message),
            content => Err(Self(content)),
        }
    }

    /// Returns the content of either kind.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Content::Text(text) => text.as_bytes(),
            Content::Binary(bytes) => bytes,
            Content::Joined(message) => message.as_bytes(),
        }
    }

    /// Returns the text of a text message.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.0 {
            Content::Text(text) => Some(text.as_str()),
            Content::Binary(_) => None,
            Content::Joined(message) => message.as_text(),
        }
    }
}

/// Copies a borrowed message.
impl From<MessageRef<'_>> for Message {
    #[inline]
    fn from(message: MessageRef<'_>) -> Self {
        match message.0 {
            Content::Text(text) => Self::Text(text.into()),
            Content::Binary(bytes) => Self::Binary(block::copy(bytes)),
            Content::Joined(message) => message,
        }
    }
}

impl From<Message> for MessageRef<'_> {
    fn from(message: Message) -> Self {
        Self(Content::Joined(message))
    }
}

impl<'a> From<&'a str> for MessageRef<'a> {
    fn from(text: &'a str) -> Self {
        Self(Content::Text(text.into()))
    }
}

impl<'a> From<&'a [u8]> for MessageRef<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(Content::Binary(bytes))
    }
}

impl fmt::Debug for MessageRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({} bytes)", self.kind(), self.as_bytes().len())
    }
}

impl PartialEq for MessageRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.as_bytes() == other.as_bytes()
    }
}

impl Eq for MessageRef<'_> {}
