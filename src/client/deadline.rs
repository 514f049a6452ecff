//! The deadline that all steps of opening a connection share: `Timeouts::handshake`.

use std::time::Duration;

use crate::adapter::Error;
use crate::timing::TimedOut;

/// A deadline on an adapter's clock. `I` is the clock's instant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline<I> {
    pub(super) epoch: I,
    timeout: Option<Duration>,
}

/// An instant of a clock.
pub(super) trait Instant: Copy {
    fn elapsed(self) -> Duration;
}

impl Instant for std::time::Instant {
    fn elapsed(self) -> Duration {
        std::time::Instant::elapsed(&self)
    }
}

#[cfg(feature = "tokio")]
impl Instant for tokio::time::Instant {
    fn elapsed(self) -> Duration {
        tokio::time::Instant::elapsed(&self)
    }
}

impl<I: Instant> Deadline<I> {
    /// A deadline that begins at `epoch`. `None` is none.
    pub(super) const fn new(epoch: I, timeout: Option<Duration>) -> Self {
        Self { epoch, timeout }
    }

    /// The time that is left; `None` if there is no deadline.
    pub(super) fn left(&self) -> Result<Option<Duration>, Error> {
        let Some(timeout) = self.timeout else { return Ok(None) };
        match timeout.checked_sub(self.epoch.elapsed()) {
            Some(Duration::ZERO) | None => Err(TimedOut::Handshake.into()),
            left => Ok(left),
        }
    }
}
