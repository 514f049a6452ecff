//! A topic as its publishers have it.

use std::fmt;
use std::sync::Arc;

use super::backlog::{Backlog, Limits};
use super::lag::Lag;
use super::shared::Shared;
use super::stats::TopicStats;
use super::subscription::Subscription;
use crate::message::Prepared;

/// Messages that are broadcast. A clone is the same topic, which ends when the last clone is
/// dropped, or with [`end`](Self::end): subscribers still take the messages before that.
#[derive(Clone)]
pub struct Topic(Arc<Publisher>);

/// Ends the topic when it is dropped.
struct Publisher {
    shared: Arc<Shared>,
}

impl Topic {
    /// Creates a topic without subscribers.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Limits { messages: 1024, lag: Lag::default(), retain: false })
    }

    fn with(limits: Limits) -> Self {
        Self(Arc::new(Publisher { shared: Arc::new(Shared::new(limits)) }))
    }

    /// Returns a new topic that keeps at most so many messages, at least one, for subscribers that
    /// have not taken them. A message that all of them have taken is freed at once. Default: 1,024.
    #[must_use]
    pub fn backlog(self, messages: usize) -> Self {
        Self::with(Limits { messages: messages.max(1), ..self.shared().limits })
    }

    /// Returns a new topic with this policy for subscribers that do not keep up. Default:
    /// [`Lag::Skip`].
    #[must_use]
    pub fn lag(self, lag: Lag) -> Self {
        Self::with(Limits { lag, ..self.shared().limits })
    }

    /// Returns a new topic that retains the newest message of each key
    /// ([`publish_latest`](Self::publish_latest)). A subscriber that comes later receives these
    /// first, in the order in which they were published; so does one that has lagged and continues
    /// ([`Lag::Skip`]). They are held until the topic is dropped, or [`forget`](Self::forget).
    /// Default: off.
    #[must_use]
    pub fn retain_latest(self) -> Self {
        Self::with(Limits { retain: true, ..self.shared().limits })
    }

    /// Adds a subscriber to the messages that are published from now on, until the [`Subscription`]
    /// is dropped.
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(Arc::clone(self.shared()))
    }

    /// Publishes a message to the present subscribers, and wakes those that wait for one. Does not
    /// wait for any of them. Without subscribers, and after [`end`](Self::end), the message is
    /// discarded.
    ///
    /// The messages of one task arrive in order, and those of all publishers arrive in the same
    /// order at every subscriber.
    pub fn publish(&self, message: impl Into<Prepared>) {
        let message = message.into();
        self.shared().change(|backlog| backlog.publish(message, None));
    }

    /// As [`publish`](Self::publish), of a message that replaces the one before with the same key:
    /// a subscriber that has not taken that one receives only the newest. For values that change,
    /// such as prices: the backlog then needs no more messages than there are keys.
    ///
    /// A message with one key may arrive before an older one with another key.
    pub fn publish_latest(&self, key: &str, message: impl Into<Prepared>) {
        let message = message.into();
        self.shared().change(|backlog| backlog.publish(message, Some(key)));
    }

    /// Releases the message of this key that [`retain_latest`](Self::retain_latest) keeps: its
    /// value has no meaning any more. Subscribers that have not taken it still do.
    pub fn forget(&self, key: &str) {
        self.shared().change(|backlog| backlog.forget(key));
    }

    /// Ends the topic for all of its clones. Subscriptions end when their subscribers have taken
    /// the messages that were published before.
    pub fn end(&self) {
        self.shared().change(Backlog::end);
    }

    /// Returns the counters.
    #[must_use]
    pub fn stats(&self) -> TopicStats {
        self.shared().with(|backlog| backlog.stats())
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }
}

impl Default for Topic {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.shared.change(Backlog::end);
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
