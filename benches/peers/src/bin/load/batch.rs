//! Messages that are encoded once: as a client sends them, and as they must be echoed.
//!
//! RFC 6455 §5.2: a batch is `depth` consecutive text frames, each with different text, so that
//! none can be mistaken for another.

/// The bytes that are sent at once, and their expected echo.
pub struct Batch {
    pub sent: Vec<u8>,
    pub expected: Vec<u8>,
}

impl Batch {
    /// A `raw` server echoes the masked frames.
    pub fn new(depth: usize, size: usize, raw: bool) -> Self {
        let (mut sent, mut expected) = (Vec::new(), Vec::new());
        for number in 0..depth {
            let text: Vec<u8> = (b' '..=b'~').cycle().skip(number).take(size).collect();
            let key = (0x9e37_79b9_u32.wrapping_mul(number as u32 + 1)).to_be_bytes();
            push_header(&mut sent, size, MASKED);
            sent.extend(key);
            sent.extend(text.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
            push_header(&mut expected, size, 0);
            expected.extend(text);
        }
        if raw {
            expected.clone_from(&sent);
        }
        Self { sent, expected }
    }
}

const FIN_TEXT: u8 = 0x81;
const MASKED: u8 = 0x80;

fn push_header(bytes: &mut Vec<u8>, size: usize, masked: u8) {
    bytes.push(FIN_TEXT);
    match size {
        0..126 => bytes.push(masked | size as u8),
        126..0x1_0000 => {
            bytes.push(masked | 126);
            bytes.extend((size as u16).to_be_bytes());
        }
        _ => {
            bytes.push(masked | 127);
            bytes.extend((size as u64).to_be_bytes());
        }
    }
}
