//! From received bytes to unmasked pieces of payload.
//!
//! RFC 6455 §5.1 (who masks), §5.4 (what may follow what), §10.4 (limits). A header is checked the
//! moment it is whole, and refused before a byte of its payload is looked at. Data leaves in
//! pieces, as soon as any of it is there; a control frame leaves whole. Pieces are where the bytes
//! were received: nothing is copied here.

use core::mem;

use super::compression::Compression;
use super::config::{Config, Role};
use super::error::ProtocolError;
use crate::message::Kind;
use crate::wire::{Header, HeaderError, Opcode, apply_mask};

/// How the frame of a message begins that is not in fragments, nor compressed: FIN and the opcode
/// (§5.2).
const WHOLE_TEXT: u8 = 0x80 | Opcode::Text.bits();
const WHOLE_BINARY: u8 = 0x80 | Opcode::Binary.bits();

/// What the reader gives: unmasked payload with its place in the conversation.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// A whole control frame.
    Control(Control, &'a [u8]),
    /// Some of a message's content; perhaps none, at the end of a frame.
    Data {
        kind: Kind,
        payload: &'a [u8],
        /// How much of the message is still to come, in bytes, if that is known: in its last frame.
        remaining: Option<u64>,
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
    /// The data frame whose payload is arriving.
    frame: Option<Frame>,
    /// The message that is under way, between two of its frames.
    message: Option<Progress>,
    /// Whether compression was agreed on.
    pub(super) may_be_compressed: bool,
    /// A message in one frame is within all limits if it has fewer bytes than this; 0 if none is to
    /// be given as a whole.
    whole_below: u64,
}

#[derive(Debug)]
struct Frame {
    fin: bool,
    mask: Option<[u8; 4]>,
    /// How far the payload is, modulo 256, which the key's length divides.
    phase: u8,
    remaining: u64,
    /// Its message, up to its end.
    message: Progress,
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    kind: Kind,
    /// The sum of the announced frames, in bytes.
    size: u64,
    fragments: u32,
    compressed: bool,
}

impl Reader {
    pub(super) fn new(config: &Config) -> Self {
        let whole = !config.receive_in_chunks && config.max_fragments > 0;
        let limit = config.max_message_size.min(config.max_frame_size);
        let whole_below = if whole { limit.saturating_add(1) } else { 0 };
        Self { frame: None, message: None, may_be_compressed: false, whole_below }
    }

    /// The next piece, taken off the front of what was received; or `None` until more is.
    pub(super) fn next<'a>(
        &mut self,
        received: &mut &'a mut [u8],
        role: Role,
        config: &Config,
    ) -> Result<Option<Piece<'a>>, ProtocolError> {
        if let Some(frame) = self.frame.take() {
            return Ok(self.piece(frame, received));
        }
        let Some((header, size)) = Header::parse(received)? else { return Ok(None) };
        self.check(&header, role)?;
        let before = match header.opcode {
            Opcode::Text => self.begin(Kind::Text, &header)?,
            Opcode::Binary => self.begin(Kind::Binary, &header)?,
            Opcode::Continuation => self.go_on()?,
            Opcode::Close => return Ok(control(Control::Close, &header, size, received)),
            Opcode::Ping => return Ok(control(Control::Ping, &header, size, received)),
            Opcode::Pong => return Ok(control(Control::Pong, &header, size, received)),
        };
        let message = before.and(&header, config)?;
        take(received, size);
        let frame = Frame {
            fin: header.fin,
            mask: header.mask,
            phase: 0,
            remaining: header.payload_len,
            message,
        };
        Ok(self.piece(frame, received))
    }

    /// A message that is all there, in one frame, and not compressed, as most are: what
    /// [`next`](Self::next) would give in one piece, in a third of the time.
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
        let is_first = self.frame.is_none() && self.message.is_none();
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

    /// Whether a message is all there, in one frame, as far as its header tells.
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
            && self.frame.is_none()
            && self.check(&header, role).is_ok()
            && self.begin(kind, &header).is_ok_and(|message| message.and(&header, config).is_ok())
    }

    /// Bytes of payload that are still to come of the frame under way.
    #[cfg(any(feature = "tokio", feature = "futures-io"))]
    pub(super) fn remaining_payload(&self) -> u64 {
        self.frame.as_ref().map_or(0, |frame| frame.remaining)
    }

    /// What a header must be for the side that receives it, and for what was agreed on.
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

    /// A message, before its first frame.
    fn begin(&self, kind: Kind, header: &Header) -> Result<Progress, ProtocolError> {
        // RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the
        // fragments of another message"
        if self.message.is_some() {
            return Err(ProtocolError::ExpectedContinuation);
        }
        Ok(Progress { kind, size: 0, fragments: 0, compressed: header.rsv1 })
    }

    /// The message under way, before a further frame of it.
    fn go_on(&self) -> Result<Progress, ProtocolError> {
        // RFC 6455 §5.4: a fragmented message begins with "an opcode other than 0"
        self.message.ok_or(ProtocolError::UnexpectedContinuation)
    }

    /// As much of the frame as is there; an empty frame is a piece too.
    fn piece<'a>(&mut self, mut frame: Frame, received: &mut &'a mut [u8]) -> Option<Piece<'a>> {
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

        let Progress { kind, compressed, .. } = frame.message;
        let remaining = frame.fin.then_some(frame.remaining);
        if frame.remaining > 0 {
            self.frame = Some(frame);
        } else {
            self.message = if frame.fin { None } else { Some(frame.message) };
        }
        Some(Piece::Data { kind, payload, remaining, last: remaining == Some(0), compressed })
    }
}

impl Progress {
    /// The message with a further frame: refused here if that is over a limit, with nothing of it
    /// read yet.
    fn and(self, header: &Header, config: &Config) -> Result<Self, ProtocolError> {
        let len = header.payload_len;
        let limit = if self.compressed {
            Compression::max_compressed(config.max_message_size)
        } else {
            config.max_message_size
        };
        // No limit is above what memory can hold, and no sum of lengths wraps.
        let size = self.size.checked_add(len).filter(|&size| size <= limit.min(isize::MAX as u64));
        let Some(size) = size else {
            return Err(ProtocolError::MessageTooBig { limit: config.max_message_size });
        };
        if len > config.max_frame_size {
            return Err(ProtocolError::FrameTooBig { limit: config.max_frame_size });
        }
        if self.fragments >= config.max_fragments {
            return Err(ProtocolError::TooManyFragments { limit: config.max_fragments });
        }
        Ok(Self { size, fragments: self.fragments + 1, ..self })
    }
}

/// A control frame, once all of it is there: its header takes at most 6 bytes and its payload 125,
/// so waiting is cheap.
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

/// Takes `len` bytes off the front.
#[inline]
pub(super) fn take<'a>(received: &mut &'a mut [u8], len: usize) -> &'a mut [u8] {
    let (taken, rest) = mem::take(received).split_at_mut(len);
    *received = rest;
    taken
}
