//! The half of a blocking connection that sends, and as many of it as there are threads.

use std::fmt;
use std::string::{String, ToString};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use bytes::Bytes;

use super::pipe::Wait;
use super::shared::{Core, Shared};
use super::stream::Stream;
use super::writing::{MessageWriter, Sealed, SendHandle};
use crate::adapter::{Backpressure, Error, Overflow, TrySendError};
use crate::connection::{Closed, SendError, State};
use crate::message::{CloseCode, CloseFrame, Compress, Kind, Outgoing};
use crate::timing::TimedOut;

/// The half that sends. Clones of it send from several threads: messages never mix, and those of
/// one thread arrive in order.
pub struct Sender<W> {
    pub(super) shared: Arc<Shared<W>>,
}

impl<W> Clone for Sender<W> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<W: Stream> Sender<W> {
    /// Sends a message: it is on its way when this returns. While another message is written in
    /// parts ([`writer`](Self::writer)), it waits for its turn.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send).
    pub fn send(&self, message: impl Into<Outgoing>) -> Result<(), Error> {
        let wait = self.begin();
        let core = self.admit(message.into(), wait)?;
        self.flush_as_chosen(core, wait)
    }

    /// Lets a message wait for more; see [`WebSocket::feed`](super::WebSocket::feed). A
    /// [`Receiver`](super::Receiver) that waits already does not write it.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send).
    pub fn feed(&self, message: impl Into<Outgoing>) -> Result<(), Error> {
        let wait = self.begin();
        let core = self.admit(message.into(), wait)?;
        let is_high = core.is_high();
        if is_high { self.flush_as_chosen(core, wait) } else { Ok(()) }
    }

    /// Sends a message, without waiting. What the stream does not take at once leaves with whatever
    /// is done next on either half.
    ///
    /// # Errors
    ///
    /// [`TrySendError`] gives the message back.
    pub fn try_send(&self, message: impl Into<Outgoing>) -> Result<(), TrySendError> {
        let (outgoing, mut core) = (message.into(), self.shared.lock());
        if core.is_full() {
            // Should that fail, whoever writes next will meet the same failure.
            core = self.flush_now(core).0;
        }
        if (core.taken || core.is_full()) && core.connection.state() == State::Open {
            return Err(TrySendError::Full(outgoing));
        }
        if let Err(error) = core.connection.check_sendable() {
            return Err(TrySendError::Send(outgoing, error));
        }
        let sent = core.connection.send(outgoing);
        debug_assert!(sent.is_ok(), "it was sendable");
        // Should that fail, whoever writes next will meet the same failure.
        let _ = self.flush_now(core);
        Ok(())
    }

    /// Writes a message piece by piece. It waits for its turn, and other senders wait then until it
    /// is finished or dropped: a thread that has it must not send with another clone of its own.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] once either side has begun to close.
    pub fn writer(&mut self, kind: Kind) -> Result<MessageWriter<'_, Self>, Error> {
        self.turn(self.shared.lock())?.taken = true;
        Ok(MessageWriter::new(self, kind))
    }

    /// Writes what waits, whoever fed it.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::flush`](super::WebSocket::flush).
    pub fn flush(&self) -> Result<(), Error> {
        self.flush_all(self.shared.lock(), self.begin())
    }

    /// Sends a ping, waits for the pong, and tells how long that took. Another thread must be
    /// receiving meanwhile: the pong comes to the [`Receiver`](super::Receiver).
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send); [`Error::ConnectionLost`] if the connection
    /// ends before the pong comes, or the receiver is dropped.
    pub fn ping(&self) -> Result<Duration, Error> {
        let wait = self.begin();
        let mut core = self.shared.lock();
        let number = core.ping(wait.begun)?;
        self.flush_all(core, wait)?;
        let mut core = self.shared.lock();
        while core.answered < number {
            if core.over || core.receiver_dropped {
                return Err(Error::ConnectionLost);
            }
            core = self.shared.wait(core, None);
        }
        Ok(self.shared.now().saturating_sub(wait.begun))
    }

    /// Sends a ping. When the [`Receiver`](super::Receiver) has met the peer's pong,
    /// [`round_trip`](Self::round_trip) tells how long it took.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send).
    pub fn start_ping(&self) -> Result<(), Error> {
        let wait = self.begin();
        let mut core = self.shared.lock();
        core.ping(wait.begun)?;
        self.flush_all(core, wait)
    }

    /// How long the latest of the senders' pings took, there and back, if it was answered.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.shared.lock().round_trip
    }

    /// Sends a pong, of at most 125 bytes; see [`WebSocket::pong`](super::WebSocket::pong).
    ///
    /// # Errors
    ///
    /// As [`WebSocket::pong`](super::WebSocket::pong).
    pub fn pong(&self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
        self.shared.lock().connection.pong(payload)?;
        self.flush()
    }

    /// Says farewell, and returns: the [`Receiver`](super::Receiver) gives what the peer sends
    /// before its own.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. Else as
    /// [`flush`](Self::flush).
    pub fn start_close(&self, code: CloseCode, reason: &str) -> Result<(), Error> {
        let frame = CloseFrame::new(code, reason)?;
        self.shared.lock().connection.close(frame);
        self.flush()
    }

    /// Ends the stream now, both ways and without a farewell. The peer sees code 1006.
    pub fn abort(&self) {
        (self.shared.cut)();
    }

    /// Says farewell, waits for the peer's and for the end of the stream, and tells how the
    /// conversation ended. It is the [`Receiver`](super::Receiver) that meets the peer's farewell:
    /// another thread must be receiving meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::Reason`] above 123 bytes of reason: nothing was sent. [`Error::TimedOut`] if the
    /// peer does not answer in time, or nobody receives: the stream is ended all the same.
    /// [`Error::ConnectionLost`] if the receiver is dropped: the farewell is sent, but nobody will
    /// meet the peer's.
    pub fn close(&self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        let frame = CloseFrame::new(code, reason)?;
        let wait = self.begin();
        let deadline = self.shared.timeouts.close.map(|timeout| wait.begun.saturating_add(timeout));
        let mut core = self.shared.lock();
        core.connection.close(frame);
        loop {
            // If it can't be written, the receiver will find out.
            core = self.shared.write(core, Wait { until: deadline, ..wait }).0;
            if let Some(closed) = core.connection.closed().filter(|_| core.over) {
                return if core.too_late {
                    Err(TimedOut::Close.into())
                } else {
                    Ok(closed.clone())
                };
            }
            if core.receiver_dropped && core.is_idle() {
                return Err(Error::ConnectionLost);
            }
            let left = deadline.map(|deadline| deadline.saturating_sub(self.shared.now()));
            if left.is_some_and(|left| left.is_zero()) {
                // Whoever reads or writes is woken by that.
                (self.shared.cut)();
                core.too_late |= core.connection.closed().is_none();
                return core.connection.closed().cloned().ok_or(Error::TimedOut(TimedOut::Close));
            }
            core = self.shared.wait(core, left);
        }
    }

    /// Waits for the end of the connection, whoever begins it, and tells how the conversation
    /// ended. Another thread must be receiving meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::ConnectionLost`] if the [`Receiver`](super::Receiver) is dropped before: nobody
    /// will meet the end.
    pub fn until_closed(&self) -> Result<Closed, Error> {
        let mut core = self.shared.lock();
        loop {
            if let Some(closed) = core.connection.closed().filter(|_| core.over) {
                return Ok(closed.clone());
            }
            if core.receiver_dropped {
                return Err(Error::ConnectionLost);
            }
            core = self.shared.wait(core, None);
        }
    }

    /// Where the connection is in its life.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.lock().connection.state()
    }

    /// How the conversation ended, once it has.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.shared.lock().connection.closed().cloned()
    }

    /// Whether the [`Receiver`](super::Receiver) was dropped. Nobody answers pings then, or notices
    /// that the peer is gone.
    #[must_use]
    pub fn receiver_dropped(&self) -> bool {
        self.shared.lock().receiver_dropped
    }

    /// Bytes that wait to be written, headers included, from all senders.
    #[must_use]
    pub fn buffered_amount(&self) -> usize {
        self.shared.lock().connection.buffered_amount()
    }

    /// How many messages were dropped, of all senders; see [`Overflow::DropNewest`].
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.lock().dropped
    }

    /// Gives back the memory that an idle connection can do without; see
    /// [`Connection::release_memory`](crate::Connection::release_memory).
    pub fn release_memory(&self) {
        self.shared.lock().connection.release_memory();
    }

    /// How much may wait to be written from now on, for all senders.
    pub fn set_backpressure(&self, backpressure: Backpressure) {
        self.shared.lock().backpressure = backpressure;
    }

    /// The subprotocol that the handshake agreed on.
    #[must_use]
    pub fn subprotocol(&self) -> Option<String> {
        self.shared.lock().connection.subprotocol().map(ToString::to_string)
    }

    fn begin(&self) -> Wait {
        Wait { begun: self.shared.now(), until: None }
    }

    /// Waits until nobody sends a message in parts.
    fn turn<'a>(
        &'a self,
        mut core: MutexGuard<'a, Core<W>>,
    ) -> Result<MutexGuard<'a, Core<W>>, Error> {
        while core.taken && core.connection.state() == State::Open {
            core = self.shared.wait(core, None);
        }
        core.connection.check_sendable()?;
        Ok(core)
    }

    /// Queues a message, after the wait for room that the application chose.
    fn admit(&self, message: Outgoing, wait: Wait) -> Result<MutexGuard<'_, Core<W>>, Error> {
        let mut core = self.turn(self.shared.lock())?;
        let backpressure = core.backpressure;
        if backpressure.overflow == Overflow::Wait {
            while core.is_high() {
                core = self.turn(self.advance(core, wait).map_err(Error::for_room)?)?;
            }
        } else if core.is_full() {
            let (unlocked, flushed) = self.flush_now(core);
            flushed?;
            core = self.turn(unlocked)?;
            if core.is_full() {
                let Core { connection, dropped, .. } = &mut *core;
                backpressure.refuse(connection, dropped)?;
                return Ok(core);
            }
        }
        core.connection.send(message)?;
        Ok(core)
    }

    /// Writes, or waits for another thread that does to get on.
    fn advance<'a>(
        &'a self,
        core: MutexGuard<'a, Core<W>>,
        wait: Wait,
    ) -> Result<MutexGuard<'a, Core<W>>, Error> {
        let (core, written) = self.shared.write(core, wait);
        written?;
        // It gives up by itself in time, and says so.
        Ok(if core.is_being_written() { self.shared.wait(core, None) } else { core })
    }

    /// Writes all that waits.
    fn flush_all<'a>(&'a self, mut core: MutexGuard<'a, Core<W>>, wait: Wait) -> Result<(), Error> {
        loop {
            core = self.advance(core, wait)?;
            if core.is_idle() {
                return Ok(());
            }
        }
    }

    /// Writes all that waits, or as much as the stream takes at once.
    fn flush_as_chosen<'a>(
        &'a self,
        core: MutexGuard<'a, Core<W>>,
        wait: Wait,
    ) -> Result<(), Error> {
        if core.backpressure.overflow == Overflow::Wait {
            self.flush_all(core, wait)
        } else {
            self.flush_now(core).1
        }
    }

    /// Writes as much as the stream takes at once.
    fn flush_now<'a>(
        &'a self,
        core: MutexGuard<'a, Core<W>>,
    ) -> (MutexGuard<'a, Core<W>>, Result<(), Error>) {
        if core.is_stuck() {
            return (core, Ok(()));
        }
        let now = self.shared.now();
        match self.shared.write(core, Wait { begun: now, until: Some(now) }) {
            (core, Err(Error::TimedOut(TimedOut::Receive))) => (core, Ok(())),
            flushed => flushed,
        }
    }
}

impl<W: Stream> Sealed for Sender<W> {}

impl<W: Stream> SendHandle for Sender<W> {
    fn room(&mut self) -> Result<(), Error> {
        let (mut core, wait) = (self.shared.lock(), self.begin());
        while core.connection.state() == State::Open && core.is_high() {
            core = self.advance(core, wait).map_err(Error::for_room)?;
        }
        Ok(())
    }

    fn queue(
        &mut self,
        (kind, compress): (Kind, Compress),
        part: Bytes,
        last: bool,
    ) -> Result<(), SendError> {
        self.shared.lock().connection.send_fragment_with(kind, part, last, compress)
    }

    fn flush(&mut self) -> Result<(), Error> {
        Self::flush(self)
    }

    fn leave(&mut self, half_sent: bool) {
        let mut core = self.shared.lock();
        core.taken = false;
        if half_sent {
            core.connection.close(CloseCode::INTERNAL_ERROR);
        }
        // Should that fail, whoever writes next will meet the same failure.
        drop(self.flush_now(core));
        self.shared.changed.notify_all();
    }
}

impl<W> fmt::Debug for Sender<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
