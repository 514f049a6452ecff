//! The half of a connection that receives.

use std::fmt;
use std::future::poll_fn;
use std::string::ToString;
use std::sync::Arc;

use super::driver::Driver;
use super::io::{Clock, Stream};
use super::recv_with::recv_with;
use super::shared::SharedDriver;
use crate::adapter::Error;
use crate::adapter::accessors::accessors;
use crate::adapter::receiving::receiving;
use crate::adapter::replies::Replies;
use crate::connection::{Closed, Event, EventRef};
use crate::message::{CloseCode, CloseFrame, Message, MessageRef};

/// The half that receives.
///
/// Dropping it drops the stream, as dropping a connection that is not split does: the peer sees
/// code 1006, and senders that wait fail. For a connection that only sends, spawn
/// [`until_closed`](Self::until_closed).
pub struct Receiver<S, C> {
    pub(super) shared: Arc<SharedDriver<S, C>>,
    /// Ends the connection when it is dropped; `None` while the halves are joined.
    pub(super) on_drop: Option<OnDrop<S, C>>,
    /// The `Stream` of messages has ended.
    pub(super) exhausted: bool,
}

impl<S: Stream, C: Clock> Receiver<S, C> {
    receiving! { async self
        recv: poll_fn(|cx| self.shared.poll_receiver(cx, Driver::poll_recv)).await,
        recv_event: poll_fn(|cx| self.shared.poll_receiver(cx, Driver::poll_event)).await,
        recv_with(each): recv_with(&self.shared, &mut each).await,
        until_closed: poll_fn(|cx| self.shared.poll_receiver(cx, Driver::poll_closed)).await,
        close(frame): self.shared.act(|driver| driver.session.connection.close(frame)),
    }

    accessors!(half);

    fn shared(&self) -> &SharedDriver<S, C> {
        &self.shared
    }
}

/// A function, so that the type has no bounds.
pub(super) type OnDrop<S, C> = fn(&SharedDriver<S, C>);

impl<S: Stream, C: Clock> Receiver<S, C> {
    pub(super) fn new(shared: Arc<SharedDriver<S, C>>) -> Self {
        let on_drop = |shared: &SharedDriver<S, C>| {
            // Corked messages waited for this half to receive.
            shared.act(|_| ());
            shared.abort();
        };
        Self { shared, on_drop: Some(on_drop), exhausted: false }
    }
}

impl<S, C> Drop for Receiver<S, C> {
    fn drop(&mut self) {
        if let Some(on_drop) = self.on_drop {
            on_drop(&self.shared);
        }
    }
}

impl<S, C> fmt::Debug for Receiver<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
