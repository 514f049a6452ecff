//! Connections on futures-io's streams (smol, async-net), with a clock of the caller's: no runtime
//! is required. With the feature `async-io`, `connect` opens connections on any runtime, with
//! async-io's sockets and timers; without it, the application connects the stream of a client to
//! [`ClientRequest::uri`](crate::ClientRequest::uri).

#[cfg(feature = "async-io")]
mod connect;
#[cfg(feature = "async-io")]
mod dial;
#[cfg(feature = "async-io")]
mod stream;
#[cfg(feature = "async-io")]
mod thread;

#[cfg(feature = "async-io")]
pub use self::connect::{Connector, connect};
#[cfg(feature = "async-io")]
pub use self::stream::MaybeTlsStream;
pub use crate::adapter::futures::*;
