//! The loop of a blocking connection: take what is there, write what waits, read, and look at the
//! clock.

use std::io::ErrorKind;
use std::time::Duration;

use super::pipe::{Read, Wait};
use super::stream::Stream;
use super::{Error, Overflow, WebSocket};
use crate::adapter::{EARLY, Peer, Replies, window};
use crate::connection::{Event, Role, SendError, State};
use crate::message::{Message, MessageRef, Outgoing};
use crate::timing::TimedOut;

/// How long a thread that receives tries to write what the peer does not take, before it looks
/// again for something to read: the peer may be waiting for us to do so.
pub(super) const SLICE: Duration = Duration::from_millis(20);

impl<S: Stream> WebSocket<S> {
    /// Sends a ping and waits for the pong.
    pub(super) fn await_pong(&mut self) -> Result<Duration, Error> {
        let mut kept = self.connection.pushed_back_bytes();
        if kept >= EARLY {
            return Err(Error::UnreadMessages);
        }
        let (number, sent) = self.queue_ping()?;
        let wait = self.pipe.wait(None);
        while self.pipe.timer().answered() < number {
            if kept >= EARLY {
                return Err(Error::UnreadMessages);
            }
            match self.pipe.unread.next(|received| self.connection.next_event(received)) {
                Some(Event::Closed(_)) => self.end(wait),
                Some(event) => {
                    self.note(&event);
                    kept += event.bytes_held();
                    self.connection.push_back(event);
                }
                None if self.connection.closed().is_some() => return Err(Error::ConnectionLost),
                None => self.wait(wait)?,
            }
        }
        Ok(self.pipe.now().saturating_sub(sent))
    }

    pub(super) fn recv_until(&mut self, until: Option<Duration>) -> Result<Option<Message>, Error> {
        let (wait, mut waited) = (self.pipe.wait(until), false);
        while let Some(event) = self.next_event(wait, &mut waited)? {
            if let Event::Message(message) = event {
                self.send_replies(wait);
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// Hands over the messages that are there, at least one, where they lie; `false` at a clean
    /// end.
    pub(super) fn recv_each(
        &mut self,
        peer: Peer,
        each: &mut impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let (wait, mut count) = (self.pipe.wait(None), 0);
        loop {
            let mut replies =
                Replies::new(&mut self.connection, self.pipe.backpressure, &mut self.dropped, peer);
            let other = replies.hand_over(&mut self.pipe.unread, &mut count, each);
            if count > 0 {
                let now = self.pipe.now();
                self.pipe.timer().message(now);
            }
            match other? {
                Some(Event::Closed(_)) => self.end(wait),
                Some(event) => self.note(&event),
                None if count > 0 => {
                    self.send_replies(wait);
                    return Ok(true);
                }
                None => match self.connection.closed() {
                    Some(closed) => return Error::from_ending(closed).map(|()| false),
                    None => self.wait(wait)?,
                },
            }
        }
    }

    /// Writes what has come to be much, and waits until it is not, if the application chose so; not
    /// once either side has begun to close, since no message will need the room.
    pub(super) fn make_room(&mut self) -> Result<(), Error> {
        match self.pipe.backpressure.overflow {
            _ if !self.is_high() || self.connection.state() != State::Open => Ok(()),
            Overflow::Wait => self.flush().map_err(Error::for_room),
            _ => self.flush_now(),
        }
    }

    pub(super) fn next_event(
        &mut self,
        wait: Wait,
        waited: &mut bool,
    ) -> Result<Option<Event>, Error> {
        loop {
            match self.pipe.unread.next(|received| self.connection.receive_from(received)) {
                Some(Event::Closed(_)) => self.end(wait),
                Some(event) => {
                    self.note(&event);
                    return Ok(Some(event));
                }
                None => {
                    if let Some(closed) = self.connection.closed() {
                        return Error::from_ending(closed).map(|()| None);
                    }
                    // Bytes that come all the time, but are no message, do not make the time
                    // longer.
                    if *waited && wait.is_over(self.pipe.now()) {
                        return Err(TimedOut::Receive.into());
                    }
                    self.wait(wait)?;
                    *waited = true;
                }
            }
        }
    }

    fn note(&mut self, event: &Event) {
        let now = self.pipe.now();
        match event {
            Event::Message(_) | Event::Chunk(_) => self.pipe.timer().message(now),
            Event::Pong(payload) => self.pipe.timer().pong(payload, now),
            Event::Ping(_) => self.replied = true,
            Event::Closed(_) => {}
        }
    }

    /// Writes what waits, then waits for bytes.
    fn wait(&mut self, wait: Wait) -> Result<(), Error> {
        let written = self.flush_in(wait.at_most(self.pipe.now(), SLICE));
        let soon = if is_stuck(written)? { wait.at_most(self.pipe.now(), SLICE) } else { wait };
        match self.read(soon.until) {
            Err(Error::TimedOut(TimedOut::Receive)) if !wait.is_over(self.pipe.now()) => Ok(()),
            read => read,
        }
    }

    fn read(&mut self, until: Option<Duration>) -> Result<(), Error> {
        match self.pipe.read(until) {
            Ok(Read::Bytes(_)) => {}
            Ok(Read::End) => self.connection.end_input(),
            Ok(Read::PingDue) => drop(self.queue_ping()?),
            Err(error) => {
                if error.is_final() {
                    self.lose();
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Lets answers leave before the application goes to work on what was received.
    pub(super) fn send_replies(&mut self, wait: Wait) {
        if self.replied {
            // Should it fail, the next call will meet the same failure; what was received must not
            // be lost to it.
            let _ = self.flush_in(wait.at_most(self.pipe.now(), SLICE));
        }
    }

    /// Whether there is room for a message, after the wait for it that the application chose.
    pub(super) fn admit(&mut self) -> Result<bool, Error> {
        self.connection.check_sendable()?;
        let backpressure = self.pipe.backpressure;
        if backpressure.overflow == Overflow::Wait {
            self.make_room()?;
            return Ok(true);
        }
        if backpressure.is_full(self.connection.buffered_amount()) {
            self.flush_now()?;
        }
        if backpressure.is_full(self.connection.buffered_amount()) {
            return backpressure.refuse(&mut self.connection, &mut self.dropped).map(|()| false);
        }
        Ok(true)
    }

    /// Queues a message, in a block of the thread's if none is in use.
    pub(super) fn queue(&mut self, message: impl Into<Outgoing>) -> Result<(), SendError> {
        self.connection.set_output_buffer(window::output_block);
        self.connection.send(message)
    }

    /// Whether who can wait must.
    pub(super) fn is_high(&self) -> bool {
        self.pipe.backpressure.is_high(self.connection.buffered_amount())
    }

    /// Writes as much as the stream takes at once.
    pub(super) fn flush_now(&mut self) -> Result<(), Error> {
        if self.pipe.is_stuck() {
            return Ok(());
        }
        let wait = self.pipe.wait(None);
        match self.flush_in(wait.at_most(wait.begun, Duration::ZERO)) {
            Err(Error::TimedOut(TimedOut::Receive)) => Ok(()),
            flushed => flushed,
        }
    }

    pub(super) fn flush_in(&mut self, wait: Wait) -> Result<(), Error> {
        self.pipe.observe(self.connection.state());
        while self.connection.wants_write() || self.pipe.is_unflushed() {
            self.pipe.write(self.connection.output(), wait)?;
            self.connection.take_output_buffer().into_iter().for_each(window::give_back_output);
        }
        self.replied = false;
        Ok(())
    }

    /// Gives the connection up, with all that was received already given to the application.
    pub(super) fn lose(&mut self) {
        self.pipe.cut();
        self.connection.end_input();
        while self.pipe.unread.next(|received| self.connection.next_event(received)).is_some() {}
    }

    /// Queues a ping; gives its number, and when that was.
    pub(super) fn queue_ping(&mut self) -> Result<(u64, Duration), Error> {
        let now = self.pipe.now();
        let payload = self.pipe.timer().ping(now);
        self.connection.ping(payload)?;
        Ok((u64::from_be_bytes(payload), now))
    }

    /// Writes the last words, if there are any, and ends the stream: the server first. Meanwhile it
    /// reads: the peer may take our last words only after we have taken its own.
    fn end(&mut self, wait: Wait) {
        while let Err(Error::TimedOut(TimedOut::Receive)) =
            self.flush_in(wait.at_most(self.pipe.now(), SLICE))
        {
            match self.pipe.read(wait.at_most(self.pipe.now(), SLICE).until) {
                Ok(Read::Bytes(_)) => {}
                Err(Error::TimedOut(TimedOut::Receive)) if !wait.is_over(self.pipe.now()) => {}
                Ok(Read::End) => {
                    // It may still read.
                    let _ = self.flush_in(wait);
                    break;
                }
                _ => break,
            }
        }
        self.pipe.hang_up(self.connection.role() == Role::Server, wait.until);
    }
}

/// What to make of an attempt to write before reading: whether the peer does not take it yet. A
/// stream that takes nothing any more may still have left something to read, a Close for example;
/// whoever sends will meet the same failure.
pub(super) fn is_stuck(written: Result<(), Error>) -> Result<bool, Error> {
    match written {
        Err(Error::TimedOut(TimedOut::Receive)) => Ok(true),
        Err(error @ Error::TimedOut(_)) => Err(error),
        Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Err(error.into()),
        _ => Ok(false),
    }
}
