//! A client that connects again after a failure: RFC 6455 §7.2.3.
//!
//! ```text
//!                      ┌──────── Waiting ◄────── it failed, or the connection ended ──┐
//!                      ▼                                        │                     │
//!   Reconnect ──► Connecting ──► Connected ──► the application  │  yes                │
//!                      │         uses the connection ───────────┴── try again? ───────┘
//!                      │                                        │  no
//!                      └─► it failed ───────────────────────────┴──► GivenUp, or None
//! ```
//!
//! `Connector::reconnect` of the adapters makes a `Reconnect`, which connects to a URI: its docs
//! have an example. For other streams, clocks and ways to connect, `Reconnect::new` takes a
//! function that opens a connection. [`Schedule`] is the part without I/O and clock, for an event
//! loop of the application's.
//!
//! [`Error::is_retryable`](crate::Error::is_retryable) and
//! [`Closed::is_retryable`](crate::Closed::is_retryable) know what is tried again, and
//! [`Policy::retry_if`] may overrule them. [`Policy`] has the delays and the limits.
//!
//! # Messages
//!
//! Messages that were accepted and not written when a connection ended are returned by
//! [`unsent`](crate::blocking::WebSocket::unsent) of the connection, or of its `Sender`, if
//! [`keep_unsent`](crate::blocking::WebSocket::keep_unsent) was called before. None of
//! them has arrived, so they can be sent again. Whether written messages have arrived is not known:
//! a protocol that must not lose any needs acknowledgements of its own.
//!
//! # What a client does when
//!
//! Of four clients with the default [`Policy`]. `at` is the second at which an attempt began in the
//! run of a test, where random delays were within the bounds of the last column.
//!
#![doc = include_str!("table.md")]
//!
//! # Layers
//!
//! | file | contents |
//! |---|---|
//! | policy | delays, limits, and the hook |
//! | schedule | when to try again, or why not |
//! | retry_after | the header field of that name |
//! | cause, given_up | why a connection ended or was not opened; why no other one is tried |
//! | progress | the picture above, for every adapter |
//! | asynchronous, blocking | how an adapter connects and waits |

#[cfg(any(feature = "tokio", feature = "futures-io"))]
mod asynchronous;
pub(super) mod blocking;
mod cause;
mod given_up;
mod policy;
mod progress;
mod retry_after;
mod schedule;

#[cfg(any(feature = "tokio", feature = "futures-io"))]
pub use self::asynchronous::Reconnect;
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(super) use self::asynchronous::reconnects;
pub use self::cause::Cause;
pub use self::given_up::GivenUp;
pub use self::policy::Policy;
pub use self::progress::Event;
pub use self::schedule::{Limit, Schedule};
