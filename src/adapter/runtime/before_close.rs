//! The yields of a `Stream` before it takes the peer's Close, so that answers to earlier messages
//! are sent before our Close: RFC 6455 §5.5.1.

use std::task::{Poll, ready};

use super::driver::Driver;
use super::io::{Clock, Stream};
use super::wait::Wakers;
use crate::adapter::Error;
use crate::connection::Event;

/// How often a `Stream` yields before it takes the peer's Close, since a message was last queued. A
/// combinator may send a message that it kept back at the first yield, and flush at the second.
const MAX_YIELDS: u8 = 2;

/// How often the `Stream` has yielded.
#[derive(Default)]
pub(super) struct Yields {
    /// The position in the output behind the last queued message.
    queued: u64,
    count: u8,
}

impl<S: Stream, C: Clock> Driver<S, C> {
    /// As [`poll_event`](Self::poll_event), for a `Stream` of events.
    pub(super) fn poll_event_before_close(
        &mut self,
        wakers: Wakers<'_>,
        yields: &mut Yields,
    ) -> Poll<Result<Option<Event>, Error>> {
        loop {
            ready!(self.poll_before_close(wakers, yields));
            if let Some(event) = self.next_event() {
                self.flush_replies(wakers);
                return Poll::Ready(Ok(Some(event)));
            }
            if !ready!(self.poll_more(wakers))? {
                return Poll::Ready(Ok(None));
            }
        }
    }

    /// Lets the task answer earlier messages before the peer's Close is answered: the half of
    /// `StreamExt::split` keeps a message back until there is room, or a flush, and `buffered`
    /// several.
    ///
    /// RFC 6455 §5.5.1: "An endpoint MAY delay sending a Close frame until its current message is
    /// sent"
    pub(super) fn poll_before_close(
        &mut self,
        wakers: Wakers<'_>,
        yields: &mut Yields,
    ) -> Poll<()> {
        if !self.session.connection.next_is_close(self.read_buffer.bytes()) {
            return Poll::Ready(());
        }
        // If the peer does not read in time, nothing more is sent.
        let end = self.session.close_arrived(self.alarm.now());
        if self.poll_room_as_policy_says(wakers).is_pending() {
            let Some(end) = end else { return Poll::Pending };
            let _ = ready!(self.alarm.poll_until(wakers.read, end));
        }
        let queued = self.session.queued_position();
        if yields.queued != queued {
            *yields = Yields { queued, count: 0 };
        }
        if yields.count == MAX_YIELDS {
            return Poll::Ready(());
        }
        yields.count += 1;
        wakers.task.wake_by_ref();
        Poll::Pending
    }
}
