//! `recv_with`: all messages that one read brought, handed over in the read buffer, and answered in
//! one write.

use std::future::poll_fn;
use std::mem;
use std::task::{Poll, ready};

use super::driver::Driver;
use super::io::{Clock, Stream};
use super::receiver::Receiver;
use super::shared::Shared;
use super::wait::Wakers;
use super::websocket::WebSocket;
use crate::adapter::Error;
use crate::adapter::attempts::needs_room;
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::replies::{self, PeerReads, Replies};
use crate::message::MessageRef;
use crate::session::Overflow;

impl<S: Stream, C: Clock> WebSocket<S, C> {
    /// Waits for messages, and hands those that have arrived to `each`, one after the other, in the
    /// read buffer: nothing is copied but messages that have to be joined. This is the fastest way
    /// to answer every message, or to look at many and keep few. Returns `false` after a clean
    /// closing handshake.
    ///
    /// Pings, pongs and chunks are skipped, as by [`recv`](Self::recv).
    ///
    /// Answers are written as [fed](Self::feed) messages are. When
    /// [`high_water_mark`](crate::Backpressure::high_water_mark) bytes of them are buffered, the
    /// other messages are left to the next call, which waits for room first if the overflow policy
    /// is to wait.
    ///
    /// ```
    /// # #[cfg(all(feature = "tokio", feature = "testing"))] {
    /// # use sansocket::testing::{Chunking, pair};
    /// # use sansocket::{ClientRequest, tokio as ws};
    /// # let runtime =
    /// #     ::tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    /// # runtime.block_on(async {
    /// # let (client, server) = pair(Chunking::Whole);
    /// # let request = ClientRequest::new("ws://test/").unwrap();
    /// # let connecting =
    /// #     ::tokio::spawn(async move { ws::connect_with_stream(client, &request).await });
    /// # let mut socket = ws::accept(server).await?;
    /// # let mut client = connecting.await.unwrap()?.0;
    /// # client.send("hello").await?;
    /// # client.start_close(sansocket::CloseCode::NORMAL, "").await?;
    /// let mut bytes = 0;
    /// while socket
    ///     .recv_with(|message, replies| {
    ///         bytes += message.as_bytes().len();
    ///         replies.send(message)
    ///     })
    ///     .await?
    /// {}
    /// assert_eq!(bytes, 5);
    /// # Ok::<(), sansocket::Error>(())
    /// # }).unwrap();
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it returns as soon as a message was handed over.
    ///
    /// # Errors
    ///
    /// The error of `each`; the next call continues with the next message. [`Error::TimedOut`] if
    /// the peer does not read; while this waits for room, it does not see a Close frame. Else as
    /// [`recv`](Self::recv): if the stream can't be written any more, it is still read to its end.
    pub async fn recv_with(
        &mut self,
        mut each: impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        poll_fn(|cx| {
            let driver = &mut self.inner.driver;
            let peer = ready!(driver.poll_room_for_replies(cx.waker().into()))?;
            driver.poll_with(cx.waker().into(), peer, &mut each)
        })
        .await
    }
}

impl<S: Stream, C: Clock> Receiver<S, C> {
    /// Hands over the messages that have arrived, without a copy; see [`WebSocket::recv_with`]. The
    /// senders can be used in `each`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it returns as soon as a message was handed over.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv_with`].
    pub async fn recv_with(
        &mut self,
        mut each: impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        poll_fn(|cx| {
            let peer = ready!(self.shared.poll_receiver(cx, Driver::poll_room_for_replies))?;
            let (mut count, mut skipped) = (0, 0);
            loop {
                let mut taken = Taken::new(&self.shared);
                let buffer = &mut taken.buffer;
                let other =
                    replies::hand_over_shared(&*self.shared, peer, buffer, &mut count, &mut each);
                drop(taken);
                let handed_over = self.shared.poll_receiver(cx, |driver, wakers| {
                    driver.poll_handed_over(wakers, other, count, &mut skipped)
                });
                if let Some(more) = ready!(handed_over)? {
                    return Poll::Ready(Ok(more));
                }
            }
        })
        .await
    }
}

/// The read buffer, while messages in it are handed over with the driver unlocked.
struct Taken<'a, S, C> {
    shared: &'a Shared<S, C>,
    buffer: ReadBuffer,
}

impl<'a, S: Stream, C: Clock> Taken<'a, S, C> {
    fn new(shared: &'a Shared<S, C>) -> Self {
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
                wakers.read.wake_by_ref();
                Poll::Pending
            }
            Poll::Pending => Poll::Ready(Ok(PeerReads::NotYet)),
            Poll::Ready(Ok(())) => Poll::Ready(Ok(PeerReads::Yes)),
            Poll::Ready(Err(_)) => Poll::Ready(Ok(PeerReads::NoMore)),
        }
    }
}
