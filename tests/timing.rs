//! Deadlines on a clock that the test winds.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use sansocket::State;
use sansocket::timing::{TimedOut, Timeouts, Timer};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_opening_handshake_has_a_deadline_and_the_open_connection_has_none() {
    let mut timer = Timer::new(Timeouts::default(), s(100));
    assert_eq!(timer.check(s(109)), Ok(()));
    assert_eq!(timer.check(s(110)), Err(TimedOut::Handshake));
    timer.observe(State::Open, s(105));
    assert_eq!((timer.deadline(), timer.check(Duration::MAX)), (None, Ok(())));
}

#[test]
fn the_closing_handshake_is_timed_once_from_its_beginning() {
    let mut timer = Timer::new(Timeouts::default(), s(0));
    timer.observe(State::Open, s(1));
    timer.observe(State::Closing, s(50));
    assert_eq!(timer.deadline(), Some(s(55)));
    timer.observe(State::Closing, s(53));
    timer.observe(State::Closed, s(54));
    assert_eq!(timer.deadline(), Some(s(55)), "the time does not begin anew");
    assert_eq!((timer.check(s(54)), timer.check(s(55))), (Ok(()), Err(TimedOut::Close)));
}

#[test]
fn a_peer_that_closes_at_once_is_timed_too() {
    let mut timer = Timer::new(Timeouts::default(), s(0));
    timer.observe(State::Closed, s(7));
    assert_eq!(timer.deadline(), Some(s(12)));
}

#[test]
fn none_is_for_ever_and_no_time_overflows() {
    let never = Timeouts { handshake: None, close: None, write: None };
    let mut timer = Timer::new(never, s(0));
    for state in [State::Connecting, State::Open, State::Closing, State::Closed] {
        timer.observe(state, s(1));
        assert_eq!((timer.deadline(), timer.check(Duration::MAX)), (None, Ok(())), "{state:?}");
    }
    let late = Timer::new(Timeouts { handshake: Some(Duration::MAX), ..never }, Duration::MAX);
    assert_eq!(late.deadline(), Some(Duration::MAX));
}
