//! A message that is written piece by piece: RFC 6455 §5.4, from the sender's side.

use std::fmt;
use std::io;
use std::mem::take;

use bytes::Bytes;

use super::stream::Stream;
use super::{Error, WebSocket};
use crate::adapter::cutter::Cutter;
use crate::connection::SendError;
use crate::message::{CloseCode, Compress, Kind};

/// Who can send a message in parts, once it is its turn: a [`WebSocket`], or a
/// [`Sender`](super::Sender) among others. Nobody else can be one.
pub trait SendHandle: Sealed {
    /// Waits until there is room for a part.
    #[doc(hidden)]
    fn room(&mut self) -> Result<(), Error>;

    /// Queues a part.
    #[doc(hidden)]
    fn queue(&mut self, how: (Kind, Compress), part: Bytes, last: bool) -> Result<(), SendError>;

    /// Writes what is queued.
    #[doc(hidden)]
    fn flush(&mut self) -> Result<(), Error>;

    /// Gives the turn back; if the message was left half sent, closes the connection.
    #[doc(hidden)]
    fn leave(&mut self, half_sent: bool);
}

/// What only this module's can be.
pub trait Sealed {}

impl<S: Stream> Sealed for WebSocket<S> {}

impl<S: Stream> SendHandle for WebSocket<S> {
    fn room(&mut self) -> Result<(), Error> {
        let is_high = self.pipe.backpressure.is_high(self.connection.buffered_amount());
        if is_high { self.flush().map_err(Error::for_room) } else { Ok(()) }
    }

    fn queue(
        &mut self,
        (kind, compress): (Kind, Compress),
        part: Bytes,
        last: bool,
    ) -> Result<(), SendError> {
        self.connection.send_fragment_with(kind, part, last, compress)
    }

    fn flush(&mut self) -> Result<(), Error> {
        Self::flush(self)
    }

    fn leave(&mut self, half_sent: bool) {
        if half_sent {
            self.connection.close(CloseCode::INTERNAL_ERROR);
            // Should that fail, the next call will meet the same failure.
            let _ = self.flush_now();
        }
    }
}

/// Writes one message in parts: for messages that are larger than memory should be, or not known to
/// their end. Made by [`WebSocket::writer`] and [`Sender::writer`](super::Sender::writer).
///
/// What is written with [`io::Write`] is gathered up to 64 KiB, until a flush, and cut into frames
/// of at most that, so that pings, pongs and farewells get through in between. It waits for the
/// peer, whatever [`Overflow`](crate::Overflow) says.
///
/// A message that is begun has to be finished: what was sent of it can't be taken back. If this is
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
/// # let mut socket = blocking::connect_with_stream(client, &ClientRequest::new("ws://test/")?)?.0;
/// let mut writer = socket.writer(Kind::Text)?;
/// writeln!(writer, "line {}", 1)?;
/// writer.write_chunk("line 2\n")?;
/// writer.finish()?;
/// # assert_eq!(server.join().unwrap()?, Some("line 1\nline 2\n".into()));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MessageWriter<'a, O: SendHandle> {
    outlet: &'a mut O,
    kind: Kind,
    compress: Compress,
    cutter: Cutter,
    /// Whether part of the message was queued, and not its last part.
    half_sent: bool,
    /// Why it can't be gone on with.
    failed: Option<SendError>,
}

impl<'a, O: SendHandle> MessageWriter<'a, O> {
    pub(super) fn new(outlet: &'a mut O, kind: Kind) -> Self {
        Self {
            outlet,
            kind,
            compress: Compress::Automatic,
            cutter: Cutter::default(),
            half_sent: false,
            failed: None,
        }
    }

    /// Whether the message is to be compressed; to be said before any of it is written. By default
    /// it is, unless its beginning looks as if that were in vain.
    #[must_use]
    pub const fn compress(mut self, compress: Compress) -> Self {
        self.compress = compress;
        self
    }

    /// Sends more of the message: it is on its way when this returns. A text may be cut anywhere.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`]. What was not sent then is sent before whatever is written next.
    /// [`Error::Send`] also for a text that is none, after which the message can't be finished.
    pub fn write_chunk(&mut self, part: impl Into<Bytes>) -> Result<(), Error> {
        self.cutter.push(part.into());
        self.send_all(false)
    }

    /// Sends the rest of the message, and says that it was the last.
    ///
    /// # Errors
    ///
    /// As [`write_chunk`](Self::write_chunk); [`Error::Send`] also for a text that ends inside a
    /// character.
    pub fn finish(mut self) -> Result<(), Error> {
        self.send_all(true)
    }

    /// Sends all there is, the last part of it as `last` says.
    fn send_all(&mut self, last: bool) -> Result<(), Error> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        if self.cutter.is_empty() && !last {
            return Ok(());
        }
        loop {
            let (next, is_last) = self.cutter.next_part();
            self.outlet.room()?;
            if let Err(error) =
                self.outlet.queue((self.kind, self.compress), take(next), last && is_last)
            {
                self.failed = Some(error);
                return Err(error.into());
            }
            self.half_sent = !(last && is_last);
            self.outlet.flush()?;
            if is_last {
                return Ok(());
            }
        }
    }
}

impl<O: SendHandle> io::Write for MessageWriter<'_, O> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.cutter.is_full() {
            self.send_all(false)?;
        }
        Ok(self.cutter.gather(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send_all(false)?;
        Ok(self.outlet.flush()?)
    }
}

impl<O: SendHandle> Drop for MessageWriter<'_, O> {
    fn drop(&mut self) {
        self.outlet.leave(self.half_sent);
    }
}

impl<O: SendHandle> fmt::Debug for MessageWriter<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageWriter").field("kind", &self.kind).finish_non_exhaustive()
    }
}
