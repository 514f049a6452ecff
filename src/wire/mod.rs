//! The bytes on the wire: RFC 6455 §5.2, §5.3 and §8.1 as pure functions on slices.
//!
//! Nothing here allocates, remembers a connection or knows what a message is. The floor is public
//! so that proxies, tests and other protocols can stand on it.

mod header;
mod mask;
mod opcode;
mod utf8;

pub use header::{Header, HeaderError};
pub use mask::apply_mask;
pub use opcode::Opcode;
pub(crate) use utf8::check as check_utf8;
pub use utf8::{InvalidUtf8, Utf8Validator};
