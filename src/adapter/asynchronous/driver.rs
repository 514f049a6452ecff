//! The loop of every async adapter: take what is there, write what waits, read, and look at the clock.
//!
//! All progress is in here and in the core, never in a future: whoever stops polling loses nothing.

use std::task::{Context, Poll, ready};

use bytes::BufMut;

use super::io::{Clock, Stream};
use super::pipe::Pipe;
use crate::adapter::Error;
use crate::connection::{Closed, Connection, Event, Role, State};
use crate::message::Message;
use crate::timing::Due;

/// Reads after which a task lets others have their turn, though there is more.
const READS_IN_A_ROW: usize = 16;

/// A connection on a stream.
pub(super) struct Driver<S, C> {
    pub(super) connection: Connection,
    pub(super) pipe: Pipe<S, C>,
    /// How far the stream is ended, once the conversation is.
    ending: Ending,
    /// Something was answered that is not written yet.
    replied: bool,
    /// Reads since there last was nothing to read.
    reads: usize,
    /// Reads since the time for the closing handshake was over.
    overtime: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Write the last words.
    LastWords,
    /// Say that they were the last.
    Shutdown,
    /// Wait until the peer hangs up: bytes of its that nobody reads would cut the stream off, and our last words with it.
    Drain,
    Done,
}

impl<S: Stream, C: Clock> Driver<S, C> {
    pub(super) fn new(mut pipe: Pipe<S, C>, connection: Connection) -> Self {
        pipe.timer.observe(connection.state(), pipe.now());
        Self { connection, pipe, ending: Ending::LastWords, replied: false, reads: 0, overtime: 0 }
    }

    /// The next message; `None` at a clean end.
    pub(super) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Message>, Error>> {
        while let Some(event) = ready!(self.poll_next(cx))? {
            if let Event::Message(message) = event {
                self.poll_replies(cx);
                return Poll::Ready(Ok(Some(message)));
            }
        }
        Poll::Ready(Ok(None))
    }

    /// The next event; `None` at a clean end.
    pub(super) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, Error>> {
        let event = ready!(self.poll_next(cx));
        self.poll_replies(cx);
        Poll::Ready(event)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, Error>> {
        loop {
            if let Some(event) = self.connection.receive() {
                let now = self.pipe.now();
                match &event {
                    Event::Message(_) | Event::Part(_) => self.pipe.timer.message(now),
                    Event::Pong(payload) => self.pipe.timer.pong(payload, now),
                    Event::Ping(_) => self.replied = true,
                    Event::Closed(_) => continue,
                }
                return Poll::Ready(Ok(Some(event)));
            }
            if self.connection.closed().is_some() {
                ready!(self.poll_end(cx));
                return Poll::Ready(self.verdict());
            }
            match self.poll_flush(cx) {
                // A peer that takes nothing any more may still have left something to read, its Close for example.
                Poll::Ready(Err(Error::ConnectionLost)) | Poll::Ready(Ok(())) | Poll::Pending => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
            self.observe();
            if self.overtime >= READS_IN_A_ROW {
                if let Err(error) = self.pipe.timer.check(self.pipe.now()) {
                    return Poll::Ready(Err(self.lose(error.into())));
                }
            }
            if self.reads >= READS_IN_A_ROW {
                // There is more, but others shall have their turn.
                self.reads = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let connection = &mut self.connection;
            match self.pipe.poll_read(cx, |bytes| connection.input().put_slice(bytes)) {
                Poll::Ready(Ok(Some(_))) => {
                    self.reads += 1;
                    // Who comes late shall find what came in time, but not for ever.
                    self.overtime += usize::from(self.pipe.timer.check(self.pipe.now()).is_err());
                }
                Poll::Ready(Ok(None)) => self.connection.end_input(),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.lose(error))),
                // Only now that there is nothing to read: what waits in the stream is a sign of life, however late it is read.
                Poll::Pending => {
                    self.reads = 0;
                    match ready!(self.pipe.poll_time(cx, true)) {
                        Ok(Due::Ping) => drop(self.queue_ping()?),
                        Ok(Due::Nothing) => {}
                        Err(error) => return Poll::Ready(Err(self.lose(error.into()))),
                    }
                }
            }
        }
    }

    /// Receives to the end, throwing away what still comes; tells how it ended.
    pub(super) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Result<Closed, Error>> {
        loop {
            match ready!(self.poll_recv(cx)) {
                Ok(_) | Err(Error::Protocol(_) | Error::ConnectionLost) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            if let Some(closed) = self.connection.closed() {
                return Poll::Ready(Ok(closed.clone()));
            }
        }
    }

    /// Lets answers leave before the application goes to work on what was received. Should that fail, the next call will meet the
    /// same failure.
    fn poll_replies(&mut self, cx: &mut Context<'_>) {
        if self.replied {
            let _ = self.poll_flush(cx);
        }
    }

    /// Gives the connection up if nothing can be had from the stream after this error, with all that was received already given
    /// to the application.
    fn lose(&mut self, error: Error) -> Error {
        if error.is_final() {
            self.connection.end_input();
            while self.connection.receive().is_some() {}
            self.ending = Ending::Done;
        }
        error
    }

    /// Writes what waits.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.connection.wants_write() || self.pipe.is_unflushed() {
            ready!(self.pipe.poll_write(cx, self.connection.output()))?;
        }
        self.replied = false;
        Poll::Ready(Ok(()))
    }

    /// As [`poll_flush`](Self::poll_flush), but not longer than a peer may take that reads nothing.
    pub(super) fn poll_flush_in_time(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.observe();
        if let Poll::Ready(flushed) = self.poll_flush(cx) {
            return Poll::Ready(flushed);
        }
        let closing = self.connection.state() != State::Open;
        match ready!(self.pipe.poll_time(cx, closing)) {
            Ok(_) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }

    /// Queues a ping; gives its number.
    pub(super) fn queue_ping(&mut self) -> Result<u64, Error> {
        let payload = self.pipe.timer.ping(self.pipe.now());
        self.connection.ping(payload)?;
        Ok(u64::from_be_bytes(payload))
    }

    pub(super) fn observe(&mut self) {
        self.pipe.timer.observe(self.connection.state(), self.pipe.now());
    }

    /// What a receiver is told at the end.
    fn verdict(&self) -> Result<Option<Event>, Error> {
        self.connection.closed().map_or(Ok(()), Error::from_ending).map(|()| None)
    }

    /// Ends the stream so that the last words arrive: the server first (RFC 6455 §7.1.1), and no later than the deadline.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.observe();
        let mut reads = 0;
        while self.ending != Ending::Done {
            let step = match self.ending {
                Ending::LastWords => self.poll_flush(cx).map(|flushed| flushed.is_ok()),
                Ending::Shutdown if self.connection.role() == Role::Server => {
                    self.pipe.stream.poll_shutdown(cx).map(|ended| ended.is_ok())
                }
                Ending::Shutdown => Poll::Ready(true),
                Ending::Drain => self.pipe.poll_read(cx, |_| ()).map(|read| !matches!(read, Ok(Some(_)))),
                Ending::Done => Poll::Ready(true),
            };
            match step {
                Poll::Ready(done) => {
                    reads += 1;
                    if self.pipe.timer.check(self.pipe.now()).is_err() {
                        self.ending = Ending::Done;
                    } else if reads == READS_IN_A_ROW {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    } else if done || self.ending != Ending::Drain {
                        self.ending = self.ending.next();
                    }
                }
                Poll::Pending => {
                    if ready!(self.pipe.poll_time(cx, true)).is_err() {
                        self.ending = Ending::Done;
                    }
                }
            }
        }
        // For a client this is the first time; elsewhere it does no harm. Nobody waits for it.
        let _ = self.pipe.stream.poll_shutdown(cx);
        Poll::Ready(())
    }
}

impl Ending {
    const fn next(self) -> Self {
        match self {
            Self::LastWords => Self::Shutdown,
            Self::Shutdown => Self::Drain,
            Self::Drain | Self::Done => Self::Done,
        }
    }
}
