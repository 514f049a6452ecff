//! The half of a connection that receives.

use std::fmt;
use std::future::poll_fn;
use std::string::ToString;
use std::sync::Arc;
use std::task::{Poll, Wake, ready};
use std::time::Duration;

use super::attempt::Wakers;
use super::driver::Driver;
use super::io::{Clock, Stream};
use super::sender::Sender;
use super::shared::Shared;
use crate::adapter::Error;
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::replies::{self, PeerReads, Replies};
use crate::connection::{Closed, Event, State};
use crate::message::{CloseCode, CloseFrame, Message, MessageRef};
use crate::session::Overflow;

/// Splits a connection.
pub(super) fn split<S: Stream, C: Clock>(driver: Driver<S, C>) -> (Sender<S, C>, Receiver<S, C>) {
    let shared = Arc::new(Shared::new(driver));
    (Sender::new(Arc::clone(&shared)), Receiver { shared, exhausted: false })
}

/// The half that receives. If it is dropped, nobody reads the stream, except
/// [`Sender::close`] and [`Sender::until_closed`].
pub struct Receiver<S: Stream, C: Clock> {
    pub(super) shared: Arc<Shared<S, C>>,
    /// The `Stream` of messages has ended.
    pub(super) exhausted: bool,
}

impl<S: Stream, C: Clock> Receiver<S, C> {
    /// Receives the next message; see [`WebSocket::recv`](super::WebSocket::recv). While it waits, it answers pings and
    /// writes what the senders have fed.
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

    /// Hands over the messages that have arrived, without a copy; see [`WebSocket::recv_with`](super::WebSocket::recv_with). The
    /// senders can be used in `each`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it returns as soon as a message was handed over.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv_with`](super::WebSocket::recv_with).
    pub async fn recv_with(
        &mut self,
        mut each: impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        poll_fn(|cx| {
            let peer = ready!(self.shared.poll_receiver(cx, Driver::poll_room_for_replies))?;
            let (mut count, mut skipped) = (0, 0);
            loop {
                let mut taken = Taken::new(&self.shared);
                let buffer = &mut taken.buffer;
                let other =
                    replies::hand_over_shared(&*self.shared, peer, buffer, &mut count, &mut each);
                drop(taken);
                let handed_over = self.shared.poll_receiver(cx, |driver, wakers| {
                    driver.poll_handed_over(wakers, other, count, &mut skipped)
                });
                if let Some(more) = ready!(handed_over)? {
                    return Poll::Ready(Ok(more));
                }
            }
        })
        .await
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

    /// The state of the connection.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.lock().session.state()
    }

    /// How the connection was closed, once it is.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.shared.lock().session.closed().cloned()
    }

    /// Round-trip time of the latest ping that was answered.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.shared.lock().session.round_trip()
    }
}

/// The read buffer, while messages in it are handed over with the driver unlocked.
struct Taken<'a, S, C> {
    shared: &'a Shared<S, C>,
    buffer: ReadBuffer,
}

impl<'a, S: Stream, C: Clock> Taken<'a, S, C> {
    fn new(shared: &'a Shared<S, C>) -> Self {
        Self { shared, buffer: std::mem::take(&mut shared.lock().read_buffer) }
    }
}

impl<S, C> Drop for Taken<'_, S, C> {
    fn drop(&mut self) {
        self.shared.lock().read_buffer = std::mem::take(&mut self.buffer);
    }
}

impl<S: Stream, C: Clock> Driver<S, C> {
    /// Makes room for the answers of `recv_with`, as the overflow policy says.
    pub(super) fn poll_room_for_replies(
        &mut self,
        wakers: Wakers<'_>,
    ) -> Poll<Result<PeerReads, Error>> {
        if !self.needs_room() {
            return Poll::Ready(Ok(PeerReads::Yes));
        }
        match self.poll_room(wakers) {
            Poll::Pending if self.session.backpressure().overflow == Overflow::Wait => {
                let Self { session, alarm, .. } = self;
                let late = ready!(alarm.poll_session(wakers.read, session, None, false));
                late.map_err(|error| Error::from(error).for_room())?;
                wakers.read.wake_by_ref();
                Poll::Pending
            }
            Poll::Pending => Poll::Ready(Ok(PeerReads::NotYet)),
            Poll::Ready(Ok(())) => Poll::Ready(Ok(PeerReads::Yes)),
            Poll::Ready(Err(_)) => Poll::Ready(Ok(PeerReads::NoMore)),
        }
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
