//! The half of a connection that receives.

use std::fmt;
use std::future::poll_fn;
use std::string::ToString;
use std::sync::Arc;
use std::task::Wake;

use super::driver::Driver;
use super::io::{Clock, Stream};
use super::shared::Shared;
use crate::adapter::Error;
use crate::adapter::accessors::accessors;
use crate::connection::{Closed, Event};
use crate::message::{CloseCode, CloseFrame, Message};

/// The half that receives. If it is dropped, nobody reads the stream, except
/// [`Sender::close`](super::Sender::close) and
/// [`Sender::until_closed`](super::Sender::until_closed).
pub struct Receiver<S: Stream, C: Clock> {
    pub(super) shared: Arc<Shared<S, C>>,
    /// The `Stream` of messages has ended.
    pub(super) exhausted: bool,
}

impl<S: Stream, C: Clock> Receiver<S, C> {
    /// Receives the next message; see [`WebSocket::recv`](super::WebSocket::recv). While it waits,
    /// it answers pings and writes what the senders have fed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a message leaves the connection only when the future returns it.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
        poll_fn(|cx| self.shared.poll_receiver(cx, Driver::poll_recv)).await
    }

    /// As [`recv`](Self::recv), but returns pings, pongs and chunks too.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: an event leaves the connection only when the future returns it.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub async fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        poll_fn(|cx| self.shared.poll_receiver(cx, Driver::poll_event)).await
    }

    /// Closes the connection: sends a Close frame, waits for the peer's, and returns how the
    /// connection was closed; see [`WebSocket::close`](super::WebSocket::close).
    ///
    /// # Cancel safety
    ///
    /// The Close frame is queued at the first poll. Calling it again continues the same closing
    /// handshake.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::close`](super::WebSocket::close).
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        let frame = CloseFrame::new(code, reason.to_string())?;
        self.shared.act(|driver| driver.session.connection.close(frame));
        poll_fn(|cx| self.shared.poll_receiver(cx, Driver::poll_closed)).await
    }

    accessors!(half);

    fn shared(&self) -> &Shared<S, C> {
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
