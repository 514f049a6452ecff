//! Compression of messages: RFC 7692 §7.2.1, and which messages are worth it.

use bytes::{BufMut, BytesMut};
use core::fmt;

use super::codec::{Deflater, Settings};
use super::{Agreed, Deflate};

/// Compresses the messages of one direction.
///
/// Its state, of 134 to 273 KiB by [`level`](Deflate::level) and window, is allocated with the
/// first compressed message. Without context takeover, the state is taken from a pool for each
/// message, and returned after it.
pub struct Compressor {
    settings: Settings,
    takeover: bool,
    threshold: usize,
    stream: Option<Deflater>,
    /// Consecutive messages that [`automatic`](Self::automatic) compressed without making them
    /// smaller.
    misses: u8,
    /// Messages that it will not compress before it tries again.
    pause: u8,
}

impl Compressor {
    /// Creates a compressor with the negotiated parameters. Allocates nothing yet.
    #[must_use]
    pub fn new(deflate: &Deflate, agreed: &Agreed) -> Self {
        let window = agreed.ours();
        Self {
            // RFC 7692 §7.2.1: "MUST NOT use an LZ77 sliding window longer than the w-th power of 2
            // bytes"
            settings: Settings::new(deflate.level, window.bits()),
            takeover: window.context_takeover(),
            threshold: deflate.threshold.unwrap_or(if window.context_takeover() {
                64
            } else {
                256
            }),
            stream: None,
            misses: 0,
            pause: 0,
        }
    }

    /// Compresses a message, or its next fragment, and appends the result to `out`.
    ///
    /// The peer can inflate all of a fragment without the next one. That costs 5 bytes for each
    /// fragment.
    pub fn compress(&mut self, payload: &[u8], last: bool, out: &mut BytesMut) {
        if !payload.is_empty() {
            let (settings, takeover) = (self.settings, self.takeover);
            let make =
                || if takeover { Deflater::new(settings) } else { Deflater::pooled(settings) };
            self.stream.get_or_insert_with(make).flush(payload, out);
        }
        // RFC 7692 §7.2.1: "for non-final fragments, the removal of 0x00 0x00 0xff 0xff MUST NOT be
        // done"
        if !last {
            return;
        }
        if payload.is_empty() {
            // RFC 7692 §7.2.3.6: "an empty uncompressed DEFLATE block can be built and used for
            // this purpose"
            out.put_u8(0);
        } else {
            // RFC 7692 §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
            out.truncate(out.len() - 4);
        }
        // RFC 7692 §7.2.1: without takeover, an endpoint "MUST start compressing each new message
        // with an empty" window
        if !self.takeover {
            if let Some(stream) = self.stream.take() {
                stream.recycle();
            }
        }
    }

    /// Compresses a whole message if that is likely to be worth it; `None` if it should be sent
    /// uncompressed:
    ///
    /// - it is shorter than the [`threshold`](Deflate::threshold);
    /// - its bytes are as evenly distributed as those of compressed or encrypted data;
    /// - without context takeover: it did not get smaller;
    /// - at least 4 consecutive messages before it did not get smaller, which pauses compression
    ///   for 1 to 64 messages.
    ///
    /// With context takeover a compressed message must be sent, even if it has grown by some per
    /// cent: later messages may refer to it. Emptying the window would cost more.
    #[must_use]
    pub fn automatic(&mut self, message: &[u8]) -> Option<BytesMut> {
        if !self.is_worth_it(message, true) {
            return None;
        }
        if self.pause > 0 {
            self.pause -= 1;
            return None;
        }
        let mut out = BytesMut::new();
        self.compress(message, true, &mut out);
        if out.len() < message.len() {
            self.misses = 0;
            return Some(out);
        }
        self.misses = (self.misses + 1).min(MOST_MISSES);
        self.pause = ((1_u16 << self.misses) >> 4) as u8;
        self.takeover.then_some(out)
    }

    /// Compresses a whole message that is sent by other connections too, whatever the size and the
    /// last messages of this one; `None` if it should be sent uncompressed.
    pub(crate) fn compress_alone(&mut self, message: &[u8]) -> Option<BytesMut> {
        if looks_random(message) {
            return None;
        }
        let mut out = BytesMut::new();
        self.compress(message, true, &mut out);
        (out.len() < message.len()).then_some(out)
    }

    /// The level and the bits of the window, which the result depends on; `None` with context
    /// takeover, where it also depends on the messages before.
    pub(crate) fn parameters_of_empty_window(&self) -> Option<[u8; 2]> {
        (!self.takeover).then(|| self.settings.parameters())
    }

    /// Whether the whole message is at least as long as the threshold.
    pub(crate) const fn is_long_enough(&self, message: &[u8]) -> bool {
        message.len() >= self.threshold
    }

    /// Returns whether compression of a message that begins like this is likely to be worth it. If
    /// it is not the `whole` message, the threshold does not apply.
    #[must_use]
    pub fn is_worth_it(&self, beginning: &[u8], whole: bool) -> bool {
        (!whole || self.is_long_enough(beginning)) && !looks_random(beginning)
    }

    /// Frees the state. The next message or fragment is compressed with an empty window, which
    /// every peer can inflate: each fragment ends at a byte boundary.
    pub fn release_memory(&mut self) {
        self.stream = None;
    }

    /// Returns the number of heap bytes held.
    #[must_use]
    pub const fn bytes_held(&self) -> usize {
        if self.stream.is_some() { self.settings.bytes_held() } else { 0 }
    }
}

/// Shows no content.
impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor")
            .field("settings", &self.settings)
            .field("takeover", &self.takeover)
            .finish_non_exhaustive()
    }
}

/// Whether a large message's bytes are as evenly distributed as random ones: compressed, encrypted,
/// images, sound.
///
/// Of n bytes, counted by value, the sum of the squared counts is n + n²/256 if they are random,
/// and more the more they differ: n + n²/64 for base64, n + n²/20 for English. Repetitions farther
/// apart than the sample is long are not detected.
fn looks_random(message: &[u8]) -> bool {
    message.len() >= SAMPLE && squares(message) < SAMPLE + SAMPLE * SAMPLE / 160
}

/// The sum of the squared counts of a message that is no shorter than the sample.
fn squares(message: &[u8]) -> usize {
    let mut counts = [0_u16; 256];
    // Pieces from the whole message, so that a text header at its start does not decide.
    for piece in message.chunks(message.len() / PIECES).take(PIECES) {
        piece.iter().take(SAMPLE / PIECES).for_each(|&byte| counts[usize::from(byte)] += 1);
    }
    counts.iter().map(|&count| usize::from(count) * usize::from(count)).sum()
}

/// The bytes that [`looks_random`] counts: enough to distinguish random bytes from base64 reliably.
const SAMPLE: usize = 1024;

/// The pieces that the sample is taken from.
const PIECES: usize = 8;

/// The maximum of `misses`: 4 to 10 misses pause for 1, 2, 4 … 64 messages.
const MOST_MISSES: u8 = 10;
