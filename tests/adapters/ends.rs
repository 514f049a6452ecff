//! The end of a connection whose peer keeps its stream open: `recv` reports it at once, and
//! `until_closed` waits for the end of the stream, until the close deadline.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::future::{pending, poll_fn};
use std::io::{Read, Write};
use std::pin::Pin;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures_core::Stream as _;
use sansocket::runtime::{Clock, Stream, WebSocket};
use sansocket::{CloseOutcome, Closed, Config, Error, Message, Role, Timeouts, blocking};
use support::adapters::{Adapter, during, in_every_adapter, s, timed, until};
use support::duplex::{DuplexStream, duplex};
use support::{Chunking, connection, masked, stream_pair, unmasked};

in_every_adapter! {
    recv_ends_at_once_and_until_closed_with_the_stream_or_at_the_close_deadline
    end_after_a_violation_is_reported_although_the_close_frame_cannot_be_written
}

const ROLES: [Role; 2] = [Role::Server, Role::Client];

/// What the peer sends last, and no end of stream.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Last {
    Close,
    Violation,
}

const LAST: [Last; 2] = [Last::Close, Last::Violation];

impl Last {
    /// What the peer of this role sends.
    fn to(self, role: Role) -> Vec<u8> {
        let frame = if role == Role::Server { masked } else { unmasked };
        match self {
            Self::Close => frame(0x88, b"\x03\xe8"),
            Self::Violation => frame(0x83, b""),
        }
    }

    fn assert_end<T>(self, end: Result<Option<T>, Error>) {
        match (self, end) {
            (Self::Close, Ok(None)) | (Self::Violation, Err(Error::Protocol(_))) => {}
            (last, end) => panic!("{last:?}: {:?}", end.map(|end| end.is_some())),
        }
    }

    fn assert_closed(self, closed: &Closed) {
        let is_clean = closed.outcome() == CloseOutcome::Clean;
        assert_eq!(is_clean, self == Self::Close, "{closed:?}");
    }
}

/// Every call that receives has the end, and has it again.
async fn assert_every_call_ends<S: Stream, C: Clock>(socket: &mut WebSocket<S, C>, last: Last) {
    for _ in 0..2 {
        last.assert_end(socket.recv().await);
        last.assert_end(socket.recv_event().await);
        let more = socket.recv_with(|_, _| unreachable!("there is no message")).await;
        last.assert_end(more.map(|more| more.then_some(())));
    }
    let mut next = async || poll_fn(|cx| Pin::new(&mut *socket).poll_next(cx)).await;
    last.assert_end(next().await.transpose());
    assert!(next().await.is_none(), "the error is the last item");
}

async fn recv_ends_at_once_and_until_closed_with_the_stream_or_at_the_close_deadline(
    adapter: &impl Adapter,
) {
    for (role, last) in ROLES.into_iter().flat_map(|role| LAST.map(|last| (role, last))) {
        for (split, ends) in [(false, false), (false, true), (true, false), (true, true)] {
            let clock = adapter.clock();
            let (mut peer, stream) = stream_pair(Chunking::Whole);
            let connection = connection(role, Config::new());
            let mut socket = adapter.open(stream, connection, Timeouts::default());
            peer.write_all(&last.to(role)).unwrap();
            let ending = async {
                let mut other = adapter.clock();
                let later = other.now() + s(2);
                until(&mut other, later).await;
                if ends {
                    drop(peer);
                } else {
                    // It is kept.
                    pending::<()>().await;
                    drop(peer);
                }
            };
            let what = format!("{role:?}, {last:?}, split: {split}, ends: {ends}");
            let receiving = async {
                if !split {
                    let ((), after) =
                        timed(&clock, assert_every_call_ends(&mut socket, last)).await;
                    assert_eq!(after, s(0), "{what}");
                    return timed(&clock, socket.until_closed()).await;
                }
                let (sender, mut receiver) = socket.split();
                let ((), after) = timed(&clock, async {
                    last.assert_end(receiver.recv().await);
                    last.assert_closed(&sender.until_closed().await.unwrap());
                })
                .await;
                assert_eq!(after, s(0), "{what}");
                timed(&clock, receiver.until_closed()).await
            };
            let (closed, after) = during(ending, receiving).await;
            last.assert_closed(&closed.unwrap());
            assert_eq!(after, if ends { s(2) } else { s(5) }, "{what}");
        }
    }
}

/// One attempt to write it is made.
async fn end_after_a_violation_is_reported_although_the_close_frame_cannot_be_written(
    adapter: &impl Adapter,
) {
    for split in [false, true] {
        let clock = adapter.clock();
        let (mut peer, mut socket) = adapter.server(Timeouts::default());
        peer.write_all(&Last::Violation.to(Role::Server)).unwrap();
        peer.wire().set_capacity(1);
        let (end, after) = timed(&clock, async {
            if !split {
                return socket.recv().await;
            }
            let (_sender, mut receiver) = socket.split();
            receiver.recv().await
        })
        .await;
        Last::Violation.assert_end(end);
        assert_eq!(after, s(0), "split: {split}");
        let mut close = [0];
        peer.read_exact(&mut close).unwrap();
        assert_eq!(close, [0x88], "split: {split}");
    }
}

// Threads.

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// The two calls that the tests make on a connection or on its receiver.
trait Receive: Send + 'static {
    fn recv(&mut self) -> Result<Option<Message>, Error>;
    fn until_closed(&mut self) -> Result<Closed, Error>;
}

impl Receive for blocking::WebSocket<DuplexStream> {
    fn recv(&mut self) -> Result<Option<Message>, Error> {
        Self::recv(self)
    }

    fn until_closed(&mut self) -> Result<Closed, Error> {
        Self::until_closed(self)
    }
}

impl Receive for blocking::Receiver<DuplexStream, DuplexStream> {
    fn recv(&mut self) -> Result<Option<Message>, Error> {
        Self::recv(self)
    }

    fn until_closed(&mut self) -> Result<Closed, Error> {
        Self::until_closed(self)
    }
}

/// Does something in a thread of its own.
fn start<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> mpsc::Receiver<T> {
    let (done, outcome) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    outcome
}

#[test]
fn blocking_recv_ends_at_once_and_until_closed_with_the_stream_or_at_the_close_deadline() {
    for (role, last) in ROLES.into_iter().flat_map(|role| LAST.map(|last| (role, last))) {
        for (split, ends) in [(false, false), (false, true), (true, false), (true, true)] {
            let (stream, mut peer) = duplex();
            // Without a deadline, nothing but the peer ends the stream.
            let close = (!ends).then_some(LONG / 100);
            let timeouts = Timeouts { close, ..Timeouts::default() };
            let connection = connection(role, Config::new());
            let socket = blocking::WebSocket::from_parts(stream, connection, timeouts).unwrap();
            peer.write_all(&last.to(role)).unwrap();
            let (_sender, mut socket): (_, Box<dyn Receive>) = if split {
                let (sender, receiver) = socket.split().unwrap();
                (Some(sender), Box::new(receiver))
            } else {
                (None, Box::new(socket))
            };
            let receiving = start(move || {
                let end = [socket.recv(), socket.recv()];
                (end, socket)
            });
            let (end, mut socket) = receiving.recv_timeout(LONG).expect("the end is known");
            end.into_iter().for_each(|end| last.assert_end(end));
            let waiting = start(move || socket.until_closed());
            // The peer ends the stream, or keeps it.
            let peer = (!ends).then_some(peer);
            let closed = waiting.recv_timeout(LONG).expect("the stream ends").unwrap();
            last.assert_closed(&closed);
            drop(peer);
        }
    }
}
