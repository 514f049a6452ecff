//! What a connection does over time, the same in every adapter: backpressure, deadlines, cancellation,
//! halves, message writers.

mod alarms;
mod backpressure;
mod cancel;
mod cancel_halves;
mod cork;
mod halves;
mod resting;
mod unsplit;
mod waiters;
mod writer;

#[global_allocator]
static ALLOCATOR: support::allocator::Counting = support::allocator::Counting;
