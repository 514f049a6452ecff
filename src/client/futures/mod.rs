//! Connections on futures-io's streams (smol, async-net), with a clock of the caller's: no runtime
//! is required. The application connects the stream of a client to
//! [`ClientRequest::uri`](crate::ClientRequest::uri).

#[cfg(feature = "reconnect")]
pub use super::reconnect::Reconnect;
pub use crate::adapter::futures::*;
