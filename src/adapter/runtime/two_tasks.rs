//! The tasks that may poll a connection that is not split.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// The two tasks that may poll a connection that is not split: one as a `Stream` of messages, one
/// as a `Sink`. Whatever wakes one wakes both.
#[derive(Debug, Default)]
pub(super) struct TwoTasks(Mutex<[Option<Waker>; 2]>);

#[derive(Clone, Copy)]
pub(super) enum TaskRole {
    Receives,
    Sends,
}

impl TwoTasks {
    pub(super) fn set(&self, role: TaskRole, waker: Option<Waker>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[role as usize] = waker;
    }
}

impl Wake for TwoTasks {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let woken = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        woken.into_iter().flatten().for_each(Waker::wake);
    }
}
