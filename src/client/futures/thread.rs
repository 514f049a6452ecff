//! A call that blocks, made by a thread, and a future of its result.

use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;

/// What the thread and the future share.
struct Shared<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    result: Option<io::Result<T>>,
    waker: Option<Waker>,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a call that blocks. If the future is dropped, the call is left to its thread.
pub(super) async fn on_thread<T: Send + 'static>(
    call: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let shared = Arc::new(Shared { state: Mutex::new(State { result: None, waker: None }) });
    let done = Arc::clone(&shared);
    let work = move || {
        let result = call();
        let mut state = done.lock();
        state.result = Some(result);
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    };
    thread::Builder::new().name("sansocket connect".into()).spawn(work)?;
    poll_fn(|cx| {
        let mut state = shared.lock();
        if let Some(result) = state.result.take() {
            return Poll::Ready(result);
        }
        let replaced = state.waker.replace(cx.waker().clone());
        drop(state);
        drop(replaced);
        Poll::Pending
    })
    .await
}
