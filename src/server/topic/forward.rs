//! The loop that sends the messages of a topic on a connection.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::vec::Vec;

use super::lag::Ended;
use super::subscription::Subscription;
use crate::adapter::Error;
use crate::adapter::runtime::{BatchSender, Clock, Sender, Stream};
use crate::connection::SendError;
use crate::message::Prepared;

/// The messages that were taken. One message, the most frequent batch, needs no allocation.
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
    /// Sends the published messages: queues all new ones, and writes them together. Returns when
    /// all messages of a topic that has ended are written. Run it in another task than the one that
    /// receives.
    ///
    /// With [`Lag::Close`](super::Lag::Close), `forward` starts the closing handshake when the
    /// subscriber has lagged, also while it waits for the peer to read. Bytes that are queued
    /// already are bounded by [`Backpressure`](crate::Backpressure), not by the topic.
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
    pub async fn forward<S: Stream, C: Clock>(self, sender: &Sender<S, C>) -> Result<(), Error> {
        let mut forwarding = Forwarding { subscription: self, sender: BatchSender::new(sender) };
        poll_fn(|cx| forwarding.poll(cx)).await
    }
}

/// A subscription and its connection. Little is kept between two polls: a thousand subscribers are
/// polled in turn, and each cache line of theirs has to be fetched.
struct Forwarding<'a, S, C> {
    subscription: Subscription,
    sender: BatchSender<'a, S, C>,
}

impl<S: Stream, C: Clock> Forwarding<'_, S, C> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Poll::Ready(sent) = self.sender.poll_ready(cx) else { return self.poll_end_lag(cx) };
        sent?;
        // Registers the task for later messages, whether or not there are any now.
        let mut batch = Batch::default();
        match self.subscription.poll_take(cx, &mut batch) {
            Poll::Ready(Err(Ended::Topic)) => return Poll::Ready(Ok(())),
            Poll::Ready(Err(Ended::Lagged)) => return self.poll_end_lag(cx),
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        if let Some(first) = batch.first {
            let Poll::Ready(sent) = self.sender.poll_send(cx, first, batch.rest) else {
                return self.poll_end_lag(cx);
            };
            sent?;
        }
        ready!(self.sender.poll_closing(cx));
        Poll::Ready(Err(SendError::NotOpen.into()))
    }

    /// Waits until the subscriber has lagged, and starts to close its connection.
    fn poll_end_lag(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.subscription.poll_lagged(cx).map(|code| {
            self.sender.close(code);
            Err(Error::Full)
        })
    }
}
