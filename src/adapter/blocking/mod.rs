//! Connections on blocking streams.
//!
//! ```text
//!   one thread   WebSocket ──┬──► unsplit ────────────────┐
//!                            │                            ├──► session   what to do now
//!                        receive, handle                  └──► io        calls with a timeout
//!                            │                            │
//!   halves       Receiver ───┤                            │
//!                Sender ─────┴──► shared (behind a mutex) ┘
//!                                    └──► waiters              which thread is unparked
//! ```

mod handle;
mod io;
mod messages;
mod open;
mod receive;
mod receiver;
mod sender;
mod shared;
mod split;
mod stream;
mod unsplit;
mod websocket;
mod writer;

pub(crate) use self::open::transport;
pub use self::open::{
    Answer, BlockingAdapter, Incoming, Options, PlainHttp, Refusal, Transport, Upgrade, accept,
    connect_with_stream,
};
pub use self::receiver::Receiver;
pub use self::sender::{Sender, WeakSender};
pub(crate) use self::shared::waker as thread_waker;
pub use self::stream::{Stream, TryClone};
pub use self::websocket::WebSocket;
pub use self::writer::MessageWriter;
