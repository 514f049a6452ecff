//! How long a server wants a client to wait: RFC 9110 §10.2.3.

use core::time::Duration;
use std::time::SystemTime;

use crate::handshake::Response;

/// The time of `Retry-After`; `None` without a valid one. `now` is the date.
///
/// RFC 9110 §10.2.3: `Retry-After = HTTP-date / delay-seconds`, `delay-seconds = 1*DIGIT`.
pub(super) fn parse(response: &Response, now: SystemTime) -> Option<Duration> {
    let value = response.headers().get("Retry-After")?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Too many digits are a long time, too.
        return Some(value.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    // A date that has passed: at once.
    Some(date.duration_since(now).unwrap_or_default())
}
