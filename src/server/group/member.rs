//! A connection in a group, as its own task has it.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::slot::{Handle, Slot};
use super::state::State;
use crate::adapter::Error;
use crate::adapter::runtime::{Clock, Stream, WebSocket};
use crate::message::{CloseFrame, Message};

/// A connection in a [`Group`](super::Group), which it leaves when this is dropped. Keep it in the
/// task of the connection.
#[must_use = "the connection leaves the group when this is dropped"]
pub struct Member {
    state: Arc<State>,
    slot: Arc<Slot>,
}

impl Member {
    pub(super) fn new(state: Arc<State>, slot: Arc<Slot>) -> Self {
        Self { state, slot }
    }

    pub(super) fn slot(&self) -> Arc<Slot> {
        Arc::clone(&self.slot)
    }

    /// Returns the group's side of this connection.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(self.slot())
    }

    /// Waits until the connection is asked to close, and returns the Close frame to send: for a
    /// task that uses halves, or waits for something else too. The frame is returned once: later
    /// calls never return. Only the task that polled last is woken.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub fn closing(&self) -> impl Future<Output = CloseFrame> {
        poll_fn(|cx| self.poll_closing(cx))
    }

    /// Returns the Close frame to send, once, if the connection is asked to close: for a task that
    /// only sends, before it sends.
    #[must_use]
    pub fn take_closing(&self) -> Option<CloseFrame> {
        self.slot.take_closing()
    }

    pub(in crate::server) fn poll_closing(&self, cx: &mut Context<'_>) -> Poll<CloseFrame> {
        self.slot.poll_closing(cx)
    }

    /// Receives as [`WebSocket::recv`] does, and starts the closing handshake when the connection
    /// is asked to close. Messages that the peer sends until its Close frame are still received.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as `recv` is.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    pub async fn recv<S: Stream, C: Clock>(
        &self,
        socket: &mut WebSocket<S, C>,
    ) -> Result<Option<Message>, Error> {
        self.receive(socket, async |socket| socket.recv().await).await
    }

    /// Receives with a function that is cancel safe, as [`recv`](Self::recv) does.
    pub(in crate::server) async fn receive<S: Stream, C: Clock, T>(
        &self,
        socket: &mut WebSocket<S, C>,
        mut receive: impl AsyncFnMut(&mut WebSocket<S, C>) -> T,
    ) -> T {
        let frame = {
            let mut received = pin!(receive(socket));
            let first = poll_fn(|cx| match self.poll_closing(cx) {
                Poll::Ready(frame) => Poll::Ready(Err(frame)),
                Poll::Pending => received.as_mut().poll(cx).map(Ok),
            });
            match first.await {
                Ok(received) => return received,
                Err(frame) => frame,
            }
        };
        socket.try_close_with(frame);
        receive(socket).await
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.state.leave(&self.slot);
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle().fmt(f)
    }
}
