//! From messages to frames in the output.
//!
//! RFC 6455 §6.1 (sending), §5.3 (masking). A client masks every frame with a new key.

use bytes::Bytes;

use super::config::Role;
use super::entropy::Entropy;
use super::output::Output;
use crate::message::{Block, MAX_COPIED};
use crate::wire::{Header, Opcode, apply_mask};

/// The fields of a frame's first byte (§5.2).
pub(super) struct FirstByte {
    /// Whether it is the last of its message.
    pub(super) fin: bool,
    /// Whether it is the first of a compressed message (RFC 7692 §6).
    pub(super) compressed: bool,
    pub(super) opcode: Opcode,
}

#[derive(Debug)]
pub(super) enum Writer {
    Client(Entropy),
    Server,
}

impl Writer {
    pub(super) const fn role(&self) -> Role {
        match self {
            Self::Client(_) => Role::Client,
            Self::Server => Role::Server,
        }
    }

    /// Queues a control frame.
    pub(super) fn control(&mut self, opcode: Opcode, payload: &[u8], output: &mut Output) {
        self.copy(FirstByte { fin: true, compressed: false, opcode }, payload, output);
    }

    /// Queues a frame. A large payload is not copied.
    #[inline]
    pub(super) fn frame(&mut self, first: FirstByte, payload: Bytes, output: &mut Output) {
        if payload.len() <= MAX_COPIED {
            self.copy(first, &payload, output)
        } else {
            self.keep(first, payload, output)
        }
    }

    /// Queues a frame without a copy of its payload, if it need not be masked or is not shared.
    fn keep(&mut self, first: FirstByte, payload: Bytes, output: &mut Output) {
        let header = self.header(&first, payload.len());
        let payload = match header.mask {
            None => payload,
            // In place if the payload is not shared, else in a copy.
            Some(key) => match payload.try_into_mut() {
                Ok(mut payload) => {
                    apply_mask(key, 0, &mut payload);
                    payload.freeze()
                }
                Err(shared) => {
                    let mut copy = Block::of(&shared);
                    apply_mask(key, 0, copy.bytes_mut());
                    copy.freeze()
                }
            },
        };
        output.push(header.encode(&mut [0; Header::MAX_LEN]), payload, first.fin);
    }

    /// Queues a frame with a copy of its payload.
    #[inline(always)]
    pub(super) fn copy(&mut self, first: FirstByte, payload: &[u8], output: &mut Output) {
        let header = self.header(&first, payload.len());
        let copy = output.append(header.encode(&mut [0; Header::MAX_LEN]), payload);
        if let Some(key) = header.mask {
            apply_mask(key, 0, copy);
        }
    }

    #[inline]
    fn header(&mut self, first: &FirstByte, len: usize) -> Header {
        let &FirstByte { fin, compressed, opcode } = first;
        let mask = match self {
            // RFC 6455 §5.3: "the client MUST pick a fresh masking key"
            Self::Client(entropy) => Some(entropy.masking_key()),
            // RFC 6455 §5.1: "A server MUST NOT mask any frames that it sends to the client."
            Self::Server => None,
        };
        Header { fin, rsv1: compressed, opcode, mask, payload_len: len as u64 }
    }
}
