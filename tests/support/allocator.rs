//! A global allocator that counts: for each thread, so that tests that run in parallel don't see
//! each other, and for the whole process.
//!
//! A test binary that measures installs it:
//!
//! ```text
//! #[global_allocator]
//! static ALLOCATOR: support::allocator::Counting = support::allocator::Counting;
//! ```

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The system's allocator, with counters.
pub struct Counting;

thread_local! {
    /// Bytes that this thread allocated, less those that it freed.
    pub static LIVE: Cell<isize> = const { Cell::new(0) };
    /// The maximum of [`LIVE`] since it was set last.
    pub static PEAK: Cell<isize> = const { Cell::new(0) };
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static TAKEN: Cell<usize> = const { Cell::new(0) };
    static POISON: Cell<Option<u8>> = const { Cell::new(None) };
    /// How often a block grew to more than 8 KiB.
    pub static LARGE: Cell<usize> = const { Cell::new(0) };
}

static PROCESS_LIVE: AtomicUsize = AtomicUsize::new(0);
static PROCESS_PEAK: AtomicUsize = AtomicUsize::new(0);

/// A block of `old` bytes, or none, becomes one of `new` bytes, or none.
fn count(old: usize, new: usize) {
    let change = new as isize - old as isize;
    if change >= 0 {
        let live = PROCESS_LIVE.fetch_add(change as usize, Relaxed) + change as usize;
        PROCESS_PEAK.fetch_max(live, Relaxed);
    } else {
        PROCESS_LIVE.fetch_sub(change.unsigned_abs(), Relaxed);
    }
    // A thread that ends has no counters any more.
    let _ = LIVE.try_with(|live| {
        live.set(live.get() + change);
        PEAK.with(|peak| peak.set(peak.get().max(live.get())));
        if change > 0 {
            COUNT.with(|count| count.set(count.get() + 1));
            TAKEN.with(|taken| taken.set(taken.get().wrapping_add(new)));
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

/// What a piece of work cost, in this thread.
pub struct Cost {
    /// Bytes at the highest point above those at the start.
    pub peak: isize,
    /// Bytes that are still held at the end.
    pub held: isize,
    /// Number of allocations, and of blocks that grew.
    pub allocations: usize,
    /// Bytes of all blocks that were allocated or grew: at least as many as were copied from block
    /// to block. A measure of work.
    pub taken: usize,
}

/// Runs `work` and measures what it cost in this thread.
pub fn cost<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    let (before, count, taken) = (LIVE.get(), COUNT.get(), TAKEN.get());
    assert_ne!(process::live(), 0, "this binary does not install the counting allocator");
    PEAK.set(before);
    let result = work();
    let (peak, held) = (PEAK.get() - before, LIVE.get() - before);
    (
        result,
        Cost {
            peak,
            held,
            allocations: COUNT.get() - count,
            taken: TAKEN.get().wrapping_sub(taken),
        },
    )
}

/// Runs `work` on memory in which every byte is `byte` when it is allocated.
pub fn poisoned<T>(byte: u8, work: impl FnOnce() -> T) -> T {
    POISON.set(Some(byte));
    let result = work();
    POISON.set(None);
    result
}

/// Keeps other tests from running that take this lock too.
///
/// The pools of large blocks and of compression states belong to the process. A test whose figures
/// depend on what is in them takes this lock.
pub fn exclusive() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counters of the whole process.
pub mod process {
    use super::{PROCESS_LIVE, PROCESS_PEAK, Relaxed};

    /// Bytes that are allocated now.
    pub fn live() -> usize {
        PROCESS_LIVE.load(Relaxed)
    }

    /// Maximum of [`live`] since the last [`reset_peak`].
    pub fn peak() -> usize {
        PROCESS_PEAK.load(Relaxed)
    }

    /// Begins a new measurement of the peak.
    pub fn reset_peak() {
        PROCESS_PEAK.store(live(), Relaxed);
    }
}
