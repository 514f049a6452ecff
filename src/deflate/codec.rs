//! Raw DEFLATE streams (RFC 1951): the only file that uses zlib-rs.
//!
//! ```text
//!   plain bytes    ──►  Deflater::flush   ──►  … 00 00 FF FF, at a byte boundary
//!   deflated bytes ──►  Inflater::inflate ──►  plain bytes, as many as there is room for
//! ```

use bytes::BytesMut;
use zlib_rs::{DeflateConfig, DeflateFlush, InflateFlush, Status};

use crate::pool::Pool;

/// The maximum number of pooled streams for each direction. Only as many concurrent compressions,
/// or unfinished fragmented messages, need more.
const MAX_IDLE: usize = 32;

/// The first room for output, in bytes.
const FIRST_ROOM: usize = 4 * 1024;

/// The parameters of a compressing stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    level: u8,
    window_bits: u8,
}

impl Settings {
    pub(super) fn new(level: u8, window_bits: u8) -> Self {
        // zlib rejects a raw stream of 8 bits (its compressor is wrong there). With 9 bits it
        // refers back 512 - 262 bytes at most.
        Self { level, window_bits: window_bits.max(9) }
    }

    /// The level, and the bits of the window.
    pub(super) const fn parameters(self) -> [u8; 2] {
        [self.level, self.window_bits]
    }

    /// A block has at most 2^(6 + this) symbols. Level 1 writes its symbols at once, in the fixed
    /// code, and does not use the room; above it, 8 (zlib's default) makes 64 KiB of JSON 1 %
    /// smaller than 5, for another 105 KiB.
    const fn mem_level(self) -> u8 {
        if self.level == 1 { 1 } else { 5 }
    }

    /// The heap bytes of a stream: the hash table, two windows' bytes and chains, the symbols, and
    /// zlib's own variables.
    pub(super) const fn bytes_held(self) -> usize {
        128 * 1024 + (4 << self.window_bits) + (7 << (self.mem_level() + 6)) + 3200
    }
}

/// A compressing stream.
pub(super) struct Deflater {
    stream: zlib_rs::Deflate,
    settings: Settings,
}

static DEFLATERS: Pool<Deflater> = Pool::new(MAX_IDLE, |_| 1);

impl Deflater {
    pub(super) fn new(settings: Settings) -> Self {
        let config = DeflateConfig {
            level: i32::from(settings.level),
            window_bits: -i32::from(settings.window_bits),
            mem_level: i32::from(settings.mem_level()),
            ..DeflateConfig::default()
        };
        Self { stream: zlib_rs::Deflate::new_with_config(config), settings }
    }

    /// Takes a stream from the pool, or creates one; its window is empty.
    pub(super) fn pooled(settings: Settings) -> Self {
        DEFLATERS.take(|idle| idle.settings == settings).unwrap_or_else(|| Self::new(settings))
    }

    /// Empties the window and puts the stream into the pool: no message of another connection can
    /// refer to this one's.
    pub(super) fn recycle(mut self) {
        self.stream.reset();
        DEFLATERS.put(self);
    }

    /// Compresses all of `input`, which is not empty, and appends an empty stored block, which ends
    /// with `00 00 FF FF` at a byte boundary.
    pub(super) fn flush(&mut self, mut input: &[u8], out: &mut BytesMut) {
        loop {
            let start = out.len();
            // Room grows with the written output: a message may get a thousand times smaller.
            let room = (input.len() / 2 + 64).min(start.max(FIRST_ROOM));
            out.resize(start + room, 0);
            let (read, written) = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.compress(input, &mut out[start..], DeflateFlush::SyncFlush);
            debug_assert!(status.is_ok(), "zlib fails for a wrong use only: {status:?}");
            input = &input[(self.stream.total_in() - read) as usize..];
            let end = start + (self.stream.total_out() - written) as usize;
            // zlib is done when it leaves room. If its output has fitted exactly, the next round
            // adds an empty block, which is harmless.
            let done = end < out.len() && input.is_empty();
            out.truncate(end);
            if done {
                return;
            }
        }
    }
}

/// A decompressing stream, for a window of any size: zlib-rs allocates the same memory for all.
pub(super) struct Inflater {
    stream: zlib_rs::Inflate,
}

/// The result of one call of [`Inflater::inflate`].
pub(super) struct Inflated {
    /// Bytes of input that were read.
    pub(super) read: usize,
    /// Bytes of output that were written.
    pub(super) written: usize,
    /// Whether the last block of a stream (`BFINAL`) ended.
    pub(super) ended: bool,
    /// Whether the rest of the input is not DEFLATE.
    pub(super) corrupt: bool,
}

/// The bytes are not DEFLATE.
pub(super) struct Corrupt;

static INFLATERS: Pool<Inflater> = Pool::new(MAX_IDLE, |_| 1);

impl Inflater {
    /// The heap bytes of a stream.
    pub(super) const BYTES_HELD: usize = 47_680;

    /// RFC 7692 §7.2.2: a smaller window than 32,768 bytes is a "MAY", if one was negotiated.
    pub(super) fn new() -> Self {
        Self { stream: zlib_rs::Inflate::new(false, 15) }
    }

    /// Takes a stream from the pool, or creates one; its window is empty.
    pub(super) fn pooled() -> Self {
        INFLATERS.take(|_| true).unwrap_or_else(Self::new)
    }

    /// Empties the window and puts the stream into the pool: no message of another connection can
    /// refer to this one's.
    pub(super) fn recycle(mut self) {
        self.restart();
        INFLATERS.put(self);
    }

    /// Starts a new stream with an empty window.
    pub(super) fn restart(&mut self) {
        self.stream.reset(false);
    }

    /// Decompresses until all input is read, `room` is full, or the stream ends.
    pub(super) fn inflate(&mut self, input: &[u8], room: &mut [u8]) -> Result<Inflated, Corrupt> {
        self.inflate_until(input, room, InflateFlush::NoFlush)
    }

    /// As [`inflate`](Self::inflate), but also stops at the end of the next block.
    pub(super) fn inflate_block(
        &mut self,
        input: &[u8],
        room: &mut [u8],
    ) -> Result<Inflated, Corrupt> {
        self.inflate_until(input, room, InflateFlush::Block)
    }

    fn inflate_until(
        &mut self,
        input: &[u8],
        room: &mut [u8],
        until: InflateFlush,
    ) -> Result<Inflated, Corrupt> {
        let (read, written) = (self.stream.total_in(), self.stream.total_out());
        let status = self.stream.decompress(input, room, until);
        let inflated = Inflated {
            read: (self.stream.total_in() - read) as usize,
            written: (self.stream.total_out() - written) as usize,
            ended: status == Ok(Status::StreamEnd),
            corrupt: status.is_err(),
        };
        // Output before the corrupt input is returned first.
        if inflated.corrupt && inflated.written == 0 { Err(Corrupt) } else { Ok(inflated) }
    }
}
