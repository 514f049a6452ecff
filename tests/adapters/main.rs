//! The adapters: blocking, tokio, futures-io, and the example programs.

#[cfg(all(feature = "tokio", feature = "async-io"))]
mod addresses;
mod async_io;
mod blocking;
mod blocking_halves;
mod blocking_waiters;
mod blocking_writer;
mod borrowed_events;
mod borrowing;
mod by_hand;
mod checks;
mod collector;
mod compression;
mod connecting;
mod ends;
mod event_loop;
mod examples;
mod failing_io;
mod guards;
mod handles;
mod long_work;
#[cfg(feature = "testing")]
mod messages;
mod no_timer;
mod open_streams;
mod openings;
mod proxies;
mod recordings;
mod redirects;
mod refusals;
mod slow_peers;
mod sockets;
mod test_streams;
mod timeouts;
mod tokio_halves;
mod traces;
mod transcripts;
mod unfinished;
mod unvectored;

#[global_allocator]
static ALLOCATOR: support::allocator::Counting = support::allocator::Counting;
