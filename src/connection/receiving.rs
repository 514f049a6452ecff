//! Receiving: which event each received frame becomes, and which reply it gets.
//!
//! RFC 6455 §5.4 (fragments), §5.5 (control frames), §7.1.7 (failing the connection).

use alloc::boxed::Box;
use core::mem;

use bytes::Bytes;

use super::assembler::{PendingChunk, ROOM};
use super::closing::State;
use super::endpoint::{Connection, PONGS_WHILE_BELOW};
use super::error::ProtocolError;
use super::event::{Event, EventRef};
use super::reader::{self, Control, Piece};
use crate::message::{Chunk, CloseFrame, MessageRef};
use crate::wire::{Header, Opcode};

/// The most bytes that must be received before one of them can be used: those of a control frame.
const LONGEST_WAIT: usize = Header::MAX_LEN + Header::MAX_CONTROL_PAYLOAD;

/// The result of one piece.
enum Received<'a> {
    Message(MessageRef<'a>),
    Chunk(Chunk),
    Ping(Bytes),
    Pong(Bytes),
    Close(Option<CloseFrame>),
    /// A piece of a message that is not complete.
    Incomplete,
    /// No piece: more bytes must be received.
    NeedsInput,
}

impl Connection {
    /// Returns the next event, or `None` until more bytes are received. After `None`, the input
    /// holds no memory but for an incomplete frame.
    ///
    /// Messages that were received before a protocol error are returned before [`Event::Closed`].
    pub fn receive(&mut self) -> Option<Event> {
        if self.pushed_back.is_some() { self.take_pushed_back() } else { self.next_kept() }
    }

    /// As [`receive`](Self::receive), from a buffer of the caller's: the fastest way, if one buffer
    /// serves many connections.
    ///
    /// - Bytes that were appended to [`input`](Self::input) are parsed first.
    /// - Parsed bytes are removed from the front of `received`. When the result is `None`, all
    ///   are; the connection has copied those of an incomplete frame.
    /// - Payloads are unmasked in place. Messages borrow from the buffer, not from the connection,
    ///   so the connection can send a reply. Only fragments are copied, to join them.
    ///
    /// ```
    /// use sansocket::bytes::Buf;
    /// use sansocket::{Config, Connection, EventRef};
    ///
    /// let mut server = Connection::server(Config::new());
    /// // Read from a socket: §5.7: "Hello", masked
    /// let mut buffer = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    /// let mut received = &mut buffer[..];
    /// while let Some(event) = server.receive_from(&mut received) {
    ///     if let EventRef::Message(message) = event {
    ///         server.send_ref(message)?;
    ///     }
    /// }
    /// assert_eq!(server.output().chunk(), b"\x81\x05Hello");
    /// # Ok::<(), sansocket::SendError>(())
    /// ```
    // Most callers match the event at once: if this is inlined, the event is never stored.
    #[inline(always)]
    pub fn receive_from<'a>(&mut self, received: &mut &'a mut [u8]) -> Option<EventRef<'a>> {
        if self.pushed_back.is_some() {
            return self.take_pushed_back().map(EventRef::from);
        }
        self.next_event(received)
    }

    fn take_pushed_back(&mut self) -> Option<Event> {
        let pushed_back = self.pushed_back.as_mut()?;
        let event = pushed_back.pop_front();
        if pushed_back.is_empty() {
            self.pushed_back = None;
        }
        event
    }

    /// The next event that is not a pushed-back one; see [`receive_from`](Self::receive_from).
    #[inline(always)]
    pub(crate) fn next_event<'a>(&mut self, received: &mut &'a mut [u8]) -> Option<EventRef<'a>> {
        if self.inbox.is_empty() {
            if let Some(message) = self.next_whole(received) {
                return Some(EventRef::Message(message));
            }
        }
        self.next_after_kept(received)
    }

    /// Whether `receive` has neither an event to return nor memory to free until more bytes are
    /// received.
    #[inline]
    pub(crate) fn needs_input(&self) -> bool {
        let ends = self.input_ended || self.state() == State::Closed;
        self.inbox.bytes_held() == 0
            && self.pending_chunk.is_none()
            && self.pushed_back.is_none()
            && !ends
    }

    /// Returns the progress of the message that is not complete: a number that changes with every
    /// byte of its payload, but not with empty fragments; `None` between two messages. It is for
    /// [`Timer::message_unfinished`](crate::timing::Timer::message_unfinished).
    #[must_use]
    #[inline]
    pub fn unfinished_message(&self) -> Option<u32> {
        self.reader.unfinished()
    }

    /// The next event, whose frame may begin in the inbox.
    #[inline(never)]
    fn next_after_kept<'a>(&mut self, received: &mut &'a mut [u8]) -> Option<EventRef<'a>> {
        if received.is_empty() && self.needs_input() {
            return None;
        }
        if !self.inbox.is_empty() {
            if self.input_ended {
                // The stream ends behind `received`, not behind the inbox.
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

    /// The next event from the inbox alone.
    fn next_kept(&mut self) -> Option<Event> {
        // Events borrow from the inbox, so it is taken out of the connection meanwhile.
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

    /// The next event from the inbox, to which the missing bytes of a frame that begins there are
    /// copied, and no more.
    fn finish_frame(&mut self, received: &mut &mut [u8]) -> Option<Event> {
        let event = self.next_kept();
        if event.is_some() || self.inbox.is_empty() {
            return event;
        }
        // After a complete header, payload is used wherever it is: so the inbox has part of a
        // header or of a control frame.
        let missing = received.len().min(LONGEST_WAIT);
        self.inbox.keep(&received[..missing]);
        let event = self.next_kept();
        // The bytes behind the frame stay in `received`.
        let behind = if self.inbox.len() <= missing { self.inbox.len() } else { 0 };
        self.inbox.remove_last(behind);
        reader::take(received, missing - behind);
        event
    }

    /// The next event from these bytes.
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
        self.received.message(payload.len());
        MessageRef::checked(kind, payload).map_err(|error| self.fail(error.into())).ok()
    }

    /// The next event from these bytes, which may be any part of a frame, or several frames.
    fn next_piecewise<'a>(&mut self, received: &mut &'a mut [u8]) -> Option<EventRef<'a>> {
        while self.state() != State::Closed {
            match self.next_piece(received) {
                Ok(Received::Message(message)) => return Some(EventRef::Message(message)),
                Ok(Received::Chunk(chunk)) => return Some(EventRef::Other(Event::Chunk(chunk))),
                Ok(Received::Ping(payload)) => {
                    self.answer(&payload);
                    return Some(EventRef::Other(Event::Ping(payload)));
                }
                Ok(Received::Pong(payload)) => return Some(EventRef::Other(Event::Pong(payload))),
                Ok(Received::Close(frame)) => {
                    let reply = self.close_state.peer_closed(frame);
                    self.queue_close(reply);
                }
                Ok(Received::Incomplete) => {}
                Ok(Received::NeedsInput) if self.input_ended => self.close_state.input_ended(),
                Ok(Received::NeedsInput) => return None,
                Err(error) => self.fail(error),
            }
        }
        *received = &mut [];
        self.assembler.clear();
        self.compression.iter_mut().for_each(|compression| compression.release_all_memory());
        self.pending_chunk = None;
        if self.closed_emitted {
            return None;
        }
        self.closed_emitted = true;
        self.closed().cloned().map(|closed| EventRef::Other(Event::Closed(closed)))
    }

    /// Ends the connection now. What was received is discarded: [`Event::Closed`] is next.
    pub(crate) fn abort(&mut self) {
        let emitted = self.closed_emitted;
        self.end_input();
        while self.next_event(&mut &mut [][..]).is_some() {}
        self.closed_emitted = emitted;
    }

    #[cold]
    fn fail(&mut self, error: ProtocolError) {
        let reply = self.close_state.violated(error);
        self.queue_close(reply);
    }

    /// Removes one piece from the front of what was received.
    #[inline]
    fn next_piece<'a>(
        &mut self,
        received: &mut &'a mut [u8],
    ) -> Result<Received<'a>, ProtocolError> {
        if self.pending_chunk.is_some() {
            return self.inflate_chunk();
        }
        let Some(piece) = self.reader.next(received, self.writer.role(), &self.config)? else {
            return Ok(Received::NeedsInput);
        };
        let limit = self.config.message_limit();
        match &piece {
            Piece::Control(..) => self.received.other_frame(),
            Piece::Data { payload, ends_frame, last, .. } => {
                self.received.piece(payload.len(), *ends_frame, *last);
            }
        }
        Ok(match piece {
            Piece::Data { kind, payload, last, compressed: true, .. }
                if self.config.receive_in_chunks =>
            {
                self.pending_chunk = Some(Box::new(PendingChunk::new(kind, payload, last)));
                Received::Incomplete
            }
            Piece::Data { kind, payload, last, compressed: true, .. } => {
                let Some(compression) = &mut self.compression else {
                    return Ok(Received::Incomplete);
                };
                let message = self.assembler.inflate(kind, payload, last, limit, compression)?;
                message.map_or(Received::Incomplete, |message| Received::Message(message.into()))
            }
            Piece::Data { kind, payload, last, .. } if self.config.receive_in_chunks => self
                .assembler
                .pass(kind, payload, last)?
                .map_or(Received::Incomplete, Received::Chunk),
            Piece::Data { kind, payload, remaining, last, .. } => self
                .assembler
                .push(kind, payload, remaining, last)?
                .map_or(Received::Incomplete, Received::Message),
            Piece::Control(Control::Ping, payload) => {
                Received::Ping(Bytes::copy_from_slice(payload))
            }
            Piece::Control(Control::Pong, payload) => {
                Received::Pong(Bytes::copy_from_slice(payload))
            }
            Piece::Control(Control::Close, payload) => Received::Close(CloseFrame::parse(payload)?),
        })
    }

    /// Inflates the next chunk of the pending compressed payload.
    fn inflate_chunk(&mut self) -> Result<Received<'static>, ProtocolError> {
        let (Some(mut pending), Some(compression)) =
            (self.pending_chunk.take(), &mut self.compression)
        else {
            return Ok(Received::Incomplete);
        };
        let (kind, last) = (pending.kind, pending.last);
        let mut room = [0; ROOM];
        let limit = self.config.message_limit();
        if let Some(bytes) = pending.inflate(limit, compression, &mut room)? {
            self.assembler.check(kind, bytes, false)?;
            self.pending_chunk = Some(pending);
            let bytes = Bytes::copy_from_slice(bytes);
            return Ok(Received::Chunk(Chunk { kind, bytes, last: false }));
        }
        if !last {
            return Ok(Received::Incomplete);
        }
        self.assembler.check(kind, &[], true)?;
        Ok(Received::Chunk(Chunk { kind, bytes: Bytes::new(), last: true }))
    }

    /// Answers a ping, unless a Close frame was sent: the peer discards later frames (§1.4).
    fn answer(&mut self, payload: &Bytes) {
        if !self.config.auto_pong || self.state() != State::Open {
            return;
        }
        if self.buffered_amount() < PONGS_WHILE_BELOW {
            self.pending_pong = None;
            self.queue_control(Opcode::Pong, payload);
        } else {
            // RFC 6455 §5.5.3: it may "elect to send a Pong frame for only the most recently
            // processed Ping frame"
            **self.pending_pong.get_or_insert_default() = payload.clone();
        }
    }
}
