//! Messages that are handed over where they lie, and answered at once: all that came with one read,
//! in one go.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use super::WebSocket;
use super::driver::Driver;
use super::io::{Clock, Stream};
use super::outgoing::SendHandle;
use crate::adapter::{Error, Overflow, Peer, Replies};
use crate::connection::State;
use crate::message::MessageRef;

impl<S: Stream, C: Clock> WebSocket<S, C> {
    /// Waits for messages, and hands those that are there to `each`, one after the other, where
    /// they lie: nothing is copied but what has to be joined. That is the fastest way to answer,
    /// and to look at much and keep little. `false` is the end, as `None` is
    /// [`recv`](Self::recv)'s.
    ///
    /// Pings, pongs and parts are passed over, as by [`recv`](Self::recv).
    ///
    /// Answers leave as what is [fed](Self::feed) does. When
    /// [`Backpressure::high_water_mark`](crate::Backpressure::high_water_mark) of them wait, the other
    /// messages are left for the next call, which waits for room first if
    /// [`Overflow`](crate::Overflow) says so.
    ///
    /// ```
    /// # #[cfg(all(feature = "tokio", feature = "testing"))] {
    /// # use sansocket::testing::{Chunking, pair};
    /// # use sansocket::{ClientRequest, tokio as ws};
    /// # ::tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// # let (client, server) = pair(Chunking::Whole);
    /// # let request = ClientRequest::new("ws://test/").unwrap();
    /// # let connecting = ::tokio::spawn(async move { ws::connect_with_stream(client, &request).await });
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
    /// Nothing is lost: it is done as soon as a message was handed over.
    ///
    /// # Errors
    ///
    /// What `each` fails with, after which the next message is next. [`Error::TimedOut`] if the
    /// peer reads nothing; while it waits for room, it sees no Close. Else as [`recv`](Self::recv):
    /// a stream that takes nothing any more is received from to its end.
    pub async fn recv_with(
        &mut self,
        mut each: impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        self.begin();
        poll_fn(|cx| {
            // Once either side has begun to close, there is nothing to be answered that room were
            // needed for.
            let needs_room =
                self.inner.driver.is_high() && self.inner.driver.connection.state() == State::Open;
            let peer = if needs_room {
                ready!(self.poll_in_time(cx, Driver::poll_room_for_replies))
                    .map_err(Error::for_room)?
            } else {
                Peer::Reads
            };
            self.inner.driver.poll_with(cx, peer, &mut each)
        })
        .await
    }
}

impl<S: Stream, C: Clock> Driver<S, C> {
    /// Writes what has come to be much, and waits until it is not, if the application chose so.
    fn poll_room_for_replies(&mut self, cx: &mut Context<'_>) -> Poll<Result<Peer, Error>> {
        match self.poll_room(cx) {
            Poll::Pending if self.pipe.backpressure.overflow == Overflow::Wait => Poll::Pending,
            Poll::Pending => Poll::Ready(Ok(Peer::Stuck)),
            Poll::Ready(room) => Poll::Ready(Ok(room.map_or(Peer::Lost, |()| Peer::Reads))),
        }
    }
}
