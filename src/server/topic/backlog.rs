//! The messages that were published and not taken by every subscriber, and the position of each
//! subscriber.
//!
//! ```text
//!                 first                                           next
//!   taken by all │ message │ message │ (replaced) │ message │ message │
//!                ▲                   ▲                                ▲
//!                a subscriber        another one                      one that has taken all
//! ```
//!
//! Numbers of messages only grow. A subscriber takes all messages at once, so one that has not
//! taken a message has not taken those behind it either, and the messages that every subscriber has
//! taken are at the front.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::task::Waker;
use std::vec::Vec;
use std::{iter, mem};

use super::lag::{Ended, Lag};
use super::retained::Retained;
use super::stats::TopicStats;
use crate::message::Prepared;

/// The maximum number of messages, and the policy for a subscriber that needs more.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) messages: usize,
    pub(super) lag: Lag,
    /// Whether the newest message of each key is kept for subscribers that come later.
    pub(super) retain: bool,
}

pub(super) struct Backlog {
    limits: Limits,
    messages: BTreeMap<u64, Published>,
    /// The number of the newest message of each key.
    newest: HashMap<Arc<str>, u64>,
    retained: Retained,
    subscribers: Vec<Option<Subscriber>>,
    /// The places of subscribers that have left.
    free: Vec<usize>,
    /// The number of the next message.
    next: u64,
    has_ended: bool,
    stats: TopicStats,
}

struct Published {
    message: Prepared,
    key: Option<Arc<str>>,
    /// The number of subscribers that have not taken the message.
    missing: usize,
}

struct Subscriber {
    /// The number of the first message that the subscriber has not taken.
    next: u64,
    /// Whether the retained messages before that one are new to the subscriber.
    needs_retained: bool,
    missed: u64,
    /// The number of messages that were replaced before the subscriber took them.
    dropped: u64,
    has_lagged: bool,
    waker: Option<Waker>,
    /// Whether a message wakes the task, or only the end of the subscription.
    wants_messages: bool,
}

/// The tasks to wake and the values to drop after the lock is released: either may run code of the
/// application.
#[derive(Default)]
#[must_use]
pub(super) struct After {
    woken: Vec<Waker>,
    messages: Vec<Prepared>,
    waker: Option<Waker>,
}

impl After {
    pub(super) fn run(self) {
        let Self { woken, messages, waker } = self;
        woken.into_iter().for_each(Waker::wake);
        drop((messages, waker));
    }
}

impl Backlog {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            messages: BTreeMap::new(),
            newest: HashMap::new(),
            retained: Retained::default(),
            subscribers: Vec::new(),
            free: Vec::new(),
            next: 0,
            has_ended: false,
            stats: TopicStats::default(),
        }
    }

    pub(super) const fn stats(&self) -> TopicStats {
        self.stats
    }

    /// Adds a subscriber to the messages that are published from now on.
    pub(super) fn subscribe(&mut self) -> usize {
        let subscriber = Subscriber {
            next: self.next,
            needs_retained: self.limits.retain,
            missed: 0,
            dropped: 0,
            has_lagged: false,
            waker: None,
            wants_messages: false,
        };
        self.stats.subscribers += 1;
        let place = self.free.pop().unwrap_or(self.subscribers.len());
        match self.subscribers.get_mut(place) {
            Some(free) => *free = Some(subscriber),
            None => self.subscribers.push(Some(subscriber)),
        }
        place
    }

    pub(super) fn unsubscribe(&mut self, place: usize) -> After {
        let mut after = After::default();
        let Some(subscriber) = self.subscribers[place].take() else { return after };
        self.free.push(place);
        if !subscriber.has_lagged {
            self.stats.subscribers -= 1;
            self.leave(subscriber.next, 1, &mut after);
        }
        after.waker = subscriber.waker;
        after
    }

    /// Adds a message, instead of the one before it with the same key.
    pub(super) fn publish(&mut self, message: Prepared, key: Option<&str>) -> After {
        let mut after = After::default();
        self.stats.published += 1;
        let key = key.map(|key| self.replace(key, &mut after));
        if self.messages.len() >= self.limits.messages {
            self.end_lags(&mut after);
        }
        if self.has_ended {
            after.messages.push(message);
            return after;
        }
        let (number, missing) = (self.next, self.stats.subscribers);
        self.next += 1;
        if let Some(key) = key.clone().filter(|_| self.limits.retain) {
            after.messages.extend(self.retained.replace(key, number, message.clone()));
        }
        if missing == 0 {
            after.messages.push(message);
            return after;
        }
        if let Some(key) = &key {
            self.newest.insert(Arc::clone(key), number);
        }
        self.messages.insert(number, Published { message, key, missing });
        let waiting = self.subscribers.iter_mut().flatten().filter(|it| it.wants_messages);
        after.woken.extend(waiting.filter_map(|it| it.waker.take()));
        after
    }

    /// Removes the message with this key that some subscribers have not taken. Returns the key.
    fn replace(&mut self, key: &str, after: &mut After) -> Arc<str> {
        let Some((key, number)) = self.newest.remove_entry(key) else { return key.into() };
        if let Some(replaced) = self.messages.remove(&number) {
            self.stats.dropped += replaced.missing as u64;
            after.messages.push(replaced.message);
        }
        key
    }

    /// Makes room: applies the policy to the subscribers that have not taken the first message.
    fn end_lags(&mut self, after: &mut After) {
        let Some((&first, _)) = self.messages.first_key_value() else { return };
        let (missed, mut lagging) = (self.messages.len() as u64, 0);
        for it in self.subscribers.iter_mut().flatten().filter(|it| it.next <= first) {
            lagging += 1;
            it.missed += missed;
            // The subscriber has taken none of these numbers; those without a message were
            // replaced.
            it.dropped += self.next - it.next - missed;
            (it.next, it.needs_retained) = (self.next, self.limits.retain);
            if let Lag::Close(_) = self.limits.lag {
                (it.has_lagged, it.next) = (true, u64::MAX);
                after.woken.extend(it.waker.take());
                self.stats.subscribers -= 1;
            }
        }
        self.stats.missed += missed * lagging as u64;
        self.leave(first, lagging, after);
    }

    /// Appends the messages that a subscriber has not taken.
    pub(super) fn take(
        &mut self,
        place: usize,
        batch: &mut impl Extend<Prepared>,
    ) -> Result<bool, Ended> {
        let Some(subscriber) = &mut self.subscribers[place] else { return Err(Ended::Topic) };
        if subscriber.has_lagged {
            return Err(Ended::Lagged);
        }
        let first = mem::replace(&mut subscriber.next, self.next);
        let retained =
            mem::take(&mut subscriber.needs_retained) && self.retained.append(first, batch);
        if first == self.next && !retained {
            return if self.has_ended { Err(Ended::Topic) } else { Ok(false) };
        }
        let mut replaced = self.next - first;
        let mut take = |it: &mut Published| {
            it.missing -= 1;
            replaced -= 1;
            it.message.clone()
        };
        if self.next - first == 1 {
            // The most frequent case, in which a search costs less than a range.
            batch.extend(self.messages.get_mut(&first).map(take));
        } else {
            batch.extend(self.messages.range_mut(first..).map(|(_, it)| take(it)));
        }
        subscriber.dropped += replaced;
        // The batch has these messages too, so nothing is freed here.
        while self.remove_taken().is_some() {}
        Ok(true)
    }

    /// Removes the retained message of this key.
    pub(super) fn forget(&mut self, key: &str) -> After {
        After { messages: self.retained.remove(key).into_iter().collect(), ..After::default() }
    }

    /// Removes so many subscribers, which have left or lagged, from the messages from this number
    /// on.
    fn leave(&mut self, first: u64, subscribers: usize, after: &mut After) {
        self.messages.range_mut(first..).for_each(|(_, it)| it.missing -= subscribers);
        after.messages.extend(iter::from_fn(|| self.remove_taken()));
    }

    /// Removes the first message, if every subscriber has taken it.
    fn remove_taken(&mut self) -> Option<Prepared> {
        let first = self.messages.first_entry().filter(|first| first.get().missing == 0)?;
        let Published { message, key, .. } = first.remove();
        if let Some(key) = key {
            self.newest.remove(&key);
        }
        Some(message)
    }

    /// Keeps the waker of a subscriber that has taken everything, or waits for the end of its
    /// subscription alone. Returns the one before, to be dropped after the lock is released.
    pub(super) fn register(
        &mut self,
        place: usize,
        waker: &Waker,
        wants_messages: bool,
    ) -> Option<Waker> {
        let subscriber = self.subscribers[place].as_mut()?;
        subscriber.wants_messages = wants_messages;
        match &subscriber.waker {
            Some(old) if old.will_wake(waker) => None,
            _ => subscriber.waker.replace(waker.clone()),
        }
    }

    pub(super) fn has_lagged(&self, place: usize) -> bool {
        self.subscribers[place].as_ref().is_some_and(|it| it.has_lagged)
    }

    pub(super) fn missed(&self, place: usize) -> u64 {
        self.subscribers[place].as_ref().map_or(0, |it| it.missed)
    }

    pub(super) fn dropped(&self, place: usize) -> u64 {
        self.subscribers[place].as_ref().map_or(0, |it| it.dropped)
    }

    /// Ends the topic: subscribers take the remaining messages, and no more are published.
    pub(super) fn end(&mut self) -> After {
        self.has_ended = true;
        let subscribers = self.subscribers.iter_mut().flatten();
        After { woken: subscribers.filter_map(|it| it.waker.take()).collect(), ..After::default() }
    }
}
