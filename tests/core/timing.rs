//! Deadlines: the timer is given the time, so no test waits.

use std::time::Duration;

use sansocket::State;
use sansocket::timing::{Due, TimedOut, Timeouts, Timer};
use support::{OFF, s};

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

/// Sends a ping on a stream that accepts it at once.
fn write_ping(timer: &mut Timer, now: Duration) {
    timer.ping(now);
    timer.bytes_written(now);
    timer.ping_written(now);
}

#[test]
fn a_silent_peer_gets_a_ping_and_then_times_out() {
    let mut timer = open(Timeouts::default());
    assert_eq!((timer.deadline(), timer.poll(s(19))), (Some(s(20)), Ok(Due::Nothing)));
    assert_eq!(timer.poll(s(20)), Ok(Due::Ping));
    write_ping(&mut timer, s(20));
    assert_eq!((timer.deadline(), timer.poll(s(139))), (Some(s(140)), Ok(Due::Nothing)));
    assert_eq!(timer.poll(s(140)), Err(TimedOut::KeepAlive));
}

/// RFC 6455 §5.5.2: "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in
/// response": not before.
#[test]
fn a_ping_that_is_queued_has_no_deadline_and_is_not_repeated() {
    for pong in [Some(s(120)), None] {
        let mut timer = open(Timeouts { pong, ..Timeouts::default() });
        timer.ping(s(20));
        timer.bytes_written(s(21));
        assert_eq!((timer.deadline(), timer.poll(s(1_000))), (None, Ok(Due::Nothing)));
        timer.ping_written(s(1_000));
        let (at, due) = match pong {
            Some(_) => (s(1_120), Err(TimedOut::KeepAlive)),
            None => (s(1_020), Ok(Due::Ping)),
        };
        assert_eq!((timer.deadline(), timer.poll(at)), (Some(at), due));
    }
}

/// Of two pings only the first is written: its deadline holds all the same.
#[test]
fn a_queued_ping_does_not_suspend_the_deadline_of_a_written_one() {
    let mut timer = open(Timeouts::default());
    write_ping(&mut timer, s(20));
    timer.ping(s(30));
    assert_eq!((timer.deadline(), timer.poll(s(140))), (Some(s(140)), Err(TimedOut::KeepAlive)));
}

/// A proxy cuts a connection on which one side is silent.
#[test]
fn a_ping_is_due_after_the_earlier_of_the_last_read_and_the_last_written_byte() {
    for (read, written, due) in [(0, 0, 20), (15, 0, 20), (0, 15, 20), (15, 12, 32), (12, 15, 32)] {
        let mut timer = open(Timeouts::default());
        // Time does not run backwards.
        if read < written {
            timer.bytes_received(s(read));
            timer.bytes_written(s(written));
        } else {
            timer.bytes_written(s(written));
            timer.bytes_received(s(read));
        }
        assert_eq!(timer.deadline(), Some(s(due)), "read at {read} s, written at {written} s");
        assert_eq!(timer.poll(s(due)), Ok(Due::Ping));
    }
}

#[test]
fn a_second_ping_does_not_extend_the_pong_deadline() {
    let mut timer = open(Timeouts::default());
    for now in [10, 20, 129] {
        write_ping(&mut timer, s(now));
    }
    assert_eq!(timer.poll(s(130)), Err(TimedOut::KeepAlive));
}

#[test]
fn any_received_byte_resets_the_keep_alive() {
    let mut timer = open(Timeouts::default());
    write_ping(&mut timer, s(20));
    timer.bytes_received(s(139));
    timer.bytes_written(s(139));
    assert_eq!((timer.deadline(), timer.poll(s(158))), (Some(s(159)), Ok(Due::Nothing)));
    assert_eq!(timer.poll(s(159)), Ok(Due::Ping), "the silence began anew");
    assert_eq!(timer.round_trip(), None, "but no pong came");
}

#[test]
fn a_message_that_makes_no_progress_times_out() {
    let message = Some(s(60));
    let mut timer = open(Timeouts { ping: None, message, ..Timeouts::default() });
    timer.message_unfinished(Some(7), s(10));
    timer.message_unfinished(Some(7), s(50));
    assert_eq!((timer.deadline(), timer.poll(s(69))), (Some(s(70)), Ok(Due::Nothing)));
    assert_eq!(timer.poll(s(70)), Err(TimedOut::Message));
    timer.message_unfinished(Some(8), s(60));
    assert_eq!((timer.deadline(), timer.poll(s(119))), (Some(s(120)), Ok(Due::Nothing)));
    timer.message_unfinished(None, s(90));
    assert_eq!((timer.deadline(), timer.poll(Duration::MAX)), (None, Ok(Due::Nothing)));
    timer.message_unfinished(Some(8), s(100));
    assert_eq!(timer.deadline(), Some(s(160)), "another message");
    timer.set_state(State::Closing, s(150));
    assert_eq!(timer.deadline(), Some(s(155)), "the closing handshake has its own");
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
    write_ping(&mut timer, s(20));
    assert_eq!((timer.poll(s(39)), timer.poll(s(40))), (Ok(Due::Nothing), Ok(Due::Ping)));
    write_ping(&mut timer, s(40));
    assert_eq!(
        (timer.poll(s(59)), timer.poll(s(60))),
        (Ok(Due::Nothing), Ok(Due::Ping)),
        "not without pause"
    );
    for off in [None, Some(s(0))] {
        let mut timer = open(Timeouts { ping: off, ..Timeouts::default() });
        assert_eq!((timer.deadline(), timer.poll(s(1_000_000))), (None, Ok(Due::Nothing)));
    }
}

/// One row for each field: a field that is added needs one, or this does not compile.
fn with_each_field_at(timeout: Option<Duration>) -> [Timeouts; 7] {
    let default = Timeouts::default();
    let Timeouts { handshake: _, close: _, write: _, ping: _, pong: _, idle: _, message: _ } =
        default;
    [
        Timeouts { handshake: timeout, ..default },
        Timeouts { close: timeout, ..default },
        Timeouts { write: timeout, ..default },
        Timeouts { ping: timeout, ..default },
        Timeouts { pong: timeout, ..default },
        Timeouts { idle: timeout, ..default },
        Timeouts { message: timeout, ..default },
    ]
}

#[test]
fn zero_switches_every_timeout_off_as_none_does() {
    let [zero, none] = [Some(s(0)), None].map(with_each_field_at);
    for (zero, none) in zero.into_iter().zip(none) {
        let mut timers = [zero, none].map(|timeouts| Timer::new(timeouts, s(0)));
        assert_eq!(timers[0].timeouts(), timers[1].timeouts());
        for state in [State::Connecting, State::Open, State::Closing, State::Closed] {
            let [zero, none] = &mut timers;
            for timer in [&mut *zero, &mut *none] {
                timer.set_state(state, s(1));
                timer.message_unfinished(Some(1), s(1));
                timer.set_close_queued(state == State::Closing, s(1));
            }
            assert_eq!(zero.deadline(), none.deadline(), "{:?} {state:?}", none.timeouts());
            assert_eq!(zero.poll(s(90)), none.poll(s(90)), "{:?} {state:?}", none.timeouts());
            write_ping(zero, s(90));
            write_ping(none, s(90));
            assert_eq!(zero.deadline(), none.deadline(), "{:?} {state:?}", none.timeouts());
        }
    }
}

/// The remedy for who wants no wait at all.
#[test]
fn one_nanosecond_expires_at_once() {
    let timeouts = Timeouts { handshake: Some(Duration::from_nanos(1)), ..Timeouts::default() };
    let timer = Timer::new(timeouts, s(0));
    assert_eq!(timer.check_handshake(Duration::from_nanos(1)), Err(TimedOut::Handshake));
}

#[test]
fn idle_counts_messages_only() {
    let mut timer = open(Timeouts { idle: Some(s(60)), ping: None, ..Timeouts::default() });
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

/// RFC 6455 §7.1.3: "Upon either sending or receiving a Close control frame, it is said that _The
/// WebSocket Closing Handshake is Started_".
#[test]
fn the_close_deadline_begins_when_the_close_frame_was_written() {
    for (write, stalled) in [(Some(s(120)), s(120)), (None, s(5))] {
        let mut timer = open(Timeouts { write, ..Timeouts::default() });
        timer.set_state(State::Closing, s(10));
        timer.set_close_queued(true, s(10));
        assert_eq!(timer.deadline(), Some(s(10) + stalled), "no byte is written");
        timer.bytes_written(s(12));
        timer.set_close_queued(true, s(12));
        assert_eq!(timer.deadline(), Some(s(12) + stalled), "since the last byte");
        assert_eq!(timer.check_handshake(s(12) + stalled), Err(TimedOut::Close));
        timer.bytes_written(s(13));
        timer.set_close_queued(false, s(14));
        timer.bytes_written(s(15));
        assert_eq!(timer.deadline(), Some(s(19)), "the Close frame is written");
    }
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
    let mut timer = Timer::new(OFF, s(0));
    for state in [State::Connecting, State::Open, State::Closing, State::Closed] {
        timer.set_state(state, s(1));
        assert_eq!(
            (timer.deadline(), timer.check_handshake(Duration::MAX)),
            (None, Ok(())),
            "{state:?}"
        );
    }
    let late = Timer::new(Timeouts { handshake: Some(Duration::MAX), ..OFF }, Duration::MAX);
    assert_eq!(late.deadline(), Some(Duration::MAX));
}
