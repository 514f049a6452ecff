//! From pieces of payload to messages.
//!
//! RFC 6455 §5.4 (fragmentation), §8.1 (UTF-8). A message that comes in one piece passes through;
//! any other is joined in one buffer, so fragments cost no memory of their own, and text is checked
//! piece by piece. Messages in parts pass through piece by piece. Compressed pieces (RFC 7692 §6.2)
//! are inflated first, and checked as they come out.

use bytes::Bytes;

use super::compression::Compression;
use super::error::ProtocolError;
use crate::message::{Block, Chunk, Kind, Message, MessageRef, TextBuilder};
use crate::wire::{InvalidUtf8, Utf8Validator};

/// What is inflated at once, in bytes.
pub(super) const ROOM: usize = 4 * 1024;

#[derive(Default)]
pub(super) struct Assembler {
    /// The message that is under way.
    body: Option<Body>,
    /// Where the text is that passes through in parts.
    utf8: Utf8Validator,
}

enum Body {
    Text(TextBuilder),
    Binary(Block),
}

impl Assembler {
    /// Takes a piece; gives the message that it completes. `remaining` more bytes will, if that is
    /// known.
    #[inline]
    pub(super) fn push<'a>(
        &mut self,
        kind: Kind,
        payload: &'a [u8],
        remaining: Option<u64>,
        last: bool,
    ) -> Result<Option<MessageRef<'a>>, InvalidUtf8> {
        if self.body.is_none() && last {
            return MessageRef::checked(kind, payload).map(Some);
        }
        let body = self.body.get_or_insert_with(|| Body::new(kind));
        body.make_room(payload.len(), remaining);
        body.push(payload)?;
        if last {
            self.body
                .take()
                .map(Body::finish)
                .transpose()
                .map(|message| message.map(MessageRef::from))
        } else {
            Ok(None)
        }
    }

    /// Takes a piece of a compressed message; gives the message that it completes, of at most
    /// `limit` bytes.
    pub(super) fn inflate(
        &mut self,
        kind: Kind,
        mut piece: &[u8],
        last: bool,
        limit: u64,
        compression: &mut Compression,
    ) -> Result<Option<Message>, ProtocolError> {
        let body = self.body.get_or_insert_with(|| Body::new(kind));
        let mut room = [0; ROOM];
        while let Some(bytes) = compression.inflate(&mut piece, last, limit, &mut room)? {
            body.make_room(
                bytes.len(),
                Some(limit.saturating_sub((body.len() + bytes.len()) as u64)),
            );
            body.push(bytes)?;
        }
        if !last {
            return Ok(None);
        }
        Ok(self.body.take().map(Body::finish).transpose()?)
    }

    /// Takes a piece of a message that is not to be joined; gives it as a part, if it is one.
    pub(super) fn pass(
        &mut self,
        kind: Kind,
        payload: &[u8],
        last: bool,
    ) -> Result<Option<Chunk>, InvalidUtf8> {
        self.check(kind, payload, last)?;
        if payload.is_empty() && !last {
            return Ok(None);
        }
        Ok(Some(Chunk { kind, bytes: Bytes::copy_from_slice(payload), last }))
    }

    /// Checks a part of a message that is not to be joined.
    pub(super) fn check(&mut self, kind: Kind, part: &[u8], last: bool) -> Result<(), InvalidUtf8> {
        if let Kind::Text = kind {
            self.utf8.push(part)?;
            if last {
                self.utf8.finish()?;
            }
        }
        Ok(())
    }

    /// Throws the message under way away.
    pub(super) fn clear(&mut self) {
        self.body = None;
    }

    /// Heap bytes held.
    pub(super) fn held(&self) -> usize {
        self.body.as_ref().map_or(0, Body::capacity)
    }
}

impl Body {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(TextBuilder::default()),
            Kind::Binary => Self::Binary(Block::default()),
        }
    }

    fn capacity(&self) -> usize {
        match self {
            Self::Text(text) => text.capacity(),
            Self::Binary(bytes) => bytes.capacity(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    fn push(&mut self, piece: &[u8]) -> Result<(), InvalidUtf8> {
        match self {
            Self::Text(text) => text.push(piece)?,
            Self::Binary(bytes) => bytes.extend(piece),
        }
        Ok(())
    }

    fn finish(self) -> Result<Message, InvalidUtf8> {
        Ok(match self {
            Self::Text(text) => Message::Text(text.finish()?),
            Self::Binary(bytes) => Message::Binary(bytes.freeze()),
        })
    }

    fn make_room(&mut self, piece: usize, remaining: Option<u64>) {
        match self {
            Self::Text(text) => text.make_room(piece, remaining),
            Self::Binary(bytes) => bytes.make_room(piece, remaining),
        }
    }
}
