//! The options and limits of a connection, and its role.

#[cfg(feature = "deflate")]
use alloc::boxed::Box;

#[cfg(feature = "deflate")]
use crate::deflate::Deflate;

/// The role of an endpoint. A client masks its frames (RFC 6455 §5.1), and waits for the server to
/// close the stream (§7.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The endpoint that opened the connection.
    Client,
    /// The endpoint that accepted the connection.
    Server,
}

/// Options and limits of a connection, the same for both roles. Every limit is inclusive, and is
/// enforced on a frame's header: before its payload is read or memory is allocated for it.
///
/// ```
/// use sansocket::Config;
///
/// let config = Config::new().max_message_size(64 * 1024).auto_pong(false);
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) max_message_size: u64,
    pub(super) max_frame_size: u64,
    pub(super) max_fragments: u32,
    pub(super) auto_pong: bool,
    pub(super) receive_in_chunks: bool,
    #[cfg(feature = "deflate")]
    pub(crate) deflate: Option<Box<Deflate>>,
}

impl Config {
    /// No limit: the peer decides how much memory a message takes.
    pub const UNLIMITED: u64 = u64::MAX;

    /// Creates a configuration with the defaults that each method documents.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_message_size: 16 * 1024 * 1024,
            max_frame_size: Self::UNLIMITED,
            max_fragments: 262_144,
            auto_pong: true,
            receive_in_chunks: false,
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    /// Sets the maximum size of a received message, in bytes over all its fragments. Default: 16
    /// MiB. A larger message closes the connection with 1009 (§10.4).
    #[must_use]
    pub const fn max_message_size(mut self, bytes: u64) -> Self {
        self.max_message_size = bytes;
        self
    }

    /// Sets the maximum size of a received frame, in bytes of payload. Default: unlimited, but for
    /// the message's limit. A larger frame closes the connection with 1009 (§10.4).
    #[must_use]
    pub const fn max_frame_size(mut self, bytes: u64) -> Self {
        self.max_frame_size = bytes;
        self
    }

    /// Sets the maximum number of frames in a received message. Default: 262 144. One more closes
    /// the connection with 1008. Fragments cost no memory of their own; the limit stops an endless
    /// message of empty frames.
    #[must_use]
    pub const fn max_fragments(mut self, frames: u32) -> Self {
        self.max_fragments = frames;
        self
    }

    /// Sets whether the connection answers pings (§5.5.2). Default: true. If false, the application
    /// must send a [`pong`](crate::Connection::pong) for each [`Event::Ping`](crate::Event::Ping).
    #[must_use]
    pub const fn auto_pong(mut self, yes: bool) -> Self {
        self.auto_pong = yes;
        self
    }

    /// Sets whether messages are returned in chunks ([`Event::Chunk`](crate::Event::Chunk)) as they
    /// are received, and never joined: for messages that don't fit into memory. Default: false. The
    /// limits still apply: for messages of any size, set
    /// [`max_message_size`](Self::max_message_size) to [`Config::UNLIMITED`] and
    /// [`max_fragments`](Self::max_fragments) to `u32::MAX`.
    #[must_use]
    pub const fn receive_in_chunks(mut self, yes: bool) -> Self {
        self.receive_in_chunks = yes;
        self
    }

    /// Enables compression (RFC 7692): a client offers it, a server accepts it, and it is used if
    /// the peer agrees. Default: none. Needs feature `deflate`.
    ///
    /// ```
    /// use sansocket::Config;
    /// use sansocket::deflate::Deflate;
    ///
    /// let config = Config::new().deflate(Deflate::memory());
    /// ```
    ///
    /// [`max_message_size`](Self::max_message_size) then limits the inflated message, and
    /// [`max_frame_size`](Self::max_frame_size) the compressed frame. A received byte may inflate
    /// to as many as 1,032: [`Deflate`] has the time that this costs, by the limit.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(mut self, deflate: Deflate) -> Self {
        self.deflate = Some(Box::new(deflate));
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
