//! A user name and a password for a proxy: RFC 3986 §3.2.1 (in an address), RFC 7617 §2 (HTTP),
//! RFC 1929 §2 (SOCKS5).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;

/// The longest user name and the longest password in SOCKS5, in bytes.
const MAX_LEN: usize = 255;

/// Bytes, because percent-encoding and SOCKS5 allow any.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    user: Vec<u8>,
    password: Vec<u8>,
}

impl Credentials {
    pub(super) fn new(user: &[u8], password: &[u8]) -> Self {
        Self { user: user.to_vec(), password: password.to_vec() }
    }

    /// Decodes `user[:password]`. `None` if percent-encoding is malformed.
    pub(super) fn decode(userinfo: &str) -> Option<Self> {
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        Some(Self { user: percent_decoded(user)?, password: percent_decoded(password)? })
    }

    /// Whether HTTP can send them.
    pub(super) fn are_valid_in_http(&self) -> bool {
        // RFC 7617 §2: "a user-id containing a colon character is invalid"; "The user-id and
        // password MUST NOT contain any control characters"
        !self.user.contains(&b':')
            && !self.user.iter().chain(&self.password).any(u8::is_ascii_control)
    }

    /// Whether SOCKS5 can send them.
    pub(super) fn are_valid_in_socks5(&self) -> bool {
        // RFC 1929 §2: UNAME and PASSWD have 1 to 255 octets.
        [&self.user, &self.password].iter().all(|field| (1..=MAX_LEN).contains(&field.len()))
    }

    /// The value of `Proxy-Authorization`.
    pub(super) fn basic(&self) -> String {
        let pair = [&self.user[..], b":", &self.password].concat();
        format!("Basic {}", Base64Display::new(&pair, &STANDARD))
    }

    /// The request of RFC 1929 §2: VER, ULEN, UNAME, PLEN, PASSWD.
    pub(super) fn subnegotiation(&self) -> Vec<u8> {
        let mut request = Vec::with_capacity(3 + self.user.len() + self.password.len());
        request.push(1);
        for field in [&self.user, &self.password] {
            request.push(field.len() as u8);
            request.extend_from_slice(field);
        }
        request
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// RFC 3986 §2.1: `pct-encoded = "%" HEXDIG HEXDIG`
fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                (digit()? * 16 + digit()?) as u8
            }
            byte => byte,
        });
    }
    Some(decoded)
}
