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
//! keep-alive, backpressure and a clean end from it. This loop echoes on a socket that does not
//! block:
//!
//! ```no_run
//! use std::io::{ErrorKind, Read, Write};
//! use std::time::Duration;
//!
//! use sansocket::bytes::Buf;
//! use sansocket::{Event, State};
//! use sansocket::session::{Next, Session};
//!
//! /// Does all that the socket allows. Returns when to call again at the latest (`Duration::MAX`:
//! /// only when the socket is ready), or `None` at the end.
//! fn drive(
//!     session: &mut Session,
//!     socket: &mut std::net::TcpStream,
//!     now: Duration, // since an epoch of the application's
//! ) -> Result<Option<Duration>, Box<dyn std::error::Error>> {
//!     let mut buffer = [0; 16 * 1024];
//!     session.stream_ready();
//!     loop {
//!         while !session.is_above_high_water_mark() {
//!             match session.receive(now) {
//!                 // After `close`, messages still arrive, and none can be sent.
//!                 Some(Event::Message(message)) if session.state() == State::Open => {
//!                     session.send(message)?;
//!                 }
//!                 Some(_) => {}
//!                 None => break,
//!             }
//!         }
//!         match session.next(now)? {
//!             Next::Write => match socket.write(session.output().chunk()) {
//!                 Ok(count) => session.wrote(count),
//!                 Err(error) if error.kind() == ErrorKind::WouldBlock => {
//!                     session.write_would_block(now);
//!                 }
//!                 Err(error) if error.kind() == ErrorKind::Interrupted => {}
//!                 Err(_) => session.write_failed(),
//!             },
//!             Next::Flush => session.flushed(), // a socket does not buffer
//!             Next::ShutdownWrite => {
//!                 let _ = socket.shutdown(std::net::Shutdown::Write);
//!                 session.write_half_shut_down();
//!             }
//!             Next::Read => match socket.read(&mut buffer) {
//!                 Ok(0) => session.end_input(),
//!                 Ok(count) => session.received(&buffer[..count]),
//!                 Err(error) if error.kind() == ErrorKind::WouldBlock => {
//!                     session.read_would_block();
//!                 }
//!                 Err(error) if error.kind() == ErrorKind::Interrupted => {}
//!                 Err(_) => session.end_input(),
//!             },
//!             Next::Wait(until) => return Ok(Some(until.unwrap_or(Duration::MAX))),
//!             Next::Done => return Ok(None),
//!         }
//!     }
//! }
//! ```
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
