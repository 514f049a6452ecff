//! What only real sockets and real processes show: crowds, peers that drip, and peers that die, and
//! that nothing is left of them.
//!
//! It takes a minute and a half and wants optimised code, so it runs when it is asked for:
//! `cargo test --release --all-features --test soak -- --ignored --nocapture --test-threads 1`;
//! with `SOAK_CONNECTIONS=400` before it, no more connections than that, and less time.
//! Far fewer are too few for the bound per connection, since the runtime's own memory counts too.
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
