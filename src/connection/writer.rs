//! From messages to frames in the output.
//!
//! RFC 6455 §6.1 (sending), §5.3 (masking). A client masks every frame with a new key; a server has no field to hold one.

use bytes::{Bytes, BytesMut};

use super::config::Role;
use super::entropy::Entropy;
use super::output::Output;
use crate::wire::{Header, Opcode, apply_mask};

/// Up to here a payload is copied beside its header: cheaper than one more `iovec`, and many small frames become one write.
const COALESCE: usize = 4 * 1024;

/// What a frame is made of.
pub(super) struct Frame {
    /// Whether it is the last of its message.
    pub(super) fin: bool,
    /// Whether it is the first of a compressed message (RFC 7692 §6).
    pub(super) compressed: bool,
    pub(super) opcode: Opcode,
    pub(super) payload: Bytes,
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
    pub(super) fn control(&mut self, opcode: Opcode, payload: Bytes, output: &mut Output) {
        self.frame(Frame { fin: true, compressed: false, opcode, payload }, output);
    }

    /// Queues a frame.
    pub(super) fn frame(&mut self, frame: Frame, output: &mut Output) {
        let Frame { fin, compressed, opcode, payload } = frame;
        let mask = match self {
            // RFC 6455 §5.3: "the client MUST pick a fresh masking key"
            Self::Client(entropy) => Some(entropy.masking_key()),
            // RFC 6455 §5.1: "A server MUST NOT mask any frames that it sends to the client."
            Self::Server => None,
        };
        let header = Header { fin, rsv1: compressed, opcode, mask, payload_len: payload.len() as u64 };
        output.append(header.encode(&mut [0; Header::MAX_LEN]));
        match mask {
            None if payload.len() <= COALESCE => {
                output.append(&payload);
            }
            Some(key) if payload.len() <= COALESCE => apply_mask(key, 0, output.append(&payload)),
            None => output.push(payload),
            Some(key) => {
                // In place if the payload is ours alone, else in a copy: somebody may still look at it.
                let mut payload = payload.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
                apply_mask(key, 0, &mut payload);
                output.push(payload.freeze());
            }
        }
    }
}
