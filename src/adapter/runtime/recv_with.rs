//! `recv_with`: all messages that one read brought, handed over in the read buffer, and answered in
//! one write.

use std::future::poll_fn;
use std::mem;
use std::task::{Poll, ready};

use super::driver::Driver;
use super::io::{Clock, Stream};
use super::shared::SharedDriver;
use super::wait::Wakers;
use crate::adapter::Error;
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::replies::{self, PeerReads, Replies};
use crate::message::MessageRef;
use crate::session::{Overflow, needs_room};

/// `recv_with` of the half that receives. The driver is unlocked while messages are handed over.
pub(super) async fn recv_with<S: Stream, C: Clock>(
    shared: &SharedDriver<S, C>,
    each: &mut impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
) -> Result<bool, Error> {
    poll_fn(|cx| {
        let peer = ready!(shared.poll_receiver(cx, Driver::poll_room_for_replies))?;
        let (mut count, mut skipped) = (0, 0);
        loop {
            let mut taken = Taken::new(shared);
            let other =
                replies::hand_over_shared(shared, peer, &mut taken.buffer, &mut count, each);
            drop(taken);
            let handed_over = shared.poll_receiver(cx, |driver, wakers| {
                driver.poll_handed_over(wakers, other, count, &mut skipped)
            });
            if let Some(more) = ready!(handed_over)? {
                return Poll::Ready(Ok(more));
            }
        }
    })
    .await
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
    /// Makes room for the answers of `recv_with`, as the overflow policy says.
    pub(super) fn poll_room_for_replies(
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
                late.map_err(|error| Error::from(error).for_room())?;
                wakers.task.wake_by_ref();
                Poll::Pending
            }
            Poll::Pending => Poll::Ready(Ok(PeerReads::NotYet)),
            Poll::Ready(Ok(())) => Poll::Ready(Ok(PeerReads::Yes)),
            Poll::Ready(Err(_)) => Poll::Ready(Ok(PeerReads::NoMore)),
        }
    }
}
