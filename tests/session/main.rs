//! What a connection does over time: as a [`Session`](sansocket::Session) without I/O, and the same in
//! every adapter. Backpressure, deadlines, shutdown, cancellation, halves, message writers.

mod admission;
mod alarms;
mod backpressure;
mod cancel;
mod cancel_halves;
mod contention;
mod cork;
mod deadlines;
mod events;
mod fairness;
mod forward;
mod halves;
mod liveness;
mod lost;
mod next;
mod opening;
mod opening_bytes;
mod pair;
mod ping_deadline;
mod prepared;
mod registry;
mod resting;
mod sessions;
mod shutdown;
#[cfg(feature = "std")]
mod stats;
mod topic_deflate;
mod topic_forward;
mod topics;
mod unfinished;
mod unsent;
mod unsplit;
mod waiters;
mod wire;
mod writer;

#[global_allocator]
static ALLOCATOR: support::allocator::Counting = support::allocator::Counting;
