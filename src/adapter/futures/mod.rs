//! Connections on futures-io's streams (smol, async-net), with a clock of the caller's: no runtime
//! is required.
//!
//! Feature `async-io` adds sockets and a clock, those of smol, and with them `connect`. With other
//! sockets, a client connects the stream to [`ClientRequest::uri`](crate::ClientRequest::uri), and
//! passes it to [`connect_with_stream`].

#[cfg(feature = "async-io")]
mod clock;
mod open;
mod stream;
#[cfg(feature = "async-io")]
mod tcp;

#[cfg(feature = "async-io")]
pub use self::clock::AsyncIoClock;
#[cfg(feature = "async-io")]
pub(crate) use self::open::transport;
pub use self::open::{
    Answer, FuturesAdapter, Incoming, Options, PlainHttp, Receiver, Refusal, Sender, Upgrade,
    WeakSender, WebSocket, accept, connect_with_stream,
};
pub use self::stream::FuturesStream;
#[cfg(feature = "async-io")]
pub use self::tcp::TcpStream;
