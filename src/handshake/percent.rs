//! Percent-encoding: RFC 3986 §2.1.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::classes;

/// Whether text has only bytes of a class and percent-encoded bytes.
pub(super) fn is_made_of(text: &[u8], class: u8) -> bool {
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        let ok = match byte {
            b'%' => {
                let mut is_hex = || bytes.next().is_some_and(|b| b.is_ascii_hexdigit());
                is_hex() && is_hex()
            }
            byte => classes::is(byte, class),
        };
        if !ok {
            return false;
        }
    }
    true
}

/// Decodes text in which every `%` is followed by two hexadecimal digits. `None` if the result is
/// not UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        let (byte, after) = match rest {
            [b'%', high, low, after @ ..] => (digit(*high) << 4 | digit(*low), after),
            [byte, after @ ..] => (*byte, after),
            [] => break,
        };
        decoded.push(byte);
        rest = after;
    }
    String::from_utf8(decoded).ok()
}

/// Encodes all bytes but those that never need it (RFC 3986 §2.3: unreserved).
pub(super) fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}
