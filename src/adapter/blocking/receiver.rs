//! The half of a connection that receives.

use std::fmt;
use std::net::Shutdown;
use std::string::ToString;
use std::sync::Arc;
use std::time::Duration;

use super::driver::Driver;
use super::handle::Handle;
use super::io::Io;
use super::receive::{Incoming, Receive};
use super::sender::Sender;
use super::shared::{Abort, Shared};
use super::stream::Stream;
use super::websocket::WebSocket;
use crate::adapter::Error;
use crate::adapter::replies::{self, PeerReads, Replies};
use crate::connection::{Closed, Event, State};
use crate::message::{CloseCode, CloseFrame, Message, MessageRef};
use crate::session::Session;

/// Splits a connection; what is written goes to `writer`.
pub(super) fn split<S: Stream, W: Stream>(
    driver: Driver<S>,
    writer: W,
    abort: Abort,
) -> Result<(Sender<W>, Receiver<S, W>), Error> {
    let Driver { session, mut incoming } = driver;
    let outgoing = Io::new(writer, incoming.io.epoch())?;
    incoming.io.forget_timeouts();
    let shared = Arc::new(Shared::new(session, outgoing, abort));
    Ok((Sender::new(Arc::clone(&shared)), Receiver { presence: Presence(shared), incoming }))
}

/// The half that receives. If it is dropped, nobody reads the stream: see
/// [`Sender::receiver_dropped`].
pub struct Receiver<S, W> {
    presence: Presence<W>,
    incoming: Incoming<S>,
}

/// Notifies the senders when it is dropped.
struct Presence<W>(Arc<Shared<W>>);

impl<W> Drop for Presence<W> {
    fn drop(&mut self) {
        self.0.change(|core| core.receiver_dropped = true);
    }
}

impl<S: Stream, W: Stream> Receiver<S, W> {
    /// Receives the next message; see [`WebSocket::recv`]. It answers pings, and before it waits,
    /// it writes what the senders have fed.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    pub fn recv(&mut self) -> Result<Option<Message>, Error> {
        Receive::recv(self, None)
    }

    /// Receives the next message, and waits for it no longer than this; see
    /// [`WebSocket::recv_timeout`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv_timeout`].
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Option<Message>, Error> {
        Receive::recv(self, Some(timeout))
    }

    /// As [`recv`](Self::recv), but returns pings, pongs and chunks too.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        Receive::recv_event(self)
    }

    /// Hands over the messages that have arrived, without a copy; see [`WebSocket::recv_with`]. The
    /// senders can be used in `each`.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv_with`].
    pub fn recv_with(
        &mut self,
        each: impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        Receive::recv_with(self, each)
    }

    /// Closes the connection: sends a Close frame, waits for the peer's, and returns how the
    /// connection was closed; see [`WebSocket::close`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::close`].
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        let frame = CloseFrame::new(code, reason.to_string())?;
        self.shared().with(|session| session.connection.close(frame));
        self.until_closed()
    }

    /// The state of the connection.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared().lock().session.state()
    }

    /// How the connection was closed, once it is.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.shared().lock().session.closed().cloned()
    }

    /// Round-trip time of the latest ping that was answered: a keep-alive ping, or one that a
    /// sender asked for.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.shared().lock().session.round_trip()
    }

    /// Joins the halves.
    ///
    /// # Errors
    ///
    /// Returns both halves if they belong to different connections, or if another clone of the
    /// sender exists.
    #[expect(clippy::result_large_err, reason = "nothing is lost: both halves are returned")]
    pub fn reunite(self, sender: Sender<W>) -> Result<WebSocket<S>, (Self, Sender<W>)> {
        let shared = Arc::clone(&self.presence.0);
        // The receiver's, the sender's, and this one.
        if !Arc::ptr_eq(&shared, &sender.shared) || Arc::strong_count(&shared) != 3 {
            return Err((self, sender));
        }
        let Self { presence, mut incoming } = self;
        drop((presence, sender));
        match Arc::try_unwrap(shared) {
            Ok(shared) => {
                incoming.io.forget_timeouts();
                let driver = Driver { session: shared.into_session(), incoming };
                Ok(WebSocket { driver })
            }
            // Only this sender existed, so no clone of it can have been made meanwhile.
            Err(shared) => {
                let sender = Sender::new(Arc::clone(&shared));
                Err((Self { presence: Presence(shared), incoming }, sender))
            }
        }
    }

    fn shared(&self) -> &Shared<W> {
        &self.presence.0
    }
}

impl<S: Stream, W: Stream> Receive for Receiver<S, W> {
    type Incoming = S;
    type Outgoing = W;

    fn handle(&mut self) -> Handle<'_, W> {
        Handle::Shared(&self.presence.0)
    }

    fn incoming(&mut self) -> &mut Incoming<S> {
        &mut self.incoming
    }

    fn receive<T>(&mut self, receive: impl FnOnce(&mut Session, &mut Incoming<S>) -> T) -> T {
        let Self { presence, incoming } = self;
        presence.0.with(|session| receive(session, incoming))
    }

    fn hand_over(
        &mut self,
        peer: PeerReads,
        count: &mut usize,
        each: &mut impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Result<Option<Event>, Error> {
        let Self { presence, incoming } = self;
        replies::hand_over_shared(&*presence.0, peer, &mut incoming.buffer, count, each)
    }

    fn state_poll_interval(&self) -> Option<Duration> {
        self.shared().lock().session.state_poll_interval()
    }

    fn pause(&mut self, until: Duration) {
        self.shared().pause(until);
    }

    fn close_stream(&mut self) {
        // A sender may be blocked in a write.
        (self.shared().abort_stream)();
        self.incoming.io.shut_down(Shutdown::Both);
    }
}

impl<S, W> fmt::Debug for Receiver<S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
