//! A task that only counts how often it is woken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

/// Counts how often it is woken.
#[derive(Default)]
pub struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rings();
    }
}

impl Bell {
    /// Wakes it, as it were.
    pub fn rings(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub fn rung(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// How often it was woken since this was asked last.
    pub fn take(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}
