//! The header fields of a received head.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::MaybeUninit;
use core::ops::Range;
use core::{fmt, str};

use super::fields::is_token;
use super::head_error::HeadError;

/// Received header fields, in order. Names are compared case-insensitively, and may repeat.
#[derive(Clone, PartialEq, Eq)]
pub struct Headers {
    /// The received head, followed by the offset of each field's line: one allocation for both.
    bytes: Box<[u8]>,
    /// The end of the head.
    end: usize,
}

/// The size of an offset.
const OFFSET: usize = size_of::<u32>();

impl Headers {
    /// Stores a head and its parsed fields: all lines but the first and the empty one at the end.
    pub(super) fn new(head: &[u8], fields: &[httparse::Header<'_>]) -> Result<Self, HeadError> {
        let len = head.len() + fields.len() * OFFSET;
        let mut bytes = Vec::with_capacity(len);
        bytes.extend_from_slice(head);
        bytes.resize(len, 0);
        let mut offsets = &mut bytes[head.len()..];
        for field in fields {
            let line = offset_in(head, field.name.as_bytes());
            // RFC 9112 §2.2 allows a bare LF as a line end, but a head that two parsers may parse
            // differently is rejected.
            let (Some(b"\r\n"), Some((offset, rest))) =
                (head[..line].last_chunk(), offsets.split_first_chunk_mut())
            else {
                return Err(HeadError::Malformed);
            };
            *offset = (line as u32).to_ne_bytes();
            offsets = rest;
        }
        Ok(Self { bytes: bytes.into_boxed_slice(), end: head.len() })
    }

    /// The head that contains the fields.
    pub(super) fn head(&self) -> &[u8] {
        &self.bytes[..self.end]
    }

    /// Returns the first value with this name, if it is UTF-8.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.get_all(name).next()?).ok()
    }

    /// Returns all values with this name, as bytes: they need not be text.
    pub fn get_all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        // A name that is not a token might match beyond the colon.
        let lines = is_token(name).then(|| self.lines()).into_iter().flatten();
        lines.filter_map(|line| match line.split_at_checked(name.len())? {
            (known, [b':', value @ ..]) if known.eq_ignore_ascii_case(name.as_bytes()) => {
                Some(value.trim_ascii())
            }
            _ => None,
        })
    }

    /// Returns whether there is a field with this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get_all(name).next().is_some()
    }

    /// Returns all fields: name and value.
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

    /// Returns the number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.bytes.len() - self.end) / OFFSET
    }

    /// Returns whether there are no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the value of a field that occurs exactly once.
    pub(super) fn single(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.get_all(name);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// The lines of all fields: `name:value`, with the line end and other white space.
    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let (head, offsets) = self.bytes.split_at(self.end);
        let offsets = offsets
            .chunks_exact(OFFSET)
            .filter_map(|offset| offset.try_into().ok())
            .map(u32::from_ne_bytes)
            .map(|offset| offset as usize);
        let ends = offsets.clone().skip(1).chain([head.len()]);
        offsets.zip(ends).map(|(start, end)| &head[start..end])
    }
}

/// The number of fields that have room on the stack.
const ROOM: usize = 100;

/// Calls a parser with room for at most so many fields of a head.
#[inline(always)]
pub(super) fn with_room_for_fields<'h, T>(
    head: &'h [u8],
    max_fields: usize,
    parse: impl FnOnce(&mut [MaybeUninit<httparse::Header<'h>>]) -> Result<T, HeadError>,
) -> Result<T, HeadError> {
    let mut on_stack = [const { MaybeUninit::uninit() }; ROOM];
    let mut on_heap = Vec::new();
    let room = match on_stack.get_mut(..max_fields) {
        Some(room) => room,
        None => {
            let lines = head.iter().filter(|&&byte| byte == b'\n').count();
            on_heap.resize(lines.min(max_fields), MaybeUninit::uninit());
            &mut on_heap
        }
    };
    parse(room)
}

/// The error of a parser that did not parse a whole head. Its start line was checked before.
#[cold]
pub(super) fn parser_error(result: httparse::Result<usize>, max_fields: usize) -> HeadError {
    match result {
        Err(httparse::Error::TooManyHeaders) => HeadError::TooManyFields { limit: max_fields },
        _ => HeadError::Malformed,
    }
}

/// The range of `part`, which is a slice of `whole`.
pub(super) fn range_in(whole: &[u8], part: &[u8]) -> Range<u32> {
    let start = offset_in(whole, part);
    start as u32..(start + part.len()) as u32
}

fn offset_in(whole: &[u8], part: &[u8]) -> usize {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    debug_assert!(start + part.len() <= whole.len(), "part is a slice of whole");
    start
}

/// Shows names and the sizes of values: cookies and credentials must not get into logs.
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
