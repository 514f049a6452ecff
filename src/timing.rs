//! How long things may take, and when to ask whether the peer still lives, on a clock that you pass in.
//!
//! RFC 6455 §7.1.1 lets a client wait for the server to hang up "a reasonable amount of time"; what the others are is this
//! crate's choice. Nothing here asks what time it is: `now` is the time since any epoch of yours, which must not run backwards.

use core::time::Duration;
use core::{error, fmt};

use crate::connection::State;

/// How long each part of a connection's life may take. `None` is for ever.
///
/// ```
/// use core::time::Duration;
/// use sansocket::timing::Timeouts;
///
/// let patient = Timeouts { handshake: Some(Duration::from_secs(60)), ..Timeouts::default() };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The opening handshake, from the first byte to the last; for a client, connecting too. Default: 10 s.
    pub handshake: Option<Duration>,
    /// The closing handshake, from our Close or the peer's to the end of the stream. Default: 5 s.
    pub close: Option<Duration>,
    /// A write during which the peer takes nothing. Default: 30 s.
    pub write: Option<Duration>,
    /// After how long without a byte from the peer it is sent a ping. Default: 20 s.
    pub ping: Option<Duration>,
    /// How long after that ping the peer may go on saying nothing at all. Any byte is a sign of life, not only the pong; a peer
    /// that is busy with a long message is alive. Default: 20 s.
    pub pong: Option<Duration>,
    /// How long no message may come, however alive the peer is. Default: for ever.
    pub idle: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Some(Duration::from_secs(10)),
            close: Some(Duration::from_secs(5)),
            write: Some(Duration::from_secs(30)),
            ping: Some(Duration::from_secs(20)),
            pong: Some(Duration::from_secs(20)),
            idle: None,
        }
    }
}

/// What there is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing, until the [`Timer::deadline`].
    Nothing,
    /// Send a [`Timer::ping`]: the peer has been silent for a while.
    Ping,
}

/// Keeps the deadlines of a connection.
///
/// ```
/// use core::time::Duration;
/// use sansocket::State;
/// use sansocket::timing::{Due, TimedOut, Timeouts, Timer};
///
/// let at = Duration::from_secs;
/// let mut timer = Timer::new(Timeouts::default(), at(0));
/// assert_eq!(timer.deadline(), Some(at(10))); // of the handshake
/// timer.observe(State::Open, at(1));
/// assert_eq!(timer.deadline(), Some(at(21))); // of the silence
/// assert_eq!(timer.poll(at(21)), Ok(Due::Ping));
/// timer.ping(at(21)); // and put its payload into a ping
/// assert_eq!(timer.poll(at(41)), Err(TimedOut::KeepAlive));
/// ```
#[derive(Clone, Debug)]
pub struct Timer {
    timeouts: Timeouts,
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

impl Timer {
    /// A timer for a connection whose opening handshake begins now.
    #[must_use]
    pub const fn new(timeouts: Timeouts, now: Duration) -> Self {
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

    /// Tells the timer what state the connection is in. To be called before waiting.
    pub fn observe(&mut self, state: State, now: Duration) {
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

    /// Tells the timer that bytes came: any at all.
    pub fn heard(&mut self, now: Duration) {
        self.heard = now;
        self.asked = None;
    }

    /// Tells the timer that a message came.
    pub fn message(&mut self, now: Duration) {
        self.message = now;
    }

    /// Begins a ping: gives its payload, which is its number (1, 2, 3 …) in eight bytes, big-endian.
    pub fn ping(&mut self, now: Duration) -> [u8; 8] {
        self.pings += 1;
        // Who asks again and again still wants an answer to the first time.
        self.asked.get_or_insert(now);
        self.sent = now;
        self.pings.to_be_bytes()
    }

    /// Tells the timer that a pong came. If it answers the latest ping, that gives the [`round_trip`](Self::round_trip).
    pub fn pong(&mut self, payload: &[u8], now: Duration) {
        let Ok(number) = payload.try_into().map(u64::from_be_bytes) else { return };
        if number <= self.answered || number > self.pings {
            return;
        }
        self.answered = number;
        if number == self.pings {
            self.round_trip = Some(now.saturating_sub(self.sent));
        }
    }

    /// The number of the latest ping that was answered; 0 if none was. A pong answers all pings before it (RFC 6455 §5.5.3).
    #[must_use]
    pub const fn answered(&self) -> u64 {
        self.answered
    }

    /// How long the latest answered ping took, there and back.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// When [`poll`](Self::poll) will have something to say, if nothing changes until then.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        if self.state == State::Open {
            let idle = self.timeouts.idle.map(|idle| self.message.saturating_add(idle));
            return [self.keep_alive().map(|(at, _)| at), idle].into_iter().flatten().min();
        }
        self.phase().map(|(at, _)| at)
    }

    /// What is due now.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] says what took too long.
    pub fn poll(&mut self, now: Duration) -> Result<Due, TimedOut> {
        self.check(now)?;
        if self.state != State::Open {
            return Ok(Due::Nothing);
        }
        if self.timeouts.idle.is_some_and(|idle| now >= self.message.saturating_add(idle)) {
            // Told once: whoever goes on all the same gets as much time again.
            self.message = now;
            return Err(TimedOut::Idle);
        }
        match self.keep_alive() {
            Some((at, due)) if now >= at => due,
            _ => Ok(Due::Nothing),
        }
    }

    /// Whether a handshake, the opening or the closing one, has taken too long: to be asked also while bytes keep coming.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] says which.
    pub fn check(&self, now: Duration) -> Result<(), TimedOut> {
        match self.phase() {
            Some((at, what)) if now >= at => Err(what),
            _ => Ok(()),
        }
    }

    /// The state that was observed last.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// How long things may take.
    #[must_use]
    pub const fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// The deadline of a handshake.
    fn phase(&self) -> Option<(Duration, TimedOut)> {
        let (timeout, what) = match self.state {
            State::Connecting => (self.timeouts.handshake, TimedOut::Handshake),
            State::Open => return None,
            State::Closing | State::Closed => (self.timeouts.close, TimedOut::Close),
        };
        Some((self.since.saturating_add(timeout?), what))
    }

    /// What comes next between us and a silent peer, and when.
    fn keep_alive(&self) -> Option<(Duration, Result<Due, TimedOut>)> {
        let ping = self.timeouts.ping?;
        Some(match (self.asked, self.timeouts.pong) {
            (None, _) => (self.heard.saturating_add(ping), Ok(Due::Ping)),
            (Some(asked), Some(pong)) => (asked.saturating_add(pong), Err(TimedOut::KeepAlive)),
            (Some(_), None) => (self.sent.saturating_add(ping), Ok(Due::Ping)),
        })
    }
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimedOut {
    /// The opening handshake.
    Handshake,
    /// The closing handshake.
    Close,
    /// A write: the peer does not read. Nothing is lost: what was not written still waits, and is not to be sent again.
    Write,
    /// Waiting for room, because the peer does not read: the message was not sent.
    Room,
    /// Waiting for a message as long as you wanted to. Nothing is lost.
    Receive,
    /// The peer's answer to a ping: it has not sent a byte since, so it, or the way to it, is gone. An adapter gives the connection up.
    KeepAlive,
    /// The next message, as long as [`Timeouts::idle`] allows. Nothing is broken.
    Idle,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handshake => "the opening handshake took too long; see Timeouts::handshake",
            Self::Close => "the peer did not finish the closing handshake in time; see Timeouts::close",
            Self::Write => "the peer reads nothing; see Timeouts::write",
            Self::Room => "the peer reads nothing, and too much waits already; see Timeouts::write and Backpressure",
            Self::Receive => "no message came in time",
            Self::KeepAlive => "the peer did not answer a ping with a single byte; see Timeouts::pong",
            Self::Idle => "no message came for too long; see Timeouts::idle",
        })
    }
}

impl error::Error for TimedOut {}
