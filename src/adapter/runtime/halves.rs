//! A connection in two halves, to send from one task while another receives.
//!
//! Both share the driver behind a mutex that is held only while bytes are processed, never while
//! anybody waits. Whichever half is polled moves whatever can be moved, the other's bytes too.

use std::fmt;
use std::future::poll_fn;
use std::string::ToString;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Wake;
use std::time::Duration;

use super::driver::Driver;
use super::io::{Clock, Stream};
use super::permit::Hold;
use super::sender::Sender;
use super::shared::{Shared, lock};
use super::{Error, WebSocket};
use crate::connection::{Closed, Event, State};
use crate::message::{CloseCode, CloseFrame, Message};

/// Takes a connection apart.
pub(super) fn split<S: Stream, C: Clock + Clone>(
    socket: WebSocket<S, C>,
) -> (Sender<S, C>, Receiver<S, C>) {
    let clock = socket.inner.driver.pipe.clock().clone();
    let shared =
        Arc::new(Shared { driver: Mutex::new(socket.inner.driver), tasks: Arc::default() });
    (Sender::new(Arc::clone(&shared), clock), Receiver { shared, exhausted: false })
}

/// The half that receives. Dropping it leaves the [`Sender`]s alone with a stream that nobody
/// reads.
pub struct Receiver<S: Stream, C: Clock> {
    pub(super) shared: Arc<Shared<S, C>>,
    /// The stream of messages has ended.
    pub(super) exhausted: bool,
}

impl<S: Stream, C: Clock> Receiver<S, C> {
    /// Waits for the next message; see [`WebSocket::recv`]. While it waits, pings are answered, and
    /// what the senders fed is written.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a message is taken when it is given.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
        poll_fn(|cx| self.shared.poll(cx, Driver::poll_recv)).await
    }

    /// As [`recv`](Self::recv), but gives pings and pongs too.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: an event is taken when it is given.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub async fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        poll_fn(|cx| self.shared.poll(cx, Driver::poll_event)).await
    }

    /// Says farewell, waits for the peer's, and tells how the conversation ended; see
    /// [`WebSocket::close`].
    ///
    /// # Cancel safety
    ///
    /// The farewell is queued at the first poll. Calling it again goes on with the same one.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::close`].
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        let frame = CloseFrame::new(code, reason.to_string())?;
        self.shared.at_once(|driver| driver.connection.close(frame));
        poll_fn(|cx| self.shared.poll(cx, Driver::poll_closed)).await
    }

    /// Where the connection is in its life.
    #[must_use]
    pub fn state(&self) -> State {
        lock(&self.shared.driver).connection.state()
    }

    /// How the conversation ended, once it has.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        lock(&self.shared.driver).connection.closed().cloned()
    }

    /// How long the latest answered ping took, there and back.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        lock(&self.shared.driver).pipe.timer.round_trip()
    }

    /// Puts the halves together again.
    ///
    /// # Errors
    ///
    /// Gives both back if the sender is another connection's, or is not the only one.
    pub fn reunite(
        self,
        mut sender: Sender<S, C>,
    ) -> Result<WebSocket<S, C>, (Self, Sender<S, C>)> {
        sender.hold = Hold::default();
        if !Arc::ptr_eq(&self.shared, &sender.shared) || Arc::strong_count(&self.shared) != 2 {
            return Err((self, sender));
        }
        let shared = Arc::clone(&self.shared);
        let clock = sender.clock;
        drop((self, sender.shared));
        match Arc::try_unwrap(shared) {
            Ok(shared) => {
                let mut driver = shared.driver.into_inner().unwrap_or_else(PoisonError::into_inner);
                driver.receiver_dropped = false;
                Ok(WebSocket::with_driver(driver))
            }
            // Nobody can have cloned a sender meanwhile: there was only this one.
            Err(shared) => Err((
                Self { shared: Arc::clone(&shared), exhausted: false },
                Sender::new(shared, clock),
            )),
        }
    }
}

impl<S: Stream, C: Clock> Drop for Receiver<S, C> {
    fn drop(&mut self) {
        // What was corked waited for this half to receive.
        self.shared.at_once(|driver| driver.receiver_dropped = true);
        self.shared.tasks.wake_by_ref();
    }
}

impl<S: Stream, C: Clock> fmt::Debug for Receiver<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
