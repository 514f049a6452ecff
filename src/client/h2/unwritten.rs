//! Counts the buffers that h2 has not written, so that a stream can be dropped without losing them.
//!
//! A socket that is dropped still sends what was written to it. h2 discards what it has not written
//! of a stream that is dropped (RST_STREAM with CANCEL), our Close frame for example, and does not
//! say when it has. But it drops a buffer when it has written it.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::vec::Vec;

use bytes::Bytes;

/// The buffers of a stream that h2 has not written.
#[derive(Debug, Default)]
pub(super) struct Unwritten(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    count: usize,
    waker: Option<Waker>,
}

impl Unwritten {
    /// Adds a buffer. It is removed when all clones are dropped.
    pub(super) fn add(&self, data: Vec<u8>) -> Bytes {
        update(&self.0, |state| state.count += 1);
        Bytes::from_owner(Buffer { data, state: Arc::clone(&self.0) })
    }

    /// Whether h2 has written all of them.
    pub(super) fn is_empty(&self) -> bool {
        update(&self.0, |state| state.count == 0)
    }

    /// Waits until there are none. Only the task that polled last is woken.
    pub(super) fn poll_empty(&self, cx: &mut Context<'_>) -> Poll<()> {
        update(&self.0, |state| match state.count {
            0 => Poll::Ready(()),
            _ => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        })
    }
}

fn update<T>(state: &Mutex<State>, change: impl FnOnce(&mut State) -> T) -> T {
    change(&mut state.lock().unwrap_or_else(PoisonError::into_inner))
}

struct Buffer {
    data: Vec<u8>,
    state: Arc<Mutex<State>>,
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let waker = update(&self.state, |state| {
            state.count -= 1;
            if state.count == 0 { state.waker.take() } else { None }
        });
        waker.into_iter().for_each(Waker::wake);
    }
}
