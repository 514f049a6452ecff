//! A connection in two halves, for two threads: full duplex without a runtime. A thread that
//! receives never waits for one that sends; what nobody else is writing, an answer to a ping for
//! example, it writes itself before it reads on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::WebSocket;
use super::driver::{SLICE, is_stuck};
use super::pipe::{Pipe, Read, Wait};
use super::sender::Sender;
use super::shared::{Cut, Shared};
use super::stream::Stream;
use crate::adapter::Error;
use crate::connection::{Closed, Event, Role, State};
use crate::message::{CloseCode, CloseFrame, Message};
use crate::timing::TimedOut;

/// Takes a connection apart; what is written goes to `stream`.
pub(super) fn split<S: Stream, W: Stream>(
    mut socket: WebSocket<S>,
    stream: W,
    cut: Cut,
) -> Result<(Sender<W>, Receiver<S, W>), Error> {
    let outgoing = socket.pipe.beside(stream)?;
    socket.pipe.forget_timeouts();
    let shared =
        Arc::new(Shared::new(&socket.pipe, outgoing, socket.connection, socket.dropped, cut));
    Ok((
        Sender { shared: Arc::clone(&shared) },
        Receiver { presence: Presence(shared), pipe: socket.pipe },
    ))
}

/// The half that receives. Dropping it leaves the [`Sender`]s alone with a stream that nobody
/// reads.
pub struct Receiver<S, W> {
    presence: Presence<W>,
    pipe: Pipe<S>,
}

/// Tells the senders when it is dropped.
struct Presence<W>(Arc<Shared<W>>);

impl<W> Drop for Presence<W> {
    fn drop(&mut self) {
        self.0.lock().receiver_dropped = true;
        self.0.changed.notify_all();
    }
}

impl<S: Stream, W: Stream> Receiver<S, W> {
    /// Waits for the next message; see [`WebSocket::recv`]. Pings are answered on the way, by
    /// whichever thread writes next.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    pub fn recv(&mut self) -> Result<Option<Message>, Error> {
        self.recv_until(None)
    }

    /// Waits for the next message for a while; see [`WebSocket::recv_timeout`].
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); and [`TimedOut::Receive`] if no message came in time. Nothing is
    /// lost then.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Option<Message>, Error> {
        self.recv_until(Some(self.pipe.now().saturating_add(timeout)))
    }

    /// As [`recv`](Self::recv), but gives everything that comes; see [`WebSocket::recv_event`].
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        let wait = self.pipe.wait(None);
        let event = self.next_event(wait, &mut false)?;
        self.send_replies(wait);
        Ok(event)
    }

    /// Says farewell, waits for the peer's, ends the stream, and tells how the conversation ended;
    /// see [`WebSocket::close`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::close`].
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        let frame = CloseFrame::new(code, reason)?;
        self.shared().lock().connection.close(frame);
        loop {
            match self.recv() {
                Ok(_) | Err(Error::Protocol(_) | Error::ConnectionLost) => {}
                Err(error) => {
                    self.lose();
                    return Err(error);
                }
            }
            if let Some(closed) = self.closed() {
                return Ok(closed);
            }
        }
    }

    /// Where the connection is in its life.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared().lock().connection.state()
    }

    /// How the conversation ended, once it has.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.shared().lock().connection.closed().cloned()
    }

    /// How long the latest ping that kept the connection alive took, there and back. A sender's own
    /// tells it itself.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.pipe.round_trip()
    }

    /// Puts the halves together again.
    ///
    /// # Errors
    ///
    /// Gives both back if the sender is another connection's, or is not the only one.
    #[expect(clippy::result_large_err, reason = "nothing is lost: it is what was given")]
    pub fn reunite(self, sender: Sender<W>) -> Result<WebSocket<S>, (Self, Sender<W>)> {
        if !Arc::ptr_eq(&self.presence.0, &sender.shared)
            || Arc::strong_count(&self.presence.0) != 2
        {
            return Err((self, sender));
        }
        let Self { presence, mut pipe } = self;
        let shared = Arc::clone(&presence.0);
        drop((presence, sender));
        let core = match Arc::try_unwrap(shared) {
            Ok(shared) => shared.into_core(),
            // Nobody can have cloned a sender meanwhile: there was only this one.
            Err(shared) => {
                return Err((
                    Self { presence: Presence(Arc::clone(&shared)), pipe },
                    Sender { shared },
                ));
            }
        };
        pipe.forget_timeouts();
        if let Some(mut outgoing) = core.outgoing {
            outgoing.pass_on(&mut pipe);
        }
        Ok(WebSocket::reunited(pipe, core.connection, core.dropped))
    }

    fn shared(&self) -> &Shared<W> {
        &self.presence.0
    }

    fn recv_until(&mut self, until: Option<Duration>) -> Result<Option<Message>, Error> {
        let (wait, mut waited) = (self.pipe.wait(until), false);
        while let Some(event) = self.next_event(wait, &mut waited)? {
            if let Event::Message(message) = event {
                self.send_replies(wait);
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    fn next_event(&mut self, wait: Wait, waited: &mut bool) -> Result<Option<Event>, Error> {
        loop {
            let shared = &self.presence.0;
            let event =
                self.pipe.unread.next(|received| shared.lock().connection.receive_from(received));
            let now = self.pipe.now();
            match event {
                Some(Event::Closed(_)) => self.end(wait),
                Some(event) => {
                    match &event {
                        Event::Pong(payload) => {
                            self.pipe.timer().pong(payload, now);
                            self.shared().lock().pong(payload, now);
                            self.shared().changed.notify_all();
                        }
                        Event::Ping(_) => {}
                        _ => self.pipe.timer().message(now),
                    }
                    return Ok(Some(event));
                }
                None => {
                    if let Some(closed) = self.closed() {
                        let too_late = self.shared().lock().too_late;
                        return if too_late {
                            Err(TimedOut::Close.into())
                        } else {
                            Error::from_ending(&closed).map(|()| None)
                        };
                    }
                    if *waited && wait.is_over(now) {
                        return Err(TimedOut::Receive.into());
                    }
                    self.wait(wait)?;
                    *waited = true;
                }
            }
        }
    }

    /// Writes what nobody else does, for a moment.
    fn flush_soon(&self, wait: Wait) -> Result<(), Error> {
        let at_most = wait.at_most(self.pipe.now(), SLICE);
        self.shared().write(self.shared().lock(), at_most).1
    }

    /// Lets answers leave before the application goes to work on what was received. Should that
    /// fail, the next call will meet the same failure.
    fn send_replies(&self, wait: Wait) {
        let _ = self.flush_soon(wait);
    }

    fn wait(&mut self, wait: Wait) -> Result<(), Error> {
        let stuck = is_stuck(self.flush_soon(wait))?;
        // A sender may begin to close while this waits: that is looked at in time for the deadline.
        let glance = self.shared().timeouts.close.map(|close| close / 2);
        let soon = match if stuck { Some(SLICE) } else { glance } {
            Some(time) => wait.at_most(self.pipe.now(), time),
            None => wait,
        };
        let shared = &self.presence.0;
        self.pipe.observe(shared.lock().connection.state());
        match self.pipe.read(soon.until) {
            Ok(Read::Bytes(_)) => {}
            Ok(Read::End) => self.shared().lock().connection.end_input(),
            Ok(Read::PingDue) => {
                // A sender may have begun to close meanwhile: then there is nothing to ask.
                let mut core = shared.lock();
                if core.connection.state() == State::Open {
                    let now = self.pipe.now();
                    core.connection.ping(self.pipe.timer().ping(now))?;
                }
            }
            Err(Error::TimedOut(TimedOut::Receive)) if !wait.is_over(self.pipe.now()) => {}
            Err(error) => {
                if error.is_final() {
                    self.shared().lock().too_late |=
                        matches!(error, Error::TimedOut(TimedOut::Close));
                    self.lose();
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Lets the last words leave, in the time that there is for closing, and ends the stream: the
    /// server first. Meanwhile it reads: the peer may take our last words only after we have taken
    /// its own.
    fn end(&mut self, wait: Wait) {
        self.pipe.observe(State::Closed);
        let mut ended = false;
        while matches!(self.flush_soon(wait), Ok(()) | Err(Error::TimedOut(TimedOut::Receive)))
            && !self.shared().lock().is_idle()
        {
            let now = self.pipe.now();
            if ended {
                // It may still read, what another thread writes for example.
                if wait.is_over(now) || self.pipe.timer().check(now).is_err() {
                    break;
                }
                drop(self.shared().wait(self.shared().lock(), Some(SLICE)));
                continue;
            }
            match self.pipe.read(wait.at_most(now, SLICE).until) {
                Err(Error::TimedOut(TimedOut::Receive)) if !wait.is_over(self.pipe.now()) => {}
                Ok(Read::Bytes(_)) => {}
                Ok(Read::End) => ended = true,
                _ => break,
            }
        }
        let role = self.shared().lock().connection.role();
        self.pipe.hang_up(role == Role::Server, wait.until);
        self.be_over();
    }

    /// Gives the connection up, with all that was received already given to the application.
    fn lose(&mut self) {
        (self.shared().cut)();
        self.pipe.cut();
        let mut core = self.presence.0.lock();
        core.connection.end_input();
        while self.pipe.unread.next(|received| core.connection.next_event(received)).is_some() {}
        drop(core);
        self.be_over();
    }

    fn be_over(&self) {
        self.shared().lock().over = true;
        self.shared().changed.notify_all();
    }
}

impl<S, W> fmt::Debug for Receiver<S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
