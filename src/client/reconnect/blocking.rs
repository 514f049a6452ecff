//! Reconnecting on a thread.

use core::fmt;
use std::boxed::Box;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::cause::Cause;
use super::given_up::GivenUp;
use super::progress::{Event, Progress, Step};
use super::schedule::Schedule;
use crate::adapter::Error;
use crate::adapter::blocking::{Stream, WebSocket};
use crate::handshake::Response;

/// A client that connects again after a failure, on a blocking stream: see
/// [`reconnect`](crate::reconnect).
///
/// It is an iterator of connections with the responses that opened them. It ends when no other one
/// is wanted, or after [`GivenUp`]. [`next_event`](Self::next_event) also reports attempts and
/// delays. Before the next connection, [`ended`](ReconnectHandle::ended) reports how the last one
/// has ended; the [`handle`](Self::handle) does that inside of a `for` loop, and stops the client
/// from another thread.
pub struct Reconnect<S> {
    shared: Arc<Shared>,
    connect: Connect<S>,
}

type Connect<S> = Box<dyn FnMut() -> Result<(WebSocket<S>, Response), Error> + Send>;

/// Reports the end of a connection to a [`Reconnect`], and stops it.
#[derive(Clone)]
pub struct ReconnectHandle {
    shared: Arc<Shared>,
}

struct Shared {
    epoch: Instant,
    progress: Mutex<Progress>,
    stopped: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }
}

impl<S: Stream> Reconnect<S> {
    /// A client that opens its connections by this function, which is called for each attempt.
    /// There is no timeout around it but its own.
    #[must_use]
    pub fn new(
        schedule: Schedule,
        connect: impl FnMut() -> Result<(WebSocket<S>, Response), Error> + Send + 'static,
    ) -> Self {
        let shared = Shared {
            epoch: Instant::now(),
            progress: Mutex::new(Progress::new(schedule)),
            stopped: Condvar::new(),
        };
        Self { shared: Arc::new(shared), connect: Box::new(connect) }
    }

    /// Waits for the next connection, through as many attempts and delays as it takes. `None` if no
    /// other one is wanted: this side has closed the last one, or the peer with code 1000, or the
    /// client was [stopped](ReconnectHandle::stop).
    ///
    /// # Errors
    ///
    /// [`GivenUp`] if no other connection is tried. Then `None`.
    pub fn connect(&mut self) -> Result<Option<(WebSocket<S>, Response)>, GivenUp> {
        loop {
            match self.next_event()? {
                Some(Event::Connected { socket, response }) => return Ok(Some((socket, response))),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// Waits for the next [`Event`]; otherwise as [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub fn next_event(&mut self) -> Result<Option<Event<WebSocket<S>>>, GivenUp> {
        let Self { shared, connect } = self;
        let mut progress = shared.lock();
        loop {
            let now = shared.now();
            match progress.step {
                Step::Connect => return Ok(Some(progress.begin(now))),
                Step::Connecting => {
                    drop(progress);
                    let connected = connect();
                    progress = shared.lock();
                    if progress.step == Step::Connecting {
                        return progress.finish(connected, shared.now());
                    }
                }
                Step::Connected => return progress.next(now),
                Step::Waiting { until } => match until.saturating_sub(now) {
                    Duration::ZERO => progress.step = Step::Connect,
                    left => {
                        let waited = shared.stopped.wait_timeout(progress, left);
                        progress = waited.unwrap_or_else(PoisonError::into_inner).0;
                    }
                },
                Step::Over => return Ok(None),
            }
        }
    }

    /// A handle for another thread, or for the body of a `for` loop.
    #[must_use]
    pub fn handle(&self) -> ReconnectHandle {
        ReconnectHandle { shared: Arc::clone(&self.shared) }
    }

    /// See [`ReconnectHandle::ended`].
    pub fn ended(&mut self, cause: impl Into<Cause>) {
        self.handle().ended(cause);
    }
}

impl<S: Stream> Iterator for Reconnect<S> {
    type Item = Result<(WebSocket<S>, Response), GivenUp>;

    fn next(&mut self) -> Option<Self::Item> {
        self.connect().transpose()
    }
}

impl ReconnectHandle {
    /// Reports how the connection has ended: [`Cause::of`] makes the cause of the result of the
    /// work, and of [`closed`](WebSocket::closed). Without a report before the next connection, the
    /// last one counts as lost, and is tried again whatever the peer's code was.
    pub fn ended(&self, cause: impl Into<Cause>) {
        self.shared.lock().ended(cause.into(), self.shared.now());
    }

    /// Stops the client: no other connection is tried, and a thread that waits before an attempt
    /// returns at once. A thread that connects returns when the attempt has succeeded or failed,
    /// and drops its connection. An open connection is not affected.
    pub fn stop(&self) {
        self.shared.lock().step = Step::Over;
        self.shared.stopped.notify_all();
    }
}

impl<S> fmt::Debug for Reconnect<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconnect").field("progress", &self.shared.lock()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ReconnectHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReconnectHandle").finish_non_exhaustive()
    }
}
