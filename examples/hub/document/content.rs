//! Decodes updates, and refuses those that have more than one plain text.
//!
//! Yjs' encoding can also carry maps, embeds and values in values, which yrs decodes recursively,
//! and which the page can't show. So every update is read here first, without recursion and
//! without the memory that its numbers ask for. Taken are the structs of a text (strings, deleted
//! content, and what garbage collection leaves of others), and the deletions.
//!
//! ```text
//!   update      clients, then for each:  structs, client, clock, struct…   then the deletions
//!   struct      info, origin?, right origin?, parent (if it has neither), content
//!   deletions   clients, then for each:  client, ranges, (clock, length)…
//! ```
//!
//! A number that Yjs and yrs would read differently is malformed.

use std::collections::HashSet;

use yrs::encoding::read::{Cursor, Read};
use yrs::{ClientID, ID};

/// The name of the text in the document.
pub(super) const TEXT: &str = "text";

/// The number of structs of an update of a client, and of its deletions beyond those that the
/// document may have already: an answer to step 1 has all of them.
pub(super) const UPDATE_STRUCTS: usize = 10_000;

/// The number of client ids that an update of a client may write with. yrs recurses for each.
pub(super) const UPDATE_CLIENTS: usize = 1000;

/// Client ids have 53 bits, as integers of JavaScript have.
const CLIENTS: u64 = 1 << 53;

/// The kinds of structs: the lower five bits of `info`.
const KIND: u8 = 0b0001_1111;
const GC: u8 = 0;
const DELETED: u8 = 1;
const STRING: u8 = 4;
const SKIP: u8 = 10;

/// Flags of a struct: the higher bits of `info`.
const HAS_ORIGIN: u8 = 0b1000_0000;
const HAS_RIGHT_ORIGIN: u8 = 0b0100_0000;
const HAS_KEY: u8 = 0b0010_0000;

/// A parent that is named, and not the id of a struct.
const IS_NAMED: u64 = 1;

/// Consecutive characters of a client.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Struct {
    pub(super) id: ID,
    pub(super) len: u32,
    /// The character to the left when it was typed.
    pub(super) origin: Option<ID>,
    /// The character to the right.
    pub(super) right_origin: Option<ID>,
    pub(super) is_deleted: bool,
    /// Whether garbage collection has removed the content: only the numbers are left.
    pub(super) is_gc: bool,
}

/// The content of an update.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Content {
    /// The structs; those of one client are in order.
    pub(super) structs: Vec<Struct>,
    /// The first character of each deletion, and its length.
    pub(super) deletions: Vec<(ID, u32)>,
}

/// Why an update is refused before it is applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unfit {
    /// The bytes are no update.
    Malformed,
    /// The update has something else than text.
    NotText,
    /// The update says that an earlier one is missing.
    Gap,
    /// The update has more structs or deletions than allowed.
    TooMany,
}

impl Content {
    /// Reads an update, which may have so many structs, and with its deletions `deletions` more.
    pub(super) fn read(update: &[u8], structs: usize, deletions: usize) -> Result<Self, Unfit> {
        let mut cursor = Cursor::new(update);
        let mut this = Self::default();
        let mut clients = HashSet::new();
        for _ in 0..number(&mut cursor)? {
            let count = length(&mut cursor)?;
            let client = client(&mut cursor, &mut clients)?;
            let mut clock = clock(&mut cursor)?;
            for _ in 0..count {
                if this.structs.len() == structs {
                    return Err(Unfit::TooMany);
                }
                let one = read_struct(&mut cursor, ID::new(client, clock))?;
                clock = end(clock, one.len)?;
                this.structs.push(one);
            }
        }
        clients.clear();
        for _ in 0..number(&mut cursor)? {
            let client = client(&mut cursor, &mut clients)?;
            let mut next = 0;
            for _ in 0..number(&mut cursor)? {
                if this.structs.len() + this.deletions.len() >= structs.saturating_add(deletions) {
                    return Err(Unfit::TooMany);
                }
                let (start, len) = (clock(&mut cursor)?, length(&mut cursor)?);
                if start < next {
                    return Err(Unfit::Malformed);
                }
                next = end(start, len)?;
                this.deletions.push((ID::new(client, start), len));
            }
        }
        if cursor.has_content() { Err(Unfit::Malformed) } else { Ok(this) }
    }

    /// The number of client ids that it writes with.
    pub(super) fn clients(&self) -> usize {
        self.structs.chunk_by(|one, next| one.id.client == next.id.client).count()
    }
}

fn read_struct(cursor: &mut Cursor<'_>, id: ID) -> Result<Struct, Unfit> {
    let info = byte(cursor)?;
    match info {
        GC => {
            let (len, origin, right_origin) = (length(cursor)?, None, None);
            return Ok(Struct { id, len, origin, right_origin, is_deleted: true, is_gc: true });
        }
        SKIP => return Err(Unfit::Gap),
        _ => {}
    }
    if info & HAS_KEY != 0 {
        return Err(Unfit::NotText);
    }
    let origin = (info & HAS_ORIGIN != 0).then(|| read_id(cursor)).transpose()?;
    let right_origin = (info & HAS_RIGHT_ORIGIN != 0).then(|| read_id(cursor)).transpose()?;
    if origin.is_none() && right_origin.is_none() {
        let is_text = number(cursor)? == IS_NAMED && string(cursor)? == TEXT;
        if !is_text {
            return Err(Unfit::NotText);
        }
    }
    let len = match info & KIND {
        DELETED => length(cursor)?,
        STRING => {
            let units = string(cursor)?.encode_utf16().count();
            u32::try_from(units).ok().filter(|units| *units > 0).ok_or(Unfit::Malformed)?
        }
        _ => return Err(Unfit::NotText),
    };
    let is_deleted = info & KIND == DELETED;
    Ok(Struct { id, len, origin, right_origin, is_deleted, is_gc: false })
}

fn byte(cursor: &mut Cursor<'_>) -> Result<u8, Unfit> {
    cursor.read_u8().map_err(|_| Unfit::Malformed)
}

/// A number of at most 53 bits: seven in each byte, the lower ones first.
fn number(cursor: &mut Cursor<'_>) -> Result<u64, Unfit> {
    let mut number = 0;
    for index in 0..8 {
        let byte = byte(cursor)?;
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return if number < CLIENTS { Ok(number) } else { Err(Unfit::Malformed) };
        }
    }
    Err(Unfit::Malformed)
}

/// A client that was not there before.
fn client(cursor: &mut Cursor<'_>, clients: &mut HashSet<ClientID>) -> Result<ClientID, Unfit> {
    let client = ClientID::new(number(cursor)?);
    if clients.insert(client) { Ok(client) } else { Err(Unfit::Malformed) }
}

/// The number of a character: yrs computes with 32 bits and a sign.
fn clock(cursor: &mut Cursor<'_>) -> Result<u32, Unfit> {
    let clock = i32::try_from(number(cursor)?).map_err(|_| Unfit::Malformed)?;
    Ok(clock.unsigned_abs())
}

fn length(cursor: &mut Cursor<'_>) -> Result<u32, Unfit> {
    match clock(cursor)? {
        0 => Err(Unfit::Malformed),
        length => Ok(length),
    }
}

fn end(clock: u32, len: u32) -> Result<u32, Unfit> {
    clock.checked_add(len).filter(|end| i32::try_from(*end).is_ok()).ok_or(Unfit::Malformed)
}

fn read_id(cursor: &mut Cursor<'_>) -> Result<ID, Unfit> {
    Ok(ID::new(ClientID::new(number(cursor)?), clock(cursor)?))
}

fn string<'a>(cursor: &'a mut Cursor<'_>) -> Result<&'a str, Unfit> {
    let len = clock(cursor)? as usize;
    let bytes = cursor.read_exact(len).map_err(|_| Unfit::Malformed)?;
    std::str::from_utf8(bytes).map_err(|_| Unfit::Malformed)
}
