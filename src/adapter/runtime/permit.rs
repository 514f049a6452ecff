//! Permits: room that is reserved for a later message, also for the next one of a sink.

use std::fmt;
use std::sync::Arc;
use std::task::Poll;

use super::io::{Clock, Stream};
use super::shared::SharedDriver;
use super::wait::SharedWait;
use crate::adapter::output;
use crate::message::Outgoing;
use crate::session::{Need, TrySendError};

/// Room for one message. Other senders may hold permits at the same time: each has room.
///
/// Dropping the permit frees the room.
pub struct Permit<'a, S: Stream, C: Clock> {
    shared: &'a SharedDriver<S, C>,
    used: bool,
}

impl<'a, S: Stream, C: Clock> Permit<'a, S, C> {
    pub(super) const fn new(shared: &'a SharedDriver<S, C>) -> Self {
        Self { shared, used: false }
    }

    /// Queues the message without waiting, and writes what the stream accepts at once. The rest is
    /// written by a `recv` that waits already, or by the next call on either half.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Send`] returns the message, if either side has begun to close meanwhile.
    pub fn send(mut self, message: impl Into<Outgoing>) -> Result<(), TrySendError> {
        self.used = true;
        let message = message.into();
        self.shared.act(|driver| {
            driver.session.remove_permit();
            let connection = &mut driver.session.connection;
            connection.set_output_buffer_for(message.prepared(), output::take_block);
            driver.session.queue_promised(message)
        })
    }
}

impl<S: Stream, C: Clock> Drop for Permit<'_, S, C> {
    fn drop(&mut self) {
        if !self.used {
            self.shared.change(|driver| driver.session.remove_permit());
        }
    }
}

impl<S: Stream, C: Clock> fmt::Debug for Permit<'_, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

/// The permit of a sink, from `poll_ready` to `start_send`, and its wait.
pub(super) struct SinkPermit<S, C> {
    held: Option<Arc<SharedDriver<S, C>>>,
    pub(super) wait: SharedWait<C>,
}

impl<S, C> Default for SinkPermit<S, C> {
    fn default() -> Self {
        Self { held: None, wait: SharedWait::detached() }
    }
}

impl<S, C> SinkPermit<S, C> {
    pub(super) const fn is_held(&self) -> bool {
        self.held.is_some()
    }

    pub(super) fn hold(&mut self, shared: Arc<SharedDriver<S, C>>) {
        self.held = Some(shared);
    }

    /// The permit is used up by the caller.
    pub(super) fn forget(&mut self) {
        self.held = None;
    }
}

impl<S, C> SinkPermit<S, C> {
    /// Starts the next wait anew, once one is complete.
    pub(super) fn complete<T>(&mut self, polled: Poll<T>) -> Poll<T> {
        if polled.is_ready() {
            self.wait.wait.need = Need::default();
        }
        polled
    }

    /// Gives up a flush that is not complete: the next one flushes what is queued then.
    pub(super) fn restart(&mut self) {
        if self.wait.wait.need != Need::default() {
            self.wait.wait.need = Need::default();
            self.wait.leave();
        }
    }
}

impl<S, C> Drop for SinkPermit<S, C> {
    fn drop(&mut self) {
        if let Some(shared) = self.held.take() {
            shared.change(|driver| driver.session.remove_permit());
        }
    }
}
