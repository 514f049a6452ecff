//! Deadlines: the timer is given the time, so no test waits.

use std::time::Duration;

use sansocket::State;
use sansocket::timing::{Due, TimedOut, Timeouts, Timer};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_opening_handshake_has_a_deadline_and_the_open_connection_has_none() {
    let mut timer = Timer::new(Timeouts { ping: None, ..Timeouts::default() }, s(100));
    assert_eq!(timer.check_handshake(s(109)), Ok(()));
    assert_eq!(timer.check_handshake(s(110)), Err(TimedOut::Handshake));
    timer.set_state(State::Open, s(105));
    assert_eq!((timer.deadline(), timer.poll(Duration::MAX)), (None, Ok(Due::Nothing)));
}

/// A timer of an open connection, at 0 s.
fn open(timeouts: Timeouts) -> Timer {
    let mut timer = Timer::new(timeouts, s(0));
    timer.set_state(State::Open, s(0));
    timer
}

#[test]
fn a_silent_peer_gets_a_ping_and_then_times_out() {
    let mut timer = open(Timeouts::default());
    assert_eq!((timer.deadline(), timer.poll(s(19))), (Some(s(20)), Ok(Due::Nothing)));
    assert_eq!(timer.poll(s(20)), Ok(Due::Ping));
    timer.ping(s(21));
    assert_eq!((timer.deadline(), timer.poll(s(40))), (Some(s(41)), Ok(Due::Nothing)));
    assert_eq!(timer.poll(s(41)), Err(TimedOut::KeepAlive));
}

#[test]
fn a_second_ping_does_not_extend_the_pong_deadline() {
    let mut timer = open(Timeouts::default());
    for now in [10, 20, 29] {
        timer.ping(s(now));
    }
    assert_eq!(timer.poll(s(30)), Err(TimedOut::KeepAlive));
}

#[test]
fn any_received_byte_resets_the_keep_alive() {
    let mut timer = open(Timeouts::default());
    timer.ping(s(20));
    timer.bytes_received(s(39));
    assert_eq!((timer.deadline(), timer.poll(s(58))), (Some(s(59)), Ok(Due::Nothing)));
    assert_eq!(timer.poll(s(59)), Ok(Due::Ping), "the silence began anew");
    assert_eq!(timer.round_trip(), None, "but no pong came");
}

#[test]
fn only_the_pong_of_the_latest_ping_gives_a_round_trip() {
    let mut timer = open(Timeouts::default());
    let first = timer.ping(s(1));
    let second = timer.ping(s(5));
    assert_ne!(first, second);
    timer.pong_received(&first, s(6));
    timer.pong_received(b"unasked for", s(6));
    assert_eq!(timer.round_trip(), None);
    timer.pong_received(&second, s(7));
    assert_eq!(timer.round_trip(), Some(s(2)));
    timer.pong_received(&second, s(9));
    assert_eq!(timer.round_trip(), Some(s(2)), "a pong counts once");
}

#[test]
fn ping_and_pong_timeouts_can_be_disabled() {
    let mut timer = open(Timeouts { pong: None, ..Timeouts::default() });
    timer.ping(s(20));
    assert_eq!((timer.poll(s(39)), timer.poll(s(40))), (Ok(Due::Nothing), Ok(Due::Ping)));
    timer.ping(s(40));
    assert_eq!(
        (timer.poll(s(59)), timer.poll(s(60))),
        (Ok(Due::Nothing), Ok(Due::Ping)),
        "not without pause"
    );
    let mut timer = open(Timeouts { ping: None, ..Timeouts::default() });
    assert_eq!((timer.deadline(), timer.poll(s(1_000_000))), (None, Ok(Due::Nothing)));
}

#[test]
fn idle_counts_messages_only() {
    let mut timer = open(Timeouts { idle: Some(s(60)), ..Timeouts::default() });
    timer.message_received(s(30));
    timer.bytes_received(s(89));
    assert_eq!((timer.deadline(), timer.poll(s(89))), (Some(s(90)), Ok(Due::Nothing)));
    assert_eq!(timer.poll(s(90)), Err(TimedOut::Idle));
    assert_eq!(timer.poll(s(90)), Ok(Due::Nothing), "it is returned once");
}

#[test]
fn no_ping_is_due_when_closing() {
    let mut timer = open(Timeouts { close: None, ..Timeouts::default() });
    timer.set_state(State::Closing, s(1));
    assert_eq!((timer.deadline(), timer.poll(s(1_000))), (None, Ok(Due::Nothing)));
}

#[test]
fn the_close_deadline_counts_from_the_first_close_frame() {
    let mut timer = Timer::new(Timeouts::default(), s(0));
    timer.set_state(State::Open, s(1));
    timer.set_state(State::Closing, s(50));
    assert_eq!(timer.deadline(), Some(s(55)));
    timer.set_state(State::Closing, s(53));
    timer.set_state(State::Closed, s(54));
    assert_eq!(timer.deadline(), Some(s(55)), "the time does not begin anew");
    assert_eq!(
        (timer.check_handshake(s(54)), timer.check_handshake(s(55))),
        (Ok(()), Err(TimedOut::Close))
    );
}

#[test]
fn a_peer_that_closes_first_has_the_close_deadline_too() {
    let mut timer = Timer::new(Timeouts::default(), s(0));
    timer.set_state(State::Closed, s(7));
    assert_eq!(timer.deadline(), Some(s(12)));
}

#[test]
fn none_disables_a_timeout_and_no_deadline_overflows() {
    let never =
        Timeouts { handshake: None, close: None, write: None, ping: None, pong: None, idle: None };
    let mut timer = Timer::new(never, s(0));
    for state in [State::Connecting, State::Open, State::Closing, State::Closed] {
        timer.set_state(state, s(1));
        assert_eq!(
            (timer.deadline(), timer.check_handshake(Duration::MAX)),
            (None, Ok(())),
            "{state:?}"
        );
    }
    let late = Timer::new(Timeouts { handshake: Some(Duration::MAX), ..never }, Duration::MAX);
    assert_eq!(late.deadline(), Some(Duration::MAX));
}
