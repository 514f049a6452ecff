//! Every adapter gives the same results for the same calls: messages, close codes and bytes on the
//! wire. And timeouts, on manually advanced clocks.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream as _;
use futures_sink::Sink;
use sansocket::blocking::{self, Stream as _};
use sansocket::futures::{self, FuturesStream};
use sansocket::runtime::{Clock, WebSocket};
use sansocket::testing::{ManualClock, TestStream};
use sansocket::tokio::{TokioClock, TokioStream};
use sansocket::{
    CloseCode, Config, Connection, Error, HandshakeError, Message, ProtocolError, ResponseError,
    Role, State, TimedOut, Timeouts,
};
use support::Chunking;
use support::adapters::{Adapter, during, in_every_adapter, request, s, timed, until};
use support::stream_pair as pair;
use support::streams::{Script, Scripted};
use support::{connection, masked, unmasked};

const CHUNKINGS: [Chunking; 4] =
    [Chunking::Whole, Chunking::Bytewise, Chunking::Random(1), Chunking::Random(2)];

// One transcript, three adapters.

#[derive(Clone, Copy, Debug)]
enum Call {
    Recv,
    RecvEvent,
    Send(&'static str),
    SendLarge(usize),
    Feed(&'static str),
    Flush,
    Ping,
    Pong,
    StartClose,
    Close,
    CutWire,
}
use Call::{Close, CutWire, Feed, Flush, Ping, Pong, Recv, RecvEvent, Send, SendLarge, StartClose};

/// Makes a call, with or without `.await`, and formats its result.
macro_rules! perform {
    ($socket:ident, $wire:ident, $call:expr $(, $wait:tt)?) => {
        match $call {
            Recv => match $socket.recv()$(.$wait)? {
                Ok(Some(message)) => describe(&message),
                other => format!("{other:?}"),
            },
            RecvEvent => format!("{:?}", $socket.recv_event()$(.$wait)?),
            Send(text) => format!("{:?}", $socket.send(text)$(.$wait)?),
            SendLarge(len) => format!("{:?}", $socket.send(vec![7; len])$(.$wait)?),
            Feed(text) => format!("{:?}", $socket.feed(text)$(.$wait)?),
            Flush => format!("{:?}", $socket.flush()$(.$wait)?),
            Ping => format!("{:?}", $socket.start_ping()$(.$wait)?),
            Pong => format!("{:?}", $socket.pong("alive")$(.$wait)?),
            StartClose => format!("{:?}", $socket.start_close(CloseCode::NORMAL, "bye")$(.$wait)?),
            Close => match $socket.close(CloseCode::NORMAL, "bye")$(.$wait)? {
                Ok(closed) => closed.to_string(),
                Err(error) => format!("{error:?}"),
            },
            CutWire => {
                $wire.reset();
                String::new()
            }
        }
    };
}

fn describe(message: &Message) -> String {
    match message {
        Message::Text(text) if text.as_str().len() < 20 => text.as_str().to_owned(),
        _ => format!("{message:?}"),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    results: Vec<String>,
    closed: String,
    wire: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Driver {
    Blocking,
    Tokio,
    Futures,
}

struct Transcript {
    name: &'static str,
    config: Config,
    /// The peer's frames: first byte and payload.
    frames: Vec<(u8, Vec<u8>)>,
    calls: Vec<Call>,
    results: Vec<&'static str>,
    closed: &'static str,
}

impl Transcript {
    fn run(&self, driver: Driver, role: Role, chunking: Chunking) -> Outcome {
        let (mut peer, end) = pair(chunking);
        for (first, payload) in &self.frames {
            let frame = if role == Role::Server {
                masked(*first, payload)
            } else {
                unmasked(*first, payload)
            };
            peer.write_all(&frame).unwrap();
        }
        peer.shutdown(Shutdown::Write).unwrap();
        let (wire, connection) = (end.wire(), connection(role, self.config.clone()));
        let calls = self.calls.iter().copied();
        let (results, closed) = match driver {
            Driver::Blocking => {
                let mut socket =
                    blocking::WebSocket::from_parts(end, connection, Timeouts::default()).unwrap();
                let results = calls.map(|call| perform!(socket, wire, call)).collect();
                (results, socket.closed().map(ToString::to_string))
            }
            Driver::Tokio => {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .start_paused(true)
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    let clock = TokioClock::new();
                    let mut socket = WebSocket::from_parts(
                        TokioStream(end),
                        clock,
                        connection,
                        Timeouts::default(),
                    );
                    let mut results = Vec::new();
                    for call in calls {
                        results.push(perform!(socket, wire, call, await));
                    }
                    (results, socket.closed().map(ToString::to_string))
                })
            }
            Driver::Futures => smol::block_on(async {
                let clock = ManualClock::new();
                let mut socket = WebSocket::from_parts(
                    FuturesStream(end),
                    clock,
                    connection,
                    Timeouts::default(),
                );
                let mut results = Vec::new();
                for call in calls {
                    results.push(perform!(socket, wire, call, await));
                }
                (results, socket.closed().map(ToString::to_string))
            }),
        };
        let mut wire = Vec::new();
        let _ = peer.read_to_end(&mut wire);
        Outcome { results, closed: closed.unwrap_or_default(), wire }
    }
}

fn transcripts() -> Vec<Transcript> {
    let text = |text: &str| (0x81, text.as_bytes().to_vec());
    let bye = || (0x88, b"\x03\xe8bye".to_vec());
    vec![
        Transcript {
            name: "messages of several sizes both ways, and pings between them",
            config: Config::new(),
            frames: vec![
                (0x89, b"1".to_vec()),
                text("short"),
                (0x82, vec![0; 200]),
                (0x89, b"2".to_vec()),
                (0x8a, b"unasked for".to_vec()),
                (0x82, vec![0; 70_000]),
                text(""),
                bye(),
            ],
            calls: vec![
                Send("first"),
                Recv,
                SendLarge(300),
                Recv,
                Feed("waits"),
                Ping,
                Recv,
                SendLarge(70_000),
                Pong,
                Recv,
                Flush,
                Recv,
                Recv,
                Send("late"),
            ],
            results: vec![
                "Ok(())",
                "short",
                "Ok(())",
                "Binary(200 bytes)",
                "Ok(())",
                "Ok(())",
                "Binary(70000 bytes)",
                "Ok(())",
                "Ok(())",
                "",
                "Ok(())",
                "Ok(None)",
                "Ok(None)",
                "Err(Send(NotOpen))",
            ],
            closed: "1000 \"bye\", clean, begun by the peer",
        },
        Transcript {
            name: "fragments, with pings inside",
            config: Config::new(),
            frames: vec![
                (1, b"one".to_vec()),
                (0x89, b"?".to_vec()),
                (0, b"-".to_vec()),
                (0x80, b"two".to_vec()),
                (2, vec![]),
                (0x80, vec![]),
                bye(),
            ],
            calls: vec![RecvEvent, Recv, Recv, Recv],
            results: vec!["Ok(Some(Ping(1 bytes)))", "one-two", "Binary(0 bytes)", "Ok(None)"],
            closed: "1000 \"bye\", clean, begun by the peer",
        },
        Transcript {
            name: "we close; messages before the peer's Close are received",
            config: Config::new(),
            frames: vec![text("a"), text("b"), (0x88, b"\x03\xe9".to_vec())],
            calls: vec![Recv, StartClose, Recv, Recv, Close],
            results: vec!["a", "Ok(())", "b", "Ok(None)", "1001 \"\", clean, begun by us"],
            closed: "1001 \"\", clean, begun by us",
        },
        Transcript {
            name: "we close; messages before the peer's Close are discarded",
            config: Config::new(),
            frames: vec![text("a"), (0x89, b"?".to_vec()), (0x88, vec![])],
            calls: vec![Feed("last"), Close, Recv, Flush],
            results: vec!["Ok(())", "1005 \"\", clean, begun by us", "Ok(None)", "Ok(())"],
            closed: "1005 \"\", clean, begun by us",
        },
        Transcript {
            name: "a protocol error after a message",
            config: Config::new(),
            frames: vec![text("good"), (0x83, b"bad".to_vec()), text("never seen")],
            calls: vec![Recv, Recv, Recv, Send("late"), Close],
            results: vec![
                "good",
                "Err(Protocol(Header(ReservedOpcode)))",
                "Err(Protocol(Header(ReservedOpcode)))",
                "Err(Send(NotOpen))",
                "1006 \"\", the peer broke the protocol, begun by us",
            ],
            closed: "1006 \"\", the peer broke the protocol, begun by us",
        },
        Transcript {
            name: "text that is not UTF-8",
            config: Config::new(),
            frames: vec![(1, b"\xce".to_vec()), (0x80, b"\xce".to_vec())],
            calls: vec![Recv],
            results: vec!["Err(Protocol(InvalidUtf8))"],
            closed: "1006 \"\", the peer broke the protocol, begun by us",
        },
        Transcript {
            name: "a message above the limit",
            config: Config::new().max_message_size(10),
            frames: vec![
                text("just right"),
                (1, b"six by".to_vec()),
                (0x80, b"te six".to_vec()),
                bye(),
            ],
            calls: vec![Recv, Recv],
            results: vec!["just right", "Err(Protocol(MessageTooBig { limit: 10 }))"],
            closed: "1006 \"\", the peer broke the protocol, begun by us",
        },
        Transcript {
            name: "more fragments than allowed",
            config: Config::new().max_fragments(2),
            frames: vec![(1, vec![]), (0, vec![]), (0x80, vec![])],
            calls: vec![Recv],
            results: vec!["Err(Protocol(TooManyFragments { limit: 2 }))"],
            closed: "1006 \"\", the peer broke the protocol, begun by us",
        },
        Transcript {
            name: "EOF in the middle of a message",
            config: Config::new(),
            frames: vec![text("whole"), (1, b"half".to_vec())],
            calls: vec![Recv, Recv, Recv, Close],
            results: vec![
                "whole",
                "Err(ConnectionLost)",
                "Err(ConnectionLost)",
                "1006 \"\", lost, begun by the peer",
            ],
            closed: "1006 \"\", lost, begun by the peer",
        },
        Transcript {
            name: "the wire is cut",
            config: Config::new(),
            frames: vec![text("a")],
            calls: vec![Recv, CutWire, Send("c"), Recv, Recv],
            results: vec![
                "a",
                "",
                "Err(ConnectionLost)",
                "Err(ConnectionLost)",
                "Err(ConnectionLost)",
            ],
            closed: "1006 \"\", lost, begun by the peer",
        },
    ]
}

#[test]
fn every_adapter_gives_the_same_results_and_bytes() {
    for transcript in transcripts() {
        for role in [Role::Server, Role::Client] {
            let first = transcript.run(Driver::Blocking, role, Chunking::Whole);
            assert_eq!(first.results, transcript.results, "{}", transcript.name);
            assert_eq!(first.closed, transcript.closed, "{}", transcript.name);
            for driver in [Driver::Blocking, Driver::Tokio, Driver::Futures] {
                for chunking in CHUNKINGS {
                    let outcome = transcript.run(driver, role, chunking);
                    let what = format!("{}: {driver:?}, {role:?}, {chunking:?}", transcript.name);
                    assert_eq!(
                        (&outcome.results, &outcome.closed),
                        (&first.results, &first.closed),
                        "{what}"
                    );
                    assert!(
                        outcome.wire == first.wire,
                        "{what}: {:?} is not {:?}",
                        outcome.wire,
                        first.wire
                    );
                }
            }
        }
    }
}

const REQUEST: &str = "GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Both roles of the opening handshake, with a peer that writes everything beforehand.
#[test]
fn every_adapter_gives_the_same_opening_handshake() {
    let with_frame = [REQUEST.as_bytes(), &masked(0x81, b"early")].concat();
    let accepts: [(&[u8], &str, &str); 6] = [
        (REQUEST.as_bytes(), "HTTP/1.1 101", "Ok"),
        (&with_frame, "HTTP/1.1 101", "Ok"),
        (&REQUEST.as_bytes()[..70], "", "Err(Handshake(Request(Head(Incomplete"),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "HTTP/1.1 426",
            "Err(Handshake(Request(NotWebSocket",
        ),
        (b"\x16\x03\x01\r\n\r\n", "HTTP/1.1 400", "Err(Handshake("),
        (b"", "", "Err("),
    ];
    for (input, answer, verdict) in accepts {
        assert_same_in_every_adapter(input, answer, verdict, false);
    }
    for (input, verdict) in [
        (&b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"[..], "Err(Handshake(Response(UnexpectedStatus"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "Err(Handshake("),
        (b"HTTP/1.1 101 Swi", "Err(Handshake(Response(Head(Incomplete"),
    ] {
        assert_same_in_every_adapter(input, "GET / HTTP/1.1", verdict, true);
    }
}

fn assert_same_in_every_adapter(input: &[u8], answer: &str, verdict: &str, client: bool) {
    let mut first: Option<(String, Vec<u8>)> = None;
    for driver in [Driver::Blocking, Driver::Tokio, Driver::Futures] {
        for chunking in CHUNKINGS {
            let (mut peer, end) = pair(chunking);
            peer.write_all(input).unwrap();
            peer.shutdown(Shutdown::Write).unwrap();
            let opened = open(driver, end, client);
            let mut written = Vec::new();
            peer.read_to_end(&mut written).unwrap();
            if client {
                written.truncate(16); // The key differs.
            }
            assert!(
                opened.starts_with(verdict) && written.starts_with(answer.as_bytes()),
                "{opened}, {written:?}"
            );
            let this = (opened, written);
            assert_eq!(
                &this,
                first.get_or_insert_with(|| this.clone()),
                "{driver:?}, {chunking:?}"
            );
        }
    }
}

fn open(driver: Driver, end: TestStream, client: bool) -> String {
    fn discard_value<T>(opened: Result<T, Error>) -> String {
        format!("{:?}", opened.map(drop))
    }
    match (driver, client) {
        (Driver::Blocking, false) => discard_value(blocking::accept(end)),
        (Driver::Blocking, true) => discard_value(blocking::connect_with_stream(end, &request())),
        (Driver::Tokio, _) => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                if client {
                    discard_value(sansocket::tokio::connect_with_stream(end, &request()).await)
                } else {
                    discard_value(sansocket::tokio::accept(end).await)
                }
            })
        }
        (Driver::Futures, false) => {
            smol::block_on(async { discard_value(futures::accept(end, ManualClock::new()).await) })
        }
        (Driver::Futures, true) => smol::block_on(async {
            discard_value(futures::connect_with_stream(end, ManualClock::new(), &request()).await)
        }),
    }
}

// Timeouts: both async adapters, on manually advanced clocks.

in_every_adapter! {
    opening_handshake_times_out_after_ten_seconds
    slow_request_bytes_do_not_extend_the_handshake_timeout
    unexpected_status_with_an_unfinished_body_is_reported_at_the_timeout
    closing_handshake_times_out_after_five_seconds
    recv_ends_five_seconds_after_the_close_frames_without_eof
    flood_of_frames_does_not_extend_the_close_deadline
    ping_flood_is_at_most_100_reads_in_one_poll
    silent_peer_fails_with_a_keep_alive_timeout
    message_before_the_pong_is_ready_at_the_first_poll
    our_pings_do_not_extend_the_keep_alive_timeout
    bytes_of_an_unfinished_message_reset_the_keep_alive
    peer_that_answers_pings_is_kept_for_an_hour
    pings_do_not_reset_the_idle_timeout
    send_times_out_when_the_peer_does_not_read
    slow_reads_of_the_peer_reset_the_write_timeout
    message_stream_ends_after_the_close_or_the_error
    poll_close_of_the_sink_is_a_closing_handshake
    timeouts_of_duration_max_do_not_overflow
}

async fn opening_handshake_times_out_after_ten_seconds(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, end) = pair(Chunking::Whole);
    peer.write_all(&REQUEST.as_bytes()[..50]).unwrap();
    let (accepted, after) = timed(&clock, adapter.accept(end)).await;
    assert!(matches!(accepted, Err(Error::TimedOut(TimedOut::Handshake))));
    assert_eq!((after, peer.read(&mut [0]).unwrap()), (s(10), 0), "the stream is dropped");

    let (_peer, end) = pair(Chunking::Whole);
    let (connected, after) = timed(&clock, adapter.connect_with_stream(end)).await;
    assert!(matches!(connected, Err(Error::TimedOut(TimedOut::Handshake))));
    assert_eq!(after, s(10));
}

async fn slow_request_bytes_do_not_extend_the_handshake_timeout(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (mut peer, end) = pair(Chunking::Whole);
    let begun = clock.now();
    let trickle = async {
        for (byte, second) in REQUEST.as_bytes().chunks(1).zip(1..) {
            until(&mut other, begun + s(second)).await;
            if peer.write_all(byte).is_err() {
                break;
            }
        }
    };
    let (accepted, after) = during(trickle, timed(&clock, adapter.accept(end))).await;
    assert!(matches!(accepted, Err(Error::TimedOut(TimedOut::Handshake))));
    assert_eq!(after, s(10));
}

/// The status of the response is worth more than the timeout of its body.
async fn unexpected_status_with_an_unfinished_body_is_reported_at_the_timeout(
    adapter: &impl Adapter,
) {
    let clock = adapter.clock();
    let (mut peer, end) = pair(Chunking::Whole);
    peer.write_all(b"HTTP/1.1 503 Busy\r\n\r\ncome back la").unwrap();
    let (connected, after) = timed(&clock, adapter.connect_with_stream(end)).await;
    let Err(Error::Handshake(HandshakeError::Response(ResponseError::UnexpectedStatus(response)))) =
        connected
    else {
        panic!("not the unexpected status")
    };
    assert_eq!(
        (response.status(), &response.body()[..], after),
        (503, &b"come back la"[..], s(10))
    );
}

async fn closing_handshake_times_out_after_five_seconds(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    let (closed, after) = timed(&clock, socket.close(CloseCode::NORMAL, "")).await;
    assert!(matches!(closed, Err(Error::TimedOut(TimedOut::Close))));
    assert_eq!(
        (after, socket.state(), socket.closed().unwrap().code()),
        (s(5), State::Closed, 1006)
    );
    drop(socket);
    let mut written = Vec::new();
    peer.read_to_end(&mut written).unwrap();
    assert_eq!(written, unmasked(0x88, b"\x03\xe8"));
}

async fn recv_ends_five_seconds_after_the_close_frames_without_eof(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    peer.write_all(&masked(0x88, b"\x03\xe8")).unwrap();
    let (received, after) = timed(&clock, socket.recv()).await;
    assert_eq!((received.unwrap(), after), (None, s(5)));
}

/// A stream that is always readable. A read may advance the clock by a millisecond.
struct Flood<C> {
    frame: Vec<u8>,
    clock: C,
    advance_clock: fn(&C),
    reads: usize,
}

impl<C: Unpin> Script for Flood<C> {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.reads += 1;
        assert!(self.reads < 20_000, "the adapter never stops reading");
        (self.advance_clock)(&self.clock);
        let frames = buffer.len().min(1000) / self.frame.len();
        buffer[..frames * self.frame.len()].copy_from_slice(&self.frame.repeat(frames));
        Poll::Ready(Ok(frames * self.frame.len()))
    }
}

/// The deadline expires even if the stream is always readable; `close` and `recv` report it.
async fn flood_of_frames_does_not_extend_the_close_deadline(_: &impl Adapter) {
    for message in [true, false] {
        for closes in [true, false] {
            let clock = ManualClock::new();
            let frame = if message { masked(0x81, b"more") } else { masked(0x89, b"?") };
            let flood = Scripted(Flood {
                frame,
                clock: clock.clone(),
                advance_clock: |clock| clock.advance(Duration::from_millis(1)),
                reads: 0,
            });
            let connection = Connection::server(Config::new());
            let mut socket =
                WebSocket::from_parts(flood, clock.clone(), connection, Timeouts::default());
            let error = if closes {
                socket.close(CloseCode::NORMAL, "").await.unwrap_err()
            } else {
                socket.start_close(CloseCode::NORMAL, "").await.unwrap();
                loop {
                    if let Err(error) = socket.recv().await {
                        break error;
                    }
                }
            };
            assert!(matches!(error, Error::TimedOut(TimedOut::Close)), "{error}");
            assert!(clock.now() < s(6), "{:?}", clock.now());
        }
    }
}

async fn ping_flood_is_at_most_100_reads_in_one_poll(adapter: &impl Adapter) {
    let flood =
        Scripted(Flood { frame: masked(0x89, b"?"), clock: (), advance_clock: |()| {}, reads: 0 });
    let mut socket = adapter.clocked(flood, Connection::server(Config::new()));
    let poll = poll_fn(|cx| Poll::Ready(pin!(socket.recv()).poll(cx).is_pending())).await;
    assert!(
        poll && socket.stream().0.reads <= 100,
        "{} reads in one poll",
        socket.stream().0.reads
    );
}

async fn silent_peer_fails_with_a_keep_alive_timeout(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    let begun = clock.now();
    until(&mut other, begun + s(7)).await;
    peer.write_all(&masked(0x81, b"last message")).unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some("last message".into()));
    peer.wire().blackhole();
    let (received, after) = timed(&clock, socket.recv()).await;
    assert!(matches!(received, Err(Error::TimedOut(TimedOut::KeepAlive))), "{received:?}");
    assert_eq!(after, s(40));
}

/// No further bytes of the peer are needed.
async fn message_before_the_pong_is_ready_at_the_first_poll(adapter: &impl Adapter) {
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    for borrowed in [false, true] {
        let pong = (1 + u64::from(borrowed)).to_be_bytes();
        peer.write_all(&[masked(0x81, b"here"), masked(0x8a, &pong)].concat()).unwrap();
        socket.ping().await.unwrap();
        let mut count = 0;
        let received = poll_fn(|cx| {
            Poll::Ready(if borrowed {
                let each = |_: sansocket::MessageRef<'_>, _: &mut sansocket::Replies<'_>| {
                    count += 1;
                    Ok(())
                };
                pin!(socket.recv_with(each)).poll(cx).is_ready()
            } else {
                pin!(socket.recv()).poll(cx).is_ready()
            })
        });
        assert!(received.await && count == usize::from(borrowed), "borrowed: {borrowed}");
    }
}

async fn our_pings_do_not_extend_the_keep_alive_timeout(adapter: &impl Adapter) {
    let mut clock = adapter.clock();
    let (peer, mut socket) = adapter.server(Timeouts::default());
    peer.wire().blackhole();
    let begun = clock.now();
    for second in (10..=40).step_by(10) {
        // recv is polled between two pings.
        let error = {
            let mut receiving = pin!(socket.recv());
            let mut tick = pin!(until(&mut clock, begun + s(second)));
            poll_fn(|cx| match receiving.as_mut().poll(cx) {
                Poll::Ready(received) => Poll::Ready(Some(received.unwrap_err())),
                Poll::Pending => tick.as_mut().poll(cx).map(|()| None),
            })
            .await
        };
        if let Some(error) = error {
            assert!(matches!(error, Error::TimedOut(TimedOut::KeepAlive)), "{error}");
            return;
        }
        socket.start_ping().await.unwrap();
    }
    panic!("a peer that was silent for 40 s is not reported");
}

/// An unfinished message, one byte at a time for ten minutes, with gaps longer than the time to the
/// first ping.
async fn bytes_of_an_unfinished_message_reset_the_keep_alive(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    let frame = masked(0x81, b"slow but sure");
    let begun = clock.now();
    let busy = async {
        for (byte, number) in frame.chunks(1).zip(1..) {
            until(&mut other, begun + s(35 * number)).await;
            peer.write_all(byte).unwrap();
        }
    };
    let received = during(busy, socket.recv()).await;
    assert_eq!(received.unwrap(), Some("slow but sure".into()));
    assert!(clock.now() - begun > s(600));
}

async fn peer_that_answers_pings_is_kept_for_an_hour(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (peer, mut socket) = adapter.server(Timeouts::default());
    let mut client = adapter.open(
        peer,
        connection(Role::Client, Config::new()),
        Timeouts { ping: None, ..Timeouts::default() },
    );
    let begun = clock.now();
    let living = async {
        let hour = async { until(&mut other, begun + s(3600)).await };
        let mut hour = pin!(hour);
        poll_fn(|cx| {
            assert!(pin!(client.recv()).poll(cx).is_pending());
            hour.as_mut().poll(cx)
        })
        .await;
        client.send("done").await.unwrap();
    };
    assert_eq!(during(living, socket.recv()).await.unwrap(), Some("done".into()));
    assert!(socket.round_trip().unwrap() < s(1));
}

async fn pings_do_not_reset_the_idle_timeout(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (mut peer, mut socket) =
        adapter.server(Timeouts { idle: Some(s(60)), ..Timeouts::default() });
    let begun = clock.now();
    let pings = async {
        for number in 1..100 {
            until(&mut other, begun + s(5 * number)).await;
            peer.write_all(&masked(0x89, b"?")).unwrap();
            if number == 26 {
                peer.write_all(&masked(0x81, b"a")).unwrap();
            }
        }
    };
    let outcome = async {
        for after in [60, 60] {
            let (received, time) = timed(&clock, socket.recv()).await;
            assert!(matches!(received, Err(Error::TimedOut(TimedOut::Idle))), "{received:?}");
            assert_eq!(time, s(after));
        }
        assert_eq!(socket.recv().await.unwrap(), Some("a".into()));
        let (received, time) = timed(&clock, socket.recv()).await;
        assert!(matches!(received, Err(Error::TimedOut(TimedOut::Idle))));
        assert_eq!((time, socket.state()), (s(60), State::Open));
    };
    during(pings, outcome).await;
}

async fn send_times_out_when_the_peer_does_not_read(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    let wire = peer.wire();
    wire.set_capacity(1000);
    let large = Message::from(vec![7; 300_000]);
    let (sent, after) = timed(&clock, socket.send(large.clone())).await;
    assert!(matches!(sent, Err(Error::TimedOut(TimedOut::Write))), "{sent:?}");
    assert_eq!((after, socket.state()), (s(30), State::Open));
    let waiting = socket.buffered_amount();
    let (sent, after) = timed(&clock, socket.send("not sent")).await;
    assert!(matches!(sent, Err(Error::TimedOut(TimedOut::Room))));
    assert_eq!((after, socket.buffered_amount()), (s(30), waiting), "the message was not queued");
    wire.set_capacity(usize::MAX);
    socket.send("sent").await.unwrap();
    assert_eq!(socket.buffered_amount(), 0);
    drop(socket);
    let mut written = Vec::new();
    peer.read_to_end(&mut written).unwrap();
    assert!(
        written == [unmasked(0x82, large.as_bytes()), unmasked(0x81, b"sent")].concat(),
        "every byte is written once"
    );
}

async fn slow_reads_of_the_peer_reset_the_write_timeout(adapter: &impl Adapter) {
    let (clock, mut other) = (adapter.clock(), adapter.clock());
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    peer.wire().set_capacity(100);
    let begun = clock.now();
    let reader = async {
        for number in 1..100 {
            until(&mut other, begun + s(25 * number)).await;
            let _ = peer.read(&mut [0; 100]).unwrap();
        }
    };
    let (sent, after) = during(reader, timed(&clock, socket.send(vec![7; 1000]))).await;
    sent.unwrap();
    assert!(after >= s(225), "{after:?}");
}

async fn message_stream_ends_after_the_close_or_the_error(adapter: &impl Adapter) {
    for clean in [true, false] {
        let (mut peer, mut socket) = adapter.server(Timeouts::default());
        peer.write_all(&masked(0x81, b"a")).unwrap();
        if clean {
            peer.write_all(&masked(0x88, b"")).unwrap();
        }
        drop(peer);
        let mut next = async || poll_fn(|cx| Pin::new(&mut socket).poll_next(cx)).await;
        assert_eq!(next().await.unwrap().unwrap(), "a".into());
        if !clean {
            assert!(matches!(next().await, Some(Err(Error::ConnectionLost))));
        }
        for _ in 0..2 {
            assert!(next().await.is_none());
        }
    }
}

async fn poll_close_of_the_sink_is_a_closing_handshake(adapter: &impl Adapter) {
    let (peer, mut socket) = adapter.server(Timeouts::default());
    let mut client =
        adapter.open(peer, connection(Role::Client, Config::new()), Timeouts::default());
    let other = async {
        assert_eq!(client.recv().await.unwrap(), Some("a".into()));
        assert_eq!(client.recv().await.unwrap(), Some("b".into()));
        assert_eq!(client.recv().await.unwrap(), None);
        drop(client);
        std::future::pending().await
    };
    let outcome = async {
        for message in ["a", "b"] {
            poll_fn(|cx| Pin::new(&mut socket).poll_ready(cx)).await.unwrap();
            Pin::new(&mut socket).start_send(message.into()).unwrap();
        }
        poll_fn(|cx| Sink::poll_flush(Pin::new(&mut socket), cx)).await.unwrap();
        for _ in 0..2 {
            poll_fn(|cx| Sink::poll_close(Pin::new(&mut socket), cx)).await.unwrap();
        }
        assert!(
            poll_fn(|cx| Pin::new(&mut socket).poll_next(cx)).await.is_none(),
            "the stream ends with the peer's Close"
        );
        let closed = socket.closed().unwrap();
        assert_eq!((closed.code(), closed.was_clean()), (1000, true));
        assert!(Pin::new(&mut socket).start_send("late".into()).is_err());
    };
    during(other, outcome).await;
}

/// A deadline that no clock reaches never expires and does not overflow.
async fn timeouts_of_duration_max_do_not_overflow(adapter: &impl Adapter) {
    let long = Some(Duration::MAX);
    let timeouts =
        Timeouts { handshake: long, close: long, write: long, ping: long, pong: long, idle: long };
    let (mut peer, mut socket) = adapter.server(timeouts);
    let poll = poll_fn(|cx| Poll::Ready(pin!(socket.recv()).poll(cx).is_pending())).await;
    assert!(poll);
    peer.write_all(&masked(0x88, b"")).unwrap();
    drop(peer);
    assert_eq!(socket.recv().await.unwrap(), None);
}

/// `Options::accept` applies the options as `receive_request` does.
#[test]
fn options_accept_applies_the_config() {
    const REQUEST: &[u8] =
        b"GET / HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let config = || Config::new().max_message_size(4);
    let opened = || {
        let (mut peer, stream) = pair(Chunking::Whole);
        peer.write_all(&[REQUEST, &masked(0x81, b"large")].concat()).unwrap();
        (peer, stream)
    };
    let is_too_big =
        |error: Error| matches!(error, Error::Protocol(ProtocolError::MessageTooBig { limit: 4 }));

    let (peer, stream) = opened();
    let options = sansocket::tokio::Options::new().config(config());
    ::tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(
        async {
            let mut socket = options.accept(stream).await.unwrap();
            drop(peer);
            assert!(is_too_big(socket.recv().await.unwrap_err()));
        },
    );

    let (peer, stream) = opened();
    let options = futures::Options::new().config(config());
    smol::block_on(async {
        let mut socket = options.accept(stream, ManualClock::new()).await.unwrap();
        drop(peer);
        assert!(is_too_big(socket.recv().await.unwrap_err()));
    });
}
