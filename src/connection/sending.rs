//! A message that is being sent in parts: RFC 6455 §5.4, §8.1.

use super::error::SendError;
use crate::message::Kind;
use crate::wire::{Opcode, Utf8Validator};

#[derive(Debug, Default)]
pub(super) struct Sending {
    /// The message's kind and, if it is text, where in a character it is; none if no message is under way.
    message: Option<(Kind, Utf8Validator)>,
}

impl Sending {
    /// Whether a message waits for its last part.
    pub(super) const fn is_under_way(&self) -> bool {
        self.message.is_some()
    }

    /// Checks the next part; gives its frame's opcode.
    pub(super) fn next(&mut self, kind: Kind, part: &[u8], last: bool) -> Result<Opcode, SendError> {
        let (under_way, mut utf8) = self.message.unwrap_or((kind, Utf8Validator::new()));
        // RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the fragments of another message"
        if under_way != kind {
            return Err(SendError::MessageUnderWay);
        }
        if kind == Kind::Text {
            let checked = utf8.push(part).and_then(|()| if last { utf8.finish() } else { Ok(()) });
            checked.map_err(|_| SendError::InvalidUtf8)?;
        }
        let opcode = match (self.is_under_way(), kind) {
            (true, _) => Opcode::Continuation,
            (false, Kind::Text) => Opcode::Text,
            (false, Kind::Binary) => Opcode::Binary,
        };
        self.message = if last { None } else { Some((kind, utf8)) };
        Ok(opcode)
    }
}
