//! The addresses of a host: which connection attempt starts when (RFC 8305 in its simple form).
//!
//! A race has no sockets and no clock. It returns what to do now, and the caller reports which
//! attempts failed; the first attempt that connects ends it.
//!
//! | addresses not tried | attempts under way | next |
//! |---|---|---|
//! | some | none, or one has just failed | start the next attempt |
//! | some | some, the latest for less than the delay | wait until the delay is over |
//! | some | some, the latest for the delay | start the next attempt |
//! | none | some | wait for a result |
//! | none | none | give up |

use std::collections::HashSet;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;
use std::vec::Vec;

/// How long an attempt is alone before the next one starts (§5, §8).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// §8: "MUST NOT be less than 10 milliseconds".
const MIN_ATTEMPT_DELAY: Duration = Duration::from_millis(10);

/// How many addresses are tried. Each may hold a socket until the end of the race.
const MAX_ADDRESSES: usize = 64;

/// Why an address could not be connected to, if the time was over before the attempt had a result.
const NO_ANSWER: &str = "no answer in time; see Timeouts::handshake";

/// An address, and why it could not be connected to.
pub(super) type Failure = (SocketAddr, io::Error);

/// Connection attempts to the addresses of one host. Times count from the beginning of the race.
#[derive(Debug)]
pub(super) struct Race {
    /// In the order in which they are tried.
    addresses: Vec<SocketAddr>,
    started: usize,
    /// How many attempts have no result yet.
    under_way: usize,
    /// When the next attempt starts, if all others are still under way.
    next_start: Duration,
    /// When the last attempt starts at the latest.
    last_start: Option<Duration>,
    failures: Vec<Failure>,
}

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Start an attempt, and ask again.
    Start(SocketAddr),
    /// Wait for the result of an attempt, or until this time, and ask again.
    Wait(Option<Duration>),
    /// Every address has failed.
    GiveUp,
}

impl Race {
    /// A race that begins now. `time` is what is left for it and for the steps that follow, which
    /// have half of it even if only the last address connects.
    pub(super) fn new(addresses: Vec<SocketAddr>, time: Option<Duration>) -> Self {
        Self {
            addresses: in_order(addresses),
            started: 0,
            under_way: 0,
            next_start: Duration::ZERO,
            last_start: time.map(|time| time / 2),
            failures: Vec::new(),
        }
    }

    pub(super) fn next(&mut self, now: Duration) -> Next {
        let Some(&address) = self.addresses.get(self.started) else {
            return if self.under_way == 0 { Next::GiveUp } else { Next::Wait(None) };
        };
        if self.under_way > 0 && now < self.next_start {
            return Next::Wait(Some(self.next_start));
        }
        self.started += 1;
        self.under_way += 1;
        self.next_start = now + self.delay(now);
        Next::Start(address)
    }

    /// The attempt at this address failed: the next one starts at once.
    pub(super) fn failed(&mut self, address: SocketAddr, error: io::Error) {
        self.under_way = self.under_way.saturating_sub(1);
        self.next_start = Duration::ZERO;
        self.failures.push((address, error));
    }

    /// Whether there is nothing to wait for but the attempt that has just started.
    pub(super) fn is_last_attempt(&self) -> bool {
        self.under_way == 1 && self.started == self.addresses.len()
    }

    pub(super) const fn has_started(&self) -> bool {
        self.started > 0
    }

    /// Ends the race, because every address has failed or because the time is over. Takes the
    /// failures in the order in which they were reported, and then those of the attempts that are
    /// still under way.
    pub(super) fn end(&mut self) -> Vec<Failure> {
        let mut failures = mem::take(&mut self.failures);
        let failed: HashSet<_> = failures.iter().map(|(address, _)| *address).collect();
        let tried = &self.addresses[..self.started];
        failures.extend(
            tried
                .iter()
                .filter(|address| !failed.contains(address))
                .map(|address| (*address, io::Error::new(io::ErrorKind::TimedOut, NO_ANSWER))),
        );
        failures
    }

    /// How long the attempt that starts now is the latest: less for many addresses, so that each of
    /// them is tried while there is time.
    fn delay(&self, now: Duration) -> Duration {
        let not_tried = self.addresses.len() - self.started;
        match self.last_start {
            Some(last) if not_tried > 0 => {
                let share = last.saturating_sub(now) / not_tried as u32;
                share.clamp(MIN_ATTEMPT_DELAY, ATTEMPT_DELAY)
            }
            _ => ATTEMPT_DELAY,
        }
    }
}

/// §4: the families take turns, in the resolver's order, which the first address begins.
fn in_order(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut seen = HashSet::new();
    addresses.retain(|address| seen.insert(*address));
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let turns = 0..first.len().max(second.len());
    let turns = turns.flat_map(|turn| [first.get(turn), second.get(turn)]);
    turns.flatten().copied().take(MAX_ADDRESSES).collect()
}
