//! An open WebSocket connection, without I/O and clock.
//!
//! RFC 6455 §5.4–§5.5, §6, §7. Received bytes go into [`Connection::input`], and
//! [`Connection::receive`] returns events; [`Connection::send`] queues messages, and the bytes to
//! write are in [`Connection::output`].
//!
//! ```text
//!   input ──► inbox ──┬─► reader ──► assembler ──► receive, receive_from
//!   caller's buffer ──┘      │                          │ close states: closing
//!   output ◄────────────── writer ◄──────────────── send, ping, close
//! ```
//!
//! [`Connection`] is in `endpoint`. Above it are `sending`, `receiving`, `held` and `buffers`,
//! which implement its methods; below it are the types of its fields.

mod assembler;
#[cfg(feature = "std")]
mod buffers;
mod closing;
mod compression;
mod config;
mod endpoint;
mod entropy;
mod error;
mod event;
mod fragments;
mod held;
mod inbox;
mod output;
mod reader;
mod receiving;
mod sending;
mod small;
mod stats;
mod unwritten;
mod writer;

pub use self::closing::{CloseOutcome, Closed, Side, State};
pub(crate) use self::config::HeadLimits;
pub use self::config::{Config, Role};
pub use self::endpoint::Connection;
pub use self::entropy::{Entropy, NoEntropy};
pub use self::error::{ProtocolError, SendError};
pub use self::event::{Event, EventRef};
pub(crate) use self::inbox::Inbox;
pub(crate) use self::output::Output;
pub use self::stats::{Stats, Traffic};
