//! What the halves of a blocking connection share.
//!
//! ```text
//!   mutex ┬ session         nobody holds the mutex while anything blocks:
//!         └ outgoing  ◄───► the thread that writes takes the outgoing stream and the output,
//!                           and puts back both
//!   waiters ◄────────────── the other threads sleep here; each is woken when it can continue
//! ```

use std::boxed::Box;
use std::net::Shutdown;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use bytes::Buf;

use super::io::{AT_ONCE, Io, Written};
use super::stream::Stream;
use crate::adapter::replies::SharedSession;
use crate::adapter::waiters::Waiters;
use crate::adapter::{Error, output};
use crate::connection::{Output, State, Stats};
use crate::session::{
    Attempt, AttemptError, Facts, Need, Outcome, Place, Session, Wait, WriteDeadline, WriteProgress,
};

/// Ends both halves of a stream at once, whatever other threads do with them.
pub(super) type Abort = Box<dyn FnOnce() + Send>;

pub(super) struct SharedCore<W> {
    core: Mutex<Core<W>>,
    waiters: Arc<Waiters>,
    epoch: Instant,
}

pub(super) struct Core<W> {
    pub(super) session: Session,
    /// `None` while a thread writes to it, and once the connection was aborted.
    pub(super) outgoing: Option<Io<W>>,
    /// `None` once it was called.
    abort_stream: Option<Abort>,
    /// A half, or the drop of the receiver, has ended the connection.
    is_aborted: bool,
    /// What the waiters know.
    facts: Facts,
}

impl<W> Core<W> {
    /// Returns what the waiters have to know, and whether that has changed.
    fn update_facts(&mut self) -> (Facts, bool) {
        let facts = Facts::of(&self.session);
        (facts, std::mem::replace(&mut self.facts, facts) != facts)
    }

    fn close_stream(&mut self) {
        if let Some(abort) = self.abort_stream.take() {
            abort();
        }
        self.outgoing = None;
    }
}

impl<W> SharedCore<W> {
    pub(super) fn new(session: Session, outgoing: Io<W>, abort_stream: Abort) -> Self
    where
        W: Stream,
    {
        let (epoch, facts) = (outgoing.epoch(), Facts::of(&session));
        let (outgoing, abort_stream) = (Some(outgoing), Some(abort_stream));
        let core = Core { session, outgoing, abort_stream, is_aborted: false, facts };
        Self { core: Mutex::new(core), waiters: Arc::default(), epoch }
    }

    pub(super) fn into_session(self) -> Session {
        self.core.into_inner().unwrap_or_else(PoisonError::into_inner).session
    }

    /// A thread that panicked left nothing half done: the session is whole between any two calls.
    pub(super) fn lock(&self) -> MutexGuard<'_, Core<W>> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    pub(super) fn stats(&self) -> Stats {
        self.lock().session.stats(self.now())
    }

    /// Looks at the session, or changes it, and wakes the threads that can continue.
    pub(super) fn with<T>(&self, access: impl FnOnce(&mut Session) -> T) -> T {
        self.change(|core| access(&mut core.session))
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Core<W>) -> T) -> T {
        let mut core = self.lock();
        let done = change(&mut core);
        self.unlock(core);
        done
    }

    /// Wakes the threads that can continue, if something has changed for them.
    fn unlock(&self, mut core: MutexGuard<'_, Core<W>>) {
        if let (facts, true) = core.update_facts() {
            let woken = self.waiters.update(facts, true);
            drop(core);
            woken.into_iter().for_each(Waker::wake);
        }
    }

    /// Lets another thread write what is left, or queue what it has to send.
    fn pass_on(&self) {
        let mut core = self.lock();
        let is_left = core.outgoing.is_some() && core.session.has_unwritten();
        let (facts, has_changed) = core.update_facts();
        let woken = self.waiters.update(facts, has_changed);
        drop(core);
        woken.into_iter().for_each(Waker::wake);
        if is_left {
            self.waiters.wake_by_ref();
        }
    }

    /// Ends the session and the stream.
    pub(super) fn abort(&self) {
        self.change(|core| {
            core.session.abort();
            core.is_aborted = true;
        });
        self.close_stream();
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.lock().is_aborted
    }

    /// Ends the stream of a session that is done. Threads that are blocked in a read or write
    /// return.
    pub(super) fn close_stream(&self) {
        self.lock().close_stream();
    }

    /// Waits for the thread that is writing, until this time at most.
    pub(super) fn pause(&self, until: Duration) {
        let core = self.lock();
        if core.outgoing.is_none() {
            let turn = self.waiters.begin_receiver(&waker());
            drop(core);
            self.park(Some(until));
            drop(self.waiters.finish_receiver(&turn));
        }
    }

    fn park(&self, until: Option<Duration>) {
        match until {
            Some(until) => thread::park_timeout(until.saturating_sub(self.now())),
            None => thread::park(),
        }
    }
}

impl<W: Stream> SharedCore<W> {
    /// Writes until all is written, unless another thread does; `true` if the stream accepts
    /// nothing more in time.
    pub(super) fn write_all(&self, until: Duration) -> Result<bool, Error> {
        let _leaving = Leaving { shared: self, place: None };
        loop {
            match self.write_once(self.lock(), u64::MAX, Some(until))? {
                Written::Some => {}
                Written::Nothing => return Ok(false),
                Written::Stalled => return Ok(true),
            }
        }
    }

    /// Writes once. Flushes the stream as soon as everything before this position, or before the
    /// first one that another thread waits for, is written.
    fn write_once(
        &self,
        mut core: MutexGuard<'_, Core<W>>,
        position: u64,
        until: Option<Duration>,
    ) -> Result<Written, Error> {
        let now = self.now();
        let Core { session, outgoing, .. } = &mut *core;
        if !session.has_unwritten() {
            return Ok(Written::Nothing);
        }
        if session.is_done() {
            return Err(Error::ConnectionLost);
        }
        match outgoing {
            None => return Ok(Written::Nothing),
            Some(outgoing) if outgoing.is_left_alone(now, until) => return Ok(Written::Stalled),
            Some(_) => {}
        }
        session.write_begins(now);
        let first = self.waiters.first_position();
        let flush_at = session.bytes_before(position.min(first));
        let mut writing = Writing {
            shared: self,
            output: session.connection.take_output(),
            outgoing: outgoing.take(),
            progress: WriteProgress::default(),
        };
        drop(core);
        let Writing { output, outgoing, progress, .. } = &mut writing;
        let written = match outgoing {
            Some(outgoing) => outgoing.write(output, flush_at, until, progress),
            None => Ok(()),
        };
        let stalled = progress.stalled_since.is_some();
        drop(writing);
        written?;
        Ok(if stalled { Written::Stalled } else { Written::Some })
    }

    /// Shuts down the write half of the stream, which is the outgoing one's: the incoming one may
    /// be another.
    pub(super) fn shut_down_write(&self) {
        let outgoing = self.lock().outgoing.take();
        if let Some(mut outgoing) = outgoing {
            outgoing.shut_down(Shutdown::Write);
            self.change(|core| core.outgoing = Some(outgoing));
        }
    }

    /// Repeats an attempt until it is done. Meanwhile it writes, or waits with the other senders.
    pub(super) fn attempt<T>(
        &self,
        mut attempt: impl FnMut(&mut Attempt<'_>) -> Result<Outcome<T>, AttemptError>,
    ) -> Result<T, Error> {
        let (mut deadline, mut need) = (WriteDeadline::default(), Need::default());
        let mut leaving = Leaving { shared: self, place: None };
        let mut has_written = false;
        loop {
            let mut core = self.lock();
            let Core { session, outgoing, .. } = &mut *core;
            let now = self.now();
            let turn = self.waiters.begin_sender(leaving.place, &waker());
            let outcome = attempt(&mut Attempt {
                session,
                // Another thread receives, and may not be back soon.
                unread: None,
                is_first: turn.is_first,
                may_have_permit: turn.may_have_permit,
                has_written,
                need: &mut need,
                output_buffer: output::take_block,
            })?;
            let until = match outcome.blocking(session, need) {
                Outcome::Done(done) | Outcome::FlushThen(done) => {
                    self.unlock(core);
                    let (_, pass_on) = self.waiters.finish(&mut leaving.place);
                    if pass_on {
                        self.waiters.wake_by_ref();
                    }
                    return Ok(done);
                }
                Outcome::WriteThen(done) => {
                    drop(core);
                    return self.write_all(AT_ONCE).map(|_| done);
                }
                Outcome::WriteOnce => {
                    drop(core);
                    // The next flush returns the error again.
                    let _ = self.write_all(AT_ONCE);
                    has_written = true;
                    continue;
                }
                Outcome::Write if outgoing.is_some() || session.is_done() => {
                    let position = match need {
                        Need::Flushed(position) => position,
                        _ => u64::MAX,
                    };
                    session.write_begins(now);
                    let own = session.deadline_of_call(now, Some(&mut deadline));
                    // A receiver that returns the end need not be called again: then this write
                    // has the close deadline.
                    let poll = session.state_poll_interval().map(|time| now.saturating_add(time));
                    let until = [own, poll].into_iter().flatten().min();
                    if self.write_once(core, position, until)? == Written::Stalled {
                        self.check_deadlines(&mut self.lock(), &mut deadline)?;
                    }
                    continue;
                }
                Outcome::Write | Outcome::WaitForLock => {
                    match self.check_deadlines(&mut core, &mut deadline)? {
                        Wait::Until(until) => until,
                        Wait::Again => continue,
                    }
                }
                Outcome::Wait => session.check_wait(need, now, &mut deadline)?,
            };
            // With the session locked, so that no wake-up is missed.
            let (_, ready) = self.waiters.register(&mut leaving.place, need, &waker(), false);
            self.unlock(core);
            if !ready {
                self.park(until);
            }
        }
    }

    fn check_deadlines(
        &self,
        core: &mut Core<W>,
        deadline: &mut WriteDeadline,
    ) -> Result<Wait, Error> {
        let closing = core.session.state() != State::Open;
        core.session.check_deadlines(self.now(), deadline, closing).map_err(|error| {
            let error = Error::from(error);
            if error.is_final() {
                core.close_stream();
            }
            error
        })
    }
}

impl<W> SharedSession for SharedCore<W> {
    fn with(&self, access: &mut dyn FnMut(&mut Session)) {
        self.change(|core| access(&mut core.session));
    }
}

/// A thread that works with the session. When it leaves, another one may have to write.
struct Leaving<'a, W> {
    shared: &'a SharedCore<W>,
    /// Among the waiters, once it has waited.
    place: Option<Place>,
}

impl<W> Drop for Leaving<'_, W> {
    fn drop(&mut self) {
        self.shared.waiters.leave(&mut self.place);
        self.shared.pass_on();
    }
}

/// The outgoing stream and the output, while a thread writes. They are put back when it is dropped,
/// also if the stream panics.
struct Writing<'a, W> {
    shared: &'a SharedCore<W>,
    output: Output,
    outgoing: Option<Io<W>>,
    progress: WriteProgress,
}

impl<W> Drop for Writing<'_, W> {
    fn drop(&mut self) {
        let block = self.shared.change(|core| {
            if !core.session.is_done() {
                core.outgoing = self.outgoing.take();
            }
            self.output.advance(self.progress.written);
            let unwritten = std::mem::take(&mut self.output);
            let block = core.session.connection.restore_output(unwritten);
            core.session.write_returned(self.progress);
            block
        });
        block.into_iter().for_each(output::return_block);
    }
}

/// Wakes a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// A waker of this thread.
pub(crate) fn waker() -> Waker {
    Arc::new(Unpark(thread::current())).into()
}
