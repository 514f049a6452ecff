//! A message that is written in chunks, and sent in fragments: RFC 6455 §5.4.

use std::fmt;
use std::io;

use bytes::Bytes;

use super::handle::Handle;
use super::stream::Stream;
use crate::adapter::Error;
use crate::adapter::methods::writing;
use crate::message::{Compress, Kind};
use crate::session::FragmentedMessage;

/// Sends one message in fragments: for messages that are larger than memory should be, or not known
/// to their end. [`WebSocket::writer`](super::WebSocket::writer) and
/// [`Sender::writer`](super::Sender::writer) make one.
///
/// Written bytes are cut into frames of at most 64 KiB, so that pings, pongs and Close frames can
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

    writing! { blocking self
        write_chunk: self.send(false),
        finish: self.send(true),
    }

    fn send(&mut self, finish: bool) -> Result<(), Error> {
        self.handle.attempt(|attempt| attempt.message(&mut self.message, finish))
    }
}

impl<W: Stream> io::Write for MessageWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.message.is_full() {
            self.send(false)?;
        }
        Ok(self.message.gather(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(self.send(false)?)
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
