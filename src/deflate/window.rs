//! The LZ77 sliding windows of both directions: RFC 7692 §7.1.

/// The negotiated parameters (§5: "agreed parameters"), and the limits of our own window.
///
/// The server's window may be smaller than its client knows: see
/// [`Deflate`](super::Deflate#on-the-wire).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Agreed {
    pub(super) ours: Window,
    pub(super) peers: Window,
}

impl Agreed {
    /// The parameters that another library's handshake has negotiated, for
    /// [`Connection::with_deflate`](crate::Connection::with_deflate): our window and the peer's,
    /// whatever the role.
    #[must_use]
    pub const fn new(ours: Window, peers: Window) -> Self {
        Self { ours, peers }
    }

    /// Returns the window that we compress with.
    #[must_use]
    pub const fn ours(&self) -> Window {
        self.ours
    }

    /// Returns the window that the peer compresses with.
    #[must_use]
    pub const fn peers(&self) -> Window {
        self.peers
    }
}

/// One direction's LZ77 sliding window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    pub(super) bits: u8,
    pub(super) takeover: bool,
}

impl Window {
    /// The default without parameters (§7.1.1.1, §7.1.2.1).
    pub(super) const LARGEST: Self = Self { bits: MAX_BITS, takeover: true };

    /// A window of 2^`bits` bytes, which is kept from message to message or not. `None` if `bits`
    /// is not 8 to 15 (§7.1.2).
    #[must_use]
    pub const fn new(bits: u8, context_takeover: bool) -> Option<Self> {
        match bits {
            8..=MAX_BITS => Some(Self { bits, takeover: context_takeover }),
            _ => None,
        }
    }

    /// Returns the base-2 logarithm of its bytes (§7.1.2): 8 to 15.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.bits
    }

    /// Returns whether it is kept from message to message (§7.1.1).
    #[must_use]
    pub const fn context_takeover(self) -> bool {
        self.takeover
    }
}

/// The default without a parameter.
/// RFC 7692 §7.2.1: "An endpoint MUST NOT use an LZ77 sliding window longer than 32,768 bytes"
pub(super) const MAX_BITS: u8 = 15;
