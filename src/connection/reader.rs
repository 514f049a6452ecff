//! From received bytes to unmasked pieces of payload.
//!
//! RFC 6455 §5.1 (masking by role), §5.4 (order of frames), §10.4 (limits). A header is checked as
//! soon as it is complete, before its payload is read. The payload of a data frame is returned in
//! pieces, as they are received; a control frame is returned whole. Pieces borrow from the buffer:
//! nothing is copied here.

use core::mem;

use super::compression::Compression;
use super::config::{Config, Role};
use super::error::ProtocolError;
use crate::message::Kind;
use crate::wire::{Header, HeaderError, Opcode, apply_mask};

/// The first byte of a message in one uncompressed frame: FIN and the opcode (§5.2).
const WHOLE_TEXT: u8 = 0x80 | Opcode::Text.bits();
const WHOLE_BINARY: u8 = 0x80 | Opcode::Binary.bits();

/// Unmasked payload.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// A whole control frame.
    Control(Control, &'a [u8]),
    /// Payload of a message; empty for an empty frame.
    Data {
        kind: Kind,
        payload: &'a [u8],
        /// The bytes of the message that are still to come, if that is known: in its last frame.
        remaining: Option<u64>,
        /// Whether its frame ends here.
        ends_frame: bool,
        /// Whether the message ends here.
        last: bool,
        /// Whether the message is compressed.
        compressed: bool,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Control {
    Close,
    Ping,
    Pong,
}

#[derive(Debug)]
pub(super) struct Reader {
    /// The data frame whose payload is incomplete.
    frame: Option<IncomingFrame>,
    /// The message that is incomplete, in one of its frames or between two.
    message: Option<IncomingMessage>,
    /// Changes with every piece of payload, and with every message that begins with another one.
    progress: u32,
    /// Whether compression was negotiated.
    pub(super) may_be_compressed: bool,
    /// A message in one frame is within all limits if it has fewer bytes than this; 0 if messages
    /// are received in chunks.
    whole_below: u64,
}

#[derive(Debug)]
struct IncomingFrame {
    fin: bool,
    mask: Option<[u8; 4]>,
    /// The offset into the payload, modulo 256, which the key's length divides.
    phase: u8,
    remaining: u64,
}

#[derive(Clone, Copy, Debug)]
struct IncomingMessage {
    kind: Kind,
    /// The sum of the payload lengths in the headers, in bytes.
    size: u64,
    fragments: u32,
    compressed: bool,
}

impl Reader {
    pub(super) fn new(config: &Config) -> Self {
        let whole = !config.receive_in_chunks && config.max_fragments > 0;
        let limit = config.message_limit().min(config.max_frame_size);
        let whole_below = if whole { limit.saturating_add(1) } else { 0 };
        Self { frame: None, message: None, progress: 0, may_be_compressed: false, whole_below }
    }

    /// Removes the next piece from the front of `received`; `None` until more is received.
    pub(super) fn next<'a>(
        &mut self,
        received: &mut &'a mut [u8],
        role: Role,
        config: &Config,
    ) -> Result<Option<Piece<'a>>, ProtocolError> {
        if let (Some(frame), Some(message)) = (self.frame.take(), self.message) {
            return Ok(self.piece(frame, message, received));
        }
        let Some((header, size)) = Header::parse(received)? else { return Ok(None) };
        self.check(&header, role)?;
        let before = match header.opcode {
            Opcode::Text => self.begin(Kind::Text, &header)?,
            Opcode::Binary => self.begin(Kind::Binary, &header)?,
            Opcode::Continuation => self.continued()?,
            Opcode::Close => return Ok(control(Control::Close, &header, size, received)),
            Opcode::Ping => return Ok(control(Control::Ping, &header, size, received)),
            Opcode::Pong => return Ok(control(Control::Pong, &header, size, received)),
        };
        let message = before.with_frame(&header, config)?;
        self.progress = self.progress.wrapping_add(u32::from(message.fragments == 1));
        take(received, size);
        let frame = IncomingFrame {
            fin: header.fin,
            mask: header.mask,
            phase: 0,
            remaining: header.payload_len,
        };
        self.message = Some(message);
        Ok(self.piece(frame, message, received))
    }

    /// A complete message in one uncompressed frame, as most are: the same as the piece of
    /// [`next`](Self::next), in a third of the time.
    #[inline(always)]
    pub(super) fn whole_message<'a>(
        &self,
        received: &mut &'a mut [u8],
        role: Role,
    ) -> Option<(Kind, &'a mut [u8])> {
        let kind = match **received {
            [WHOLE_TEXT, ..] => Kind::Text,
            [WHOLE_BINARY, ..] => Kind::Binary,
            _ => return None,
        };
        let (header, size) = Header::parse(received).ok().flatten()?;
        let is_there =
            received.get(size..).is_some_and(|behind| behind.len() as u64 >= header.payload_len);
        let is_first = self.message.is_none();
        if header.payload_len >= self.whole_below
            || !is_there
            || !is_first
            || self.check(&header, role).is_err()
        {
            return None;
        }
        take(received, size);
        let payload = take(received, header.payload_len as usize);
        if let Some(key) = header.mask {
            apply_mask(key, 0, payload);
        }
        Some((kind, payload))
    }

    /// Whether the bytes begin with a complete message in one frame with a valid header.
    #[cfg(feature = "std")]
    pub(super) fn has_whole_message(&self, received: &[u8], role: Role, config: &Config) -> bool {
        let Ok(Some((header, size))) = Header::parse(received) else { return false };
        let kind = match header.opcode {
            Opcode::Text => Kind::Text,
            Opcode::Binary => Kind::Binary,
            _ => return false,
        };
        let is_there = (received.len() - size) as u64 >= header.payload_len;
        is_there
            && header.fin
            && self.check(&header, role).is_ok()
            && self
                .begin(kind, &header)
                .is_ok_and(|message| message.with_frame(&header, config).is_ok())
    }

    /// Whether the bytes begin with those of a Close frame.
    #[cfg(feature = "std")]
    pub(super) fn next_is_close(&self, received: &[u8]) -> bool {
        const FIN_AND_CLOSE: u8 = 0x88;
        self.frame.is_none() && received.first() == Some(&FIN_AND_CLOSE)
    }

    /// The progress of the message that is not complete.
    #[inline]
    pub(super) fn unfinished(&self) -> Option<u32> {
        self.message.map(|_| self.progress)
    }

    /// The bytes of payload of the current frame that are still to be received.
    #[cfg(any(feature = "tokio", feature = "futures-io"))]
    #[inline]
    pub(super) fn remaining_payload(&self) -> u64 {
        self.frame.as_ref().map_or(0, |frame| frame.remaining)
    }

    /// Checks a header for the receiver's role and the negotiated extension.
    #[inline(always)]
    fn check(&self, header: &Header, role: Role) -> Result<(), ProtocolError> {
        // RFC 6455 §5.2: RSV1 "MUST be 0 unless an extension is negotiated". RFC 7692 §6.1: "MUST
        // NOT set the "Per-Message Compressed" bit of control frames and non-first fragments of a
        // data message"
        if header.rsv1
            && !(self.may_be_compressed && matches!(header.opcode, Opcode::Text | Opcode::Binary))
        {
            return Err(HeaderError::ReservedBit.into());
        }
        match role {
            // RFC 6455 §5.1: "The server MUST close the connection upon receiving a frame that is
            // not masked."
            Role::Server if header.mask.is_none() => Err(ProtocolError::Unmasked),
            // RFC 6455 §5.1: "A client MUST close a connection if it detects a masked frame."
            Role::Client if header.mask.is_some() => Err(ProtocolError::Masked),
            _ => Ok(()),
        }
    }

    /// The new message of a first frame.
    fn begin(&self, kind: Kind, header: &Header) -> Result<IncomingMessage, ProtocolError> {
        // RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the
        // fragments of another message"
        if self.message.is_some() {
            return Err(ProtocolError::ExpectedContinuation);
        }
        Ok(IncomingMessage { kind, size: 0, fragments: 0, compressed: header.rsv1 })
    }

    /// The message of a continuation frame.
    fn continued(&self) -> Result<IncomingMessage, ProtocolError> {
        // RFC 6455 §5.4: a fragmented message begins with "an opcode other than 0"
        self.message.ok_or(ProtocolError::UnexpectedContinuation)
    }

    /// The received part of the frame; an empty frame is one piece.
    fn piece<'a>(
        &mut self,
        mut frame: IncomingFrame,
        message: IncomingMessage,
        received: &mut &'a mut [u8],
    ) -> Option<Piece<'a>> {
        // Never more than was received, so it fits a `usize` of any width.
        let len = frame.remaining.min(received.len() as u64);
        if len == 0 && frame.remaining > 0 {
            self.frame = Some(frame);
            return None;
        }
        let payload = take(received, len as usize);
        if let Some(key) = frame.mask {
            apply_mask(key, frame.phase.into(), payload);
        }
        frame.phase = frame.phase.wrapping_add(len as u8);
        frame.remaining -= len;
        // An empty fragment is no progress: a peer could send them without end.
        self.progress = self.progress.wrapping_add(u32::from(len > 0));

        let IncomingMessage { kind, compressed, .. } = message;
        let remaining = frame.fin.then_some(frame.remaining);
        let (ends_frame, last) = (frame.remaining == 0, remaining == Some(0));
        self.message = if last { None } else { Some(message) };
        if !ends_frame {
            self.frame = Some(frame);
        }
        Some(Piece::Data { kind, payload, remaining, ends_frame, last, compressed })
    }
}

impl IncomingMessage {
    /// The message with one more frame, or an error if that is over a limit.
    fn with_frame(self, header: &Header, config: &Config) -> Result<Self, ProtocolError> {
        let len = header.payload_len;
        let limit = config.message_limit();
        // The compressed size may be larger than memory can be.
        let most = if self.compressed { Compression::max_compressed(limit) } else { limit };
        let size = self.size.checked_add(len).filter(|&size| size <= most.min(i64::MAX as u64));
        let Some(size) = size else { return Err(ProtocolError::MessageTooBig { limit }) };
        if len > config.max_frame_size {
            return Err(ProtocolError::FrameTooBig { limit: config.max_frame_size });
        }
        if self.fragments >= config.max_fragments {
            return Err(ProtocolError::TooManyFragments { limit: config.max_fragments });
        }
        Ok(Self { size, fragments: self.fragments + 1, ..self })
    }
}

/// A control frame, once it is complete: at most 6 bytes of header and 125 of payload.
fn control<'a>(
    control: Control,
    header: &Header,
    size: usize,
    received: &mut &'a mut [u8],
) -> Option<Piece<'a>> {
    let len = header.payload_len as usize;
    if received.len() < size + len {
        return None;
    }
    take(received, size);
    let payload = take(received, len);
    if let Some(key) = header.mask {
        apply_mask(key, 0, payload);
    }
    Some(Piece::Control(control, payload))
}

/// Removes `len` bytes from the front.
#[inline]
pub(super) fn take<'a>(received: &mut &'a mut [u8], len: usize) -> &'a mut [u8] {
    let (taken, rest) = mem::take(received).split_at_mut(len);
    *received = rest;
    taken
}
