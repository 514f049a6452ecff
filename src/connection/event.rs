//! What a conversation comes to, for the application.

use core::fmt;

use bytes::Bytes;

use super::closing::Closed;
use crate::message::{Chunk, Message, MessageRef};

/// What [`Connection::receive`](crate::Connection::receive) gives. `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A message.
    Message(Message),
    /// The next part of a message, instead of the whole, if
    /// [`Config::receive_in_chunks`](crate::Config::receive_in_chunks) says so. The last part of a compressed message
    /// is empty: that it was the last is known after it.
    Chunk(Chunk),
    /// A ping, which is answered already unless [`Config::auto_pong`](crate::Config::auto_pong) is
    /// off (§5.5.2).
    Ping(Bytes),
    /// A pong (§5.5.3): an answer to a ping of ours, or unasked for.
    Pong(Bytes),
    /// The end of the conversation: exactly once, and nothing after it. Adapters give `None`
    /// instead, and tell it by `closed()`.
    Closed(Closed),
}

impl Event {
    /// Bytes that it takes to keep it.
    pub(crate) fn held(&self) -> usize {
        let payload = match self {
            Self::Message(message) => message.len(),
            Self::Chunk(Chunk { bytes, .. }) | Self::Ping(bytes) | Self::Pong(bytes) => bytes.len(),
            Self::Closed(_) => 0,
        };
        size_of::<Self>() + payload
    }
}

/// What [`Connection::receive_from`](crate::Connection::receive_from) gives. `Debug` shows no
/// content.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventRef<'a> {
    /// A message, where it was received.
    Message(MessageRef<'a>),
    /// Anything else: never an [`Event::Message`].
    Other(Event),
}

/// Copies a message, unless it had to be joined.
impl From<EventRef<'_>> for Event {
    #[inline]
    fn from(event: EventRef<'_>) -> Self {
        match event {
            EventRef::Message(message) => Self::Message(message.into()),
            EventRef::Other(event) => event,
        }
    }
}

impl From<Event> for EventRef<'_> {
    fn from(event: Event) -> Self {
        match event {
            Event::Message(message) => Self::Message(message.into()),
            event => Self::Other(event),
        }
    }
}

impl fmt::Debug for EventRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => message.fmt(f),
            Self::Other(event) => event.fmt(f),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => message.fmt(f),
            Self::Chunk(part) => part.fmt(f),
            Self::Ping(payload) => write!(f, "Ping({} bytes)", payload.len()),
            Self::Pong(payload) => write!(f, "Pong({} bytes)", payload.len()),
            Self::Closed(closed) => closed.fmt(f),
        }
    }
}
