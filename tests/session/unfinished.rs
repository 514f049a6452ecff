//! A message that was begun and is not continued: `Timeouts::message`.

use std::time::Duration;

use bytes::BufMut;
use sansocket::session::Next::{self, Done, Read, Wait};
use sansocket::session::Session;
use sansocket::timing::{TimedOut, Timeouts};
use sansocket::{Config, Event, Role};
use support::connection;

use super::sessions::Report::{self, *};
use super::sessions::{BOTH, OFF, drive_to_wait, events, from_peer, s, session_after, wait};

const ONLY_MESSAGE: Timeouts = Timeouts { message: Some(Duration::from_secs(60)), ..OFF };

/// Reports, and takes the events; then asks what is next, with nothing to read.
fn arrive(session: &mut Session, now: u64, reports: &[Report]) -> Result<Next, TimedOut> {
    for report in reports {
        report.make(session, s(now));
        events(session, s(now));
    }
    drive_to_wait(session, s(now))
}

#[test]
fn half_a_message_times_out_60_s_after_its_last_byte() {
    for role in BOTH {
        let mut session = session_after(role, ONLY_MESSAGE, &[]);
        assert_eq!(drive_to_wait(&mut session, s(0)), Ok(Wait(None)), "between messages");
        assert_eq!(arrive(&mut session, 10, &[Fragment]), wait(70));
        assert_eq!(arrive(&mut session, 30, &[Fragment]), wait(90), "it continues");
        // Nothing else is progress.
        assert_eq!(arrive(&mut session, 80, &[PeerPing, PeerPong]), wait(90));
        session.received(&from_peer(role, 0, b""));
        assert_eq!(arrive(&mut session, 85, &[Receive]), wait(90), "an empty fragment");
        assert_eq!(session.next(s(90)), Err(TimedOut::Message));
        assert_eq!(session.next(s(90)), Ok(Done));
        assert!(matches!(events(&mut session, s(90))[..], [Event::Closed(_)]));
        assert_eq!(session.connection().bytes_held(), 0);
    }
}

#[test]
fn the_timeout_begins_anew_with_each_message() {
    for role in BOTH {
        let mut session = session_after(role, ONLY_MESSAGE, &[]);
        assert_eq!(arrive(&mut session, 0, &[Fragment]), wait(60));
        assert_eq!(arrive(&mut session, 10, &[LastFragment]), Ok(Wait(None)));
        assert_eq!(arrive(&mut session, 20, &[Message, Fragment]), wait(80));
        // The end of one and the beginning of the next in the same read; neither has a byte.
        let both = [from_peer(role, 0x80, b""), from_peer(role, 1, b"")].concat();
        session.received(&both);
        assert_eq!(arrive(&mut session, 50, &[Receive]), wait(110));
        // Nor has this one: only its header is there.
        let both = [from_peer(role, 0x80, b""), from_peer(role, 1, b"a")].concat();
        session.received(&both[..both.len() - 1]);
        assert_eq!(arrive(&mut session, 70, &[Receive]), wait(130));
    }
}

/// A frame of which a part has arrived is a message that is not complete too.
#[test]
fn a_slow_frame_lives_as_long_as_bytes_arrive() {
    for role in BOTH {
        let mut session = session_after(role, ONLY_MESSAGE, &[]);
        let frame = from_peer(role, 0x81, &[b'a'; 100]);
        let (header, payload) = frame.split_at(frame.len() - 100);
        session.received(header);
        assert_eq!(arrive(&mut session, 0, &[Receive]), wait(60));
        for (at, byte) in (1..).zip(payload) {
            assert_eq!(session.next(s(at * 50 + 9)).err(), None);
            session.received(&[*byte]);
            let next = arrive(&mut session, at * 50, &[Receive]);
            assert_eq!(next, if at == 100 { Ok(Wait(None)) } else { wait(at * 50 + 60) });
        }
    }
}

#[test]
fn half_a_message_that_came_with_the_handshake_times_out() {
    for role in BOTH {
        let mut opened = connection(role, Config::new());
        opened.input().put_slice(&from_peer(role, 1, b"he"));
        let mut session = Session::new(opened, ONLY_MESSAGE, s(5));
        assert_eq!(session.receive(s(5)), None);
        assert_eq!(session.next(s(5)), Ok(Read));
        assert_eq!(drive_to_wait(&mut session, s(5)), wait(65));
        assert_eq!(session.next(s(65)), Err(TimedOut::Message));
    }
}

#[test]
fn the_closing_handshake_has_no_deadline_of_a_message() {
    let mut session = session_after(Role::Server, Timeouts::default(), &[Fragment, Receive, Close]);
    assert_eq!(drive_to_wait(&mut session, s(0)), wait(5));
    let off = Timeouts { message: None, ..ONLY_MESSAGE };
    let mut session = session_after(Role::Server, off, &[Fragment, Receive]);
    assert_eq!(drive_to_wait(&mut session, s(0)), Ok(Wait(None)));
}
