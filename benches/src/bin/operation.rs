//! Repeats one operation of the library: `operation NAME TIMES`. Prints the number of allocations
//! and allocated bytes of each repetition; without a name, the names of the operations.
//! `tests/counts.rs` counts the instructions.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use sansocket_benches::operations::{OPERATIONS, Operation};

/// The number of allocations, and of allocated bytes.
static TAKEN: (AtomicUsize, AtomicUsize) = (AtomicUsize::new(0), AtomicUsize::new(0));

struct Counting;

// SAFETY: every call is passed on to the system's allocator unchanged.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.0.fetch_add(1, Relaxed);
        TAKEN.1.fetch_add(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(times)) = (arguments.next(), arguments.next()) else {
        OPERATIONS.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let times = times.parse().expect("TIMES is a number");
    let (_, begin) = OPERATIONS
        .iter()
        .find(|(known, _)| *known == name)
        .expect("operation without arguments lists the names");
    let mut operation: Operation = begin();
    // The first repetition allocates memory that is kept.
    operation();
    let before = (TAKEN.0.load(Relaxed), TAKEN.1.load(Relaxed));
    for _ in 0..times {
        operation();
    }
    let per = |taken: usize| taken as f64 / f64::from(times);
    println!("{} {}", per(TAKEN.0.load(Relaxed) - before.0), per(TAKEN.1.load(Relaxed) - before.1));
}
