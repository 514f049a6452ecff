//! Connections on futures-io's streams (smol, async-net), with a clock of the caller's: no runtime
//! is required.
//!
//! Feature `async-io` adds sockets and a clock, those of smol, and with them `connect`. With other
//! sockets, a client connects the stream to [`ClientRequest::uri`](crate::ClientRequest::uri), and
//! passes it to [`connect_with_stream`].

#[cfg(feature = "async-io")]
mod connect;
#[cfg(feature = "async-io")]
mod dial;
#[cfg(feature = "async-io")]
mod stream;
#[cfg(feature = "async-io")]
mod thread;

#[cfg(all(feature = "async-io", feature = "reconnect"))]
pub use self::connect::Reconnect;
#[cfg(feature = "async-io")]
pub use self::connect::{Connector, connect};
#[cfg(feature = "async-io")]
pub use self::stream::MaybeTlsStream;
pub use crate::adapter::futures::*;
