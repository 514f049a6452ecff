//! Bytes that were validated as UTF-8: RFC 6455 §5.6, §8.1.
//!
//! A [`Text`] can only be made in this file, which the proof of its one line of `unsafe` needs.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::ops::Deref;
use core::{fmt, str};

use bytes::Bytes;

use super::block::{self, Block};
use crate::wire::{self, InvalidUtf8, Utf8Validator};

/// Validated UTF-8 that can be cloned and sent without a copy. It dereferences to `str`.
///
/// `Debug` shows only the size, so that logs don't leak messages; `Display` shows the text.
///
/// ```
/// use sansocket::Text;
///
/// let text = Text::from("grüezi");
/// assert!(text.starts_with("grü"));
/// assert!(Text::try_from(bytes::Bytes::from_static(b"\xff")).is_err());
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// Always UTF-8: set in this file only, by a conversion from `str`, by validation, from another
    /// text, or by [`TextBuilder`].
    bytes: Bytes,
}

impl Text {
    /// Creates a text from a literal, without a copy or allocation.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self { bytes: Bytes::from_static(text.as_bytes()) }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        Checked { bytes: &self.bytes }.as_str()
    }

    /// Returns the text as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the text as bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// Returns the same text in other memory: these bytes from `start` on.
    pub(super) fn at(&self, bytes: &Bytes, start: usize) -> Self {
        let bytes = bytes.slice(start..);
        assert_eq!(bytes, self.bytes, "it is the same text");
        Self { bytes }
    }

    pub(super) fn fmt_size(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.bytes.len())
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_size(f)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { bytes: Bytes::from(text) }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self { bytes: block::copy_exact(text.as_bytes()) }
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

/// Copies the text.
impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().into()
    }
}

impl TryFrom<Bytes> for Text {
    type Error = InvalidUtf8;

    fn try_from(bytes: Bytes) -> Result<Self, InvalidUtf8> {
        Checked::new(&bytes)?;
        Ok(Self { bytes })
    }
}

impl TryFrom<Vec<u8>> for Text {
    type Error = InvalidUtf8;

    fn try_from(bytes: Vec<u8>) -> Result<Self, InvalidUtf8> {
        Bytes::from(bytes).try_into()
    }
}

impl From<Text> for Bytes {
    fn from(text: Text) -> Self {
        text.bytes
    }
}

/// Borrowed text that was validated.
#[derive(Clone, Copy)]
pub(super) struct Checked<'a> {
    /// Always UTF-8: set in this file only, by validation, or from a `str` or a [`Text`].
    bytes: &'a [u8],
}

impl<'a> Checked<'a> {
    #[inline]
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, InvalidUtf8> {
        wire::check_utf8(bytes)?;
        Ok(Self { bytes })
    }

    pub(super) const fn as_bytes(self) -> &'a [u8] {
        self.bytes
    }

    #[allow(unsafe_code)]
    pub(super) const fn as_str(self) -> &'a str {
        // Validating again in every call would cost some 25 times as much for 16 bytes, and for 64
        // KiB of two-byte letters as much as receiving the message: `cargo bench -p
        // sansocket-benches --bench text`.
        //
        // SAFETY: the bytes are UTF-8 by the field's invariant, and can't change while they are
        // borrowed.
        unsafe { str::from_utf8_unchecked(self.bytes) }
    }
}

impl<'a> From<&'a str> for Checked<'a> {
    fn from(text: &'a str) -> Self {
        Self { bytes: text.as_bytes() }
    }
}

impl From<Checked<'_>> for Text {
    #[inline]
    fn from(text: Checked<'_>) -> Self {
        Self { bytes: block::copy(text.bytes) }
    }
}

/// Joins the pieces of a text, and validates each: fails at the first invalid byte.
#[derive(Default)]
pub(crate) struct TextBuilder {
    /// All of it was validated by `utf8`, in order.
    bytes: Block,
    utf8: Utf8Validator,
}

impl TextBuilder {
    /// Appends a piece.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), InvalidUtf8> {
        self.utf8.push(piece)?;
        self.bytes.extend(piece);
        Ok(())
    }

    /// Returns the text, if it does not end inside a character.
    pub(crate) fn finish(self) -> Result<Text, InvalidUtf8> {
        self.utf8.finish()?;
        Ok(Text { bytes: self.bytes.freeze() })
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    pub(crate) fn make_room(&mut self, piece: usize, remaining: Option<u64>) {
        self.bytes.make_room(piece, remaining);
    }
}
