//! The side that sends frames: its rules of masking (RFC 6455 §5.1), and frames in its place.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sansocket::wire::{Header, Opcode, apply_mask};
use sansocket::{CloseFrame, ProtocolError};

/// The side that sends the frames of a direction.
pub enum Source {
    /// A client, whose frames get new masking keys from this generator.
    Client(Box<StdRng>),
    Server,
}

impl Source {
    /// The seed of the masking keys must come from a strong source.
    pub fn client(seed: [u8; 32]) -> Self {
        Self::Client(Box::new(StdRng::from_seed(seed)))
    }

    /// Checks that a frame is masked or not, as the role demands, and is not too long.
    pub fn check(&self, header: &Header, max_frame: u64) -> Result<(), ProtocolError> {
        match (self, header.mask) {
            // RFC 6455 §5.1: "The server MUST close the connection upon receiving a frame that is
            // not masked."
            (Self::Client(_), None) => Err(ProtocolError::Unmasked),
            // RFC 6455 §5.1: "A client MUST close a connection if it detects a masked frame."
            (Self::Server, Some(_)) => Err(ProtocolError::Masked),
            _ if header.payload_len > max_frame => {
                Err(ProtocolError::FrameTooBig { limit: max_frame })
            }
            _ => Ok(()),
        }
    }

    /// A masking key for the next frame; none for a server's.
    pub fn new_key(&mut self) -> Option<[u8; 4]> {
        match self {
            Self::Client(keys) => Some(keys.next_u32().to_ne_bytes()),
            Self::Server => None,
        }
    }

    /// Appends a frame of the proxy, in place of one of this side. The payload is not masked yet.
    pub fn append(
        &mut self,
        (fin, rsv1, opcode): (bool, bool, Opcode),
        payload: &[u8],
        out: &mut Vec<u8>,
    ) {
        let mask = self.new_key();
        let header = Header { fin, rsv1, opcode, mask, payload_len: payload.len() as u64 };
        out.extend_from_slice(header.encode(&mut [0; Header::MAX_LEN]));
        let at = out.len();
        out.extend_from_slice(payload);
        if let Some(key) = mask {
            apply_mask(key, 0, &mut out[at..]);
        }
    }

    /// A Close frame of the proxy, in place of a further frame of this side.
    pub fn close_frame(&mut self, frame: &CloseFrame) -> Vec<u8> {
        let payload = [&frame.code().get().to_be_bytes(), frame.reason().as_bytes()].concat();
        let mut bytes = Vec::new();
        self.append((true, false, Opcode::Close), &payload, &mut bytes);
        bytes
    }
}
