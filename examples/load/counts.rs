//! The counts of all connections: atomics, and histograms in constant memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use sansocket::Message;

use crate::arguments::MAX_TIME;

/// Times from a microsecond to the longest of a threshold, with three digits.
#[derive(Debug)]
pub(crate) struct Times([Mutex<Histogram<u64>>; SHARDS]);

/// So that threads rarely wait for each other.
const SHARDS: usize = 8;
const MAX_MICROS: u64 = MAX_TIME.as_micros() as u64;

impl Times {
    fn new() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(histogram())))
    }

    /// Adds a time, of a connection with this number.
    pub(crate) fn add(&self, client: usize, time: Duration) {
        lock(&self.0[client % SHARDS]).saturating_record(time.as_micros() as u64);
    }

    pub(crate) fn all(&self) -> Histogram<u64> {
        let mut all = histogram();
        for shard in &self.0 {
            all.add(&*lock(shard)).expect("the same bounds");
        }
        all
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, MAX_MICROS, 3).expect("bounds that fit")
}

#[derive(Debug)]
pub(crate) struct Counts {
    pub(crate) open: AtomicUsize,
    /// Connections that were never open.
    pub(crate) failed: AtomicUsize,
    /// Connections that ended before the end of the run.
    pub(crate) lost: AtomicUsize,
    pub(crate) messages_sent: AtomicU64,
    pub(crate) messages_received: AtomicU64,
    /// Messages that had no answer at the end of the run.
    pub(crate) unanswered: AtomicU64,
    pub(crate) bytes_sent: AtomicU64,
    pub(crate) bytes_received: AtomicU64,
    /// Bytes of messages, before compression.
    pub(crate) payload_sent: AtomicU64,
    pub(crate) payload_received: AtomicU64,
    /// Connections that have agreed on compression.
    pub(crate) compressed: AtomicUsize,
    pub(crate) openings: Times,
    pub(crate) latencies: Times,
    /// The first message that arrived while answers were due, and was not one of them.
    pub(crate) no_answer: OnceLock<String>,
    reasons: Mutex<BTreeMap<String, usize>>,
}

/// Characters of a message that are shown.
const SHOWN: usize = 200;
/// Different reasons that are kept. A server can make any number of them.
const MAX_REASONS: usize = 20;

impl Counts {
    pub(crate) fn new() -> Self {
        Self {
            open: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            messages_sent: AtomicU64::new(0),
            messages_received: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            bytes_sent: AtomicU64::new(0),
            bytes_received: AtomicU64::new(0),
            payload_sent: AtomicU64::new(0),
            payload_received: AtomicU64::new(0),
            compressed: AtomicUsize::new(0),
            openings: Times::new(),
            latencies: Times::new(),
            no_answer: OnceLock::new(),
            reasons: Mutex::default(),
        }
    }

    pub(crate) fn add(count: &AtomicU64, more: u64) {
        count.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn opened(&self, client: usize, took: Duration) {
        self.openings.add(client, took);
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn opening_failed(&self, reason: &str) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.note(reason);
    }

    pub(crate) fn connection_lost(&self, reason: &str) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.note(reason);
    }

    pub(crate) fn not_answered_by(&self, message: &Message) {
        self.no_answer.get_or_init(|| match message.as_text() {
            Some(text) => text.chars().take(SHOWN).flat_map(char::escape_default).collect(),
            None => format!("binary, of {} bytes", message.as_bytes().len()),
        });
    }

    fn note(&self, reason: &str) {
        let mut reasons = lock(&self.reasons);
        let is_full = reasons.len() >= MAX_REASONS && !reasons.contains_key(reason);
        let reason = if is_full { "other reasons" } else { reason };
        *reasons.entry(reason.to_owned()).or_default() += 1;
    }

    /// Why connections failed or were lost, the most frequent reason first.
    pub(crate) fn reasons(&self) -> Vec<(String, usize)> {
        let mut reasons: Vec<_> = lock(&self.reasons).clone().into_iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        reasons
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn get(count: &AtomicUsize) -> usize {
    count.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_more_than_a_minute() {
        let times = Times::new();
        times.add(0, Duration::from_secs(7200));
        let hours = Duration::from_micros(times.all().value_at_percentile(99.0));
        assert!(hours >= Duration::from_secs(7200), "{hours:?}");
    }
}
