//! The receiving loop, of a connection that one thread uses and of the half that receives: takes
//! events, writes, reads, and waits.
//!
//! ```text
//!   next event? ──► return it
//!      │ none
//!      ├── open ───► write for a moment ──► read, until the next deadline ──► check the deadlines
//!      └── closed ─► the shutdown sequence: write, shut down, read, as the session says
//! ```

use std::io::ErrorKind;
use std::net::Shutdown;
use std::time::Duration;

use super::driver::Driver;
use super::handle::{Handle, needs_room};
use super::io::{Incoming, Read};
use super::stream::Stream;
use crate::adapter::Error;
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::replies::{self, PeerReads, Replies};
use crate::connection::{Closed, Event};
use crate::message::{Message, MessageRef};
use crate::session::{Next, POLL_INTERVAL, PongProgress, Session};
use crate::timing::TimedOut;

/// How long a call waits for an event.
#[derive(Default)]
pub(super) struct RecvDeadline {
    until: Option<Duration>,
    /// Whether the stream was read from: what is there is received, however short the wait is.
    has_read: bool,
}

impl RecvDeadline {
    fn is_over(&self, now: Duration) -> bool {
        self.until.is_some_and(|until| now >= until)
    }
}

pub(super) trait Receive {
    type Incoming: Stream;
    type Outgoing: Stream;

    /// The session, and how to write.
    fn handle(&mut self) -> Handle<'_, Self::Outgoing>;

    fn incoming(&mut self) -> &mut Incoming<Self::Incoming>;

    /// Uses the session and the read buffer together.
    fn receive<T>(
        &mut self,
        receive: impl FnOnce(&mut Session, &mut Incoming<Self::Incoming>) -> T,
    ) -> T;

    /// Hands over the messages that have been read: see [`Replies::hand_over`].
    fn hand_over(
        &mut self,
        peer: PeerReads,
        count: &mut usize,
        each: &mut impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Result<Option<Event>, Error>;

    fn with<T>(&mut self, access: impl FnOnce(&mut Session) -> T) -> T {
        self.handle().with(access)
    }

    fn now(&mut self) -> Duration {
        self.incoming().io.now()
    }

    /// Ends the stream, both ways.
    fn close_stream(&mut self) {
        if let Handle::Shared(shared) = self.handle() {
            // A sender may be blocked in a write.
            (shared.abort_stream)();
        }
        self.incoming().io.shut_down(Shutdown::Both);
    }

    /// Receives the next message, within this time; `None` after a clean end.
    fn recv(&mut self, timeout: Option<Duration>) -> Result<Option<Message>, Error> {
        let until = timeout.map(|timeout| self.now().saturating_add(timeout));
        let mut limit = RecvDeadline { until, has_read: false };
        loop {
            match self.next_event() {
                Some(Event::Message(message)) => {
                    self.flush_replies(&limit);
                    return Ok(Some(message));
                }
                Some(_) => {}
                None if !self.more(&mut limit)? => return Ok(None),
                None => {}
            }
        }
    }

    /// Receives the next event; `None` after a clean end.
    fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        let mut limit = RecvDeadline::default();
        loop {
            if let Some(event) = self.next_event() {
                self.flush_replies(&limit);
                return Ok(Some(event));
            }
            if !self.more(&mut limit)? {
                return Ok(None);
            }
        }
    }

    /// Waits for messages, and hands over those that are there; `false` after a clean end.
    fn recv_with(
        &mut self,
        mut each: impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let peer = self.room_for_replies()?;
        let (mut limit, mut count) = (RecvDeadline::default(), 0);
        loop {
            let other = self.hand_over(peer, &mut count, &mut each);
            if count > 0 {
                self.receive(|session, incoming| session.message_received(|| incoming.io.now()));
            }
            match other? {
                Some(Event::Closed(_)) => {}
                Some(event) => self.receive(|session, incoming| {
                    session.other_received(&event, || incoming.io.now());
                }),
                None if count > 0 => {
                    self.flush_replies(&limit);
                    return Ok(true);
                }
                None if !self.more(&mut limit)? => return Ok(false),
                None => {}
            }
        }
    }

    /// Makes room for the answers of `recv_with`, as the overflow policy says.
    fn room_for_replies(&mut self) -> Result<PeerReads, Error> {
        let mut handle = self.handle();
        let (needs_room, waits) =
            handle.with(|session| (needs_room(session), session.send_waits()));
        if !needs_room {
            return Ok(PeerReads::Yes);
        }
        let written = if waits { handle.wait_for_room() } else { handle.write_at_once() };
        match written {
            Ok(()) if handle.with(|session| session.is_above_high_water_mark()) && !waits => {
                Ok(PeerReads::NotYet)
            }
            Ok(()) => Ok(PeerReads::Yes),
            Err(error @ Error::TimedOut(_)) => Err(error),
            Err(_) => Ok(PeerReads::NoMore),
        }
    }

    /// Waits for the pong to a ping. Other events are kept to be received.
    fn ping(&mut self) -> Result<Duration, Error> {
        let sent = self.now();
        let number = self.with(|session| match session.pushback_full() {
            true => Err(Error::UnreadMessages),
            false => Ok(session.ping(sent)?),
        })?;
        let mut limit = RecvDeadline::default();
        loop {
            let progress = self.receive(|session, Incoming { io, buffer }| {
                buffer.take(|bytes| session.receive_until_pong(number, bytes, || io.now()))
            });
            match progress {
                PongProgress::Answered => {
                    return Ok(self.now().saturating_sub(sent));
                }
                PongProgress::PushbackFull => return Err(Error::UnreadMessages),
                PongProgress::Closed => return Err(Error::ConnectionLost),
                PongProgress::NeedsInput => self.input(&mut limit)?,
            }
        }
    }

    /// Receives to the end, and discards the messages. Returns how the connection was closed.
    fn until_closed(&mut self) -> Result<Closed, Error> {
        loop {
            match self.recv(None) {
                Ok(_) | Err(Error::Protocol(_) | Error::ConnectionLost) => {}
                Err(error) => return Err(error),
            }
            if let Some(closed) = self.with(|session| session.closed().cloned()) {
                return Ok(closed);
            }
        }
    }

    /// The next event that is there, but for the end.
    fn next_event(&mut self) -> Option<Event> {
        let event = self.receive(|session, Incoming { io, buffer }| {
            if buffer.is_empty() && session.connection.needs_input() {
                return None;
            }
            buffer.next(|bytes| session.receive_from_at(bytes, || io.now()))
        })?;
        (!matches!(event, Event::Closed(_))).then_some(event)
    }

    /// Waits for more input; `false` after a clean end, when the stream is shut down too.
    fn more(&mut self, limit: &mut RecvDeadline) -> Result<bool, Error> {
        if self.with(|session| session.closed().is_none()) {
            return self.input(limit).map(|()| true);
        }
        self.shut_down(limit);
        self.with(|session| session.closed().map_or(Ok(()), Error::from_closed))?;
        Ok(false)
    }

    /// Writes, and reads.
    fn input(&mut self, limit: &mut RecvDeadline) -> Result<(), Error> {
        self.read_more(limit).map_err(|error| self.close_if_over(error))
    }

    fn read_more(&mut self, limit: &mut RecvDeadline) -> Result<(), Error> {
        // Bytes that arrive all the time, and are no message, do not extend the wait.
        if limit.has_read && limit.is_over(self.now()) {
            return Err(TimedOut::Receive.into());
        }
        let stalled = match self.handle().write_soon(limit.until) {
            Ok(stalled) => stalled,
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                return Err(error.into());
            }
            // It may still have bytes to read, the peer's Close for example.
            Err(_) => false,
        };
        let interval =
            if stalled { Some(POLL_INTERVAL) } else { self.handle().state_poll_interval() };
        let now = self.now();
        let deadline = self.with(|session| {
            session.before_read(|| now)?;
            Ok::<_, TimedOut>(session.deadline_of_call(now, None))
        })?;
        let interval = interval.map(|interval| now.saturating_add(interval));
        let until = earlier(earlier(deadline, interval), limit.until);
        limit.has_read = true;
        match self.read(until)? {
            Read::Bytes(_) => {}
            Read::End => self.with(Session::end_input),
            // Deadlines are checked now that there is nothing to read: bytes in the stream show
            // that the peer is alive, however late they are read.
            Read::TimedOut => {
                let now = self.now();
                self.with(|session| session.check_deadlines(now, None, true))?;
                if limit.is_over(now) {
                    return Err(TimedOut::Receive.into());
                }
            }
        }
        Ok(())
    }

    /// Reads into the buffer, which is empty.
    fn read(&mut self, until: Option<Duration>) -> Result<Read, Error> {
        let incoming = self.incoming();
        debug_assert!(incoming.buffer.is_empty(), "no bytes are discarded");
        let mut buffer = ReadBuffer::new(false);
        let read = incoming.io.read(buffer.space(), until)?;
        if let Read::Bytes(count) = read {
            buffer.fill(count);
            self.receive(|session, incoming| {
                incoming.buffer = buffer;
                session.note_read();
            });
        }
        Ok(read)
    }

    /// Writes answers before the application works on what it received.
    fn flush_replies(&mut self, limit: &RecvDeadline) {
        let mut handle = self.handle();
        if handle.with(|session| session.reply_pending()) {
            // The next call returns the error again.
            let _ = handle.write_soon(limit.until);
        }
    }

    /// Shuts the stream down, as the session says, so that our Close frame arrives. If the caller
    /// does not wait so long, the stream is closed at once.
    fn shut_down(&mut self, limit: &RecvDeadline) {
        if self.with(|session| session.is_done()) {
            return;
        }
        loop {
            let now = self.now();
            let next = self.with(|session| {
                let late = session.before_read(|| now);
                debug_assert!(late.is_ok(), "the connection is closed");
                session.next_action()
            });
            let soon = now.saturating_add(POLL_INTERVAL);
            match next {
                Some(Next::Done) => break,
                Some(Next::Read | Next::Wait(_)) | None if limit.is_over(now) => break,
                Some(Next::Write | Next::Flush) => match self.handle().write_soon(limit.until) {
                    Err(_) => self.with(Session::write_failed),
                    // Another thread may be writing, or what was to be written may be flushed.
                    Ok(_) => self.with(|session| {
                        if session.has_unwritten() {
                            session.write_would_block(now);
                        }
                    }),
                },
                Some(Next::ShutdownWrite) => {
                    self.incoming().io.shut_down(Shutdown::Write);
                    self.with(Session::write_half_shut_down);
                }
                Some(Next::Read) => self.drain(limit, now, soon),
                Some(Next::Wait(_)) | None => {
                    let late = self.with(|session| session.check_close_deadline(now));
                    debug_assert!(late.is_ok(), "the connection is closed");
                    if self.with(|session| !session.is_done()) {
                        self.handle().pause(limit.until.map_or(soon, |until| until.min(soon)));
                    }
                    self.with(Session::stream_ready);
                }
            }
        }
        // A shutdown that was cut short ends here too.
        self.with(Session::abort);
        self.close_stream();
    }

    /// Reads and discards: for a moment if something is still to be written.
    fn drain(&mut self, limit: &RecvDeadline, now: Duration, soon: Duration) {
        let deadline = self.with(|session| {
            let deadline = session.check_close_deadline(now).unwrap_or_default();
            if session.has_unwritten() { Some(soon) } else { deadline }
        });
        let until = earlier(deadline, limit.until);
        match self.read(until) {
            Ok(Read::Bytes(_)) => self.incoming().buffer = ReadBuffer::default(),
            Ok(Read::TimedOut) => self.with(Session::read_would_block),
            Ok(Read::End) | Err(_) => self.with(Session::end_input),
        }
    }

    /// Gives the connection up after an error that is final, and returns the error.
    fn close_if_over(&mut self, error: Error) -> Error {
        if error.is_final() {
            self.with(Session::abort);
            self.incoming().buffer = ReadBuffer::default();
            self.close_stream();
        }
        error
    }
}

fn earlier(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}

impl<S: Stream> Receive for Driver<S> {
    type Incoming = S;
    type Outgoing = S;

    fn handle(&mut self) -> Handle<'_, S> {
        Handle::Alone(self)
    }

    fn incoming(&mut self) -> &mut Incoming<S> {
        &mut self.incoming
    }

    fn receive<T>(&mut self, receive: impl FnOnce(&mut Session, &mut Incoming<S>) -> T) -> T {
        receive(&mut self.session, &mut self.incoming)
    }

    fn hand_over(
        &mut self,
        peer: PeerReads,
        count: &mut usize,
        each: &mut impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Result<Option<Event>, Error> {
        replies::hand_over(&mut self.session, peer, &mut self.incoming.buffer, count, each)
    }
}
