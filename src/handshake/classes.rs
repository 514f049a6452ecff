//! Classes of bytes, in one table.

/// A token (RFC 9110 §5.6.2).
pub(super) const TOKEN: u8 = 1;

/// A host name, except for percent-encoding (RFC 3986 §3.2.2: reg-name).
pub(super) const HOST: u8 = 2;

/// A path or query, except for percent-encoding (RFC 3986 §3.3, §3.4: pchar, "/" and "?").
pub(super) const PATH: u8 = 4;

/// Base64 (RFC 4648 §4).
pub(super) const BASE64: u8 = 8;

/// Whether this byte is in the class.
#[inline]
pub(super) fn is(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// Whether all of these bytes are in the class.
#[inline]
pub(super) fn are(bytes: &[u8], class: u8) -> bool {
    bytes.iter().fold(class, |class, &byte| class & CLASSES[usize::from(byte)]) != 0
}

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' => TOKEN | HOST | PATH | BASE64,
            b'!' | b'$' | b'&' | b'\'' | b'*' | b'-' | b'.' | b'_' | b'~' => TOKEN | HOST | PATH,
            b'#' | b'%' | b'^' | b'`' | b'|' => TOKEN,
            b'(' | b')' | b',' | b';' | b'=' => HOST | PATH,
            b'/' => PATH | BASE64,
            b':' | b'@' | b'?' => PATH,
            _ => 0,
        };
        byte += 1;
    }
    classes
};
