//! The stream, for every adapter, and the calls that all adapters have.

use std::cell::RefCell;
use std::io::{self, ErrorKind, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use sansocket::runtime::Clock;
use sansocket::{CloseCode, Closed, Error, Message, blocking, futures, tokio};

use support::streams::{Script, Scripted};

use super::wire::Wire;

/// A stream to the peer.
#[derive(Clone)]
pub(super) struct Stream(pub(super) Rc<RefCell<Wire>>);

impl Stream {
    pub(super) fn new(wire: Wire) -> Self {
        Self(Rc::new(RefCell::new(wire)))
    }

    /// `WouldBlock` becomes `Pending` with a wake-up.
    fn poll<T>(
        &self,
        cx: &Context<'_>,
        call: impl FnOnce(&mut Wire) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        match call(&mut self.0.borrow_mut()) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            result => Poll::Ready(result),
        }
    }
}

impl io::Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}

impl io::Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.borrow_mut().write(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

impl blocking::Stream for Stream {
    fn shutdown(&mut self, _: std::net::Shutdown) -> io::Result<()> {
        Ok(())
    }
}

impl Script for Stream {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll(cx, |wire| wire.read(buffer))
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(cx, |wire| wire.write(slices))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, Wire::flush)
    }
}

/// A clock that never advances.
#[derive(Clone)]
pub(super) struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn poll_until(&mut self, _: &mut Context<'_>, _: Duration) -> Poll<()> {
        Poll::Pending
    }
}

/// The calls that all adapters have.
pub(super) trait Socket {
    async fn recv(&mut self) -> Result<Option<Message>, Error>;
    async fn send(&mut self, message: Message) -> Result<(), Error>;
    async fn flush(&mut self) -> Result<(), Error>;
    async fn close(&mut self) -> Result<Closed, Error>;
}

macro_rules! socket {
    ($type:ty $(, $await:tt)?) => {
        impl Socket for $type {
            async fn recv(&mut self) -> Result<Option<Message>, Error> {
                <$type>::recv(self)$(.$await)?
            }

            async fn send(&mut self, message: Message) -> Result<(), Error> {
                <$type>::send(self, message)$(.$await)?
            }

            async fn flush(&mut self) -> Result<(), Error> {
                <$type>::flush(self)$(.$await)?
            }

            async fn close(&mut self) -> Result<Closed, Error> {
                <$type>::close(self, CloseCode::GOING_AWAY, "done")$(.$await)?
            }
        }
    };
}

socket!(blocking::WebSocket<Stream>);
socket!(tokio::WebSocket<Scripted<Stream>>, await);
socket!(futures::WebSocket<Scripted<Stream>, StoppedClock>, await);
