//! The header fields of a received head.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;
use core::{fmt, str};

use super::fields::is_token;
use super::head::HeadError;

/// Header fields in the order in which they came. Names are compared in any case; a name may come
/// more than once.
#[derive(Clone, PartialEq, Eq)]
pub struct Headers {
    /// The head as it came, and behind it where the line of each field begins: one piece of memory
    /// for both.
    bytes: Box<[u8]>,
    /// Up to here it is the head.
    end: usize,
}

/// How many bytes it takes to say where a line begins, in a head that is shorter than 64 KiB.
const PLACE: usize = size_of::<u16>();

impl Headers {
    /// The fields that were parsed out of `head`: all of its lines but the first and the empty one
    /// at the end.
    pub(super) fn new(head: &[u8], fields: &[httparse::Header<'_>]) -> Result<Self, HeadError> {
        let len = head.len() + fields.len() * PLACE;
        let mut bytes = Vec::with_capacity(len);
        bytes.extend_from_slice(head);
        bytes.resize(len, 0);
        for (place, field) in bytes[head.len()..].chunks_exact_mut(PLACE).zip(fields) {
            let line = offset(head, field.name.as_bytes());
            // RFC 9112 §2.2 allows to take a bare LF for a line end, but what two parsers may read
            // in two ways is refused.
            if !head[..line].ends_with(b"\r\n") {
                return Err(HeadError::Malformed);
            }
            place.copy_from_slice(&(line as u16).to_ne_bytes());
        }
        Ok(Self { bytes: bytes.into_boxed_slice(), end: head.len() })
    }

    /// The head that the fields are in.
    pub(super) fn head(&self) -> &[u8] {
        &self.bytes[..self.end]
    }

    /// The first value with this name, if it is UTF-8.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.get_all(name).next()?).ok()
    }

    /// All values with this name, as bytes: nothing says that they are text.
    pub fn get_all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        // What is not a token might go on behind the colon.
        let lines = is_token(name).then(|| self.lines()).into_iter().flatten();
        lines.filter_map(|line| match line.split_at_checked(name.len())? {
            (known, [b':', value @ ..]) if known.eq_ignore_ascii_case(name.as_bytes()) => {
                Some(value.trim_ascii())
            }
            _ => None,
        })
    }

    /// Whether there is a field with this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get_all(name).next().is_some()
    }

    /// All fields: name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.lines().map(|line| {
            let (name, value) =
                line.split_at(line.iter().position(|&b| b == b':').unwrap_or(line.len()));
            // A name is a token, so it is ASCII.
            (
                str::from_utf8(name).unwrap_or_default(),
                value.get(1..).unwrap_or_default().trim_ascii(),
            )
        })
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.bytes.len() - self.end) / PLACE
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The only value with this name; `None` if there is none or more than one.
    pub(super) fn single(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.get_all(name);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// The lines of all fields: `name:value`, with white space around the value, the line end at
    /// least.
    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let (head, places) = self.bytes.split_at(self.end);
        let places = places
            .chunks_exact(PLACE)
            .filter_map(|place| place.try_into().ok())
            .map(u16::from_ne_bytes)
            .map(usize::from);
        let ends = places.clone().skip(1).chain([head.len()]);
        places.zip(ends).map(|(start, end)| &head[start..end])
    }
}

/// Where `part`, which is a slice of `whole`, lies in it.
pub(super) fn range_in(whole: &[u8], part: &[u8]) -> Range<u16> {
    let start = offset(whole, part);
    start as u16..(start + part.len()) as u16
}

fn offset(whole: &[u8], part: &[u8]) -> usize {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    debug_assert!(start + part.len() <= whole.len(), "a part of the whole");
    start
}

/// Names with the sizes of their values: cookies and credentials are not for logs.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, value)| (name, Size(value.len())))).finish()
    }
}

struct Size(usize);

impl fmt::Debug for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0)
    }
}
