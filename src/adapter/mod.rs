//! Connections on streams: system calls, buffers, wake-ups, and the clock.
//!
//! An adapter drives a [`Session`](crate::session::Session): it moves the bytes, and waits. What to
//! do when is the session's policy, and what the bytes mean is the connection's.
//!
//! ```text
//!   methods, receiving, controls, accessors, opens, handshakes    once for all adapters
//!        │
//!   runtime ◄── tokio, futures          blocking           how to read, write and wait
//!        │                                  │
//!        └────── replies   waiters ─────────┘              answers, and the order of waiting senders
//! ```

mod accessors;
mod answer;
pub(crate) mod blocking;
mod connect_error;
mod controls;
mod counts;
mod error;
#[cfg(feature = "tokio")]
pub(crate) mod forward;
#[cfg(feature = "futures-io")]
pub(crate) mod futures;
mod hand_over;
mod handshakes;
mod incoming;
pub(crate) mod methods;
mod opens;
mod options;
mod output;
mod proxy_tls_error;
mod read_buffer;
mod receiving;
mod replies;
mod retryable;
#[cfg(any(feature = "tokio", feature = "futures-io"))]
pub mod runtime;
mod tls_error;
#[cfg(feature = "tokio")]
pub(crate) mod tokio;
mod waiters;
mod weak;

pub use self::answer::{Answer, Refusal};
pub use self::connect_error::ConnectError;
pub use self::error::Error;
pub use self::incoming::{Incoming, PlainHttp, Upgrade};
pub use self::options::Options;
pub use self::proxy_tls_error::ProxyTlsError;
pub use self::replies::Replies;
pub use self::tls_error::{TlsError, WrongHost};
