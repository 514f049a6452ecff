//! When to connect again after a failure, or why not: without I/O and clock.
//!
//! ```text
//!   failures   failed attempts, and connections that did not last, in a row
//!   bound      min(max, initial × 2^(failures − 1)): truncated binary exponential
//!   delay      random in [0, bound], which is full jitter, + Retry-After
//! ```
//!
//! A crate for backoff adds its jitter to the delay, so that a first delay of up to 5 s (§7.2.3)
//! would be 2.5 s at least.

use core::time::Duration;
use std::boxed::Box;
use std::time::SystemTime;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::cause::Cause;
use super::policy::Policy;
use super::retry_after;
use crate::connection::NoEntropy;

/// The attempts of one client to connect, by a [`Policy`].
///
/// `now` is the time since an epoch of the caller's, which must not run backwards.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use sansocket::Error;
/// use sansocket::reconnect::{Policy, Schedule};
///
/// let mut schedule = Schedule::new(Policy::new())?;
/// let now = Duration::from_secs(100);
/// assert_eq!(schedule.attempt(now), 1);
/// // … which fails.
/// let delay = schedule.failed(&Error::ConnectionLost.into(), now, SystemTime::now()).unwrap();
/// assert!(delay <= Duration::from_secs(5));
/// assert_eq!(schedule.attempt(now + delay), 2);
/// schedule.connected(now + delay);
/// # Ok::<(), sansocket::NoEntropy>(())
/// ```
#[derive(Debug)]
pub struct Schedule {
    policy: Policy,
    generator: Box<StdRng>,
    /// Attempts in a row, the current one included.
    attempts: u32,
    /// Failed attempts in a row, and connections that did not last.
    failures: u32,
    /// When the first of these attempts began.
    since: Option<Duration>,
    /// When the connection was opened, while it is open.
    connected_at: Option<Duration>,
    /// There was a connection.
    was_connected: bool,
}

/// Why no other connection is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// Another connection would fail, or end, in the same way: [`Cause::is_retryable`],
    /// [`Policy::retry_if`].
    Permanent,
    /// [`Policy::max_attempts`].
    Attempts,
    /// [`Policy::max_elapsed`].
    Elapsed,
    /// [`Policy::fail_fast`].
    FailFast,
}

impl Schedule {
    /// A schedule whose delays are random by the operating system.
    ///
    /// # Errors
    ///
    /// [`NoEntropy`] if the operating system provides no random bytes.
    pub fn new(policy: Policy) -> Result<Self, NoEntropy> {
        let generator = StdRng::try_from_rng(&mut rand::rngs::SysRng).map_err(|_| NoEntropy)?;
        Ok(Self::with_generator(policy, generator))
    }

    /// A schedule whose delays follow from the seed: for tests. Clients with one seed come back at
    /// the same time.
    #[must_use]
    pub fn from_seed(policy: Policy, seed: [u8; 32]) -> Self {
        Self::with_generator(policy, StdRng::from_seed(seed))
    }

    fn with_generator(policy: Policy, generator: StdRng) -> Self {
        Self {
            policy,
            generator: Box::new(generator),
            attempts: 0,
            failures: 0,
            since: None,
            connected_at: None,
            was_connected: false,
        }
    }

    /// An attempt to connect begins. Returns its number, from 1 on: since the start, or since the
    /// last connection that lasted.
    pub fn attempt(&mut self, now: Duration) -> u32 {
        self.since.get_or_insert(now);
        self.attempts = self.attempts.saturating_add(1);
        self.attempts
    }

    /// The attempt has opened a connection.
    pub const fn connected(&mut self, now: Duration) {
        self.connected_at = Some(now);
        self.was_connected = true;
    }

    /// Number of attempts in a row: since the start, or since the last connection that lasted.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The attempt has failed, or its connection has ended. Returns how long to wait before the
    /// next attempt. `date` is what a date in `Retry-After` is compared with.
    ///
    /// # Errors
    ///
    /// Why there is no next attempt.
    pub fn failed(
        &mut self,
        cause: &Cause,
        now: Duration,
        date: SystemTime,
    ) -> Result<Duration, Limit> {
        let lasted = self.connected_at.take().map(|opened| now.saturating_sub(opened));
        if lasted.is_some_and(|lasted| lasted >= self.policy.stable_after) {
            (self.attempts, self.failures, self.since) = (0, 0, Some(now));
        } else if let (Some(lasted), Some(since)) = (lasted, &mut self.since) {
            // The time for which it was connected was not spent on trying.
            *since = since.saturating_add(lasted);
        }
        if !self.policy.is_tried_again(cause) {
            return Err(Limit::Permanent);
        }
        if self.policy.fail_fast && !self.was_connected {
            return Err(Limit::FailFast);
        }
        if self.policy.max_attempts.is_some_and(|max| self.attempts >= max.max(1)) {
            return Err(Limit::Attempts);
        }
        self.failures = self.failures.saturating_add(1);
        let delay = self.jittered(self.bound()).saturating_add(self.retry_after(cause, date));
        let elapsed = now.saturating_sub(self.since.unwrap_or(now)).saturating_add(delay);
        match self.policy.max_elapsed {
            Some(max) if elapsed > max => Err(Limit::Elapsed),
            _ => Ok(delay),
        }
    }

    /// The bound of the delay after so many failures.
    fn bound(&self) -> Duration {
        let doublings = (self.failures - 1).min(31);
        self.policy.initial_delay.saturating_mul(1 << doublings).min(self.policy.max_delay)
    }

    /// A random part of a duration.
    fn jittered(&mut self, bound: Duration) -> Duration {
        // A fraction of 32 bits: 1 s of delay is chosen from steps of a nanosecond.
        let (random, unit) = (u128::from(self.generator.next_u32()), u128::from(u32::MAX));
        let nanos = bound.as_nanos().saturating_mul(random) / unit;
        nanos.try_into().map_or(bound, Duration::from_nanos)
    }

    fn retry_after(&self, cause: &Cause, date: SystemTime) -> Duration {
        let wanted = cause.response().and_then(|response| retry_after::parse(response, date));
        wanted.unwrap_or_default().min(self.policy.max_retry_after)
    }
}
