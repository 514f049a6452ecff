//! What [`Session::next`] answers in each state, and what each report changes.

use bytes::BufMut;
use sansocket::session::Next::{self, Done, Flush, Read, ShutdownWrite, Wait, Write};
use sansocket::session::Session;
use sansocket::timing::Timeouts;
use sansocket::{CloseOutcome, Config, Event, Role, State};
use support::connection;

use super::sessions::Report::{self, *};
use super::sessions::{
    BOTH, closed_events, drive_to_done, events, from_peer, s, session, session_after, write,
};
use super::shutdown::SHUTDOWN;

/// The reports, and the answer: the same in both roles.
type Row = (&'static [Report], Next);

const KEEP_ALIVE: Next = Wait(Some(s(20)));
pub const STALL: Next = Wait(Some(s(120)));
pub const CLOSE: Next = Wait(Some(s(5)));

const OPEN: &[Row] = &[
    (&[], Read),
    (&[ReadBlocked], KEEP_ALIVE),
    (&[ReadBlocked, Ready], Read),
    // Output goes first.
    (&[Send], Write),
    (&[Send, WroteOne], Write),
    (&[Send, Wrote], Flush),
    (&[Send, Wrote, Flushed], Read),
    (&[Send, Wrote, Send], Write),
    (&[ReadBlocked, Send], Write),
    // A blocked write does not stop reading, until the stream is ready.
    (&[Send, WriteBlocked], Read),
    (&[Send, WriteBlocked, Send], Read),
    (&[Send, WriteBlocked, ReadBlocked], KEEP_ALIVE),
    (&[Send, WriteBlocked, Ready], Write),
    (&[Send, WriteBlocked, ReadBlocked, Ready, Wrote], Flush),
    (&[Send, Wrote, WriteBlocked], Read),
    (&[Send, Wrote, WriteBlocked, Ready], Flush),
    // Events that are not taken stop reading, and nothing else.
    (&[Message], Wait(None)),
    (&[Message, Send], Write),
    (&[Message, Send, Wrote], Flush),
    (&[Message, Send, WriteBlocked], STALL),
    (&[Message, Receive], Read),
    (&[Message, Receive, Message], Wait(None)),
    // A pong is queued once the ping is taken.
    (&[PeerPing], Wait(None)),
    (&[PeerPing, Receive], Write),
    // A stream that can't be written is read from, and is not written to again.
    (&[Send, WriteFailed], Read),
    (&[Send, WriteFailed, Ready], Read),
    (&[Send, WriteFailed, ReadBlocked], KEEP_ALIVE),
    (&[Send, Wrote, WriteFailed, Ready], Read),
    // The end of the stream is an event.
    (&[End], Wait(None)),
    (&[Send, End], Write),
];

const CLOSING: &[Row] = &[
    (&[Close], Write),
    (&[Send, Close, Wrote], Flush),
    (&[Close, Wrote, Flushed], Read),
    (&[Close, Wrote, Flushed, ReadBlocked], CLOSE),
    (&[Close, WriteBlocked], Read),
    (&[Close, WriteBlocked, ReadBlocked], STALL),
    (&[Close, WriteFailed, ReadBlocked], CLOSE),
    (&[Close, Wrote, Flushed, Message, Receive], Read),
    (&[Close, WriteFailed], Read),
    // The close deadline holds for an application that does not take its events.
    (&[Close, Wrote, Flushed, Message], CLOSE),
];

#[test]
fn next_of_an_open_or_closing_connection() {
    for role in BOTH {
        for &(reports, next) in [OPEN, CLOSING].concat().iter() {
            let mut session = session_after(role, Timeouts::default(), reports);
            assert_eq!(session.next(s(0)), Ok(next), "{role:?} {reports:?}");
            assert_eq!(session.next(s(0)), Ok(next), "{role:?} {reports:?}: called again");
        }
    }
}

/// Every state of the tables, and those of the shutdown.
fn all_states() -> impl Iterator<Item = (Role, &'static [Report])> {
    let shutdown = SHUTDOWN.iter().map(|&(reports, ..)| reports);
    let reports = OPEN.iter().chain(CLOSING).map(|&(reports, _)| reports).chain(shutdown);
    reports.flat_map(|reports| BOTH.map(|role| (role, reports)))
}

/// The events of a session after these reports, which takes the rest with `rest`.
fn events_of(
    role: Role,
    reports: &[Report],
    rest: impl Fn(&mut Session) -> Vec<Event>,
) -> Vec<Event> {
    let mut session = session(role, Timeouts::default());
    let mut taken = Vec::new();
    for &report in reports {
        match report {
            Receive => taken.extend(events(&mut session, s(0))),
            report => report.make(&mut session, s(0)),
        }
    }
    taken.extend(rest(&mut session));
    taken
}

#[test]
fn abort_in_every_state_is_done_and_closed_is_the_last_event() {
    for (role, reports) in all_states() {
        let taken = events_of(role, reports, |session| {
            session.abort();
            assert_eq!(session.next(s(0)), Ok(Done), "{role:?} {reports:?}");
            assert_eq!((session.state(), session.is_done()), (State::Closed, true));
            assert!(!session.wants_read(), "{role:?} {reports:?}");
            events(session, s(0))
        });
        assert_eq!(closed_events(&taken), 1, "{role:?} {reports:?}");
        assert!(matches!(taken.last(), Some(Event::Closed(_))), "{role:?} {reports:?}");
    }
}

#[test]
fn end_of_stream_in_every_state_leads_to_done() {
    for (role, reports) in all_states() {
        for write_fails in [false, true] {
            let taken = events_of(role, reports, |session| {
                session.end_input();
                drive_to_done(session, write_fails, s(0))
            });
            assert_eq!(closed_events(&taken), 1, "{role:?} {reports:?}");
        }
    }
}

#[test]
fn write_failure_in_every_state_leads_to_done_at_the_end_of_stream() {
    for (role, reports) in all_states() {
        let taken = events_of(role, reports, |session| {
            session.write_failed();
            drive_to_done(session, true, s(0))
        });
        assert_eq!(closed_events(&taken), 1, "{role:?} {reports:?}");
    }
}

#[test]
fn messages_before_the_end_of_stream_or_a_failed_write_are_received() {
    for role in BOTH {
        let taken = events_of(role, &[Message, Send, WriteFailed, Message, PeerClose], |session| {
            drive_to_done(session, true, s(0))
        });
        let [Event::Message(_), Event::Message(_), Event::Closed(closed)] = &taken[..] else {
            panic!("{taken:?}");
        };
        assert_eq!(closed.outcome(), CloseOutcome::Clean);
    }
}

/// A loop may stop at the last event: it does not have to take `None` after it.
#[test]
fn nothing_is_left_to_take_after_closed() {
    for role in BOTH {
        for borrows in [false, true] {
            let mut session = session_after(role, Timeouts::default(), &[]);
            let mut close = from_peer(role, 0x88, b"");
            session.bytes_received(close.len());
            let is_closed = if borrows {
                session.receive_from(&mut &mut close[..], s(0)).is_some()
            } else {
                session.received(&close);
                session.receive(s(0)).is_some()
            };
            assert!(is_closed && session.closed().is_some());
            write(&mut session);
            session.flushed();
            if role == Role::Server {
                assert_eq!(session.next(s(0)), Ok(ShutdownWrite));
                session.write_half_shut_down();
            }
            assert_eq!(session.next(s(0)), Ok(Read), "{role:?}");
        }
    }
}

#[test]
fn borrowed_events_are_to_be_taken_until_none() {
    for role in BOTH {
        let mut session = session_after(role, Timeouts::default(), &[]);
        let mut frame = from_peer(role, 0x81, b"hello");
        let mut received = &mut frame[..];
        session.bytes_received(received.len());
        assert_eq!(session.next(s(0)), Ok(Wait(None)));
        assert!(session.receive_from(&mut received, s(0)).is_some());
        assert_eq!(session.next(s(0)), Ok(Wait(None)));
        assert!(session.receive_from(&mut received, s(0)).is_none());
        assert_eq!(session.next(s(0)), Ok(Read));
    }
}

/// The opening handshake may leave bytes to a connection.
#[test]
fn session_reads_at_once_unless_its_connection_has_received_bytes() {
    for role in BOTH {
        assert_eq!(session(role, Timeouts::default()).next(s(0)), Ok(Read));
        let mut connection = connection(role, Config::new());
        connection.input().put_slice(&from_peer(role, 0x81, b"early"));
        let mut session = Session::new(connection, Timeouts::default(), s(0));
        assert_eq!(session.next(s(0)), Ok(Wait(None)));
        assert_eq!(events(&mut session, s(0)), [Event::Message("early".into())]);
        assert_eq!(session.next(s(0)), Ok(Read));
    }
}

/// With other interests, a level-triggered loop spins, or misses a wake-up.
#[test]
fn interest_is_what_next_waits_for() {
    for (role, reports) in all_states() {
        let mut session = session_after(role, Timeouts::default(), reports);
        let (mut reads, mut writes) = (false, false);
        for ready in [false, true] {
            if ready {
                session.stream_ready();
            }
            loop {
                match session.next(s(0)).unwrap() {
                    Write | Flush | ShutdownWrite => {
                        session.write_would_block(s(0));
                        writes |= ready;
                    }
                    Read => {
                        session.read_would_block();
                        reads |= ready;
                    }
                    Wait(_) | Done => break,
                }
            }
        }
        let interest = (session.wants_read(), session.wants_write());
        assert_eq!(interest, (reads, writes), "{role:?} {reports:?}");
    }
}
