//! Frame types: RFC 6455 §5.2, §11.8.

/// The type of a frame. The ten reserved values have no variant, so they can't be sent, and are
/// rejected when received.
///
/// ```
/// use sansocket::wire::Opcode;
///
/// assert_eq!(Opcode::from_bits(0x9), Some(Opcode::Ping));
/// assert_eq!(Opcode::from_bits(0x3), None);
/// assert!(Opcode::Ping.is_control());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// A later fragment of a message (§5.4).
    Continuation = 0x0,
    /// The first or only fragment of a text message: UTF-8 (§5.6).
    Text = 0x1,
    /// The first or only fragment of a binary message (§5.6).
    Binary = 0x2,
    /// The closing handshake (§5.5.1).
    Close = 0x8,
    /// A request for a pong (§5.5.2).
    Ping = 0x9,
    /// The answer to a ping, or a keep-alive (§5.5.3).
    Pong = 0xA,
}

impl Opcode {
    /// Returns the opcode of these four bits, or `None` if they are reserved.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    /// Returns the four bits on the wire.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// Returns whether this is a control frame: at most 125 bytes, never fragmented (§5.5).
    #[must_use]
    pub const fn is_control(self) -> bool {
        // RFC 6455 §5.5: "Control frames are identified by opcodes where the most significant bit
        // of the opcode is 1"
        self.bits() & 0x8 != 0
    }
}
