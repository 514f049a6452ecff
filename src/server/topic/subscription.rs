//! A topic as one of its subscribers has it.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec::Vec;

use super::backlog::Backlog;
use super::lag::{Ended, Lag};
use super::shared::Shared;
use crate::message::{CloseCode, Prepared};

/// A subscriber of a [`Topic`](super::Topic), until this is dropped.
#[must_use = "the subscriber leaves when this is dropped"]
pub struct Subscription {
    shared: Arc<Shared>,
    place: usize,
}

impl Subscription {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let place = shared.with(Backlog::subscribe);
        Self { shared, place }
    }

    /// Waits for a message, and appends all that were published since the last call to `batch`.
    /// [`forward`](Self::forward) sends them too.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: messages leave the topic only when the future is ready.
    ///
    /// # Errors
    ///
    /// [`Ended`]: there are no more messages.
    pub async fn recv_many(&mut self, batch: &mut Vec<Prepared>) -> Result<(), Ended> {
        poll_fn(|cx| self.poll_recv_many(cx, batch)).await
    }

    pub(super) fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut impl Extend<Prepared>,
    ) -> Poll<Result<(), Ended>> {
        let (taken, _replaced) =
            self.shared.with(|backlog| match backlog.take(self.place, batch) {
                Ok(false) => (Poll::Pending, backlog.register(self.place, cx.waker(), true)),
                taken => (Poll::Ready(taken.map(drop)), None),
            });
        taken
    }

    /// As [`poll_recv_many`](Self::poll_recv_many), but also registers the task for the next
    /// message if there is one now.
    pub(super) fn poll_take(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut impl Extend<Prepared>,
    ) -> Poll<Result<(), Ended>> {
        let (taken, _replaced) = self.shared.with(|backlog| {
            let taken = match backlog.take(self.place, batch) {
                Ok(false) => Poll::Pending,
                taken => Poll::Ready(taken.map(drop)),
            };
            (taken, backlog.register(self.place, cx.waker(), true))
        });
        taken
    }

    /// Waits for the end of the subscription by [`Lag::Close`]. Returns the code to close with.
    pub(super) fn poll_lagged(&self, cx: &mut Context<'_>) -> Poll<CloseCode> {
        let Lag::Close(code) = self.shared.limits.lag else { return Poll::Pending };
        let (lagged, _replaced) =
            self.shared.with(|backlog| match backlog.has_lagged(self.place) {
                true => (Poll::Ready(code), None),
                false => (Poll::Pending, backlog.register(self.place, cx.waker(), false)),
            });
        lagged
    }

    /// Returns the number of messages that this subscriber missed, because it lagged.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.shared.with(|backlog| backlog.missed(self.place))
    }

    /// Returns the number of messages that a newer one of the same key replaced before this
    /// subscription took them: see [`Topic::publish_latest`](super::Topic::publish_latest). They
    /// count when it takes the next messages.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.with(|backlog| backlog.dropped(self.place))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.shared.change(|backlog| backlog.unsubscribe(self.place));
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("missed", &self.missed()).finish_non_exhaustive()
    }
}
