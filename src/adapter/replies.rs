//! Messages that are looked at where they lie, and answered at once: what `recv_with` does in every
//! adapter.

#[cfg(doc)]
use super::Overflow;
use super::window::{self, Window};
use super::{Backpressure, Error};
use crate::connection::{Connection, Event, EventRef};
use crate::message::MessageRef;

/// Where messages are answered that lie where they were received; see `recv_with` of
/// [`blocking`](crate::blocking::WebSocket::recv_with) and of the other adapters.
#[derive(Debug)]
pub struct Replies<'a> {
    connection: &'a mut Connection,
    backpressure: Backpressure,
    dropped: &'a mut u64,
    peer: Peer,
}

/// What the peer did with what was answered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// It took it, or there was little.
    Reads,
    /// It did not take it, and the application chose not to wait.
    Stuck,
    /// It takes nothing any more.
    Lost,
}

impl<'a> Replies<'a> {
    pub(super) fn new(
        connection: &'a mut Connection,
        backpressure: Backpressure,
        dropped: &'a mut u64,
        peer: Peer,
    ) -> Self {
        Self { connection, backpressure, dropped, peer }
    }

    /// Queues a copy of a message, to be written with what else is answered. What was joined is
    /// queued as it is.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] once either side has begun to close, [`Error::ConnectionLost`] once the
    /// stream takes nothing any more. If the peer did not take what was answered before, what
    /// [`Overflow`] says: [`Error::Full`], for example.
    #[inline]
    pub fn send<'m>(&mut self, message: impl Into<MessageRef<'m>>) -> Result<(), Error> {
        // No block is lent for what can't be sent.
        self.connection.check_sendable()?;
        match self.peer {
            Peer::Stuck if self.backpressure.is_full(self.connection.buffered_amount()) => {
                return self.backpressure.refuse(self.connection, self.dropped);
            }
            Peer::Lost => return Err(Error::ConnectionLost),
            Peer::Reads | Peer::Stuck => {}
        }
        self.connection.set_output_buffer(window::output_block);
        Ok(self.connection.send_ref(message)?)
    }

    /// Hands over the messages that are there, until so much is answered that it is to be written
    /// first; counts them. Gives what comes next, if that is not a message.
    pub(super) fn hand_over(
        &mut self,
        unread: &mut Window,
        count: &mut usize,
        each: &mut impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Result<Option<Event>, Error> {
        if unread.is_empty() && self.connection.needs_input() {
            return Ok(None);
        }
        let bound = self.backpressure.bound();
        unread.take(|received| {
            loop {
                match self.connection.receive_from(received) {
                    Some(EventRef::Message(message)) => {
                        *count += 1;
                        each(message, self)?;
                    }
                    other => return Ok(other.map(Event::from)),
                }
                if self.connection.buffered_amount() >= bound {
                    return Ok(None);
                }
            }
        })
    }
}
