//! Room that was promised: for a message that is not there yet, or that a sink will be given.

use std::fmt;
use std::sync::Arc;
use std::task::Wake;

use super::io::{Clock, Stream};
use super::outgoing::SendHandle;
use super::sender::Sender;
use super::shared::{Shared, lock};
use crate::adapter::TrySendError;
use crate::message::Outgoing;

/// A permit that is given back when it is dropped.
pub(super) struct Hold<S, C>(Option<Arc<Shared<S, C>>>);

impl<S, C> Default for Hold<S, C> {
    fn default() -> Self {
        Self(None)
    }
}

impl<S, C> Hold<S, C> {
    pub(super) const fn is_held(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn take(&mut self, shared: Arc<Shared<S, C>>) {
        self.0 = Some(shared);
    }

    /// For who uses the permit up.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

impl<S, C> Drop for Hold<S, C> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            lock(&shared.driver).permits -= 1;
            shared.tasks.wake_by_ref();
        }
    }
}

/// Room for one message. Others may have a permit at the same time: there is room for a message of
/// each.
pub struct Permit<'a, S: Stream, C: Clock> {
    sender: &'a mut Sender<S, C>,
    used: bool,
}

impl<'a, S: Stream, C: Clock> Permit<'a, S, C> {
    pub(super) const fn new(sender: &'a mut Sender<S, C>) -> Self {
        Self { sender, used: false }
    }

    /// Sends the message, without waiting. What the stream does not take at once leaves with
    /// whatever is done next on either half.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Send`] gives the message back, if either side has begun to close
    /// meanwhile.
    pub fn send(mut self, message: impl Into<Outgoing>) -> Result<(), TrySendError> {
        self.used = true;
        self.sender.at_once(|driver| driver.feed_permitted(message.into()))
    }
}

impl<S: Stream, C: Clock> Drop for Permit<'_, S, C> {
    fn drop(&mut self) {
        if !self.used {
            self.sender.at_once(|driver| driver.permits -= 1);
        }
    }
}

impl<S: Stream, C: Clock> fmt::Debug for Permit<'_, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}
