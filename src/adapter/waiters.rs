//! The tasks and threads that wait for a shared connection: in which order, and which of them wakes
//! up when it changes.
//!
//! ```text
//!   the stream can be written ──► one leader: a fragment's sender, else the oldest write, else the
//!                                 first in the queue for room, else the receiver
//!   the session has changed   ──► whoever can continue: Facts against Need
//! ```
//!
//! A stream has one waker for writing and a connection has many senders, so the stream wakes this
//! queue. Room and the fragmented-send lock go to the sender that has waited longest, which is the
//! only one to wake up for them. A wait that is dropped leaves the queue, and passes its wake-up on.

#![cfg_attr(
    not(any(feature = "tokio", feature = "futures-io")),
    allow(dead_code, reason = "the runtime adapters use all of it")
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::vec::Vec;

use crate::connection::State;
use crate::session::Session;

/// What a sender waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Need {
    /// Its turn to queue a message: the lock is free, and, if it waits for room, there is room.
    #[default]
    Message,
    /// Room for a message, and the lock free.
    Permit,
    /// The lock, and no permit granted.
    Writer,
    /// Room for a fragment, while it has the lock.
    Fragment,
    /// Everything before this position is flushed.
    Flushed(u64),
    /// The ping with this number is answered.
    Pong(u64),
    /// The end of the stream.
    End,
}

/// Where a waiter stands: waiters of one class are woken in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    class: Class,
    /// The position or ping that is waited for.
    order: u64,
    /// When the waiter came.
    ticket: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Fragment,
    Flushed,
    Queue,
    Pong,
    End,
}

impl Need {
    const fn class(self) -> (Class, u64) {
        match self {
            Self::Fragment => (Class::Fragment, 0),
            Self::Flushed(position) => (Class::Flushed, position),
            Self::Message | Self::Permit | Self::Writer => (Class::Queue, 0),
            Self::Pong(number) => (Class::Pong, number),
            Self::End => (Class::End, 0),
        }
    }

    fn is_met(self, facts: &Facts) -> bool {
        match self {
            _ if facts.is_done => true,
            Self::Fragment => facts.has_room || !facts.is_open,
            Self::Message => facts.message || !facts.is_open,
            Self::Permit => (!facts.locked && facts.has_room) || !facts.is_open,
            Self::Writer => (!facts.locked && !facts.has_permits) || !facts.is_open,
            Self::Flushed(position) => facts.flushed >= position,
            Self::Pong(number) => {
                facts.answered >= number || facts.is_closed || facts.receiver_dropped
            }
            Self::End => false,
        }
    }
}

/// What waiters are woken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    is_open: bool,
    is_closed: bool,
    is_done: bool,
    locked: bool,
    has_permits: bool,
    has_room: bool,
    message: bool,
    flushed: u64,
    answered: u64,
    receiver_dropped: bool,
}

impl Facts {
    pub(super) fn of(session: &Session, receiver_dropped: bool) -> Self {
        let (locked, has_room) = (session.is_locked(), !session.is_above_high_water_mark());
        Self {
            is_open: session.state() == State::Open,
            is_closed: session.closed().is_some(),
            is_done: session.is_done(),
            locked,
            has_permits: session.has_permits(),
            has_room,
            message: !locked && (has_room || !session.send_waits()),
            flushed: session.flushed_position(),
            answered: session.timer().last_answered(),
            receiver_dropped,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Waiters {
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    /// The waker is taken out when it is woken, until the waiter registers again.
    waiting: BTreeMap<Place, (Need, Option<Waker>)>,
    tickets: u64,
    receiver: Option<Waker>,
    /// The stream could be written, and no sender was woken.
    unclaimed: bool,
    facts: Facts,
}

impl Waiters {
    /// Starts a poll: the stream will be polled, or need not be.
    pub(super) fn begin(&self) {
        self.lock().unclaimed = false;
    }

    /// Whether nobody waits before this waiter for a turn to queue.
    pub(super) fn is_first(&self, place: Option<Place>) -> bool {
        let queue = self.lock();
        queue.first(Class::Queue).is_none_or(|first| Some(first) == place)
    }

    /// Whether the waiter was woken since it registered: what it was woken for is its duty.
    pub(super) fn was_woken(&self, place: Option<Place>) -> bool {
        let queue = self.lock();
        place
            .is_some_and(|place| queue.waiting.get(&place).is_none_or(|(_, waker)| waker.is_none()))
    }

    /// The first position that somebody waits for.
    pub(super) fn first_position(&self) -> Option<u64> {
        self.lock().first(Class::Flushed).map(|place| place.order)
    }

    /// Registers a waiter, or its new waker, or its new need.
    pub(super) fn register(&self, place: &mut Option<Place>, need: Need, waker: &Waker) {
        let mut queue = self.lock();
        let (class, order) = need.class();
        let ticket = match place.take() {
            Some(old) => {
                queue.waiting.remove(&old);
                old.ticket
            }
            None => {
                queue.tickets += 1;
                queue.tickets
            }
        };
        let new = Place { class, order, ticket };
        queue.waiting.insert(new, (need, Some(waker.clone())));
        *place = Some(new);
        if std::mem::take(&mut queue.unclaimed) {
            drop(queue);
            waker.wake_by_ref();
        }
    }

    /// Ends a wait. A wake-up that it did not use goes to another waiter.
    pub(super) fn leave(self: &Arc<Self>, place: &mut Option<Place>) {
        let Some(place) = place.take() else { return };
        let mut queue = self.lock();
        let was_woken = queue.waiting.remove(&place).is_none_or(|(_, waker)| waker.is_none());
        if was_woken {
            let facts = queue.facts;
            drop(queue);
            self.wake_by_ref();
            self.notify(facts, false);
        }
    }

    /// Ends a wait that has come to its end.
    pub(super) fn finish(&self, place: &mut Option<Place>) {
        if let Some(place) = place.take() {
            self.lock().waiting.remove(&place);
        }
    }

    /// Sets whom to wake in place of the receiver, before it polls the stream.
    pub(super) fn set_receiver(&self, waker: Option<&Waker>) {
        let mut queue = self.lock();
        match (waker, &queue.receiver) {
            (Some(new), Some(old)) if old.will_wake(new) => {}
            _ => queue.receiver = waker.cloned(),
        }
    }

    /// Wakes those that can continue after a change, and the receiver if it is concerned.
    pub(super) fn notify(&self, facts: Facts, receiver: bool) {
        let mut queue = self.lock();
        queue.facts = facts;
        let mut woken = Vec::new();
        if receiver {
            woken.extend(queue.receiver.take());
        }
        if !queue.waiting.is_empty() {
            queue.take_met(&mut woken);
        }
        drop(queue);
        woken.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Takes the wakers of all whose need is met: of the queue, that of the first alone, since its
    /// turn may change what the next one needs.
    fn take_met(&mut self, woken: &mut Vec<Waker>) {
        let facts = self.facts;
        for class in [Class::Fragment, Class::Flushed, Class::Queue, Class::Pong, Class::End] {
            while let Some(place) = self.first(class) {
                let Some((need, waker)) = self.waiting.get_mut(&place) else { break };
                if !need.is_met(&facts) {
                    break;
                }
                if class == Class::Queue && facts.is_open {
                    woken.extend(waker.take());
                    break;
                }
                woken.extend(waker.take());
                self.waiting.remove(&place);
            }
        }
    }

    /// Takes the waker of the leader among the senders; `None` inside if the leader is awake.
    fn take_leader(&mut self) -> Option<Option<Waker>> {
        let mut leader = [Class::Fragment, Class::Flushed, Class::Queue].into_iter();
        let leader = leader.find_map(|class| self.first(class))?;
        self.waiting.get_mut(&leader).map(|(_, waker)| waker.take())
    }
}

/// The stream can be written, or, once the receiver is dropped, read.
impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut queue = self.lock();
        let leader = queue.take_leader();
        let mut woken = Vec::new();
        if queue.facts.receiver_dropped {
            let ends = queue.waiting.range_mut(Place { class: Class::End, order: 0, ticket: 0 }..);
            woken.extend(ends.filter_map(|(_, (_, waker))| waker.take()));
        }
        // The receiver may not be waiting any more. Then a sender that is about to wait must know.
        queue.unclaimed = leader.is_none();
        woken.extend(if leader.is_none() { queue.receiver.take() } else { leader.flatten() });
        drop(queue);
        woken.into_iter().for_each(Waker::wake);
    }
}
