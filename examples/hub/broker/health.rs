//! The state of the broker, as the tasks that read from it and write to it report it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// Whether both parts work.
pub(super) struct Health {
    parts: Mutex<[bool; 2]>,
    state: watch::Sender<bool>,
}

pub(super) const READER: usize = 0;
pub(super) const WRITER: usize = 1;

impl Health {
    /// Both work. The receiver learns of changes.
    pub(super) fn new() -> (Self, watch::Receiver<bool>) {
        let (state, receiver) = watch::channel(true);
        (Self { parts: Mutex::new([true; 2]), state }, receiver)
    }

    pub(super) fn report(&self, part: usize, is_up: bool) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts[part] = is_up;
        let is_up = parts.iter().all(|is_up| *is_up);
        self.state.send_if_modified(|state| std::mem::replace(state, is_up) != is_up);
    }

    pub(super) fn can_read(&self) -> bool {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)[READER]
    }
}
