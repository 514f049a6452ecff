//! A connection in two halves, for two threads: full duplex without a runtime.
//!
//! The core is behind a mutex that is held only while bytes are processed. Writing has a mutex of its own, held while a write
//! blocks: a thread that receives never waits for one that sends. What nobody else is writing, an answer to a ping for
//! example, it writes itself before it reads on.

use std::fmt;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};

use super::pipe::{Pipe, Read, Stream, at_least_something, is_timeout};
use super::{HIGH_WATER, WebSocket};
use crate::adapter::{Error, is_cut};
use crate::connection::{Closed, Connection, Event, Role, State};
use crate::message::{CloseCode, CloseFrame, Kind, Message};
use crate::timing::TimedOut;

/// A stream that can be read by one thread while another writes to it.
pub trait TryClone: Stream + Sized {
    /// A second handle of the same stream.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn try_clone(&self) -> io::Result<Self>;
}

impl TryClone for TcpStream {
    fn try_clone(&self) -> io::Result<Self> {
        Self::try_clone(self)
    }
}

#[cfg(unix)]
impl TryClone for std::os::unix::net::UnixStream {
    fn try_clone(&self) -> io::Result<Self> {
        Self::try_clone(self)
    }
}

/// Takes a connection apart; what is written goes to `stream`.
pub(super) fn split<S: Stream, W: Stream>(socket: WebSocket<S>, mut stream: W) -> Result<(Sender<W>, Receiver<S, W>), Error> {
    let timeouts = *socket.pipe.timeouts();
    stream.set_write_timeout(timeouts.write.map(at_least_something))?;
    let shared = Arc::new(Shared {
        connection: Mutex::new(socket.connection),
        closed: Condvar::new(),
        writing: Mutex::new(Writing { stream, taken: Bytes::new() }),
        patience: timeouts.close,
    });
    Ok((Sender { shared: Arc::clone(&shared) }, Receiver { shared, pipe: socket.pipe }))
}

/// What the halves share.
struct Shared<W> {
    connection: Mutex<Connection>,
    /// Told when the conversation has ended.
    closed: Condvar,
    writing: Mutex<Writing<W>>,
    /// How long a closing handshake may take.
    patience: Option<Duration>,
}

struct Writing<W> {
    stream: W,
    /// Taken out of the connection, and not written yet.
    taken: Bytes,
}

/// A thread that panicked left nothing half done: the core's state is whole between any two calls.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<W: Stream> Shared<W> {
    fn connection(&self) -> MutexGuard<'_, Connection> {
        lock(&self.connection)
    }

    /// Writes what waits, after whoever is writing.
    fn flush(&self) -> Result<(), Error> {
        loop {
            self.write(&mut lock(&self.writing))?;
            // What somebody queued while we held the stream, but had found nothing more, is ours to write.
            if !self.connection().wants_write() {
                return Ok(());
            }
        }
    }

    /// Writes what waits, unless somebody is writing: then it does so.
    fn flush_unless_busy(&self) -> Result<(), Error> {
        loop {
            let Ok(mut writing) = self.writing.try_lock() else { return Ok(()) };
            self.write(&mut writing)?;
            drop(writing);
            if !self.connection().wants_write() {
                return Ok(());
            }
        }
    }

    fn write(&self, writing: &mut Writing<W>) -> Result<(), Error> {
        loop {
            if writing.taken.is_empty() {
                let mut connection = self.connection();
                if !connection.wants_write() {
                    return Ok(writing.stream.flush()?);
                }
                let output = connection.output();
                let len = output.chunk().len();
                writing.taken = output.copy_to_bytes(len);
            }
            match writing.stream.write(&writing.taken) {
                Ok(0) => return Err(Error::ConnectionLost),
                Ok(written) => writing.taken.advance(written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(TimedOut::Write.into()),
                Err(error) if is_cut(&error) => return Err(Error::ConnectionLost),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The half that sends. Clones of it send from several threads: messages never mix, and those of one thread arrive in order.
pub struct Sender<W> {
    shared: Arc<Shared<W>>,
}

impl<W> Clone for Sender<W> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<W: Stream> Sender<W> {
    /// Sends a message: it is on its way when this returns.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    pub fn send(&self, message: impl Into<Message>) -> Result<(), Error> {
        self.shared.connection().send(message)?;
        self.shared.flush()
    }

    /// Lets a message wait for more; see [`WebSocket::feed`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    pub fn feed(&self, message: impl Into<Message>) -> Result<(), Error> {
        let waiting = {
            let mut connection = self.shared.connection();
            connection.send(message)?;
            connection.buffered_amount()
        };
        if waiting < HIGH_WATER { Ok(()) } else { self.shared.flush() }
    }

    /// Sends the next part of a message; see [`Connection::send_part`]. Until its last part is sent, no sender can send another
    /// message; but parts of one kind from two senders mix, so one of them should send them all.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send_part`].
    pub fn send_part(&self, kind: Kind, part: impl Into<Bytes>, last: bool) -> Result<(), Error> {
        self.shared.connection().send_part(kind, part, last)?;
        self.shared.flush()
    }

    /// Writes what waits, whoever fed it.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::flush`].
    pub fn flush(&self) -> Result<(), Error> {
        self.shared.flush()
    }

    /// Says farewell, waits for the peer's, and tells how the conversation ended. It is the [`Receiver`] that meets the peer's
    /// farewell: another thread must be receiving meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. [`Error::TimedOut`] if the peer does not answer in time, or
    /// nobody receives.
    pub fn close(&self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        let frame = CloseFrame::new(code, reason)?;
        self.shared.connection().close(frame);
        match self.shared.flush() {
            Ok(()) | Err(Error::ConnectionLost) => {}
            Err(error) => return Err(error),
        }
        let connection = self.shared.connection();
        let open = |connection: &mut Connection| connection.closed().is_none();
        let patience = self.shared.patience.unwrap_or(Duration::MAX);
        let waited = self.shared.closed.wait_timeout_while(connection, patience, open);
        let closed = waited.unwrap_or_else(PoisonError::into_inner).0.closed().cloned();
        closed.ok_or_else(|| {
            // The receiver is woken by that, too.
            let _ = lock(&self.shared.writing).stream.shutdown(Shutdown::Both);
            Error::TimedOut(TimedOut::Close)
        })
    }

    /// Where the connection is in its life.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.connection().state()
    }

    /// How the conversation ended, once it has.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.shared.connection().closed().cloned()
    }
}

/// The half that receives. Dropping it leaves the [`Sender`]s alone with a stream that nobody reads.
pub struct Receiver<S, W> {
    shared: Arc<Shared<W>>,
    pipe: Pipe<S>,
}

impl<S: Stream, W: Stream> Receiver<S, W> {
    /// Waits for the next message; see [`WebSocket::recv`]. Pings are answered on the way, by whichever thread writes next.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    pub fn recv(&mut self) -> Result<Option<Message>, Error> {
        while let Some(event) = self.next_event()? {
            if let Event::Message(message) = event {
                self.send_replies();
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// As [`recv`](Self::recv), but gives everything that comes; see [`WebSocket::recv_event`].
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        let event = self.next_event()?;
        self.send_replies();
        Ok(event)
    }

    /// Where the connection is in its life.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.connection().state()
    }

    /// How the conversation ended, once it has.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.shared.connection().closed().cloned()
    }

    /// How long the latest answered ping took, there and back.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.pipe.round_trip()
    }

    fn next_event(&mut self) -> Result<Option<Event>, Error> {
        loop {
            let event = self.shared.connection().receive();
            let now = self.pipe.now();
            match event {
                Some(Event::Closed(_)) => self.end(),
                Some(event) => {
                    match &event {
                        Event::Pong(payload) => self.pipe.timer().pong(payload, now),
                        Event::Ping(_) => {}
                        _ => self.pipe.timer().message(now),
                    }
                    return Ok(Some(event));
                }
                None => {
                    if let Some(closed) = self.shared.connection().closed() {
                        return Error::from_ending(closed).map(|()| None);
                    }
                    self.wait()?;
                }
            }
        }
    }

    /// Lets answers leave before the application goes to work on what was received. Should that fail, the next call will meet the
    /// same failure.
    fn send_replies(&self) {
        let _ = self.shared.flush_unless_busy();
    }

    fn wait(&mut self) -> Result<(), Error> {
        match self.shared.flush_unless_busy() {
            Ok(()) | Err(Error::ConnectionLost) => {}
            Err(error) => return Err(error),
        }
        let state = self.shared.connection().state();
        self.pipe.observe(state);
        let shared = &self.shared;
        match self.pipe.read(None, |bytes| shared.connection().input().put_slice(bytes)) {
            Ok(Read::Bytes(_)) => {}
            Ok(Read::End) => self.shared.connection().end_input(),
            Ok(Read::PingDue) => {
                // A sender may have begun to close meanwhile: then there is nothing to ask.
                let mut connection = self.shared.connection();
                if connection.state() == State::Open {
                    let now = self.pipe.now();
                    connection.ping(self.pipe.timer().ping(now))?;
                }
            }
            Err(error) => {
                if error.is_final() {
                    self.lose();
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Writes the last words, if nobody else does, and ends the stream: the server first.
    fn end(&mut self) {
        let _ = self.shared.flush();
        self.shared.closed.notify_all();
        let role = self.shared.connection().role();
        self.pipe.hang_up(role == Role::Server, None);
    }

    /// Gives the connection up, with all that was received already given to the application.
    fn lose(&mut self) {
        self.pipe.cut();
        let mut connection = self.shared.connection();
        connection.end_input();
        while connection.receive().is_some() {}
        drop(connection);
        self.shared.closed.notify_all();
    }
}

impl<W> fmt::Debug for Sender<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<S, W> fmt::Debug for Receiver<S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
