//! The options of permessage-deflate: RFC 7692 §7.1, and what compression costs.

use super::window::Window;

/// The options of permessage-deflate, for either role: a preset, and changes to it.
///
/// The figures are for messages of JSON, by `cargo bench -p sansocket-benches --bench deflate`: the
/// compressed size of a message divided by its size, the speed of compression, and the memory of a
/// connection that has compressed and decompressed.
///
/// | preset | 64 B | 512 B | 4 KiB | 64 KiB | MB/s at 4 KiB | memory per connection |
/// |---|---|---|---|---|---|---|
/// | [`speed`](Self::speed) | 0.35 | 0.37 | 0.37 | 0.37 | 370 | 260 + 47 KiB |
/// | [`balance`](Self::balance), the default | 0.33 | 0.32 | 0.27 | 0.26 | 120 | 161 + 47 KiB |
/// | [`memory`](Self::memory) | 0.98 | 0.49 | 0.31 | 0.26 | 120 | 0 |
///
/// # On the wire
///
/// The handshake carries these parameters (§7.1), each only where an option differs from the
/// largest window with context takeover:
///
/// | option | a client offers | a server answers |
/// |---|---|---|
/// | [`max_window_bits`](Self::max_window_bits) | `client_max_window_bits=`n, a hint | nothing |
/// | [`no_context_takeover`](Self::no_context_takeover) | `client_no_context_takeover`, a hint | nothing |
/// | [`peer_max_window_bits`](Self::peer_max_window_bits) | `server_max_window_bits=`n, a request | `client_max_window_bits=`n if the client offers it |
/// | [`peer_no_context_takeover`](Self::peer_no_context_takeover) | `server_no_context_takeover`, a request | `client_no_context_takeover` |
///
/// A server also answers what the client offers: it repeats requests, and makes hints binding. It
/// applies the limits of its own window without announcing them: a client can decompress messages
/// of any smaller window, or of an empty one, and some clients fail on a parameter that they did
/// not offer.
///
/// `client_no_context_takeover` is the only parameter that a server answers unasked, since without
/// it the client's next message may refer to the last one: that holds 47 KiB per connection.
/// Browsers support it, and don't offer it. Every client "MUST support" it (§7.1.1.2); Netty's does
/// not by default (`allowClientNoContext`), and fails the connection. A server of such clients sets
/// [`peer_no_context_takeover`](Self::peer_no_context_takeover) to false.
///
/// # Cost of received messages
///
/// A received byte inflates to as many as 1,032. A peer that sends messages which inflate most,
/// within the limit, costs this time, by the bench above:
///
/// | [`max_message_size`](crate::Config::max_message_size) | time of a message | time per received byte |
/// |---|---|---|
/// | 64 KiB | 7 µs | 80 ns |
/// | 1 MiB | 0.2 ms | 160 to 180 ns |
/// | 16 MiB, the default | 3 to 8 ms | 160 to 500 ns |
///
/// At 500 ns, 16 Mbit/s of such messages use a whole core. Nothing limits the ratio of the sizes,
/// since a message of zeros is legitimate: set the limit to what the application needs, and bound
/// the rate of peers that are not trusted, or don't enable compression for them.
///
/// # Secrets
///
/// An attacker that sees the sizes of compressed messages, and controls a part of their content,
/// can guess other content of the same window (§8: CRIME, BREACH). Send secrets next to such
/// content with [`Compress::Never`](crate::Compress::Never).
///
/// # Window bits of 8
///
/// The RFC has windows from 2⁸ bytes up, zlib's compressor from 2⁹. If 8 is negotiated, the
/// compressor uses 9: it never refers back more than 512 − 262 = 250 bytes, so a window of 256
/// bytes suffices.
#[derive(Clone, Debug)]
pub struct Deflate {
    pub(super) level: u8,
    /// `None`: depends on the negotiated takeover.
    pub(super) threshold: Option<usize>,
    pub(super) ours: Window,
    pub(super) peers: Window,
    /// Whether a client offers `client_max_window_bits`.
    pub(super) offers_our_limit: bool,
    /// Whether a client makes a second offer, without parameters.
    pub(super) offers_fallback: bool,
}

impl Deflate {
    /// As [`balance`](Self::balance).
    #[must_use]
    pub const fn new() -> Self {
        Self::balance()
    }

    /// Saves time, at the cost of memory and some bytes: [`level`](Self::level) 1, the largest
    /// windows, context takeover.
    #[must_use]
    pub const fn speed() -> Self {
        Self {
            level: 1,
            threshold: None,
            ours: Window::LARGEST,
            peers: Window::LARGEST,
            offers_our_limit: true,
            offers_fallback: false,
        }
    }

    /// The default, a balance of time, bytes and memory: [`level`](Self::level) 3, our window of
    /// 2¹² bytes, context takeover. The peer's window is not limited: decompression takes the same
    /// memory for any.
    #[must_use]
    pub const fn balance() -> Self {
        Self { level: 3, ..Self::speed() }.max_window_bits(12)
    }

    /// Saves memory, at the cost of bytes: [`level`](Self::level) 3, no context takeover in either
    /// direction. A connection holds no memory between messages; all connections share a pool of
    /// states. It keeps at most 32 unused ones for each direction: up to 9 MiB and 1.5 MiB.
    ///
    /// Messages of less than a KiB lose most: most of their repetitions are of earlier messages.
    #[must_use]
    pub const fn memory() -> Self {
        Self { level: 3, ..Self::speed() }.no_context_takeover(true).peer_no_context_takeover(true)
    }

    /// Sets the compression level, from 1 (fast) to 9 (small); clamped. Default: 3.
    ///
    /// At 4 KiB of JSON, level 1 saves 230 bytes per microsecond, which pays on any network. Level
    /// 3 saves another 440 bytes in 20 µs, or 22 a microsecond: a fully used core saves 180 Mbit/s,
    /// which pays if traffic costs money. Level 6 saves another 80 bytes in 40 µs, or 2 a
    /// microsecond. Measured by the bench above, in windows of 2¹⁵ bytes.
    #[must_use]
    pub const fn level(mut self, level: u8) -> Self {
        self.level = clamp(level, 1, 9);
        self
    }

    /// Sets the size in bytes below which [`Compress::Automatic`](crate::Compress::Automatic) does
    /// not compress. Default: 64 with context takeover, else 256, since a short message hardly
    /// repeats itself.
    #[must_use]
    pub const fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = Some(bytes);
        self
    }

    /// Sets the maximum size of our window, as the base-2 logarithm of its bytes (§7.1.2): from 8
    /// to 15; clamped. Default: 12. The peer may request a smaller one. A client offers it as a
    /// hint; a server does not announce it.
    #[must_use]
    pub const fn max_window_bits(mut self, bits: u8) -> Self {
        self.ours.bits = clamp(bits, 8, 15);
        self
    }

    /// Sets the maximum size of the peer's window, from 8 to 15 likewise. Default: 15. It saves the
    /// peer's memory, not ours.
    ///
    /// A client requests it; a server that does not support it declines compression, or refuses the
    /// handshake (Go's nhooyr 1.8.7). A server limits a client that offers
    /// `client_max_window_bits`; any other client can't be limited (§7.1.2.2), and uses up to 15.
    #[must_use]
    pub const fn peer_max_window_bits(mut self, bits: u8) -> Self {
        self.peers.bits = clamp(bits, 8, 15);
        self
    }

    /// Sets whether we compress each message with an empty window (§7.1.1), and hold no memory
    /// between messages. Default: false. The peer may request it. A client offers it as a hint; a
    /// server does not announce it.
    #[must_use]
    pub const fn no_context_takeover(mut self, yes: bool) -> Self {
        self.ours.takeover = !yes;
        self
    }

    /// Sets whether the peer must compress each message with an empty window (§7.1.1), so that
    /// decompression holds no memory between messages. Default: false.
    ///
    /// A client requests it: a server that does not support it declines compression, and a response
    /// that does not grant it fails the connection. A server demands it in its response, also of
    /// clients that did not offer it: see [above](Self#on-the-wire) for a client that fails then.
    #[must_use]
    pub const fn peer_no_context_takeover(mut self, yes: bool) -> Self {
        self.peers.takeover = !yes;
        self
    }

    /// Sets whether a client offers `client_max_window_bits` (§7.1.2.2), so that the server may
    /// limit our window. Default: true. Turn it off for an old server that declines an offer with
    /// it, or refuses the handshake. Our own [`max_window_bits`](Self::max_window_bits) applies
    /// either way. No effect on a server.
    #[must_use]
    pub const fn offer_client_max_window_bits(mut self, yes: bool) -> Self {
        self.offers_our_limit = yes;
        self
    }

    /// Sets whether a client makes a second offer, `permessage-deflate` without parameters, for a
    /// server that declines the first (§7.1.3). Default: false: the server grants every request of
    /// the one offer, or there is no compression. No effect on a server.
    ///
    /// If the server accepts the second offer, the peer's window is not limited, and
    /// [`peer_no_context_takeover`](Self::peer_no_context_takeover) does not apply:
    /// [`Connection::deflate`](crate::Connection::deflate) returns what was negotiated.
    #[must_use]
    pub const fn offer_fallback(mut self, yes: bool) -> Self {
        self.offers_fallback = yes;
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
