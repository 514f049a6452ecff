//! What a [`Timer`](super::Timer) does, with timeouts that are its own or shared by many.

use core::borrow::Borrow;
use core::time::Duration;

use super::{Due, TimedOut, Timeouts};
use crate::connection::State;

/// A timer, as [`Timer`](super::Timer) tells.
#[derive(Clone, Debug)]
pub(crate) struct Keeper<T> {
    pub(super) timeouts: T,
    state: State,
    /// When the handshake, or the closing, began.
    since: Duration,
    /// When the peer last sent a byte.
    heard: Duration,
    /// When it was asked whether it lives, if it has said nothing since.
    asked: Option<Duration>,
    /// When it last sent a message.
    message: Duration,
    /// How many pings of ours there were, which is also what tells one from another.
    pings: u64,
    /// When the last of them was sent.
    sent: Duration,
    /// The latest that was answered.
    answered: u64,
    round_trip: Option<Duration>,
}

impl<T> Keeper<T> {
    pub(crate) const fn new(timeouts: T, now: Duration) -> Self {
        Self {
            timeouts,
            state: State::Connecting,
            since: now,
            heard: now,
            asked: None,
            message: now,
            pings: 0,
            sent: now,
            answered: 0,
            round_trip: None,
        }
    }

    /// How many pings of ours there were.
    #[cfg(any(feature = "tokio", feature = "futures-io"))]
    pub(crate) const fn pings(&self) -> u64 {
        self.pings
    }

    pub(crate) const fn answered(&self) -> u64 {
        self.answered
    }

    pub(crate) const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    pub(crate) const fn state(&self) -> State {
        self.state
    }
}

impl<T: Borrow<Timeouts>> Keeper<T> {
    pub(crate) fn observe(&mut self, state: State, now: Duration) {
        if state == self.state {
            return;
        }
        match (self.state, state) {
            (State::Connecting, State::Open) => (self.heard, self.message) = (now, now),
            // The time for closing does not begin anew when the peer's Close comes.
            (State::Closing, State::Closed) => {}
            _ => self.since = now,
        }
        self.state = state;
    }

    pub(crate) fn heard(&mut self, now: Duration) {
        self.heard = now;
        self.asked = None;
    }

    pub(crate) fn message(&mut self, now: Duration) {
        self.message = now;
    }

    pub(crate) fn ping(&mut self, now: Duration) -> [u8; 8] {
        self.pings += 1;
        // Who asks again and again still wants an answer to the first time.
        self.asked.get_or_insert(now);
        self.sent = now;
        self.pings.to_be_bytes()
    }

    pub(crate) fn pong(&mut self, payload: &[u8], now: Duration) {
        let Ok(number) = payload.try_into().map(u64::from_be_bytes) else { return };
        if number <= self.answered || number > self.pings {
            return;
        }
        self.answered = number;
        if number == self.pings {
            self.round_trip = Some(now.saturating_sub(self.sent));
        }
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        if self.state == State::Open {
            let idle = self.timeouts().idle.map(|idle| self.message.saturating_add(idle));
            return [self.keep_alive().map(|(at, _)| at), idle].into_iter().flatten().min();
        }
        self.phase().map(|(at, _)| at)
    }

    pub(crate) fn poll(&mut self, now: Duration) -> Result<Due, TimedOut> {
        self.check(now)?;
        if self.state != State::Open {
            return Ok(Due::Nothing);
        }
        if self.timeouts().idle.is_some_and(|idle| now >= self.message.saturating_add(idle)) {
            // Told once: whoever goes on all the same gets as much time again.
            self.message = now;
            return Err(TimedOut::Idle);
        }
        match self.keep_alive() {
            Some((at, due)) if now >= at => due,
            _ => Ok(Due::Nothing),
        }
    }

    pub(crate) fn check(&self, now: Duration) -> Result<(), TimedOut> {
        match self.phase() {
            Some((at, what)) if now >= at => Err(what),
            _ => Ok(()),
        }
    }

    /// How late a sign of life may be noted, where it does no more than to put off a ping: an
    /// eighth of what that waits for.
    #[cfg(any(feature = "tokio", feature = "futures-io"))]
    pub(crate) fn slack(&self) -> Option<Duration> {
        let is_calm = self.state == State::Open && self.asked.is_none();
        self.timeouts().ping.filter(|_| is_calm).map(|ping| ping / 8)
    }

    /// Whether the peer was heard within the last thirty-second of that: with so many messages it
    /// is worth being woken soon, not to look at the time until then.
    #[cfg(any(feature = "tokio", feature = "futures-io"))]
    pub(crate) fn is_busy(&self, now: Duration) -> bool {
        self.slack().is_some_and(|slack| now < self.heard.saturating_add(slack / 32))
    }

    pub(crate) fn timeouts(&self) -> &Timeouts {
        self.timeouts.borrow()
    }

    /// The deadline of a handshake.
    fn phase(&self) -> Option<(Duration, TimedOut)> {
        let (timeout, what) = match self.state {
            State::Connecting => (self.timeouts().handshake, TimedOut::Handshake),
            State::Open => return None,
            State::Closing | State::Closed => (self.timeouts().close, TimedOut::Close),
        };
        Some((self.since.saturating_add(timeout?), what))
    }

    /// What comes next between us and a silent peer, and when.
    fn keep_alive(&self) -> Option<(Duration, Result<Due, TimedOut>)> {
        let ping = self.timeouts().ping?;
        Some(match (self.asked, self.timeouts().pong) {
            (None, _) => (self.heard.saturating_add(ping), Ok(Due::Ping)),
            (Some(asked), Some(pong)) => (asked.saturating_add(pong), Err(TimedOut::KeepAlive)),
            (Some(_), None) => (self.sent.saturating_add(ping), Ok(Due::Ping)),
        })
    }
}
