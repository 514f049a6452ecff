//! A message to send, and whether to compress it: RFC 7692 §6.1 leaves that to the sender of each
//! message.

use super::Message;

/// Whether to compress a message. It has an effect only if compression was negotiated
/// ([`Config::deflate`](crate::Config), feature `deflate`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compress {
    /// Compresses if the message is likely to get smaller, and large enough to be worth the time.
    #[default]
    Automatic,
    /// Compresses every message.
    Always,
    /// Does not compress: for content that is compressed already, or has a secret next to text that
    /// an attacker chose (RFC 7692 §8).
    Never,
}

/// A message, and whether to compress it. Everything that converts into a [`Message`] converts into
/// this, with [`Compress::Automatic`].
///
/// ```
/// use sansocket::{Compress, Config, Connection, Message};
///
/// let mut server = Connection::server(Config::new());
/// server.send("compressed if that is worth it")?;
/// server.send(Message::from("a token").compress(Compress::Never))?;
/// # Ok::<(), sansocket::SendError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The message.
    pub message: Message,
    /// Whether to compress it.
    pub compress: Compress,
}

impl Message {
    /// Sets whether to compress this message.
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
