//! The loop of every async adapter: take what is there, write what waits, read, and look at the
//! clock.
//!
//! All progress is in here and in the core, never in a future: whoever stops polling loses nothing.

use std::mem;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::ending::Ending;
use super::io::{Clock, Stream};
use super::pipe::{Patience, Pipe};
use super::turn::{READS_IN_A_ROW, Turn};
use crate::adapter::window::{self, Window};
use crate::adapter::{EARLY, Error, Peer, Replies};
use crate::connection::{Closed, Connection, Event, State};
use crate::message::{Message, MessageRef};
use crate::timing::{Due, TimedOut};

/// Pings and pongs after which a task lets others have their turn, though there is more.
const EVENTS_IN_A_ROW: usize = 256;

/// A connection on a stream.
#[expect(missing_debug_implementations, reason = "nobody outside can have one")]
pub struct Driver<S, C> {
    pub(super) connection: Connection,
    pub(super) pipe: Pipe<S, C>,
    /// What was read, and the connection was not given yet.
    pub(super) unread: Window,
    /// Whether somebody sends a message in parts: nobody else's may come in between.
    pub(super) taken: bool,
    /// How many may send a message at any time: nobody begins to send in parts.
    pub(super) permits: usize,
    /// How many want to send in parts: nobody gets a permit any more.
    pub(super) wanted: usize,
    /// Whether nobody receives any more.
    pub(super) receiver_dropped: bool,
    /// Messages that were dropped because too much waited.
    pub(super) dropped: u64,
    /// How far the stream is ended, once the conversation is.
    pub(super) ending: Ending,
    /// The closing handshake took too long.
    pub(super) too_late: bool,
    /// Something was answered that is not written yet.
    replied: bool,
    /// For who receives.
    pub(super) patience: Patience,
    turn: Turn,
    /// Reads since the time for the closing handshake was over.
    overtime: usize,
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
            receiver_dropped: false,
            dropped: 0,
            ending: Ending::LastWords,
            too_late: false,
            replied: false,
            patience: Patience::default(),
            turn: Turn::default(),
            overtime: 0,
        }
    }

    /// The next message; `None` at a clean end.
    pub(super) fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, Error>> {
        let mut passed_over = 0;
        loop {
            match self.next_here() {
                Some(Event::Message(message)) => {
                    self.poll_replies(cx);
                    return Poll::Ready(Ok(Some(message)));
                }
                Some(_) => {
                    passed_over += 1;
                    if passed_over == EVENTS_IN_A_ROW {
                        self.poll_replies(cx);
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                }
                None if !ready!(self.poll_on(cx))? => return Poll::Ready(Ok(None)),
                None => {}
            }
        }
    }

    /// The next event; `None` at a clean end.
    pub(super) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Event>, Error>> {
        loop {
            if let Some(event) = self.next_here() {
                self.poll_replies(cx);
                return Poll::Ready(Ok(Some(event)));
            }
            if !ready!(self.poll_on(cx))? {
                return Poll::Ready(Ok(None));
            }
        }
    }

    /// Hands over the messages that are there, at least one, where they lie; `false` at a clean
    /// end.
    pub(super) fn poll_with(
        &mut self,
        cx: &mut Context<'_>,
        peer: Peer,
        each: &mut impl FnMut(MessageRef<'_>, &mut Replies<'_>) -> Result<(), Error>,
    ) -> Poll<Result<bool, Error>> {
        let (mut count, mut passed_over) = (0, 0);
        loop {
            let mut replies =
                Replies::new(&mut self.connection, self.pipe.backpressure, &mut self.dropped, peer);
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
                None if !ready!(self.poll_on(cx))? => return Poll::Ready(Ok(false)),
                None => {}
            }
        }
    }

    /// The next event that is here, but for the end.
    fn next_here(&mut self) -> Option<Event> {
        if self.unread.is_empty() && self.connection.needs_input() {
            return None;
        }
        let event = self.unread.next(|received| self.connection.receive_from(received))?;
        if let Event::Closed(_) = event {
            return None;
        }
        self.note(&event);
        Some(event)
    }

    /// Goes on once nothing more is here; `false` at a clean end.
    #[inline(always)]
    fn poll_on(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        if self.connection.closed().is_none() {
            return self.poll_more(cx).map_ok(|()| true);
        }
        ready!(self.poll_end(cx));
        Poll::Ready(self.connection.closed().map_or(Ok(()), Error::from_ending).map(|()| false))
    }

    /// Whether the next message is here already, and somebody to receive it.
    pub(super) fn has_message(&mut self) -> bool {
        !self.receiver_dropped && self.connection.has_message(self.unread.bytes())
    }

    /// Lets the connection go, with what it was not given yet.
    pub(super) fn part(&mut self) {
        self.connection.detach(mem::take(&mut self.unread).bytes());
    }

    /// Whether so much was kept already that no pong can be waited for.
    pub(super) fn is_crowded(&self) -> bool {
        self.connection.pushed_back_bytes() >= EARLY
    }

    /// Waits for the pong to a ping that was sent, and tells how long it took. What else comes is
    /// kept to be received.
    pub(super) fn poll_pong(
        &mut self,
        cx: &mut Context<'_>,
        (number, sent): (u64, Duration),
    ) -> Poll<Result<Duration, Error>> {
        let mut kept = self.connection.pushed_back_bytes();
        loop {
            if self.pipe.timer.answered() >= number {
                return Poll::Ready(Ok(self.pipe.now().saturating_sub(sent)));
            }
            if kept >= EARLY {
                return Poll::Ready(Err(Error::UnreadMessages));
            }
            match self.unread.next(|received| self.connection.next_event(received)) {
                Some(Event::Closed(_)) => {}
                Some(event) => {
                    self.note(&event);
                    kept += event.bytes_held();
                    self.connection.push_back(event);
                }
                None if self.connection.closed().is_some() => {
                    return Poll::Ready(Err(Error::ConnectionLost));
                }
                None => ready!(self.poll_more(cx))?,
            }
        }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Message(_) | Event::Chunk(_) => self.note_message(),
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
    #[inline(always)]
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        // A peer that takes nothing any more may still have left something to read, its Close for
        // example.
        let _ = self.poll_flush(cx);
        self.observe();
        if self.overtime >= READS_IN_A_ROW {
            if let Err(error) = self.pipe.timer.check(self.pipe.now()) {
                return Poll::Ready(Err(self.lose(error.into())));
            }
        }
        match ready!(self.poll_read(cx)) {
            Poll::Ready(Ok(true)) => {
                // Who comes late shall find what came in time, but not for ever.
                let closing = self.pipe.timer.state() != State::Open;
                self.overtime +=
                    usize::from(closing && self.pipe.timer.check(self.pipe.now()).is_err());
            }
            Poll::Ready(Ok(false)) => self.connection.end_input(),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(self.lose(error))),
            // Only now that there is nothing to read: what waits in the stream is a sign of life,
            // however late it is read.
            Poll::Pending => match ready!(self.pipe.poll_time(cx, &mut self.patience, true)) {
                Ok(Due::Ping) => drop(self.queue_ping()?),
                Ok(Due::Nothing) => {}
                Err(error) => return Poll::Ready(Err(self.lose(error.into()))),
            },
        }
        Poll::Ready(Ok(()))
    }

    /// Reads what is `unread` then, unless others shall have their turn first, though there is
    /// more: then it is pending itself.
    #[inline(always)]
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Poll<Result<bool, Error>>> {
        if self.turn.is_over() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let read = self.pipe.poll_read(cx, &mut self.unread, self.turn.expects_much());
        match read {
            Poll::Ready(Ok(true)) => {
                self.turn.count(self.unread.bytes().len(), self.connection.remaining_payload())
            }
            _ => self.turn.end(),
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

    /// Lets answers leave before the application goes to work on what was received. Should that
    /// fail, the next call will meet the same failure.
    fn poll_replies(&mut self, cx: &mut Context<'_>) {
        if self.replied {
            let _ = self.poll_flush(cx);
        }
    }

    /// Gives the connection up if nothing can be had from the stream after this error, with all
    /// that was received already given to the application.
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
    #[inline]
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.connection.wants_write() || self.pipe.is_unflushed() {
            ready!(self.poll_write(cx))?;
        }
        self.replied = false;
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.is_over() && self.connection.wants_write() {
            return Poll::Ready(Err(Error::ConnectionLost));
        }
        let written = self.pipe.poll_write(cx, self.connection.output());
        self.connection.take_output_buffer().into_iter().for_each(window::give_back_output);
        written
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

    /// What a task may wait for without the stream telling it: room, its turn, a ping or its
    /// answer, the end.
    pub(super) fn watched(&self) -> impl PartialEq + use<S, C> {
        let waiting = (self.connection.buffered_amount(), self.taken, self.permits, self.wanted);
        let pings = (self.pipe.timer.pings(), self.pipe.timer.answered());
        (waiting, pings, self.connection.state(), self.is_over())
    }
}
