//! The tasks and threads that wait for a shared connection: in which order, and which of them wakes
//! up when it changes.
//!
//! ```text
//!   the stream can be written ──► one leader: a fragment's sender, else the oldest write, else the
//!                                 first in the queue for room, else the receiver
//!   the session has changed   ──► all that can continue: Facts against Need
//! ```
//!
//! A stream has one waker for writing and a connection has many senders, so the stream wakes this
//! queue. Room and the fragmented-send lock go to the sender that has waited longest, which is the
//! only one to wake up for them. A wait that is dropped leaves the queue, and passes its wake-up
//! on.

#![cfg_attr(
    not(any(feature = "tokio", feature = "futures-io")),
    allow(dead_code, reason = "the runtime adapters use all of it")
)]

use std::collections::BTreeMap;
use std::iter::from_fn;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::vec::Vec;

use crate::session::{Class, Facts, Need, Place};

/// What a sender that is polled has to do.
pub(super) struct Turn {
    /// It was woken, perhaps to write for others, or the stream can be written and nobody was.
    pub(super) must_write: bool,
    /// Nobody waits before it for a turn to queue.
    pub(super) is_first: bool,
    /// No writer is queued before it: a writer waits for all permits, so a new one would delay it.
    pub(super) may_have_permit: bool,
    /// The first position that somebody waits for.
    pub(super) flush_first: u64,
    _replaced: Released,
}

/// A poll of the receiver.
pub(super) struct ReceiverTurn {
    unclaimed: bool,
    /// The first position that somebody waits for.
    pub(super) flush_first: u64,
    _replaced: Released,
}

/// Wakers that nobody needs any more. To be dropped after everything is unlocked: the last waker of
/// a task may drop the task, and with it a permit or a wait, whose drop locks the connection.
#[must_use]
pub(super) struct Released {
    _wakers: [Option<Waker>; 2],
}

impl From<[Option<Waker>; 2]> for Released {
    fn from(wakers: [Option<Waker>; 2]) -> Self {
        Self { _wakers: wakers }
    }
}

#[derive(Debug, Default)]
pub(super) struct Waiters {
    queue: Mutex<Queue>,
    /// Whether the queue concerns a sender that does not wait, which seldom is so.
    is_busy: AtomicBool,
}

/// The locked queue.
struct Locked<'a> {
    queue: MutexGuard<'a, Queue>,
    is_busy: &'a AtomicBool,
}

impl Deref for Locked<'_> {
    type Target = Queue;

    fn deref(&self) -> &Queue {
        &self.queue
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Queue {
        &mut self.queue
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        let is_busy = self.unclaimed || !self.waiting.is_empty();
        self.is_busy.store(is_busy, Ordering::Release);
    }
}

#[derive(Debug)]
struct Waiter {
    need: Need,
    /// Taken out when it is woken, until the waiter registers again.
    waker: Option<Waker>,
    /// Whether it is a `Sink` or an `AsyncWrite`, which might never be polled again although it is
    /// not dropped. After it is woken, it no longer blocks the queue, and the next waiter is woken
    /// too, so that no wake-up is lost.
    is_detached: bool,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: BTreeMap<Place, Waiter>,
    tickets: u64,
    receiver: Option<Waker>,
    /// The stream could be written, and no sender was woken.
    unclaimed: bool,
    facts: Facts,
}

impl Waiters {
    /// Whether a sender waits, or the stream could be written and none was woken. A sender that
    /// waits registers with the session locked: so `false` stays true for as long as the caller has
    /// it locked, but for a stream that becomes ready meanwhile.
    #[inline]
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Acquire)
    }

    /// Starts a call that does not wait, and polls the stream if there is anything to write.
    /// Returns the first position that somebody waits for.
    pub(super) fn begin(&self) -> u64 {
        if !self.is_busy() {
            return u64::MAX;
        }
        let mut queue = self.lock();
        queue.unclaimed = false;
        queue.first_position()
    }

    /// Starts a poll of a sender. A waiter registers before the stream is polled, so that a wake-up
    /// during the poll reaches the task that polls.
    #[inline]
    pub(super) fn begin_sender(&self, place: Option<Place>, waker: &Waker) -> Turn {
        if place.is_none() && !self.is_busy() {
            return Turn {
                must_write: false,
                is_first: true,
                may_have_permit: true,
                flush_first: u64::MAX,
                _replaced: [None, None].into(),
            };
        }
        self.begin_among_others(place, waker)
    }

    #[inline(never)]
    fn begin_among_others(&self, place: Option<Place>, waker: &Waker) -> Turn {
        let mut replaced = None;
        let mut queue = self.lock();
        let was_woken = place.is_some_and(|place| match queue.waiting.get_mut(&place) {
            Some(Waiter { waker: Some(old), .. }) if old.will_wake(waker) => false,
            Some(Waiter { waker: slot, .. }) => {
                replaced = slot.replace(waker.clone());
                replaced.is_none()
            }
            None => true,
        });
        Turn {
            must_write: mem::take(&mut queue.unclaimed) | was_woken,
            is_first: queue.is_next(place, false),
            may_have_permit: queue.is_next(place, true),
            flush_first: queue.first_position(),
            _replaced: [replaced, None].into(),
        }
    }

    /// The first position that somebody waits for.
    pub(super) fn first_position(&self) -> u64 {
        self.lock().first_position()
    }

    /// Starts a poll of the receiver.
    pub(super) fn begin_receiver(&self, waker: &Waker) -> ReceiverTurn {
        let mut replaced = None;
        let mut queue = self.lock();
        if !queue.receiver.as_ref().is_some_and(|old| old.will_wake(waker)) {
            replaced = queue.receiver.replace(waker.clone());
        }
        let unclaimed = mem::take(&mut queue.unclaimed);
        let flush_first = queue.first_position();
        ReceiverTurn { unclaimed, flush_first, _replaced: [replaced, None].into() }
    }

    /// Ends a poll that was ready. It may not have polled the stream.
    pub(super) fn finish_receiver(&self, turn: &ReceiverTurn) -> Released {
        let mut queue = self.lock();
        queue.unclaimed |= turn.unclaimed;
        [queue.receiver.take(), None].into()
    }

    /// Registers a waiter, or its new waker, or its new need. If the second value is true, the
    /// waiter is to be woken at once: the stream could be written, and nobody was woken.
    pub(super) fn register(
        &self,
        place: &mut Option<Place>,
        need: Need,
        waker: &Waker,
        is_detached: bool,
    ) -> (Released, bool) {
        let (class, order) = need.class();
        let mut queue = self.lock();
        let ticket = place.map_or_else(
            || {
                queue.tickets += 1;
                queue.tickets
            },
            |old| old.ticket,
        );
        let new = Place { class, order, ticket };
        let removed = match *place {
            Some(old) if old != new => queue.waiting.remove(&old),
            _ => None,
        };
        let replaced = match queue.waiting.get_mut(&new) {
            Some(Waiter { need: old, waker: Some(slot), .. }) if slot.will_wake(waker) => {
                *old = need;
                None
            }
            _ => {
                let waiter = Waiter { need, waker: Some(waker.clone()), is_detached };
                queue.waiting.insert(new, waiter)
            }
        };
        *place = Some(new);
        let released = [removed, replaced].map(|waiter| waiter.and_then(|waiter| waiter.waker));
        (released.into(), mem::take(&mut queue.unclaimed))
    }

    /// Ends a wait before its need is met. A wake-up that it did not use goes to another waiter,
    /// and the next one in the queue for a turn may be able to continue.
    pub(super) fn leave(self: &Arc<Self>, place: &mut Option<Place>) {
        let Some(place) = place.take() else { return };
        let mut queue = self.lock();
        let removed = queue.waiting.remove(&place);
        let was_woken = removed.as_ref().is_none_or(|removed| removed.waker.is_none());
        let mut woken = if was_woken { queue.take_ready() } else { Vec::new() };
        woken.extend(queue.take_met());
        drop(queue);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Ends a wait whose need is met. If the second value is true, a wake-up came during the poll:
    /// it is to be passed on with [`wake_by_ref`](Wake::wake_by_ref).
    pub(super) fn finish(&self, place: &mut Option<Place>) -> (Released, bool) {
        let removed = place.take().and_then(|place| self.lock().waiting.remove(&place));
        let pass_on = removed.as_ref().is_some_and(|removed| removed.waker.is_none());
        ([removed.and_then(|removed| removed.waker), None].into(), pass_on)
    }

    /// Takes the wakers of those that can continue after a change, and of the receiver if it is
    /// concerned. The session is locked, so that the latest facts are the last ones here.
    #[must_use]
    pub(super) fn update(&self, facts: Facts, receiver: bool) -> Vec<Waker> {
        let mut queue = self.lock();
        let was_open = mem::replace(&mut queue.facts, facts).is_open;
        let mut woken = queue.take_met();
        if was_open && !facts.is_open {
            // The close deadline begins. The receiver may have returned the end, and not be polled
            // again: so every sender has to take this deadline.
            woken.extend(queue.waiting.values_mut().filter_map(|waiter| waiter.waker.take()));
        }
        if receiver {
            woken.extend(queue.receiver.take());
        }
        woken
    }

    fn lock(&self) -> Locked<'_> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        Locked { queue, is_busy: &self.is_busy }
    }
}

impl Queue {
    fn first(&self, class: Class) -> Option<Place> {
        let first = Place { class, order: 0, ticket: 0 };
        self.waiting
            .range(first..)
            .next()
            .map(|(place, _)| *place)
            .filter(|place| place.class == class)
    }

    /// The first position that somebody waits for.
    fn first_position(&self) -> u64 {
        self.first(Class::Flushed).map_or(u64::MAX, |place| place.order)
    }

    /// Takes the wakers of all whose need is met: of the queue, that of the first alone, since its
    /// turn may change what the next one needs.
    fn take_met(&mut self) -> Vec<Waker> {
        let mut woken = Vec::new();
        if self.waiting.is_empty() {
            return woken;
        }
        let facts = self.facts;
        for class in [Class::Fragment, Class::Flushed, Class::Queue, Class::Pong, Class::End] {
            while let Some(place) = self.first(class) {
                if class == Class::Queue && facts.is_open {
                    woken.extend(from_fn(|| self.take_next()));
                    break;
                }
                let Some(waiter) = self.waiting.get_mut(&place) else { break };
                if !waiter.need.is_met(&facts) {
                    break;
                }
                woken.extend(waiter.waker.take());
                self.waiting.remove(&place);
            }
        }
        woken
    }

    /// Whether it is the turn of the waiter at this place, or of a new one.
    fn is_next(&self, place: Option<Place>, takes_permit: bool) -> bool {
        let (next, permits_stopped) = self.next_turn(place);
        next.is_none_or(|next| Some(next) == place) && !(permits_stopped && takes_permit)
    }

    /// Returns the waiter that is next in the queue, and whether a writer waits before it, or
    /// before `place`: then no new permit is granted.
    ///
    /// Messages are still sent while a writer waits: a task that holds a permit may be sending one,
    /// and would deadlock.
    fn next_turn(&self, place: Option<Place>) -> (Option<Place>, bool) {
        let mut permits_stopped = false;
        for (other, Waiter { need, waker, is_detached }) in self.turns() {
            match need {
                _ if Some(*other) == place => return (place, permits_stopped),
                _ if *is_detached && waker.is_none() => {}
                Need::Writer if self.facts.waits_for_permits() => permits_stopped = true,
                Need::Permit | Need::Sink if permits_stopped => {}
                _ => return (Some(*other), permits_stopped),
            }
        }
        (None, permits_stopped)
    }

    /// Takes the waker of the waiter whose turn it is, if its need is met.
    fn take_next(&mut self) -> Option<Waker> {
        let waiter = self.waiting.get_mut(&self.next_turn(None).0?)?;
        if waiter.need.is_met(&self.facts) { waiter.waker.take() } else { None }
    }

    /// The waiters for a turn, in their order.
    fn turns(&self) -> impl Iterator<Item = (&Place, &Waiter)> {
        let start = |class| Place { class, order: 0, ticket: 0 };
        self.waiting.range(start(Class::Queue)..start(Class::Pong))
    }

    /// The stream is ready: takes the wakers of those that poll it.
    fn take_ready(&mut self) -> Vec<Waker> {
        let mut woken = Vec::new();
        let leads = self.take_leader(&mut woken);
        // The receiver may not be waiting any more. Then a sender that is about to wait must know.
        self.unclaimed = !leads;
        if !leads {
            woken.extend(self.receiver.take());
        }
        woken
    }

    /// Takes the waker of the sender that writes to the stream for all, and returns whether there
    /// is such a sender. A sender whose waker was taken already is skipped: its future might be
    /// held without being polled.
    fn take_leader(&mut self, woken: &mut Vec<Waker>) -> bool {
        let start = |class| Place { class, order: 0, ticket: 0 };
        for (_, waiter) in self.waiting.range_mut(start(Class::Fragment)..start(Class::Pong)) {
            if let Some(waker) = waiter.waker.take() {
                woken.push(waker);
                if !waiter.is_detached {
                    return true;
                }
            }
        }
        false
    }
}

/// The stream can be written.
impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let woken = self.lock().take_ready();
        woken.into_iter().for_each(Waker::wake);
    }
}
