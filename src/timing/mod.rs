//! Timeouts and keep-alive, on a clock that the caller passes in.
//!
//! RFC 6455 §7.1.1 lets a client wait for the server to close the stream "a reasonable amount of
//! time"; the other timeouts are this crate's choice. Nothing here reads a clock: `now` is the time
//! since an epoch of the caller's, and must not run backwards.

#![cfg_attr(
    not(any(feature = "tokio", feature = "futures-io")),
    allow(dead_code, reason = "the runtime adapters use all of it")
)]

mod timeouts;
mod timer;
mod unfinished;

pub(crate) use self::timeouts::SharedTimeouts;
pub use self::timeouts::{TimedOut, Timeouts};
pub use self::timer::{Due, Timer};

/// How early a runtime's timer may wake a task. It is set again then.
pub(crate) const TIMER_TOLERANCE: core::time::Duration = core::time::Duration::from_millis(100);
