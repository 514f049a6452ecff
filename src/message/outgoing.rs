//! A message to send, and whether to compress it (RFC 7692 §6.1).

use core::fmt;

use super::{Compress, Message, Prepared};

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
#[derive(Clone)]
pub struct Outgoing {
    /// The message.
    pub message: Message,
    /// Whether to compress it.
    pub compress: Compress,
    /// The prepared message that this was made of, to be sent while `message` is still the same.
    prepared: Option<Prepared>,
}

impl Message {
    /// Sets whether to compress this message.
    #[must_use]
    pub const fn compress(self, compress: Compress) -> Outgoing {
        Outgoing { message: self, compress, prepared: None }
    }
}

impl Outgoing {
    /// Returns the prepared message that this was made of.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) const fn prepared(&self) -> Option<&Prepared> {
        self.prepared.as_ref()
    }

    /// Returns the message, whether to compress it, and the prepared one if that is still the same.
    #[inline]
    pub(crate) fn into_parts(self) -> (Message, Compress, Option<Prepared>) {
        let Self { message, compress, prepared } = self;
        let prepared = prepared.filter(|prepared| prepared.is(&message, compress));
        (message, compress, prepared)
    }
}

/// Compares the message and the choice.
impl PartialEq for Outgoing {
    fn eq(&self, other: &Self) -> bool {
        self.message == other.message && self.compress == other.compress
    }
}

impl Eq for Outgoing {}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("message", &self.message)
            .field("compress", &self.compress)
            .finish()
    }
}

impl From<Prepared> for Outgoing {
    fn from(prepared: Prepared) -> Self {
        let (message, compress) = (prepared.message().clone(), prepared.compress());
        Self { message, compress, prepared: Some(prepared) }
    }
}

impl From<&Prepared> for Outgoing {
    fn from(prepared: &Prepared) -> Self {
        prepared.clone().into()
    }
}

impl<M: Into<Message>> From<M> for Outgoing {
    fn from(message: M) -> Self {
        message.into().compress(Compress::Automatic)
    }
}

impl From<Outgoing> for Prepared {
    fn from(message: Outgoing) -> Self {
        let (message, compress, prepared) = message.into_parts();
        prepared.unwrap_or_else(|| Self::of(message, compress))
    }
}
