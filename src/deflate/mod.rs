//! Messages that are smaller on the wire: the permessage-deflate extension, RFC 7692.
//!
//! [`Deflate`] is what we would like, [`Agreed`] what both sides said in the opening handshake
//! (§7.1), [`Compressor`] and [`Decompressor`] are one direction each (§7.2). Nothing here knows of
//! frames: that RSV1 marks a compressed message (§6) is the connection's business.
//!
//! ```
//! use bytes::BytesMut;
//! use sansocket::deflate::{Compressor, Decompressor, Deflate};
//!
//! let (client, server) = (Deflate::new(), Deflate::memory());
//! assert_eq!(client.offer(), "permessage-deflate; client_max_window_bits=12");
//!
//! let offered = [("client_max_window_bits", Some("12".into()))];
//! let (at_server, answer) = server.answer(offered).unwrap();
//! assert_eq!(answer, "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=12");
//!
//! let mut wire = BytesMut::new();
//! Compressor::new(&server, &at_server).compress(b"Hello", true, &mut wire);
//! assert_eq!(wire[..], *b"\xf2\x48\xcd\xc9\xc9\x07\x00");
//!
//! let answered = [
//!     ("server_no_context_takeover", None),
//!     ("client_no_context_takeover", None),
//!     ("client_max_window_bits", Some("12".into())),
//! ];
//! let at_client = client.accept(answered).unwrap();
//! let (mut wire, mut room) = (&wire[..], [0; 512]);
//! let inflated = Decompressor::new(&at_client).inflate(&mut wire, true, 1024, &mut room).unwrap();
//! assert_eq!(inflated, Some(&b"Hello"[..]));
//! ```

mod codec;
mod compressor;
mod decompressor;
mod params;

pub use compressor::Compressor;
pub use decompressor::{Decompressor, InflateError};
pub use params::{Agreed, InvalidAnswer, NAME, Window};

/// What we would like of permessage-deflate, in either role: a preset, and what differs from it.
///
/// The figures are for messages of JSON, by `cargo bench -p sansocket-benches --bench deflate`: a
/// message's size on the wire against its own, how fast it is compressed, and what a connection
/// that has compressed and decompressed holds from then on.
///
/// | preset | 64 B | 512 B | 4 KiB | 64 KiB | MB/s at 4 KiB | held per connection |
/// |---|---|---|---|---|---|---|
/// | [`speed`](Self::speed) | 0.35 | 0.37 | 0.37 | 0.37 | 370 | 260 + 47 KiB |
/// | [`balance`](Self::balance), the default | 0.33 | 0.32 | 0.27 | 0.26 | 120 | 161 + 47 KiB |
/// | [`memory`](Self::memory) | 0.98 | 0.49 | 0.31 | 0.26 | 120 | 0 |
///
/// # Secrets
///
/// Who sees the sizes of compressed messages, and has a say in what stands in them, can guess what
/// else stands in the same window (§8: CRIME, BREACH). Secrets beside a stranger's words go
/// uncompressed.
///
/// # Window bits of 8
///
/// The RFC has windows from 2⁸ bytes up, zlib's compressor from 2⁹. Where 8 is agreed on, it is 9's
/// compressor that works: it never looks back farther than 512 − 262 = 250 bytes, so a window of
/// 256 follows it.
#[derive(Clone, Debug)]
pub struct Deflate {
    level: u8,
    /// None: by what is agreed on.
    threshold: Option<usize>,
    ours: Window,
    peers: Window,
}

impl Deflate {
    /// The same as [`balance`](Self::balance).
    #[must_use]
    pub const fn new() -> Self {
        Self::balance()
    }

    /// Spends memory and some bytes to save time: [`level`](Self::level) 1, with the largest
    /// windows, kept from message to message.
    #[must_use]
    pub const fn speed() -> Self {
        Self { level: 1, threshold: None, ours: Window::LARGEST, peers: Window::LARGEST }
    }

    /// The default: spends time to save bytes, as far as it pays, and memory likewise.
    /// [`level`](Self::level) 3, with our window of 2¹² bytes, kept from message to message. The
    /// peer's is not limited: decompressing takes the same memory for any.
    #[must_use]
    pub const fn balance() -> Self {
        Self { level: 3, ..Self::speed() }.max_window_bits(12)
    }

    /// Spends bytes to save memory: [`level`](Self::level) 3, and every message on its own, in both
    /// directions. A connection holds nothing between messages; the states are taken from a pool
    /// that all connections share, and given back. It has at most 32 to spare for each direction:
    /// up to 9 MiB and 1.5 MiB.
    ///
    /// Messages of less than a KiB lose most by it: what they repeat, they repeat of each other.
    #[must_use]
    pub const fn memory() -> Self {
        Self { level: 3, ..Self::speed() }.no_context_takeover(true).peer_no_context_takeover(true)
    }

    /// How hard to look for what can be left out: from 1 (fast) to 9 (small); above that counts as
    /// 9, 0 as 1. Default: 3.
    ///
    /// At 4 KiB of JSON, level 1 saves 230 bytes per microsecond, which pays on any network. Level
    /// 3 saves another 440 bytes in 20 µs, or 22 a microsecond: a core that does nothing else saves
    /// 180 Mbit/s, which pays where traffic is paid for. Level 6 saves another 80 bytes in 40 µs,
    /// or 2 a microsecond. By the bench named above, in windows of 2¹⁵ bytes.
    #[must_use]
    pub const fn level(mut self, level: u8) -> Self {
        self.level = clamp(level, 1, 9);
        self
    }

    /// Messages of fewer bytes go uncompressed, unless compression is asked for. Default: 64 if our
    /// window is kept from message to message, else 256, since a short message hardly repeats
    /// itself.
    #[must_use]
    pub const fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = Some(bytes);
        self
    }

    /// The largest window to compress with, as the base-2 logarithm of its bytes (§7.1.2): from 8
    /// to 15; what is outside counts as the nearest. Default: 12. The peer may ask for a smaller
    /// one.
    #[must_use]
    pub const fn max_window_bits(mut self, bits: u8) -> Self {
        self.ours.bits = clamp(bits, 8, 15);
        self
    }

    /// The largest window that the peer may compress with, from 8 to 15 likewise. Default: 15. It
    /// saves memory on the peer's side, not on ours.
    ///
    /// A server is asked, and one that won't comply answers without compression. A client is told,
    /// if it says that it listens; one that doesn't offer `client_max_window_bits` can't be limited
    /// (§7.1.2.2), and uses up to 15.
    #[must_use]
    pub const fn peer_max_window_bits(mut self, bits: u8) -> Self {
        self.peers.bits = clamp(bits, 8, 15);
        self
    }

    /// Whether each message is compressed on its own (§7.1.1), and no memory held between messages.
    /// Default: no. The peer may ask for it.
    #[must_use]
    pub const fn no_context_takeover(mut self, yes: bool) -> Self {
        self.ours.takeover = !yes;
        self
    }

    /// Whether the peer has to compress each message on its own (§7.1.1), so that decompressing
    /// holds no memory between messages. Default: no.
    #[must_use]
    pub const fn peer_no_context_takeover(mut self, yes: bool) -> Self {
        self.peers.takeover = !yes;
        self
    }
}

impl Default for Deflate {
    fn default() -> Self {
        Self::new()
    }
}

/// `Ord::clamp`, for constants.
const fn clamp(value: u8, min: u8, max: u8) -> u8 {
    if value < min {
        min
    } else if value > max {
        max
    } else {
        value
    }
}
