//! The half of a connection that receives.

use std::fmt;
use std::string::ToString;
use std::sync::Arc;
use std::time::Duration;

use super::handle::Handle;
use super::io::{AT_ONCE, ReadHalf};
use super::messages::messages;
use super::receive::Receive;
use super::shared::SharedCore;
use super::stream::Stream;
use crate::adapter::Error;
use crate::adapter::accessors::accessors;
use crate::adapter::hand_over::{Each, HandedOver, hand_over_shared};
use crate::adapter::receiving::receiving;
use crate::adapter::replies::{PeerReads, Replies};
use crate::connection::{Closed, Event, EventRef};
use crate::message::{CloseCode, CloseFrame, Message, MessageRef};
use crate::session::Session;

/// The half that receives.
///
/// Dropping it ends the stream, as dropping a connection that is not split does: the peer sees code
/// 1006, and senders that wait fail. A connection that only sends needs a thread that calls
/// [`until_closed`](Self::until_closed).
pub struct Receiver<S, W> {
    pub(super) guard: ReceiverGuard<W>,
    pub(super) incoming: ReadHalf<S>,
}

/// Ends the connection when it is dropped.
pub(super) struct ReceiverGuard<W> {
    pub(super) shared: Arc<SharedCore<W>>,
    /// A function, so that the type has no bounds; `None` while the halves are joined.
    pub(super) on_drop: Option<fn(&SharedCore<W>)>,
}

impl<W: Stream> ReceiverGuard<W> {
    pub(super) fn new(shared: Arc<SharedCore<W>>) -> Self {
        let on_drop = |shared: &SharedCore<W>| {
            // What was fed is written as far as the stream accepts it.
            let _ = shared.write_all(AT_ONCE);
            shared.abort();
        };
        Self { shared, on_drop: Some(on_drop) }
    }
}

impl<W> Drop for ReceiverGuard<W> {
    fn drop(&mut self) {
        if let Some(on_drop) = self.on_drop {
            on_drop(&self.shared);
        }
    }
}

impl<S: Stream, W: Stream> Receiver<S, W> {
    receiving! { blocking self
        recv: Receive::recv(self, None),
        recv_event: Receive::recv_event(self),
        recv_with(each): Receive::recv_with(self, &mut each),
        until_closed: Receive::until_closed(self),
        close(frame): self.shared().with(|session| session.connection.close(frame)),
    }

    /// Receives the next message, and waits for it no longer than this; see
    /// [`WebSocket::recv_timeout`](super::WebSocket::recv_timeout).
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv_timeout`](super::WebSocket::recv_timeout).
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Option<Message>, Error> {
        Receive::recv(self, Some(timeout))
    }

    /// As [`WebSocket::messages`](super::WebSocket::messages).
    pub fn messages(&mut self) -> impl Iterator<Item = Result<Message, Error>> + use<'_, S, W> {
        messages(self)
    }

    accessors!(half);

    fn shared(&self) -> &SharedCore<W> {
        &self.guard.shared
    }
}

impl<S: Stream, W: Stream> Receive for Receiver<S, W> {
    type Reader = S;
    type Writer = W;

    fn handle(&mut self) -> Handle<'_, W> {
        Handle::Shared(&self.guard.shared)
    }

    fn incoming(&mut self) -> &mut ReadHalf<S> {
        &mut self.incoming
    }

    fn receive<T>(&mut self, receive: impl FnOnce(&mut Session, &mut ReadHalf<S>) -> T) -> T {
        let Self { guard, incoming } = self;
        guard.shared.with(|session| receive(session, incoming))
    }

    fn hand_over(
        &mut self,
        peer: PeerReads,
        done: &mut HandedOver,
        each: &mut impl Each,
    ) -> Result<Option<Event>, Error> {
        let Self { guard, incoming } = self;
        hand_over_shared(&*guard.shared, peer, &mut incoming.buffer, done, each)
    }

    fn hand_over_other(
        &mut self,
        peer: PeerReads,
        event: Event,
        each: &mut impl Each,
    ) -> Result<(), Error> {
        each.other(event, &mut Replies::shared(&*self.guard.shared, peer))
    }
}

impl<S, W> fmt::Debug for Receiver<S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
