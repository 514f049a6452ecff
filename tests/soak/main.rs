//! Real sockets and processes: thousands of connections, slow clients, and killed peers. No task,
//! descriptor or memory leaks after they end.
//!
//! The tests take a minute and a half and need optimised code, so they are ignored by default:
//! `cargo test --release --all-features --test soak -- --ignored --nocapture --test-threads 1`.
//! `SOAK_CONNECTIONS=400` limits the number of connections. Far smaller numbers fail the bound per
//! connection, since the runtime's own memory counts, too.
#![cfg(all(feature = "tokio", target_os = "linux"))]

#[cfg(feature = "deflate")]
mod crowd;
#[cfg(feature = "deflate")]
mod frames;
mod gibibyte;
#[cfg(feature = "deflate")]
mod killed;
#[cfg(feature = "deflate")]
mod peer;
#[cfg(feature = "deflate")]
mod script;
#[cfg(feature = "deflate")]
mod slow;
#[cfg(feature = "deflate")]
mod world;

#[global_allocator]
static ALLOCATOR: support::allocator::Counting = support::allocator::Counting;
