//! A session on a stream that one thread uses.

use std::net::Shutdown;
use std::time::Duration;

use super::io::{AT_ONCE, Io, ReadHalf, Written};
use super::stream::Stream;
use crate::adapter::read_buffer::ReadBuffer;
use crate::adapter::{Error, output};
use crate::session::{Attempt, AttemptError, Need, Outcome, Session, WriteDeadline, WriteProgress};

pub(super) struct Unsplit<S> {
    pub(super) session: Session,
    /// Its stream is also written to.
    pub(super) incoming: ReadHalf<S>,
}

impl<S: Stream> Unsplit<S> {
    pub(super) fn new(session: Session, io: Io<S>) -> Self {
        Self { session, incoming: ReadHalf::new(io) }
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
        let Self { session, incoming: ReadHalf { io, .. } } = self;
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

    /// Repeats an attempt until it is done. Meanwhile it writes.
    pub(super) fn attempt<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Attempt<'_>) -> Result<Outcome<T>, AttemptError>,
    ) -> Result<T, Error> {
        let (mut deadline, mut need) = (WriteDeadline::default(), Need::default());
        let mut has_written = false;
        loop {
            let Self { session, incoming } = self;
            let outcome = attempt(&mut Attempt {
                session,
                unread: Some(incoming.buffer.bytes()),
                is_first: true,
                may_have_permit: true,
                has_written,
                need: &mut need,
                output_buffer: output::take_block,
            })?;
            match outcome.blocking(session, need) {
                Outcome::Done(done) | Outcome::FlushThen(done) => return Ok(done),
                Outcome::WriteThen(done) => return self.write_all(AT_ONCE).map(|_| done),
                // The next flush returns the error again.
                Outcome::WriteOnce => drop(self.write_all(AT_ONCE)),
                Outcome::Write => {
                    let now = self.incoming.io.now();
                    self.session.write_begins(now);
                    let until = self.session.deadline_of_call(now, Some(&mut deadline));
                    if self.write_once(until)? == Written::Stalled {
                        let now = self.incoming.io.now();
                        let checked = self.session.check_deadlines(now, &mut deadline, false);
                        checked.map_err(|error| self.abort_if_final(error.into()))?;
                    }
                }
                // Only a writer that was leaked holds the lock: nobody will give it back.
                Outcome::WaitForLock | Outcome::Wait => return Err(Error::Full),
            }
            has_written = true;
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
