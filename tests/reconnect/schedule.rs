//! When a client connects again: RFC 6455 §7.2.3, RFC 9110 §10.2.3.

use std::time::{Duration, SystemTime};

use sansocket::reconnect::{Cause, Limit, Policy, Schedule};
use sansocket::{CloseCode, Error, ProtocolError, TimedOut};
use support::{feed_kept, s};

use super::retryable::{after, closed_by_server, refused};

const SEED: [u8; 32] = [7; 32];

fn lost() -> Cause {
    Error::ConnectionLost.into()
}

/// 503 with this header field, if it is not empty.
fn unavailable(field: &str) -> Cause {
    refused(&format!("HTTP/1.1 503 X\r\n{field}Content-Length: 0\r\n\r\n")).into()
}

/// Fails at this time, and returns the delay.
fn failed(schedule: &mut Schedule, cause: &Cause, now: Duration) -> Result<Duration, Limit> {
    schedule.failed(cause, now, SystemTime::UNIX_EPOCH)
}

/// The delay after a failure without any delay of the client's own.
fn retry_after(field: &str) -> Duration {
    let policy = Policy::new().delays(s(0), s(0));
    let mut schedule = Schedule::from_seed(policy, SEED);
    schedule.attempt(s(0));
    failed(&mut schedule, &unavailable(field), s(0)).unwrap()
}

#[test]
fn delays_are_random_up_to_a_bound_that_doubles() {
    let bounds = [5, 10, 20, 40, 60, 60, 60];
    let mut sums = [Duration::ZERO; 7];
    let mut longest = [Duration::ZERO; 7];
    for client in 0..=255 {
        let mut schedule = Schedule::from_seed(Policy::new(), [client; 32]);
        let mut now = s(1000);
        for (at, bound) in bounds.into_iter().enumerate() {
            assert_eq!(schedule.attempt(now), at as u32 + 1);
            let delay = failed(&mut schedule, &lost(), now).unwrap();
            assert!(delay <= s(bound), "{delay:?} after {at}");
            sums[at] += delay;
            longest[at] = longest[at].max(delay);
            now += delay;
        }
    }
    for at in 0..bounds.len() {
        // Uniform: the mean of 256 is half of the bound, within five standard deviations.
        let (mean, bound) = (sums[at].as_secs_f64() / 256.0, bounds[at] as f64);
        assert!((mean / bound - 0.5).abs() < 5.0 * 0.289 / 16.0, "{mean} of {bound}");
        assert!(longest[at].as_secs_f64() > 0.9 * bound);
    }
}

#[test]
fn delays_follow_from_the_seed() {
    let delays = |seed| {
        let mut schedule = Schedule::from_seed(Policy::new(), seed);
        let delay = |_| failed(&mut schedule, &lost(), s(0)).unwrap();
        (0..5).map(delay).collect::<Vec<_>>()
    };
    assert_eq!(delays(SEED), delays(SEED));
    assert_ne!(delays(SEED), delays([8; 32]));
}

#[test]
fn many_failures_overflow_nothing() {
    let policy = Policy::new().delays(Duration::MAX, Duration::MAX).max_retry_after(Duration::MAX);
    let mut schedule = Schedule::from_seed(policy, SEED);
    let cause = unavailable("Retry-After: 99999999999999999999999\r\n");
    for _ in 0..100 {
        schedule.attempt(Duration::MAX);
        assert_eq!(failed(&mut schedule, &cause, Duration::MAX), Ok(Duration::MAX));
    }
}

#[test]
fn connection_that_lasts_begins_anew() {
    let policy = Policy::new().stable_after(s(60));
    for (lasts, attempt, bound) in [(59, 4, 20), (60, 1, 5), (3600, 1, 5)] {
        let (mut longest, mut attempts) = (Duration::ZERO, vec![]);
        for client in 0..=255 {
            let mut schedule = Schedule::from_seed(policy.clone(), [client; 32]);
            for _ in 0..2 {
                schedule.attempt(s(0));
                failed(&mut schedule, &lost(), s(0)).unwrap();
            }
            schedule.attempt(s(0));
            schedule.connected(s(0));
            let delay = failed(&mut schedule, &lost(), s(lasts)).unwrap();
            longest = longest.max(delay);
            attempts.push(schedule.attempt(s(lasts) + delay));
        }
        assert_eq!(attempts, [attempt; 256], "{lasts}");
        assert!(longest <= s(bound) && longest.as_secs_f64() > 0.9 * bound as f64, "{lasts}");
    }
}

#[test]
fn failed_attempt_after_a_stable_connection_is_no_stable_connection() {
    let mut schedule = Schedule::from_seed(Policy::new(), SEED);
    schedule.attempt(s(0));
    schedule.connected(s(0));
    failed(&mut schedule, &lost(), s(100)).unwrap();
    for number in 1..5 {
        assert_eq!(schedule.attempt(s(1000 * number)), number as u32);
        failed(&mut schedule, &lost(), s(1000 * number)).unwrap();
    }
}

#[test]
fn retry_after_is_obeyed_in_each_format() {
    for (value, delay) in [
        ("120", 120),
        ("0", 0),
        ("007", 7),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 120),
        ("Thursday, 01-Jan-70 00:02:00 GMT", 120), // RFC 9110 §5.6.7: obsolete, and accepted
        ("Thu Jan  1 00:02:00 1970", 120),
        ("3600", 3600),
        ("3601", 3600),                 // the maximum
        ("18446744073709551616", 3600), // 2^64
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        ("-1", 0),
        ("+5", 0),
        ("1.5", 0),
        ("1 s", 0),
        ("soon", 0),
        ("", 0),
    ] {
        assert_eq!(retry_after(&format!("Retry-After: {value}\r\n")), s(delay), "{value}");
    }
    assert_eq!(retry_after(""), s(0));
}

#[test]
fn date_that_has_passed_is_no_delay() {
    let policy = Policy::new().delays(s(0), s(0));
    let mut schedule = Schedule::from_seed(policy, SEED);
    let cause = unavailable("Retry-After: Thu, 01 Jan 1970 00:02:00 GMT\r\n");
    let date = SystemTime::UNIX_EPOCH + s(121);
    assert_eq!(schedule.failed(&cause, s(0), date), Ok(s(0)));
}

#[test]
fn jitter_is_added_to_retry_after() {
    // Clients that are given the same time do not come back together.
    let mut delays = vec![];
    for client in 0..32 {
        let mut schedule = Schedule::from_seed(Policy::new(), [client; 32]);
        let cause = unavailable("Retry-After: 100\r\n");
        delays.push(failed(&mut schedule, &cause, s(0)).unwrap());
    }
    assert!(delays.iter().all(|delay| (s(100)..=s(105)).contains(delay)), "{delays:?}");
    delays.sort();
    delays.dedup();
    assert_eq!(delays.len(), 32);
}

#[test]
fn longest_retry_after_is_the_users() {
    let policy = Policy::new().delays(s(0), s(0)).max_retry_after(s(0));
    let mut schedule = Schedule::from_seed(policy, SEED);
    assert_eq!(failed(&mut schedule, &unavailable("Retry-After: 9\r\n"), s(0)), Ok(s(0)));
}

#[test]
fn attempts_are_counted_up_to_the_limit() {
    for (limit, tries) in [(0, 1), (1, 1), (3, 3)] {
        let mut schedule = Schedule::from_seed(Policy::new().max_attempts(limit), SEED);
        for number in 1..=tries {
            assert_eq!(schedule.attempt(s(0)), number);
            let result = failed(&mut schedule, &lost(), s(0));
            assert_eq!(result.err(), (number == tries).then_some(Limit::Attempts), "{limit}");
        }
        assert_eq!(schedule.attempts(), tries);
    }
}

#[test]
fn server_that_accepts_and_closes_at_once_uses_up_the_attempts() {
    let mut schedule = Schedule::from_seed(Policy::new().max_attempts(3), SEED);
    for number in 1..=3 {
        assert_eq!(schedule.attempt(s(number)), number as u32);
        schedule.connected(s(number));
        let result = failed(&mut schedule, &lost(), s(number));
        assert_eq!(result.err(), (number == 3).then_some(Limit::Attempts));
    }
}

#[test]
fn delay_beyond_the_time_is_not_waited_for() {
    let policy = Policy::new().delays(s(0), s(0)).max_elapsed(s(600));
    let mut schedule = Schedule::from_seed(policy, SEED);
    schedule.attempt(s(1000));
    assert!(failed(&mut schedule, &lost(), s(1600)).is_ok());
    schedule.attempt(s(1600));
    let wanted = unavailable("Retry-After: 1\r\n");
    assert_eq!(failed(&mut schedule, &wanted, s(1600)), Err(Limit::Elapsed));
    // The time begins anew with the end of a connection that lasted.
    schedule.attempt(s(1600));
    schedule.connected(s(1600));
    assert!(failed(&mut schedule, &lost(), s(9000)).is_ok());
    schedule.attempt(s(9000));
    assert!(failed(&mut schedule, &wanted, s(9599)).is_ok());
    assert_eq!(failed(&mut schedule, &wanted, s(9600)), Err(Limit::Elapsed));
}

#[test]
fn time_of_a_connection_is_not_time_of_trying() {
    let policy = Policy::new().delays(s(0), s(0)).max_elapsed(s(30));
    let mut schedule = Schedule::from_seed(policy, SEED);
    schedule.attempt(s(0));
    schedule.connected(s(10));
    assert!(failed(&mut schedule, &lost(), s(69)).is_ok(), "it was connected for 59 s");
    schedule.attempt(s(69));
    assert!(failed(&mut schedule, &lost(), s(89)).is_ok());
    assert_eq!(failed(&mut schedule, &lost(), s(90)), Err(Limit::Elapsed));
}

#[test]
fn first_failure_ends_a_client_that_fails_fast() {
    let policy = Policy::new().fail_fast(true);
    let mut schedule = Schedule::from_seed(policy.clone(), SEED);
    schedule.attempt(s(0));
    assert_eq!(failed(&mut schedule, &lost(), s(0)), Err(Limit::FailFast));
    // Not once there was a connection.
    let mut schedule = Schedule::from_seed(policy, SEED);
    schedule.attempt(s(0));
    schedule.connected(s(0));
    assert!(failed(&mut schedule, &lost(), s(1)).is_ok());
    schedule.attempt(s(2));
    assert!(failed(&mut schedule, &lost(), s(3)).is_ok());
}

#[test]
fn hook_overrules_what_is_tried_again() {
    let expired = || Cause::from(closed_by_server(Some(CloseCode::new(4401).unwrap().into())));
    let policy = Policy::new();
    let mut schedule = Schedule::from_seed(policy.clone(), SEED);
    assert_eq!(failed(&mut schedule, &expired(), s(0)), Err(Limit::Permanent));
    let policy = policy.retry_if(|cause, retryable| match cause {
        Cause::Closed(closed) => closed.code() == 4401,
        _ => !retryable,
    });
    let mut schedule = Schedule::from_seed(policy, SEED);
    assert!(failed(&mut schedule, &expired(), s(0)).is_ok());
    assert_eq!(failed(&mut schedule, &lost(), s(0)), Err(Limit::Permanent));
    assert!(failed(&mut schedule, &Error::TlsNeeded.into(), s(0)).is_ok());
}

#[test]
fn cause_of_an_end_is_the_close_frame_or_the_error() {
    let restart = closed_by_server(Some(CloseCode::SERVICE_RESTART.into()));
    assert!(matches!(Cause::of(Ok(()), Some(&restart)), Cause::Closed(_)));
    assert!(matches!(Cause::of(Err(Error::Full), Some(&restart)), Cause::Closed(_)));
    assert!(matches!(Cause::of(Err(Error::Full), None), Cause::Error(Error::Full)));
    let lost = after(|_| {});
    let silent = || Err(TimedOut::KeepAlive.into());
    assert!(matches!(Cause::of(silent(), Some(&lost)), Cause::Error(Error::TimedOut(_))));
    assert!(matches!(Cause::of(Ok(()), Some(&lost)), Cause::Closed(_)));
    let closed = after(|client| client.close(CloseCode::GOING_AWAY));
    assert!(matches!(Cause::of(silent(), Some(&closed)), Cause::Closed(_)));
    // The overflow policy has closed it, not the application.
    let dropped = after(|client| client.close(CloseCode::POLICY_VIOLATION));
    let cause = Cause::of(Err(Error::Full), Some(&dropped));
    assert!(matches!(cause, Cause::Error(Error::Full)) && cause.is_retryable());
    let violated = after(|client| drop(feed_kept(client, b"\x83\0")));
    let error = || Err(ProtocolError::Masked.into());
    assert!(matches!(Cause::of(error(), Some(&violated)), Cause::Error(Error::Protocol(_))));
    assert!(matches!(Cause::of(Ok(()), Some(&violated)), Cause::Closed(_)));
    assert!(matches!(Cause::of(Ok(()), None), Cause::Error(Error::ConnectionLost)));
}
