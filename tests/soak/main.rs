//! What only real sockets and real processes show: crowds, peers that drip, and peers that die, and
//! that nothing is left of them.
//!
//! It takes a minute and a half and wants optimised code, so it runs when it is asked for:
//! `cargo test --release --all-features --test soak -- --ignored --nocapture --test-threads 1`
#![cfg(all(feature = "tokio", feature = "deflate", target_os = "linux"))]
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod crowd;
mod frames;
mod heap;
mod killed;
mod peer;
mod script;
mod slow;
mod world;
