//! From messages to compressed messages: RFC 7692 §7.2.1, and which are worth it.

use bytes::{BufMut, BytesMut};
use core::fmt;

use super::codec::{Deflater, Settings};
use super::{Agreed, Deflate};

/// Compresses what we send.
///
/// Its state, of 134 to 273 KiB by [`level`](Deflate::level) and window, is made with the first
/// message that is compressed. If the window is not kept from message to message, the state is
/// shared: taken from a pool for a message, and given back.
pub struct Compressor {
    settings: Settings,
    takeover: bool,
    threshold: usize,
    stream: Option<Deflater>,
    /// Messages in a row that [`automatic`](Self::automatic) compressed and that did not get
    /// smaller.
    misses: u8,
    /// Messages that it will let pass before it tries again.
    pause: u8,
}

impl Compressor {
    /// For what both sides agreed on. Takes no memory yet.
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

    /// Compresses a message, or the next part of one, to the end of `out`.
    ///
    /// Each part is decompressed to its last byte by what it comes to, without the next: it can be
    /// a frame, and the peer need not wait. That costs 5 bytes a part.
    pub fn compress(&mut self, part: &[u8], last: bool, out: &mut BytesMut) {
        if !part.is_empty() {
            let (settings, takeover) = (self.settings, self.takeover);
            let make =
                || if takeover { Deflater::new(settings) } else { Deflater::pooled(settings) };
            self.stream.get_or_insert_with(make).flush(part, out);
        }
        // RFC 7692 §7.2.1: "for non-final fragments, the removal of 0x00 0x00 0xff 0xff MUST NOT be
        // done"
        if !last {
            return;
        }
        if part.is_empty() {
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

    /// Compresses a whole message if that is likely to be worth it; `None`: send it as it is.
    ///
    /// It goes as it is if it is below the [`threshold`](Deflate::threshold), if its bytes look as
    /// evenly spread as those of what is compressed or encrypted already, and, without takeover, if
    /// it did not get smaller. After some messages in a row that did not, the next ones are let
    /// pass, up to 64.
    ///
    /// With takeover a compressed message has to be sent, even in the rare case that it has grown,
    /// by some bytes in a hundred: what follows may refer to it. That is cheaper than to forget the
    /// window, which is worth more than those bytes.
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

    /// Whether a message that begins like this is likely to be worth it, as
    /// [`automatic`](Self::automatic) sees it. If there is more to come, nobody knows how much.
    #[must_use]
    pub fn is_worth_it(&self, beginning: &[u8], whole: bool) -> bool {
        (!whole || beginning.len() >= self.threshold) && !looks_random(beginning)
    }

    /// Gives the state's memory back, as an idle connection may. What is compressed next begins
    /// with an empty window, which any peer follows, even within a message: each part ends at a
    /// byte's end.
    pub fn release_memory(&mut self) {
        self.stream = None;
    }

    /// Heap bytes held.
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

/// Whether a large message's bytes are spread as evenly as if they were random: compressed,
/// encrypted, images, sound.
///
/// Of n bytes, counted by value, the sum of the squared counts is n + n²/256 if they are random,
/// and more the more they differ: n + n²/64 for base64, n + n²/20 for English. Repetitions farther
/// apart than the sample is long go unnoticed.
fn looks_random(message: &[u8]) -> bool {
    message.len() >= SAMPLE && squares(message) < SAMPLE + SAMPLE * SAMPLE / 160
}

/// The sum of the squared counts of a message that is no shorter than the sample.
fn squares(message: &[u8]) -> usize {
    let mut counts = [0_u16; 256];
    // Pieces from all over the message, so that a header of text in front does not decide.
    for piece in message.chunks(message.len() / PIECES).take(PIECES) {
        piece.iter().take(SAMPLE / PIECES).for_each(|&byte| counts[usize::from(byte)] += 1);
    }
    counts.iter().map(|&count| usize::from(count) * usize::from(count)).sum()
}

/// The bytes that [`looks_random`] looks at: enough for random ones to be told from base64 by far
/// more than chance.
const SAMPLE: usize = 1024;

/// In so many pieces.
const PIECES: usize = 8;

/// From 4 misses on, a pause of 1, 2, 4 … 64 messages.
const MOST_MISSES: u8 = 10;
