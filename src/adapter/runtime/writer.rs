//! A message that is written in chunks, and sent in fragments: RFC 6455 §5.4.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::attempt::SharedWait;
use super::handle::Handle;
use super::io::{Clock, Stream};
use crate::adapter::Error;
use crate::adapter::waiters::Need;
use crate::message::{Compress, Kind};
use crate::session::FragmentedMessage;

/// Sends one message in fragments: for messages that are larger than memory should be, or not known
/// to their end. [`WebSocket::writer`](super::WebSocket::writer) and
/// [`Sender::writer`](super::Sender::writer) make one.
///
/// It is also tokio's and futures-io's `AsyncWrite`, whose `shutdown` or `close` is
/// [`finish`](Self::finish). What is written is cut into frames of at most 64 KiB, so that pings,
/// pongs and Close frames can go between them; small writes are gathered up to that, until a flush.
/// The writer waits for room, whatever the [`Overflow`](crate::Overflow) policy.
///
/// A message that was begun must be finished: its fragments can't be taken back. If the writer is
/// dropped before, the connection is closed with 1011, so that the peer does not take half a
/// message for a whole one.
///
/// ```
/// # #[cfg(all(feature = "tokio", feature = "testing"))] {
/// use sansocket::testing::{Chunking, pair};
/// use sansocket::{ClientRequest, Kind, tokio as ws};
///
/// # let runtime = ::tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
/// # runtime.block_on(async {
/// # let (client, server) = pair(Chunking::Whole);
/// # let request = ClientRequest::new("ws://test/").unwrap();
/// # let connecting =
/// #     ::tokio::spawn(async move { ws::connect_with_stream(client, &request).await });
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
pub struct MessageWriter<'a, S: Stream, C: Clock> {
    handle: Handle<'a, S, C>,
    message: FragmentedMessage,
    wait: SharedWait<C>,
}

impl<'a, S: Stream, C: Clock> MessageWriter<'a, S, C> {
    /// Waits for the lock, and holds it until the message is finished or dropped.
    pub(super) async fn new(mut handle: Handle<'a, S, C>, kind: Kind) -> Result<Self, Error> {
        let mut wait = SharedWait::default();
        let locked = poll_fn(|cx| {
            handle.poll_work(cx, &mut wait, |driver, attempt| {
                *attempt.need = Need::Writer;
                driver.poll_lock(&attempt)
            })
        });
        locked.await.map_err(Error::for_room)?;
        Ok(Self { handle, message: FragmentedMessage::new(kind), wait: SharedWait::detached() })
    }

    /// Whether to compress the message. Must be called before anything is written. By default the
    /// message is compressed, unless its beginning looks incompressible.
    #[must_use]
    pub fn compress(mut self, compress: Compress) -> Self {
        self.message.set_compress(compress);
        self
    }

    /// Writes a chunk of the message to the stream. A text may be cut anywhere, also inside a
    /// character.
    ///
    /// # Cancel safety
    ///
    /// The chunk is taken at the first poll. What was not sent of it is sent before the next chunk.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send); and [`Error::Send`] for a text that is not
    /// UTF-8, after which the message can't be finished.
    pub async fn write_chunk(&mut self, chunk: impl Into<Bytes>) -> Result<(), Error> {
        self.check_unfinished()?;
        self.message.push(chunk.into());
        self.wait.wait.deadline.restart();
        let writing = Writing(self);
        poll_fn(|cx| writing.0.poll_send(cx)).await
    }

    /// Sends the rest of the message, as its last fragment.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped while it waits for room, the message is not finished, and the
    /// connection is closed.
    ///
    /// # Errors
    ///
    /// As [`write_chunk`](Self::write_chunk); [`Error::Send`] also for a text that ends inside a
    /// character.
    pub async fn finish(mut self) -> Result<(), Error> {
        self.wait.wait.deadline.restart();
        poll_fn(|cx| self.poll_finish(cx)).await
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if !self.message.is_finished() {
            ready!(self.poll_queue(cx, true))?;
        }
        self.handle.poll_flush(cx, &mut self.wait)
    }

    /// Queues and writes everything that was taken.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if !self.message.is_queued() {
            ready!(self.poll_queue(cx, false))?;
        }
        self.handle.poll_flush(cx, &mut self.wait)
    }

    fn poll_queue(&mut self, cx: &mut Context<'_>, finish: bool) -> Poll<Result<(), Error>> {
        let message = &mut self.message;
        self.handle.poll_work(cx, &mut self.wait, |driver, attempt| {
            driver.poll_fragments(attempt, message, finish)
        })
    }

    /// A message that was shut down takes no more bytes.
    fn check_unfinished(&self) -> io::Result<()> {
        if self.message.is_finished() { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    pub(in crate::adapter) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check_unfinished()?;
        if self.message.is_full() {
            ready!(self.poll_queue(cx, false))?;
        }
        Poll::Ready(Ok(self.message.gather(bytes)))
    }

    pub(in crate::adapter) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(ready!(self.poll_send(cx))?))
    }

    pub(in crate::adapter) fn poll_shutdown(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(ready!(self.poll_finish(cx))?))
    }
}

/// Guard of a `write_chunk` in progress. If the future is dropped, the guard leaves the queue of
/// waiters: the writer might not be polled again for a long time, and would hold up the senders
/// behind it.
struct Writing<'w, 'a, S: Stream, C: Clock>(&'w mut MessageWriter<'a, S, C>);

impl<S: Stream, C: Clock> Drop for Writing<'_, '_, S, C> {
    fn drop(&mut self) {
        self.0.wait.leave();
    }
}

impl<S: Stream, C: Clock> Drop for MessageWriter<'_, S, C> {
    fn drop(&mut self) {
        let message = &mut self.message;
        self.handle.act(|driver| message.abandon(&mut driver.session));
    }
}

impl<S: Stream, C: Clock> fmt::Debug for MessageWriter<'_, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageWriter").field("kind", &self.message.kind()).finish_non_exhaustive()
    }
}

/// `AsyncWrite` of tokio and futures-io differ in the name of one method.
macro_rules! async_write {
    ($trait:path, $shutdown:ident) => {
        /// Shutting it down finishes the message.
        impl<S: Stream, C: Clock> $trait for MessageWriter<'_, S, C> {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                MessageWriter::poll_write(self.get_mut(), cx, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                MessageWriter::poll_flush(self.get_mut(), cx)
            }

            fn $shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                MessageWriter::poll_shutdown(self.get_mut(), cx)
            }
        }
    };
}

#[cfg(feature = "tokio")]
async_write!(tokio::io::AsyncWrite, poll_shutdown);

#[cfg(feature = "futures-io")]
async_write!(futures_io::AsyncWrite, poll_close);
