//! From pieces of payload to messages.
//!
//! RFC 6455 §5.4 (fragmentation), §8.1 (UTF-8). A message in one piece passes through without a
//! copy. The pieces of any other are joined in one buffer, so that fragments cost no memory of
//! their own; text is validated piece by piece. With `Config::receive_in_chunks` no piece is
//! joined. Compressed pieces (RFC 7692 §6.2) are inflated first.

use bytes::{Buf, Bytes};

use super::compression::Compression;
use super::error::ProtocolError;
use crate::message::{Block, Chunk, Kind, Message, MessageRef, TextBuilder};
use crate::wire::{InvalidUtf8, Utf8Validator};

/// The size of the buffer to inflate into, in bytes.
pub(super) const ROOM: usize = 4 * 1024;

#[derive(Default)]
pub(super) struct Assembler {
    /// The message of which pieces were joined.
    body: Option<Body>,
    /// The position inside a character of a text that is received in chunks.
    utf8: Utf8Validator,
}

enum Body {
    Text(TextBuilder),
    Binary(Block),
}

impl Assembler {
    /// Adds a piece, and returns the message if it is complete. `remaining` is the number of bytes
    /// that will complete it, if that is known.
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

    /// Adds a piece of a compressed message, and returns the message if it is complete. `limit` is
    /// its maximum size in bytes.
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

    /// Checks a piece of a message that is received in chunks, and returns it as a chunk. An empty
    /// piece is one only at the end.
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

    /// Checks a chunk of a message that is received in chunks.
    pub(super) fn check(
        &mut self,
        kind: Kind,
        chunk: &[u8],
        last: bool,
    ) -> Result<(), InvalidUtf8> {
        if let Kind::Text = kind {
            self.utf8.push(chunk)?;
            if last {
                self.utf8.finish()?;
            }
        }
        Ok(())
    }

    /// Discards the incomplete message.
    pub(super) fn clear(&mut self) {
        self.body = None;
    }

    /// Heap bytes held.
    pub(super) fn bytes_held(&self) -> usize {
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

/// Compressed payload that is inflated chunk by chunk, one for each event.
pub(super) struct PendingChunk {
    pub(super) kind: Kind,
    /// The payload that is not inflated.
    rest: Bytes,
    /// The length of the allocation that `rest` is the end of.
    allocated: usize,
    /// Whether the message ends with it.
    pub(super) last: bool,
}

impl PendingChunk {
    pub(super) fn new(kind: Kind, payload: &[u8], last: bool) -> Self {
        Self { kind, rest: Bytes::copy_from_slice(payload), allocated: payload.len(), last }
    }

    /// Inflates the next bytes into `room`; `None` if there are none. See [`Compression::inflate`].
    pub(super) fn inflate<'a>(
        &mut self,
        limit: u64,
        compression: &mut Compression,
        room: &'a mut [u8],
    ) -> Result<Option<&'a [u8]>, ProtocolError> {
        let mut piece = &self.rest[..];
        let inflated = compression.inflate(&mut piece, self.last, limit, room)?;
        let used = self.rest.len() - piece.len();
        self.rest.advance(used);
        Ok(inflated)
    }

    /// Heap bytes held.
    pub(super) const fn bytes_held(&self) -> usize {
        size_of::<Self>() + self.allocated
    }
}
