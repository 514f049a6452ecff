//! Close frames: RFC 6455 §5.5.1 (body), §7.4 (codes).

use core::{error, fmt, str};

use bytes::{BufMut, BytesMut};

use super::text::Text;

/// The code of a Close frame: the reason why a connection is closed.
///
/// 1000–1003 and 1007–1014 are registered, 3000–3999 are for libraries and frameworks, 4000–4999
/// for applications. All others are reserved (§7.4.2), or reported but never sent (1005, 1006,
/// 1015; §7.4.1), so they can't be built.
///
/// ```
/// use sansocket::CloseCode;
///
/// const SLOW_DOWN: CloseCode = CloseCode::new(4001).unwrap(); // for applications
/// assert_eq!(SLOW_DOWN.get(), 4001);
/// assert_eq!(CloseCode::new(1006), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: a server shuts down, or a browser leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer violated the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: a kind of message that is not supported (text, for a binary protocol).
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1007: content that does not match the message's kind: text that is not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// 1008: a message violates a policy. For when no other code fits.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message is too big to process.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the client requires an extension that the server did not negotiate.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: an unexpected condition in the server.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service restarts; reconnect after some seconds.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: the service is overloaded; reconnect later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: the server is a gateway and received an invalid response.
    pub const BAD_GATEWAY: Self = Self(1014);

    /// Returns the code with this number, if it may be sent.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            // RFC 6455 §7.4.1: 1005, 1006 and 1015 "MUST NOT be set as a status code in a Close
            // control frame by an endpoint".
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(Self(code)),
            _ => None,
        }
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for CloseCode {
    type Error = InvalidCloseCode;

    fn try_from(code: u16) -> Result<Self, InvalidCloseCode> {
        Self::new(code).ok_or(InvalidCloseCode(code))
    }
}

/// The number of no close code that may be sent (§7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCloseCode(pub u16);

impl fmt::Display for InvalidCloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is no close code that may be sent; those are 1000 to 1003, 1007 to 1014, and 3000 \
             to 4999",
            self.0
        )
    }
}

impl error::Error for InvalidCloseCode {}

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

/// A Close frame's body: a code, and a reason that may be empty.
///
/// ```
/// use sansocket::{CloseCode, CloseFrame};
///
/// let frame = CloseFrame::new(CloseCode::GOING_AWAY, "maintenance until 12:00").unwrap();
/// assert_eq!(frame.code().get(), 1001);
/// assert_eq!(frame.reason(), "maintenance until 12:00");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CloseFrame {
    code: CloseCode,
    reason: Text,
}

impl CloseFrame {
    /// The maximum length of a reason, in bytes: a control frame's 125 (§5.5) minus two for the
    /// code.
    pub const MAX_REASON_LEN: usize = 123;

    /// Creates the body of a Close frame.
    ///
    /// # Errors
    ///
    /// [`ReasonTooLong`] above [`CloseFrame::MAX_REASON_LEN`] bytes:
    /// [`truncated`](Self::truncated) cuts it.
    pub fn new(code: CloseCode, reason: impl Into<Text>) -> Result<Self, ReasonTooLong> {
        let reason = reason.into();
        if reason.len() > Self::MAX_REASON_LEN {
            return Err(ReasonTooLong { len: reason.len() });
        }
        Ok(Self { code, reason })
    }

    /// Creates the body of a Close frame, with a reason that is cut to
    /// [`CloseFrame::MAX_REASON_LEN`] bytes, between two characters.
    ///
    /// ```
    /// use sansocket::{CloseCode, CloseFrame};
    ///
    /// let frame = CloseFrame::truncated(CloseCode::INTERNAL_ERROR, &"\u{e9}".repeat(100));
    /// assert_eq!(frame.reason().len(), 122);
    /// ```
    #[must_use]
    pub fn truncated(code: CloseCode, reason: &str) -> Self {
        let mut end = reason.len().min(Self::MAX_REASON_LEN);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        Self { code, reason: reason[..end].into() }
    }

    /// Returns the code.
    #[must_use]
    pub const fn code(&self) -> CloseCode {
        self.code
    }

    /// Returns the reason; empty if there is none. It may be a peer's text: do not show it to end
    /// users (§5.5.1).
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Parses a Close frame's payload; `None` if it is empty.
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

    /// Encodes a Close frame's payload.
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

/// A code without a reason, for [`Connection::close`](crate::Connection::close).
impl From<CloseCode> for Option<CloseFrame> {
    fn from(code: CloseCode) -> Self {
        Some(code.into())
    }
}

/// A received Close frame's body is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvalidClose {
    /// One byte: half a code.
    Truncated,
    /// A code that must not be sent.
    Code(u16),
    /// A reason that is not UTF-8.
    Reason,
}

/// A close reason has more than [`CloseFrame::MAX_REASON_LEN`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonTooLong {
    /// The length in bytes.
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
