//! The loop of a connection that sends what is published.

use std::future::poll_fn;
use std::mem;
use std::pin::pin;
use std::task::{Context, Poll};
use std::vec::Vec;

use super::lag::Ended;
use super::subscription::Subscription;
use crate::adapter::Error;
use crate::adapter::runtime::{Clock, Sender, Stream};
use crate::connection::SendError;
use crate::message::{CloseCode, Prepared};

/// The messages that were taken. One alone, the most frequent batch, needs no memory.
#[derive(Default)]
struct Batch {
    first: Option<Prepared>,
    rest: Vec<Prepared>,
}

impl Extend<Prepared> for Batch {
    fn extend<T: IntoIterator<Item = Prepared>>(&mut self, messages: T) {
        for message in messages {
            match self.first {
                None => self.first = Some(message),
                Some(_) => self.rest.push(message),
            }
        }
    }
}

impl Subscription {
    /// Sends what is published: all messages that are new are queued, and written together. Returns
    /// when all messages of a topic that has ended are written. Run it in a task of its own, beside
    /// the one that receives.
    ///
    /// With [`Lag::Close`](super::Lag::Close) it starts the closing handshake when the subscriber
    /// has lagged, also while it waits for the peer to read. Bytes that are queued already are
    /// bounded by [`Backpressure`](crate::Backpressure), not by the topic.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, messages that were taken and not queued are lost.
    ///
    /// # Errors
    ///
    /// As [`Sender::send`]: [`Error::Send`] once either side has begun to close, whether or not
    /// anything is published; [`Error::ConnectionLost`] if the stream is lost; [`Error::Full`] with
    /// [`Lag::Close`](super::Lag::Close). After [`Error::TimedOut`] the connection stays open.
    pub async fn forward<S: Stream, C: Clock>(
        mut self,
        sender: &Sender<S, C>,
    ) -> Result<(), Error> {
        let mut closing = sender.closing();
        loop {
            // Not kept, so that a subscriber that waits holds no memory.
            let mut batch = Batch::default();
            let taken = poll_fn(|cx| match self.poll_take(cx, &mut batch) {
                Poll::Ready(taken) => Poll::Ready(Ok(taken)),
                Poll::Pending => closing.poll(cx).map(Err),
            });
            match taken.await {
                Ok(Ok(())) => {}
                Ok(Err(Ended::Topic)) => return Ok(()),
                Ok(Err(Ended::Lagged)) => return poll_fn(|cx| self.poll_end_lag(cx, sender)).await,
                Err(()) => return Err(SendError::NotOpen.into()),
            }
            let has_waited = self.send(batch, sender).await?;
            // If it did not wait, the poll that took the batch has registered the task too: what
            // was published since then wakes it, and the topic need not be locked again.
            let mut is_woken = has_waited;
            poll_fn(|cx| match mem::replace(&mut is_woken, true) {
                true => Poll::Ready(()),
                false => closing.poll(cx),
            })
            .await;
        }
    }

    /// Sends the batch, unless the subscriber lags meanwhile. Returns whether it had to wait.
    async fn send<S: Stream, C: Clock>(
        &self,
        batch: Batch,
        sender: &Sender<S, C>,
    ) -> Result<bool, Error> {
        let Some(first) = batch.first else { return Ok(false) };
        let mut has_waited = false;
        let mut sent = pin!(sender.send_batch(first, batch.rest.into_iter()));
        poll_fn(|cx| match sent.as_mut().poll(cx) {
            Poll::Pending => {
                has_waited = true;
                self.poll_end_lag(cx, sender)
            }
            sent => sent,
        })
        .await?;
        Ok(has_waited)
    }

    /// Waits until the subscriber has lagged, and starts to close its connection.
    fn poll_end_lag<S: Stream, C: Clock>(
        &self,
        cx: &mut Context<'_>,
        sender: &Sender<S, C>,
    ) -> Poll<Result<(), Error>> {
        self.poll_lagged(cx).map(|code: CloseCode| {
            sender.try_close_with(code);
            Err(Error::Full)
        })
    }
}
