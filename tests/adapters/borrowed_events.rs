//! `recv_event_with`: every event, with messages borrowed from the read buffer, in every adapter, by
//! connections and by halves.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::convert::identity;
use std::io::Write;
use std::net::Shutdown;

use sansocket::blocking::{self, Stream as _};
use sansocket::runtime::{self, Clock};
use sansocket::testing::TestStream;
use sansocket::{
    Backpressure, Chunk, Closed, Config, Connection, Error, Event, EventRef, Kind, Message,
    Replies, SendError, TimedOut, Timeouts,
};
use support::adapters::{Adapter, in_every_adapter, s, timed, until};
use support::peer::{read_events, text_event};
use support::{Chunking, masked, stream_pair as pair};

type Each = Result<(), Error>;

/// A connection, or the half that receives.
trait Receives {
    async fn recv_event_with(
        &mut self,
        each: impl FnMut(EventRef<'_>, &mut Replies<'_>) -> Each,
    ) -> Result<bool, Error>;
    async fn recv(&mut self) -> Result<Option<Message>, Error>;
    fn closed(&self) -> Option<Closed>;
}

macro_rules! receives {
    ([$($generics:tt)*] $type:ty, $closed:ident $(, $wait:tt)?) => {
        impl<$($generics)*> Receives for $type {
            async fn recv_event_with(&mut self, each: impl FnMut(EventRef<'_>, &mut Replies<'_>) -> Each) -> Result<bool, Error> {
                Self::recv_event_with(self, each)$(.$wait)?
            }

            async fn recv(&mut self) -> Result<Option<Message>, Error> {
                Self::recv(self)$(.$wait)?
            }

            fn closed(&self) -> Option<Closed> {
                $closed(Self::closed(self))
            }
        }
    };
}

fn cloned(closed: Option<&Closed>) -> Option<Closed> {
    closed.cloned()
}

receives!([S: runtime::Stream, C: Clock] runtime::WebSocket<S, C>, cloned, await);
receives!([S: runtime::Stream, C: Clock] runtime::Receiver<S, C>, identity, await);
receives!([] blocking::WebSocket<TestStream>, cloned);
receives!([] blocking::Receiver<TestStream, TestStream>, identity);

/// Opens connections in one adapter.
trait Factory {
    fn whole(&self, end: TestStream, config: Config, backpressure: Backpressure) -> impl Receives;
    /// The half that receives, and the other one, which lives as long.
    fn half(
        &self,
        end: TestStream,
        config: Config,
        backpressure: Backpressure,
    ) -> (impl Receives, impl Sized);
}

impl<A: Adapter> Factory for A {
    fn whole(&self, end: TestStream, config: Config, backpressure: Backpressure) -> impl Receives {
        let mut socket = self.open(end, Connection::server(config), Timeouts::default());
        socket.set_backpressure(backpressure);
        socket
    }

    fn half(
        &self,
        end: TestStream,
        config: Config,
        backpressure: Backpressure,
    ) -> (impl Receives, impl Sized) {
        let mut socket = self.open(end, Connection::server(config), Timeouts::default());
        socket.set_backpressure(backpressure);
        let (sender, receiver) = socket.split();
        (receiver, sender)
    }
}

struct OnThreads;

impl Factory for OnThreads {
    fn whole(&self, end: TestStream, config: Config, backpressure: Backpressure) -> impl Receives {
        let connection = Connection::server(config);
        let mut socket =
            blocking::WebSocket::from_parts(end, connection, Timeouts::default()).unwrap();
        socket.set_backpressure(backpressure);
        socket
    }

    fn half(
        &self,
        end: TestStream,
        config: Config,
        backpressure: Backpressure,
    ) -> (impl Receives, impl Sized) {
        let connection = Connection::server(config);
        let mut socket =
            blocking::WebSocket::from_parts(end, connection, Timeouts::default()).unwrap();
        socket.set_backpressure(backpressure);
        let (sender, receiver) = socket.split().unwrap();
        (receiver, sender)
    }
}

in_every_adapter! {
    with OnThreads:
    events_are_handed_over_in_order_in_every_chunking
    application_answers_pings_itself
    chunks_are_events
    next_call_continues_after_an_error_of_the_callback
    answers_above_the_high_water_mark_leave_events_for_the_next_call
}

/// Tests on manually advanced clocks.
mod clocked {
    use super::*;

    in_every_adapter! {
        pong_is_noted_before_it_is_handed_over
        pings_that_are_handed_over_do_not_reset_the_idle_timeout
    }
}

/// Runs the test with a connection and with a half of one: the peer's end, and the receiver.
macro_rules! with_each {
    ($factory:ident, $chunking:expr, $config:expr, $backpressure:expr, |$peer:ident, $socket:ident| $test:block) => {{
        {
            let (mut $peer, end) = pair($chunking);
            let mut $socket = $factory.whole(end, $config, $backpressure);
            $test
        }
        {
            let (mut $peer, end) = pair($chunking);
            let (mut $socket, _other) = $factory.half(end, $config, $backpressure);
            $test
        }
    }};
}

fn ping(payload: &str) -> Event {
    Event::Ping(payload.to_owned().into())
}

fn pong(payload: &str) -> Event {
    Event::Pong(payload.to_owned().into())
}

async fn events_are_handed_over_in_order_in_every_chunking(factory: &impl Factory) {
    let frames = [
        masked(0x81, b"a"),
        masked(0x89, b"p"),
        masked(0x01, b"b"),
        masked(0x8a, b"q"), // a pong between two fragments
        masked(0x80, b"c"),
        masked(0x88, b"\x03\xe8bye"),
    ];
    let bytes = frames.concat();
    for chunking in [Chunking::Whole, Chunking::Bytewise] {
        with_each!(factory, chunking, Config::new(), Backpressure::default(), |peer, socket| {
            peer.write_all(&bytes).unwrap();
            peer.shutdown(Shutdown::Write).unwrap();
            let mut all = Vec::new();
            let mut each = |event: EventRef<'_>, replies: &mut Replies<'_>| {
                if let EventRef::Message(message) = &event {
                    replies.send(message.clone())?;
                }
                all.push(Event::from(event));
                Ok(())
            };
            while socket.recv_event_with(&mut each).await.unwrap() {}
            assert!(!socket.recv_event_with(|_, _| panic!("after the end")).await.unwrap());
            assert_eq!(all, [text_event("a"), ping("p"), pong("q"), text_event("bc")]);
            let closed = socket.closed().unwrap();
            assert!(closed.was_clean() && closed.reason() == "bye", "{closed:?}");
            let (_, sent) = read_events(&mut peer);
            assert_eq!(sent[..3], [text_event("a"), pong("p"), text_event("bc")], "{chunking:?}");
        });
    }
}

async fn application_answers_pings_itself(factory: &impl Factory) {
    let config = || Config::new().auto_pong(false);
    with_each!(factory, Chunking::Whole, config(), Backpressure::default(), |peer, socket| {
        peer.write_all(&[masked(0x89, b"1"), masked(0x81, b"a"), masked(0x89, b"2")].concat())
            .unwrap();
        let more = socket.recv_event_with(|event, replies| match event {
            EventRef::Message(message) => replies.send(message),
            EventRef::Other(Event::Ping(payload)) => {
                let too_long = replies.pong([0; 126]);
                assert!(matches!(too_long, Err(Error::Send(SendError::ControlTooLong { .. }))));
                replies.pong(payload)
            }
            other => panic!("{other:?}"),
        });
        assert!(more.await.unwrap());
        // Written by the call, in their order.
        assert_eq!(read_events(&mut peer).1, [pong("1"), text_event("a"), pong("2")]);
    });
}

async fn chunks_are_events(factory: &impl Factory) {
    let config = || Config::new().receive_in_chunks(true);
    with_each!(factory, Chunking::Whole, config(), Backpressure::default(), |peer, socket| {
        peer.write_all(&[masked(0x01, b"a"), masked(0x89, b"p"), masked(0x80, b"b")].concat())
            .unwrap();
        let mut all = Vec::new();
        let each = |event: EventRef<'_>, _: &mut Replies<'_>| {
            all.push(Event::from(event));
            Ok(())
        };
        assert!(socket.recv_event_with(each).await.unwrap());
        let chunk = |text: &'static str, last| {
            Event::Chunk(Chunk { kind: Kind::Text, bytes: text.into(), last })
        };
        assert_eq!(all, [chunk("a", false), ping("p"), chunk("b", true)]);
    });
}

async fn next_call_continues_after_an_error_of_the_callback(factory: &impl Factory) {
    with_each!(factory, Chunking::Whole, Config::new(), Backpressure::default(), |peer, socket| {
        peer.write_all(&[masked(0x89, b"1"), masked(0x8a, b"2"), masked(0x81, b"3")].concat())
            .unwrap();
        let mut all = Vec::new();
        for _ in 0..3 {
            let failed = socket.recv_event_with(|event, _| {
                all.push(Event::from(event));
                Err(Error::UnreadMessages)
            });
            assert!(matches!(failed.await, Err(Error::UnreadMessages)));
        }
        assert_eq!(all, [ping("1"), pong("2"), text_event("3")]);
        peer.write_all(&[masked(0x89, b"4"), masked(0x81, b"5")].concat()).unwrap();
        // Other calls take what is left.
        let failed = socket.recv_event_with(|_, _| Err(Error::UnreadMessages)).await;
        assert!(matches!(failed, Err(Error::UnreadMessages)));
        assert_eq!(socket.recv().await.unwrap(), Some("5".into()));
    });
}

async fn answers_above_the_high_water_mark_leave_events_for_the_next_call(factory: &impl Factory) {
    let bounds = || Backpressure { high_water_mark: 100, ..Backpressure::default() };
    with_each!(factory, Chunking::Whole, Config::new(), bounds(), |peer, socket| {
        let pings = ["1", "2", "3", "4"].map(|text| masked(0x89, text.as_bytes()));
        peer.write_all(&pings.concat()).unwrap();
        for expected in [["1", "2"], ["3", "4"]] {
            let mut seen = Vec::new();
            let each = |event: EventRef<'_>, replies: &mut Replies<'_>| {
                seen.push(Event::from(event));
                replies.send(&[0; 60][..])
            };
            assert!(socket.recv_event_with(each).await.unwrap());
            assert_eq!(seen, expected.map(ping));
        }
    });
}

/// The round trip is known when the application sees the pong.
async fn pong_is_noted_before_it_is_handed_over(adapter: &impl Adapter) {
    let (mut peer, mut socket) = adapter.server(Timeouts::default());
    socket.start_ping().await.unwrap();
    let (_, sent) = read_events(&mut peer);
    let [Event::Ping(payload)] = &sent[..] else { panic!("{sent:?}") };
    peer.write_all(&masked(0x8a, payload)).unwrap();
    let (sender, mut receiver) = socket.split();
    let mut seen = None;
    let each = |_: EventRef<'_>, _: &mut Replies<'_>| {
        seen = sender.round_trip();
        Ok(())
    };
    assert!(receiver.recv_event_with(each).await.unwrap());
    assert!(seen.is_some());
}

async fn pings_that_are_handed_over_do_not_reset_the_idle_timeout(adapter: &impl Adapter) {
    let (mut peer, mut socket) =
        adapter.server(Timeouts { idle: Some(s(10)), ..Timeouts::default() });
    let clock = adapter.clock();
    let begun = clock.now();
    until(&mut adapter.clock(), begun + s(6)).await;
    peer.write_all(&masked(0x89, b"?")).unwrap();
    assert!(socket.recv_event_with(|_, _| Ok(())).await.unwrap());
    let (end, after) = timed(&clock, socket.recv_event_with(|_, _| Ok(()))).await;
    assert!(matches!(end, Err(Error::TimedOut(TimedOut::Idle))), "{end:?}");
    assert!(after <= s(4), "{after:?}");
}
