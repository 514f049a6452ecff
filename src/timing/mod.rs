//! How long things may take, and when to ask whether the peer still lives, on a clock that you pass
//! in.
//!
//! RFC 6455 §7.1.1 lets a client wait for the server to hang up "a reasonable amount of time"; what
//! the others are is this crate's choice. Nothing here asks what time it is: `now` is the time
//! since any epoch of yours, which must not run backwards.

mod keeper;

use core::time::Duration;
use core::{error, fmt};

pub(crate) use self::keeper::Keeper;
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
    /// The opening handshake, from the first byte to the last; for a client, connecting too.
    /// Default: 10 s.
    pub handshake: Option<Duration>,
    /// The closing handshake, from our Close or the peer's to the end of the stream. Default: 5 s.
    pub close: Option<Duration>,
    /// A write during which the peer takes nothing. Default: 30 s.
    pub write: Option<Duration>,
    /// After how long without a byte from the peer it is sent a ping. Default: 20 s. On tokio it
    /// may be up to an eighth later, after a time in which the peer sent much: then the clock is
    /// not looked at for every message.
    pub ping: Option<Duration>,
    /// How long after that ping the peer may go on saying nothing at all. Any byte is a sign of
    /// life, not only the pong; a peer that is busy with a long message is alive. Default: 20 s.
    pub pong: Option<Duration>,
    /// How long no message may come, however alive the peer is. Default: for ever.
    pub idle: Option<Duration>,
}

impl Timeouts {
    pub(crate) const DEFAULT: Self = Self {
        handshake: Some(Duration::from_secs(10)),
        close: Some(Duration::from_secs(5)),
        write: Some(Duration::from_secs(30)),
        ping: Some(Duration::from_secs(20)),
        pong: Some(Duration::from_secs(20)),
        idle: None,
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
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
pub struct Timer(Keeper<Timeouts>);

impl Timer {
    /// A timer for a connection whose opening handshake begins now.
    #[must_use]
    pub const fn new(timeouts: Timeouts, now: Duration) -> Self {
        Self(Keeper::new(timeouts, now))
    }

    /// Tells the timer what state the connection is in. To be called before waiting.
    pub fn observe(&mut self, state: State, now: Duration) {
        self.0.observe(state, now);
    }

    /// Tells the timer that bytes came: any at all.
    pub fn heard(&mut self, now: Duration) {
        self.0.heard(now);
    }

    /// Tells the timer that a message came.
    pub fn message(&mut self, now: Duration) {
        self.0.message(now);
    }

    /// Begins a ping: gives its payload, which is its number (1, 2, 3 …) in eight bytes,
    /// big-endian.
    pub fn ping(&mut self, now: Duration) -> [u8; 8] {
        self.0.ping(now)
    }

    /// Tells the timer that a pong came. If it answers the latest ping, that gives the
    /// [`round_trip`](Self::round_trip).
    pub fn pong(&mut self, payload: &[u8], now: Duration) {
        self.0.pong(payload, now);
    }

    /// The number of the latest ping that was answered; 0 if none was. A pong answers all pings
    /// before it (RFC 6455 §5.5.3).
    #[must_use]
    pub const fn answered(&self) -> u64 {
        self.0.answered()
    }

    /// How long the latest answered ping took, there and back.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.0.round_trip()
    }

    /// When [`poll`](Self::poll) will have something to say, if nothing changes until then.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.0.deadline()
    }

    /// What is due now.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] says what took too long.
    pub fn poll(&mut self, now: Duration) -> Result<Due, TimedOut> {
        self.0.poll(now)
    }

    /// Whether a handshake, the opening or the closing one, has taken too long: to be asked also
    /// while bytes keep coming.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] says which.
    pub fn check(&self, now: Duration) -> Result<(), TimedOut> {
        self.0.check(now)
    }

    /// The state that was observed last.
    #[must_use]
    pub const fn state(&self) -> State {
        self.0.state()
    }

    /// How long things may take.
    #[must_use]
    pub const fn timeouts(&self) -> &Timeouts {
        &self.0.timeouts
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
    /// A write: the peer does not read. Nothing is lost: what was not written still waits, and is
    /// not to be sent again.
    Write,
    /// Waiting for room, because the peer does not read: the message was not sent.
    Room,
    /// Waiting for a message as long as you wanted to. Nothing is lost.
    Receive,
    /// The peer's answer to a ping: it has not sent a byte since, so it, or the way to it, is gone.
    /// An adapter gives the connection up.
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
