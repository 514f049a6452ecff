//! A message on its way out, and whether it is to be compressed: RFC 7692 §6.1 leaves that to the
//! sender, message by message.

use super::Message;

/// Whether a message is to be compressed. It matters only where compression was agreed on
/// ([`Config::deflate`](crate::Config), feature `deflate`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compress {
    /// If it is likely to get smaller, and large enough to be worth the time.
    #[default]
    Automatic,
    /// In any case.
    Always,
    /// In no case: it is compressed already, or it has secrets beside a stranger's words (RFC 7692
    /// §8).
    Never,
}

/// A message, and whether it is to be compressed. Anything that makes a [`Message`] makes one with
/// [`Compress::Automatic`].
///
/// ```
/// use sansocket::{Compress, Config, Connection, Message};
///
/// let mut server = Connection::server(Config::new());
/// server.send("whatever is best")?;
/// server.send(Message::from("a token").compress(Compress::Never))?;
/// # Ok::<(), sansocket::SendError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The message.
    pub message: Message,
    /// Whether it is to be compressed.
    pub compress: Compress,
}

impl Message {
    /// The same, to be compressed or not.
    #[must_use]
    pub const fn compress(self, compress: Compress) -> Outgoing {
        Outgoing { message: self, compress }
    }
}

impl<M: Into<Message>> From<M> for Outgoing {
    fn from(message: M) -> Self {
        message.into().compress(Compress::Automatic)
    }
}
