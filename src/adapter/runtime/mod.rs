//! Connections on any async runtime: everything but the stream and the clock.
//!
//! [`tokio`](crate::tokio) and [`futures`](crate::futures) provide both.
//!
//! ```text
//!   one task   WebSocket ────────────────────────────────┐             ┌──► session   what to do now
//!                                                        ├──► driver ──┼──► transfer  the stream
//!   halves     Sender, Receiver ──► shared (a mutex) ────┘             └──► alarm     the clock
//!                                     └──► waiters   which task wakes up
//! ```

mod alarm;
#[cfg(feature = "tokio")]
mod batch;
mod before_close;
mod budget;
mod closable;
#[cfg(feature = "tokio")]
mod closing;
mod driver;
mod handle;
mod io;
mod open;
mod permit;
mod receiver;
mod recv_with;
mod sender;
mod shared;
mod shutdown;
mod split;
mod traits;
mod transfer;
mod two_tasks;
mod wait;
mod websocket;
mod writer;

#[cfg(feature = "tokio")]
pub(crate) use self::batch::BatchSender;
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(super) use self::io::SleepSlot;
pub use self::io::{Clock, Stream};
pub use self::open::{Answer, Incoming, Transport};
pub use self::permit::Permit;
pub use self::receiver::Receiver;
pub use self::sender::{Sender, WeakSender};
pub use self::websocket::WebSocket;
pub use self::writer::MessageWriter;
