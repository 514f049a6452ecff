//! The frames of one direction, as a proxy passes them on: RFC 6455 §5.2–§5.4.
//!
//! Frames keep their length and their order, so they are changed in place, and a part of a frame is
//! passed on as soon as it is there. Payloads are not looked at.
//!
//! | frames of | arrive | are passed on |
//! |---|---|---|
//! | the client | masked by the client | masked with a key of the proxy |
//! | the server | without a mask | unchanged |
//!
//! A key of the proxy, although the client's would do for the backend: in §5.3, the key "MUST be
//! derived from a strong source of entropy", and "prevent\[s\] authors of malicious applications
//! from selecting the bytes that appear on the wire". A browser's page can't choose its keys, but a
//! client that is no browser chooses its own, and with them every byte that caches and proxies
//! between here and the backend would see (§10.3). A payload is not unmasked for that: it is XORed
//! once, with both keys at a time.

use sansocket::wire::{Header, Opcode, apply_mask};
use sansocket::{CloseFrame, ProtocolError};

use crate::source::Source;

/// The frames that one side sends.
pub struct Frames {
    source: Source,
    max_frame: u64,
    /// The numbers of remaining and of passed bytes of the current frame's payload.
    left: u64,
    passed: u64,
    /// The key that the payload is XORed with.
    key: [u8; 4],
    is_close: bool,
    end: Option<End>,
}

/// Why no further frame is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A Close frame was passed on (§5.5.1).
    Close,
    /// The side violated the protocol. Nothing of that frame was passed on.
    Violation(ProtocolError),
}

impl Frames {
    /// The frames of a client, up to a size in bytes. The seed must come from a strong source.
    pub fn of_client(max_frame: u64, seed: [u8; 32]) -> Self {
        Self::new(Source::client(seed), max_frame)
    }

    /// The frames of a server.
    pub fn of_server(max_frame: u64) -> Self {
        Self::new(Source::Server, max_frame)
    }

    fn new(source: Source, max_frame: u64) -> Self {
        Self { source, max_frame, left: 0, passed: 0, key: [0; 4], is_close: false, end: None }
    }

    /// Converts received bytes in place. Returns how many of them are to be passed on: up to an
    /// incomplete header, which the caller passes again with the bytes that follow, or up to the
    /// [`end`](Self::end).
    pub fn pass(&mut self, bytes: &mut [u8]) -> usize {
        let mut at = 0;
        while self.end.is_none() {
            if self.left == 0 && !self.begin(&mut bytes[at..], &mut at) {
                break;
            }
            let rest = &mut bytes[at..];
            let len = usize::try_from(self.left).unwrap_or(usize::MAX).min(rest.len());
            if let Source::Client(_) = self.source {
                apply_mask(self.key, self.passed, &mut rest[..len]);
            }
            (at, self.left, self.passed) =
                (at + len, self.left - len as u64, self.passed + len as u64);
            if self.left > 0 {
                break;
            }
            if self.is_close {
                self.end = Some(End::Close);
            }
        }
        at
    }

    /// Begins a frame, if its header is complete and valid.
    fn begin(&mut self, bytes: &mut [u8], at: &mut usize) -> bool {
        match Header::parse(bytes).map_err(ProtocolError::Header) {
            Ok(None) => return false,
            Ok(Some((header, size))) => match self.check(header, &mut bytes[..size]) {
                Ok(()) => *at += size,
                Err(error) => self.end = Some(End::Violation(error)),
            },
            Err(error) => self.end = Some(End::Violation(error)),
        }
        self.end.is_none()
    }

    /// Checks a header as far as the proxy depends on it, and changes the masking key.
    fn check(&mut self, header: Header, bytes: &mut [u8]) -> Result<(), ProtocolError> {
        self.source.check(&header, self.max_frame)?;
        if let (Some(old), Some(new)) = (header.mask, self.source.new_key()) {
            if let Some(key) = bytes.last_chunk_mut() {
                *key = new;
            }
            self.key = (u32::from_ne_bytes(old) ^ u32::from_ne_bytes(new)).to_ne_bytes();
        }
        (self.left, self.passed) = (header.payload_len, 0);
        self.is_close = header.opcode == Opcode::Close;
        Ok(())
    }

    /// Why no further frame is passed on.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// The bytes of the current frame that have still to be passed on. Between two frames, zero: a
    /// frame of the proxy may stand there, also inside a message if it is a control frame (§5.4).
    pub fn left(&self) -> u64 {
        self.left
    }

    /// A Close frame of the proxy, in place of a further frame of this side.
    pub fn close_frame(&mut self, frame: &CloseFrame) -> Vec<u8> {
        self.source.close_frame(frame)
    }
}
