//! Messages that are handed over where they lie, and answered at once: all that came with one read,
//! in one go.

use super::WebSocket;
use super::stream::Stream;
use crate::adapter::{Error, Overflow, Peer, Replies};
use crate::message::MessageRef;

impl<S: Stream> WebSocket<S> {
    /// Waits for messages, and hands those that are there to `each`, one after the other, where
    /// they lie: nothing is copied but what has to be joined. That is the fastest way to answer,
    /// and to look at much and keep little. `false` is the end, as `None` is
    /// [`recv`](Self::recv)'s.
    ///
    /// Pings, pongs and parts are passed over, as by [`recv`](Self::recv).
    ///
    /// Answers leave as what is [fed](Self::feed) does. When
    /// [`Backpressure::high_water_mark`](crate::Backpressure::high_water_mark) of them wait, the other
    /// messages are left for the next call, which waits for room first if [`Overflow`] says so.
    ///
    /// ```no_run
    /// # let mut socket = sansocket::blocking::connect("ws://127.0.0.1:9001/")?;
    /// let mut bytes = 0;
    /// while socket.recv_with(|message, replies| {
    ///     bytes += message.as_bytes().len();
    ///     replies.send(message)
    /// })? {}
    /// # Ok::<(), sansocket::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What `each` fails with, after which the next message is next. [`Error::TimedOut`] if the
    /// peer reads nothing; while it waits for room, it sees no Close. Else as [`recv`](Self::recv):
    /// a stream that takes nothing any more is received from to its end.
    pub fn recv_with(
        &mut self,
        mut each: impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let peer = match self.make_room() {
            Ok(()) if self.pipe.backpressure.overflow != Overflow::Wait && self.is_high() => {
                Peer::Stuck
            }
            Ok(()) => Peer::Reads,
            Err(Error::TimedOut(error)) => return Err(error.into()),
            Err(_) => Peer::Lost,
        };
        self.recv_each(peer, &mut each)
    }
}
