//! What the halves of a blocking connection share.
//!
//! The core and the outgoing half of the stream are behind one mutex, which nobody holds while
//! anything blocks: who writes takes the outgoing half out, and puts it back.

use std::boxed::Box;
use std::mem::take;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::pipe::{Pipe, Wait};
use super::stream::Stream;
use crate::adapter::{Backpressure, Error};
use crate::connection::{Connection, Output, SendError};
use crate::timing::Timeouts;

/// How to end both halves of a stream at once.
pub(super) type Cut = Box<dyn Fn() + Send + Sync>;

/// What the halves share.
pub(super) struct Shared<W> {
    core: Mutex<Core<W>>,
    /// Told whenever the core has changed in a way that others may wait for.
    pub(super) changed: Condvar,
    pub(super) cut: Cut,
    epoch: Instant,
    pub(super) timeouts: Timeouts,
}

pub(super) struct Core<W> {
    pub(super) connection: Connection,
    pub(super) backpressure: Backpressure,
    /// None while a thread writes to it.
    pub(super) outgoing: Option<Pipe<W>>,
    /// Whether somebody sends a message in parts: nobody else's may come in between.
    pub(super) taken: bool,
    /// Messages that were dropped because too much waited.
    pub(super) dropped: u64,
    /// Pings that senders asked for, and the latest of them that was answered.
    pub(super) pings: u64,
    pub(super) answered: u64,
    /// When the latest of them was sent, and how long it took, there and back.
    asked: Duration,
    pub(super) round_trip: Option<Duration>,
    /// The closing handshake took too long.
    pub(super) too_late: bool,
    /// The stream has ended, and not only the conversation.
    pub(super) over: bool,
    pub(super) receiver_dropped: bool,
}

/// What marks a sender's ping: its number has the highest bit set, which the numbers of keep-alive
/// never reach.
const ASKED: u64 = 1 << 63;

impl<W> Core<W> {
    pub(super) fn is_high(&self) -> bool {
        self.backpressure.is_high(self.connection.buffered_amount())
    }

    pub(super) fn is_full(&self) -> bool {
        self.backpressure.is_full(self.connection.buffered_amount())
    }

    /// Whether nothing waits to be written, or is being written.
    pub(super) fn is_idle(&self) -> bool {
        !self.is_being_written() && !self.connection.wants_write()
    }

    /// Whether it was just tried in vain to write at once.
    pub(super) fn is_stuck(&self) -> bool
    where
        W: Stream,
    {
        self.outgoing.as_ref().is_some_and(Pipe::is_stuck)
    }

    /// Whether a thread is writing.
    pub(super) fn is_being_written(&self) -> bool {
        self.outgoing.is_none()
    }

    /// Queues a sender's ping; gives its number.
    pub(super) fn ping(&mut self, now: Duration) -> Result<u64, SendError> {
        self.connection.ping((ASKED | (self.pings + 1)).to_be_bytes())?;
        self.pings += 1;
        self.asked = now;
        Ok(self.pings)
    }

    pub(super) fn pong(&mut self, payload: &[u8], now: Duration) {
        let number = payload.try_into().map_or(0, u64::from_be_bytes);
        if number & ASKED != 0 && number & !ASKED <= self.pings {
            self.answered = self.answered.max(number & !ASKED);
            if self.answered == self.pings {
                self.round_trip = Some(now.saturating_sub(self.asked));
            }
        }
    }
}

impl<W> Shared<W> {
    pub(super) fn new<S: Stream>(
        pipe: &Pipe<S>,
        outgoing: Pipe<W>,
        connection: Connection,
        dropped: u64,
        cut: Cut,
    ) -> Self {
        let core = Core {
            connection,
            backpressure: pipe.backpressure,
            outgoing: Some(outgoing),
            taken: false,
            dropped,
            pings: 0,
            answered: 0,
            asked: Duration::ZERO,
            round_trip: None,
            too_late: false,
            over: false,
            receiver_dropped: false,
        };
        Self {
            core: Mutex::new(core),
            changed: Condvar::new(),
            cut,
            epoch: pipe.epoch(),
            timeouts: *pipe.timeouts(),
        }
    }

    /// The core, once nobody shares it.
    pub(super) fn into_core(self) -> Core<W> {
        self.core.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread that panicked left nothing half done: the core's state is whole between any two
    /// calls.
    pub(super) fn lock(&self) -> MutexGuard<'_, Core<W>> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// Waits until something changes, or it is too late.
    pub(super) fn wait<'a>(
        &self,
        core: MutexGuard<'a, Core<W>>,
        time: Option<Duration>,
    ) -> MutexGuard<'a, Core<W>> {
        match time {
            Some(time) => {
                self.changed.wait_timeout(core, time).unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.changed.wait(core).unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl<W: Stream> Shared<W> {
    /// Writes what waits, unless another thread is writing: then it does so.
    pub(super) fn write<'a>(
        &'a self,
        mut core: MutexGuard<'a, Core<W>>,
        wait: Wait,
    ) -> (MutexGuard<'a, Core<W>>, Result<(), Error>) {
        while core.connection.wants_write()
            || core.outgoing.as_ref().is_some_and(Pipe::is_unflushed)
        {
            let Some(mut outgoing) = core.outgoing.take() else { break };
            outgoing.observe(core.connection.state());
            let mut turn = Turn {
                shared: self,
                output: core.connection.take_output(),
                outgoing: Some(outgoing),
            };
            drop(core);
            let written = turn
                .outgoing
                .as_mut()
                .map_or(Ok(()), |outgoing| outgoing.write(&mut turn.output, wait));
            drop(turn);
            core = self.lock();
            if written.is_err() {
                return (core, written);
            }
        }
        (core, Ok(()))
    }
}

/// A thread's turn to write. It is given back when it is dropped, even if the stream panics.
struct Turn<'a, W> {
    shared: &'a Shared<W>,
    output: Output,
    outgoing: Option<Pipe<W>>,
}

impl<W> Drop for Turn<'_, W> {
    fn drop(&mut self) {
        let mut core = self.shared.lock();
        core.connection.restore_output(take(&mut self.output));
        core.outgoing = self.outgoing.take();
        self.shared.changed.notify_all();
    }
}
