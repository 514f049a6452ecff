//! What a client that reconnects does next: the same in every adapter, which connects and waits.

use core::time::Duration;
use std::time::SystemTime;

use super::cause::Cause;
use super::given_up::GivenUp;
use super::schedule::{Limit, Schedule};
use crate::adapter::Error;
use crate::handshake::Response;
use crate::session::trace;

/// What a client that reconnects is doing: for a user interface, or a log. `W` is the connection of
/// the adapter.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<W> {
    /// An attempt to connect begins.
    Connecting {
        /// Its number, from 1 on: since the start, or since the last connection that lasted.
        attempt: u32,
    },
    /// The connection is open.
    Connected {
        /// The connection, for the application to use.
        socket: W,
        /// The response of the server.
        response: Response,
    },
    /// The attempt failed, or the connection ended, and the next attempt begins after a delay.
    Waiting {
        /// How long from now.
        delay: Duration,
        /// Why.
        cause: Cause,
    },
}

/// Where a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The next attempt begins.
    Connect,
    Connecting,
    /// The application uses the connection.
    Connected,
    Waiting {
        until: Duration,
    },
    /// No other connection is tried.
    Over,
}

#[derive(Debug)]
pub(super) struct Progress {
    pub(super) step: Step,
    schedule: Schedule,
    /// Why the connection has ended, and when.
    ended: Option<(Cause, Duration)>,
}

/// An event; `None` if no other connection is wanted.
pub(super) type Reported<W> = Result<Option<Event<W>>, GivenUp>;

impl Progress {
    pub(super) const fn new(schedule: Schedule) -> Self {
        Self { step: Step::Connect, schedule, ended: None }
    }

    /// An attempt begins.
    pub(super) fn begin<W>(&mut self, now: Duration) -> Event<W> {
        self.step = Step::Connecting;
        Event::Connecting { attempt: self.schedule.attempt(now) }
    }

    /// The attempt has a result.
    pub(super) fn finish<W>(
        &mut self,
        connected: Result<(W, Response), Error>,
        now: Duration,
    ) -> Reported<W> {
        match connected {
            Ok((socket, response)) => {
                self.schedule.connected(now);
                self.step = Step::Connected;
                Ok(Some(Event::Connected { socket, response }))
            }
            Err(error) => self.fail(error.into(), now, now),
        }
    }

    /// The application reports the end of the connection. The first report counts.
    pub(super) fn ended(&mut self, cause: Cause, now: Duration) {
        if self.step == Step::Connected && self.ended.is_none() {
            self.ended = Some((cause, now));
        }
    }

    /// The application wants another connection.
    pub(super) fn next<W>(&mut self, now: Duration) -> Reported<W> {
        let dropped = || (Cause::Error(Error::ConnectionLost), now);
        let (cause, ended) = self.ended.take().unwrap_or_else(dropped);
        self.fail(cause, ended, now)
    }

    /// No other connection can be tried, whatever the policy is.
    #[cfg(any(feature = "tokio", feature = "futures-io"))]
    pub(super) fn give_up(&mut self, error: Error) -> GivenUp {
        self.step = Step::Over;
        let (cause, attempts) = (error.into(), self.schedule.attempts());
        GivenUp { cause, limit: Limit::Permanent, attempts }
    }

    fn fail<W>(&mut self, cause: Cause, failed: Duration, now: Duration) -> Reported<W> {
        match self.schedule.failed(&cause, failed, SystemTime::now()) {
            Ok(delay) => {
                trace::reconnecting(delay, self.schedule.attempts());
                self.step = Step::Waiting { until: now.saturating_add(delay) };
                Ok(Some(Event::Waiting { delay, cause }))
            }
            Err(limit) => {
                self.step = Step::Over;
                if limit == Limit::Permanent && cause.is_regular() {
                    return Ok(None);
                }
                let attempts = self.schedule.attempts();
                trace::gave_up(attempts);
                Err(GivenUp { cause, limit, attempts })
            }
        }
    }
}
