//! The counters of a topic.

/// The counters of a topic since its creation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicStats {
    /// Subscriptions that receive messages now.
    pub subscribers: usize,
    /// Messages that were published.
    pub published: u64,
    /// Messages that subscribers missed because they lagged, each counted for each of them.
    pub missed: u64,
    /// Messages that a newer one of the same key replaced before a subscriber took them, each
    /// counted for each such subscriber.
    pub dropped: u64,
}
