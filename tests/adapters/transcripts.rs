//! Every adapter, its halves, and a [`Session`](sansocket::session::Session) in a loop by hand give
//! the same results for the same calls: messages, close codes and bytes on the wire.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::io::{Read, Write};
use std::net::Shutdown;

use sansocket::blocking::{self, Stream as _};
use sansocket::futures::FuturesStream;
use sansocket::runtime::WebSocket;
use sansocket::testing::{ManualClock, TestStream, Wire};
use sansocket::tokio::{TokioClock, TokioStream};
use sansocket::wire::Header;
use sansocket::{CloseCode, Closed, Config, Connection, Error, Message, Role, Stats, Timeouts};
use support::stream_pair as pair;
use support::{Chunking, connection, masked, unmasked};

use super::by_hand::ByHand;

pub const CHUNKINGS: [Chunking; 4] =
    [Chunking::Whole, Chunking::Bytewise, Chunking::Random(1), Chunking::Random(2)];

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
    RoundTrip,
    StartClose,
    StartCloseWithoutCode,
    TryClose,
    Close,
    CloseWithoutCode,
    UntilClosed,
    /// Of the sender.
    SenderUntilClosed,
    SenderClose,
    TrySend(&'static str),
    /// Messages until the end, each of which is answered with itself.
    EchoAll,
    CutWire,
}
use Call::{
    Close, CloseWithoutCode, CutWire, EchoAll, Feed, Flush, Ping, Pong, Recv, RecvEvent, RoundTrip,
    Send, SendLarge, SenderClose, SenderUntilClosed, StartClose, StartCloseWithoutCode, TryClose,
    TrySend, UntilClosed,
};

/// Makes a call, with or without `.await`, and formats its result. A connection that is not split
/// is its own receiver and sender.
macro_rules! perform {
    ($receiver:ident, $sender:ident, $wire:ident, $call:expr $(, $wait:tt)?) => {
        match $call {
            Recv => match $receiver.recv()$(.$wait)? {
                Ok(Some(message)) => describe(&message),
                other => format!("{other:?}"),
            },
            RecvEvent => format!("{:?}", $receiver.recv_event()$(.$wait)?),
            Send(text) => format!("{:?}", $sender.send(text)$(.$wait)?),
            SendLarge(len) => format!("{:?}", $sender.send(vec![7; len])$(.$wait)?),
            Feed(text) => format!("{:?}", $sender.feed(text)$(.$wait)?),
            Flush => format!("{:?}", $sender.flush()$(.$wait)?),
            Ping => format!("{:?}", $sender.start_ping()$(.$wait)?),
            Pong => format!("{:?}", $sender.pong("alive")$(.$wait)?),
            StartClose => format!("{:?}", $sender.start_close(CloseCode::NORMAL, "bye")$(.$wait)?),
            RoundTrip => format!("{:?}", $sender.round_trip().is_some()),
            StartCloseWithoutCode => format!("{:?}", $sender.start_close_with(None)$(.$wait)?),
            TryClose => format!("{:?}", $sender.try_close(CloseCode::NORMAL, "bye")),
            CloseWithoutCode => end($receiver.close_with(None)$(.$wait)?),
            Close => end($receiver.close(CloseCode::NORMAL, "bye")$(.$wait)?),
            UntilClosed => end($receiver.until_closed()$(.$wait)?),
            SenderUntilClosed => end($sender.until_closed()$(.$wait)?),
            SenderClose => end($sender.close(CloseCode::NORMAL, "bye")$(.$wait)?),
            TrySend(text) => format!("{:?}", $sender.try_send(text).map_err(Error::from)),
            EchoAll => {
                let mut seen = Vec::new();
                let end = loop {
                    let received = $receiver.recv_with(|message, replies| {
                        seen.push(String::from_utf8_lossy(message.as_bytes()).into_owned());
                        replies.send(message)
                    })$(.$wait)?;
                    if !matches!(received, Ok(true)) {
                        break received;
                    }
                };
                format!("{}: {end:?}", seen.join(" "))
            }
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

fn end(closed: Result<Closed, Error>) -> String {
    closed.map_or_else(|error| format!("{error:?}"), |closed| closed.to_string())
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    results: Vec<String>,
    closed: String,
    wire: Vec<u8>,
    stats: Stats,
}

#[derive(Clone, Copy, Debug)]
enum Driver {
    Session,
    Blocking,
    BlockingHalves,
    Tokio,
    TokioHalves,
    Futures,
    FuturesHalves,
}

const DRIVERS: [Driver; 7] = [
    Driver::Session,
    Driver::Blocking,
    Driver::BlockingHalves,
    Driver::Tokio,
    Driver::TokioHalves,
    Driver::Futures,
    Driver::FuturesHalves,
];

struct Transcript {
    name: &'static str,
    config: Config,
    /// The peer's frames: first byte and payload.
    frames: Vec<(u8, Vec<u8>)>,
    calls: Vec<Call>,
    results: Vec<&'static str>,
    closed: &'static str,
}

/// Makes all calls. Returns their results, how the connection was closed, and its statistics.
macro_rules! perform_all {
    ($calls:expr, $receiver:ident, $sender:ident, $wire:ident $(, $wait:tt)?) => {{
        let mut results = Vec::new();
        for call in $calls {
            results.push(perform!($receiver, $sender, $wire, *call $(, $wait)?));
        }
        assert_eq!($receiver.stats().sent, $sender.stats().sent);
        (results, $receiver.closed().map(|closed| closed.to_string()), $receiver.stats())
    }};
}

impl Transcript {
    fn run(&self, driver: Driver, role: Role, chunking: Chunking) -> Outcome {
        let (mut peer, stream) = pair(chunking);
        for (first, payload) in &self.frames {
            let frame = if role == Role::Server {
                masked(*first, payload)
            } else {
                unmasked(*first, payload)
            };
            peer.write_all(&frame).unwrap();
        }
        peer.shutdown(Shutdown::Write).unwrap();
        let wire = stream.wire();
        let (results, closed, stats) =
            self.perform(driver, stream, connection(role, self.config.clone()), &wire);
        let mut wire = Vec::new();
        let _ = peer.read_to_end(&mut wire);
        Outcome { results, closed: closed.unwrap_or_default(), wire, stats }
    }

    fn perform(
        &self,
        driver: Driver,
        stream: TestStream,
        connection: Connection,
        wire: &Wire,
    ) -> (Vec<String>, Option<String>, Stats) {
        let blocking = |stream, connection| {
            blocking::WebSocket::from_parts(stream, connection, Timeouts::default()).unwrap()
        };
        let on_tokio = |stream, connection| {
            let (stream, clock) = (TokioStream(stream), TokioClock::new());
            WebSocket::from_parts(stream, clock, connection, Timeouts::default())
        };
        let on_futures = |stream, connection| {
            let (stream, clock) = (FuturesStream(stream), ManualClock::new());
            WebSocket::from_parts(stream, clock, connection, Timeouts::default())
        };
        let calls = &self.calls;
        match driver {
            Driver::Session => {
                let mut socket = ByHand::new(stream, connection);
                perform_all!(calls, socket, socket, wire)
            }
            Driver::Blocking => {
                let mut socket = blocking(stream, connection);
                perform_all!(calls, socket, socket, wire)
            }
            Driver::BlockingHalves => {
                let (sender, mut receiver) = blocking(stream, connection).split().unwrap();
                perform_all!(calls, receiver, sender, wire)
            }
            Driver::Tokio => paused_runtime().block_on(async {
                let mut socket = on_tokio(stream, connection);
                perform_all!(calls, socket, socket, wire, await)
            }),
            Driver::TokioHalves => paused_runtime().block_on(async {
                let (sender, mut receiver) = on_tokio(stream, connection).split();
                perform_all!(calls, receiver, sender, wire, await)
            }),
            Driver::Futures => smol::block_on(async {
                let mut socket = on_futures(stream, connection);
                perform_all!(calls, socket, socket, wire, await)
            }),
            Driver::FuturesHalves => smol::block_on(async {
                let (sender, mut receiver) = on_futures(stream, connection).split();
                perform_all!(calls, receiver, sender, wire, await)
            }),
        }
    }
}

fn paused_runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
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
            name: "we close without a code",
            config: Config::new(),
            frames: vec![text("a"), (0x88, vec![])],
            calls: vec![Recv, StartCloseWithoutCode, TryClose, Recv, CloseWithoutCode],
            results: vec!["a", "Ok(())", "Ok(())", "Ok(None)", "1005 \"\", clean, begun by us"],
            closed: "1005 \"\", clean, begun by us",
        },
        Transcript {
            name: "we close without waiting",
            config: Config::new(),
            frames: vec![text("a"), bye()],
            calls: vec![Feed("before"), TryClose, Recv, Recv, CloseWithoutCode],
            results: vec!["Ok(())", "Ok(())", "a", "Ok(None)", "1000 \"bye\", clean, begun by us"],
            closed: "1000 \"bye\", clean, begun by us",
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
            name: "messages are answered where they were read",
            config: Config::new(),
            frames: vec![
                text("a"),
                (0x89, b"?".to_vec()),
                (1, b"b".to_vec()),
                (0x80, b"c".to_vec()),
                text("d"),
                bye(),
            ],
            calls: vec![Feed("fed"), EchoAll, EchoAll, UntilClosed],
            results: vec![
                "Ok(())",
                "a bc d: Ok(false)",
                ": Ok(false)",
                "1000 \"bye\", clean, begun by the peer",
            ],
            closed: "1000 \"bye\", clean, begun by the peer",
        },
        Transcript {
            name: "a protocol error where messages are answered",
            config: Config::new(),
            frames: vec![text("good"), (0x83, b"bad".to_vec())],
            calls: vec![EchoAll, EchoAll, TrySend("late"), UntilClosed],
            results: vec![
                "good: Err(Protocol(Header(ReservedOpcode)))",
                ": Err(Protocol(Header(ReservedOpcode)))",
                "Err(Send(NotOpen))",
                "1006 \"\", the peer broke the protocol, begun by us",
            ],
            closed: "1006 \"\", the peer broke the protocol, begun by us",
        },
        Transcript {
            name: "a ping is answered",
            config: Config::new(),
            frames: vec![
                text("before"),
                (0x8a, 1_u64.to_be_bytes().to_vec()),
                text("after"),
                bye(),
            ],
            calls: vec![Recv, RoundTrip, Ping, RoundTrip, Recv, RoundTrip, Recv, Ping],
            results: vec![
                "before",
                "false",
                "Ok(())",
                "false",
                "after",
                "true",
                "Ok(None)",
                "Err(Send(NotOpen))",
            ],
            closed: "1000 \"bye\", clean, begun by the peer",
        },
        Transcript {
            name: "the end is discarded to, and every later call has it",
            config: Config::new(),
            frames: vec![text("discarded"), (0x89, b"?".to_vec()), bye()],
            calls: vec![
                TrySend("tried"),
                UntilClosed,
                Recv,
                RecvEvent,
                EchoAll,
                UntilClosed,
                SenderUntilClosed,
                SenderClose,
                Close,
                TrySend("late"),
                Pong,
                Flush,
            ],
            results: vec![
                "Ok(())",
                "1000 \"bye\", clean, begun by the peer",
                "Ok(None)",
                "Ok(None)",
                ": Ok(false)",
                "1000 \"bye\", clean, begun by the peer",
                "1000 \"bye\", clean, begun by the peer",
                "1000 \"bye\", clean, begun by the peer",
                "1000 \"bye\", clean, begun by the peer",
                "Err(Send(NotOpen))",
                "Err(Send(NotOpen))",
                "Ok(())",
            ],
            closed: "1000 \"bye\", clean, begun by the peer",
        },
        Transcript {
            name: "both halves of a stream that was cut",
            config: Config::new(),
            frames: vec![text("a")],
            calls: vec![
                Recv,
                CutWire,
                EchoAll,
                Send("c"),
                Flush,
                Ping,
                UntilClosed,
                SenderUntilClosed,
                SenderClose,
            ],
            results: vec![
                "a",
                "",
                ": Err(ConnectionLost)",
                "Err(Send(NotOpen))",
                "Ok(())",
                "Err(Send(NotOpen))",
                "1006 \"\", lost, begun by the peer",
                "1006 \"\", lost, begun by the peer",
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
fn every_driver_gives_the_same_results_and_bytes() {
    for transcript in transcripts() {
        for role in [Role::Server, Role::Client] {
            let first = transcript.run(Driver::Blocking, role, Chunking::Whole);
            assert_eq!(first.results, transcript.results, "{}", transcript.name);
            assert_eq!(first.closed, transcript.closed, "{}", transcript.name);
            for driver in DRIVERS {
                for chunking in CHUNKINGS {
                    let outcome = transcript.run(driver, role, chunking);
                    let what = format!("{}: {driver:?}, {role:?}, {chunking:?}", transcript.name);
                    assert_eq!(
                        (&outcome.results, &outcome.closed),
                        (&first.results, &first.closed),
                        "{what}"
                    );
                    assert_stats(&outcome, &first.stats, &what);
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

/// The counts are those of the first driver, and of the bytes on the wire.
fn assert_stats(outcome: &Outcome, first: &Stats, what: &str) {
    let (stats, mut wire) = (&outcome.stats, &outcome.wire[..]);
    let counts = |stats: &Stats| {
        let (received, sent) = (stats.received, stats.sent);
        (received.messages, received.frames, received.payload, sent, stats.queued_messages)
    };
    assert_eq!(counts(stats), counts(first), "{what}");
    // What is queued when the wire is cut can't be written.
    assert_eq!(stats.sent.bytes, wire.len() as u64, "{what}");
    let (mut frames, mut messages, mut payload) = (0, stats.queued_messages, 0);
    while let Some((header, size)) = Header::parse(wire).unwrap() {
        wire = &wire[size + header.payload_len as usize..];
        frames += 1;
        if !header.opcode.is_control() {
            messages += u64::from(header.fin);
            payload += header.payload_len;
        }
    }
    assert_eq!(stats.sent.messages, messages, "{what}");
    if stats.queued_bytes == 0 {
        assert_eq!((stats.sent.frames, stats.sent.frame_payload), (frames, payload), "{what}");
    }
}
