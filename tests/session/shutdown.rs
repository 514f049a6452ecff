//! The shutdown sequence of the stream, as [`Session::next`] asks for it: RFC 6455 §7.1.1.
//!
//! [`Session::next`]: sansocket::session::Session::next

use std::time::Duration;

use sansocket::session::Next::{self, Done, Flush, Read, ShutdownWrite, Wait, Write};
use sansocket::timing::{TimedOut, Timeouts};
use sansocket::{CloseOutcome, Role};

use super::next::CLOSE;
use super::sessions::Report::{self, *};
use super::sessions::{BOTH, OFF, closed_events, drive_to_wait, events, s, session_after, wait};

/// The reports after the connection was closed; the server's answer, and the client's.
pub type ShutdownRow = (&'static [Report], Next, Next);

/// RFC 6455 §7.1.1: the server shuts down first, the client waits for the end of the stream.
pub const SHUTDOWN: &[ShutdownRow] = &[
    (&[PeerClose, Receive], Write, Write),
    (&[PeerClose, Receive, WroteOne], Write, Write),
    (&[PeerClose, Receive, Wrote], Flush, Flush),
    (&[PeerClose, Receive, Wrote, Flushed], ShutdownWrite, Read),
    (&[PeerClose, Receive, Wrote, Flushed, ShutDown], Read, Read),
    (&[PeerClose, Receive, Wrote, Flushed, ShutDown, ReadBlocked], CLOSE, CLOSE),
    (&[PeerClose, Receive, Wrote, Flushed, ShutDown, End], Done, Done),
    // Either side may have begun, and a protocol error shuts down the same way.
    (&[Close, Wrote, Flushed, PeerClose, Receive], ShutdownWrite, Read),
    (&[Close, PeerClose, Receive], Write, Write),
    (&[Violation, Receive], Write, Write),
    (&[Violation, Receive, Wrote, Flushed], ShutdownWrite, Read),
    // Reading goes on while writing has to wait,
    (&[PeerClose, Receive, WriteBlocked], Read, Read),
    (&[PeerClose, Receive, Wrote, WriteBlocked], Read, Read),
    (&[PeerClose, Receive, Wrote, Flushed, WriteBlocked], Read, Read),
    (&[PeerClose, Receive, WriteBlocked, ReadBlocked], CLOSE, CLOSE),
    (&[Violation, Receive, WriteBlocked, ReadBlocked], CLOSE, CLOSE),
    (&[PeerClose, Receive, WriteBlocked, ReadBlocked, Ready], Write, Write),
    // also after more bytes arrived, which are discarded.
    (&[PeerClose, Receive, Wrote, Flushed, ShutDown, Message], Read, Read),
    (&[PeerClose, Receive, WriteBlocked, Message], Read, Read),
    // The end of the stream ends no step but the last.
    (&[PeerClose, Receive, End], Write, Write),
    (&[PeerClose, Receive, End, Wrote], Flush, Flush),
    (&[PeerClose, Receive, End, WriteBlocked], CLOSE, CLOSE),
    (&[PeerClose, Receive, End, Wrote, Flushed], ShutdownWrite, Done),
    (&[PeerClose, Receive, End, Wrote, Flushed, ShutDown], Done, Done),
    // The peer ends its half before it closes.
    (&[End, Receive], ShutdownWrite, Done),
    (&[Send, End, Receive], Write, Write),
    (&[Send, End, Receive, Wrote, Flushed], ShutdownWrite, Done),
    // A failed write ends the first two steps, before the connection is closed too.
    (&[PeerClose, Receive, WriteFailed], Read, Read),
    (&[PeerClose, Receive, Wrote, WriteFailed], Read, Read),
    (&[PeerClose, Receive, Wrote, Flushed, WriteBlocked, WriteFailed], Read, Read),
    (&[PeerClose, Receive, WriteFailed, Ready], Read, Read),
    (&[PeerClose, Receive, WriteFailed, End], Done, Done),
    (&[Send, WriteFailed, PeerClose, Receive], Read, Read),
    (&[Close, WriteFailed, PeerClose, Receive, End], Done, Done),
    // No report changes the end.
    (&[Abort], Done, Done),
    (&[Send, Abort, Ready, Message, ShutDown, End], Done, Done),
];

#[test]
fn next_of_a_closed_connection_is_the_shutdown_sequence() {
    for &(reports, server, client) in SHUTDOWN {
        for (role, next) in [(Role::Server, server), (Role::Client, client)] {
            let mut session = session_after(role, Timeouts::default(), reports);
            assert_eq!(session.next(s(0)), Ok(next), "{role:?} {reports:?}");
            assert_eq!(session.is_done(), next == Done, "{role:?} {reports:?}");
            assert_eq!(session.next(s(0)), Ok(next), "{role:?} {reports:?}: called again");
        }
    }
}

/// Steps of the shutdown sequence in which the stream does nothing more, and how long they last:
/// [`Timeouts::write`] while our Close frame is queued, then [`Timeouts::close`].
const STUCK: &[(&[Report], u64)] = &[
    (&[PeerClose, Receive, WriteBlocked, ReadBlocked], 120),
    (&[PeerClose, Receive, Wrote, WriteBlocked, ReadBlocked], 120),
    (&[PeerClose, Receive, Wrote, Flushed, ReadBlocked], 5),
    (&[PeerClose, Receive, WriteFailed, ReadBlocked], 5),
    (&[Violation, Receive, WriteBlocked, ReadBlocked], 5),
    (&[Close, WriteBlocked, PeerClose, Receive, ReadBlocked], 120),
    (&[PeerClose, Receive, End, WriteBlocked], 120),
];

#[test]
fn close_deadline_cuts_each_step_of_the_shutdown_short_without_an_error() {
    for role in BOTH {
        for &(reports, seconds) in STUCK {
            let mut session = session_after(role, Timeouts::default(), reports);
            // A server that waits for nothing but its shutdown.
            if session.next(s(0)) == Ok(ShutdownWrite) {
                session.write_would_block(s(0));
            }
            let before = s(seconds) - Duration::from_nanos(1);
            if session.next(s(0)) != Ok(Done) {
                assert_eq!(session.next(before), wait(seconds), "{role:?} {reports:?}");
                assert!(!session.is_done());
            }
            assert_eq!(session.next(s(seconds)), Ok(Done), "{role:?} {reports:?}");
            assert!(session.is_done());
        }
    }
}

#[test]
fn close_deadline_before_the_closing_handshake_is_done_is_an_error() {
    for role in BOTH {
        for (reports, seconds) in [
            (&[Close, Wrote, Flushed, ReadBlocked][..], 5),
            (&[Close, WriteBlocked, ReadBlocked], 120),
            (&[Close, WriteFailed, ReadBlocked], 5),
            (&[Close, Wrote, Flushed, Message], 5),
        ] {
            let mut session = session_after(role, Timeouts::default(), reports);
            assert_eq!(session.next(s(0)), wait(seconds), "{role:?} {reports:?}");
            assert_eq!(session.next(s(seconds)), Err(TimedOut::Close), "{role:?} {reports:?}");
            assert_eq!(session.next(s(seconds)), Ok(Done), "{role:?} {reports:?}");
            let closed = session.closed().expect("the connection is over");
            assert_eq!(closed.outcome(), CloseOutcome::ConnectionLost);
            assert_eq!(closed_events(&events(&mut session, s(seconds))), 1, "{role:?} {reports:?}");
        }
    }
}

/// Otherwise a peer that answers in the last moment extends the deadline.
#[test]
fn close_deadline_begins_with_the_first_close_frame() {
    for role in BOTH {
        let mut session = session_after(role, Timeouts::default(), &[Close, Wrote, Flushed]);
        PeerClose.make(&mut session, s(4));
        Receive.make(&mut session, s(4));
        assert_eq!(drive_to_wait(&mut session, s(4)), Ok(CLOSE), "{role:?}");
    }
}

/// What is queued before our Close frame, and does not arrive.
#[test]
fn end_is_reported_at_the_close_timeout_after_the_peers_close_whatever_is_queued() {
    for role in BOTH {
        for reports in [
            &[PeerClose, Receive, WriteBlocked, ReadBlocked][..],
            &[Send, PeerClose, Receive, WriteBlocked, ReadBlocked],
            &[Send, WroteOne, PeerClose, Receive, WriteBlocked, ReadBlocked],
            &[Close, WriteBlocked, PeerClose, Receive, ReadBlocked],
            &[PeerClose, Receive, Wrote, WriteBlocked, ReadBlocked],
            &[PeerClose, Receive, WriteBlocked, End],
        ] {
            let mut session = session_after(role, Timeouts::default(), reports);
            for now in [s(0), s(5) - Duration::from_nanos(1)] {
                assert_eq!(session.next(now), Ok(CLOSE), "{role:?} {reports:?}");
                assert!(!session.has_ended(), "{role:?} {reports:?}");
            }
            assert_eq!(session.next(s(5)), wait(120), "{role:?} {reports:?}");
            assert!(session.has_ended() && !session.is_done(), "{role:?} {reports:?}");
        }
    }
}

#[test]
fn end_is_reported_in_time_and_writing_continues_as_long_as_the_peer_reads() {
    let reports = [Send, PeerClose, Receive, ReadBlocked];
    let mut session = session_after(Role::Server, Timeouts::default(), &reports);
    for now in 0..9 {
        assert_eq!(session.next(s(now)), Ok(Write));
        session.wrote(1);
        session.write_would_block(s(now));
        let deadline = if now < 5 { 5 } else { now + 120 };
        assert_eq!(session.next(s(now)), wait(deadline));
        assert_eq!(session.has_ended(), now >= 5, "{now} s");
        session.stream_ready();
        session.read_would_block();
    }
    Wrote.make(&mut session, s(9));
    Flushed.make(&mut session, s(9));
    assert_eq!(session.next(s(9)), Ok(ShutdownWrite));
}

/// RFC 6455 §7.1.3: the closing handshake begins when the Close frame is sent.
#[test]
fn end_that_the_peer_has_not_begun_is_not_reported_in_its_place() {
    for role in BOTH {
        let mut session =
            session_after(role, Timeouts::default(), &[Close, WriteBlocked, ReadBlocked]);
        assert_eq!(session.next(s(0)), wait(120), "{role:?}");
        assert_eq!(session.next(s(100)), wait(120), "{role:?}");
        assert!(!session.has_ended(), "{role:?}");
    }
}

#[test]
fn without_a_close_timeout_the_shutdown_waits_for_the_peer() {
    for role in BOTH {
        for reports in [&[Close][..], &[PeerClose, Receive]] {
            let mut session = session_after(role, OFF, reports);
            for now in [s(0), s(1_000_000)] {
                assert_eq!(drive_to_wait(&mut session, now), Ok(Wait(None)), "{role:?}");
            }
        }
    }
}
