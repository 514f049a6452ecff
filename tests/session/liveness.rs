//! Keep-alive, idle time, stalled writes, and round trips.

use std::time::Duration;

use sansocket::session::Next::{Done, Flush, Read, Wait, Write};
use sansocket::session::Session;
use sansocket::timing::{TimedOut, Timeouts};
use sansocket::{Event, Role, State};

use super::sessions::Report::{self, *};
use super::sessions::{BOTH, OFF, drive_to_wait, events, from_peer, s, session_after, wait, write};

const NANOSECOND: Duration = Duration::from_nanos(1);

fn quiet(role: Role, timeouts: Timeouts) -> Session {
    session_after(role, timeouts, &[])
}

#[test]
fn silent_peer_is_pinged_and_then_lost() {
    for role in BOTH {
        let mut session = quiet(role, Timeouts::default());
        assert_eq!(drive_to_wait(&mut session, s(0)), wait(20));
        assert_eq!(drive_to_wait(&mut session, s(20) - NANOSECOND), wait(20));
        assert_eq!(session.next(s(20)), Ok(Write), "the ping");
        assert_eq!(drive_to_wait(&mut session, s(20)), wait(140));
        assert_eq!(session.next(s(140) - NANOSECOND), wait(140));
        assert_eq!(session.next(s(140)), Err(TimedOut::KeepAlive));
        assert_eq!(session.next(s(140)), Ok(Done));
        assert!(matches!(events(&mut session, s(140))[..], [Event::Closed(_)]));
    }
}

/// What arrives at 139 s, after a ping at 20 s. The next ping is written at once: nothing was
/// written since the last one.
#[test]
fn any_byte_answers_a_ping() {
    let frames: [(u8, &[u8]); 4] = [(0x81, b"x"), (0x01, b"x"), (0x8a, b"unasked"), (0x89, b"")];
    for role in BOTH {
        for (first, payload) in frames {
            let mut session = quiet(role, Timeouts::default());
            drive_to_wait(&mut session, s(20)).unwrap();
            let frame = from_peer(role, first, payload);
            // Part of a frame is a sign of life too.
            session.received(&frame[..1]);
            events(&mut session, s(139));
            assert_eq!(drive_to_wait(&mut session, s(139)), wait(259), "{first:x}");
            session.received(&frame[1..]);
            events(&mut session, s(258));
            // A pong is written too: then no ping is due yet.
            let next = if first == 0x89 { wait(278) } else { wait(378) };
            assert_eq!(drive_to_wait(&mut session, s(258)), next, "{first:x}");
        }
    }
}

#[test]
fn bytes_in_the_stream_at_the_deadline_are_read_before_it_is_judged() {
    let mut session = quiet(Role::Server, Timeouts::default());
    drive_to_wait(&mut session, s(20)).unwrap();
    session.stream_ready();
    assert_eq!(session.next(s(140)), Ok(Read));
    Message.make(&mut session, s(140));
    events(&mut session, s(140));
    assert_eq!(drive_to_wait(&mut session, s(140)), wait(260));
}

#[test]
fn bytes_before_a_ping_do_not_answer_it() {
    let mut session = quiet(Role::Server, Timeouts::default());
    Message.make(&mut session, s(1));
    events(&mut session, s(1));
    assert_eq!(session.ping(s(10)), Ok(1));
    assert_eq!(drive_to_wait(&mut session, s(10)), wait(130));
    assert_eq!(session.next(s(130)), Err(TimedOut::KeepAlive));
}

/// The peer takes a byte every 100 s. Until it has taken the ping, only the write deadline counts.
#[test]
fn ping_behind_a_message_has_its_deadline_from_when_it_was_written() {
    for role in BOTH {
        let mut session = session_after(role, Timeouts::default(), &[Send, Report::Ping]);
        let mut now = 0;
        for _ in 0..7 {
            session.stream_ready();
            assert_eq!(session.next(s(now)), Ok(Write), "{role:?}");
            session.wrote(1);
            session.write_would_block(s(now));
            session.read_would_block();
            assert_eq!(session.next(s(now)), wait(now + 120), "{role:?}");
            now += 100;
        }
        assert_eq!(drive_to_wait(&mut session, s(now)), wait(now + 120), "{role:?}");
        assert_eq!(session.next(s(now + 120) - NANOSECOND), wait(now + 120), "{role:?}");
        assert_eq!(session.next(s(now + 120)), Err(TimedOut::KeepAlive), "{role:?}");
    }
}

/// A peer that reads is alive, though it sends nothing: its ping is due 20 s later.
#[test]
fn stalled_write_that_continues_is_a_sign_of_life() {
    for role in BOTH {
        let mut session = quiet(role, Timeouts::default());
        drive_to_wait(&mut session, s(20)).unwrap();
        session.send("hello").unwrap();
        session.write_would_block(s(100));
        assert_eq!(session.next(s(100)), wait(140), "{role:?}: the ping was not answered");
        session.stream_ready();
        session.wrote(1);
        session.write_would_block(s(139));
        session.read_would_block();
        assert_eq!(session.next(s(139)), wait(159), "{role:?}");
        session.stream_ready();
        assert_eq!(drive_to_wait(&mut session, s(158)), wait(178), "{role:?}");
        assert_eq!(session.next(s(178)), Ok(Write), "{role:?}: the next ping");
    }
}

/// What is written at once may be in the buffer of the socket: that proves nothing.
#[test]
fn write_that_did_not_stall_is_no_sign_of_life() {
    let mut session = quiet(Role::Server, Timeouts::default());
    drive_to_wait(&mut session, s(20)).unwrap();
    for now in [30, 60, 139] {
        session.send("hello").unwrap();
        assert_eq!(drive_to_wait(&mut session, s(now)), wait(140), "at {now} s");
    }
    assert_eq!(session.next(s(140)), Err(TimedOut::KeepAlive));
}

/// A ping is written, and answered, while the application works. Then nothing is outstanding: a peer
/// that has nothing to say is pinged, and not lost.
#[test]
fn pong_that_is_reported_together_with_its_ping_answers_it() {
    for role in BOTH {
        let mut session = quiet(role, Timeouts::default());
        session.ping(s(1)).unwrap();
        write(&mut session);
        session.flushed();
        PeerPong.make(&mut session, s(8));
        events(&mut session, s(8));
        assert_eq!(session.next(s(8)), Ok(Read));
        session.read_would_block();
        assert_eq!(session.next(s(8)), wait(28), "the next ping");
        assert_eq!(session.next(s(28)), Ok(Write));
    }
}

#[test]
fn later_pings_do_not_extend_the_pong_deadline() {
    let mut session = quiet(Role::Server, Timeouts::default());
    for (number, now) in [(1, 5), (2, 15), (3, 124)] {
        assert_eq!(session.ping(s(now)), Ok(number));
        assert_eq!(drive_to_wait(&mut session, s(now)), wait(125));
    }
    assert_eq!(session.next(s(125)), Err(TimedOut::KeepAlive));
}

/// The application pings at 1, 2 and 4 s. The payload of a pong at 10 s, and the round trip then.
#[test]
fn round_trip_is_that_of_the_latest_ping_by_its_number() {
    let rows: &[(&[u8], Option<u64>)] = &[
        (&3u64.to_be_bytes(), Some(6)),
        (&2u64.to_be_bytes(), None),
        (&4u64.to_be_bytes(), None), // was not sent
        (&0u64.to_be_bytes(), None),
        (&3u32.to_be_bytes(), None),
        (b"", None),
    ];
    for role in BOTH {
        for &(payload, round_trip) in rows {
            let mut session = quiet(role, Timeouts::default());
            for now in [1, 2, 4] {
                session.ping(s(now)).unwrap();
            }
            session.received(&from_peer(role, 0x8a, payload));
            events(&mut session, s(10));
            assert_eq!(session.round_trip(), round_trip.map(s), "{payload:?}");
            session.received(&from_peer(role, 0x8a, payload));
            events(&mut session, s(11));
            assert_eq!(session.round_trip(), round_trip.map(s), "{payload:?} comes again");
            // What was ignored does not hide the true pong.
            session.received(&from_peer(role, 0x8a, &3u64.to_be_bytes()));
            events(&mut session, s(12));
            assert_eq!(session.round_trip(), round_trip.or(Some(8)).map(s), "after {payload:?}");
        }
    }
}

#[test]
fn keep_alive_ping_measures_the_round_trip() {
    let mut session = quiet(Role::Client, Timeouts::default());
    drive_to_wait(&mut session, s(20)).unwrap();
    PeerPong.make(&mut session, s(23));
    events(&mut session, s(23));
    assert_eq!(session.round_trip(), Some(s(3)));
}

#[test]
fn silence_is_not_judged_while_events_are_left_untaken() {
    for timeouts in [Timeouts::default(), Timeouts { idle: Some(s(3)), ..Timeouts::default() }] {
        let mut session = quiet(Role::Server, timeouts);
        Message.make(&mut session, s(1));
        session.read_would_block();
        for now in [1, 25, 1_000_000] {
            assert_eq!(session.next(s(now)), Ok(Wait(None)), "at {now} s");
        }
        assert_eq!(session.buffered_amount(), 0, "no ping");
        events(&mut session, s(1_000_000));
        session.stream_ready();
        assert_eq!(session.next(s(1_000_000)), Ok(Read));
    }
}

/// Only messages count, not pings and pongs.
#[test]
fn idle_is_reported_once_a_period() {
    let timeouts = Timeouts { idle: Some(s(10)), ..OFF };
    for role in BOTH {
        let mut session = quiet(role, timeouts);
        assert_eq!(drive_to_wait(&mut session, s(0)), wait(10));
        PeerPing.make(&mut session, s(8));
        events(&mut session, s(8));
        assert_eq!(drive_to_wait(&mut session, s(8)), wait(10));
        assert_eq!(session.next(s(10)), Err(TimedOut::Idle));
        assert_eq!(session.next(s(10)), wait(20), "begins anew");
        assert_eq!(session.state(), State::Open);
        assert_eq!(session.next(s(35)), Err(TimedOut::Idle), "once, however late");
        assert_eq!(session.next(s(35)), wait(45));
        // A message begins a period, also in chunks that are borrowed.
        let mut frame = from_peer(role, 0x81, b"hello");
        session.bytes_received(frame.len());
        assert!(session.receive_from(&mut &mut frame[..], s(40)).is_some());
        assert!(session.receive_from(&mut &mut [][..], s(40)).is_none());
        assert_eq!(session.next(s(40)), wait(50));
    }
}

#[test]
fn write_deadline_is_that_of_the_stall() {
    let timeouts = Timeouts { write: Some(s(10)), ..OFF };
    for role in BOTH {
        let mut session = quiet(role, timeouts);
        assert_eq!(drive_to_wait(&mut session, s(0)), Ok(Wait(None)));
        for _ in 0..2 {
            session.send("hello").unwrap();
        }
        session.write_would_block(s(2));
        assert_eq!(session.next(s(3)), wait(12), "begins at the stall");
        session.write_would_block(s(4));
        session.send("more").unwrap();
        assert_eq!(session.next(s(4)), wait(12), "and goes on");
        session.stream_ready();
        session.wrote(1);
        session.write_would_block(s(5));
        session.read_would_block();
        assert_eq!(session.next(s(6)), wait(15), "restarts with progress");
        assert_eq!(session.next(s(15) - NANOSECOND), wait(15));
        assert_eq!(session.next(s(15)), Err(TimedOut::Write), "is reported");
        assert_eq!(session.next(s(16)), wait(26), "once, and begins anew");
        assert_eq!(session.next(s(26)), Err(TimedOut::Write));
        assert_eq!(session.state(), State::Open, "and the session goes on");
        session.stream_ready();
        write(&mut session);
        session.flushed();
        session.read_would_block();
        assert_eq!(session.next(s(30)), Ok(Wait(None)), "until all is written");
    }
}

#[test]
fn stalled_flush_has_the_write_deadline() {
    let timeouts = Timeouts { write: Some(s(10)), ..OFF };
    let mut session = session_after(Role::Server, timeouts, &[Send, Wrote, ReadBlocked]);
    session.write_would_block(s(2));
    assert_eq!(session.next(s(2)), wait(12));
    session.stream_ready();
    assert_eq!(session.next(s(3)), Ok(Flush));
    session.flushed();
    session.read_would_block();
    assert_eq!(session.next(s(12)), Ok(Wait(None)));
}

#[test]
fn failed_write_has_no_write_deadline() {
    let timeouts = Timeouts { write: Some(s(10)), ..OFF };
    let mut session = session_after(Role::Server, timeouts, &[Send, WriteBlocked, ReadBlocked]);
    assert_eq!(session.next(s(0)), wait(10));
    session.write_failed();
    assert_eq!(session.next(s(2)), Ok(Wait(None)));
}
