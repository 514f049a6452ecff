//! Hands over what has arrived where it lies in the read buffer: all that one read brought.

use super::Error;
use super::read_buffer::ReadBuffer;
use super::replies::{PeerReads, Replies, SharedSession};
use crate::connection::{Event, EventRef};
use crate::message::MessageRef;
use crate::session::Session;

/// What the application does with each message, or with each event.
pub(super) trait Each {
    /// Whether other events than messages are handed over. If not, they are skipped.
    const EVENTS: bool;

    fn message(&mut self, message: MessageRef<'_>, replies: &mut Replies<'_>) -> Result<(), Error>;

    fn other(&mut self, event: Event, replies: &mut Replies<'_>) -> Result<(), Error>;
}

/// The function that `recv_with` is given.
pub(super) struct Messages<F>(pub(super) F);

impl<F: FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>> Each for Messages<F> {
    const EVENTS: bool = false;

    #[inline(always)]
    fn message(&mut self, message: MessageRef<'_>, replies: &mut Replies<'_>) -> Result<(), Error> {
        self.0(message, replies)
    }

    fn other(&mut self, _: Event, _: &mut Replies<'_>) -> Result<(), Error> {
        Ok(())
    }
}

/// The function that `recv_event_with` is given.
pub(super) struct Events<F>(pub(super) F);

impl<F: FnMut(EventRef<'_>, &mut Replies<'_>) -> Result<(), Error>> Each for Events<F> {
    const EVENTS: bool = true;

    #[inline(always)]
    fn message(&mut self, message: MessageRef<'_>, replies: &mut Replies<'_>) -> Result<(), Error> {
        self.0(EventRef::Message(message), replies)
    }

    fn other(&mut self, event: Event, replies: &mut Replies<'_>) -> Result<(), Error> {
        self.0(EventRef::Other(event), replies)
    }
}

/// How much a call has handed over.
#[derive(Default)]
pub(super) struct HandedOver {
    pub(super) messages: usize,
    /// Other events.
    pub(super) others: usize,
}

impl HandedOver {
    #[inline(always)]
    pub(super) const fn is_some(&self) -> bool {
        self.messages + self.others > 0
    }
}

/// Hands over the messages that have arrived, until the answers reach the high-water mark, and
/// counts them. Returns the next event, if that is not a message.
pub(super) fn hand_over<E: Each>(
    session: &mut Session,
    peer: PeerReads,
    buffer: &mut ReadBuffer,
    done: &mut HandedOver,
    each: &mut E,
) -> Result<Option<Event>, Error> {
    if buffer.is_empty() && session.connection.needs_input() {
        return Ok(None);
    }
    let limit = session.backpressure().effective_high_water_mark();
    if E::EVENTS && done.is_some() && session.buffered_amount() >= limit {
        return Ok(None);
    }
    buffer.take(|received| {
        loop {
            match session.connection.receive_from(received) {
                Some(EventRef::Message(message)) => {
                    done.messages += 1;
                    each.message(message, &mut Replies::own(session, peer))?;
                }
                other => return Ok(other.map(Event::from)),
            }
            if session.buffered_amount() >= limit {
                return Ok(None);
            }
        }
    })
}

/// As [`hand_over`], with the session of a connection in halves.
pub(super) fn hand_over_shared<E: Each>(
    shared: &dyn SharedSession,
    peer: PeerReads,
    buffer: &mut ReadBuffer,
    done: &mut HandedOver,
    each: &mut E,
) -> Result<Option<Event>, Error> {
    let mut is_full = false;
    buffer.take(|received| {
        while !is_full {
            let mut next = None;
            shared.with(&mut |session| {
                is_full = done.is_some() && session.is_above_high_water_mark();
                let needs_input = received.is_empty() && session.connection.needs_input();
                if !is_full && !needs_input {
                    next = session.connection.receive_from(received);
                }
            });
            match next {
                Some(EventRef::Message(message)) => {
                    done.messages += 1;
                    each.message(message, &mut Replies::shared(shared, peer))?;
                }
                other => return Ok(other.map(Event::from)),
            }
        }
        Ok(None)
    })
}
