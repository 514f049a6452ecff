//! A message that is written in chunks, and sent in fragments: RFC 6455 §5.4.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::handle::Handle;
use super::io::{Clock, Stream};
use super::wait::SharedWait;
use crate::adapter::Error;
use crate::adapter::methods::writing;
use crate::message::{Compress, Kind};
use crate::session::FragmentedMessage;

/// Sends one message in fragments: for messages that are too large for memory, or whose end is not
/// known yet. [`WebSocket::writer`](super::WebSocket::writer) and
/// [`Sender::writer`](super::Sender::writer) make one.
///
/// It is also tokio's and futures-io's `AsyncWrite`, whose `shutdown` or `close` is
/// [`finish`](Self::finish). Frames have at most 64 KiB, so that pings, pongs and Close frames can
/// go between them; small writes are gathered up to that size, until a flush. The writer waits for
/// room, whatever the [`Overflow`](crate::Overflow) policy.
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
        let locked = poll_fn(|cx| handle.poll_attempt(cx, &mut wait, |attempt| attempt.lock()));
        locked.await.map_err(Error::for_room)?;
        Ok(Self { handle, message: FragmentedMessage::new(kind), wait: SharedWait::detached() })
    }

    writing! { async self
        write_chunk: {
            self.wait.wait.deadline.restart();
            let writing = ChunkGuard(self);
            poll_fn(|cx| writing.0.poll_send(cx, false)).await
        },
        finish: {
            self.wait.wait.deadline.restart();
            poll_fn(|cx| self.poll_send(cx, true)).await
        },
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, finish: bool) -> Poll<Result<(), Error>> {
        let message = &mut self.message;
        self.handle.poll_attempt(cx, &mut self.wait, |attempt| attempt.message(message, finish))
    }

    pub(in crate::adapter) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check_unfinished()?;
        if self.message.is_full() {
            let message = &mut self.message;
            let queued = self
                .handle
                .poll_attempt(cx, &mut self.wait, |attempt| attempt.fragments(message, false));
            ready!(queued)?;
        }
        Poll::Ready(Ok(self.message.gather(bytes)))
    }

    pub(in crate::adapter) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(ready!(self.poll_send(cx, false))?))
    }

    pub(in crate::adapter) fn poll_shutdown(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(ready!(self.poll_send(cx, true))?))
    }
}

/// Guard of a `write_chunk` in progress. If the future is dropped, the guard leaves the queue of
/// waiters: the writer might not be polled again for a long time, and would hold up the senders
/// behind it.
struct ChunkGuard<'w, 'a, S: Stream, C: Clock>(&'w mut MessageWriter<'a, S, C>);

impl<S: Stream, C: Clock> Drop for ChunkGuard<'_, '_, S, C> {
    fn drop(&mut self) {
        self.0.wait.leave();
    }
}

impl<S: Stream, C: Clock> Drop for MessageWriter<'_, S, C> {
    fn drop(&mut self) {
        let message = &mut self.message;
        self.handle.act(|session| message.abandon(session));
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
