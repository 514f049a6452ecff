//! A wait for the moment from which on nothing can be sent, of a task that has nothing to send.

use std::task::{Context, Poll};

use super::io::{Clock, Stream};
use super::sender::Sender;
use crate::adapter::waiters::Waiters;
use crate::connection::State;

/// Ready when the connection is closing or has ended.
pub(crate) struct Closing<'a> {
    waiters: &'a Waiters,
    was_open: bool,
    ticket: u64,
}

impl<S: Stream, C: Clock> Sender<S, C> {
    pub(crate) fn closing(&self) -> Closing<'_> {
        let was_open = self.state() == State::Open;
        Closing { waiters: &self.shared.waiters, was_open, ticket: 0 }
    }
}

impl Closing<'_> {
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.was_open {
            return Poll::Ready(());
        }
        self.waiters.poll_closing(&mut self.ticket, cx.waker()).0
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        drop(self.waiters.leave_closing(self.ticket));
    }
}
