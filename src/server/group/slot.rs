//! The state that a connection shares with its group: a request to close, and its task.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::{fmt, mem};

use tokio::task::AbortHandle;

use crate::message::CloseFrame;

/// The group's side of a connection. It does not keep the connection open.
#[derive(Clone)]
pub struct Handle {
    slot: Arc<Slot>,
}

impl Handle {
    pub(super) fn new(slot: Arc<Slot>) -> Self {
        Self { slot }
    }

    /// Returns a number that no other connection of the group has had.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.slot.id
    }

    /// Returns the IP address with which the connection entered.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.slot.address
    }

    /// Asks the connection to close with this frame, as the member receives. Does nothing if the
    /// connection was asked before.
    pub fn close(&self, frame: impl Into<CloseFrame>) {
        self.slot.close(frame.into());
    }

    /// Ends the task that [`Group::spawn`](super::Group::spawn) runs, at its next `await`. The peer
    /// sees the end of the stream, code 1006.
    pub fn abort(&self) {
        self.slot.abort();
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("id", &self.id())
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

/// The state that both sides share.
pub(super) struct Slot {
    pub(super) id: u64,
    pub(super) address: Option<IpAddr>,
    state: Mutex<SlotState>,
}

#[derive(Default)]
struct SlotState {
    request: Request,
    waker: Option<Waker>,
    task: Option<AbortHandle>,
    is_aborted: bool,
}

impl SlotState {
    fn take_closing(&mut self) -> Option<CloseFrame> {
        match mem::replace(&mut self.request, Request::Seen) {
            Request::Close(frame) => Some(frame),
            request => {
                self.request = request;
                None
            }
        }
    }
}

/// Whether the connection was asked to close.
#[derive(Default)]
enum Request {
    #[default]
    None,
    Close(CloseFrame),
    /// The connection has got the frame.
    Seen,
}

impl Slot {
    pub(super) fn new(id: u64, address: Option<IpAddr>) -> Self {
        Self { id, address, state: Mutex::default() }
    }

    pub(super) fn set_task(&self, task: AbortHandle) {
        let mut state = self.lock();
        if state.is_aborted {
            task.abort();
        }
        state.task = Some(task);
    }

    /// Asks the connection to close, unless it was asked before.
    pub(super) fn close(&self, frame: CloseFrame) {
        let mut state = self.lock();
        if let Request::None = state.request {
            state.request = Request::Close(frame);
            let waker = state.waker.take();
            drop(state);
            waker.into_iter().for_each(Waker::wake);
        }
    }

    /// Ends the task of the connection.
    pub(super) fn abort(&self) {
        let mut state = self.lock();
        state.is_aborted = true;
        let task = state.task.clone();
        drop(state);
        task.into_iter().for_each(|task| task.abort());
    }

    /// Returns the frame to close with, once.
    pub(super) fn take_closing(&self) -> Option<CloseFrame> {
        self.lock().take_closing()
    }

    pub(super) fn poll_closing(&self, cx: &mut Context<'_>) -> Poll<CloseFrame> {
        let mut state = self.lock();
        if let Some(frame) = state.take_closing() {
            return Poll::Ready(frame);
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, SlotState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
