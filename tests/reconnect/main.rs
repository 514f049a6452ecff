//! A client that connects again after a failure: RFC 6455 §7.2.3.

#[cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]
mod clients;
#[cfg(feature = "testing")]
mod on_threads;
mod retryable;
mod schedule;
#[cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]
mod scripted;
#[cfg(feature = "tokio")]
mod sockets;
#[cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]
mod table;
