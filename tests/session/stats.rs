//! `Stats` of a session: bytes of the stream, times, round trips, and what is not sent at the end.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, OnceLock};

use bytes::{Buf, BufMut};
use sansocket::blocking::{self, WeakSender};
use sansocket::session::Session;
use sansocket::{
    Backpressure, Config, Connection, Event, Overflow, Role, Stats, Timeouts, TrySendError,
};
use support::{masked, unmasked};

use super::sessions::{BOTH, OFF, s, session};

fn from_peer(role: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    if role == Role::Server { masked(first, payload) } else { unmasked(first, payload) }
}

fn write_all(session: &mut Session) -> Vec<u8> {
    let len = session.output().remaining();
    let written = session.output().chunk().to_vec();
    assert_eq!(written.len(), len, "small frames are one chunk");
    session.wrote(len);
    session.flushed();
    written
}

#[test]
fn bytes_are_those_that_the_stream_has_moved() {
    for role in BOTH {
        let mut session = session(role, OFF);
        let frame = from_peer(role, 0x81, b"hello");
        session.received(&frame);
        session.input().put_slice(&frame[..3]);
        session.bytes_received(3);
        while session.receive(s(0)).is_some() {}
        session.send("answer").unwrap();
        let queued = session.buffered_amount();
        let stats = session.stats(s(0));
        assert_eq!((stats.received.bytes, stats.sent.bytes), (frame.len() as u64 + 3, 0));
        assert_eq!((stats.queued_messages, stats.queued_bytes), (1, queued as u64));
        session.wrote(2);
        let stats = session.stats(s(0));
        assert_eq!((stats.sent.bytes, stats.queued_messages), (2, 1));
        assert_eq!(stats.queued_bytes, queued as u64 - 2);
        session.wrote(queued - 2);
        let stats = session.stats(s(0));
        assert_eq!((stats.sent.bytes, stats.queued_messages), (queued as u64, 0));
        assert_eq!((stats.sent.messages, stats.received.messages), (1, 1));
    }
}

#[test]
fn bytes_that_came_with_the_handshake_are_received() {
    for role in BOTH {
        let mut connection = session(role, OFF).into_connection();
        let frame = from_peer(role, 0x81, b"hello");
        connection.input().put_slice(&frame);
        let mut session = Session::new(connection, OFF, s(0));
        assert!(matches!(session.receive(s(0)), Some(Event::Message(_))));
        assert_eq!(session.stats(s(0)).received.bytes, frame.len() as u64);
    }
}

#[test]
fn times_count_from_the_last_read_and_the_last_write() {
    for role in BOTH {
        let mut session = session(role, OFF);
        assert_eq!(session.receive(s(0)), None);
        let since = |session: &Session, now| {
            let stats = session.stats(s(now));
            (stats.since_read, stats.since_write)
        };
        assert_eq!(since(&session, 3), (s(3), s(3)), "from the beginning");
        session.received(&from_peer(role, 0x8a, b""));
        assert_eq!(since(&session, 4), (s(0), s(4)), "not reported to the timer yet");
        while session.receive(s(4)).is_some() {}
        session.read_would_block();
        session.next(s(4)).unwrap();
        assert_eq!(since(&session, 6), (s(2), s(6)));
        session.send("hello").unwrap();
        assert_eq!(since(&session, 6), (s(2), s(6)), "it is not written");
        write_all(&mut session);
        assert_eq!(since(&session, 7), (s(3), s(0)));
        session.next(s(7)).unwrap();
        assert_eq!(since(&session, 9), (s(5), s(2)));
    }
}

#[test]
fn round_trip_is_that_of_the_latest_answered_ping() {
    for role in BOTH {
        let mut session = session(role, OFF);
        assert_eq!(session.stats(s(0)).round_trip, None);
        for (number, sent, answered) in [(1_u64, 10, 12), (2, 20, 25)] {
            assert_eq!(session.ping(s(sent)), Ok(number));
            write_all(&mut session);
            session.next(s(sent)).unwrap();
            session.received(&from_peer(role, 0x8a, &number.to_be_bytes()));
            assert!(session.receive(s(answered)).is_some());
            assert_eq!(session.stats(s(100)).round_trip, Some(s(answered - sent)));
            assert_eq!(session.receive(s(answered)), None);
        }
    }
}

#[test]
fn dropped_and_refused_messages_are_counted_by_each_policy() {
    let policies = [
        (Overflow::Wait, (0, 3)),
        (Overflow::Fail, (0, 3)),
        (Overflow::DropNewest, (3, 0)),
        // The first one closes.
        (Overflow::Close, (0, 1)),
    ];
    for role in BOTH {
        for (overflow, counted) in policies {
            let mut session = session(role, OFF);
            let bounds = Backpressure { hard_limit: 10, overflow, ..Backpressure::default() };
            session.set_backpressure(bounds);
            session.send("ten bytes and more").unwrap();
            for _ in 0..3 {
                let sent = session.send("one more");
                assert_eq!(sent.is_ok(), overflow == Overflow::DropNewest, "{sent:?}");
                assert!(
                    !matches!(sent, Err(TrySendError::Send(..))) || overflow == Overflow::Close
                );
            }
            let stats = session.stats(s(0));
            assert_eq!((stats.dropped, stats.refused), counted, "{overflow:?}");
            assert_eq!((stats.sent.messages, stats.queued_messages), (1, 1));
        }
    }
}

#[test]
fn messages_that_are_unsent_at_the_end_stay_queued() {
    for role in BOTH {
        for partly in [0, 1, 8] {
            let mut session = session(role, OFF);
            session.keep_unsent();
            for message in ["one", "two", "three"] {
                session.send(message).unwrap();
            }
            if partly > 0 {
                session.wrote(partly);
            }
            session.write_failed();
            session.end_input();
            assert!(matches!(session.receive(s(0)), Some(Event::Closed(_))));
            let stats = session.stats(s(1));
            assert_eq!(stats.queued_messages, session.unsent().len() as u64);
            assert_eq!(stats.sent.messages, 3);
            session.abort();
            assert_eq!(session.stats(s(1)).queued_messages, stats.queued_messages);
        }
    }
}

/// Accepts at most 3 bytes at a time, and looks at the statistics before each write. In the first
/// one, another message is queued.
#[derive(Clone, Default)]
struct Watched {
    sender: Arc<OnceLock<WeakSender<Watched>>>,
    seen: Arc<Mutex<Vec<Stats>>>,
}

impl Read for Watched {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl Write for Watched {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let stats = self.sender.get().and_then(WeakSender::stats);
        let mut seen = self.seen.lock().unwrap();
        seen.extend(stats);
        if seen.len() == 1 {
            self.sender.get().and_then(WeakSender::upgrade).unwrap().feed("six").unwrap();
        }
        Ok(bytes.len().min(3))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl blocking::Stream for Watched {}

impl blocking::TryClone for Watched {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(self.clone())
    }
}

#[test]
fn messages_that_another_thread_is_writing_are_queued() {
    let stream = Watched::default();
    let connection = Connection::server(Config::new());
    let socket =
        blocking::WebSocket::from_parts(stream.clone(), connection, Timeouts::default()).unwrap();
    let (sender, _receiver) = socket.split().unwrap();
    assert!(stream.sender.set(sender.downgrade()).is_ok());
    sender.feed("one").unwrap();
    sender.feed("two").unwrap();
    sender.flush().unwrap();
    sender.flush().unwrap();
    // Each message is a header of two bytes and three of payload.
    let seen = stream.seen.lock().unwrap();
    let seen: Vec<_> =
        seen.iter().map(|stats| (stats.queued_messages, stats.queued_bytes)).collect();
    assert_eq!(seen, [(2, 10), (3, 12), (2, 9), (2, 6), (1, 3)]);
    assert_eq!(sender.stats().queued_messages, 0);
}
