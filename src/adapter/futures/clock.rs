//! async-io's timers as the clock of a connection.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_io::Timer;

use crate::adapter::runtime::{Clock, SleepSlot};

/// async-io's clock, the clock of smol.
#[derive(Clone, Debug)]
pub struct AsyncIoClock {
    epoch: Instant,
    sleep: SleepSlot<Timer>,
}

impl AsyncIoClock {
    /// A clock that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self::since(Instant::now())
    }

    /// A clock that began before.
    pub(super) fn since(epoch: Instant) -> Self {
        Self { epoch, sleep: SleepSlot::new() }
    }
}

impl Default for AsyncIoClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for AsyncIoClock {
    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Duration) -> Poll<()> {
        self.sleep.poll(cx, deadline, |deadline| Some(Timer::at(self.epoch + deadline)))
    }
}
