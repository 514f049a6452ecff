//! Whether to connect again, and when: after a failure that may pass, with a delay that doubles.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use sansocket::{Error, HandshakeError, HeadError, Response, ResponseError};

use crate::status::End;

const FIRST: Duration = Duration::from_millis(500);
const MAX: Duration = Duration::from_secs(60);
/// A connection that was open for as long begins anew with the first delay.
const STABLE: Duration = Duration::from_secs(30);

/// The failures so far.
#[derive(Default)]
pub(crate) struct Retries {
    failures: u32,
}

impl Retries {
    /// Returns how long to wait before the next attempt; `None` if it would fail too. `opened` is
    /// when the connection was opened.
    pub(crate) fn delay(&mut self, end: &End, opened: Option<Instant>) -> Option<Duration> {
        if opened.is_some_and(|opened| opened.elapsed() >= STABLE) {
            self.failures = 0;
        }
        let asked = match end {
            _ if end.is_ours() => return None,
            End::NotConnected(Error::Handshake(HandshakeError::Response(
                ResponseError::UnexpectedStatus(response),
            ))) => retry_after(response)?,
            // RFC 6455 §7.2.3: a client SHOULD wait after an abnormal closure. 1001: the server
            // goes away; 1012 to 1014: a restart, an overload, a gateway.
            End::Closed(closed) if matches!(closed.code(), 1001 | 1006 | 1011..=1014) => {
                Duration::ZERO
            }
            End::NotConnected(Error::Io(_) | Error::TimedOut(_) | Error::ConnectionLost)
            | End::NotConnected(Error::Handshake(HandshakeError::Response(ResponseError::Head(
                HeadError::Incomplete,
            ))))
            | End::Lost(_) => Duration::ZERO,
            _ => return None,
        };
        let longest = FIRST.saturating_mul(1 << self.failures.min(16)).min(MAX);
        self.failures += 1;
        // Full jitter: the clients of a server that restarts come back at different times.
        Some(asked + longest.mul_f64(random()))
    }
}

/// What a refusal asks for (RFC 9110 §10.2.3), if it may pass.
fn retry_after(response: &Response) -> Option<Duration> {
    if !matches!(response.status(), 408 | 425 | 429 | 500 | 502..=504) {
        return None;
    }
    let seconds = response.headers().get("Retry-After").and_then(|value| value.parse().ok());
    Some(Duration::from_secs(seconds.unwrap_or(0)))
}

/// A number between 0 and 1, from the keys of a hash map: no secret depends on it.
fn random() -> f64 {
    (RandomState::new().hash_one(0) >> 11) as f64 / (1_u64 << 53) as f64
}
