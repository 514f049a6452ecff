//! Decompression of messages, within a limit: RFC 7692 §7.2.2.

use core::{error, fmt};

use super::Agreed;
use super::codec::{Corrupt, Inflated, Inflater};

/// Decompresses the messages of one direction, piece by piece.
///
/// Its state, of 47 KiB, is allocated with the first bytes. Without context takeover, the state is
/// taken from a pool for each message, and returned after it. With context takeover it is kept
/// until the end: the peer's next message may refer to it.
pub struct Decompressor {
    takeover: bool,
    stream: Option<Inflater>,
    /// Compressed bytes of the current message.
    received: u64,
    /// Decompressed bytes of the current message.
    inflated: u64,
    /// Whether the last call filled the room, so that more output may follow without input.
    full: bool,
    /// Whether the input after the returned bytes is not DEFLATE.
    corrupt: bool,
}

impl Decompressor {
    const EMPTY: Self = Self {
        takeover: true,
        stream: None,
        received: 0,
        inflated: 0,
        full: false,
        corrupt: false,
    };

    /// Creates a decompressor with the negotiated parameters. Allocates nothing yet.
    #[must_use]
    pub const fn new(agreed: &Agreed) -> Self {
        Self { takeover: agreed.peers().context_takeover(), ..Self::EMPTY }
    }

    /// Decompresses from the front of `piece`, the next bytes of a compressed message, split at any
    /// byte. Returns the next bytes of the message, which are in `room`; or `None` when all of
    /// `piece` is read and, if it is the `last`, the message is complete.
    ///
    /// ```
    /// # use sansocket::deflate::{Decompressor, Deflate, InflateError};
    /// # let agreed = Deflate::new().accept([]).unwrap();
    /// let mut decompressor = Decompressor::new(&agreed);
    /// let mut message = Vec::new();
    /// let mut room = [0; 512];
    /// for (mut piece, last) in [(&b"\xf2\x48\xcd"[..], false), (&b"\xc9\xc9\x07\x00"[..], true)] {
    ///     while let Some(bytes) = decompressor.inflate(&mut piece, last, 1024, &mut room)? {
    ///         message.extend_from_slice(bytes); // they can be checked here
    ///     }
    /// }
    /// assert_eq!(message, b"Hello");
    /// # Ok::<(), InflateError>(())
    /// ```
    ///
    /// A message has at most `limit` bytes, inclusive: never more are returned. Compressed bytes
    /// are limited as well, since they may inflate to nothing: see
    /// [`max_compressed`](Self::max_compressed).
    ///
    /// A message of no bytes at all is empty: Mojolicious and Haskell's `websockets` send an empty
    /// message so. The window stays as it is, as theirs does.
    ///
    /// Blocks may follow one with `BFINAL` (§7.2.3.4), but can't refer to bytes before it: the
    /// window is emptied, as in every sender that ends a stream. By the text of §7.2.2 the window
    /// would outlive the stream; zlib's does not, in either direction.
    ///
    /// # Errors
    ///
    /// [`InflateError`]; the message can't be continued.
    ///
    /// # Panics
    ///
    /// If `room` is empty.
    pub fn inflate<'a>(
        &mut self,
        piece: &mut &[u8],
        last: bool,
        limit: u64,
        room: &'a mut [u8],
    ) -> Result<Option<&'a [u8]>, InflateError> {
        assert!(!room.is_empty(), "there is no room to decompress to");
        match self.fill(piece, last, limit, room) {
            Ok(0) => Ok(None),
            Ok(written) => Ok(Some(&room[..written])),
            Err(error) => {
                *self = Self { takeover: self.takeover, ..Self::EMPTY };
                Err(error)
            }
        }
    }

    /// Decompresses until `room` has bytes; returns their number, 0 at the end of the piece.
    fn fill(
        &mut self,
        piece: &mut &[u8],
        last: bool,
        limit: u64,
        room: &mut [u8],
    ) -> Result<usize, InflateError> {
        if self.corrupt {
            return Err(InflateError::Corrupt);
        }
        // RFC 7692 §7.2.3.6: "the payload set to the DEFLATE block(s), which contains 0 bytes of
        // data". Some senders leave out even the block: zlib makes none if the last one was empty.
        if piece.is_empty() && self.received == 0 {
            return Ok(0);
        }
        let takeover = self.takeover;
        let stream = self
            .stream
            .get_or_insert_with(|| if takeover { Inflater::new() } else { Inflater::pooled() });
        while self.full || !piece.is_empty() {
            // All allowed bytes; then one more, to detect that there is one. So the bytes that are
            // returned before an error do not depend on how the message was split.
            let allowed = limit.saturating_sub(self.inflated).clamp(1, room.len() as u64) as usize;
            let inflated = stream.inflate(piece, &mut room[..allowed])?;
            *piece = &piece[inflated.read..];
            self.received += inflated.read as u64;
            self.inflated += inflated.written as u64;
            self.full = inflated.written == allowed;
            self.corrupt = inflated.corrupt;
            if self.inflated > limit || self.received > Self::max_compressed(limit) {
                return Err(InflateError::TooBig);
            }
            // RFC 7692 §7.2.1: "An endpoint MAY use both DEFLATE blocks with the "BFINAL" bit set
            // to 0 and" 1
            if inflated.ended {
                stream.restart();
            }
            if inflated.written > 0 {
                return Ok(inflated.written);
            }
        }
        if last {
            Self::finish(stream, room)?;
            (self.received, self.inflated) = (0, 0);
            // RFC 7692 §7.2.2: without takeover, an endpoint "MAY decompress each new message with
            // an empty" window
            if !takeover {
                if let Some(stream) = self.stream.take() {
                    stream.recycle();
                }
            }
        }
        Ok(0)
    }

    /// Ends a message, and checks that it ends between two blocks, so that the next can begin.
    ///
    /// A message ends with the header of an empty stored block at a byte boundary, so the appended
    /// bytes are the rest of that block. zlib stops at the end of a block, but does not report the
    /// bit position. Another empty block proves it:
    ///
    /// ```text
    ///   the tail     00 00 FF FF     must end a block with its last byte, and inflate to nothing
    ///   the proof    00 00 00 FF FF  likewise, from the next byte on. Unread bits of the tail, all
    ///                                ones, would make it the last block of a stream, or a block of
    ///                                the reserved type
    /// ```
    fn finish(stream: &mut Inflater, room: &mut [u8]) -> Result<(), InflateError> {
        const TAIL_AND_PROOF: &[u8] = b"\x00\x00\xff\xff\x00\x00\x00\xff\xff";
        // RFC 7692 §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload
        // of the message."
        let tail = stream.inflate_block(TAIL_AND_PROOF, room)?;
        let proof = stream.inflate(&TAIL_AND_PROOF[4..], room)?;
        match (tail, proof) {
            (
                Inflated { read: 4, written: 0, .. },
                Inflated { read: 5, written: 0, ended: false, .. },
            ) => Ok(()),
            // The tail ended the last block of a stream. The next call reports that again.
            (Inflated { read: 4, written: 0, .. }, Inflated { read: 0, ended: true, .. }) => Ok(()),
            _ => Err(InflateError::Corrupt),
        }
    }

    /// Returns the maximum compressed size of a message of `limit` bytes: an eighth more, for bytes
    /// with the longest symbols of the fixed code, and 2 MiB for the ends of blocks, one for each
    /// fragment up to the default limit. Without it, empty blocks could follow endlessly.
    #[must_use]
    pub const fn max_compressed(limit: u64) -> u64 {
        limit.saturating_add(limit / 8).saturating_add(2 * 1024 * 1024)
    }

    /// Returns the number of heap bytes held.
    #[must_use]
    pub const fn bytes_held(&self) -> usize {
        if self.stream.is_some() { Inflater::BYTES_HELD } else { 0 }
    }
}

/// Shows no content.
impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decompressor")
            .field("takeover", &self.takeover)
            .field("inflated", &self.inflated)
            .finish_non_exhaustive()
    }
}

/// A compressed message can't be decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InflateError {
    /// It is not DEFLATE, ends inside a block (§7.2.2), or refers to bytes before its window.
    Corrupt,
    /// It inflates to more than the limit, or is larger than
    /// [`max_compressed`](Decompressor::max_compressed).
    TooBig,
}

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Corrupt => "a compressed message is not valid DEFLATE",
            Self::TooBig => "a compressed message inflates to more than the limit",
        })
    }
}

impl error::Error for InflateError {}

impl From<Corrupt> for InflateError {
    fn from(Corrupt: Corrupt) -> Self {
        Self::Corrupt
    }
}
