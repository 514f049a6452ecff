//! How long things may take, on a clock that you pass in.
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
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Some(Duration::from_secs(10)),
            close: Some(Duration::from_secs(5)),
            write: Some(Duration::from_secs(30)),
        }
    }
}

/// Keeps the deadline of the part of its life that a connection is in.
///
/// ```
/// use core::time::Duration;
/// use sansocket::State;
/// use sansocket::timing::{TimedOut, Timeouts, Timer};
///
/// let mut timer = Timer::new(Timeouts::default(), Duration::ZERO);
/// assert_eq!(timer.deadline(), Some(Duration::from_secs(10)));
/// timer.observe(State::Open, Duration::from_secs(1));
/// assert_eq!(timer.deadline(), None);
/// timer.observe(State::Closing, Duration::from_secs(60));
/// assert_eq!(timer.check(Duration::from_secs(65)), Err(TimedOut::Close));
/// ```
#[derive(Clone, Debug)]
pub struct Timer {
    timeouts: Timeouts,
    state: State,
    /// When the handshake, or the closing, began.
    since: Duration,
}

impl Timer {
    /// A timer for a connection whose opening handshake begins now.
    #[must_use]
    pub const fn new(timeouts: Timeouts, now: Duration) -> Self {
        Self { timeouts, state: State::Connecting, since: now }
    }

    /// Tells the timer what state the connection is in. To be called before waiting.
    pub fn observe(&mut self, state: State, now: Duration) {
        let was_ending = matches!(self.state, State::Closing | State::Closed);
        if matches!(state, State::Closing | State::Closed) && !was_ending {
            self.since = now;
        }
        self.state = state;
    }

    /// When the connection should be given up, if nothing changes until then.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let timeout = match self.state {
            State::Connecting => self.timeouts.handshake,
            State::Open => None,
            State::Closing | State::Closed => self.timeouts.close,
        };
        Some(self.since.saturating_add(timeout?))
    }

    /// Whether it should be given up.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] says what took too long.
    pub fn check(&self, now: Duration) -> Result<(), TimedOut> {
        match self.deadline() {
            Some(deadline) if now >= deadline => {
                Err(if self.state == State::Connecting { TimedOut::Handshake } else { TimedOut::Close })
            }
            _ => Ok(()),
        }
    }

    /// How long a write may make no progress.
    #[must_use]
    pub const fn write_timeout(&self) -> Option<Duration> {
        self.timeouts.write
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
    /// A write: the peer does not read. Nothing is lost: what was not written still waits.
    Write,
    /// Waiting for a message as long as you wanted to. Nothing is lost.
    Receive,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handshake => "the opening handshake took too long; see Timeouts::handshake",
            Self::Close => "the peer did not finish the closing handshake in time; see Timeouts::close",
            Self::Write => "the peer reads nothing; see Timeouts::write",
            Self::Receive => "no message came in time",
        })
    }
}

impl error::Error for TimedOut {}
