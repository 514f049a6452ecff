//! Whether to compress a message: RFC 7692 §6.1 leaves that to the sender of each message.

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
