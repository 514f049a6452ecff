//! Sessions for the tables: a session in any state, and the reports that lead to it.

use std::time::Duration;

use bytes::Buf;
use sansocket::session::{Next, Session};
use sansocket::timing::{TimedOut, Timeouts};
use sansocket::{CloseCode, Config, Event, Role};
pub use support::{OFF, s};
use support::{connection, masked, unmasked};

pub const BOTH: [Role; 2] = [Role::Server, Role::Client];

/// An open session at 0 s.
pub fn session(role: Role, timeouts: Timeouts) -> Session {
    Session::new(connection(role, Config::new()), timeouts, s(0))
}

/// Nothing before this second.
pub const fn wait(seconds: u64) -> Result<Next, TimedOut> {
    Ok(Next::Wait(Some(s(seconds))))
}

/// A session after these reports, at 0 s.
pub fn session_after(role: Role, timeouts: Timeouts, reports: &[Report]) -> Session {
    let mut session = session(role, timeouts);
    assert_eq!(session.receive(s(0)), None);
    for report in reports {
        report.make(&mut session, s(0));
    }
    session
}

/// What happens to a session: a call of the application, or a report of the event loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The application sends a message of 5 bytes.
    Send,
    /// It pings.
    Ping,
    /// It begins to close.
    Close,
    /// It takes all events.
    Receive,
    Abort,
    /// A message arrives.
    Message,
    /// The first fragment of a message arrives, or the next one of it.
    Fragment,
    /// The last fragment of a message arrives.
    LastFragment,
    /// A ping arrives.
    PeerPing,
    /// A pong to the first ping arrives.
    PeerPong,
    /// A Close frame arrives.
    PeerClose,
    /// A frame arrives that violates the protocol.
    Violation,
    ReadBlocked,
    /// The stream ends.
    End,
    /// The stream accepts all output.
    Wrote,
    /// It accepts one byte.
    WroteOne,
    Flushed,
    WriteBlocked,
    WriteFailed,
    ShutDown,
    Ready,
}

impl Report {
    pub fn make(self, session: &mut Session, now: Duration) {
        let role = session.role();
        match self {
            Self::Send => drop(session.send("hello")),
            Self::Ping => drop(session.ping(now)),
            Self::Close => session.close(CloseCode::NORMAL, now),
            Self::Receive => drop(events(session, now)),
            Self::Abort => session.abort(),
            Self::Message => session.received(&from_peer(role, 0x81, b"hello")),
            Self::Fragment => {
                let first = if session.connection().unfinished_message().is_some() { 0 } else { 1 };
                session.received(&from_peer(role, first, b"he"));
            }
            Self::LastFragment => session.received(&from_peer(role, 0x80, b"llo")),
            Self::PeerPing => session.received(&from_peer(role, 0x89, b"")),
            Self::PeerPong => session.received(&from_peer(role, 0x8a, &1u64.to_be_bytes())),
            Self::PeerClose => session.received(&from_peer(role, 0x88, &[3, 232])),
            Self::Violation => session.received(&from_peer(role, 0x83, b"")),
            Self::ReadBlocked => session.read_would_block(),
            Self::End => session.end_input(),
            Self::Wrote => drop(write(session)),
            Self::WroteOne => session.wrote(1),
            Self::Flushed => session.flushed(),
            Self::WriteBlocked => session.write_would_block(now),
            Self::WriteFailed => session.write_failed(),
            // It is what the last answer demanded.
            Self::ShutDown => {
                let _ = session.next(now);
                session.write_half_shut_down();
            }
            Self::Ready => session.stream_ready(),
        }
    }
}

/// A frame from the peer of this role.
pub fn from_peer(role: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    match role {
        Role::Server => masked(first, payload),
        Role::Client => unmasked(first, payload),
    }
}

/// Takes all events.
pub fn events(session: &mut Session, now: Duration) -> Vec<Event> {
    std::iter::from_fn(|| session.receive(now)).collect()
}

pub fn closed_events(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Closed(_))).count()
}

/// Takes all output, as a stream that accepts everything.
pub fn write(session: &mut Session) -> Vec<u8> {
    let mut written = Vec::new();
    while session.output().has_remaining() {
        let chunk = session.output().chunk().to_vec();
        session.wrote(chunk.len());
        written.extend(chunk);
    }
    written
}

/// Drives a session on a stream that accepts everything and has ended, or that fails both ways, to
/// its end. Returns the events. Time stands still.
pub fn drive_to_done(session: &mut Session, fails: bool, now: Duration) -> Vec<Event> {
    let mut taken = Vec::new();
    for _ in 0..12 {
        session.stream_ready();
        taken.extend(events(session, now));
        match session.next(now) {
            Ok(Next::Write | Next::Flush) if fails => session.write_failed(),
            Ok(Next::Write) => drop(write(session)),
            Ok(Next::Flush) => session.flushed(),
            Ok(Next::ShutdownWrite) => session.write_half_shut_down(),
            Ok(Next::Read) => session.end_input(),
            Ok(Next::Done) => return taken,
            other => panic!("{other:?}: nothing to wait for"),
        }
    }
    panic!("not done: {:?}", session.next(now));
}

/// Drives a session on a stream that accepts everything and from which nothing arrives, until it
/// waits, is done, or has timed out.
pub fn drive_to_wait(session: &mut Session, now: Duration) -> Result<Next, TimedOut> {
    session.stream_ready();
    for _ in 0..12 {
        match session.next(now)? {
            Next::Write => drop(write(session)),
            Next::Flush => session.flushed(),
            Next::ShutdownWrite => session.write_half_shut_down(),
            Next::Read => session.read_would_block(),
            next @ (Next::Wait(_) | Next::Done) => return Ok(next),
        }
    }
    panic!("does not come to rest: {:?}", session.next(now));
}
