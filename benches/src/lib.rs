//! Inputs that the benches share.

use bytes::BufMut;
use sansocket::wire::{Header, Opcode, apply_mask};
use sansocket::{Connection, Event, Message};

/// Sizes of payloads, in bytes: within a register, the longest short form, a page's quarter, and more than any window.
pub const SIZES: [usize; 4] = [16, 125, 1024, 64 * 1024];

/// A frame as a client sends it.
#[must_use]
pub fn masked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let header = Header { fin: true, rsv1: false, opcode, mask: Some(key), payload_len: payload.len() as u64 };
    let mut frame = header.encode(&mut [0; Header::MAX_LEN]).to_vec();
    frame.extend(payload);
    let start = frame.len() - payload.len();
    apply_mask(key, 0, &mut frame[start..]);
    frame
}

/// Text of this many bytes, of two-byte letters.
#[must_use]
pub fn cyrillic(len: usize) -> String {
    let text: String = "съешь же ещё этих мягких французских булок ".chars().cycle().take(len).filter(|c| *c != ' ').collect();
    let mut end = len.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// Receives the message that is in these bytes.
///
/// # Panics
///
/// If there is none.
pub fn receive(connection: &mut Connection, bytes: &[u8]) -> Message {
    connection.input().put_slice(bytes);
    match connection.receive() {
        Some(Event::Message(message)) => message,
        other => panic!("{other:?} is not a message"),
    }
}
