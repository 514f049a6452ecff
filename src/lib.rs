#![no_std]
//! WebSocket (RFC 6455) as a sans-IO core.

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod connection;
mod message;
pub mod wire;

pub use connection::{Closed, Config, Connection, Ending, Entropy, Event, NoEntropy, ProtocolError, Role, SendError, Side, State};
pub use message::{CloseCode, CloseFrame, Message, ReasonTooLong, Text};
