//! Connections on blocking streams: `std::net`, and whatever else reads and writes.
//!
//! [`accept`] and [`connect`] open connections with the defaults; [`Options`] opens them in other
//! ways: a server that looks at the request first, a client with header fields.
//!
//! ```no_run
//! use sansocket::blocking::Options;
//! use sansocket::{ClientRequest, Error, HandshakeError, ResponseError};
//!
//! # fn main() -> Result<(), Error> {
//! let request = ClientRequest::new("ws://127.0.0.1:9001/chat")?
//!     .header("Authorization", "Bearer 1")?
//!     .subprotocol("chat.v1")?;
//! match Options::new().connect(&request) {
//!     Ok((mut socket, _response)) => socket.send("hello")?,
//!     Err(Error::Handshake(HandshakeError::Response(
//!         ResponseError::UnexpectedStatus(response),
//!     ))) => eprintln!("refused: {}", response.status()),
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//!   one thread   WebSocket ──┬──► unsplit ────────────────┐
//!                            │                            ├──► session   what to do now
//!                        receive, handle                  └──► io        calls with a timeout
//!                            │                            │
//!   halves       Receiver ───┤                            │
//!                Sender ─────┴──► shared (behind a mutex) ┘
//!                                    └──► waiters              which thread is unparked
//! ```

mod handle;
mod io;
mod messages;
mod open;
mod receive;
mod receiver;
mod sender;
mod shared;
mod split;
mod stream;
mod unsplit;
mod websocket;
mod writer;

pub use self::open::{
    Answer, BlockingAdapter, Incoming, Options, PlainHttp, Refusal, Transport, Upgrade, accept,
    connect, connect_with_stream,
};
pub use self::receiver::Receiver;
pub use self::sender::{Sender, WeakSender};
pub use self::stream::{Stream, TryClone};
pub use self::websocket::WebSocket;
pub use self::writer::MessageWriter;
