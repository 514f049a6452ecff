//! Deadlines of one connection: handshakes, keep-alive, idle time; and the round trip of its pings.
//!
//! | state              | deadline                             | when it passes                   |
//! |--------------------|--------------------------------------|----------------------------------|
//! | Connecting         | start + `handshake`                  | [`TimedOut::Handshake`]          |
//! | Open               | last byte + `ping`                   | [`Due::Ping`]                    |
//! | Open, ping pending | first unanswered ping + `pong`       | [`TimedOut::KeepAlive`]          |
//! | Open, `pong` off   | last ping + `ping`                   | [`Due::Ping`]                    |
//! | Open               | last message + `idle`                | [`TimedOut::Idle`], once a period |
//! | Closing, Closed    | first Close + `close`                | [`TimedOut::Close`]              |

use core::time::Duration;

use super::timeouts::{SharedTimeouts, TimedOut, Timeouts};
use crate::connection::State;

/// The shortest time between two keep-alive pings that no pong deadline separates. Without it, a
/// period of zero would always be due.
const MIN_PING: Duration = Duration::from_millis(1);

/// The action that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// None before [`Timer::deadline`].
    Nothing,
    /// A [`Timer::ping`] is to be sent: no byte arrived from the peer for [`Timeouts::ping`].
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
/// assert_eq!(timer.poll(at(41)), Err(TimedOut::KeepAlive));
/// ```
#[derive(Clone, Debug)]
pub struct Timer {
    timeouts: SharedTimeouts,
    state: State,
    /// Start of the opening or the closing handshake.
    state_since: Duration,
    /// When a byte last arrived.
    last_read: Duration,
    /// The first ping since then.
    ping_outstanding_since: Option<Duration>,
    last_message: Duration,
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

    pub(crate) const fn with_shared(timeouts: SharedTimeouts, now: Duration) -> Self {
        Self {
            timeouts,
            state: State::Connecting,
            state_since: now,
            last_read: now,
            ping_outstanding_since: None,
            last_message: now,
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
            (State::Connecting, State::Open) => (self.last_read, self.last_message) = (now, now),
            // The peer's Close does not extend the deadline that ours has begun.
            (State::Closing, State::Closed) => {}
            _ => self.state_since = now,
        }
        self.state = state;
    }

    /// Reports that bytes arrived, of any kind.
    #[inline]
    pub fn bytes_received(&mut self, now: Duration) {
        self.last_read = now;
        self.ping_outstanding_since = None;
    }

    /// Reports that a message arrived.
    pub fn message_received(&mut self, now: Duration) {
        self.last_message = now;
    }

    /// Starts a ping. Returns its payload: its number (1, 2, 3 …) in eight bytes, big-endian.
    pub fn ping(&mut self, now: Duration) -> [u8; 8] {
        self.last_ping += 1;
        // The first unanswered ping counts: later pings must not extend the deadline.
        self.ping_outstanding_since.get_or_insert(now);
        self.last_ping_sent = now;
        self.last_ping.to_be_bytes()
    }

    /// Reports that a pong arrived. A pong to the latest ping sets the
    /// [`round_trip`](Self::round_trip); other pongs are ignored.
    pub fn pong_received(&mut self, payload: &[u8], now: Duration) {
        let Ok(number) = payload.try_into().map(u64::from_be_bytes) else { return };
        if number <= self.last_answered || number > self.last_ping {
            return;
        }
        self.last_answered = number;
        if number == self.last_ping {
            self.round_trip = Some(now.saturating_sub(self.last_ping_sent));
        }
    }

    /// Number of pings that were sent.
    #[inline]
    #[must_use]
    pub const fn last_ping(&self) -> u64 {
        self.last_ping
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
        if self.state == State::Open {
            let idle = self.timeouts().idle.map(|idle| self.last_message.saturating_add(idle));
            return [self.keep_alive().map(|(at, _)| at), idle].into_iter().flatten().min();
        }
        self.handshake_deadline().map(|(at, _)| at)
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

    /// How late a received byte may be reported where it only postpones a ping: an eighth of
    /// [`Timeouts::ping`]. `None` where every byte must be reported at once.
    #[inline]
    pub(crate) fn read_slack(&self) -> Option<Duration> {
        let only_ping = self.state == State::Open && self.ping_outstanding_since.is_none();
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
            State::Closing | State::Closed => (self.timeouts().close, TimedOut::Close),
        };
        Some((self.state_since.saturating_add(timeout?), what))
    }

    #[inline]
    fn keep_alive(&self) -> Option<(Duration, Result<Due, TimedOut>)> {
        let ping = self.timeouts().ping?;
        Some(match (self.ping_outstanding_since, self.timeouts().pong) {
            (None, _) => (self.last_read.saturating_add(ping), Ok(Due::Ping)),
            (Some(since), Some(pong)) => (since.saturating_add(pong), Err(TimedOut::KeepAlive)),
            (Some(_), None) => {
                (self.last_ping_sent.saturating_add(ping.max(MIN_PING)), Ok(Due::Ping))
            }
        })
    }
}
