//! A session on a stream that one thread uses.

use std::net::Shutdown;
use std::time::Duration;

use super::attempt::{Attempt, Chance, Written};
use super::io::{AT_ONCE, Incoming, Io};
use super::stream::Stream;
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::{Error, output};
use crate::session::{Session, WriteDeadline, WriteProgress};

pub(super) struct Driver<S> {
    pub(super) session: Session,
    /// Its stream is also written to.
    pub(super) incoming: Incoming<S>,
}

impl<S: Stream> Driver<S> {
    pub(super) fn new(session: Session, io: Io<S>) -> Self {
        Self { session, incoming: Incoming::new(io) }
    }

    /// Writes until all is written; `true` if the stream accepts nothing more in time.
    pub(super) fn write_all(&mut self, until: Duration) -> Result<bool, Error> {
        loop {
            match self.write_once(Some(until))? {
                Written::Some => {}
                Written::Nothing => return Ok(false),
                Written::Stalled => return Ok(true),
            }
        }
    }

    /// Writes once, and flushes the stream if all is written.
    fn write_once(&mut self, until: Option<Duration>) -> Result<Written, Error> {
        let Self { session, incoming: Incoming { io, .. } } = self;
        if !session.has_unwritten() {
            return Ok(Written::Nothing);
        }
        if session.is_done() {
            return Err(Error::ConnectionLost);
        }
        let now = io.now();
        if io.is_left_alone(now, until) {
            return Ok(Written::Stalled);
        }
        session.write_begins(now);
        let mut progress = WriteProgress::default();
        let written = io.write(session.output(), u64::MAX, until, &mut progress);
        session.connection.output_written(progress.written);
        session.write_returned(progress);
        session.connection.take_output_buffer().into_iter().for_each(output::return_block);
        written?;
        Ok(if progress.stalled_since.is_some() { Written::Stalled } else { Written::Some })
    }

    pub(super) fn work<T>(
        &mut self,
        mut attempt: impl FnMut(Chance<'_>) -> Result<Attempt<T>, Error>,
    ) -> Result<T, Error> {
        let mut deadline = WriteDeadline::default();
        loop {
            let (session, now) = (&mut self.session, self.incoming.io.now());
            let chance = Chance { session, now, is_first: true, receiver_dropped: false };
            match attempt(chance)? {
                Attempt::Done(done) => return Ok(done),
                Attempt::Write(_) => {
                    self.session.write_begins(now);
                    let until = self.session.deadline_of_call(now, Some(&mut deadline));
                    if self.write_once(until)? == Written::Stalled {
                        let now = self.incoming.io.now();
                        let checked = self.session.check_deadlines(now, Some(&mut deadline), false);
                        checked.map_err(|error| self.abort_if_final(error.into()))?;
                    }
                }
                // The next flush returns the error again.
                Attempt::WriteAtOnce => drop(self.write_all(AT_ONCE)),
                // Only a writer that was leaked holds the lock: nobody will give it back.
                Attempt::Turn(_) | Attempt::Wait(..) => return Err(Error::Full),
            }
        }
    }

    fn abort_if_final(&mut self, error: Error) -> Error {
        if error.is_final() {
            self.session.abort();
            self.incoming.buffer = ReadBuffer::default();
            self.incoming.io.shut_down(Shutdown::Both);
        }
        error
    }
}
