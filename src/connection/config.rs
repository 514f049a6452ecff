//! The options and limits of a connection, and its role.

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

/// The size in bytes of the largest allocation: 2 GiB less one byte on a 32-bit processor.
pub(super) const ADDRESSABLE: u64 = isize::MAX as u64;

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
    /// `None` is the default, which takes no memory.
    opening: Option<Box<Opening>>,
}

/// Options of the opening handshake, and those that few connections have.
#[derive(Clone, Debug, Default)]
struct Opening {
    head: HeadLimits,
    max_sent_frame_size: Option<u32>,
    #[cfg(feature = "deflate")]
    deflate: Option<Deflate>,
}

/// Limits of the head of a received request or response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadLimits {
    /// The length in bytes.
    pub(crate) size: usize,
    /// The length of a line with its end, in bytes.
    pub(crate) line: usize,
    pub(crate) fields: usize,
}

/// The highest limit of a head in bytes: places in a head are stored in 32 bits.
const MAX_HEAD_SIZE: usize = 16 * 1024 * 1024;

impl Default for HeadLimits {
    fn default() -> Self {
        Self { size: 16 * 1024, line: 8 * 1024, fields: 100 }
    }
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
            opening: None,
        }
    }

    /// Sets the maximum size of a received message, in bytes over all its fragments. Default: 16
    /// MiB. A larger message closes the connection with 1009 (§10.4). Unless it is received in
    /// chunks, a message has at most `isize::MAX` bytes, whatever the limit: 2 GiB on a 32-bit
    /// processor.
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

    /// Sets the maximum size of a sent frame, in bytes of payload, at least 1. Default: unlimited.
    /// A larger message, or a larger fragment, is sent in several frames (§5.4): for gateways that
    /// refuse large ones, at 32 KiB for example.
    #[must_use]
    pub fn max_sent_frame_size(mut self, bytes: u32) -> Self {
        self.opening().max_sent_frame_size = Some(bytes.max(1));
        self
    }

    /// The size of the largest frame that is sent.
    pub(super) fn sent_frame_limit(&self) -> u32 {
        self.opening.as_ref().and_then(|opening| opening.max_sent_frame_size).unwrap_or(u32::MAX)
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
        self.opening().deflate = Some(deflate);
        self
    }

    #[cfg(feature = "deflate")]
    pub(crate) fn deflate_options(&self) -> Option<&Deflate> {
        self.opening.as_ref()?.deflate.as_ref()
    }

    /// Takes the options of compression, and frees those of the opening handshake, which is done.
    #[cfg(feature = "deflate")]
    pub(super) fn take_deflate_options(&mut self) -> Option<Deflate> {
        self.opening.take()?.deflate
    }

    /// Sets the maximum size of the HTTP head that is received in the opening handshake, in bytes:
    /// a server's of the request, a client's of the response. Default: 16 KiB; at most 16 MiB.
    /// Cookies, Kerberos tickets and security policies may need more. A larger head is
    /// [`HeadError::TooLong`](crate::HeadError::TooLong): a server answers 431.
    #[must_use]
    pub fn max_head_size(mut self, bytes: usize) -> Self {
        self.opening().head.size = bytes.min(MAX_HEAD_SIZE);
        self
    }

    /// Sets the maximum length of a line of that head, in bytes with its end. Default: 8 KiB. A
    /// line is a request target or a header field; with a longer one, raise
    /// [`max_head_size`](Self::max_head_size) too. A longer line is
    /// [`HeadError::LineTooLong`](crate::HeadError::LineTooLong): a server answers 431.
    #[must_use]
    pub fn max_head_line(mut self, bytes: usize) -> Self {
        self.opening().head.line = bytes;
        self
    }

    /// Sets the maximum number of header fields of that head. Default: 100. More fields are
    /// [`HeadError::TooManyFields`](crate::HeadError::TooManyFields): a server answers 431.
    #[must_use]
    pub fn max_head_fields(mut self, fields: usize) -> Self {
        self.opening().head.fields = fields;
        self
    }

    pub(crate) fn head_limits(&self) -> HeadLimits {
        self.opening.as_ref().map_or_else(HeadLimits::default, |opening| opening.head)
    }

    fn opening(&mut self) -> &mut Opening {
        self.opening.get_or_insert_default()
    }

    /// The size in bytes of the largest message that is accepted. One that is joined is no larger
    /// than an allocation can be, and the sum of no message's lengths wraps.
    pub(super) const fn message_limit(&self) -> u64 {
        let most = if self.receive_in_chunks { i64::MAX as u64 } else { ADDRESSABLE };
        if self.max_message_size < most { self.max_message_size } else { most }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
