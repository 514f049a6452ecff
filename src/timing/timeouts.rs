//! How long each phase of a connection may take, and the error if it takes longer.

use alloc::sync::Arc;
use core::time::Duration;
use core::{error, fmt};

/// Timeouts of a connection. `None` switches a timeout off, and so does zero, in every field. For
/// a timeout that expires at once, use 1 ns.
///
/// ```
/// use core::time::Duration;
/// use sansocket::timing::Timeouts;
///
/// let slow_link = Timeouts { handshake: Some(Duration::from_secs(60)), ..Timeouts::default() };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The opening handshake, from the first byte to the last; for a client, connecting included.
    /// Default: 10 s.
    pub handshake: Option<Duration>,
    /// The closing handshake, from the moment when our Close frame was written (RFC 6455 §7.1.3)
    /// to the end of the stream. While the Close frame waits behind messages, the peer only has to
    /// read some of them within each [`write`](Self::write), or within each `close` if that is off.
    /// After a violation of the protocol it begins at once. Default: 5 s.
    pub close: Option<Duration>,
    /// A stalled write: no byte was accepted by the stream for this long. A peer whose application
    /// works for longer before it reads again needs more, once the buffers of both sockets are
    /// full. Default: 120 s.
    pub write: Option<Duration>,
    /// A ping is sent after this long without a byte from the peer, and also after this long
    /// without a byte to the peer, for proxies that close a connection on which one side is silent.
    /// Less than 1 ms is 1 ms. Default: 20 s. On tokio the ping may be up to an eighth later while
    /// many messages are exchanged, because the clock is not read for each of them.
    ///
    /// Pings are sent, and answered, by the call that receives. An application that works for long
    /// between two calls of `recv` does not answer those of the peer meanwhile: let one task
    /// receive, and another one work, with the halves of `split`.
    pub ping: Option<Duration>,
    /// The connection is lost if the peer shows no life for this long after a ping was written. Any
    /// byte counts, not only the pong: a peer that is sending a long message is alive; so is one
    /// that reads what it was slow to read. If it is off, pings are repeated.
    ///
    /// Default: 120 s, so that an application may work for as long between two messages. A peer
    /// that is gone is noticed 140 s after its last byte.
    pub pong: Option<Duration>,
    /// No message arrived for this long, although the peer may be alive. Default: off.
    pub idle: Option<Duration>,
    /// A message that was begun makes no progress: no byte of its payload arrived for this long,
    /// although the peer may answer pings. Default: 120 s, as for a pong. The size of the message
    /// does not matter, so a slow upload lives. On tokio the timeout may be up to an eighth of
    /// [`ping`](Self::ping) later.
    ///
    /// What was received of the message is held until then; of a compressed one, also 47 KiB to
    /// decompress with. Switch it off for peers that pause between the fragments of a message
    /// (§5.4), for example because they send each when its content is known.
    pub message: Option<Duration>,
}

impl Timeouts {
    pub(crate) const DEFAULT: Self = Self {
        handshake: Some(Duration::from_secs(10)),
        close: Some(Duration::from_secs(5)),
        write: Some(Duration::from_secs(120)),
        ping: Some(Duration::from_secs(20)),
        pong: Some(Duration::from_secs(120)),
        idle: None,
        message: Some(Duration::from_secs(120)),
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The shortest time between two keep-alive pings.
const MIN_PING: Duration = Duration::from_millis(1);

/// Timeouts that many connections share: `None` is the default, which takes no memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedTimeouts(Option<Arc<Timeouts>>);

impl SharedTimeouts {
    #[inline]
    pub(crate) fn get(&self) -> &Timeouts {
        self.0.as_deref().unwrap_or(&Timeouts::DEFAULT)
    }
}

impl From<Timeouts> for SharedTimeouts {
    fn from(timeouts: Timeouts) -> Self {
        if timeouts == Timeouts::DEFAULT {
            return Self(None);
        }
        let on = |timeout: Option<Duration>| timeout.filter(|timeout| !timeout.is_zero());
        let Timeouts { handshake, close, write, ping, pong, idle, message } = timeouts;
        Self(Some(Arc::new(Timeouts {
            handshake: on(handshake),
            close: on(close),
            write: on(write),
            ping: on(ping).map(|ping| ping.max(MIN_PING)),
            pong: on(pong),
            idle: on(idle),
            message: on(message),
        })))
    }
}

/// Which timeout has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimedOut {
    /// The opening handshake.
    Handshake,
    /// The closing handshake. The connection is over.
    Close,
    /// A write: the peer does not read. The message is queued, and must not be sent again.
    Write,
    /// The wait for room in the output, because the peer does not read. The message was not sent.
    Room,
    /// The time that `recv_timeout` was given. Nothing is lost.
    Receive,
    /// No pong arrived within [`Timeouts::pong`] after a `ping` that waits for it, although the
    /// peer may be alive. The connection can still be used.
    Pong,
    /// Keep-alive: no byte arrived after a ping. The connection is over.
    KeepAlive,
    /// [`Timeouts::idle`]: no message arrived. The connection can still be used.
    Idle,
    /// [`Timeouts::message`]: a message was begun, and not continued. The connection is over.
    Message,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handshake => {
                "the peer did not complete the opening handshake in time; see Timeouts::handshake"
            }
            Self::Close => "the closing handshake timed out; see Timeouts::close",
            Self::Write => "the write timed out: the peer does not read; see Timeouts::write",
            Self::Room => {
                "the peer does not read, and the output is full; see Timeouts and Backpressure"
            }
            Self::Receive => "no message arrived in time",
            Self::Pong => "no pong arrived in time; see Timeouts::pong",
            Self::KeepAlive => {
                "the peer did not answer a ping in time: it is gone, or its application did not \
                 receive for so long; see Timeouts::pong"
            }
            Self::Idle => "no message arrived for too long; see Timeouts::idle",
            Self::Message => {
                "the peer began a message and did not continue it; see Timeouts::message"
            }
        })
    }
}

impl error::Error for TimedOut {}
