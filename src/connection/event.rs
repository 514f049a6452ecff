//! The events that a connection reports to the application.

use core::fmt;

use bytes::Bytes;

use super::closing::Closed;
use crate::message::{Chunk, Message, MessageRef};

/// An event of [`Connection::receive`](crate::Connection::receive). `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A whole message.
    Message(Message),
    /// The next chunk of a message, if
    /// [`Config::receive_in_chunks`](crate::Config::receive_in_chunks) is on. A compressed message
    /// ends with an empty chunk.
    Chunk(Chunk),
    /// A ping (§5.5.2). The pong is queued already, unless
    /// [`Config::auto_pong`](crate::Config::auto_pong) is off.
    Ping(Bytes),
    /// A pong (§5.5.3): the answer to one of our pings, or an unsolicited one.
    Pong(Bytes),
    /// The end of the connection: exactly once, as the last event. Adapters return `None` instead,
    /// and have this in `closed()`.
    Closed(Closed),
}

impl Event {
    /// Bytes held.
    pub(crate) fn bytes_held(&self) -> usize {
        let payload = match self {
            Self::Message(message) => message.len(),
            Self::Chunk(Chunk { bytes, .. }) | Self::Ping(bytes) | Self::Pong(bytes) => bytes.len(),
            Self::Closed(_) => 0,
        };
        size_of::<Self>() + payload
    }
}

/// An event of [`Connection::receive_from`](crate::Connection::receive_from). `Debug` shows no
/// content.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventRef<'a> {
    /// A whole message, borrowed from the caller's buffer if it came in one frame.
    Message(MessageRef<'a>),
    /// Any other event: never an [`Event::Message`].
    Other(Event),
}

/// Copies a borrowed message.
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
            Self::Chunk(chunk) => chunk.fmt(f),
            Self::Ping(payload) => write!(f, "Ping({} bytes)", payload.len()),
            Self::Pong(payload) => write!(f, "Pong({} bytes)", payload.len()),
            Self::Closed(closed) => closed.fmt(f),
        }
    }
}
