//! Frame headers, two to fourteen bytes: RFC 6455 §5.2.
//!
//! ```text
//!   0               1               2 …             then, if MASK
//!  +-+-+-+-+-------+-+-------------+---------------+-------------+
//!  |F|R|R|R| op-   |M| length, or  | 2 or 8 bytes  | masking key |
//!  |I|S|S|S| code  |A| 126: 16 bit | of length     | (4 bytes)   |
//!  |N|V|V|V|       |S| 127: 63 bit |               |             |
//!  | |1|2|3|       |K|             |               |             |
//!  +-+-+-+-+-------+-+-------------+---------------+-------------+
//! ```

use core::{error, fmt};

use super::opcode::Opcode;

const FIN: u8 = 0b1000_0000;
const RSV1: u8 = 0b0100_0000;
const RSV2_AND_RSV3: u8 = 0b0011_0000;
const OPCODE: u8 = 0b0000_1111;
const MASK: u8 = 0b1000_0000;

/// A frame's header.
///
/// [`Header::parse`] checks the rules for a single header. [`Connection`](crate::Connection) checks
/// those that depend on the connection: masking by role, RSV1 with an extension, the order of
/// frames. `Debug` does not show the masking key.
///
/// ```
/// use sansocket::wire::{Header, Opcode};
///
/// // RFC 6455 §5.7: the single-frame unmasked text message "Hello"
/// let (header, size) = Header::parse(b"\x81\x05Hello").unwrap().unwrap();
/// assert_eq!(size, 2);
/// let (fin, rsv1, opcode, mask) = (true, false, Opcode::Text, None);
/// assert_eq!(header, Header { fin, rsv1, opcode, mask, payload_len: 5 });
/// assert_eq!(header.encode(&mut [0; Header::MAX_LEN]), b"\x81\x05");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whether this is the last frame of its message.
    pub fin: bool,
    /// The first reserved bit, which permessage-deflate sets on the first frame of a compressed
    /// message (RFC 7692 §6).
    pub rsv1: bool,
    /// The frame's type.
    pub opcode: Opcode,
    /// The masking key, if the payload is masked.
    pub mask: Option<[u8; 4]>,
    /// The payload's length in bytes: below 2⁶³.
    pub payload_len: u64,
}

impl Header {
    /// The longest header, in bytes: two, eight of length, four of masking key.
    pub const MAX_LEN: usize = 14;

    /// The longest payload of a control frame, in bytes (§5.5).
    pub const MAX_CONTROL_PAYLOAD: usize = 125;

    /// Parses the header at the start of `bytes`. Returns the header and its own size in bytes, or
    /// `None` if `bytes` ends inside it.
    ///
    /// A header encodes to the same bytes that it was parsed from: no two encodings are equal.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] as soon as the first invalid byte is in `bytes`.
    #[inline(always)]
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, HeaderError> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };

        // RFC 6455 §5.2: "MUST be 0 unless an extension is negotiated that defines meanings for
        // non-zero values.": no known extension gives RSV2 or RSV3 a meaning.
        if first & RSV2_AND_RSV3 != 0 {
            return Err(HeaderError::ReservedBit);
        }
        let Some(opcode) = Opcode::from_bits(first & OPCODE) else {
            return Err(HeaderError::ReservedOpcode);
        };
        let fin = first & FIN != 0;
        let short_len = second & !MASK;
        if opcode.is_control() {
            // RFC 6455 §5.5: "All control frames MUST have a payload length of 125 bytes or less …"
            if usize::from(short_len) > Self::MAX_CONTROL_PAYLOAD {
                return Err(HeaderError::LongControl);
            }
            // RFC 6455 §5.5: "… and MUST NOT be fragmented."
            if !fin {
                return Err(HeaderError::FragmentedControl);
            }
        }

        let (payload_len, rest) = match short_len {
            126 => {
                let Some((len, rest)) = rest.split_first_chunk::<2>() else { return Ok(None) };
                let len = u16::from_be_bytes(*len);
                // RFC 6455 §5.2: "in all cases, the minimal number of bytes MUST be used to encode
                // the length"
                if len < 126 {
                    return Err(HeaderError::LongForm);
                }
                (u64::from(len), rest)
            }
            127 => {
                let Some((len, rest)) = rest.split_first_chunk::<8>() else { return Ok(None) };
                let len = u64::from_be_bytes(*len);
                // RFC 6455 §5.2: "the most significant bit MUST be 0"
                if len >> 63 != 0 {
                    return Err(HeaderError::LengthOverflow);
                }
                if len <= u64::from(u16::MAX) {
                    return Err(HeaderError::LongForm);
                }
                (len, rest)
            }
            len => (u64::from(len), rest),
        };

        let (mask, rest) = if second & MASK != 0 {
            let Some((key, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
            (Some(*key), rest)
        } else {
            (None, rest)
        };

        let header = Self { fin, rsv1: first & RSV1 != 0, opcode, mask, payload_len };
        Ok(Some((header, bytes.len() - rest.len())))
    }

    /// Writes the header into `space`, and returns the written part.
    #[inline]
    pub fn encode<'a>(&self, space: &'a mut [u8; Self::MAX_LEN]) -> &'a [u8] {
        debug_assert!(self.payload_len >> 63 == 0, "no payload in memory has 2^63 bytes");
        let mask_bit = if self.mask.is_some() { MASK } else { 0 };
        space[0] =
            self.opcode.bits() | if self.fin { FIN } else { 0 } | if self.rsv1 { RSV1 } else { 0 };
        let mut len = match self.payload_len {
            short @ 0..126 => {
                space[1] = mask_bit | short as u8;
                2
            }
            medium @ 126..=0xFFFF => {
                space[1] = mask_bit | 126;
                space[2..4].copy_from_slice(&(medium as u16).to_be_bytes());
                4
            }
            long => {
                space[1] = mask_bit | 127;
                space[2..10].copy_from_slice(&long.to_be_bytes());
                10
            }
        };
        if let Some(key) = self.mask {
            space[len..len + 4].copy_from_slice(&key);
            len += 4;
        }
        &space[..len]
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("fin", &self.fin)
            .field("rsv1", &self.rsv1)
            .field("opcode", &self.opcode)
            .field("masked", &self.mask.is_some())
            .field("payload_len", &self.payload_len)
            .finish()
    }
}

/// A header is invalid for every endpoint and connection. It is a protocol error (close code 1002).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderError {
    /// RSV2 or RSV3 is set (§5.2).
    ReservedBit,
    /// The opcode is one of 3–7 and 11–15 (§5.2).
    ReservedOpcode,
    /// The length is written in more bytes than it needs (§5.2).
    LongForm,
    /// The 64-bit length has its most significant bit set (§5.2).
    LengthOverflow,
    /// A control frame without FIN (§5.5).
    FragmentedControl,
    /// A control frame with more than 125 bytes (§5.5).
    LongControl,
}

impl HeaderError {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ReservedBit => "a reserved bit is set that no negotiated extension uses",
            Self::ReservedOpcode => "the opcode is reserved",
            Self::LongForm => "the payload length is not in its shortest form",
            Self::LengthOverflow => "the payload length has its most significant bit set",
            Self::FragmentedControl => "a control frame is fragmented",
            Self::LongControl => "a control frame has more than 125 bytes of payload",
        }
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl error::Error for HeaderError {}
