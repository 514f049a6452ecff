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
    end_is_reported_at_the_close_timeout_although_the_peer_does_not_read
    sender_reports_the_end_when_its_receiver_does
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

/// The calls that receive.
#[derive(Clone, Copy, Debug)]
enum Call {
    Recv,
    RecvEvent,
    RecvWith,
    Stream,
}

const CALLS: [Call; 4] = [Call::Recv, Call::RecvEvent, Call::RecvWith, Call::Stream];

/// Receives, once; whether that is no end.
macro_rules! receive {
    ($call:expr, $socket:expr) => {
        match $call {
            Call::Recv => $socket.recv().await.map(|message| message.is_some()),
            Call::RecvEvent => $socket.recv_event().await.map(|event| event.is_some()),
            Call::RecvWith => $socket.recv_with(|_, _| Ok(())).await,
            Call::Stream => poll_fn(|cx| Pin::new(&mut *$socket).poll_next(cx))
                .await
                .transpose()
                .map(|message| message.is_some()),
        }
    };
}

/// Below the high-water mark, and above it.
const QUEUED: [usize; 2] = [100_000, 1_000_000];

/// The peer sends a Close, and reads nothing of what is queued.
async fn end_is_reported_at_the_close_timeout_although_the_peer_does_not_read(
    adapter: &impl Adapter,
) {
    for (call, queued) in CALLS.into_iter().flat_map(|call| QUEUED.map(|queued| (call, queued))) {
        for split in [false, true] {
            if matches!(call, Call::RecvWith) && queued == QUEUED[1] {
                // It waits for room before it reads.
                continue;
            }
            let clock = adapter.clock();
            let (mut peer, mut socket) = adapter.server(Timeouts::default());
            peer.wire().set_capacity(100);
            socket.feed(vec![7; queued]).await.unwrap();
            peer.write_all(&Last::Close.to(Role::Server)).unwrap();
            let what = format!("{call:?}, queued: {queued}, split: {split}");
            let (ends, after, (closed, late)) = if split {
                let (_sender, mut receiver) = socket.split();
                let (more, after) = timed(&clock, async { receive!(call, &mut receiver) }).await;
                assert!(!receive!(call, &mut receiver).unwrap(), "{what}");
                (more, after, timed(&clock, receiver.until_closed()).await)
            } else {
                let (more, after) = timed(&clock, async { receive!(call, &mut socket) }).await;
                assert!(!receive!(call, &mut socket).unwrap(), "{what}");
                (more, after, timed(&clock, socket.until_closed()).await)
            };
            assert!(!ends.unwrap(), "{what}");
            assert_eq!(after, s(5), "{what}");
            // The shutdown continues until no progress is made for the time of `write`: since the
            // Close frame was queued, which a whole `Stream` does after it has waited for room.
            Last::Close.assert_closed(&closed.unwrap());
            let waits = matches!(call, Call::Stream) && queued == QUEUED[1] && !split;
            assert_eq!(late, if waits { s(120) } else { s(115) }, "{what}");
            drop(peer);
        }
    }
}

async fn sender_reports_the_end_when_its_receiver_does(adapter: &impl Adapter) {
    for closes in [false, true] {
        let clock = adapter.clock();
        let (mut peer, socket) = adapter.server(Timeouts::default());
        peer.wire().set_capacity(100);
        let (sender, mut receiver) = socket.split();
        sender.feed(vec![7; QUEUED[0]]).await.unwrap();
        peer.write_all(&Last::Close.to(Role::Server)).unwrap();
        let receiving = async {
            Last::Close.assert_end(receiver.recv().await);
            // The receiver is kept.
            pending().await
        };
        let ending = timed(&clock, async {
            if closes {
                sender.close(sansocket::CloseCode::NORMAL, "").await
            } else {
                sender.until_closed().await
            }
        });
        let (closed, after) = during(receiving, ending).await;
        Last::Close.assert_closed(&closed.unwrap());
        assert_eq!(after, s(5), "closes: {closes}");
        drop(peer);
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

/// The write timeout is longer than the test waits.
#[test]
fn blocking_end_is_reported_at_the_close_timeout_although_the_peer_does_not_read() {
    let timeouts = Timeouts { close: Some(LONG / 200), ..Timeouts::default() };
    let open = || {
        let (stream, mut peer) = duplex();
        stream.set_capacity(100);
        let connection = connection(Role::Server, Config::new());
        let mut socket = blocking::WebSocket::from_parts(stream, connection, timeouts).unwrap();
        socket.feed(vec![7; QUEUED[0]]).unwrap();
        peer.write_all(&Last::Close.to(Role::Server)).unwrap();
        (peer, socket)
    };
    let receive: [fn(&mut blocking::WebSocket<DuplexStream>) -> bool; 3] = [
        |socket| socket.recv().unwrap().is_some(),
        |socket| socket.recv_event().unwrap().is_some(),
        |socket| socket.recv_with(|_, _| Ok(())).unwrap(),
    ];
    for receive in receive {
        let (peer, mut socket) = open();
        let receiving = start(move || receive(&mut socket));
        assert!(!receiving.recv_timeout(LONG).expect("the end is reported"));
        drop(peer);
    }
    type Close = fn(blocking::Sender<DuplexStream>) -> Result<Closed, Error>;
    let close: [Close; 2] =
        [|sender| sender.until_closed(), |sender| sender.close(sansocket::CloseCode::NORMAL, "")];
    for close in close {
        let (peer, socket) = open();
        let (sender, mut receiver) = socket.split().unwrap();
        let receiving = start(move || (receiver.recv(), receiver));
        let waiting = start(move || close(sender));
        let (end, _receiver) = receiving.recv_timeout(LONG).expect("the end is reported");
        Last::Close.assert_end(end);
        let closed = waiting.recv_timeout(LONG).expect("to the sender too");
        Last::Close.assert_closed(&closed.unwrap());
        drop(peer);
    }
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
