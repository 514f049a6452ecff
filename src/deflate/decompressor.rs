//! From compressed messages to messages, within a limit: RFC 7692 §7.2.2.

use core::{error, fmt};

use super::Agreed;
use super::codec::{Corrupt, Inflater, Step};

/// Decompresses what we receive, as it comes.
///
/// Its state, of 47 KiB, is made with the first bytes. If the peer's window is not kept from
/// message to message, the state is shared: taken from a pool for a message, and given back. A
/// window that is kept can't be given back: the peer's next message may refer to it.
pub struct Decompressor {
    takeover: bool,
    stream: Option<Inflater>,
    /// Bytes of the message under way, compressed.
    received: u64,
    /// Bytes of the message under way, decompressed.
    inflated: u64,
    /// The last step used up all the room, so that more may come without more input.
    full: bool,
    /// What comes after that which was given is not DEFLATE.
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

    /// For what both sides agreed on. Takes no memory yet.
    #[must_use]
    pub const fn new(agreed: &Agreed) -> Self {
        Self { takeover: agreed.peers().context_takeover(), ..Self::EMPTY }
    }

    /// Decompresses from the front of `piece`, which is what has come of a message since the last
    /// piece, split anywhere. Gives the next bytes of the message, which are in `room`; or `None`
    /// when all of `piece` is used up and, if it is the `last`, the message is complete.
    ///
    /// ```
    /// # use sansocket::deflate::{Decompressor, Deflate, InflateError};
    /// # let agreed = Deflate::new().accept([]).unwrap();
    /// let mut decompressor = Decompressor::new(&agreed);
    /// let mut message = Vec::new();
    /// let mut room = [0; 512];
    /// for (mut piece, last) in [(&b"\xf2\x48\xcd"[..], false), (&b"\xc9\xc9\x07\x00"[..], true)] {
    ///     while let Some(bytes) = decompressor.inflate(&mut piece, last, 1024, &mut room)? {
    ///         message.extend_from_slice(bytes); // and here is the place to look at them
    ///     }
    /// }
    /// assert_eq!(message, b"Hello");
    /// # Ok::<(), InflateError>(())
    /// ```
    ///
    /// A message is at most `limit` bytes, inclusive. No more than that is ever given, nor room
    /// needed for it. Bytes that inflate to nothing count as well: see
    /// [`max_compressed`](Self::max_compressed).
    ///
    /// A block with `BFINAL` is followed by others like any (§7.2.3.4), except that those can't
    /// refer to what was before it, be it in an earlier message: the stream that it ends takes its
    /// window along, as with every sender that ends one. To the letter of §7.2.2 the window would
    /// outlive the stream; zlib's does not, on either side.
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
        match self.step(piece, last, limit, room) {
            Ok(0) => Ok(None),
            Ok(written) => Ok(Some(&room[..written])),
            Err(error) => {
                *self = Self { takeover: self.takeover, ..Self::EMPTY };
                Err(error)
            }
        }
    }

    /// Decompresses as far as there is room; gives how many bytes were made, none at the end of the
    /// piece.
    fn step(
        &mut self,
        piece: &mut &[u8],
        last: bool,
        limit: u64,
        room: &mut [u8],
    ) -> Result<usize, InflateError> {
        if self.corrupt {
            return Err(InflateError::Corrupt);
        }
        let takeover = self.takeover;
        let stream = self
            .stream
            .get_or_insert_with(|| if takeover { Inflater::new() } else { Inflater::pooled() });
        while self.full || !piece.is_empty() {
            // All that is allowed; and then one more, to see whether there is one more. So what is
            // given before an error does not depend on how the message was cut.
            let allowed = limit.saturating_sub(self.inflated).clamp(1, room.len() as u64) as usize;
            let step = stream.inflate(piece, &mut room[..allowed])?;
            *piece = &piece[step.read..];
            self.received += step.read as u64;
            self.inflated += step.written as u64;
            self.full = step.written == allowed;
            self.corrupt = step.corrupt;
            if self.inflated > limit || self.received > Self::max_compressed(limit) {
                return Err(InflateError::TooBig);
            }
            // RFC 7692 §7.2.1: "An endpoint MAY use both DEFLATE blocks with the "BFINAL" bit set
            // to 0 and" 1
            if step.ended {
                stream.restart();
            }
            if step.written > 0 {
                return Ok(step.written);
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

    /// Ends a message, and makes sure that it has ended: between two blocks, where the next can
    /// begin.
    ///
    /// A message ends with the header of an empty stored block, and a byte's end; so what is
    /// appended is the rest of that block, and nothing but that. zlib shows the end of a block by
    /// stopping there, but not at which bit. Another empty block does:
    ///
    /// ```text
    ///   the tail     00 00 FF FF     has to end a block with its last byte, and to inflate to nothing
    ///   the proof    00 00 00 FF FF  likewise, from the next byte on. Had bits of the tail been left, all ones, then with them
    ///                                in front it were the last block of a stream, or of the type that does not exist
    /// ```
    fn finish(stream: &mut Inflater, room: &mut [u8]) -> Result<(), InflateError> {
        const TAIL_AND_PROOF: &[u8] = b"\x00\x00\xff\xff\x00\x00\x00\xff\xff";
        // RFC 7692 §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload
        // of the message."
        let tail = stream.inflate_block(TAIL_AND_PROOF, room)?;
        let proof = stream.inflate(&TAIL_AND_PROOF[4..], room)?;
        match (tail, proof) {
            (Step { read: 4, written: 0, .. }, Step { read: 5, written: 0, ended: false, .. }) => {
                Ok(())
            }
            // The block that the tail has ended was the last of a stream, as the next message will
            // be told again.
            (Step { read: 4, written: 0, .. }, Step { read: 0, ended: true, .. }) => Ok(()),
            _ => Err(InflateError::Corrupt),
        }
    }

    /// The most bytes that a message of `limit` bytes may be compressed to: an eighth more than it
    /// is, which is what the fixed code comes to for bytes that it suits least, and 2 MiB for the
    /// ends of blocks: as many as a message may have fragments by default, each of which ends one.
    /// What is longer could go on for ever.
    #[must_use]
    pub const fn max_compressed(limit: u64) -> u64 {
        limit.saturating_add(limit / 8).saturating_add(2 * 1024 * 1024)
    }

    /// Heap bytes held.
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

/// Why a compressed message can't be decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InflateError {
    /// It is not DEFLATE, or ends in the middle of it (§7.2.2), or refers to bytes before its
    /// window.
    Corrupt,
    /// It inflates to more than the limit, or would be longer compressed than anything within the
    /// limit.
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
