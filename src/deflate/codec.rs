//! Raw DEFLATE streams (RFC 1951): the only file that names zlib-rs.
//!
//! ```text
//!   plain bytes    ──►  Deflater::flush   ──►  … 00 00 FF FF, at a byte's end
//!   deflated bytes ──►  Inflater::inflate ──►  plain bytes, as many as there is room for
//! ```

use bytes::BytesMut;
use zlib_rs::{DeflateConfig, DeflateFlush, InflateFlush, Status};

use crate::pool::Pool;

/// At most so many of a kind are kept. It takes as many threads that compress at the same moment,
/// or messages under way in parts, to need more.
const MAX_IDLE: usize = 32;

/// What is written to first, in bytes.
const FIRST_ROOM: usize = 4 * 1024;

/// What a compressing stream is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    level: u8,
    window_bits: u8,
}

impl Settings {
    pub(super) fn new(level: u8, window_bits: u8) -> Self {
        // zlib refuses to make a raw stream of 8 (its compressor is wrong there). That of 9 goes
        // back 512 - 262 bytes at most.
        Self { level, window_bits: window_bits.max(9) }
    }

    /// Room for 2^(6 + this) symbols before a block has to end. Level 1 writes its symbols out at
    /// once, in zlib's fixed code, and never uses it; above it, 8 (zlib's default) makes 64 KiB of
    /// JSON 1 % smaller than 5, for another 105 KiB.
    const fn mem_level(self) -> u8 {
        if self.level == 1 { 1 } else { 5 }
    }

    /// Heap bytes of a stream: the hash table, two windows' bytes and chains, the symbols, and
    /// zlib's own variables.
    pub(super) const fn bytes_held(self) -> usize {
        128 * 1024 + (4 << self.window_bits) + (7 << (self.mem_level() + 6)) + 3200
    }
}

/// A stream that compresses.
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

    /// One from the pool, at the start of a stream.
    pub(super) fn pooled(settings: Settings) -> Self {
        DEFLATERS.take(|idle| idle.settings == settings).unwrap_or_else(|| Self::new(settings))
    }

    /// Gives it to the pool, with its window emptied: nothing of a message gets into another
    /// connection's.
    pub(super) fn recycle(mut self) {
        self.stream.reset();
        DEFLATERS.give(self);
    }

    /// Compresses all of `input`, which is not empty, and ends with an empty stored block: `00 00
    /// FF FF`, at a byte's end.
    pub(super) fn flush(&mut self, mut input: &[u8], out: &mut BytesMut) {
        loop {
            let start = out.len();
            // Room grows with what is really written: never as large as a message that gets a
            // thousand times smaller.
            let room = (input.len() / 2 + 64).min(start.max(FIRST_ROOM));
            out.resize(start + room, 0);
            let (read, written) = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.compress(input, &mut out[start..], DeflateFlush::SyncFlush);
            debug_assert!(status.is_ok(), "zlib complains of nothing but a wrong use: {status:?}");
            input = &input[(self.stream.total_in() - read) as usize..];
            let end = start + (self.stream.total_out() - written) as usize;
            // zlib is done when it leaves room. If what it had fitted exactly, the next round adds
            // an empty block: no harm.
            let done = end < out.len() && input.is_empty();
            out.truncate(end);
            if done {
                return;
            }
        }
    }
}

/// A stream that decompresses, from a window of any size: zlib-rs takes the same memory for all of
/// them.
pub(super) struct Inflater {
    stream: zlib_rs::Inflate,
}

/// What a step of decompression came to.
pub(super) struct Step {
    /// Bytes of input used up.
    pub(super) read: usize,
    /// Bytes of output made.
    pub(super) written: usize,
    /// A block said that it is the last of its stream (`BFINAL`).
    pub(super) ended: bool,
    /// What follows is not DEFLATE.
    pub(super) corrupt: bool,
}

/// The bytes are not DEFLATE.
pub(super) struct Corrupt;

static INFLATERS: Pool<Inflater> = Pool::new(MAX_IDLE, |_| 1);

impl Inflater {
    /// Heap bytes of a stream.
    pub(super) const BYTES_HELD: usize = 47_680;

    /// RFC 7692 §7.2.2: a smaller window than 32,768 bytes is a "MAY", where it is agreed on.
    pub(super) fn new() -> Self {
        Self { stream: zlib_rs::Inflate::new(false, 15) }
    }

    /// One from the pool, at the start of a stream.
    pub(super) fn pooled() -> Self {
        INFLATERS.take(|_| true).unwrap_or_else(Self::new)
    }

    /// Gives it to the pool, with its window emptied: no other connection's messages can look back
    /// into this one's.
    pub(super) fn recycle(mut self) {
        self.restart();
        INFLATERS.give(self);
    }

    /// Begins a new stream, with an empty window.
    pub(super) fn restart(&mut self) {
        self.stream.reset(false);
    }

    /// Decompresses until the input is used up, there is no more room, or the stream ends.
    pub(super) fn inflate(&mut self, input: &[u8], room: &mut [u8]) -> Result<Step, Corrupt> {
        self.step(input, room, InflateFlush::NoFlush)
    }

    /// The same, but it stops at the next block's end as well.
    pub(super) fn inflate_block(&mut self, input: &[u8], room: &mut [u8]) -> Result<Step, Corrupt> {
        self.step(input, room, InflateFlush::Block)
    }

    fn step(
        &mut self,
        input: &[u8],
        room: &mut [u8],
        until: InflateFlush,
    ) -> Result<Step, Corrupt> {
        let (read, written) = (self.stream.total_in(), self.stream.total_out());
        let status = self.stream.decompress(input, room, until);
        let step = Step {
            read: (self.stream.total_in() - read) as usize,
            written: (self.stream.total_out() - written) as usize,
            ended: status == Ok(Status::StreamEnd),
            corrupt: status.is_err(),
        };
        // What was good counts first, however much came with it.
        if step.corrupt && step.written == 0 { Err(Corrupt) } else { Ok(step) }
    }
}
