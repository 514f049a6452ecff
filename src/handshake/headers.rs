//! The header fields of a received head.

use alloc::boxed::Box;
use core::ops::Range;
use core::{fmt, str};

use bytes::Bytes;

/// Header fields in the order in which they came. Names are compared in any case; a name may come more than once.
#[derive(Clone, PartialEq, Eq)]
pub struct Headers {
    /// The head in which the fields lie.
    head: Bytes,
    fields: Box<[Field]>,
}

/// Where a field lies in the head, which is shorter than 64 KiB.
#[derive(Clone, PartialEq, Eq)]
struct Field {
    name: Range<u16>,
    value: Range<u16>,
}

impl Headers {
    /// The fields that were parsed out of `head`.
    pub(super) fn new(head: &Bytes, fields: &[httparse::Header<'_>]) -> Self {
        let field = |header: &httparse::Header<'_>| Field {
            name: range_in(head, header.name.as_bytes()),
            value: range_in(head, header.value),
        };
        Self { fields: fields.iter().map(field).collect(), head: head.clone() }
    }

    /// The first value with this name, if it is UTF-8.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.get_all(name).next()?).ok()
    }

    /// All values with this name, as bytes: nothing says that they are text.
    pub fn get_all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = |field: &&Field| self.slice(&field.name).eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(named).map(|field| self.slice(&field.value))
    }

    /// Whether there is a field with this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get_all(name).next().is_some()
    }

    /// All fields: name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|field| {
            // A name is a token, so it is ASCII.
            let name = str::from_utf8(self.slice(&field.name)).unwrap_or_default();
            (name, self.slice(&field.value))
        })
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The only value with this name; `None` if there is none or more than one.
    pub(super) fn single(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.get_all(name);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    fn slice(&self, range: &Range<u16>) -> &[u8] {
        &self.head[usize::from(range.start)..usize::from(range.end)]
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
