//! A message that is written piece by piece: RFC 6455 §5.4, from the sender's side.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::outgoing::SendHandle;
use crate::adapter::Error;
use crate::adapter::cutter::Cutter;
use crate::connection::SendError;
use crate::message::{CloseCode, Compress, Kind};

/// Writes one message in parts: for messages that are larger than memory should be, or not known to
/// their end. Made by [`WebSocket::writer`](super::WebSocket::writer) and
/// [`Sender::writer`](super::Sender::writer).
///
/// It is an `AsyncWrite` of tokio's and futures-io's too, whose `shutdown` or `close` is
/// [`finish`](Self::finish). What is written is cut into frames of at most 64 KiB, so that pings,
/// pongs and farewells get through in between; small writes are gathered up to that, until a flush.
/// It waits for room, whatever [`Overflow`](crate::Overflow) says.
///
/// A message that is begun has to be finished: what was sent of it can't be taken back. If this is
/// dropped before, the connection is closed with 1011, so that the peer does not take half a
/// message for a whole one.
///
/// ```
/// # #[cfg(all(feature = "tokio", feature = "testing"))] {
/// use sansocket::testing::{Chunking, pair};
/// use sansocket::{ClientRequest, Kind, tokio as ws};
///
/// # ::tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// # let (client, server) = pair(Chunking::Whole);
/// # let request = ClientRequest::new("ws://test/").unwrap();
/// # let connecting = ::tokio::spawn(async move { ws::connect_with_stream(client, &request).await });
/// # let mut peer = ws::accept(server).await?;
/// # let mut socket = connecting.await.unwrap()?.0;
/// let mut writer = socket.writer(Kind::Text).await?;
/// for line in ["first\n", "second\n"] {
///     writer.write_chunk(line).await?;
/// }
/// writer.finish().await?;
/// # assert_eq!(peer.recv().await?, Some("first\nsecond\n".into()));
/// # Ok::<(), sansocket::Error>(())
/// # }).unwrap();
/// # }
/// ```
pub struct MessageWriter<'a, O: SendHandle> {
    outlet: &'a mut O,
    kind: Kind,
    compress: Compress,
    cutter: Cutter,
    progress: Progress,
    /// Why it can't be gone on with.
    failed: Option<SendError>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// It is not its turn yet.
    Waiting,
    /// Nothing of the message was sent.
    None,
    Begun,
    Finished,
}

impl<'a, O: SendHandle> MessageWriter<'a, O> {
    /// Waits for its turn, and has it until it is dropped.
    pub(super) async fn new(outlet: &'a mut O, kind: Kind) -> Result<Self, Error> {
        outlet.begin();
        outlet.at_once(|driver| driver.wanted += 1);
        // If it is dropped while it waits, it is wanted no more.
        let mut writer = Self {
            outlet,
            kind,
            compress: Compress::Automatic,
            cutter: Cutter::default(),
            progress: Progress::Waiting,
            failed: None,
        };
        poll_fn(|cx| writer.outlet.poll_in_time(cx, |driver, _| driver.poll_take()))
            .await
            .map_err(Error::for_room)?;
        writer.progress = Progress::None;
        Ok(writer)
    }

    /// Whether the message is to be compressed; to be said before any of it is written. By default
    /// it is, unless its beginning looks as if that were in vain.
    #[must_use]
    pub const fn compress(mut self, compress: Compress) -> Self {
        self.compress = compress;
        self
    }

    /// Sends more of the message: it is on its way when this is done. A text may be cut anywhere.
    ///
    /// # Cancel safety
    ///
    /// The part is taken at the first poll. What was not sent of it is sent before whatever is
    /// written next.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send); [`Error::Send`] also for a text that is
    /// none, after which the message can't be finished.
    pub async fn write_chunk(&mut self, part: impl Into<Bytes>) -> Result<(), Error> {
        self.check_unfinished()?;
        self.cutter.push(part.into());
        self.outlet.begin();
        poll_fn(|cx| {
            ready!(self.poll_pass_on(cx))?;
            self.outlet.poll_in_time(cx, |driver, cx| driver.poll_flush(cx))
        })
        .await
    }

    /// Sends the rest of the message, and says that it was the last.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped while it waits for room, the message is not finished, and the connection is
    /// closed.
    ///
    /// # Errors
    ///
    /// As [`write_chunk`](Self::write_chunk); [`Error::Send`] also for a text that ends inside a
    /// character.
    pub async fn finish(mut self) -> Result<(), Error> {
        self.outlet.begin();
        poll_fn(|cx| self.poll_finish(cx)).await
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.progress != Progress::Finished {
            ready!(self.poll_send(cx, true))?;
            self.progress = Progress::Finished;
            self.outlet.at_once(|driver| driver.taken = false);
        }
        self.outlet.poll_in_time(cx, |driver, cx| driver.poll_flush(cx))
    }

    /// Queues all there is, as parts that are not the last.
    fn poll_pass_on(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.cutter.is_empty() { Poll::Ready(Ok(())) } else { self.poll_send(cx, false) }
    }

    /// Queues all there is, the last part of it as `last` says.
    fn poll_send(&mut self, cx: &mut Context<'_>, last: bool) -> Poll<Result<(), Error>> {
        if let Some(error) = self.failed {
            return Poll::Ready(Err(error.into()));
        }
        loop {
            let (how, (next, is_last)) = ((self.kind, self.compress), self.cutter.next_part());
            match ready!(self.outlet.poll_in_time(cx, |driver, cx| driver.poll_part(
                cx,
                how,
                next,
                last && is_last
            ))) {
                Ok(()) => self.progress = Progress::Begun,
                Err(Error::Send(error)) => {
                    self.failed = Some(error);
                    return Poll::Ready(Err(error.into()));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
            if is_last {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// A message that was shut down takes nothing more.
    fn check_unfinished(&self) -> io::Result<()> {
        if self.progress == Progress::Finished {
            Err(io::ErrorKind::BrokenPipe.into())
        } else {
            Ok(())
        }
    }

    pub(in crate::adapter) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check_unfinished()?;
        if self.cutter.is_full() {
            ready!(self.poll_pass_on(cx))?;
        }
        Poll::Ready(Ok(self.cutter.gather(bytes)))
    }

    pub(in crate::adapter) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_pass_on(cx))?;
        Poll::Ready(Ok(ready!(self.outlet.poll_in_time(cx, |driver, cx| driver.poll_flush(cx)))?))
    }

    pub(in crate::adapter) fn poll_shutdown(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(ready!(self.poll_finish(cx))?))
    }
}

impl<O: SendHandle> Drop for MessageWriter<'_, O> {
    fn drop(&mut self) {
        let progress = self.progress;
        self.outlet.at_once(|driver| match progress {
            Progress::Waiting => driver.wanted -= 1,
            Progress::None => driver.taken = false,
            Progress::Begun => {
                driver.taken = false;
                driver.connection.close(CloseCode::INTERNAL_ERROR);
                driver.observe();
            }
            Progress::Finished => {}
        });
    }
}

impl<O: SendHandle> fmt::Debug for MessageWriter<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageWriter").field("kind", &self.kind).finish_non_exhaustive()
    }
}
