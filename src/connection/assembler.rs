//! From pieces of payload to messages.
//!
//! RFC 6455 §5.4 (fragmentation), §8.1 (UTF-8). A message that comes in one piece passes through; any other is joined in one
//! buffer, so fragments cost no memory of their own, and text is checked piece by piece. Messages in parts pass through piece by
//! piece.

use alloc::vec::Vec;

use bytes::Bytes;

use super::inbox::Payload;
use crate::message::{Kind, Message, Part, Text, TextBuilder};
use crate::wire::{InvalidUtf8, Utf8Validator};

#[derive(Default)]
pub(super) struct Assembler {
    /// The message that is under way.
    body: Option<Body>,
    /// Where the text is that passes through in parts.
    utf8: Utf8Validator,
}

enum Body {
    Text(TextBuilder),
    Binary(Vec<u8>),
}

impl Assembler {
    /// Takes a piece; gives the message that it completes. `to_come` more bytes will, if that is known.
    pub(super) fn push(
        &mut self,
        kind: Kind,
        payload: Payload<'_>,
        to_come: Option<u64>,
        last: bool,
    ) -> Result<Option<Message>, InvalidUtf8> {
        if self.body.is_none() && last {
            return match kind {
                Kind::Text => Text::try_from(payload.into_bytes()).map(|text| Some(Message::Text(text))),
                Kind::Binary => Ok(Some(Message::Binary(payload.into_bytes()))),
            };
        }
        let body = self.body.get_or_insert_with(|| Body::new(kind));
        body.make_room(payload.len(), to_come);
        match body {
            Body::Text(text) => text.push(&payload)?,
            Body::Binary(bytes) => bytes.extend_from_slice(&payload),
        }
        if !last {
            return Ok(None);
        }
        match self.body.take() {
            Some(Body::Text(text)) => text.finish().map(|text| Some(Message::Text(text))),
            Some(Body::Binary(bytes)) => Ok(Some(Message::Binary(Bytes::from(bytes)))),
            None => Ok(None),
        }
    }

    /// Takes a piece of a message that is not to be joined; gives it as a part, if it is one.
    pub(super) fn pass(&mut self, kind: Kind, payload: Payload<'_>, last: bool) -> Result<Option<Part>, InvalidUtf8> {
        if let Kind::Text = kind {
            self.utf8.push(&payload)?;
            if last {
                self.utf8.finish()?;
            }
        }
        if payload.is_empty() && !last {
            return Ok(None);
        }
        Ok(Some(Part { kind, bytes: payload.into_bytes(), last }))
    }

    /// Throws the message under way away.
    pub(super) fn clear(&mut self) {
        self.body = None;
    }

    /// Heap bytes held.
    pub(super) fn held(&self) -> usize {
        match &self.body {
            Some(Body::Text(text)) => text.capacity(),
            Some(Body::Binary(bytes)) => bytes.capacity(),
            None => 0,
        }
    }
}

impl Body {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(TextBuilder::default()),
            Kind::Binary => Self::Binary(Vec::new()),
        }
    }

    /// Room for a piece, and for as much again as has really been received: a header's claim alone gets no memory, and many small
    /// pieces are not copied over and over. It is not more than a last frame will need, so a large message in one frame ends with
    /// a buffer of just its size.
    fn make_room(&mut self, piece: usize, to_come: Option<u64>) {
        let (len, capacity) = match self {
            Self::Text(text) => (text.len(), text.capacity()),
            Self::Binary(bytes) => (bytes.len(), bytes.capacity()),
        };
        if capacity - len >= piece {
            return;
        }
        let received = (len + piece) as u64;
        let ahead = to_come.map_or(received, |to_come| to_come.min(received)) as usize;
        match self {
            Self::Text(text) => text.reserve_exact(piece + ahead),
            Self::Binary(bytes) => bytes.reserve_exact(piece + ahead),
        }
    }
}
