//! How a server closes all its connections: RFC 6455 §7.4.1, and §7.2.3 about clients that come
//! back at once.
//!
//! ```text
//!   0                 spread_over          + wait
//!   ├──── a Close frame to each, ──┬── until all ───┬── the rest is aborted
//!   │     at a random time         │   have ended   │
//!   └ new ones are refused: 503
//! ```

use std::borrow::Borrow;
use std::time::Duration;
use std::vec::Vec;

use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng};
use tokio::time::{Instant, timeout};

use super::registry::Group;
use super::slot::Handle;
use crate::message::{CloseCode, CloseFrame};

/// How [`Group::shutdown`] closes connections.
#[derive(Clone, Debug)]
pub struct Shutdown {
    frame: CloseFrame,
    spread_over: Duration,
    wait: Duration,
}

impl Shutdown {
    /// Creates the defaults: code 1001, all at once, and 10 s of waiting.
    #[must_use]
    pub fn new() -> Self {
        let frame = CloseFrame::from(CloseCode::GOING_AWAY);
        Self { frame, spread_over: Duration::ZERO, wait: Duration::from_secs(10) }
    }

    /// Sets the Close frame. Default: 1001 (the server goes away). 1012 says that it restarts, and
    /// that clients should connect again.
    #[must_use]
    pub fn frame(mut self, frame: impl Into<CloseFrame>) -> Self {
        self.frame = frame.into();
        self
    }

    /// Closes each connection at a random time within this duration, so that not all clients
    /// connect again at once. Default: zero, all at once.
    #[must_use]
    pub fn spread_over(mut self, duration: Duration) -> Self {
        self.spread_over = duration;
        self
    }

    /// Sets how long the shutdown waits for connections after the last Close frame, before it
    /// aborts them. Default: 10 s.
    #[must_use]
    pub fn wait(mut self, duration: Duration) -> Self {
        self.wait = duration;
        self
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

/// The result of a [`Group::shutdown`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The number of connections that ended in time.
    pub closed: usize,
    /// The number of connections that did not. Those of [`Group::spawn`], and of axum's
    /// `on_upgrade`, were aborted. A [`Member`](super::Member) of another task has its Close frame
    /// and no more: its task still has to drop it.
    pub aborted: usize,
}

impl Group {
    /// Refuses new connections, asks all to close, waits for them, and aborts those that do not
    /// end. Takes a [`Shutdown`] or a reference to one; by value, the future can be one of
    /// `tokio::join!`.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, no more connections are asked to close and none is aborted. New
    /// ones are refused from the first poll on. A further call asks the remaining connections.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with a timer.
    pub async fn shutdown(&self, how: impl Borrow<Shutdown>) -> Summary {
        let how = how.borrow();
        self.refuse_members();
        let (start, handles) = (Instant::now(), self.handles());
        let all = handles.len();
        for (delay, handle) in in_random_order(handles, how.spread_over) {
            // As a duration: an `Instant` that late may not exist.
            let left = delay.saturating_sub(start.elapsed());
            if !delay.is_zero() && timeout(left, self.empty()).await.is_ok() {
                break;
            }
            handle.close(how.frame.clone());
        }
        if timeout(how.wait, self.empty()).await.is_ok() {
            return Summary { closed: all, aborted: 0 };
        }
        let rest = self.handles();
        rest.iter().for_each(Handle::abort);
        Summary { closed: all - rest.len(), aborted: rest.len() }
    }
}

/// A random time for each, in the order of time.
fn in_random_order(handles: Vec<Handle>, spread_over: Duration) -> Vec<(Duration, Handle)> {
    // The times are no secret: without random bytes of the system, any seed will do.
    let mut random =
        StdRng::try_from_rng(&mut SysRng).unwrap_or_else(|_| StdRng::from_seed([0; 32]));
    let mut delay = || spread_over.mul_f64(f64::from(random.next_u32()) / f64::from(u32::MAX));
    let mut delays: Vec<_> = handles.into_iter().map(|handle| (delay(), handle)).collect();
    delays.sort_by_key(|(delay, _)| *delay);
    delays
}
