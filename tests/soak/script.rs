//! The messages of a client of `crowd.rs` and how it shuts down, derived from the seed and its number, so
//! that both sides know them.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::frames::PING;
use support::masked;

pub const SEED: u64 = 0x6455_7692;

const LARGEST: usize = 64 * 1024;

pub struct Script {
    number: usize,
    pub messages: Vec<Planned>,
    pub shutdown: Shutdown,
}

pub struct Planned {
    pub text: bool,
    size: usize,
    /// Positions at which the message is fragmented.
    cuts: Vec<usize>,
    pings: bool,
    /// The pause before the message.
    pub pause: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shutdown {
    /// Sends a Close, and then reads until EOF.
    Clean,
    /// The same, with the write half shut down after the Close.
    CleanHalf,
    /// The write half is shut down without a Close.
    Half,
    /// `SO_LINGER` 0, which may be within a frame.
    Reset,
    /// The socket is closed with unread bytes, which is a reset, too.
    Unread,
}

impl Script {
    pub fn new(number: usize) -> Self {
        let mut random = StdRng::seed_from_u64(SEED ^ (number as u64) << 32);
        let count = random.random_range(20..=200);
        let messages = (0..count).map(|_| Planned::new(&mut random)).collect();
        let shutdown = match random.random_range(0..10) {
            0..=3 => Shutdown::Clean,
            4 => Shutdown::CleanHalf,
            5..=6 => Shutdown::Half,
            7..=8 => Shutdown::Reset,
            _ => Shutdown::Unread,
        };
        Self { number, messages, shutdown }
    }

    /// The payload of a message: its number and its client's, truncated to its size.
    pub fn payload(&self, sequence: usize) -> Vec<u8> {
        let Planned { text, size, .. } = self.messages[sequence];
        let mut payload = format!("{sequence} of {}: ", self.number).into_bytes();
        while payload.len() + 6 <= size {
            let shift = (payload.len() + sequence) as u8;
            // Text is a, ñ, €: fragments split characters.
            payload.extend(if text {
                [b'a', 0xc3, 0xb1, 0xe2, 0x82, 0xac]
            } else {
                [0xff, shift, 0x80, 0xfe, shift ^ 0x55, 0]
            });
        }
        payload.resize(size, b'.');
        payload
    }

    /// The message as a client's frames.
    pub fn frames(&self, sequence: usize) -> Vec<u8> {
        let planned = &self.messages[sequence];
        let payload = self.payload(sequence);
        let (mut frames, mut from) = (Vec::new(), 0);
        let mut opcode = if planned.text { 1 } else { 2 };
        for &cut in &planned.cuts {
            frames.extend(masked(opcode, &payload[from..cut]));
            if planned.pings {
                frames.extend(masked(PING, &(sequence as u32).to_be_bytes()));
            }
            (from, opcode) = (cut, 0);
        }
        frames.extend(masked(0x80 | opcode, &payload[from..]));
        frames
    }
}

impl Planned {
    fn new(random: &mut StdRng) -> Self {
        let size = match random.random_range(0..20) {
            0 => 0,
            1..=10 => random.random_range(1..=125),
            11..=17 => random.random_range(126..=4096),
            _ => random.random_range(4097..=LARGEST),
        };
        let mut cuts = match random.random_range(0..4) {
            0 => (0..random.random_range(1..6)).map(|_| random.random_range(0..=size)).collect(),
            _ => Vec::new(),
        };
        cuts.sort_unstable();
        let pause =
            random.random_bool(0.2).then(|| Duration::from_millis(random.random_range(1..1000)));
        Self { text: random.random_bool(0.5), size, cuts, pings: random.random_bool(0.5), pause }
    }
}
