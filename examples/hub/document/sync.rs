//! The messages of y-protocols: sync and awareness, one in each binary message.
//!
//! ```text
//!   0 0 state vector   sync step 1: what the sender has
//!   0 1 update         sync step 2: what the other lacks
//!   0 2 update         an update
//!   1 states           awareness: cursors and names
//!   3                  awareness query
//! ```
//!
//! Numbers are of lib0's variable length, and what follows is preceded by its length.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sansocket::Message;
use yrs::StateVector;
use yrs::encoding::read::{Cursor, Read};
use yrs::sync::{AwarenessUpdate, Message as Sync};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;

/// A message of a client.
pub(super) enum Incoming {
    Step1(StateVector),
    /// An update that is not decoded yet.
    Update {
        update: Vec<u8>,
        is_step2: bool,
    },
    Awareness(AwarenessUpdate),
    AwarenessQuery,
}

/// Decodes a message. `None` if it is none.
pub(super) fn decode(message: &[u8]) -> Option<Incoming> {
    // yrs checks some numbers by assertions.
    catch_unwind(AssertUnwindSafe(|| decode_unguarded(message))).ok()?
}

fn decode_unguarded(message: &[u8]) -> Option<Incoming> {
    let mut cursor = Cursor::new(message);
    let kind: u8 = cursor.read_var().ok()?;
    let step: u8 = if kind == 0 { cursor.read_var().ok()? } else { 0 };
    if kind == 3 {
        return (!cursor.has_content()).then_some(Incoming::AwarenessQuery);
    }
    let content = cursor.read_buf().ok()?.to_vec();
    if cursor.has_content() {
        return None;
    }
    match (kind, step) {
        (0, 1 | 2) => Some(Incoming::Update { update: content, is_step2: step == 1 }),
        _ if !has_as_many(&content) => None,
        (0, 0) => StateVector::decode_v1(&content).ok().map(Incoming::Step1),
        (1, _) => AwarenessUpdate::decode_v1(&content).ok().map(Incoming::Awareness),
        _ => None,
    }
}

/// Whether the number of elements, with which states begin, can be true: yrs reserves memory for so
/// many.
fn has_as_many(content: &[u8]) -> bool {
    let mut cursor = Cursor::new(content);
    let count = cursor.read_var::<u32>();
    count.is_ok_and(|count| count as usize <= content.len())
}

pub(super) fn to_binary(message: &Sync) -> Message {
    Message::Binary(message.encode_v1().into())
}
