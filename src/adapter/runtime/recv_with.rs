//! `recv_with` and `recv_event_with`: hand over all events of one read, in the read buffer, and
//! send the answers in one write.

use std::future::poll_fn;
use std::mem;
use std::task::{Poll, ready};

use super::driver::{Driver, MAX_CONTROL_EVENTS};
use super::io::{Clock, Stream};
use super::shared::SharedDriver;
use super::wait::Wakers;
use crate::adapter::Error;
use crate::adapter::hand_over::{Each, HandedOver, hand_over, hand_over_shared};
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::replies::{PeerReads, Replies};
use crate::connection::Event;
use crate::session::{Overflow, needs_room};

/// `recv_with` of the half that receives. The driver is unlocked while events are handed over.
pub(super) async fn recv_with<S: Stream, C: Clock, E: Each>(
    shared: &SharedDriver<S, C>,
    each: &mut E,
) -> Result<bool, Error> {
    poll_fn(|cx| {
        let peer = ready!(shared.poll_receiver(cx, Driver::poll_room_for_replies))?;
        let (mut done, mut skipped) = (HandedOver::default(), 0);
        loop {
            let mut taken = Taken::new(shared);
            let other = hand_over_shared(shared, peer, &mut taken.buffer, &mut done, each);
            drop(taken);
            let next = shared.poll_receiver(cx, |driver, wakers| {
                driver.poll_handed_over::<E>(wakers, other, &done, &mut skipped)
            });
            match ready!(next)? {
                After::Continue => {}
                After::Event(event) => {
                    done.others += 1;
                    each.other(event, &mut Replies::shared(shared, peer))?;
                }
                After::Return(more) => return Poll::Ready(Ok(more)),
            }
        }
    })
    .await
}

/// The next step after messages were handed over.
enum After {
    /// Hand over more events.
    Continue,
    /// Hand this event over, which followed in place of a message.
    Event(Event),
    /// Return whether the connection is open.
    Return(bool),
}

/// The read buffer, while messages in it are handed over with the driver unlocked.
struct Taken<'a, S, C> {
    shared: &'a SharedDriver<S, C>,
    buffer: ReadBuffer,
}

impl<'a, S: Stream, C: Clock> Taken<'a, S, C> {
    fn new(shared: &'a SharedDriver<S, C>) -> Self {
        Self { shared, buffer: mem::take(&mut shared.lock().read_buffer) }
    }
}

impl<S, C> Drop for Taken<'_, S, C> {
    fn drop(&mut self) {
        self.shared.lock().read_buffer = mem::take(&mut self.buffer);
    }
}

impl<S: Stream, C: Clock> Driver<S, C> {
    /// Hands over the received events, at least one; `false` after a clean end.
    pub(super) fn poll_with<E: Each>(
        &mut self,
        wakers: Wakers<'_>,
        peer: PeerReads,
        each: &mut E,
    ) -> Poll<Result<bool, Error>> {
        let (mut done, mut skipped) = (HandedOver::default(), 0);
        loop {
            let Self { session, read_buffer, .. } = self;
            let other = hand_over(session, peer, read_buffer, &mut done, each);
            match ready!(self.poll_handed_over::<E>(wakers, other, &done, &mut skipped))? {
                After::Continue => {}
                After::Event(event) => {
                    done.others += 1;
                    each.other(event, &mut Replies::own(&mut self.session, peer))?;
                }
                After::Return(more) => return Poll::Ready(Ok(more)),
            }
        }
    }

    /// Continues after messages were handed over, with the event that followed in place of a
    /// message.
    #[inline]
    fn poll_handed_over<E: Each>(
        &mut self,
        wakers: Wakers<'_>,
        other: Result<Option<Event>, Error>,
        done: &HandedOver,
        skipped: &mut usize,
    ) -> Poll<Result<After, Error>> {
        if done.messages > 0 {
            self.session.message_received(|| self.alarm.now());
        }
        match other? {
            Some(Event::Closed(_)) => {}
            Some(event) => {
                self.session.other_received(&event, || self.alarm.now());
                if E::EVENTS {
                    return Poll::Ready(Ok(After::Event(event)));
                }
                Error::skip(&mut self.session, event)?;
                *skipped += 1;
                if *skipped == MAX_CONTROL_EVENTS && !done.is_some() {
                    self.flush_replies(wakers);
                    wakers.task.wake_by_ref();
                    return Poll::Pending;
                }
            }
            None if done.is_some() => {
                self.flush_replies(wakers);
                return Poll::Ready(Ok(After::Return(true)));
            }
            None => {
                let after = |more| if more { After::Continue } else { After::Return(false) };
                return self.poll_more(wakers).map_ok(after);
            }
        }
        Poll::Ready(Ok(After::Continue))
    }

    /// Makes room for the answers of `recv_with`, as the overflow policy says. A Close frame needs
    /// none.
    pub(super) fn poll_room_for_replies(
        &mut self,
        wakers: Wakers<'_>,
    ) -> Poll<Result<PeerReads, Error>> {
        if self.session.connection.next_is_close(self.read_buffer.bytes()) {
            return Poll::Ready(Ok(PeerReads::Yes));
        }
        self.poll_room_as_policy_says(wakers)
    }

    pub(super) fn poll_room_as_policy_says(
        &mut self,
        wakers: Wakers<'_>,
    ) -> Poll<Result<PeerReads, Error>> {
        if !needs_room(&self.session) {
            return Poll::Ready(Ok(PeerReads::Yes));
        }
        match self.poll_room(wakers) {
            Poll::Pending if self.session.backpressure().overflow == Overflow::Wait => {
                let Self { session, alarm, .. } = self;
                let late = ready!(alarm.poll_session(wakers.read, session, None, false));
                late.map_err(Error::for_room)?;
                wakers.task.wake_by_ref();
                Poll::Pending
            }
            Poll::Pending => Poll::Ready(Ok(PeerReads::NotYet)),
            Poll::Ready(Ok(())) => Poll::Ready(Ok(PeerReads::Yes)),
            Poll::Ready(Err(_)) => Poll::Ready(Ok(PeerReads::NoMore)),
        }
    }
}
