//! A connection with time and bounds, and still no I/O.
//!
//! | | [`Connection`](crate::Connection) | [`Session`] adds | an adapter adds |
//! |---|---|---|---|
//! | protocol | frames, fragments, UTF-8, compression, pongs, the closing handshake, limits | – | – |
//! | time | – | deadlines of the handshakes, keep-alive, idle time, stalled writes, round trips | the clock, a timer that wakes the task or thread |
//! | output | a buffer without a bound | [`Backpressure`] | system calls, wakers, parked threads; with several senders: their order, permits, writers of messages in fragments |
//! | end | [`Closed`](crate::Closed) | the shutdown sequence of the stream (§7.1.1) | `shutdown(2)`, dropping the stream |
//! | opening | [`ServerHandshake`](crate::ServerHandshake), [`ClientHandshake`](crate::ClientHandshake), [`Tunnel`](crate::proxy::Tunnel) | the handshake's deadline, the answer to a rejected request ([`Exchange`]) | connecting |
//!
//! A session answers one question, [`next`](Session::next), and takes reports of what happened:
//!
//! ```text
//!                  next(now) ──► Write · Flush · ShutdownWrite · Read · Wait(until) · Done
//!                     ▲                                │
//!                     │                          the event loop
//!                     │                                │
//!   wrote · flushed · write_would_block · write_failed · write_half_shut_down
//!   received · read_would_block · end_input · stream_ready
//! ```
//!
//! An event loop of one's own (mio, io_uring, an embedded executor, a game loop) gets deadlines,
//! keep-alive, backpressure and a clean end from it. The [crate's documentation](crate) has the
//! loop.
//!
//! An [`Exchange`] is the opening handshake, and is driven in the same way; [`Driven`] is what the
//! two have in common. `examples/mio_echo.rs` is that loop for many connections, opening handshake
//! included.

#![cfg_attr(
    not(all(feature = "std", any(feature = "tokio", feature = "futures-io"))),
    allow(dead_code, unused_imports, reason = "the adapters use all of it")
)]

mod admission;
#[cfg(feature = "std")]
mod attempts;
mod backpressure;
#[cfg(feature = "std")]
mod blocking;
mod driven;
mod fragments;
mod live;
#[cfg(feature = "std")]
mod needs;
mod opening;
#[cfg(feature = "std")]
mod pings;
mod question;
mod receiving;
mod reports;
mod sending;
mod shutdown;
mod side;
mod stream;
pub(crate) mod trace;
mod tunnel;
mod unsent;
mod writes;

#[cfg(feature = "std")]
pub(crate) use self::attempts::{Attempt, AttemptError, Outcome, Sending, needs_room};
pub use self::backpressure::{Backpressure, Full, Overflow, TrySendError};
#[cfg(feature = "std")]
pub(crate) use self::blocking::{POLL_INTERVAL, RETRY_INTERVAL, WriteProgress};
pub use self::driven::Driven;
pub(crate) use self::fragments::FragmentedMessage;
pub use self::live::Session;
#[cfg(feature = "std")]
pub(crate) use self::needs::{Class, Facts, Need, Place};
pub use self::opening::Exchange;
#[cfg(feature = "h2")]
pub(crate) use self::opening::MAX_BODY_WAIT;
#[cfg(feature = "std")]
pub(crate) use self::pings::PongProgress;
pub(crate) use self::question::Wait;
pub use self::side::Handshake;
pub use self::stream::Next;
pub(crate) use self::writes::WriteDeadline;
