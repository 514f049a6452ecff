//! The loop of every async adapter: take what is there, write what waits, read, and look at the clock.
//!
//! All progress is in here and in the core, never in a future: whoever stops polling loses nothing.

use std::cell::Cell;
use std::io::{self, ErrorKind, IoSlice};
use std::task::{Context, Poll, ready};
use std::thread_local;
use std::time::Duration;
use std::vec::Vec;

use bytes::{Buf, BufMut};

use super::io::{Clock, Stream};
use crate::adapter::{Error, is_cut};
use crate::connection::{Closed, Connection, Event, Role, State};
use crate::message::Message;
use crate::timing::{Due, TimedOut, Timer};

/// What a thread reads into, in bytes. The pages that no read ever filled take no memory.
const WINDOW: usize = 64 * 1024;

/// As many buffers as one write takes: beyond that, the next write does.
const MAX_SLICES: usize = 64;

/// Reads after which a task lets others have their turn, though there is more.
const READS_IN_A_ROW: usize = 16;

thread_local! {
    /// One for all connections of a thread: none holds a buffer while it waits. Taken out while in use, so that a stream which is
    /// itself a connection of ours gets another.
    static READ_WINDOW: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A stream and a clock, and what is to be written and read in time.
pub(super) struct Pipe<S, C> {
    pub(super) stream: S,
    clock: C,
    pub(super) timer: Timer,
    /// Whether something was written that the stream may still hold.
    unflushed: bool,
    /// Since when a write has made no progress.
    stalled: Option<Duration>,
}

impl<S: Stream, C: Clock> Pipe<S, C> {
    pub(super) const fn new(stream: S, clock: C, timer: Timer) -> Self {
        Self { stream, clock, timer, unflushed: false, stalled: None }
    }

    pub(super) const fn clock(&self) -> &C {
        &self.clock
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Writes all there is. What was written when an error comes is off the buffer.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, output: &mut impl Buf) -> Poll<Result<(), Error>> {
        while output.has_remaining() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = output.chunks_vectored(&mut slices);
            match self.stream.poll_write(cx, &slices[..count]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(Error::ConnectionLost)),
                Poll::Ready(Ok(written)) => {
                    self.stalled = None;
                    self.unflushed = true;
                    output.advance(written);
                }
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(lost_or(error))),
                Poll::Pending => return self.stall_now(),
            }
        }
        loop {
            match self.stream.poll_flush(cx) {
                Poll::Ready(Ok(())) => break,
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(lost_or(error))),
                Poll::Pending => return self.stall_now(),
            }
        }
        (self.stalled, self.unflushed) = (None, false);
        Poll::Ready(Ok(()))
    }

    fn stall_now<T>(&mut self) -> Poll<T> {
        let now = self.now();
        self.stalled.get_or_insert(now);
        Poll::Pending
    }

    /// Reads some bytes and hands them over. `None` is the end of the stream, also if it was cut off.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        hand_over: impl FnOnce(&[u8]),
    ) -> Poll<Result<Option<usize>, Error>> {
        let mut window = READ_WINDOW.take();
        if window.is_empty() {
            // Zeroed by the system, page by page, when a read fills them.
            window = std::vec![0; WINDOW];
        }
        let read = loop {
            match self.stream.poll_read(cx, &mut window) {
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) if !is_cut(&error) => break Poll::Ready(Err(error.into())),
                Poll::Ready(Ok(0) | Err(_)) => break Poll::Ready(Ok(None)),
                Poll::Ready(Ok(count)) => {
                    self.timer.heard(self.clock.now());
                    hand_over(&window[..count]);
                    break Poll::Ready(Ok(Some(count)));
                }
                Poll::Pending => break Poll::Pending,
            }
        };
        READ_WINDOW.set(window);
        read
    }

    /// When a write has made no progress for too long.
    pub(super) fn stall(&self) -> Option<Duration> {
        Some(self.stalled?.saturating_add(self.timer.timeouts().write?))
    }

    pub(super) fn check_stall(&mut self, now: Duration) -> Result<(), TimedOut> {
        if self.stall().is_some_and(|stall| now >= stall) {
            // Told once: whoever goes on all the same gives the peer as much time again.
            self.stalled = Some(now);
            return Err(TimedOut::Write);
        }
        Ok(())
    }

    /// Looks at the clock: for when there is nothing to read or to write. Pending if nothing is due. Where nobody is `listening`,
    /// only writes that make no progress are: a peer that is not heard may have spoken.
    pub(super) fn poll_time(&mut self, cx: &mut Context<'_>, listening: bool) -> Poll<Result<Due, TimedOut>> {
        let stall = self.stall();
        loop {
            let now = self.now();
            self.check_stall(now)?;
            let mut deadline = stall;
            if listening {
                match self.timer.poll(now) {
                    Ok(Due::Nothing) => {}
                    due => return Poll::Ready(due),
                }
                deadline = [self.timer.deadline(), stall].into_iter().flatten().min();
            }
            let Some(deadline) = deadline else { return Poll::Pending };
            ready!(self.clock.poll_until(cx, deadline));
        }
    }
}

/// A connection on a stream.
pub(super) struct Driver<S, C> {
    pub(super) connection: Connection,
    pub(super) pipe: Pipe<S, C>,
    /// How far the stream is ended, once the conversation is.
    ending: Ending,
    /// Something was answered that is not written yet.
    replied: bool,
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
        pipe.timer.observe(connection.state(), pipe.clock.now());
        Self { connection, pipe, ending: Ending::LastWords, replied: false }
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
        for _ in 0..READS_IN_A_ROW {
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
            let connection = &mut self.connection;
            match self.pipe.poll_read(cx, |bytes| connection.input().put_slice(bytes)) {
                Poll::Ready(Ok(Some(_))) => {}
                Poll::Ready(Ok(None)) => self.connection.end_input(),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.lose(error))),
                // Only now that there is nothing to read: what waits in the stream is a sign of life, however late it is read.
                Poll::Pending => match ready!(self.pipe.poll_time(cx, true)) {
                    Ok(Due::Ping) => drop(self.queue_ping()?),
                    Ok(Due::Nothing) => {}
                    Err(error) => return Poll::Ready(Err(self.lose(error.into()))),
                },
            }
        }
        if let Err(error) = self.pipe.timer.check(self.pipe.now()) {
            return Poll::Ready(Err(self.lose(error.into())));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
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
        while self.connection.wants_write() || self.pipe.unflushed {
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
        let payload = self.pipe.timer.ping(self.pipe.clock.now());
        self.connection.ping(payload)?;
        Ok(u64::from_be_bytes(payload))
    }

    pub(super) fn observe(&mut self) {
        self.pipe.timer.observe(self.connection.state(), self.pipe.clock.now());
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

/// A stream that was cut off is lost; any other failure is what it is.
fn lost_or(error: io::Error) -> Error {
    if is_cut(&error) { Error::ConnectionLost } else { error.into() }
}
