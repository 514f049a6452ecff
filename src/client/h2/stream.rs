//! A stream of HTTP/2 as a stream of bytes: RFC 8441 §5.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec::Vec;

use ::h2::{RecvStream, SendStream};
use bytes::{BufMut, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;

use super::error::of_stream;
use super::unwritten::Unwritten;

/// The most that is copied for one write, in bytes: what h2 buffers of a stream is of this order.
const MAX_WRITE: usize = 256 * 1024;

/// The stream of a WebSocket over HTTP/2.
///
/// Its flow control is the stream's: a write waits while the window of the peer is used up, and the
/// peer's window grows as bytes are read. A flush does not wait for the task of the
/// [`Connection`](super::Connection), which writes the bytes.
///
/// Dropping it sends RST_STREAM with CANCEL unless both directions have ended, after the bytes that
/// were written. A task waits for that; outside of a tokio runtime the bytes are discarded.
#[derive(Debug)]
pub struct Stream {
    /// `None` only while it is dropped.
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    sender: SendStream<Bytes>,
    receiver: RecvStream,
    /// Received bytes that were not read.
    received: Bytes,
    unwritten: Unwritten,
    is_shut_down: bool,
}

impl Stream {
    /// The stream of a request that was sent with h2 0.4, by a proxy for example. Neither half was
    /// used since, and the response accepted the handshake.
    #[must_use]
    pub fn new(sender: SendStream<Bytes>, receiver: RecvStream) -> Self {
        let (received, unwritten) = (Bytes::new(), Unwritten::default());
        let open = Open { sender, receiver, received, unwritten, is_shut_down: false };
        Self { open: Some(open) }
    }

    fn open(&mut self) -> &mut Open {
        self.open.as_mut().expect("it is not dropped")
    }

    /// Waits for bytes, and returns how many can be taken; 0 is the end of the stream.
    pub(super) fn poll_received(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let open = self.open();
        while open.received.is_empty() {
            match ready!(open.receiver.poll_data(cx)) {
                Some(data) => open.received = data.map_err(of_stream)?,
                // RFC 8441 §5: "Orderly TCP-level closures are represented as END_STREAM flags"
                None => break,
            }
        }
        Poll::Ready(Ok(open.received.len()))
    }

    /// Takes bytes that were received. The server may send as many again.
    pub(super) fn take(&mut self, count: usize) -> Bytes {
        let open = self.open();
        // It fails only if more is released than was received.
        let _ = open.receiver.flow_control().release_capacity(count);
        open.received.split_to(count)
    }
}

impl Open {
    fn send(&mut self, data: Vec<u8>, end_stream: bool) -> io::Result<()> {
        let data = self.unwritten.add(data);
        self.sender.send_data(data, end_stream).map_err(of_stream)
    }

    /// Ends, with the handles of h2, when all bytes are written or lost.
    async fn until_written(self) {
        poll_fn(|cx| self.unwritten.poll_empty(cx)).await;
    }

    /// Waits until the windows of the stream and the connection have room.
    fn poll_room(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<io::Result<usize>> {
        self.sender.reserve_capacity(wanted);
        loop {
            match self.sender.capacity() {
                0 => {}
                room => return Poll::Ready(Ok(room.min(wanted))),
            }
            // It also reports that the room has changed to 0.
            match ready!(self.sender.poll_capacity(cx)) {
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Err(of_stream(error))),
                None => return Poll::Ready(Err(ErrorKind::BrokenPipe.into())),
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let Some(open) = self.open.take_if(|open| !open.unwritten.is_empty()) else { return };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(open.until_written());
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let count = ready!(self.poll_received(cx))?.min(buffer.remaining());
        buffer.put_slice(&self.take(count));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    /// All slices leave in one DATA frame, if they fit.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted = slices.iter().map(|slice| slice.len()).sum::<usize>().min(MAX_WRITE);
        if wanted == 0 {
            return Poll::Ready(Ok(0));
        }
        let room = ready!(self.open().poll_room(cx, wanted))?;
        let mut data = Vec::with_capacity(room);
        for slice in slices {
            data.put_slice(&slice[..slice.len().min(room - data.len())]);
        }
        self.open().send(data, false)?;
        Poll::Ready(Ok(room))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Sends END_STREAM.
    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let open = self.open();
        if !open.is_shut_down {
            open.is_shut_down = true;
            open.send(Vec::new(), true)?;
        }
        Poll::Ready(Ok(()))
    }
}
