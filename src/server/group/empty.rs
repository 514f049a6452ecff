//! Waiting until a group has no members.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::state::State;

/// A future that is ready when there are no members. Its waker is forgotten when it is dropped, or
/// a server that is never empty would keep one for each task that gave up.
pub(super) struct Empty<'a> {
    state: &'a State,
    /// Its number among those that wait, from its first poll on.
    place: Option<u64>,
}

impl<'a> Empty<'a> {
    pub(super) fn new(state: &'a State) -> Self {
        Self { state, place: None }
    }
}

impl Future for Empty<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { state, place } = &mut *self;
        state.poll_empty(place, cx)
    }
}

impl Drop for Empty<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.state.forget(place);
        }
    }
}
