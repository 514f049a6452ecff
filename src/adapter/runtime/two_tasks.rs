//! The tasks that may poll a connection that is not split.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

use crate::connection::State;
use crate::session::Session;

/// The two tasks that may poll a connection that is not split: one as a `Stream` of messages, one
/// as a `Sink`. A wake-up of one wakes both.
#[derive(Debug, Default)]
pub(super) struct TwoTasks(Mutex<[Option<Waker>; 2]>);

/// The state that one task may wait for, and the other may change.
#[derive(PartialEq)]
pub(super) struct Seen {
    buffered: usize,
    last_ping: u64,
    last_answered: u64,
    state: State,
    is_done: bool,
}

impl Seen {
    pub(super) fn of(session: &Session) -> Self {
        let timer = session.timer();
        Self {
            buffered: session.buffered_amount(),
            last_ping: timer.last_ping(),
            last_answered: timer.last_answered(),
            state: session.state(),
            is_done: session.is_done(),
        }
    }
}

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
