//! The loop of every async adapter: take what is there, write what waits, read, and look at the clock.
//!
//! All progress is in here and in the core, never in a future: whoever stops polling loses nothing.

use std::mem;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::io::{Clock, Stream};
use super::pipe::{Patience, Pipe};
use crate::adapter::window::{self, Window};
use crate::adapter::{EARLY, Error, Replies};
use crate::connection::{Closed, Connection, Event, Role, State};
use crate::message::{Message, MessageRef};
use crate::timing::{Due, TimedOut};

/// Reads after which a task lets others have their turn, though there is more.
const READS_IN_A_ROW: usize = 16;

/// Bytes after which it does so as well.
const BYTES_IN_A_ROW: usize = 512 * 1024;

/// So many bytes that are known to be payload are as little work as one that may be a frame.
const LIGHT: usize = 4;

/// Pings and pongs after which it does so as well.
const EVENTS_IN_A_ROW: usize = 256;

/// A connection on a stream.
#[expect(missing_debug_implementations, reason = "nobody outside can have one")]
pub struct Driver<S, C> {
    pub(super) connection: Connection,
    pub(super) pipe: Pipe<S, C>,
    /// What was read, and the connection was not given yet.
    unread: Window,
    /// Whether somebody sends a message in parts: nobody else's may come in between.
    pub(super) taken: bool,
    /// How many may send a message at any time: nobody begins to send in parts.
    pub(super) permits: usize,
    /// How many want to send in parts: nobody gets a permit any more.
    pub(super) wanted: usize,
    /// Whether nobody receives any more.
    pub(super) receiver_gone: bool,
    /// Messages that were dropped because too much waited.
    pub(super) dropped: u64,
    /// How far the stream is ended, once the conversation is.
    ending: Ending,
    /// The closing handshake took too long.
    pub(super) too_late: bool,
    /// Something was answered that is not written yet.
    replied: bool,
    /// For who receives.
    patience: Patience,
    /// Reads in a row.
    reads: usize,
    /// Bytes that were read since there last was nothing to read.
    burst: usize,
    /// Those that were read in a row, as far as they are work.
    bytes: usize,
    /// Whether the last burst was large.
    busy: bool,
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
        Self {
            connection,
            pipe,
            unread: Window::default(),
            taken: false,
            permits: 0,
            wanted: 0,
            receiver_gone: false,
            dropped: 0,
            ending: Ending::LastWords,
            too_late: false,
            replied: false,
            patience: Patience::default(),
            reads: 0,
            burst: 0,
            bytes: 0,
            busy: false,
            overtime: 0,
        }
    }

    /// The next message; `None` at a clean end.
    pub(super) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Message>, Error>> {
        let mut passed_over = 0;
        while let Some(event) = ready!(self.poll_next(cx))? {
            if let Event::Message(message) = event {
                self.poll_replies(cx);
                return Poll::Ready(Ok(Some(message)));
            }
            passed_over += 1;
            if passed_over == EVENTS_IN_A_ROW {
                self.poll_replies(cx);
                cx.waker().wake_by_ref();
                return Poll::Pending;
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

    /// Hands over the messages that are there, at least one, where they lie; `false` at a clean end.
    pub(super) fn poll_with(
        &mut self,
        cx: &mut Context<'_>,
        each: &mut impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Poll<Result<bool, Error>> {
        let (mut count, mut passed_over) = (0, 0);
        loop {
            let mut replies = Replies::new(&mut self.connection, self.pipe.backpressure, &mut self.dropped);
            let other = replies.hand_over(&mut self.unread, &mut count, each);
            if count > 0 {
                self.note_message();
            }
            match other? {
                Some(Event::Closed(_)) => {}
                Some(event) => {
                    self.note(&event);
                    passed_over += 1;
                    if passed_over == EVENTS_IN_A_ROW && count == 0 {
                        self.poll_replies(cx);
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                }
                None if count > 0 => {
                    self.poll_replies(cx);
                    return Poll::Ready(Ok(true));
                }
                None if self.connection.closed().is_some() => {
                    ready!(self.poll_end(cx));
                    return Poll::Ready(self.verdict().map(|_| false));
                }
                None => ready!(self.poll_more(cx))?,
            }
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, Error>> {
        loop {
            match self.unread.next(|received| self.connection.receive_from(received)) {
                Some(Event::Closed(_)) => {}
                Some(event) => {
                    self.note(&event);
                    return Poll::Ready(Ok(Some(event)));
                }
                None if self.connection.closed().is_some() => {
                    ready!(self.poll_end(cx));
                    return Poll::Ready(self.verdict());
                }
                None => ready!(self.poll_more(cx))?,
            }
        }
    }

    /// Whether the next message is here already, and somebody to receive it.
    pub(super) fn has_message(&mut self) -> bool {
        !self.receiver_gone && self.connection.has_message(self.unread.bytes())
    }

    /// Lets the connection go, with what it was not given yet.
    pub(super) fn part(&mut self) {
        self.connection.part(mem::take(&mut self.unread).bytes());
    }

    /// Whether so much was kept already that no pong can be waited for.
    pub(super) fn is_crowded(&self) -> bool {
        self.connection.bytes_put_back() >= EARLY
    }

    /// Waits for the pong to a ping that was sent, and tells how long it took. What else comes is kept to be received.
    pub(super) fn poll_pong(&mut self, cx: &mut Context<'_>, (number, sent): (u64, Duration)) -> Poll<Result<Duration, Error>> {
        let mut kept = self.connection.bytes_put_back();
        loop {
            if self.pipe.timer.answered() >= number {
                return Poll::Ready(Ok(self.pipe.now().saturating_sub(sent)));
            }
            if kept >= EARLY {
                return Poll::Ready(Err(Error::Unread));
            }
            match self.unread.next(|received| self.connection.next_event(received)) {
                Some(Event::Closed(_)) => {}
                Some(event) => {
                    self.note(&event);
                    kept += event.held();
                    self.connection.put_back(event);
                }
                None if self.connection.closed().is_some() => return Poll::Ready(Err(Error::ConnectionLost)),
                None => ready!(self.poll_more(cx))?,
            }
        }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Message(_) | Event::Part(_) => self.note_message(),
            Event::Closed(_) => {}
            Event::Pong(payload) => self.pipe.timer.pong(payload, self.pipe.now()),
            Event::Ping(_) => self.replied = true,
        }
    }

    fn note_message(&mut self) {
        if self.pipe.timer.timeouts().idle.is_some() {
            self.pipe.timer.message(self.pipe.now());
        }
    }

    /// Writes what waits, and reads.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        // A peer that takes nothing any more may still have left something to read, its Close for example.
        let _ = self.poll_flush(cx);
        self.observe();
        if self.overtime >= READS_IN_A_ROW {
            if let Err(error) = self.pipe.timer.check(self.pipe.now()) {
                return Poll::Ready(Err(self.lose(error.into())));
            }
        }
        match ready!(self.poll_read(cx)) {
            Poll::Ready(Ok(Some(window))) => {
                self.unread = window;
                // Who comes late shall find what came in time, but not for ever.
                let closing = self.pipe.timer.state() != State::Open;
                self.overtime += usize::from(closing && self.pipe.timer.check(self.pipe.now()).is_err());
            }
            Poll::Ready(Ok(None)) => self.connection.end_input(),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(self.lose(error))),
            // Only now that there is nothing to read: what waits in the stream is a sign of life, however late it is read.
            Poll::Pending => match ready!(self.pipe.poll_time(cx, &mut self.patience, true)) {
                Ok(Due::Ping) => drop(self.queue_ping()?),
                Ok(Due::Nothing) => {}
                Err(error) => return Poll::Ready(Err(self.lose(error.into()))),
            },
        }
        Poll::Ready(Ok(()))
    }

    /// Reads, unless others shall have their turn first, though there is more: then it is pending itself.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Poll<Result<Option<Window>, Error>>> {
        if self.reads >= READS_IN_A_ROW || self.bytes >= BYTES_IN_A_ROW {
            (self.reads, self.bytes) = (0, 0);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut read = self.pipe.poll_read(cx, self.busy || self.burst >= window::SMALL);
        match &mut read {
            Poll::Ready(Ok(Some(window))) => {
                let count = window.bytes().len();
                let light = count.min(usize::try_from(self.connection.payload_to_come()).unwrap_or(usize::MAX));
                self.reads += 1;
                self.burst += count;
                self.bytes += count - light + light / LIGHT;
            }
            _ => {
                self.busy = self.burst >= window::SMALL;
                (self.reads, self.bytes, self.burst) = (0, 0, 0);
            }
        }
        Poll::Ready(read)
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
            self.too_late |= matches!(error, Error::TimedOut(TimedOut::Close));
            self.give_up();
        }
        error
    }

    fn give_up(&mut self) {
        self.connection.end_input();
        while self.unread.next(|received| self.connection.next_event(received)).is_some() {}
        self.ending = Ending::Done;
    }

    /// Ends the conversation and the stream now.
    pub(super) fn abort(&mut self, cx: &mut Context<'_>) {
        self.give_up();
        // Should that have to wait, it ends when the halves are dropped.
        let _ = self.pipe.stream.poll_shutdown(cx);
    }

    /// Writes what waits.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.is_over() && self.connection.wants_write() {
            return Poll::Ready(Err(Error::ConnectionLost));
        }
        while self.connection.wants_write() || self.pipe.is_unflushed() {
            let written = self.pipe.poll_write(cx, self.connection.output());
            self.connection.give_back_block().into_iter().for_each(window::give_back_output);
            ready!(written)?;
        }
        self.replied = false;
        Poll::Ready(Ok(()))
    }

    /// Queues a ping; gives its number, and when that was.
    pub(super) fn queue_ping(&mut self) -> Result<(u64, Duration), Error> {
        let now = self.pipe.now();
        // What came before the ping does not answer it.
        self.pipe.note_heard(now);
        let payload = self.pipe.timer.ping(now);
        self.connection.ping(payload)?;
        Ok((u64::from_be_bytes(payload), now))
    }

    pub(super) fn observe(&mut self) {
        let state = self.connection.state();
        if state != self.pipe.timer.state() {
            self.pipe.timer.observe(state, self.pipe.now());
        }
    }

    /// Whether the stream has ended, and not only the conversation.
    pub(super) fn is_over(&self) -> bool {
        self.ending == Ending::Done
    }

    /// What a task may wait for without the stream telling it: room, its turn, the answer to a ping, the end.
    pub(super) fn watched(&self) -> impl PartialEq + use<S, C> {
        let waiting = (self.connection.buffered_amount(), self.taken, self.permits, self.wanted);
        (waiting, self.pipe.timer.answered(), self.connection.state(), self.is_over())
    }

    /// What a receiver is told at the end.
    fn verdict(&self) -> Result<Option<Event>, Error> {
        self.connection.closed().map_or(Ok(()), Error::from_ending).map(|()| None)
    }

    /// Ends the stream so that the last words arrive: the server first (RFC 6455 §7.1.1), and no later than the deadline.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.observe();
        while !self.is_over() {
            self.poll_farewell(cx);
            // Meanwhile too: the peer may take our last words only after we have taken its own.
            let hung_up = match ready!(self.poll_read(cx)) {
                Poll::Ready(Ok(Some(_))) => {
                    self.finish_if(self.pipe.timer.check(self.pipe.now()).is_err());
                    continue;
                }
                Poll::Ready(_) => true,
                Poll::Pending => false,
            };
            self.finish_if(hung_up && self.ending == Ending::Drain);
            if !self.is_over() {
                let too_late = ready!(self.pipe.poll_time(cx, &mut self.patience, true)).is_err();
                self.finish_if(too_late);
            }
        }
        // For a client this is the first time; elsewhere it does no harm. Nobody waits for it.
        let _ = self.pipe.stream.poll_shutdown(cx);
        Poll::Ready(())
    }

    /// Writes the last words and says that they were the last, as far as the stream takes it.
    fn poll_farewell(&mut self, cx: &mut Context<'_>) {
        if self.ending == Ending::LastWords && self.poll_flush(cx).is_ready() {
            self.ending = Ending::Shutdown;
        }
        let client = self.connection.role() == Role::Client;
        if self.ending == Ending::Shutdown && (client || self.pipe.stream.poll_shutdown(cx).is_ready()) {
            self.ending = Ending::Drain;
        }
    }

    fn finish_if(&mut self, done: bool) {
        if done {
            self.ending = Ending::Done;
        }
    }
}
