//! The receiving loop, of a connection that one thread uses and of the half that receives: takes
//! events, and writes, reads and waits as the session says.
//!
//! ```text
//!   next event? ──► return it
//!      │ none
//!      └──► session.next ──► write for a moment · shut down · read, until a deadline · wait
//!              ▲   ├─► Done: close the stream        │
//!              │   └─► it has ended: return          │
//!              └───────────── report ◄───────────────┘ bytes or the end: next event?
//! ```

use std::io::ErrorKind;
use std::net::Shutdown;
use std::time::Duration;

use super::handle::Handle;
use super::io::{Read, ReadHalf};
use super::stream::Stream;
use super::unsplit::Unsplit;
use crate::adapter::Error;
use crate::adapter::hand_over::{Each, HandedOver, hand_over};
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::replies::{PeerReads, Replies};
use crate::connection::{Closed, Event};
use crate::message::Message;
use crate::session::{Next, POLL_INTERVAL, PongProgress, Session, needs_room};
use crate::timing::TimedOut;

/// How long a call waits for an event.
#[derive(Default)]
pub(super) struct RecvDeadline {
    until: Option<Duration>,
    /// Whether the stream was read from: what is there is received, however short the wait is.
    has_read: bool,
    /// Whether the call waits for the end of the stream too.
    drain: bool,
}

impl RecvDeadline {
    /// The shutdown does not wait for a read.
    fn is_over(&self, now: Duration, closed: bool) -> bool {
        (self.has_read || closed) && self.until.is_some_and(|until| now >= until)
    }
}

/// What ends the wait of a call.
pub(super) enum Waited {
    /// There may be events.
    Events,
    /// The end of the connection is to be reported.
    End,
    /// The stream is to be closed too.
    Done,
}

pub(super) trait Receive {
    type Reader: Stream;
    type Writer: Stream;

    /// The session, and how to write.
    fn handle(&mut self) -> Handle<'_, Self::Writer>;

    fn incoming(&mut self) -> &mut ReadHalf<Self::Reader>;

    /// Uses the session and the read buffer together.
    fn receive<T>(
        &mut self,
        receive: impl FnOnce(&mut Session, &mut ReadHalf<Self::Reader>) -> T,
    ) -> T;

    /// Hands over the messages that have been read: see [`hand_over()`].
    fn hand_over(
        &mut self,
        peer: PeerReads,
        done: &mut HandedOver,
        each: &mut impl Each,
    ) -> Result<Option<Event>, Error> {
        self.receive(|session, incoming| hand_over(session, peer, &mut incoming.buffer, done, each))
    }

    /// Hands over another event.
    fn hand_over_other(
        &mut self,
        peer: PeerReads,
        event: Event,
        each: &mut impl Each,
    ) -> Result<(), Error> {
        self.receive(|session, _| each.other(event, &mut Replies::own(session, peer)))
    }

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
            shared.close_stream();
        }
        self.incoming().io.shut_down(Shutdown::Both);
    }

    /// Receives the next message, within this time; `None` after a clean end.
    fn recv(&mut self, timeout: Option<Duration>) -> Result<Option<Message>, Error> {
        let until = timeout.map(|timeout| self.now().saturating_add(timeout));
        self.message(&mut RecvDeadline { until, ..RecvDeadline::default() })
    }

    fn message(&mut self, limit: &mut RecvDeadline) -> Result<Option<Message>, Error> {
        loop {
            match self.event(limit)? {
                Some(Event::Message(message)) => {
                    self.flush_replies(limit);
                    return Ok(Some(message));
                }
                Some(event) => self.with(|session| Error::skip(session, event))?,
                None => return Ok(None),
            }
        }
    }

    /// Receives the next event; `None` after a clean end.
    fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        let mut limit = RecvDeadline::default();
        let event = self.event(&mut limit)?;
        self.flush_replies(&limit);
        Ok(event)
    }

    /// Waits for events, and hands over those that are there; `false` after a clean end.
    fn recv_with<E: Each>(&mut self, each: &mut E) -> Result<bool, Error> {
        let peer = self.room_for_replies()?;
        let (mut limit, mut done) = (RecvDeadline::default(), HandedOver::default());
        loop {
            let other = self.hand_over(peer, &mut done, each);
            self.receive(|session, ReadHalf { io, .. }| {
                if done.messages > 0 {
                    session.message_received(|| io.now());
                }
                if let Ok(Some(event)) = &other {
                    session.other_received(event, || io.now());
                }
            });
            match other? {
                Some(event) if E::EVENTS && !matches!(event, Event::Closed(_)) => {
                    done.others += 1;
                    self.hand_over_other(peer, event, each)?;
                }
                Some(event) => self.with(|session| Error::skip(session, event))?,
                None if done.is_some() => {
                    self.flush_replies(&limit);
                    return Ok(true);
                }
                None if !self.input(&mut limit)? => return Ok(false),
                None => {}
            }
        }
    }

    /// Makes room for the answers of `recv_with`, as the overflow policy says. A Close frame needs
    /// none.
    fn room_for_replies(&mut self) -> Result<PeerReads, Error> {
        let close_is_next = self
            .receive(|session, incoming| session.connection.next_is_close(incoming.buffer.bytes()));
        if close_is_next {
            return Ok(PeerReads::Yes);
        }
        let mut handle = self.handle();
        let (needs_room, waits) =
            handle.with(|session| (needs_room(session), session.send_waits()));
        if !needs_room {
            return Ok(PeerReads::Yes);
        }
        let written = match waits {
            true => handle.attempt(|attempt| Ok(attempt.room())).map_err(Error::for_room),
            false => handle.write_at_once(),
        };
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
        let until = self.with(|session| session.pong_deadline(sent));
        let mut limit = RecvDeadline { until, ..RecvDeadline::default() };
        loop {
            let progress = self.receive(|session, ReadHalf { io, buffer }| {
                buffer.take(|bytes| session.receive_until_pong(number, bytes, || io.now()))
            });
            match progress {
                PongProgress::Answered => return Ok(self.now().saturating_sub(sent)),
                PongProgress::PushbackFull => return Err(Error::UnreadMessages),
                PongProgress::Closed => return Err(Error::ConnectionLost),
                PongProgress::NeedsInput => match self.input(&mut limit) {
                    // It may have waited behind other output.
                    Err(Error::TimedOut(TimedOut::Receive)) => {
                        let now = self.now();
                        limit.until = self.with(|session| session.pong_deadline(now));
                        if limit.until.is_some_and(|until| now >= until) {
                            return Err(TimedOut::Pong.into());
                        }
                    }
                    progress => drop(progress?),
                },
            }
        }
    }

    /// Receives to the end of the stream, and discards the messages. Returns how the connection was
    /// closed.
    fn until_closed(&mut self) -> Result<Closed, Error> {
        let mut limit = RecvDeadline { drain: true, ..RecvDeadline::default() };
        loop {
            match self.event(&mut limit) {
                Ok(_) | Err(Error::Protocol(_) | Error::ConnectionLost) => {}
                Err(error) => return Err(error),
            }
            let (timed_out, closed) =
                self.with(|session| (session.close_timed_out(), session.closed().cloned()));
            match closed {
                _ if timed_out => return Err(TimedOut::Close.into()),
                Some(closed) => return Ok(closed),
                None => {}
            }
        }
    }

    /// The next event that is there, or arrives; `None` after a clean end.
    fn event(&mut self, limit: &mut RecvDeadline) -> Result<Option<Event>, Error> {
        loop {
            let event = self.receive(|session, ReadHalf { io, buffer }| {
                if buffer.is_empty() && session.connection.needs_input() {
                    return None;
                }
                buffer.next(|bytes| session.receive_from_at(bytes, || io.now()))
            });
            match event {
                None | Some(Event::Closed(_)) if !self.input(limit)? => return Ok(None),
                None | Some(Event::Closed(_)) => {}
                event => return Ok(event),
            }
        }
    }

    /// Waits for input; `false` after a clean end, once our Close frame was written.
    fn input(&mut self, limit: &mut RecvDeadline) -> Result<bool, Error> {
        let (is_done, closed) = self.with(|session| {
            session.begin_call();
            (session.is_done(), session.closed().is_some())
        });
        if !is_done {
            match self.drive(limit, closed) {
                Ok(Waited::Events) => return Ok(true),
                Ok(Waited::End) => {}
                Err(error) if !error.is_final() => return Err(error),
                end => {
                    self.with(Session::abort);
                    self.close_stream();
                    end?;
                }
            }
        }
        self.with(|session| Error::of_end(session))?;
        Ok(false)
    }

    /// Does what the session says, until there may be events, or an end.
    fn drive(&mut self, limit: &mut RecvDeadline, closed: bool) -> Result<Waited, Error> {
        let mut polls = false;
        loop {
            let now = self.now();
            let soon = now.saturating_add(POLL_INTERVAL);
            match self.with(|session| session.next(now))? {
                Next::Done => return Ok(Waited::Done),
                Next::Read | Next::Wait(_)
                    if !limit.drain && self.with(|session| session.has_ended()) =>
                {
                    return Ok(Waited::End);
                }
                // Bytes that arrive all the time, and are no message, do not extend the wait.
                Next::Read | Next::Wait(_) if limit.is_over(now, closed) => {
                    return if closed { Ok(Waited::End) } else { Err(TimedOut::Receive.into()) };
                }
                Next::Write | Next::Flush => polls = self.write(limit, closed)?,
                Next::ShutdownWrite => {
                    self.handle().shut_down_write();
                    self.with(Session::write_half_shut_down);
                }
                Next::Read => {
                    limit.has_read = true;
                    let interval = self.handle().state_poll_interval();
                    let poll = interval.map(|interval| now.saturating_add(interval));
                    let poll = if polls { Some(soon) } else { poll };
                    let deadline = self.with(|session| session.deadline_of_call(now, None));
                    let until = [deadline, poll, limit.until].into_iter().flatten().min();
                    if self.read(until, closed)? {
                        return Ok(Waited::Events);
                    }
                }
                Next::Wait(_) => {
                    // At the end of the stream, only another thread's write is left to wait for.
                    if self.with(|session| !session.wants_read()) {
                        self.handle().pause(limit.until.map_or(soon, |until| until.min(soon)));
                    }
                    self.with(Session::stream_ready);
                }
            }
        }
    }

    /// Writes for a moment. Returns whether the next read has to be short, because output is left:
    /// this thread writes it, or another one that may leave before it is all written, or the
    /// shutdown waits for it.
    fn write(&mut self, limit: &RecvDeadline, closed: bool) -> Result<bool, Error> {
        let can_write = match self.handle().write_soon(limit.until) {
            Ok(_) => true,
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock && !closed => {
                return Err(error.into());
            }
            // There may still be bytes to read, the peer's Close for example.
            Err(_) => {
                self.with(|session| closed.then(|| session.write_failed()));
                false
            }
        };
        Ok(self.with(Session::defer_write) && (can_write || closed))
    }

    /// Reads into the buffer, which is empty. Returns whether there may be events: after the end of
    /// the connection, bytes are discarded.
    fn read(&mut self, until: Option<Duration>, closed: bool) -> Result<bool, Error> {
        let incoming = self.incoming();
        debug_assert!(incoming.buffer.is_empty(), "no bytes are discarded");
        let mut buffer = ReadBuffer::new(false);
        match incoming.io.read(buffer.space(), until) {
            Ok(Read::Bytes(count)) => {
                buffer.fill(count);
                incoming.buffer = if closed { ReadBuffer::default() } else { buffer };
                self.with(|session| session.bytes_received(count));
            }
            Ok(Read::TimedOut) => {
                self.with(Session::read_would_block);
                return Ok(false);
            }
            Err(error) if !closed => return Err(error),
            Ok(Read::End) | Err(_) => self.with(Session::end_input),
        }
        Ok(!closed)
    }

    /// Writes answers before the application works on what it received.
    fn flush_replies(&mut self, limit: &RecvDeadline) {
        let mut handle = self.handle();
        if handle.with(|session| session.reply_pending()) {
            // The next call returns the error again.
            let _ = handle.write_soon(limit.until);
        }
    }
}

impl<S: Stream> Receive for Unsplit<S> {
    type Reader = S;
    type Writer = S;

    fn handle(&mut self) -> Handle<'_, S> {
        Handle::Alone(self)
    }

    fn incoming(&mut self) -> &mut ReadHalf<S> {
        &mut self.incoming
    }

    fn receive<T>(&mut self, receive: impl FnOnce(&mut Session, &mut ReadHalf<S>) -> T) -> T {
        receive(&mut self.session, &mut self.incoming)
    }
}
