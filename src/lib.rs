#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
//! WebSocket

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
mod adapter;
mod connection;
mod handshake;
mod message;
pub mod timing;
pub mod wire;

#[cfg(feature = "std")]
pub use adapter::{Error, blocking};
pub use connection::{
    Closed, Config, Connection, Ending, Entropy, Event, NoEntropy, ProtocolError, Role, SendError, Side, State,
};
pub use handshake::{
    Accept, ClientHandshake, ClientRequest, Extension, HandshakeError, Headers, InvalidField, InvalidUri, Rejection, Reply,
    Request, RequestHead, Response, ServerHandshake, Uri,
};
pub use message::{CloseCode, CloseFrame, Message, ReasonTooLong, Text};
