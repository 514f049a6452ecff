//! The message that is being sent in fragments: RFC 6455 §5.4, §8.1.

use super::error::SendError;
use crate::message::Kind;
use crate::wire::{Opcode, Utf8Validator};

/// The state of a fragmented send: checks which fragment may follow.
#[derive(Debug, Default)]
pub(super) struct FragmentedSend {
    /// `None` between two messages.
    message: Option<Fragmented>,
}

#[derive(Clone, Copy, Debug)]
struct Fragmented {
    kind: Kind,
    /// The position inside a character, if it is text.
    utf8: Utf8Validator,
    compressed: bool,
}

impl FragmentedSend {
    /// Whether the last fragment of a message is still to come.
    pub(super) const fn is_under_way(&self) -> bool {
        self.message.is_some()
    }

    /// Checks the next fragment. Returns the opcode of its frame, and whether the message is
    /// compressed, which `compress` decides for the first fragment.
    pub(super) fn next(
        &mut self,
        kind: Kind,
        payload: &[u8],
        last: bool,
        compress: impl FnOnce() -> bool,
    ) -> Result<(Opcode, bool), SendError> {
        let mut message = match self.message {
            // RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the
            // fragments of another message"
            Some(message) if message.kind != kind => return Err(SendError::MessageUnderWay),
            Some(message) => message,
            None => Fragmented { kind, utf8: Utf8Validator::new(), compressed: false },
        };
        if kind == Kind::Text {
            let checked = message
                .utf8
                .push(payload)
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
