//! From received bytes to unmasked pieces of payload.
//!
//! RFC 6455 §5.1 (who masks), §5.4 (what may follow what), §10.4 (limits). A header is checked the moment it is whole, and
//! refused before a byte of its payload is looked at. Data leaves in pieces, as soon as any of it is there; a control frame
//! leaves whole.

use super::compression::Compression;
use super::config::{Config, Role};
use super::error::ProtocolError;
use super::inbox::{Inbox, Payload};
use crate::message::Kind;
use crate::wire::{Header, HeaderError, Opcode, apply_mask};

/// What the reader gives: unmasked payload with its place in the conversation.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// A whole control frame.
    Control(Control, Payload<'a>),
    /// Some of a message's content; perhaps none, at the end of a frame.
    Data {
        kind: Kind,
        payload: Payload<'a>,
        /// How much of the message is still to come, in bytes, if that is known: in its last frame.
        to_come: Option<u64>,
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

#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The data frame whose payload is arriving.
    frame: Option<Frame>,
    /// The message that is under way, between its first and its last frame.
    message: Option<Progress>,
    /// Whether compression was agreed on.
    pub(super) may_be_compressed: bool,
}

#[derive(Debug)]
struct Frame {
    kind: Kind,
    fin: bool,
    compressed: bool,
    mask: Option<[u8; 4]>,
    done: u64,
    to_come: u64,
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
    /// The next piece, or `None` until more has been received.
    pub(super) fn next<'a>(
        &mut self,
        inbox: &'a mut Inbox,
        role: Role,
        config: &Config,
    ) -> Result<Option<Piece<'a>>, ProtocolError> {
        if self.frame.is_none() {
            let Some((header, size)) = Header::parse(inbox)? else { return Ok(None) };
            self.check(&header, role)?;
            match header.opcode {
                Opcode::Close => return Ok(control(Control::Close, &header, size, inbox)),
                Opcode::Ping => return Ok(control(Control::Ping, &header, size, inbox)),
                Opcode::Pong => return Ok(control(Control::Pong, &header, size, inbox)),
                Opcode::Text => self.begin(Kind::Text, &header, config)?,
                Opcode::Binary => self.begin(Kind::Binary, &header, config)?,
                Opcode::Continuation => self.go_on(&header, config)?,
            }
            inbox.advance(size);
        }
        Ok(self.piece(inbox))
    }

    /// What a header must be for the side that receives it, and for what was agreed on.
    fn check(&self, header: &Header, role: Role) -> Result<(), ProtocolError> {
        // RFC 6455 §5.2: RSV1 "MUST be 0 unless an extension is negotiated". RFC 7692 §6.1: "MUST NOT set the "Per-Message
        // Compressed" bit of control frames and non-first fragments of a data message"
        if header.rsv1 && !(self.may_be_compressed && matches!(header.opcode, Opcode::Text | Opcode::Binary)) {
            return Err(HeaderError::ReservedBit.into());
        }
        match role {
            // RFC 6455 §5.1: "The server MUST close the connection upon receiving a frame that is not masked."
            Role::Server if header.mask.is_none() => Err(ProtocolError::Unmasked),
            // RFC 6455 §5.1: "A client MUST close a connection if it detects a masked frame."
            Role::Client if header.mask.is_some() => Err(ProtocolError::Masked),
            _ => Ok(()),
        }
    }

    /// The first frame of a message.
    fn begin(&mut self, kind: Kind, header: &Header, config: &Config) -> Result<(), ProtocolError> {
        // RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the fragments of another message"
        if self.message.is_some() {
            return Err(ProtocolError::ExpectedContinuation);
        }
        self.frame(Progress { kind, size: 0, fragments: 0, compressed: header.rsv1 }, header, config)
    }

    /// A further frame of the message under way.
    fn go_on(&mut self, header: &Header, config: &Config) -> Result<(), ProtocolError> {
        // RFC 6455 §5.4: a fragmented message begins with "an opcode other than 0"
        let Some(message) = self.message else { return Err(ProtocolError::UnexpectedContinuation) };
        self.frame(message, header, config)
    }

    /// A data frame, after `before` of its message: refused here if it is over a limit, with nothing of it read yet.
    fn frame(&mut self, before: Progress, header: &Header, config: &Config) -> Result<(), ProtocolError> {
        let len = header.payload_len;
        let limit =
            if before.compressed { Compression::max_compressed(config.max_message_size) } else { config.max_message_size };
        // No limit is above what memory can hold, and no sum of lengths wraps.
        let size = before.size.checked_add(len).filter(|&size| size <= limit.min(isize::MAX as u64));
        let Some(size) = size else { return Err(ProtocolError::MessageTooBig { limit: config.max_message_size }) };
        if len > config.max_frame_size {
            return Err(ProtocolError::FrameTooBig { limit: config.max_frame_size });
        }
        if before.fragments >= config.max_fragments {
            return Err(ProtocolError::TooManyFragments { limit: config.max_fragments });
        }
        self.message = Some(Progress { size, fragments: before.fragments + 1, ..before });
        let Progress { kind, compressed, .. } = before;
        self.frame = Some(Frame { kind, fin: header.fin, compressed, mask: header.mask, done: 0, to_come: len });
        Ok(())
    }

    /// As much of the current frame as is there; an empty frame is a piece too.
    fn piece<'a>(&mut self, inbox: &'a mut Inbox) -> Option<Piece<'a>> {
        let frame = self.frame.as_mut()?;
        // Never more than the inbox holds, so it fits a `usize` of any width.
        let len = frame.to_come.min(inbox.len() as u64);
        if len == 0 && frame.to_come > 0 {
            return None;
        }
        let mut payload = inbox.payload(len as usize);
        if let Some(key) = frame.mask {
            apply_mask(key, frame.done, &mut payload);
        }
        frame.done += len;
        frame.to_come -= len;

        let (kind, compressed) = (frame.kind, frame.compressed);
        let to_come = frame.fin.then_some(frame.to_come);
        let last = to_come == Some(0);
        if frame.to_come == 0 {
            self.frame = None;
        }
        if last {
            self.message = None;
        }
        Some(Piece::Data { kind, payload, to_come, last, compressed })
    }
}

/// A control frame, once all of it is there: its header takes at most 6 bytes and its payload 125, so waiting is cheap.
fn control<'a>(control: Control, header: &Header, size: usize, inbox: &'a mut Inbox) -> Option<Piece<'a>> {
    let len = header.payload_len as usize;
    if inbox.len() < size + len {
        return None;
    }
    inbox.advance(size);
    let mut payload = inbox.payload(len);
    if let Some(key) = header.mask {
        apply_mask(key, 0, &mut payload);
    }
    Some(Piece::Control(control, payload))
}
