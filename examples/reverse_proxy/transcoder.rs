//! The messages of one direction, where the two sides have agreed on different compression: each is
//! decompressed, and compressed anew (RFC 7692 §6).
//!
//! A message passes in chunks of 16 KiB, so it takes the same memory however long it is. Control
//! frames pass between chunks, in their place. A message leaves in its own fragments and one more
//! for each chunk: RFC 6455 §5.4 allows an intermediary to change them, since it knows the
//! extension.
//!
//! | limit | where | beyond it |
//! |---|---|---|
//! | `max_frame` | a received frame | 1009 |
//! | `max_inflated` | a message that was received compressed, inflated | 1009 |
//! | 64 KiB, and a chunk | bytes that wait to be written | nothing more is made meanwhile |

use bytes::BytesMut;
use sansocket::ProtocolError;
use sansocket::deflate::{Compressor, Decompressor, InflateError};
use sansocket::wire::{Header, HeaderError, Opcode, apply_mask};

use crate::frames::End;
use crate::source::Source;

/// The most of a message that is in memory, in bytes.
const CHUNK: usize = 16 * 1024;

/// The size from which no further bytes are made before these are written.
const FULL: usize = 64 * 1024;

/// The limits of one direction, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub max_frame: u64,
    pub max_inflated: u64,
}

/// The messages that one side sends.
pub struct Transcoder {
    pub source: Source,
    limits: Limits,
    /// The compression that the sender of the messages has agreed on.
    inflater: Option<Decompressor>,
    /// The compression that their receiver has agreed on.
    deflater: Option<Compressor>,
    message: Option<Message>,
    frame: Option<Frame>,
    /// The current chunk.
    chunk: Vec<u8>,
    is_full: bool,
    end: Option<End>,
}

/// A message that is under way.
struct Message {
    /// The opcode of the next frame.
    opcode: Opcode,
    is_compressed: bool,
    /// Whether the receiver gets it compressed; `None` before its first frame.
    compresses: Option<bool>,
}

/// The data frame whose payload follows.
struct Frame {
    fin: bool,
    mask: Option<[u8; 4]>,
    left: u64,
    passed: u64,
}

impl Transcoder {
    pub fn new(
        source: Source,
        limits: Limits,
        inflater: Option<Decompressor>,
        deflater: Option<Compressor>,
    ) -> Self {
        let (message, frame, chunk) = (None, None, Vec::new());
        let (is_full, end) = (false, None);
        Self { source, limits, inflater, deflater, message, frame, chunk, is_full, end }
    }

    /// Makes frames of received bytes. Returns how many bytes were taken; the others have to be
    /// there again in the next call, with those that follow.
    pub fn pass(&mut self, bytes: &mut [u8], out: &mut Vec<u8>) -> usize {
        let mut at = 0;
        self.is_full = false;
        while self.end.is_none() && !self.is_full {
            let passed = match self.frame.take() {
                Some(frame) => self.pass_payload(frame, &mut bytes[at..], out),
                None => self.begin(&bytes[at..], out),
            };
            match passed {
                Ok(Some(count)) => at += count,
                Ok(None) => break,
                Err(error) => self.end = Some(End::Violation(error)),
            }
        }
        at
    }

    /// Begins a data frame, or passes a control frame. `None` if it is not complete.
    fn begin(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>, ProtocolError> {
        let Some((header, size)) = Header::parse(bytes)? else { return Ok(None) };
        self.source.check(&header, self.limits.max_frame)?;
        // RFC 7692 §6.1: "An endpoint MUST NOT set the "Per-Message Compressed" bit of control
        // frames and non-first fragments of a data message."
        let may_compress = matches!(header.opcode, Opcode::Text | Opcode::Binary);
        if header.rsv1 && !(may_compress && self.inflater.is_some()) {
            return Err(HeaderError::ReservedBit.into());
        }
        if header.opcode.is_control() {
            let end = size + header.payload_len as usize;
            let Some(payload) = bytes.get(size..end) else { return Ok(None) };
            let mut payload = payload.to_vec();
            header.mask.into_iter().for_each(|key| apply_mask(key, 0, &mut payload));
            self.source.append((true, false, header.opcode), &payload, out);
            if header.opcode == Opcode::Close {
                self.end = Some(End::Close);
            }
            return Ok(Some(end));
        }
        match (header.opcode, &self.message) {
            (Opcode::Continuation, None) => return Err(ProtocolError::UnexpectedContinuation),
            (Opcode::Continuation, Some(_)) => {}
            (_, Some(_)) => return Err(ProtocolError::ExpectedContinuation),
            (opcode, None) => {
                let (is_compressed, compresses) = (header.rsv1, None);
                self.message = Some(Message { opcode, is_compressed, compresses });
            }
        }
        let Header { fin, mask, payload_len: left, .. } = header;
        self.frame = Some(Frame { fin, mask, left, passed: 0 });
        Ok(Some(size))
    }

    /// Passes on the received part of a payload. `None` if more of it has to arrive.
    fn pass_payload(
        &mut self,
        mut frame: Frame,
        bytes: &mut [u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<usize>, ProtocolError> {
        let len = usize::try_from(frame.left).unwrap_or(usize::MAX).min(bytes.len());
        let payload = &mut bytes[..len];
        let unmask = |from: u64, payload: &mut [u8]| {
            frame.mask.into_iter().for_each(|key| apply_mask(key, from, payload));
        };
        unmask(frame.passed, payload);
        let is_last = frame.fin && len as u64 == frame.left;
        let mut rest = &*payload;
        let is_over = loop {
            let is_over = self.fill_chunk(&mut rest, is_last)?;
            if is_over {
                break true;
            }
            self.append_chunk(false, out);
            if out.len() >= FULL {
                self.is_full = true;
                break false;
            }
        };
        let count = len - rest.len();
        frame.passed += count as u64;
        frame.left -= count as u64;
        // Bytes that were not taken are received again.
        unmask(frame.passed, &mut payload[count..]);
        let waits = frame.left > 0;
        match (is_over, waits, frame.fin) {
            (true, false, true) => {
                self.append_chunk(true, out);
                self.message = None;
            }
            // The end of a fragment ends the chunk, so that no byte of it waits.
            (true, false, false) if !self.chunk.is_empty() => self.append_chunk(false, out),
            (true, false, false) => {}
            _ => self.frame = Some(frame),
        }
        self.is_full |= out.len() >= FULL;
        Ok((!(is_over && waits) || count > 0).then_some(count))
    }

    /// Adds bytes to the chunk. Returns whether all of them were taken; if not, the chunk is full.
    fn fill_chunk(&mut self, bytes: &mut &[u8], is_last: bool) -> Result<bool, ProtocolError> {
        let is_compressed = self.message.as_ref().is_some_and(|message| message.is_compressed);
        let Some(inflater) = self.inflater.as_mut().filter(|_| is_compressed) else {
            let count = bytes.len().min(CHUNK - self.chunk.len());
            let (taken, rest) = bytes.split_at(count);
            self.chunk.extend_from_slice(taken);
            *bytes = rest;
            return Ok(rest.is_empty());
        };
        let limit = self.limits.max_inflated;
        loop {
            let at = self.chunk.len();
            if at == CHUNK {
                return Ok(false);
            }
            self.chunk.resize(CHUNK, 0);
            let inflated = inflater.inflate(bytes, is_last, limit, &mut self.chunk[at..]);
            let inflated =
                inflated.map(|bytes| bytes.map(<[u8]>::len)).map_err(|error| match error {
                    InflateError::TooBig => ProtocolError::MessageTooBig { limit },
                    _ => ProtocolError::InvalidDeflate,
                })?;
            self.chunk.truncate(at + inflated.unwrap_or(0));
            if inflated.is_none() {
                return Ok(true);
            }
        }
    }

    /// Appends a frame with the chunk.
    fn append_chunk(&mut self, fin: bool, out: &mut Vec<u8>) {
        let Some(message) = &mut self.message else { return };
        let is_first = message.compresses.is_none();
        let deflater = self.deflater.as_mut();
        let deflater = deflater.filter(|deflater| match message.compresses {
            None => deflater.is_worth_it(&self.chunk, fin),
            Some(compresses) => compresses,
        });
        message.compresses = Some(deflater.is_some());
        let opcode = std::mem::replace(&mut message.opcode, Opcode::Continuation);
        match deflater {
            Some(deflater) => {
                let mut compressed = BytesMut::new();
                deflater.compress(&self.chunk, fin, &mut compressed);
                self.source.append((fin, is_first, opcode), &compressed, out);
            }
            None => self.source.append((fin, false, opcode), &self.chunk, out),
        }
        self.chunk.clear();
        if fin {
            // Between two messages it has no buffer.
            self.chunk = Vec::new();
        }
    }

    /// Whether bytes can be made without further ones: those that were not taken, or the output of
    /// the decompressor.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Why no further frame is passed on.
    pub fn end(&self) -> Option<End> {
        self.end
    }
}
