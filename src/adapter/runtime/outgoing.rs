//! When a message is queued, and when its `send` is complete.
//!
//! These are attempts of one sender among others, and leave what it still needs.

use std::task::{Poll, ready};

use super::attempt::{Attempt, Sending, Wakers};
use super::driver::Driver;
use super::io::{Clock, Stream};
use crate::adapter::Error;
use crate::adapter::output;
use crate::adapter::waiters::Need;
use crate::connection::SendError;
use crate::message::{Message, Outgoing};
use crate::session::{Admit, FragmentedMessage, TrySendError};

impl<S: Stream, C: Clock> Driver<S, C> {
    /// Queues a message, then writes it.
    pub(super) fn poll_send(
        &mut self,
        attempt: Attempt<'_>,
        sending: &mut Sending,
    ) -> Poll<Result<(), Error>> {
        if sending.is_unsent() {
            *attempt.need = Need::Message;
            ready!(self.poll_queue(&attempt, &mut sending.message))?;
            if !sending.write || (self.session.may_cork() && self.has_message()) {
                return Poll::Ready(Ok(()));
            }
            *attempt.need = Need::Flushed(self.session.queued_position());
        }
        let Need::Flushed(position) = *attempt.need else { return Poll::Ready(Ok(())) };
        match self.poll_flush_to(attempt.wakers, position) {
            // As much as the stream accepts at once, if the overflow policy is not to wait.
            Poll::Pending if !self.session.send_waits() => Poll::Ready(Ok(())),
            flushed => flushed,
        }
    }

    /// Queues a message, as the overflow policy says.
    fn poll_queue(
        &mut self,
        attempt: &Attempt<'_>,
        message: &mut Option<Outgoing>,
    ) -> Poll<Result<(), Error>> {
        match self.session.admit_message()? {
            Admit::Locked => return Poll::Pending,
            _ if !attempt.is_first => return Poll::Pending,
            Admit::Now => {}
            Admit::WaitForRoom => ready!(self.poll_room(attempt.wakers))?,
            Admit::WriteOrRefuse => {
                // The next flush returns the error again.
                let _ = self.poll_flush(attempt.wakers);
                if self.session.is_full() {
                    *message = None;
                    return Poll::Ready(Ok(self.session.refuse()?));
                }
            }
        }
        let message = message.take().expect("a future is not polled after it is complete");
        Poll::Ready(Ok(self.queue(message)?))
    }

    /// Queues a message in the thread's block, if the output has none.
    fn queue(&mut self, message: impl Into<Outgoing>) -> Result<(), SendError> {
        self.session.connection.set_output_buffer(output::take_block);
        self.session.connection.send(message)
    }

    /// Queues a message if there is room now.
    pub(super) fn try_send(&mut self, message: Outgoing) -> Result<(), TrySendError> {
        self.session.connection.set_output_buffer(output::take_block);
        self.session.try_send(message)
    }

    /// Queues a message that has a permit, which is used up.
    pub(super) fn send_permitted(&mut self, message: Outgoing) -> Result<(), TrySendError> {
        self.session.remove_permit();
        self.session.connection.set_output_buffer(output::take_block);
        self.session.queue_promised(message)
    }

    /// Waits for room for a message, and grants a permit.
    pub(super) fn poll_permit(&mut self, attempt: &Attempt<'_>) -> Poll<Result<(), Error>> {
        match self.session.admit_permit()? {
            Admit::Locked => return Poll::Pending,
            _ if !attempt.may_have_permit => return Poll::Pending,
            Admit::WaitForRoom => ready!(self.poll_room(attempt.wakers))?,
            _ => {}
        }
        self.session.add_permit();
        Poll::Ready(Ok(()))
    }

    /// Waits until no other sender may send, and locks them out.
    pub(super) fn poll_lock(&mut self, attempt: &Attempt<'_>) -> Poll<Result<(), Error>> {
        if self.session.admit_writer()? == Admit::Locked || !attempt.is_first {
            return Poll::Pending;
        }
        self.session.lock();
        Poll::Ready(Ok(()))
    }

    /// Waits until a sink may take a message: with a policy that does not wait for room, for the
    /// lock alone.
    pub(super) fn poll_sink(&mut self, attempt: &Attempt<'_>) -> Poll<Result<(), Error>> {
        match self.session.admit_message()? {
            Admit::Locked => return Poll::Pending,
            _ if !attempt.may_have_permit => return Poll::Pending,
            Admit::Now => {}
            Admit::WaitForRoom => ready!(self.poll_room(attempt.wakers))?,
            // The next flush returns the error again.
            Admit::WriteOrRefuse => drop(self.poll_flush(attempt.wakers)),
        }
        Poll::Ready(Ok(()))
    }

    /// Takes the message that a sink is given, or applies the overflow policy to it.
    pub(super) fn send_to_sink(&mut self, message: Message) -> Result<(), Error> {
        if !self.session.send_waits() && self.session.is_full() {
            return Ok(self.session.refuse()?);
        }
        // No block is borrowed for a message that can't be sent.
        self.session.connection.check_sendable()?;
        Ok(self.queue(message)?)
    }

    /// Queues the fragments of a message that has the lock, as there is room for them.
    pub(super) fn poll_fragments(
        &mut self,
        attempt: Attempt<'_>,
        message: &mut FragmentedMessage,
        finish: bool,
    ) -> Poll<Result<(), Error>> {
        *attempt.need = Need::Fragment;
        message.check()?;
        loop {
            if self.needs_room() {
                ready!(self.poll_room(attempt.wakers))?;
            }
            if message.queue_next(&mut self.session, finish)? {
                *attempt.need = Need::Flushed(self.session.queued_position());
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Writes until the output is below the high-water mark.
    pub(super) fn poll_room(&mut self, wakers: Wakers<'_>) -> Poll<Result<(), Error>> {
        if !self.session.is_above_high_water_mark() {
            return Poll::Ready(Ok(()));
        }
        match self.poll_flush(wakers) {
            Poll::Pending if !self.session.is_above_high_water_mark() => Poll::Ready(Ok(())),
            flushed => flushed,
        }
    }
}
