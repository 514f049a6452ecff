//! Messages that were accepted and not written: what the peer has received, and what is unsent, are
//! together what was sent, wherever the stream ends.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing", feature = "deflate"))]

use std::io::{self, ErrorKind, IoSlice};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Buf;
use futures_util::SinkExt;
use sansocket::deflate::Deflate;
use sansocket::session::Session;
use sansocket::{
    Backpressure, Compress, Config, Connection, Error, Event, Kind, Message, Outgoing, Overflow,
    Role, SendError, Timeouts, TrySendError, blocking,
};
use support::adapters::ready;
use support::deflate::compressing;
use support::gate::{Task, halves, server};
use support::streams::{Script, Scripted};
use support::{connection, feed_kept};

const NOW: Duration = Duration::ZERO;

fn messages() -> Vec<Outgoing> {
    let long = "long ".repeat(200);
    vec![
        "one".into(),
        Message::from(vec![2; 300]).compress(Compress::Never),
        "".into(),
        Message::from(long).compress(Compress::Always),
        vec![5; 70_000].into(),
        "six".into(),
    ]
}

fn payloads(messages: &[Outgoing]) -> Vec<Vec<u8>> {
    messages.iter().map(|outgoing| outgoing.message.as_bytes().to_vec()).collect()
}

/// A connection that frames messages in one of these ways.
#[derive(Clone, Copy, Debug)]
enum Framing {
    Whole,
    InSmallFrames,
    Compressed,
}

fn open(role: Role, framing: Framing) -> Connection {
    match framing {
        Framing::Whole => connection(role, Config::new()),
        Framing::InSmallFrames => connection(role, Config::new().max_sent_frame_size(1000)),
        Framing::Compressed => compressing(role, Config::new(), Deflate::balance()),
    }
}

/// A session that has queued the messages, and a ping.
fn queued(role: Role, framing: Framing) -> Session {
    let timeouts = Timeouts { ping: None, ..Timeouts::default() };
    let mut session = Session::new(open(role, framing), timeouts, NOW);
    session.keep_unsent();
    messages().into_iter().for_each(|message| session.send(message).unwrap());
    session.ping(NOW).unwrap();
    session
}

#[test]
fn message_is_unsent_until_its_last_byte_is_accepted() {
    for (role, other) in [(Role::Client, Role::Server), (Role::Server, Role::Client)] {
        for framing in [Framing::Whole, Framing::InSmallFrames, Framing::Compressed] {
            let mut session = queued(role, framing);
            let len = session.buffered_amount();
            let whole = session.output().copy_to_bytes(len);
            let mut cuts: Vec<usize> = (0..len).step_by(997).collect();
            cuts.extend([1, 5, 6, 7, 8, 9, 10, 11, len - 1, len]);
            for cut in cuts {
                let mut session = queued(role, framing);
                if cut > 0 {
                    session.wrote(cut);
                }
                let unsent = session.unsent();
                session.flushed();
                assert_eq!(session.unsent(), unsent, "{role:?} {framing:?} {cut}");
                let mut peer = open(other, framing);
                let received = feed_kept(&mut peer, &whole[..cut]);
                let received = received.into_iter().filter_map(|event| match event {
                    Event::Message(message) => Some(message.into_bytes().to_vec()),
                    _ => None,
                });
                let mut all: Vec<_> = received.collect();
                all.extend(payloads(&session.unsent()));
                assert_eq!(all, payloads(&messages()), "{role:?} {framing:?} {cut}");
            }
        }
    }
}

#[test]
fn unsent_messages_keep_kind_and_compression() {
    assert_eq!(queued(Role::Client, Framing::Compressed).unsent(), messages());
}

#[test]
fn messages_before_keep_unsent_are_not_kept() {
    let mut session =
        Session::new(connection(Role::Server, Config::new()), Timeouts::default(), NOW);
    session.send("before").unwrap();
    assert_eq!(session.unsent(), []);
    session.keep_unsent();
    session.send("after").unwrap();
    session.keep_unsent();
    assert_eq!(session.unsent(), ["after".into()]);
}

#[test]
fn refused_and_dropped_messages_are_not_unsent() {
    let mut session =
        Session::new(connection(Role::Server, Config::new()), Timeouts::default(), NOW);
    session.keep_unsent();
    for (overflow, result) in [
        (Overflow::Fail, Err(TrySendError::Full("refused".into()))),
        (Overflow::DropNewest, Ok(())),
    ] {
        session.set_backpressure(Backpressure {
            hard_limit: 1,
            overflow,
            ..Backpressure::default()
        });
        let _ = session.send("accepted");
        assert_eq!(session.send("refused"), result);
        assert_eq!(session.unsent(), ["accepted".into()]);
    }
    assert_eq!(session.dropped(), 2);
}

#[test]
fn every_way_to_send_is_kept() {
    let (gate, _clock, mut socket) = server(Timeouts { ping: None, ..Timeouts::default() });
    socket.keep_unsent();
    ready(socket.feed("fed")).unwrap();
    socket.try_send("tried").unwrap();
    assert!(Task::new(socket.send("sent, and dropped")).poll().is_pending());
    gate.write(&support::masked(0x81, b"hello"));
    assert!(
        ready(socket.recv_with(|message, replies| {
            replies.send(message)?;
            replies.send("reply")
        }))
        .unwrap()
    );
    ready(socket.feed("sink")).unwrap();
    let (sender, receiver) = socket.split();
    ready(sender.feed("half")).unwrap();
    sender.clone().try_send("clone").unwrap();
    ready(sender.reserve()).unwrap().send("permit").unwrap();
    ready(SinkExt::<Message>::feed(&mut sender.clone(), "sink of a half".into())).unwrap();
    let expected: Vec<Outgoing> = [
        "fed",
        "tried",
        "sent, and dropped",
        "hello",
        "reply",
        "sink",
        "half",
        "clone",
        "permit",
        "sink of a half",
    ]
    .map(Outgoing::from)
    .into();
    assert_eq!(sender.unsent(), expected);
    // The first message leaves; then the stream fails.
    gate.read("fed".len() + 2);
    assert!(Task::new(sender.flush()).poll().is_pending());
    assert_eq!(sender.unsent(), expected[1..]);
    gate.fail();
    drop(receiver);
    assert_eq!(sender.unsent(), expected[1..], "after the end, too");
    assert!(matches!(ready(sender.send("late")), Err(Error::Send(SendError::NotOpen))));
    assert_eq!(sender.unsent(), expected[1..]);
}

#[test]
fn message_that_a_buffering_stream_has_accepted_is_written() {
    let (gate, sender, _receiver) = halves(1024);
    gate.lock().buffer = Some(vec![]);
    sender.keep_unsent();
    ready(sender.feed("held")).unwrap();
    assert_eq!(sender.unsent(), ["held".into()]);
    let _sending = Task::pending(sender.flush());
    assert_eq!(sender.unsent(), []);
}

#[test]
fn fragments_are_not_kept() {
    let (_gate, sender, _receiver) = halves(1024);
    let mut sender = sender;
    sender.keep_unsent();
    let mut writer = ready(sender.writer(Kind::Text)).unwrap();
    assert!(Task::new(writer.write_chunk("a")).poll().is_pending());
    let _ = Task::new(writer.finish()).poll();
    assert_eq!(sender.unsent(), []);
}

/// Accepts so many bytes, and then fails.
#[derive(Clone)]
struct Failing(usize);

impl Script for Failing {
    fn poll_write(
        &mut self,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let count = slices.iter().map(|slice| slice.len()).sum::<usize>().min(self.0);
        self.0 -= count;
        Poll::Ready(if count == 0 { Err(ErrorKind::BrokenPipe.into()) } else { Ok(count) })
    }
}

#[test]
fn unsent_messages_of_the_blocking_adapter() {
    for (accepted, expected) in [(0, "abc"), (2, "abc"), (3, "bc"), (5, "bc"), (6, "c"), (9, "")] {
        let open = || {
            let server = Connection::server(Config::new());
            let stream = Scripted(Failing(accepted));
            let mut socket =
                blocking::WebSocket::from_parts(stream, server, Timeouts::default()).unwrap();
            socket.keep_unsent();
            socket
        };
        let expected: Vec<Outgoing> = expected.chars().map(|c| c.to_string().into()).collect();
        let mut socket = open();
        for message in ["a", "b", "c"] {
            socket.feed(message).unwrap();
        }
        assert_eq!(socket.flush().is_ok(), expected.is_empty());
        assert_eq!(socket.unsent(), expected, "{accepted}");
    }
}
