//! An allocator that counts, for each thread by itself.
#![allow(dead_code, unreachable_pub, unsafe_code, missing_docs, clippy::unwrap_used, clippy::panic)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    pub static LIVE: Cell<isize> = const { Cell::new(0) };
    pub static PEAK: Cell<isize> = const { Cell::new(0) };
    static COUNT: Cell<usize> = const { Cell::new(0) };
    /// Blocks of more than 8 KiB.
    pub static LARGE: Cell<usize> = const { Cell::new(0) };
}

fn count(change: isize) {
    // A thread that ends has no counters any more, and nobody looks at them.
    let _ = LIVE.try_with(|live| {
        live.set(live.get() + change);
        PEAK.with(|peak| peak.set(peak.get().max(live.get())));
        if change > 0 {
            COUNT.with(|count| count.set(count.get() + 1));
        }
    });
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        let _ = LARGE.try_with(|large| large.set(large.get() + usize::from(size > 8 * 1024)));
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
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
}

pub fn cost<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    let (before, count) = (LIVE.get(), COUNT.get());
    PEAK.set(before);
    let result = work();
    (result, Cost { peak: PEAK.get() - before, held: LIVE.get() - before, allocations: COUNT.get() - count })
}
