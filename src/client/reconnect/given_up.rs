//! Why no other connection is tried.

use std::{error, fmt};

use super::cause::Cause;
use super::schedule::Limit;

/// No other connection is tried.
#[derive(Debug)]
pub struct GivenUp {
    pub(super) cause: Cause,
    pub(super) limit: Limit,
    pub(super) attempts: u32,
}

impl GivenUp {
    /// Why the last connection ended or was not opened.
    #[must_use]
    pub const fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Why no other one is tried.
    #[must_use]
    pub const fn limit(&self) -> Limit {
        self.limit
    }

    /// Number of attempts in a row that failed: since the start, or since the last connection that
    /// lasted.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns the cause.
    #[must_use]
    pub fn into_cause(self) -> Cause {
        self.cause
    }
}

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cause, attempts, .. } = self;
        match self.limit {
            Limit::Permanent | Limit::FailFast => cause.fmt(f),
            Limit::Attempts => write!(
                f,
                "gave up after {attempts} attempts; see Policy::max_attempts; the last one: {cause}"
            ),
            Limit::Elapsed => write!(
                f,
                "gave up after {attempts} attempts, for lack of time; see Policy::max_elapsed; the \
                 last one: {cause}"
            ),
        }
    }
}

impl error::Error for GivenUp {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.cause {
            Cause::Error(error) => error.source(),
            Cause::Closed(_) => None,
        }
    }
}
