//! The farewell: RFC 6455 §5.5.1 (its body), §7.4 (its codes).

use core::{error, fmt, str};

use bytes::{BufMut, BytesMut};

use super::text::Text;

/// Why a connection is closed: a code that may travel in a Close frame, and no other.
///
/// 1000–1003 and 1007–1014 are registered, 3000–3999 are for libraries and frameworks, 4000–4999
/// for applications. The rest are reserved (§7.4.2), or only ever reported and never sent (1005,
/// 1006, 1015; §7.4.1), so they can't be built.
///
/// ```
/// use sansocket::CloseCode;
///
/// const SLOW_DOWN: CloseCode = CloseCode::new(4001).unwrap(); // an application's own
/// assert_eq!(SLOW_DOWN.get(), 4001);
/// assert_eq!(CloseCode::new(1006), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: a server goes down, or a page is left.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: a kind of message that can't be accepted (text where only bytes are understood, say).
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1007: content that contradicts the message's kind: text that is not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// 1008: a message violates a policy. For when no other code fits.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message is too big to process.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the client wanted an extension that the server did not negotiate.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: the server met a condition that it did not expect.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service restarts; come back in a few seconds.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: the service is overloaded; come back later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: the server acts as a gateway and got an invalid answer.
    pub const BAD_GATEWAY: Self = Self(1014);

    /// The code with this number, if such a code may be sent.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            // RFC 6455 §7.4.1: 1005, 1006 and 1015 "MUST NOT be set as a status code in a Close
            // control frame by an endpoint".
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(Self(code)),
            _ => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.get()
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A Close frame's body: a code and, if there is something to say, a reason.
///
/// ```
/// use sansocket::{CloseCode, CloseFrame};
///
/// let farewell = CloseFrame::new(CloseCode::GOING_AWAY, "see you tomorrow").unwrap();
/// assert_eq!(farewell.code().get(), 1001);
/// assert_eq!(farewell.reason(), "see you tomorrow");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CloseFrame {
    code: CloseCode,
    reason: Text,
}

impl CloseFrame {
    /// The longest reason, in bytes: what two bytes of code leave of a control frame's 125 (§5.5).
    pub const MAX_REASON_LEN: usize = 123;

    /// A farewell with a reason.
    ///
    /// # Errors
    ///
    /// [`ReasonTooLong`] above [`CloseFrame::MAX_REASON_LEN`] bytes: cutting it is left to who
    /// knows where.
    pub fn new(code: CloseCode, reason: impl Into<Text>) -> Result<Self, ReasonTooLong> {
        let reason = reason.into();
        if reason.len() > Self::MAX_REASON_LEN {
            return Err(ReasonTooLong { len: reason.len() });
        }
        Ok(Self { code, reason })
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> CloseCode {
        self.code
    }

    /// The reason, which is empty if none was given. It is the peer's word: not for end users
    /// (§5.5.1).
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Reads a Close frame's payload; `None` if it has no body.
    pub(crate) fn parse(payload: &[u8]) -> Result<Option<Self>, InvalidClose> {
        let (code, reason) = match payload {
            [] => return Ok(None),
            // RFC 6455 §5.5.1: "the first two bytes of the body MUST be a 2-byte unsigned integer"
            [_] => return Err(InvalidClose::Truncated),
            [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        };
        let code = CloseCode::new(code).ok_or(InvalidClose::Code(code))?;
        let reason = str::from_utf8(reason).map_err(|_| InvalidClose::Reason)?;
        Ok(Some(Self { code, reason: Text::from(reason) }))
    }

    /// Writes a Close frame's payload.
    pub(crate) fn encode(&self) -> BytesMut {
        let mut payload = BytesMut::with_capacity(2 + self.reason.len());
        payload.put_u16(self.code.get());
        payload.put_slice(self.reason.as_bytes());
        payload
    }
}

impl From<CloseCode> for CloseFrame {
    fn from(code: CloseCode) -> Self {
        Self { code, reason: Text::default() }
    }
}

/// A code alone, where a Close with or without a body is wanted.
impl From<CloseCode> for Option<CloseFrame> {
    fn from(code: CloseCode) -> Self {
        Some(code.into())
    }
}

/// What a received Close frame's body may have wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvalidClose {
    /// One byte: half a code.
    Truncated,
    /// A code that may not travel.
    Code(u16),
    /// A reason that is not UTF-8.
    Reason,
}

/// A close reason has more than [`CloseFrame::MAX_REASON_LEN`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonTooLong {
    /// How many bytes it has.
    pub len: usize,
}

impl fmt::Display for ReasonTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the close reason has {} bytes, more than the {} that fit; shorten it",
            self.len,
            CloseFrame::MAX_REASON_LEN
        )
    }
}

impl error::Error for ReasonTooLong {}
