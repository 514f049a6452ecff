//! Sending messages, whole and in parts: RFC 6455 §5.4, §6.1, §8.1; compressed if that was agreed
//! on: RFC 7692 §6.1.

use bytes::Bytes;

use super::Connection;
use super::error::SendError;
use super::writer::Frame;
use crate::message::{Compress, Kind, MessageRef, Outgoing};
use crate::wire::{Opcode, Utf8Validator};

impl Connection {
    /// Queues a message. Text is what is given as a `String` or `&str`, anything else is binary.
    ///
    /// # Errors
    ///
    /// [`SendError::NotOpen`] once either side has begun to close; the message is dropped.
    pub fn send(&mut self, message: impl Into<Outgoing>) -> Result<(), SendError> {
        self.check_sendable()?;
        self.queue_pending_pong();
        let Outgoing { message, compress } = message.into();
        let (opcode, payload) = (message.kind().opcode(), message.into_bytes());
        let deflated = self
            .compression
            .as_mut()
            .and_then(|compression| compression.deflate(&payload, compress));
        let compressed = deflated.is_some();
        self.writer.frame(
            Frame { fin: true, compressed, opcode },
            deflated.unwrap_or(payload),
            &mut self.output,
        );
        Ok(())
    }

    /// Queues a copy of a message: for one that is small, or that others need too. It takes no
    /// memory but the output's. What was joined already is queued as it is.
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

    /// Queues a copy of a message.
    fn send_copy(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        self.check_sendable()?;
        self.queue_pending_pong();
        let deflated = self
            .compression
            .as_mut()
            .and_then(|compression| compression.deflate(payload, Compress::Automatic));
        match deflated {
            None => self.writer.copy(
                Frame { fin: true, compressed: false, opcode },
                payload,
                &mut self.output,
            ),
            Some(deflated) => self.writer.frame(
                Frame { fin: true, compressed: true, opcode },
                deflated,
                &mut self.output,
            ),
        }
        Ok(())
    }

    /// Queues the next part of a message, as a frame of its own (§5.4): for messages that are
    /// larger than memory should be, or not known to their end. Pings, pongs and a Close may go in
    /// between; another message may not.
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
    /// [`SendError::NotOpen`] once either side has begun to close, [`SendError::MessageUnderWay`]
    /// if the kind is not that of the message under way, [`SendError::InvalidUtf8`] if a text is
    /// none. Nothing was queued then.
    pub fn send_fragment(
        &mut self,
        kind: Kind,
        part: impl Into<Bytes>,
        last: bool,
    ) -> Result<(), SendError> {
        self.send_fragment_with(kind, part, last, Compress::Automatic)
    }

    /// As [`send_fragment`](Self::send_fragment), of a message that is to be compressed or not: what is
    /// said with its first part counts. If it is automatic, the message is compressed unless its
    /// first part looks as if that were in vain.
    ///
    /// # Errors
    ///
    /// As [`send_fragment`](Self::send_fragment).
    pub fn send_fragment_with(
        &mut self,
        kind: Kind,
        part: impl Into<Bytes>,
        last: bool,
        compress: Compress,
    ) -> Result<(), SendError> {
        self.check_open()?;
        let part = part.into();
        let wanted = || {
            self.compression
                .as_ref()
                .is_some_and(|compression| compression.is_wanted(&part, last, compress))
        };
        let (opcode, compressed) = self.sending.next(kind, &part, last, wanted)?;
        self.queue_pending_pong();
        let payload = match &mut self.compression {
            Some(compression) if compressed => compression.deflate_part(&part, last),
            _ => part,
        };
        // RFC 7692 §6.1: "MUST NOT set the "Per-Message Compressed" bit of … non-first fragments"
        let compressed = compressed && opcode != Opcode::Continuation;
        self.writer.frame(Frame { fin: last, compressed, opcode }, payload, &mut self.output);
        Ok(())
    }
}

/// The message that is being sent in parts.
#[derive(Debug, Default)]
pub(super) struct Sending {
    /// None if no message is under way.
    message: Option<Progress>,
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    kind: Kind,
    /// Where in a character it is, if it is text.
    utf8: Utf8Validator,
    compressed: bool,
}

impl Sending {
    /// Whether a message waits for its last part.
    pub(super) const fn is_under_way(&self) -> bool {
        self.message.is_some()
    }

    /// Checks the next part; gives its frame's opcode, and whether the message is compressed, which
    /// is asked of `compress` when it begins.
    pub(super) fn next(
        &mut self,
        kind: Kind,
        part: &[u8],
        last: bool,
        compress: impl FnOnce() -> bool,
    ) -> Result<(Opcode, bool), SendError> {
        let mut message = match self.message {
            // RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the
            // fragments of another message"
            Some(message) if message.kind != kind => return Err(SendError::MessageUnderWay),
            Some(message) => message,
            None => Progress { kind, utf8: Utf8Validator::new(), compressed: false },
        };
        if kind == Kind::Text {
            let checked = message
                .utf8
                .push(part)
                .and_then(|()| if last { message.utf8.finish() } else { Ok(()) });
            checked.map_err(|_| SendError::InvalidUtf8)?;
        }
        let opcode = if self.is_under_way() { Opcode::Continuation } else { kind.opcode() };
        if !self.is_under_way() {
            message.compressed = compress();
        }
        self.message = if last { None } else { Some(message) };
        Ok((opcode, message.compressed))
    }
}
