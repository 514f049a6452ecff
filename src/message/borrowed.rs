//! A message where it was received: to be looked at, passed on, or kept.

use core::fmt;

use super::{Checked, Kind, Message, block};
use crate::wire::InvalidUtf8;

/// A message that, if it came in one piece, lies where it was received, and was not copied; see
/// [`Connection::receive_from`](crate::Connection::receive_from). To keep it, make a [`Message`] of
/// it.
///
/// `Debug` tells the kind and the size, never the content.
///
/// ```
/// use sansocket::{Message, MessageRef};
///
/// let message = MessageRef::from("hello");
/// assert_eq!(message.as_text(), Some("hello"));
/// assert_eq!(Message::from(message), Message::from("hello"));
/// ```
#[derive(Clone)]
pub struct MessageRef<'a>(Place<'a>);

/// Where it is.
#[derive(Clone)]
enum Place<'a> {
    Text(Checked<'a>),
    Binary(&'a [u8]),
    /// It had to be joined.
    Joined(Message),
}

impl<'a> MessageRef<'a> {
    /// A message of what was received, if it may be one.
    #[inline]
    pub(crate) fn checked(kind: Kind, payload: &'a [u8]) -> Result<Self, InvalidUtf8> {
        Ok(Self(match kind {
            Kind::Text => Place::Text(Checked::new(payload)?),
            Kind::Binary => Place::Binary(payload),
        }))
    }

    /// Text or not.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match &self.0 {
            Place::Text(_) | Place::Joined(Message::Text(_)) => Kind::Text,
            Place::Binary(_) | Place::Joined(Message::Binary(_)) => Kind::Binary,
        }
    }

    /// The message, if it is one already.
    #[inline]
    pub(crate) fn into_joined(self) -> Result<Message, Self> {
        match self.0 {
            Place::Joined(message) => Ok(message),
            place => Err(Self(place)),
        }
    }

    /// The content, whichever kind it is.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Place::Text(text) => text.as_bytes(),
            Place::Binary(bytes) => bytes,
            Place::Joined(message) => message.as_bytes(),
        }
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.0 {
            Place::Text(text) => Some(text.as_str()),
            Place::Binary(_) => None,
            Place::Joined(message) => message.as_text(),
        }
    }
}

/// Copies it, unless it had to be joined.
impl From<MessageRef<'_>> for Message {
    #[inline]
    fn from(message: MessageRef<'_>) -> Self {
        match message.0 {
            Place::Text(text) => Self::Text(text.into()),
            Place::Binary(bytes) => Self::Binary(block::copy(bytes)),
            Place::Joined(message) => message,
        }
    }
}

impl From<Message> for MessageRef<'_> {
    fn from(message: Message) -> Self {
        Self(Place::Joined(message))
    }
}

impl<'a> From<&'a str> for MessageRef<'a> {
    fn from(text: &'a str) -> Self {
        Self(Place::Text(text.into()))
    }
}

impl<'a> From<&'a [u8]> for MessageRef<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(Place::Binary(bytes))
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
