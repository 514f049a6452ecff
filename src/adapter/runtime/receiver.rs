//! The half of a connection that receives.

use std::fmt;
use std::future::poll_fn;
use std::string::ToString;
use std::sync::Arc;
use std::task::Wake;

use super::driver::Driver;
use super::io::{Clock, Stream};
use super::recv_with::recv_with;
use super::shared::SharedDriver;
use crate::adapter::Error;
use crate::adapter::accessors::accessors;
use crate::adapter::methods::receiving;
use crate::adapter::replies::Replies;
use crate::connection::{Closed, Event};
use crate::message::{CloseCode, CloseFrame, Message, MessageRef};

/// The half that receives. If it is dropped, nobody reads the stream, except
/// [`Sender::close`](super::Sender::close) and
/// [`Sender::until_closed`](super::Sender::until_closed).
pub struct Receiver<S: Stream, C: Clock> {
    pub(super) shared: Arc<SharedDriver<S, C>>,
    /// The `Stream` of messages has ended.
    pub(super) exhausted: bool,
}

impl<S: Stream, C: Clock> Receiver<S, C> {
    receiving! { async self
        recv: poll_fn(|cx| self.shared.poll_receiver(cx, Driver::poll_recv)).await,
        recv_event: poll_fn(|cx| self.shared.poll_receiver(cx, Driver::poll_event)).await,
        recv_with(each): recv_with(&self.shared, &mut each).await,
        close(frame): {
            self.shared.act(|driver| driver.session.connection.close(frame));
            poll_fn(|cx| self.shared.poll_receiver(cx, Driver::poll_closed)).await
        },
    }

    accessors!(half);

    fn shared(&self) -> &SharedDriver<S, C> {
        &self.shared
    }
}

impl<S: Stream, C: Clock> Drop for Receiver<S, C> {
    fn drop(&mut self) {
        // Corked messages waited for this half to receive.
        self.shared.act(|driver| driver.receiver_dropped = true);
        // From now on, those that wait for the end read.
        self.shared.waiters.wake_by_ref();
    }
}

impl<S: Stream, C: Clock> fmt::Debug for Receiver<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
