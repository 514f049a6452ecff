//! A message that is being sent in parts: RFC 6455 §5.4, §8.1.

use super::error::SendError;
use crate::message::Kind;
use crate::wire::{Opcode, Utf8Validator};

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

    /// Checks the next part; gives its frame's opcode, and whether the message is compressed, which is asked of `compress` when it
    /// begins.
    pub(super) fn next(
        &mut self,
        kind: Kind,
        part: &[u8],
        last: bool,
        compress: impl FnOnce() -> bool,
    ) -> Result<(Opcode, bool), SendError> {
        let mut message = match self.message {
            // RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the fragments of another message"
            Some(message) if message.kind != kind => return Err(SendError::MessageUnderWay),
            Some(message) => message,
            None => Progress { kind, utf8: Utf8Validator::new(), compressed: false },
        };
        if kind == Kind::Text {
            let checked = message.utf8.push(part).and_then(|()| if last { message.utf8.finish() } else { Ok(()) });
            checked.map_err(|_| SendError::InvalidUtf8)?;
        }
        let opcode = match (self.is_under_way(), kind) {
            (true, _) => Opcode::Continuation,
            (false, Kind::Text) => Opcode::Text,
            (false, Kind::Binary) => Opcode::Binary,
        };
        if !self.is_under_way() {
            message.compressed = compress();
        }
        self.message = if last { None } else { Some(message) };
        Ok((opcode, message.compressed))
    }
}
