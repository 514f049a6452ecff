//! Sending messages, whole and in fragments, and control frames: RFC 6455 §5.4, §5.5, §6.1;
//! compressed if that was negotiated: RFC 7692 §6.1.

use bytes::Bytes;

use super::closing::State;
use super::config::Role;
use super::endpoint::Connection;
use super::error::SendError;
use super::writer::FirstByte;
use crate::message::{CloseFrame, Compress, Kind, MessageRef, Outgoing, Prepared};
use crate::wire::{Header, Opcode};

impl Connection {
    /// Queues a message. A `String` or `&str` is sent as text, anything else as binary.
    ///
    /// # Errors
    ///
    /// [`SendError::NotOpen`] once either peer has begun to close, [`SendError::MessageUnderWay`]
    /// before the last fragment of a fragmented message. The message is dropped.
    pub fn send(&mut self, message: impl Into<Outgoing>) -> Result<(), SendError> {
        self.check_sendable()?;
        self.queue_pending_pong();
        let (message, compress, prepared) = message.into().into_parts();
        if let Some(frame) = prepared.as_ref().and_then(|prepared| self.shared_frame(prepared)) {
            self.queue_shared(message.len(), frame);
            return Ok(());
        }
        let (opcode, payload) = (message.kind().opcode(), message.into_bytes());
        let deflated = self.compression.as_mut().and_then(|compression| match prepared {
            Some(prepared) => compression.deflate_prepared(&prepared),
            None => compression.deflate(&payload, compress),
        });
        let compressed = deflated.is_some();
        let first = FirstByte { fin: true, compressed, opcode };
        self.queue_message(first, deflated.unwrap_or(payload));
        Ok(())
    }

    /// Queues a copy of a message: for a small one, or one that is needed again. It allocates
    /// nothing but room in the output. A message that the connection had to assemble is queued
    /// without a copy.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    #[inline]
    pub fn send_ref<'a>(&mut self, message: impl Into<MessageRef<'a>>) -> Result<(), SendError> {
        match message.into().into_joined() {
            Ok(message) => self.send(message),
            Err(message) => self.send_copy(message.kind().opcode(), message.as_bytes()),
        }
    }

    /// Queues a prepared message, with the frames of [`send`](Self::send).
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), SendError> {
        let Some(frame) = self.shared_frame(prepared) else { return self.send(prepared) };
        self.check_sendable()?;
        self.queue_pending_pong();
        self.queue_shared(prepared.message().len(), frame);
        Ok(())
    }

    /// The frame of a prepared message, if it is what this connection sends.
    #[inline]
    pub(super) fn shared_frame<'a>(&self, prepared: &'a Prepared) -> Option<&'a Bytes> {
        let len = prepared.message().len() as u64;
        let is_sent = self.compression.is_none()
            && self.role() == Role::Server
            && len <= u64::from(self.sent_frame_limit);
        prepared.frame().filter(|_| is_sent)
    }

    #[inline]
    fn queue_shared(&mut self, len: usize, frame: &Bytes) {
        self.count_message(len);
        self.output.append_shared(frame);
    }

    fn send_copy(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        self.check_sendable()?;
        self.queue_pending_pong();
        let deflated = self
            .compression
            .as_mut()
            .and_then(|compression| compression.deflate(payload, Compress::Automatic));
        let first = FirstByte { fin: true, compressed: deflated.is_some(), opcode };
        match deflated {
            Some(deflated) => self.queue_message(first, deflated),
            None if payload.len() as u64 > u64::from(self.sent_frame_limit) => {
                self.queue_message(first, Bytes::copy_from_slice(payload));
            }
            None => {
                self.count_message(payload.len());
                self.writer.copy(first, payload, &mut self.output);
            }
        }
        Ok(())
    }

    /// Queues all of a message.
    #[inline]
    fn queue_message(&mut self, first: FirstByte, payload: Bytes) {
        self.count_message(payload.len());
        self.queue(first, payload);
    }

    #[inline(always)]
    const fn count_message(&mut self, payload: usize) {
        self.sent.message(payload);
        self.output.unwritten.count(true);
    }

    /// Queues a frame, or several if it is larger than one may be.
    #[inline]
    fn queue(&mut self, first: FirstByte, payload: Bytes) {
        if payload.len() as u64 > u64::from(self.sent_frame_limit) {
            self.queue_in_frames(first, payload);
        } else {
            self.writer.frame(first, payload, &mut self.output);
        }
    }

    /// RFC 6455 §5.4: "A fragmented message consists of a single frame with the FIN bit clear and
    /// an opcode other than 0, followed by zero or more frames with the FIN bit clear and the
    /// opcode set to 0, and terminated by a single frame with the FIN bit set and an opcode of 0"
    #[cold]
    fn queue_in_frames(&mut self, mut first: FirstByte, mut payload: Bytes) {
        let fin = core::mem::replace(&mut first.fin, false);
        while payload.len() as u64 > u64::from(self.sent_frame_limit) {
            let fragment = payload.split_to(self.sent_frame_limit as usize);
            self.sent.other_frame();
            self.writer.frame(first, fragment, &mut self.output);
            first = FirstByte { fin: false, compressed: false, opcode: Opcode::Continuation };
        }
        self.writer.frame(FirstByte { fin, ..first }, payload, &mut self.output);
    }

    /// Queues the next fragment of a message, as one frame (§5.4): for a message that does not fit
    /// into memory, or whose end is not known yet. Pings, pongs and a Close frame may be sent
    /// between two fragments; another message may not.
    ///
    /// ```
    /// # use sansocket::{Config, Connection, bytes::Buf};
    /// use sansocket::Kind;
    ///
    /// # let mut server = Connection::server(Config::new());
    /// server.send_fragment(Kind::Text, "Hel", false)?;
    /// server.send_fragment(Kind::Text, "lo", true)?;
    /// assert_eq!(server.output().chunk(), b"\x01\x03Hel\x80\x02lo"); // §5.7
    /// # Ok::<(), sansocket::SendError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Nothing is queued if it fails, with:
    ///
    /// - [`SendError::NotOpen`] once either peer has begun to close;
    /// - [`SendError::MessageUnderWay`] if the kind differs from that of the first fragment;
    /// - [`SendError::InvalidUtf8`] if the text is not UTF-8.
    pub fn send_fragment(
        &mut self,
        kind: Kind,
        payload: impl Into<Bytes>,
        last: bool,
    ) -> Result<(), SendError> {
        self.send_fragment_with(kind, payload, last, Compress::Automatic)
    }

    /// As [`send_fragment`](Self::send_fragment), of a message that is compressed or not: the first
    /// fragment's `compress` counts. [`Compress::Automatic`] decides by the payload of the first
    /// fragment.
    ///
    /// # Errors
    ///
    /// As [`send_fragment`](Self::send_fragment).
    pub fn send_fragment_with(
        &mut self,
        kind: Kind,
        payload: impl Into<Bytes>,
        last: bool,
        compress: Compress,
    ) -> Result<(), SendError> {
        self.check_open()?;
        let payload = payload.into();
        let compress = || {
            self.compression
                .as_ref()
                .is_some_and(|compression| compression.is_wanted(&payload, last, compress))
        };
        let (opcode, compressed) = self.fragmented_send.next(kind, &payload, last, compress)?;
        self.queue_pending_pong();
        let payload = match &mut self.compression {
            Some(compression) if compressed => compression.deflate_fragment(&payload, last),
            _ => payload,
        };
        // RFC 7692 §6.1: "MUST NOT set the "Per-Message Compressed" bit of … non-first fragments"
        let compressed = compressed && opcode != Opcode::Continuation;
        self.sent.piece(payload.len(), true, last);
        self.output.unwritten.count(last);
        self.queue(FirstByte { fin: last, compressed, opcode }, payload);
        Ok(())
    }

    /// Queues a ping, which the peer must answer with a pong of the same payload (§5.5.2).
    ///
    /// # Errors
    ///
    /// [`SendError::ControlTooLong`] above 125 bytes, [`SendError::NotOpen`] once either peer has
    /// begun to close.
    pub fn ping(&mut self, payload: impl AsRef<[u8]>) -> Result<(), SendError> {
        self.control(Opcode::Ping, payload.as_ref())
    }

    /// Queues a pong: the answer to a ping if [`Config::auto_pong`](crate::Config::auto_pong) is
    /// off, or an unsolicited keep-alive (§5.5.3).
    ///
    /// # Errors
    ///
    /// [`SendError::ControlTooLong`] above 125 bytes, [`SendError::NotOpen`] once either peer has
    /// begun to close.
    pub fn pong(&mut self, payload: impl AsRef<[u8]>) -> Result<(), SendError> {
        self.control(Opcode::Pong, payload.as_ref())
    }

    /// Starts the closing handshake (§7.1.2): queues a Close frame behind the output that is queued
    /// already. Takes a [`CloseCode`](crate::CloseCode), a [`CloseFrame`], or `None` for a Close
    /// frame without a code. Does nothing if either peer has begun to close.
    pub fn close(&mut self, frame: impl Into<Option<CloseFrame>>) {
        let reply = self.close_state.close(frame.into());
        self.queue_close(reply);
    }

    fn check_open(&self) -> Result<(), SendError> {
        // RFC 6455 §5.5.1: "The application MUST NOT send any more data frames after sending a
        // Close frame."
        if self.state() == State::Open { Ok(()) } else { Err(SendError::NotOpen) }
    }

    /// Checks that a whole message can be sent now.
    pub(crate) fn check_sendable(&self) -> Result<(), SendError> {
        self.check_open()?;
        if self.fragmented_send.is_under_way() { Err(SendError::MessageUnderWay) } else { Ok(()) }
    }

    fn control(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        if payload.len() > Header::MAX_CONTROL_PAYLOAD {
            return Err(SendError::ControlTooLong { len: payload.len() });
        }
        self.check_open()?;
        self.queue_control(opcode, payload);
        Ok(())
    }
}
