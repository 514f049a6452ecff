//! How bytes are split on their way.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// How the wire splits what it carries.
#[derive(Clone, Copy, Debug)]
pub enum Chunking {
    /// All at once.
    Whole,
    /// Byte by byte.
    Bytewise,
    /// In two, after this many bytes.
    At(usize),
    /// Into chunks of 1 to 64 bytes.
    Random(u64),
}

impl Chunking {
    pub fn split(self, bytes: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Whole => vec![bytes],
            Self::Bytewise => bytes.chunks(1).collect(),
            Self::At(at) => {
                let (head, tail) = bytes.split_at(at.min(bytes.len()));
                vec![head, tail]
            }
            Self::Random(seed) => {
                let mut random = StdRng::seed_from_u64(seed);
                let mut rest = bytes;
                let mut chunks = Vec::new();
                while !rest.is_empty() {
                    let size = (random.next_u32() as usize % 64 + 1).min(rest.len());
                    let (chunk, after) = rest.split_at(size);
                    chunks.push(chunk);
                    rest = after;
                }
                chunks
            }
        }
    }
}

/// A pair of connected streams in memory.
#[cfg(feature = "testing")]
pub fn stream_pair(
    chunking: Chunking,
) -> (sansocket::testing::TestStream, sansocket::testing::TestStream) {
    use sansocket::testing;

    testing::pair(match chunking {
        Chunking::Whole => testing::Chunking::Whole,
        Chunking::Bytewise => testing::Chunking::Bytewise,
        Chunking::Random(seed) => testing::Chunking::Random(seed),
        Chunking::At(_) => panic!("a stream has no such place"),
    })
}
