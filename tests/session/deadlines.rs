//! The deadline in [`Wait`] is when the next thing happens, with any timeouts.

use std::time::Duration;

use proptest::prelude::*;
use sansocket::Role;
use sansocket::session::Next::{self, Wait};
use sansocket::timing::{TimedOut, Timeouts};

use super::sessions::Report::{self, *};
use super::sessions::{OFF, drive_to_wait, s, session, session_after, wait};

const NANOSECOND: Duration = Duration::from_nanos(1);

#[test]
fn pings_without_a_pong_timeout_continue() {
    let timeouts = Timeouts { ping: Some(s(20)), ..OFF };
    let mut session = session_after(Role::Server, timeouts, &[ReadBlocked]);
    for now in (20..200).step_by(20) {
        assert_eq!(session.next(s(now) - NANOSECOND), wait(now));
        assert_eq!(session.next(s(now)), Ok(Next::Write));
        assert_eq!(session.buffered_amount(), 10);
        assert_eq!(drive_to_wait(&mut session, s(now)), wait(now + 20));
    }
}

/// A stream that never accepts the ping: `next` returns, and the output does not grow.
#[test]
fn no_ping_follows_one_that_is_queued() {
    for pong in [None, Some(s(120))] {
        let timeouts = Timeouts { ping: Some(s(20)), pong, ..OFF };
        let mut session = session_after(Role::Server, timeouts, &[Send, WriteBlocked, ReadBlocked]);
        assert_eq!(session.next(s(20) - NANOSECOND), wait(20));
        let buffered = session.buffered_amount();
        for now in [20, 40, 1_000_000] {
            assert_eq!(session.next(s(now)), Ok(Wait(None)));
            assert_eq!(session.buffered_amount(), buffered + 10);
        }
    }
}

/// A ping that is always due would be queued for ever, in one call of `next`.
#[test]
fn ping_timeout_of_zero_is_off() {
    for pong in [None, Some(s(120))] {
        let timeouts = Timeouts { ping: Some(s(0)), pong, ..OFF };
        let mut session = session_after(Role::Server, timeouts, &[ReadBlocked]);
        for now in [0, 1, 1_000_000] {
            assert_eq!(session.next(s(now)), Ok(Wait(None)));
            assert_eq!(session.buffered_amount(), 0);
        }
    }
}

/// The shortest and the longest timeouts: `next` returns, whatever it answers.
#[test]
fn extreme_timeouts_do_not_hang_or_overflow() {
    let each = [None, Some(NANOSECOND), Some(Duration::MAX)];
    for bits in 0..3usize.pow(6) {
        let timeout = |digit: u32| each[bits / 3usize.pow(digit) % 3];
        let timeouts = Timeouts {
            handshake: None,
            close: timeout(0),
            write: timeout(1),
            ping: timeout(2),
            pong: timeout(3),
            idle: timeout(4),
            message: timeout(5),
        };
        for reports in [
            &[ReadBlocked][..],
            &[Fragment, Receive, ReadBlocked],
            &[Send, WriteBlocked, ReadBlocked],
            &[Close, ReadBlocked],
        ] {
            let mut session = session_after(Role::Server, timeouts, reports);
            for now in [0, 0, 0, 1, 1, u64::MAX].map(s) {
                let _ = session.next(now);
                assert!(session.buffered_amount() < 200, "{timeouts:?} {reports:?}");
            }
        }
    }
}

#[test]
fn a_peer_that_always_has_bytes_does_not_suspend_the_write_timeout() {
    let timeouts = Timeouts { write: Some(s(30)), ..Timeouts::default() };
    let mut session = session_after(Role::Server, timeouts, &[Send, WriteBlocked]);
    assert_eq!(session.next(s(0)), Ok(Next::Read));
    assert_eq!(session.next(s(30) - NANOSECOND), Ok(Next::Read));
    assert_eq!(session.next(s(30)), Err(TimedOut::Write));
}

/// The close deadline: after `write` while our Close frame is queued, and after `close` once it is
/// written, or nothing is waited for.
#[test]
fn a_closed_connection_has_no_deadline_but_that_of_the_closing_handshake() {
    let rows: &[(&[Report], u64)] = &[
        (&[PeerClose, Receive, WriteBlocked, ReadBlocked], 1),
        (&[PeerClose, Receive, Wrote, WriteBlocked, ReadBlocked], 1),
        (&[PeerClose, Receive, Wrote, Flushed, WriteBlocked, ReadBlocked], 5),
        (&[PeerClose, Receive, WriteBlocked, WriteFailed, ReadBlocked], 5),
        (&[Violation, Receive, WriteBlocked, ReadBlocked], 5),
    ];
    let timeouts = Timeouts { write: Some(s(1)), close: Some(s(5)), ..Timeouts::default() };
    for &(reports, deadline) in rows {
        let mut session = session_after(Role::Server, timeouts, reports);
        assert_eq!(session.next(s(0)), wait(deadline), "{reports:?}");
        assert_eq!(session.next(s(deadline) - NANOSECOND), wait(deadline), "{reports:?}");
        assert_eq!(session.next(s(deadline)), Ok(Next::Done), "{reports:?}");
    }
}

/// Each byte that the peer takes of the messages before our Close frame is progress.
#[test]
fn progress_of_writing_postpones_the_deadline_of_a_queued_close_frame() {
    for (write, period) in [(Some(s(30)), 30), (None, 5)] {
        for reports in [&[Send, Close][..], &[Send, PeerClose, Receive]] {
            let timeouts = Timeouts { write, close: Some(s(5)), ..OFF };
            let mut session = session_after(Role::Server, timeouts, reports);
            let mut now = 0;
            for _ in 0..6 {
                assert_eq!(session.next(s(now)), Ok(Next::Write), "{reports:?}");
                session.wrote(1);
                session.write_would_block(s(now));
                session.read_would_block();
                // Until then, it also waits for the end to be reported.
                let is_closed = session.closed().is_some();
                let deadline = if is_closed && now < 5 { 5 } else { now + period };
                assert_eq!(session.next(s(now)), wait(deadline), "{reports:?}");
                now += period - 1;
                session.stream_ready();
            }
            assert_eq!(drive_to_wait(&mut session, s(now)), wait(now + 5), "{reports:?}: written");
        }
    }
}

#[test]
fn late_reads_of_a_closing_handshake_are_counted_not_the_questions() {
    const LATE_READS: usize = 16;
    for (reports, last) in [
        (&[Close, Wrote, Flushed][..], Err(TimedOut::Close)),
        (&[PeerClose, Receive, Wrote, Flushed, ShutDown], Ok(Next::Done)),
    ] {
        let mut session = session_after(Role::Server, Timeouts::default(), reports);
        for _ in 0..LATE_READS {
            for _ in 0..3 {
                assert_eq!(session.next(s(1000)), Ok(Next::Read), "{reports:?}");
            }
            session.received(b"");
            assert_eq!(session.receive(s(1000)), None);
        }
        assert_eq!(session.next(s(1000)), last, "{reports:?}");
    }
}

#[test]
fn write_would_block_with_nothing_to_write_begins_no_write_deadline() {
    let timeouts = Timeouts { write: Some(s(30)), ..OFF };
    let mut session = session_after(Role::Server, timeouts, &[WriteBlocked, ReadBlocked]);
    assert_eq!(session.next(s(0)), Ok(Wait(None)));
    // Nor does it hold up what is sent later, or suspend its deadline.
    Send.make(&mut session, s(40));
    assert_eq!(session.next(s(40)), Ok(Next::Write));
    WriteBlocked.make(&mut session, s(40));
    assert_eq!(session.next(s(40)), wait(70));
    assert_eq!(session.next(s(70)), Err(TimedOut::Write));
}

/// A peer that sends without end after its Close, and reads nothing.
#[test]
fn a_closed_connection_that_reads_has_no_write_deadline() {
    let timeouts = Timeouts { write: Some(s(1)), close: Some(s(5)), ..Timeouts::default() };
    let mut session = session_after(Role::Server, timeouts, &[PeerClose, Receive, WriteBlocked]);
    for now in 0..5 {
        assert_eq!(session.next(s(now)), Ok(Next::Read));
        session.received(b"");
    }
}

#[test]
fn a_stream_that_accepts_no_byte_has_failed() {
    let mut session = session_after(Role::Server, Timeouts::default(), &[Send]);
    assert_eq!(session.next(s(0)), Ok(Next::Write));
    session.wrote(0);
    assert_eq!(session.next(s(0)), Ok(Next::Read), "its last messages can be received");
}

fn timeouts() -> impl Strategy<Value = Timeouts> {
    let timeout = || proptest::option::weighted(0.8, (1..40u64).prop_map(s));
    (timeout(), timeout(), timeout(), timeout(), timeout(), timeout()).prop_map(
        |(close, write, ping, pong, idle, message)| Timeouts {
            handshake: None,
            close,
            write,
            ping,
            pong,
            idle,
            message,
        },
    )
}

fn reports() -> impl Strategy<Value = Vec<(Report, u64)>> {
    let report = prop::sample::select(vec![
        Send,
        Report::Ping,
        Close,
        Receive,
        Message,
        Fragment,
        LastFragment,
        PeerPing,
        PeerPong,
        PeerClose,
        ReadBlocked,
        End,
        Wrote,
        Flushed,
        WriteBlocked,
        WriteFailed,
        ShutDown,
        Ready,
    ]);
    proptest::collection::vec((report, 0..9u64), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// A loop that sleeps until the deadline in [`Wait`] misses nothing, and wakes up for
    /// something.
    #[test]
    fn wait_is_until_the_next_thing_that_happens(
        is_server: bool, timeouts in timeouts(), reports in reports(),
    ) {
        let role = if is_server { Role::Server } else { Role::Client };
        let mut session = session(role, timeouts);
        let mut now = s(0);
        for (report, later) in reports {
            report.make(&mut session, now);
            now += s(later);
            let next = session.next(now);
            let Ok(Wait(until)) = next else { continue };
            let (buffered, had_ended) = (session.buffered_amount(), session.has_ended());
            let before = until.map_or(now + s(1_000_000), |until| until - NANOSECOND);
            prop_assert!(until.is_none_or(|until| until > now), "{until:?} at {now:?}");
            prop_assert_eq!(session.next(before), next, "just before");
            prop_assert_eq!(session.buffered_amount(), buffered);
            prop_assert_eq!(session.has_ended(), had_ended);
            let Some(until) = until else { break };
            let at = session.next(until);
            // What it may wake up for, and wait again: a ping, and the end of the connection.
            let pinged = session.buffered_amount() > buffered;
            let ended = session.has_ended() && !had_ended;
            let happened = !matches!(at, Ok(Wait(_))) || pinged || ended;
            prop_assert!(happened, "nothing at {until:?}: {at:?}");
            now = until;
        }
    }
}
