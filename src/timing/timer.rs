//! Deadlines of one connection: handshakes, keep-alive, idle time; and the round trip of its pings.
//!
//! | state                  | deadline                             | when it passes               |
//! |------------------------|--------------------------------------|------------------------------|
//! | Connecting             | start + `handshake`                  | [`TimedOut::Handshake`]      |
//! | Open                   | last byte read, or last byte written, the earlier + `ping` | [`Due::Ping`] |
//! | Open, ping queued      | none: see [`Timeouts::write`]        |                              |
//! | Open, ping written     | first unanswered ping + `pong`       | [`TimedOut::KeepAlive`]      |
//! | Open, `pong` off       | last ping + `ping`                   | [`Due::Ping`]                |
//! | Open                   | last message + `idle`                | [`TimedOut::Idle`], once a period |
//! | Open, in a message     | last byte of its payload + `message` | [`TimedOut::Message`]        |
//! | Closing, Close queued  | last byte written + `write`, or `close` if that is off | [`TimedOut::Close`] |
//! | Closing, Closed        | Close written + `close`              | [`TimedOut::Close`]          |
//! | Closed, Close queued   | peer's Close received + `close`      | no error: [`Session::has_ended`](crate::session::Session::has_ended) |
//!
//! A ping or a Close frame may be queued behind data that the peer reads slowly. RFC 6455 §5.5.2
//! has the pong owed once the ping was received, and §7.1.3 begins the closing handshake when the
//! Close frame is sent. So their deadlines begin when they were written.

use core::time::Duration;

use super::timeouts::{SharedTimeouts, TimedOut, Timeouts};
use super::unfinished::Unfinished;
use crate::connection::State;

/// The action that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// None before [`Timer::deadline`].
    Nothing,
    /// A [`Timer::ping`] is to be sent: no byte arrived, or none was written, for
    /// [`Timeouts::ping`].
    Ping,
}

/// The deadlines of a connection.
///
/// ```
/// use core::time::Duration;
/// use sansocket::State;
/// use sansocket::timing::{Due, TimedOut, Timeouts, Timer};
///
/// let at = Duration::from_secs;
/// let mut timer = Timer::new(Timeouts::default(), at(0));
/// assert_eq!(timer.deadline(), Some(at(10))); // the opening handshake
/// timer.set_state(State::Open, at(1));
/// assert_eq!(timer.deadline(), Some(at(21))); // keep-alive
/// assert_eq!(timer.poll(at(21)), Ok(Due::Ping));
/// timer.ping(at(21)); // returns the payload for the ping
/// timer.ping_written(at(22));
/// assert_eq!(timer.poll(at(142)), Err(TimedOut::KeepAlive));
/// ```
#[derive(Clone, Debug)]
pub struct Timer {
    timeouts: SharedTimeouts,
    state: State,
    /// Start of the opening or the closing handshake. While the Close frame is queued, the last
    /// progress of writing.
    state_since: Duration,
    /// The Close frame waits to be written, behind data perhaps.
    close_queued: bool,
    /// When the peer's Close arrived, or the stream was lost.
    closed_since: Option<Duration>,
    /// When the peer last showed that it is alive: a byte arrived, or a stalled write continued.
    last_read: Duration,
    last_written: Duration,
    /// Whether bytes were written after the last ones were read.
    wrote_last: bool,
    /// When the first ping since then was written.
    ping_outstanding_since: Option<Duration>,
    /// A ping waits to be written, behind data perhaps.
    ping_queued: bool,
    last_message: Duration,
    unfinished: Unfinished,
    /// Number of the last ping, which is its payload.
    last_ping: u64,
    last_ping_sent: Duration,
    /// Number of the last ping that was answered.
    last_answered: u64,
    round_trip: Option<Duration>,
}

impl Timer {
    /// A timer for a connection whose opening handshake begins now.
    #[must_use]
    pub fn new(timeouts: Timeouts, now: Duration) -> Self {
        Self::with_shared(timeouts.into(), now)
    }

    #[inline]
    pub(crate) const fn with_shared(timeouts: SharedTimeouts, now: Duration) -> Self {
        Self {
            timeouts,
            state: State::Connecting,
            state_since: now,
            close_queued: false,
            closed_since: None,
            last_read: now,
            last_written: now,
            wrote_last: true,
            ping_outstanding_since: None,
            ping_queued: false,
            last_message: now,
            unfinished: Unfinished::NONE,
            last_ping: 0,
            last_ping_sent: now,
            last_answered: 0,
            round_trip: None,
        }
    }

    /// Sets the state of the connection. Must be called before waiting.
    pub fn set_state(&mut self, state: State, now: Duration) {
        if state == self.state {
            return;
        }
        match (self.state, state) {
            (State::Connecting, State::Open) => {
                (self.last_read, self.last_written, self.last_message) = (now, now, now);
            }
            // The peer's Close does not extend the deadline that ours has begun.
            (State::Closing, State::Closed) => {}
            _ => self.state_since = now,
        }
        self.state = state;
        if state == State::Closed {
            self.close_received(now);
        }
    }

    /// Reports that the peer's Close has arrived, although the connection has not taken it yet.
    pub(crate) fn close_received(&mut self, now: Duration) {
        self.closed_since.get_or_insert(now);
    }

    /// When the end of the connection is reported at the latest; `None` before the peer's Close
    /// has arrived.
    pub(crate) fn end_deadline(&self) -> Option<Duration> {
        Some(self.closed_since?.saturating_add(self.timeouts().close?))
    }

    /// Reports that the peer is alive: bytes arrived, of any kind, or the stream accepts bytes
    /// again after it accepted none.
    #[inline]
    pub const fn bytes_received(&mut self, now: Duration) {
        (self.last_read, self.wrote_last) = (now, false);
        self.ping_outstanding_since = None;
    }

    /// Reports that bytes were written, of any kind.
    #[inline]
    pub const fn bytes_written(&mut self, now: Duration) {
        (self.last_written, self.wrote_last) = (now, true);
        if self.close_queued {
            self.state_since = now;
        }
    }

    /// Reports whether our Close frame is queued, and will be written. Its deadline begins when it
    /// is not any more.
    pub fn set_close_queued(&mut self, queued: bool, now: Duration) {
        if self.close_queued != queued {
            (self.close_queued, self.state_since) = (queued, now);
        }
    }

    /// Reports that a message arrived.
    pub fn message_received(&mut self, now: Duration) {
        self.last_message = now;
    }

    /// Reports the progress of the message that is not complete, as
    /// [`Connection::unfinished_message`](crate::Connection::unfinished_message) returns it. Must
    /// be called before waiting, or [`Timeouts::message`] has no effect.
    #[inline]
    pub fn message_unfinished(&mut self, progress: Option<u32>, now: Duration) {
        if progress.is_some() || !self.unfinished.is_none() {
            self.unfinished.report(progress, now);
        }
    }

    /// Starts a ping, which is queued. Returns its payload: its number (1, 2, 3 …) in eight bytes,
    /// big-endian.
    pub const fn ping(&mut self, now: Duration) -> [u8; 8] {
        self.last_ping += 1;
        (self.ping_queued, self.last_ping_sent) = (true, now);
        self.last_ping.to_be_bytes()
    }

    /// Reports that all pings were written.
    pub fn ping_written(&mut self, now: Duration) {
        if core::mem::take(&mut self.ping_queued) {
            // The first unanswered ping counts: later pings must not extend the deadline.
            self.ping_outstanding_since.get_or_insert(now);
            self.last_ping_sent = now;
        }
    }

    /// Reports that a pong arrived. A pong to the latest ping sets the
    /// [`round_trip`](Self::round_trip); other pongs are ignored.
    pub fn pong_received(&mut self, payload: &[u8], now: Duration) {
        let Some(number) = self.ping_of(payload).filter(|number| *number > self.last_answered)
        else {
            return;
        };
        self.last_answered = number;
        if number == self.last_ping {
            self.round_trip = Some(now.saturating_sub(self.last_ping_sent));
        }
    }

    /// The number of the ping with this payload, if it is one of those that were sent.
    pub(crate) fn ping_of(&self, payload: &[u8]) -> Option<u64> {
        let number = payload.try_into().map(u64::from_be_bytes).ok()?;
        (1..=self.last_ping).contains(&number).then_some(number)
    }

    pub(crate) const fn last_read(&self) -> Duration {
        self.last_read
    }

    pub(crate) const fn last_written(&self) -> Duration {
        self.last_written
    }

    /// Number of pings that were sent.
    #[inline]
    #[must_use]
    pub const fn last_ping(&self) -> u64 {
        self.last_ping
    }

    /// Whether a ping waits to be written.
    pub(crate) const fn ping_is_queued(&self) -> bool {
        self.ping_queued
    }

    pub(crate) const fn last_ping_sent(&self) -> Duration {
        self.last_ping_sent
    }

    /// Number of the latest ping that was answered; 0 before the first. A pong answers all earlier
    /// pings too (RFC 6455 §5.5.3).
    #[inline]
    #[must_use]
    pub const fn last_answered(&self) -> u64 {
        self.last_answered
    }

    /// Time from the latest answered ping to its pong.
    #[inline]
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// When to call [`poll`](Self::poll) next, if nothing is reported before.
    #[inline]
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        if self.state != State::Open {
            return self.handshake_deadline().map(|(at, _)| at);
        }
        let keep_alive = self.keep_alive().map(|(at, _)| at);
        if self.unfinished.is_none() && self.timeouts().idle.is_none() {
            return keep_alive;
        }
        self.deadline_of_messages(keep_alive)
    }

    #[cold]
    fn deadline_of_messages(&self, keep_alive: Option<Duration>) -> Option<Duration> {
        let idle = self.timeouts().idle.map(|idle| self.last_message.saturating_add(idle));
        [keep_alive, idle, self.message_deadline()].into_iter().flatten().min()
    }

    /// Returns what is due at this time.
    ///
    /// # Errors
    ///
    /// The timeout that has expired. [`TimedOut::Idle`] is returned once, and begins anew.
    pub fn poll(&mut self, now: Duration) -> Result<Due, TimedOut> {
        self.check_handshake(now)?;
        if self.state != State::Open {
            return Ok(Due::Nothing);
        }
        if self.timeouts().idle.is_some_and(|idle| now >= self.last_message.saturating_add(idle)) {
            // A caller that continues all the same gets as much time again.
            self.last_message = now;
            return Err(TimedOut::Idle);
        }
        if self.message_deadline().is_some_and(|deadline| now >= deadline) {
            return Err(TimedOut::Message);
        }
        match self.keep_alive() {
            Some((at, due)) if now >= at => due,
            _ => Ok(Due::Nothing),
        }
    }

    /// Checks the deadlines of the opening and the closing handshake alone: they hold also while
    /// bytes keep arriving.
    ///
    /// # Errors
    ///
    /// [`TimedOut::Handshake`] or [`TimedOut::Close`].
    #[inline]
    pub fn check_handshake(&self, now: Duration) -> Result<(), TimedOut> {
        match self.handshake_deadline() {
            Some((at, what)) if now >= at => Err(what),
            _ => Ok(()),
        }
    }

    /// The state that was set last.
    #[must_use]
    #[inline]
    pub const fn state(&self) -> State {
        self.state
    }

    /// The timeouts.
    #[must_use]
    #[inline]
    pub fn timeouts(&self) -> &Timeouts {
        self.timeouts.get()
    }

    pub(crate) const fn shared_timeouts(&self) -> &SharedTimeouts {
        &self.timeouts
    }

    /// How late a received or written byte may be reported where it only postpones a ping: an
    /// eighth of [`Timeouts::ping`]. `None` where every byte must be reported at once.
    #[inline]
    pub(crate) fn read_slack(&self) -> Option<Duration> {
        let only_ping =
            self.state == State::Open && self.ping_outstanding_since.is_none() && !self.ping_queued;
        self.timeouts().ping.filter(|_| only_ping).map(|ping| ping / 8)
    }

    /// Whether a byte arrived within a thirty-second of that slack. At this rate of messages one
    /// early wake-up costs less than reading the clock for each message.
    #[inline]
    pub(crate) fn is_busy(&self, now: Duration) -> bool {
        self.read_slack().is_some_and(|slack| now < self.last_read.saturating_add(slack / 32))
    }

    #[inline]
    fn handshake_deadline(&self) -> Option<(Duration, TimedOut)> {
        let (timeout, what) = match self.state {
            State::Connecting => (self.timeouts().handshake, TimedOut::Handshake),
            State::Open => return None,
            State::Closing | State::Closed => {
                let Timeouts { write, close, .. } = *self.timeouts();
                (if self.close_queued { write.or(close) } else { close }, TimedOut::Close)
            }
        };
        Some((self.state_since.saturating_add(timeout?), what))
    }

    #[inline]
    fn message_deadline(&self) -> Option<Duration> {
        self.unfinished.deadline(self.timeouts().message)
    }

    #[inline]
    fn keep_alive(&self) -> Option<(Duration, Result<Due, TimedOut>)> {
        let ping = self.timeouts().ping?;
        let since = match (self.ping_outstanding_since, self.timeouts().pong) {
            (Some(since), Some(pong)) => {
                return Some((since.saturating_add(pong), Err(TimedOut::KeepAlive)));
            }
            _ if self.ping_queued => return None,
            (None, _) if self.wrote_last => self.last_read,
            (None, _) => self.last_written,
            (Some(_), None) => self.last_ping_sent,
        };
        Some((since.saturating_add(ping), Ok(Due::Ping)))
    }
}
