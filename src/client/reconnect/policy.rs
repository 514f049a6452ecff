//! The delays between attempts to connect, their limits, and what is tried again at all.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use super::cause::Cause;

/// When a client connects again, and when it gives up.
///
/// | | default |
/// |---|---|
/// | the first delay after a failure | random, up to 5 s (RFC 6455 §7.2.3) |
/// | each further delay | random, up to twice as much: 10 s, 20 s, 40 s, 60 s, 60 s … |
/// | a connection that lasts | after 60 s, the next delay is a first one |
/// | `Retry-After` | obeyed up to 1 h, and a random delay added |
/// | number of attempts · time | no limit · no limit |
/// | what is tried again | [`Cause::is_retryable`] |
///
/// The delays are random from zero on, which is called full jitter: the clients of a server that
/// was restarted do not come back together.
///
/// ```
/// use std::time::Duration;
///
/// use sansocket::reconnect::{Cause, Policy};
///
/// let policy = Policy::new()
///     .delays(Duration::from_secs(1), Duration::from_secs(30))
///     .max_elapsed(Duration::from_secs(600))
///     // A code of the application: the token has expired, and a new one is fetched.
///     .retry_if(|cause, retryable| match cause {
///         Cause::Closed(closed) if closed.code() == 4401 => true,
///         _ => retryable,
///     });
/// ```
#[derive(Clone)]
pub struct Policy {
    pub(super) initial_delay: Duration,
    pub(super) max_delay: Duration,
    pub(super) stable_after: Duration,
    pub(super) max_retry_after: Duration,
    pub(super) max_attempts: Option<u32>,
    pub(super) max_elapsed: Option<Duration>,
    pub(super) fail_fast: bool,
    hook: Option<Hook>,
}

type Hook = Arc<dyn Fn(&Cause, bool) -> bool + Send + Sync>;

impl Policy {
    /// The defaults: see [`Policy`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            initial_delay: Duration::from_secs(5),
            max_delay: Duration::from_secs(60),
            stable_after: Duration::from_secs(60),
            max_retry_after: Duration::from_secs(60 * 60),
            max_attempts: None,
            max_elapsed: None,
            fail_fast: false,
            hook: None,
        }
    }

    /// The longest first delay, and the longest of all. Each delay is random, from zero to a bound
    /// that begins with the first of these and doubles up to the second. Defaults: 5 s and 60 s.
    #[must_use]
    pub const fn delays(mut self, initial: Duration, max: Duration) -> Self {
        (self.initial_delay, self.max_delay) = (initial, max);
        self
    }

    /// How long a connection has to last, so that the delays, attempts and time begin anew. A
    /// server that accepts and closes at once is a failure each time. Default: 60 s.
    #[must_use]
    pub const fn stable_after(mut self, lasted: Duration) -> Self {
        self.stable_after = lasted;
        self
    }

    /// The longest `Retry-After` (RFC 9110 §10.2.3) that is obeyed; a longer one counts as this. It
    /// is added to the random delay. Default: 1 h. Zero ignores the field.
    #[must_use]
    pub const fn max_retry_after(mut self, max: Duration) -> Self {
        self.max_retry_after = max;
        self
    }

    /// How many attempts in a row may fail. An attempt whose connection did not last
    /// ([`stable_after`](Self::stable_after)) counts as failed. Default: no limit. Zero counts as
    /// one.
    #[must_use]
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// How long to try, from the first attempt, or from the end of the last connection that lasted,
    /// without the time of connections that did not. A delay that would end later is not waited
    /// for. Default: no limit.
    #[must_use]
    pub const fn max_elapsed(mut self, elapsed: Duration) -> Self {
        self.max_elapsed = Some(elapsed);
        self
    }

    /// Whether to give up if the very first attempt fails, whatever the failure: for a program that
    /// shall not start with a wrong address. Default: `false`.
    #[must_use]
    pub const fn fail_fast(mut self, fail_fast: bool) -> Self {
        self.fail_fast = fail_fast;
        self
    }

    /// Decides what is tried again. The function is given the cause and the default decision,
    /// [`Cause::is_retryable`]. The limits hold all the same.
    #[must_use]
    pub fn retry_if(
        mut self,
        decide: impl Fn(&Cause, bool) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.hook = Some(Arc::new(decide));
        self
    }

    pub(super) fn is_tried_again(&self, cause: &Cause) -> bool {
        let retryable = cause.is_retryable();
        self.hook.as_ref().map_or(retryable, |decide| decide(cause, retryable))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("initial_delay", &self.initial_delay)
            .field("max_delay", &self.max_delay)
            .field("stable_after", &self.stable_after)
            .field("max_retry_after", &self.max_retry_after)
            .field("max_attempts", &self.max_attempts)
            .field("max_elapsed", &self.max_elapsed)
            .field("fail_fast", &self.fail_fast)
            .field("retry_if", &self.hook.is_some())
            .finish()
    }
}
