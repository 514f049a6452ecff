//! The policy between the four ends: what each piece that comes in leads to.
//!
//! RFC 6455 §5.4 (fragments), §5.5 (control frames), §7.1.7 (failing the connection).

use alloc::boxed::Box;
use core::mem;

use bytes::{Buf, Bytes};

use super::assembler::ROOM;
use super::closing::{CloseReply, State};
use super::error::{ProtocolError, SendError};
use super::event::{Event, EventRef};
use super::reader::{self, Control, Piece};
use super::{Connection, PONGS_WHILE_BELOW};
use crate::message::{Chunk, CloseFrame, Kind, MessageRef};
use crate::wire::{Header, Opcode};

/// The most bytes that are waited for before any of them is used: a control frame.
const LONGEST_WAIT: usize = Header::MAX_LEN + Header::MAX_CONTROL_PAYLOAD;

/// A piece of a compressed message that is given in parts, and not used up.
pub(super) struct Inflating {
    kind: Kind,
    rest: Bytes,
    /// Bytes of the block that it lies in, which is held until it is used up.
    held: usize,
    /// Whether the message ends with it.
    last: bool,
}

impl Inflating {
    /// Heap bytes held.
    pub(super) const fn held(&self) -> usize {
        size_of::<Self>() + self.held
    }
}

/// What one piece comes to.
enum Step<'a> {
    Message(MessageRef<'a>),
    Chunk(Chunk),
    Ping(Bytes),
    Pong(Bytes),
    Close(Option<CloseFrame>),
    /// Part of a message.
    Progress,
    /// Nothing, until more is received.
    Starved,
}

impl Connection {
    /// The next event that was not put back, as [`receive_from`](Self::receive_from) gives it.
    #[inline(always)]
    pub(crate) fn next_event<'a>(&mut self, received: &mut &'a mut [u8]) -> Option<EventRef<'a>> {
        if self.inbox.is_empty() {
            if let Some(message) = self.next_whole(received) {
                return Some(EventRef::Message(message));
            }
        }
        self.next_after_kept(received)
    }

    /// Whether there is nothing to be had, nor to be given back, until more is received.
    #[inline]
    pub(crate) fn needs_input(&self) -> bool {
        let ends = self.input_ended || self.state() == State::Closed;
        self.inbox.held() == 0 && self.inflating.is_none() && self.pushed_back.is_none() && !ends
    }

    /// The next event, which may begin in the inbox.
    #[inline(never)]
    fn next_after_kept<'a>(&mut self, received: &mut &'a mut [u8]) -> Option<EventRef<'a>> {
        if received.is_empty() && self.needs_input() {
            return None;
        }
        if !self.inbox.is_empty() {
            if self.input_ended {
                // What is in the inbox does not end there: only these are the last.
                self.inbox.keep(&*mem::take(received));
            }
            if let Some(event) = self.finish_frame(received) {
                return Some(event.into());
            }
        }
        if let Some(event) = self.next_from(received) {
            return Some(event);
        }
        self.inbox.keep(received);
        self.inbox.release_memory();
        *received = &mut [];
        None
    }

    /// The next event that is in the inbox.
    pub(crate) fn next_kept(&mut self) -> Option<Event> {
        // Out of the connection while it is worked on, since what is found there is in_flight.
        let mut inbox = mem::take(&mut self.inbox);
        let mut received = inbox.bytes();
        let event = self.next_from(&mut received).map(Event::from);
        let rest = received.len();
        inbox.advance(inbox.len() - rest);
        if event.is_none() {
            inbox.release_memory();
        }
        self.inbox = inbox;
        event
    }

    /// The next event that is in the inbox, which gets what is missing of a frame that begins
    /// there, and no more.
    fn finish_frame(&mut self, received: &mut &mut [u8]) -> Option<Event> {
        let event = self.next_kept();
        if event.is_some() || self.inbox.is_empty() {
            return event;
        }
        // Once the header is whole, payload is taken wherever it is: so it is a header that is
        // missing, or a control frame.
        let missing = received.len().min(LONGEST_WAIT);
        self.inbox.keep(&received[..missing]);
        let event = self.next_kept();
        // What is behind the frame is left where it is.
        let behind = if self.inbox.len() <= missing { self.inbox.len() } else { 0 };
        self.inbox.forget_last(behind);
        reader::take(received, missing - behind);
        event
    }

    /// The next event, out of these bytes.
    fn next_from<'a>(&mut self, received: &mut &'a mut [u8]) -> Option<EventRef<'a>> {
        match self.next_whole(received) {
            Some(message) => Some(EventRef::Message(message)),
            None => self.next_piecewise(received),
        }
    }

    /// The message that these bytes begin with, if all of it is there in one frame.
    #[inline(always)]
    fn next_whole<'a>(&mut self, received: &mut &'a mut [u8]) -> Option<MessageRef<'a>> {
        if self.state() == State::Closed {
            return None;
        }
        let (kind, payload) = self.reader.whole_message(received, self.writer.role())?;
        MessageRef::checked(kind, payload).map_err(|error| self.fail(error.into())).ok()
    }

    /// The next event, out of these bytes, in however many pieces they came.
    fn next_piecewise<'a>(&mut self, received: &mut &'a mut [u8]) -> Option<EventRef<'a>> {
        while self.state() != State::Closed {
            match self.step(received) {
                Ok(Step::Message(message)) => return Some(EventRef::Message(message)),
                Ok(Step::Chunk(part)) => return Some(EventRef::Other(Event::Chunk(part))),
                Ok(Step::Ping(payload)) => {
                    self.answer(&payload);
                    return Some(EventRef::Other(Event::Ping(payload)));
                }
                Ok(Step::Pong(payload)) => return Some(EventRef::Other(Event::Pong(payload))),
                Ok(Step::Close(frame)) => {
                    let reply = self.close_state.peer_closed(frame);
                    self.queue_close(reply);
                }
                Ok(Step::Progress) => {}
                Ok(Step::Starved) if self.input_ended => self.close_state.input_ended(),
                Ok(Step::Starved) => return None,
                Err(error) => self.fail(error),
            }
        }
        *received = &mut [];
        self.assembler.clear();
        (self.compression, self.inflating) = (None, None);
        if self.closed_emitted {
            return None;
        }
        self.closed_emitted = true;
        self.closed().cloned().map(|closed| EventRef::Other(Event::Closed(closed)))
    }

    #[cold]
    fn fail(&mut self, error: ProtocolError) {
        let reply = self.close_state.violated(error);
        self.queue_close(reply);
    }

    /// Takes one piece off what was received.
    #[inline]
    fn step<'a>(&mut self, received: &mut &'a mut [u8]) -> Result<Step<'a>, ProtocolError> {
        if self.inflating.is_some() {
            return self.inflate_part();
        }
        let Some(piece) = self.reader.next(received, self.writer.role(), &self.config)? else {
            return Ok(Step::Starved);
        };
        let limit = self.config.max_message_size;
        Ok(match piece {
            Piece::Data { kind, payload, last, compressed: true, .. }
                if self.config.receive_in_chunks =>
            {
                self.inflating = Some(Box::new(Inflating {
                    kind,
                    rest: Bytes::copy_from_slice(payload),
                    held: payload.len(),
                    last,
                }));
                Step::Progress
            }
            Piece::Data { kind, payload, last, compressed: true, .. } => {
                let Some(compression) = &mut self.compression else { return Ok(Step::Progress) };
                let message = self.assembler.inflate(kind, payload, last, limit, compression)?;
                message.map_or(Step::Progress, |message| Step::Message(message.into()))
            }
            Piece::Data { kind, payload, last, .. } if self.config.receive_in_chunks => {
                self.assembler.pass(kind, payload, last)?.map_or(Step::Progress, Step::Chunk)
            }
            Piece::Data { kind, payload, remaining, last, compressed: false } => self
                .assembler
                .push(kind, payload, remaining, last)?
                .map_or(Step::Progress, Step::Message),
            Piece::Control(Control::Ping, payload) => Step::Ping(Bytes::copy_from_slice(payload)),
            Piece::Control(Control::Pong, payload) => Step::Pong(Bytes::copy_from_slice(payload)),
            Piece::Control(Control::Close, payload) => Step::Close(CloseFrame::parse(payload)?),
        })
    }

    /// Gives the next part of a compressed piece.
    fn inflate_part(&mut self) -> Result<Step<'static>, ProtocolError> {
        let (Some(mut inflating), Some(compression)) =
            (self.inflating.take(), &mut self.compression)
        else {
            return Ok(Step::Progress);
        };
        let Inflating { kind, ref mut rest, last, .. } = *inflating;
        let (mut piece, mut room) = (&rest[..], [0; ROOM]);
        let inflated =
            compression.inflate(&mut piece, last, self.config.max_message_size, &mut room)?;
        let used = rest.len() - piece.len();
        rest.advance(used);
        if let Some(bytes) = inflated {
            self.assembler.check(kind, bytes, false)?;
            self.inflating = Some(inflating);
            return Ok(Step::Chunk(Chunk {
                kind,
                bytes: Bytes::copy_from_slice(bytes),
                last: false,
            }));
        }
        if !last {
            return Ok(Step::Progress);
        }
        self.assembler.check(kind, &[], true)?;
        Ok(Step::Chunk(Chunk { kind, bytes: Bytes::new(), last: true }))
    }

    pub(super) fn check_open(&self) -> Result<(), SendError> {
        // RFC 6455 §5.5.1: "The application MUST NOT send any more data frames after sending a
        // Close frame."
        if self.state() == State::Open { Ok(()) } else { Err(SendError::NotOpen) }
    }

    /// Whether a message can be sent now.
    pub(crate) fn check_sendable(&self) -> Result<(), SendError> {
        self.check_open()?;
        if self.sending.is_under_way() { Err(SendError::MessageUnderWay) } else { Ok(()) }
    }

    pub(super) fn control(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        if payload.len() > Header::MAX_CONTROL_PAYLOAD {
            return Err(SendError::ControlTooLong { len: payload.len() });
        }
        self.check_open()?;
        self.writer.control(opcode, payload, &mut self.output);
        Ok(())
    }

    /// Answers a ping; not once we have sent a Close, since the peer throws away what comes after
    /// that (§1.4).
    fn answer(&mut self, payload: &Bytes) {
        if !self.config.auto_pong || self.state() != State::Open {
            return;
        }
        if self.buffered_amount() < PONGS_WHILE_BELOW {
            self.pending_pong = None;
            self.writer.control(Opcode::Pong, payload, &mut self.output);
        } else {
            // RFC 6455 §5.5.3: it may "elect to send a Pong frame for only the most recently
            // processed Ping frame"
            **self.pending_pong.get_or_insert_default() = payload.clone();
        }
    }

    /// Queues the pong that waits. It goes before whatever the application sends: who always has
    /// more to send never has little that waits.
    #[inline]
    pub(super) fn queue_pending_pong(&mut self) {
        if let Some(payload) = self.pending_pong.take() {
            self.writer.control(Opcode::Pong, &payload, &mut self.output);
        }
    }

    /// Queues the Close that the table wants sent. It is the last frame that leaves: a pong that
    /// waited is not sent any more.
    pub(super) fn queue_close(&mut self, reply: Option<CloseReply>) {
        let Some(frame) = reply else { return };
        self.pending_pong = None;
        self.release_memory();
        let payload = frame.map(|frame| frame.encode()).unwrap_or_default();
        self.writer.control(Opcode::Close, &payload, &mut self.output);
    }
}
