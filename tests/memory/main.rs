//! How much memory is held, allocated and reused, measured by a counting allocator.

mod blocks;
mod connection;
mod deflate_bombs;
mod deflate_held;
mod deflate_states;
mod steady;

#[global_allocator]
static ALLOCATOR: support::allocator::Counting = support::allocator::Counting;
