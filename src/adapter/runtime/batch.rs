//! Batches: the messages of a batch are queued and written together, as one `send`.

use std::boxed::Box;
use std::task::{Context, Poll, ready};
use std::vec::{IntoIter, Vec};

use super::closing::Closing;
use super::io::{Clock, Stream};
use super::sender::Sender;
use super::shared::SharedDriver;
use super::wait::SharedWait;
use crate::adapter::Error;
use crate::connection::State;
use crate::message::{CloseCode, Prepared};
use crate::session::Sending;

/// Sends batches, one after the other. A batch that need not wait stays on the stack: between two
/// batches there is neither a future nor an allocation.
pub(crate) struct BatchSender<'a, S, C> {
    shared: &'a SharedDriver<S, C>,
    closing: Closing<'a>,
    /// The batch that has to wait. If the sender is dropped, the rest of the batch is not sent.
    waiting: Option<Box<Batch<C>>>,
}

/// A batch on its way.
struct Batch<C> {
    wait: SharedWait<C>,
    /// The next message.
    sending: Sending<Prepared>,
    rest: IntoIter<Prepared>,
}

impl<'a, S: Stream, C: Clock> BatchSender<'a, S, C> {
    pub(crate) fn new(sender: &'a Sender<S, C>) -> Self {
        let shared = &*sender.shared;
        let closing = Closing::new(&shared.idle, sender.state() == State::Open);
        Self { shared, closing, waiting: None }
    }

    /// Waits until the batch before is sent, if it has to wait.
    #[inline]
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some(waiting) = &mut self.waiting else { return Poll::Ready(Ok(())) };
        let sent = ready!(waiting.poll(cx, self.shared));
        self.waiting = None;
        Poll::Ready(sent)
    }

    /// Sends a batch, now or when [`poll_ready`](Self::poll_ready) is polled.
    #[inline]
    pub(crate) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        first: Prepared,
        rest: Vec<Prepared>,
    ) -> Poll<Result<(), Error>> {
        let sending = Sending::new(first, false);
        let mut batch = Batch { wait: SharedWait::default(), sending, rest: rest.into_iter() };
        let sent = batch.poll(cx, self.shared);
        if sent.is_pending() {
            self.waiting = Some(Box::new(batch));
        }
        sent
    }

    /// Waits until nothing can be sent any more.
    #[inline]
    pub(crate) fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.closing.poll(cx)
    }

    /// Starts the closing handshake.
    pub(crate) fn close(&self, code: CloseCode) {
        self.shared.act(|driver| driver.session.connection.close(code));
    }
}

impl<C: Clock> Batch<C> {
    #[inline]
    fn poll<S: Stream>(
        &mut self,
        cx: &mut Context<'_>,
        shared: &SharedDriver<S, C>,
    ) -> Poll<Result<(), Error>> {
        let Self { wait, sending, rest } = self;
        let sent = shared.poll_sender(cx, wait, |driver, poll| {
            driver.poll_attempt(poll, |attempt| attempt.send_batch(sending, rest))
        });
        if sending.is_unsent() { sent.map_err(Error::for_room) } else { sent }
    }
}
