//! What an async adapter needs of its runtime: a stream that is polled, and a clock.

use std::io::{self, IoSlice};
use std::task::{Context, Poll};
use std::time::Duration;

/// A stream of bytes that is polled: [`TokioStream`](crate::tokio::TokioStream) and
/// [`FuturesStream`](crate::futures::FuturesStream) make one of what their crates call so.
pub trait Stream: Unpin {
    /// Reads some bytes; 0 is the end.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes some bytes, of several buffers if it can.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;

    /// Passes on what was written.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Ends the outgoing half.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// A clock that can wake a task.
///
/// ```
/// use std::task::{Context, Poll};
/// use std::time::Duration;
///
/// /// For connections that never time out.
/// struct Never;
///
/// impl sansocket::runtime::Clock for Never {
///     fn now(&self) -> Duration {
///         Duration::ZERO
///     }
///
///     fn poll_until(&mut self, _: &mut Context<'_>, _: Duration) -> Poll<()> {
///         Poll::Pending
///     }
/// }
/// ```
pub trait Clock: Unpin {
    /// The time since an epoch of the clock's, which does not run backwards.
    fn now(&self) -> Duration;

    /// Ready once it is that late. Until then it is pending, and wakes the task when it is, by
    /// [`now`](Self::now), or at most 100 ms before: whatever else wakes the task earlier, it is
    /// not polled again. Only the latest call counts.
    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Duration) -> Poll<()>;

    /// Whether the latest such call is known to be still pending, and its wake-up still to come: no
    /// longer so once it has come, even if that was too early. It should take less than a look at
    /// the time, at which a connection that receives much then looks rarely; pings may be up to an
    /// eighth of [`Timeouts::ping`](crate::Timeouts::ping) late for it. `false`, the default, is
    /// always right.
    fn alarm_is_pending(&self) -> bool {
        false
    }
}

/// A future that sleeps until an instant of its runtime's clock, kept as long as that is the
/// deadline.
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(in crate::adapter) struct Alarm<F> {
    set: Option<(Duration, std::pin::Pin<std::boxed::Box<F>>)>,
}

#[cfg(any(feature = "tokio", feature = "async-io"))]
impl<F: Future> Alarm<F> {
    pub(in crate::adapter) const fn new() -> Self {
        Self { set: None }
    }

    /// What sleeps now.
    #[cfg(feature = "tokio")]
    pub(in crate::adapter) fn sleep(&self) -> Option<&F> {
        self.set.as_ref().map(|(_, sleep)| &**sleep)
    }

    pub(in crate::adapter) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        deadline: Duration,
        sleep: impl FnOnce() -> F,
    ) -> Poll<()> {
        let alarm = match &mut self.set {
            Some((set, alarm)) if *set == deadline => alarm,
            _ => &mut self.set.insert((deadline, std::boxed::Box::pin(sleep()))).1,
        };
        std::task::ready!(alarm.as_mut().poll(cx));
        self.set = None;
        Poll::Ready(())
    }
}

/// Shows when it goes off.
#[cfg(any(feature = "tokio", feature = "async-io"))]
impl<F> std::fmt::Debug for Alarm<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Alarm({:?})", self.set.as_ref().map(|(deadline, _)| deadline))
    }
}
