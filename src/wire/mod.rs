//! The wire format: RFC 6455 §5.2, §5.3 and §8.1 as pure functions on slices.
//!
//! Nothing here allocates, or depends on a connection or message. The module is public for proxies,
//! tests and other protocols.

mod header;
mod mask;
mod opcode;
mod utf8;

pub use header::{Header, HeaderError};
pub use mask::apply_mask;
pub use opcode::Opcode;
pub(crate) use utf8::check as check_utf8;
pub use utf8::{InvalidUtf8, Utf8Validator};
