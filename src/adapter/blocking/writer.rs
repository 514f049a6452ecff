//! A message that is written in chunks, and sent in fragments: RFC 6455 §5.4.

use std::fmt;
use std::io;

use bytes::Bytes;

use super::handle::Handle;
use super::stream::Stream;
use crate::adapter::Error;
use crate::message::{Compress, Kind};
use crate::session::FragmentedMessage;

/// Sends one message in fragments: for messages that are larger than memory should be, or not known
/// to their end. [`WebSocket::writer`](super::WebSocket::writer) and
/// [`Sender::writer`](super::Sender::writer) make one.
///
/// What is written is cut into frames of at most 64 KiB, so that pings, pongs and Close frames can
/// go between them; what is written with [`io::Write`] is gathered up to that, until a flush. The
/// writer waits for room, whatever the [`Overflow`](crate::Overflow) policy.
///
/// A message that was begun must be finished: its fragments can't be taken back. If the writer is
/// dropped before, the connection is closed with 1011, so that the peer does not take half a
/// message for a whole one.
///
/// ```
/// # #[cfg(feature = "testing")] {
/// # use sansocket::testing::{Chunking, pair};
/// # use sansocket::{ClientRequest, blocking};
/// use std::io::Write;
///
/// use sansocket::Kind;
///
/// # let (client, server) = pair(Chunking::Whole);
/// # let server = std::thread::spawn(|| blocking::accept(server)?.recv());
/// # let request = ClientRequest::new("ws://test/")?;
/// # let mut socket = blocking::connect_with_stream(client, &request)?.0;
/// let mut writer = socket.writer(Kind::Text)?;
/// writeln!(writer, "line {}", 1)?;
/// writer.write_chunk("line 2\n")?;
/// writer.finish()?;
/// # assert_eq!(server.join().unwrap()?, Some("line 1\nline 2\n".into()));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MessageWriter<'a, W: Stream> {
    handle: Handle<'a, W>,
    message: FragmentedMessage,
}

impl<'a, W: Stream> MessageWriter<'a, W> {
    /// Waits for the lock, and holds it until the message is finished or dropped.
    pub(super) fn new(mut handle: Handle<'a, W>, kind: Kind) -> Result<Self, Error> {
        handle.attempt(|attempt| attempt.lock()).map_err(Error::for_room)?;
        Ok(Self { handle, message: FragmentedMessage::new(kind) })
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
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send). What was not sent then is sent before the
    /// next chunk. [`Error::Send`] also for a text that is not UTF-8, after which the message can't
    /// be finished.
    pub fn write_chunk(&mut self, chunk: impl Into<Bytes>) -> Result<(), Error> {
        self.message.push(chunk.into());
        self.send()
    }

    /// Sends the rest of the message, as its last fragment.
    ///
    /// # Errors
    ///
    /// As [`write_chunk`](Self::write_chunk); [`Error::Send`] also for a text that ends inside a
    /// character.
    pub fn finish(mut self) -> Result<(), Error> {
        self.queue(true)?;
        self.handle.flush()
    }

    /// Sends everything that was taken.
    fn send(&mut self) -> Result<(), Error> {
        if !self.message.is_queued() {
            self.queue(false)?;
        }
        self.handle.flush()
    }

    fn queue(&mut self, finish: bool) -> Result<(), Error> {
        self.handle.attempt(|attempt| attempt.fragments(&mut self.message, finish))
    }
}

impl<W: Stream> io::Write for MessageWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.message.is_full() {
            self.send()?;
        }
        Ok(self.message.gather(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(self.send()?)
    }
}

impl<W: Stream> Drop for MessageWriter<'_, W> {
    fn drop(&mut self) {
        let message = &mut self.message;
        if !message.is_finished() {
            self.handle.act(|session| message.abandon(session));
        }
    }
}

impl<W: Stream> fmt::Debug for MessageWriter<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageWriter").field("kind", &self.message.kind()).finish_non_exhaustive()
    }
}
