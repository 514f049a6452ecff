//! The header fields of a received head.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;
use core::{fmt, str};

/// Header fields in the order in which they came. Names are compared in any case; a name may come more than once.
#[derive(Clone, PartialEq, Eq)]
pub struct Headers {
    /// The head as it came, and behind it where each field lies in it: one piece of memory for both.
    bytes: Box<[u8]>,
    /// Up to here it is the head.
    end: usize,
}

/// How many bytes it takes to say where a field lies: where its name begins and ends, and its value.
const PLACE: usize = size_of::<u64>();

impl Headers {
    /// The fields that were parsed out of `head`, which is shorter than 64 KiB.
    pub(super) fn new(head: &[u8], fields: &[httparse::Header<'_>]) -> Self {
        let mut bytes = Vec::with_capacity(head.len() + fields.len() * PLACE);
        bytes.extend_from_slice(head);
        for field in fields {
            let (name, value) = (range_in(head, field.name.as_bytes()), range_in(head, field.value));
            let place = [value.end, value.start, name.end, name.start]
                .into_iter()
                .fold(0, |place, at| place << u16::BITS | u64::from(at));
            bytes.extend_from_slice(&place.to_ne_bytes());
        }
        Self { bytes: bytes.into_boxed_slice(), end: head.len() }
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
        self.fields().filter(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Whether there is a field with this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get_all(name).next().is_some()
    }

    /// All fields: name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        // A name is a token, so it is ASCII.
        self.fields().map(|(name, value)| (str::from_utf8(name).unwrap_or_default(), value))
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

    /// All fields: name and value.
    fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let (head, places) = self.bytes.split_at(self.end);
        let places = places.chunks_exact(PLACE).filter_map(|place| place.try_into().ok()).map(u64::from_ne_bytes);
        places.map(|place| {
            let at = |number: u32| usize::from((place >> (number * u16::BITS)) as u16);
            (&head[at(0)..at(1)], &head[at(2)..at(3)])
        })
    }
}

/// Where `part`, which is a slice of `whole`, lies in it.
pub(super) fn range_in(whole: &[u8], part: &[u8]) -> Range<u16> {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    debug_assert!(start + part.len() <= whole.len(), "a part of the whole");
    start as u16..(start + part.len()) as u16
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
