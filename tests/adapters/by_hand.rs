//! A [`Session`] in a loop by hand, with the calls of an adapter: what an application writes that
//! has an event loop of its own. Its stream never makes it wait, and its clock stands still.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use bytes::Buf;
use sansocket::blocking::Stream as _;
use sansocket::session::{Next, Session, TrySendError};
use sansocket::testing::TestStream;
use sansocket::{
    CloseCode, CloseFrame, CloseOutcome, Closed, Connection, Error, Event, Message, MessageRef,
    Stats, Timeouts,
};

const NOW: Duration = Duration::ZERO;

pub struct ByHand {
    session: Session,
    stream: TestStream,
}

impl ByHand {
    pub fn new(stream: TestStream, connection: Connection) -> Self {
        Self { session: Session::new(connection, Timeouts::default(), NOW), stream }
    }

    pub fn recv(&mut self) -> Result<Option<Message>, Error> {
        loop {
            match self.recv_event()? {
                Some(Event::Message(message)) => return Ok(Some(message)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    pub fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        loop {
            match self.session.receive(NOW) {
                None | Some(Event::Closed(_)) => {}
                event => return Ok(event),
            }
            match self.session.next(NOW)? {
                Next::Done => break,
                next => self.transfer(next),
            }
        }
        match self.session.closed().map(Closed::outcome) {
            Some(CloseOutcome::ProtocolError(error)) => Err(Error::Protocol(error)),
            Some(CloseOutcome::ConnectionLost) => Err(Error::ConnectionLost),
            _ => Ok(None),
        }
    }

    /// Queues, and writes it all.
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message)?;
        self.flush()
    }

    pub fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.session.send(message.into()).map_err(Error::from)
    }

    pub fn try_send(&mut self, message: impl Into<Message>) -> Result<(), TrySendError> {
        let sent = self.session.send(message.into());
        let _ = self.flush();
        sent
    }

    pub fn flush(&mut self) -> Result<(), Error> {
        while self.session.wants_write() {
            if self.session.is_done() {
                return Err(Error::ConnectionLost);
            }
            match self.session.next(NOW)? {
                next @ (Next::Write | Next::Flush) => self.write(next)?,
                _ => return Err(Error::ConnectionLost),
            }
        }
        Ok(())
    }

    pub fn start_ping(&mut self) -> Result<(), Error> {
        self.session.ping(NOW)?;
        self.flush()
    }

    pub fn pong(&mut self, payload: &str) -> Result<(), Error> {
        self.session.pong(payload)?;
        self.flush()
    }

    pub fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.session.close(CloseFrame::new(code, reason.to_owned())?, NOW);
        self.flush()
    }

    pub fn start_close_with(&mut self, frame: Option<CloseFrame>) -> Result<(), Error> {
        self.session.close(frame, NOW);
        self.flush()
    }

    pub fn try_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.start_close(code, reason)
    }

    pub fn close_with(&mut self, frame: Option<CloseFrame>) -> Result<Closed, Error> {
        self.session.close(frame, NOW);
        self.until_closed()
    }

    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closed, Error> {
        self.session.close(CloseFrame::new(code, reason.to_owned())?, NOW);
        self.until_closed()
    }

    pub fn until_closed(&mut self) -> Result<Closed, Error> {
        loop {
            match self.recv() {
                Ok(Some(_)) => {}
                Ok(None) | Err(Error::Protocol(_) | Error::ConnectionLost) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(self.session.closed().cloned().expect("it has ended"))
    }

    /// Hands over the next message.
    pub fn recv_with(
        &mut self,
        mut each: impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let Some(message) = self.recv()? else { return Ok(false) };
        each(message.into(), &mut Replies(&mut self.session))?;
        Ok(true)
    }

    pub const fn round_trip(&self) -> Option<Duration> {
        self.session.round_trip()
    }

    pub fn stats(&self) -> Stats {
        self.session.stats(NOW)
    }

    pub const fn closed(&self) -> Option<&Closed> {
        self.session.closed()
    }

    fn transfer(&mut self, next: Next) {
        match next {
            Next::Write | Next::Flush => {
                let _ = self.write(next);
            }
            Next::ShutdownWrite => {
                let _ = self.stream.shutdown(Shutdown::Write);
                self.session.write_half_shut_down();
            }
            Next::Read => {
                let mut buffer = [0; 4096];
                match self.stream.read(&mut buffer) {
                    Ok(0) | Err(_) => self.session.end_input(),
                    Ok(count) => self.session.received(&buffer[..count]),
                }
            }
            Next::Wait(_) => unreachable!("the stream is always ready"),
            Next::Done => {}
        }
    }

    fn write(&mut self, next: Next) -> Result<(), Error> {
        let written = if next == Next::Write {
            let written = self.stream.write(self.session.output().chunk());
            written.map(|count| self.session.wrote(count))
        } else {
            self.stream.flush().map(|()| self.session.flushed())
        };
        written.map_err(|_| {
            self.session.write_failed();
            Error::ConnectionLost
        })
    }
}

/// Answers in `recv_with`.
pub struct Replies<'a>(&'a mut Session);

impl Replies<'_> {
    pub fn send(&mut self, message: MessageRef<'_>) -> Result<(), Error> {
        self.0.send(Message::from(message)).map_err(Error::from)
    }
}
