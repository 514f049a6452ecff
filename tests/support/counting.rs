//! An allocator that counts, for each thread by itself.
#![allow(dead_code, unreachable_pub, unsafe_code, missing_docs, clippy::unwrap_used, clippy::panic)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    pub static LIVE: Cell<isize> = const { Cell::new(0) };
    pub static PEAK: Cell<isize> = const { Cell::new(0) };
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static TAKEN: Cell<usize> = const { Cell::new(0) };
    static POISON: Cell<Option<u8>> = const { Cell::new(None) };
    /// Blocks of more than 8 KiB.
    pub static LARGE: Cell<usize> = const { Cell::new(0) };
}

/// A block of `old` bytes, or none, becomes one of `new` bytes, or none.
fn count(old: usize, new: usize) {
    let change = new as isize - old as isize;
    // A thread that ends has no counters any more, and nobody looks at them.
    let _ = LIVE.try_with(|live| {
        live.set(live.get() + change);
        PEAK.with(|peak| peak.set(peak.get().max(live.get())));
        if change > 0 {
            COUNT.with(|count| count.set(count.get() + 1));
            TAKEN.with(|taken| taken.set(taken.get() + new));
        }
    });
}

/// Fills the new part of a block with the byte that was chosen, if one was.
///
/// # Safety
///
/// The block, if there is one, has `new` bytes.
unsafe fn poison(block: *mut u8, old: usize, new: usize) {
    if let (Ok(Some(byte)), false) = (POISON.try_with(Cell::get), block.is_null() || old >= new) {
        // SAFETY: these are the block's last bytes.
        unsafe { block.add(old).write_bytes(byte, new - old) }
    }
}

// SAFETY: every call is passed on to the system's allocator as it is; of what that gives, only new
// bytes are written.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: as above.
        unsafe {
            let block = System.alloc(layout);
            poison(block, 0, layout.size());
            block
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), 0);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(layout.size(), size);
        let _ = LARGE.try_with(|large| large.set(large.get() + usize::from(size > 8 * 1024)));
        // SAFETY: as above.
        unsafe {
            let block = System.realloc(pointer, layout, size);
            poison(block, layout.size(), size);
            block
        }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a piece of work took.
pub struct Cost {
    /// Bytes at the highest point above those at the start.
    pub peak: isize,
    /// Bytes that are still held at the end.
    pub held: isize,
    /// How often memory was taken.
    pub allocations: usize,
    /// Bytes of all blocks that were taken or grew: as many as were copied from block to block, and
    /// more. A measure of work.
    pub taken: usize,
}

pub fn cost<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    let (before, count, taken) = (LIVE.get(), COUNT.get(), TAKEN.get());
    PEAK.set(before);
    let result = work();
    let (peak, held) = (PEAK.get() - before, LIVE.get() - before);
    (result, Cost { peak, held, allocations: COUNT.get() - count, taken: TAKEN.get() - taken })
}

/// Does work on memory that holds this byte wherever it is new.
pub fn poisoned<T>(byte: u8, work: impl FnOnce() -> T) -> T {
    POISON.set(Some(byte));
    let result = work();
    POISON.set(None);
    result
}
