//! Validation of UTF-8 in pieces: RFC 6455 §8.1 and §5.6.
//!
//! std or simdutf8 validate; this file keeps the one to three bytes of a character that is split
//! between two pieces.

#[cfg(not(feature = "simdutf8"))]
use core::str as basic;
use core::{error, fmt, str};

#[cfg(feature = "simdutf8")]
use simdutf8::basic;

/// Validates pieces of a text as one UTF-8 text. Fails at the first byte that makes every
/// continuation invalid.
///
/// ```
/// use sansocket::wire::Utf8Validator;
///
/// let mut utf8 = Utf8Validator::new();
/// utf8.push(b"\xce").unwrap(); // half a κ
/// assert!(utf8.finish().is_err()); // the text can't end here,
/// utf8.push(b"\xba").unwrap(); // but it may continue
/// assert!(utf8.finish().is_ok());
/// assert!(utf8.push(b"\xed\xa0").is_err()); // a surrogate: rejected before its last byte
/// ```
#[derive(Clone, Copy, Default)]
pub struct Utf8Validator {
    /// The first `len` bytes of an incomplete character.
    partial: [u8; 4],
    len: u8,
}

impl Utf8Validator {
    /// Creates a validator at the start of a text.
    #[must_use]
    pub const fn new() -> Self {
        Self { partial: [0; 4], len: 0 }
    }

    /// Validates the next piece of the text, of any size, split at any byte.
    ///
    /// # Errors
    ///
    /// [`InvalidUtf8`] if no continuation can make the text valid. Do not use the validator after
    /// that.
    pub fn push(&mut self, mut piece: &[u8]) -> Result<(), InvalidUtf8> {
        while self.len > 0 {
            let Some((&byte, rest)) = piece.split_first() else { return Ok(()) };
            self.complete_with(byte)?;
            piece = rest;
        }
        let (whole, rest) = piece.split_at(piece.len() - incomplete_len(piece));
        check(whole)?;
        rest.iter().try_for_each(|&byte| self.complete_with(byte))
    }

    /// Adds a byte to the incomplete character.
    fn complete_with(&mut self, byte: u8) -> Result<(), InvalidUtf8> {
        let len = usize::from(self.len);
        self.partial[len] = byte;
        match str::from_utf8(&self.partial[..=len]) {
            Ok(_) => self.len = 0,
            Err(error) if error.error_len().is_none() => self.len += 1,
            Err(_) => return Err(InvalidUtf8),
        }
        Ok(())
    }

    /// Checks that the text may end here: not inside a character.
    ///
    /// # Errors
    ///
    /// [`InvalidUtf8`] if the last character is incomplete.
    pub const fn finish(&self) -> Result<(), InvalidUtf8> {
        if self.len == 0 { Ok(()) } else { Err(InvalidUtf8) }
    }
}

/// Shows no content.
impl fmt::Debug for Utf8Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Utf8Validator({} bytes pending)", self.len)
    }
}

/// The number of bytes at the end that begin an incomplete character: zero to three. The number of
/// leading ones in the first byte is the length of the character, if that is two or more.
fn incomplete_len(piece: &[u8]) -> usize {
    let mut back = piece.iter().rev().take(3).zip(1..);
    back.find(|(byte, back)| byte.leading_ones() > *back).map_or(0, |(_, back)| back as usize)
}

/// Up to this length, in bytes, `is_ascii` is faster than any validator.
const SHORT: usize = 64;

/// Validates a whole text.
#[inline]
pub(crate) fn check(text: &[u8]) -> Result<(), InvalidUtf8> {
    if text.len() <= SHORT && is_ascii(text) { Ok(()) } else { validate(text) }
}

/// Checks word by word. The last word overlaps the one before it, so no single bytes remain.
#[inline]
fn is_ascii(text: &[u8]) -> bool {
    let word = |word: &[u8; 8]| u64::from_ne_bytes(*word) & 0x8080_8080_8080_8080 == 0;
    let Some(last) = text.last_chunk() else { return text.is_ascii() };
    text.chunks_exact(8).filter_map(<[u8]>::first_chunk).all(word) && word(last)
}

fn validate(text: &[u8]) -> Result<(), InvalidUtf8> {
    basic::from_utf8(text).map(drop).map_err(|_| InvalidUtf8)
}

/// The text is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InvalidUtf8;

impl fmt::Display for InvalidUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text is not valid UTF-8")
    }
}

impl error::Error for InvalidUtf8 {}
