//! The traits of a runtime for an async adapter: a stream that is polled, and a clock.

use std::io::{self, IoSlice};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Buf;

use crate::adapter::{Error, counts, output};

/// A stream of bytes that is polled. [`TokioStream`](crate::tokio::TokioStream) and
/// [`FuturesStream`](crate::futures::FuturesStream) make one of the traits of their crates.
pub trait Stream: Unpin {
    /// Reads some bytes; 0 is the end of the stream. More than the buffer has room for is an error
    /// of the connection, [`InvalidData`](io::ErrorKind::InvalidData).
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes some bytes of these buffers. More than they have is an error of the connection,
    /// [`InvalidData`](io::ErrorKind::InvalidData).
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;

    /// Passes on the bytes that a buffering stream holds.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Shuts down the write half.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Whether one write takes several buffers. If not, which is the default, a frame's header and
    /// payload (up to 64 KiB) are copied together, so that they leave in one write.
    fn is_write_vectored(&self) -> bool {
        false
    }
}

/// A clock that can wake a task. A clone has the same epoch, and a wake-up of its own.
///
/// ```
/// use std::task::{Context, Poll};
/// use std::time::Duration;
///
/// /// For connections without timeouts.
/// #[derive(Clone)]
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
pub trait Clock: Clone + Unpin {
    /// The time since an epoch of the clock's. It must not run backwards.
    fn now(&self) -> Duration;

    /// Returns `Ready` when `now() >= deadline`; otherwise registers the task's waker for the
    /// deadline. It may wake up to 100 ms early. It is not polled again before the deadline, so the
    /// registration must outlive other wake-ups. A later call replaces an earlier one.
    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Duration) -> Poll<()>;

    /// Whether the latest such call could register the waker. If not, the call that waits returns
    /// [`Error::NoTimer`]. `true` is the default.
    fn has_timer(&self) -> bool {
        true
    }

    /// Whether the wake-up of the latest such call is known to be still to come.
    ///
    /// It should be cheaper than reading the clock: a connection that receives many messages then
    /// reads the clock rarely, and its pings may be up to an eighth of
    /// [`Timeouts::ping`](crate::Timeouts::ping) late. `false`, the default, is always correct.
    fn alarm_is_pending(&self) -> bool {
        false
    }
}

/// Waits for a deadline of the clock.
pub(super) fn poll_until(
    clock: &mut impl Clock,
    cx: &mut Context<'_>,
    deadline: Duration,
) -> Poll<Result<(), Error>> {
    let slept = clock.poll_until(cx, deadline);
    if clock.has_timer() { slept.map(Ok) } else { Poll::Ready(Err(Error::NoTimer)) }
}

/// Polls a stream, again if a signal interrupts it.
#[inline(always)]
pub(super) fn retry<T>(mut poll: impl FnMut() -> Poll<io::Result<T>>) -> Poll<Result<T, Error>> {
    loop {
        match poll() {
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            polled => return polled.map_err(Error::from_stream),
        }
    }
}

/// Reads some bytes; 0 is the end of the stream.
#[inline(always)]
pub(super) fn poll_read(
    stream: &mut impl Stream,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<Result<usize, Error>> {
    retry(|| stream.poll_read(cx, buffer).map(|read| counts::check_read(read?, buffer.len())))
}

/// Writes some bytes of the output; 0 is a failure.
#[inline(always)]
pub(super) fn poll_write(
    stream: &mut impl Stream,
    cx: &mut Context<'_>,
    output: &impl Buf,
) -> Poll<Result<usize, Error>> {
    let vectored = stream.is_write_vectored();
    retry(|| {
        output::write_with(output, vectored, |slices| {
            stream.poll_write(cx, slices).map(|written| counts::check_written(written?, slices))
        })
    })
}

/// A future of the runtime that sleeps until a deadline. It is reused until the deadline changes.
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub(in crate::adapter) struct SleepSlot<F> {
    sleep: Option<(Duration, std::pin::Pin<std::boxed::Box<F>>)>,
}

#[cfg(any(feature = "tokio", feature = "async-io"))]
impl<F: Future> SleepSlot<F> {
    pub(in crate::adapter) const fn new() -> Self {
        Self { sleep: None }
    }

    #[cfg(feature = "tokio")]
    pub(in crate::adapter) fn get(&self) -> Option<&F> {
        self.sleep.as_ref().map(|(_, sleep)| &**sleep)
    }

    /// Waits for the deadline. `new_sleep` is given a far one in place of one that the runtime
    /// can't represent. It returns `None` if the runtime has no timer: then this is pending, and
    /// nothing wakes the task.
    pub(in crate::adapter) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        deadline: Duration,
        new_sleep: impl FnOnce(Duration) -> Option<F>,
    ) -> Poll<()> {
        const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
        let sleep = match &mut self.sleep {
            Some((set, sleep)) if *set == deadline => sleep,
            _ => {
                self.sleep = None;
                let Some(sleep) = new_sleep(deadline.min(NEVER)) else { return Poll::Pending };
                &mut self.sleep.insert((deadline, std::boxed::Box::pin(sleep))).1
            }
        };
        std::task::ready!(sleep.as_mut().poll(cx));
        self.sleep = None;
        Poll::Ready(())
    }
}

/// Every clone of a clock has a sleep of its own.
#[cfg(any(feature = "tokio", feature = "async-io"))]
impl<F: Future> Clone for SleepSlot<F> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

#[cfg(any(feature = "tokio", feature = "async-io"))]
impl<F> std::fmt::Debug for SleepSlot<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SleepSlot({:?})", self.sleep.as_ref().map(|(deadline, _)| deadline))
    }
}
