//! What a connection allows, and which side of it we are.

#[cfg(feature = "deflate")]
use alloc::boxed::Box;

#[cfg(feature = "deflate")]
use crate::deflate::Deflate;

/// Which side of the connection we are. The client masks what it sends (RFC 6455 §5.1) and lets the
/// server hang up (§7.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The side that asked for the connection.
    Client,
    /// The side that was asked.
    Server,
}

/// Limits and habits of a connection, the same for both roles. Every limit is inclusive, and is
/// enforced on a frame's header: before a byte of its payload is read or memory is taken for it.
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
    /// For a limit that shall not limit. The peer decides then how much memory a message takes.
    pub const UNLIMITED: u64 = u64::MAX;

    /// The defaults that each method names.
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

    /// The largest message to receive, in bytes, over all its fragments. Default: 16 MiB. Above it
    /// the connection ends with 1009 (§10.4).
    #[must_use]
    pub const fn max_message_size(mut self, bytes: u64) -> Self {
        self.max_message_size = bytes;
        self
    }

    /// The largest frame to receive, in bytes of payload. Default: no other limit than the
    /// message's. Above it the connection ends with 1009 (§10.4).
    #[must_use]
    pub const fn max_frame_size(mut self, bytes: u64) -> Self {
        self.max_frame_size = bytes;
        self
    }

    /// The most frames that one message may come in, empty ones counted. Default: 262 144. Above it
    /// the connection ends with
    /// 1008. Fragments cost no memory of their own; the limit is against frames that carry nothing,
    ///       for ever.
    #[must_use]
    pub const fn max_fragments(mut self, frames: u32) -> Self {
        self.max_fragments = frames;
        self
    }

    /// Whether pings are answered without the application's help (§5.5.2). Default: yes. If not,
    /// the application owes the peer a [`pong`](crate::Connection::pong) for each
    /// [`Event::Ping`](crate::Event::Ping).
    #[must_use]
    pub const fn auto_pong(mut self, yes: bool) -> Self {
        self.auto_pong = yes;
        self
    }

    /// Whether messages are given in parts, as they come ([`Event::Chunk`](crate::Event::Chunk)), and
    /// never put together: for messages that are larger than memory should be. Default: no. The
    /// limits count all the same; for messages of any size,
    /// [`max_message_size`](Self::max_message_size) is [`Config::UNLIMITED`], and
    /// [`max_fragments`](Self::max_fragments) `u32::MAX`.
    #[must_use]
    pub const fn receive_in_chunks(mut self, yes: bool) -> Self {
        self.receive_in_chunks = yes;
        self
    }

    /// Compression (RFC 7692), offered by a client and accepted by a server; used if the peer
    /// agrees. Default: none. It needs feature `deflate`.
    ///
    /// ```
    /// use sansocket::Config;
    /// use sansocket::deflate::Deflate;
    ///
    /// let config = Config::new().deflate(Deflate::memory());
    /// ```
    ///
    /// Then [`max_message_size`](Self::max_message_size) is for what a message inflates to, and
    /// [`max_frame_size`](Self::max_frame_size) for frames as they are on the wire.
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
