//! Halves in both async adapters, on clocks that only a test moves: whoever waits is told in time,
//! and nobody else is kept waiting.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::future::poll_fn;
use std::io::Write;
use std::pin::{Pin, pin};
use std::task::Poll;

use futures_core::Stream as _;
use futures_sink::Sink;
use sansocket::runtime::{self, Clock, Receiver, Sender};
use sansocket::testing::ManualClock;
use sansocket::{CloseCode, Error, Kind, Message, SendError, State, TimedOut, Timeouts};
use smol::LocalExecutor;
use support::adapters::{
    Adapter, OnFutures, during, in_every_adapter, read, run_on, s, timed, until, write_all,
};
use support::{masked, unmasked};

in_every_adapter! {
    every_sender_that_waits_is_told_that_the_peer_does_not_read
    whoever_goes_on_waits_as_long_again
    a_close_is_over_when_the_last_words_are_written
    a_close_that_nobody_answers_takes_five_seconds
    a_close_s_deadline_is_the_receiver_s_too
    what_is_fed_is_written_by_a_receiver_that_waits
    a_send_that_is_given_up_is_finished_by_whoever_waits
    a_dead_peer_is_noticed
    a_busy_peer_is_alive
    a_ping_gives_the_round_trip
    a_receiver_that_goes_is_missed
    the_end_is_told_to_whoever_waits_for_it
    messages_stream_from_a_sink_to_a_stream
    a_writer_waits_for_a_sink_that_is_ready
    closing_the_sink_is_a_closing_handshake
    a_sender_ends_it_all_at_once
    halves_are_put_together_again
}

async fn delay(adapter: &impl Adapter, seconds: u64) {
    let mut clock = adapter.clock();
    let deadline = clock.now() + s(seconds);
    until(&mut clock, deadline).await;
}

// Writing.

async fn every_sender_that_waits_is_told_that_the_peer_does_not_read(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (peer, socket) = adapter.server(Timeouts { ping: None, ..Timeouts::default() });
    peer.wire().set_capacity(1000);
    let (sender, mut receiver) = socket.split();
    let executor = LocalExecutor::new();
    let tasks: Vec<_> = (0..5)
        .map(|number| {
            let (mut sender, clock) = (sender.clone(), &clock);
            executor.spawn(timed(clock, async move {
                match number {
                    // For room, to have it written, and for the turn.
                    0 => sender.send(vec![0; 300_000]).await,
                    1 => sender.feed(vec![0; 300_000]).await,
                    2 => sender.flush().await,
                    3 => sender.reserve().await.map(drop),
                    _ => sender.writer(Kind::Text).await?.write_chunk("x").await,
                }
            }))
        })
        .collect();
    let mut told = Vec::new();
    executor
        .run(async {
            for (number, task) in tasks.into_iter().enumerate() {
                let (sent, after) = task.await;
                told.push(sent.unwrap_err().to_string());
                // The writer gets its turn when those before it have left.
                assert_eq!(after, if number == 4 { s(60) } else { s(30) });
            }
        })
        .await;
    let [write, room] = [TimedOut::Write, TimedOut::Room].map(|why| why.to_string());
    assert_eq!(
        told,
        [&write, &room, &write, &room, &write].map(String::as_str),
        "what was not sent is told from what waits"
    );
    assert_eq!((sender.state(), receiver.state()), (State::Open, State::Open));
    let received = receiver.recv().await;
    assert!(
        matches!(received, Err(Error::TimedOut(TimedOut::Write))),
        "who receives is told as well: {received:?}"
    );
}

async fn whoever_goes_on_waits_as_long_again(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, socket) = adapter.server(Timeouts::default());
    let wire = peer.wire();
    wire.set_capacity(1000);
    let (sender, _receiver) = socket.split();
    for (message, why) in [(vec![7; 300_000], TimedOut::Write), (vec![8; 10], TimedOut::Room)] {
        let (sent, after) = timed(&clock, sender.send(message)).await;
        assert!(
            matches!(&sent, Err(Error::TimedOut(told)) if *told == why) && after == s(30),
            "{sent:?} after {after:?}"
        );
    }
    let (flushed, after) = timed(&clock, sender.flush()).await;
    assert!(
        matches!(flushed, Err(Error::TimedOut(TimedOut::Write))) && after == s(30),
        "{flushed:?} after {after:?}"
    );
    wire.set_capacity(usize::MAX);
    sender.send("sent").await.unwrap();
    let mut heard = vec![0; 300_010];
    std::io::Read::read_exact(&mut peer, &mut heard).unwrap();
    assert!(heard == unmasked(0x82, &[7; 300_000]), "whole, though it was given up three times");
    std::io::Read::read_exact(&mut peer, &mut heard[..6]).unwrap();
    assert_eq!(heard[..6], unmasked(0x81, b"sent"), "what found no room was not sent");
}

async fn what_is_fed_is_written_by_a_receiver_that_waits(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, socket) = adapter.server(Timeouts::default());
    let (sender, mut receiver) = socket.split();
    let executor = LocalExecutor::new();
    let receiving = executor.spawn(async move { receiver.recv().await });
    let story = executor.run(async {
        delay(adapter, 1).await;
        sender.feed("fed").await.unwrap();
        assert_eq!(read(&mut peer, 5).await, unmasked(0x81, b"fed"));
        write_all(&mut peer, &masked(0x81, b"thanks")).await;
        assert_eq!(receiving.await.unwrap(), Some("thanks".into()));
    });
    assert_eq!(timed(&clock, story).await.1, s(1), "nothing else wrote it");
}

async fn a_send_that_is_given_up_is_finished_by_whoever_waits(adapter: &impl Adapter) {
    for sender_waits in [true, false] {
        let clock = adapter.clock();
        let (mut peer, socket) = adapter.server(Timeouts::default());
        peer.wire().set_capacity(10);
        let (sender, mut receiver) = socket.split();
        sender.feed(vec![7; 100]).await.unwrap();
        let other = sender.clone();
        let executor = LocalExecutor::new();
        let waiting = executor.spawn(async move {
            if sender_waits { other.flush().await.is_ok() } else { receiver.recv().await.is_err() }
        });
        let story = executor.run(async {
            delay(adapter, 1).await;
            let given_up =
                poll_fn(|cx| Poll::Ready(pin!(sender.flush()).poll(cx).is_pending())).await;
            assert!(given_up);
            assert_eq!(read(&mut peer, 102).await, unmasked(0x82, &[7; 100]));
            drop(peer);
            assert!(waiting.await);
        });
        assert_eq!(timed(&clock, story).await.1, s(1));
    }
}

// Closing.

async fn a_close_is_over_when_the_last_words_are_written(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, socket) = adapter.server(Timeouts::default());
    let wire = peer.wire();
    peer.write_all(&masked(0x88, b"\x03\xe8")).unwrap();
    wire.set_capacity(1);
    let (sender, mut receiver) = socket.split();
    let executor = LocalExecutor::new();
    let receiving = executor.spawn(async move { receiver.recv().await });
    let reading = executor.spawn(async {
        delay(adapter, 3).await;
        wire.set_capacity(100);
        read(&mut peer, 4).await
    });
    let closing = timed(&clock, sender.close(CloseCode::NORMAL, ""));
    let ((closed, after), heard) = executor.run(async { (closing.await, reading.await) }).await;
    assert_eq!(heard, unmasked(0x88, b"\x03\xe8"));
    assert!(
        closed.unwrap().was_clean() && after >= s(3),
        "it was over after {after:?}, before its Close was written"
    );
    assert_eq!(executor.run(receiving).await.unwrap(), None);
}

async fn a_close_that_nobody_answers_takes_five_seconds(adapter: &impl Adapter) {
    // Whether somebody receives, nobody does, or the receiver is gone.
    for receiving in 0..3 {
        let clock = adapter.clock();
        let (_peer, socket) = adapter.server(Timeouts::default());
        let (sender, receiver) = socket.split();
        let mut receiver = (receiving < 2).then_some(receiver);
        let background = async {
            if receiving == 0 {
                receiver.as_mut().unwrap().recv().await.unwrap_err();
            }
            std::future::pending().await
        };
        let (closed, after) =
            during(background, timed(&clock, sender.close(CloseCode::NORMAL, ""))).await;
        assert!(
            matches!(&closed, Err(Error::TimedOut(TimedOut::Close)))
                || closed.is_ok_and(|closed| !closed.was_clean())
        );
        assert_eq!(after, s(5));
    }
}

/// It waits already, for a peer that has time until its next ping.
async fn a_close_s_deadline_is_the_receiver_s_too(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (_peer, socket) = adapter.server(Timeouts::default());
    let (sender, mut receiver) = socket.split();
    let executor = LocalExecutor::new();
    let receiving = executor.spawn(timed(&clock, async move { receiver.recv().await }));
    let closing = executor.spawn(async move {
        delay(adapter, 1).await;
        sender.close(CloseCode::NORMAL, "").await
    });
    let ((received, after), _) = executor.run(async { (receiving.await, closing.await) }).await;
    assert!(received.is_err() && after == s(6), "{received:?} after {after:?}");
}

async fn the_end_is_told_to_whoever_waits_for_it(adapter: &impl Adapter) {
    for code in [1001, 1006] {
        let (mut peer, socket) = adapter.server(Timeouts::default());
        let (sender, mut receiver) = socket.split();
        let executor = LocalExecutor::new();
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let sender = sender.clone();
                executor.spawn(async move { sender.until_closed().await })
            })
            .collect();
        let story = async {
            if code == 1001 {
                write_all(&mut peer, &masked(0x88, b"\x03\xe9")).await;
                assert_eq!(read(&mut peer, 4).await, unmasked(0x88, b"\x03\xe9"));
            }
            drop(peer);
            for task in waiting {
                assert_eq!(task.await.unwrap().code(), code);
            }
        };
        let receiving = executor.spawn(async move { receiver.recv().await });
        executor.run(story).await;
        assert_eq!(executor.run(receiving).await.is_ok(), code == 1001);
    }
}

async fn a_receiver_that_goes_is_missed(adapter: &impl Adapter) {
    let [server, mut peer] = adapter.both(Timeouts { ping: None, ..Timeouts::default() });
    let (sender, receiver) = server.split();
    let other = sender.clone();
    let executor = LocalExecutor::new();
    let pinging = executor.spawn(async move { other.ping().await });
    let leaving = executor.spawn(async move {
        delay(adapter, 1).await;
        drop(receiver);
    });
    executor.run(leaving).await;
    assert!(sender.receiver_dropped());
    assert!(matches!(executor.run(pinging).await, Err(Error::ConnectionLost)));
    peer.send("nobody takes this").await.unwrap();
    let answering = executor.spawn(async move { peer.close(CloseCode::GOING_AWAY, "").await });
    let closed = executor.run(sender.until_closed()).await.unwrap();
    assert_eq!(
        (closed.code(), closed.was_clean()),
        (1001, true),
        "the sender meets the end itself"
    );
    executor.run(answering).await.unwrap();
}

// Keep-alive.

async fn a_dead_peer_is_noticed(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, socket) = adapter.server(Timeouts::default());
    let (sender, mut receiver) = socket.split();
    let executor = LocalExecutor::new();
    // Nor does a sender that talks on keep it alive, or its pings.
    let sending = executor.spawn(async move {
        while sender.send("still there?").await.is_ok() {
            let mut pinging = pin!(sender.ping());
            poll_fn(|cx| Poll::Ready(pinging.as_mut().poll(cx).is_ready())).await;
            delay(adapter, 9).await;
        }
    });
    let story = async {
        delay(adapter, 7).await;
        write_all(&mut peer, &masked(0x81, b"last message")).await;
        assert_eq!(receiver.recv().await.unwrap(), Some("last message".into()));
        peer.wire().stop();
        timed(&clock, receiver.recv()).await
    };
    let (received, after) = executor.run(story).await;
    assert!(matches!(received, Err(Error::TimedOut(TimedOut::KeepAlive))), "{received:?}");
    assert!(after > s(20) && after <= s(40), "{after:?}");
    drop(sending);
}

/// Half a message, a byte at a time, with gaps that are longer than the time to the first ping.
async fn a_busy_peer_is_alive(adapter: &impl Adapter) {
    let (mut peer, socket) = adapter.server(Timeouts::default());
    let (_sender, mut receiver) = socket.split();
    let busy = async {
        for byte in masked(0x81, b"slow but sure").chunks(1) {
            delay(adapter, 35).await;
            write_all(&mut peer, byte).await;
        }
    };
    assert_eq!(during(busy, receiver.recv()).await.unwrap(), Some("slow but sure".into()));
}

async fn a_ping_gives_the_round_trip(adapter: &impl Adapter) {
    let [server, mut peer] = adapter.both(Timeouts::default());
    let (sender, mut receiver) = server.split();
    let executor = LocalExecutor::new();
    let receiving = executor.spawn(async move { receiver.recv().await.map(drop) });
    let pinging: Vec<_> = (0..3)
        .map(|number| {
            let sender = sender.clone();
            executor.spawn(async move {
                delay(adapter, number).await;
                (sender.ping().await.unwrap(), sender.close(CloseCode::NORMAL, "").await)
            })
        })
        .collect();
    let story = async {
        delay(adapter, 5).await;
        let answering = executor.spawn(async move { peer.recv().await.map(drop) });
        for (task, seconds) in pinging.into_iter().zip([5, 4, 3]) {
            let (trip, closed) = task.await;
            assert!(trip >= s(seconds) && trip < s(seconds + 1), "{trip:?}");
            assert!(closed.unwrap().was_clean());
        }
        answering.await.unwrap();
    };
    executor.run(story).await;
    executor.run(receiving).await.unwrap();
}

// The standard traits.

async fn next<S: runtime::Stream, C: Clock>(
    receiver: &mut Receiver<S, C>,
) -> Option<Result<Message, Error>> {
    poll_fn(|cx| Pin::new(&mut *receiver).poll_next(cx)).await
}

async fn give<S: runtime::Stream, C: Clock>(
    sender: &mut Sender<S, C>,
    message: Message,
) -> Result<(), Error> {
    poll_fn(|cx| Pin::new(&mut *sender).poll_ready(cx)).await?;
    Pin::new(&mut *sender).start_send(message)
}

async fn sink_flush<S: runtime::Stream, C: Clock>(sender: &mut Sender<S, C>) -> Result<(), Error> {
    poll_fn(|cx| Sink::poll_flush(Pin::new(&mut *sender), cx)).await
}

async fn messages_stream_from_a_sink_to_a_stream(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (wire, [one, two]) = adapter.wired(Timeouts::default());
    wire.set_capacity(100);
    let ((mut sender, mut receiver), (mut echo_sender, mut echo_receiver)) =
        (one.split(), two.split());
    let executor = LocalExecutor::new();
    let echoing = executor.spawn(async move {
        while let Some(message) = next(&mut echo_receiver).await {
            give(&mut echo_sender, message.unwrap()).await.unwrap();
            sink_flush(&mut echo_sender).await.unwrap();
        }
    });
    let sending = executor.spawn(async move {
        for number in 0..50 {
            give(&mut sender, vec![number; 300].into()).await.unwrap();
        }
        sink_flush(&mut sender).await.unwrap();
        sender
    });
    let story = async {
        for number in 0..50 {
            assert_eq!(
                next(&mut receiver).await.unwrap().unwrap(),
                Message::from(vec![number; 300])
            );
        }
        let mut sender = sending.await;
        let closing = executor
            .spawn(async move { poll_fn(|cx| Sink::poll_close(Pin::new(&mut sender), cx)).await });
        assert!(
            next(&mut receiver).await.is_none() && next(&mut receiver).await.is_none(),
            "it ends, and stays so"
        );
        closing.await.unwrap();
        echoing.await;
    };
    assert_eq!(timed(&clock, executor.run(story)).await.1, s(0));
}

/// What a sink was given is neither mixed into another's message, nor lost.
/// A sink that is ready was promised that it can be given a message.
async fn a_writer_waits_for_a_sink_that_is_ready(adapter: &impl Adapter) {
    let [one, mut peer] = adapter.both(Timeouts::default());
    let (mut sink, _receiver) = one.split();
    let mut other = sink.clone();
    for _ in 0..2 {
        poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)).await.unwrap();
    }
    let executor = LocalExecutor::new();
    let writing = executor.spawn(async move {
        let mut writer = other.writer(Kind::Text).await.unwrap();
        writer.write_chunk("in ").await.unwrap();
        writer.write_chunk("two parts").await.unwrap();
        writer.finish().await.unwrap();
    });
    let story = async {
        delay(adapter, 1).await;
        Pin::new(&mut sink).start_send("given".into()).unwrap();
        writing.await;
        for expected in ["given", "in two parts"] {
            assert_eq!(peer.recv().await.unwrap(), Some(expected.into()));
        }
        poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)).await.unwrap();
        drop(sink);
    };
    executor.run(story).await;
}

async fn closing_the_sink_is_a_closing_handshake(adapter: &impl Adapter) {
    let [one, mut peer] = adapter.both(Timeouts::default());
    let (mut sender, mut receiver) = one.split();
    let executor = LocalExecutor::new();
    let receiving = executor.spawn(async move { receiver.recv().await });
    let hearing = executor.spawn(async move {
        (peer.recv().await, peer.recv().await, peer.closed().map(|closed| closed.code()))
    });
    let story = async {
        give(&mut sender, "last".into()).await.unwrap();
        poll_fn(|cx| Sink::poll_close(Pin::new(&mut sender), cx)).await.unwrap();
        let (last, end, code) = hearing.await;
        assert_eq!((last.unwrap(), end.unwrap(), code), (Some("last".into()), None, Some(1000)));
        assert!(receiving.await.unwrap().is_none());
        assert!(matches!(
            give(&mut sender, "late".into()).await,
            Err(Error::Send(SendError::NotOpen))
        ));
    };
    executor.run(story).await;
}

/// Without a Close frame, and without waiting.
async fn a_sender_ends_it_all_at_once(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let [one, mut peer] = adapter.both(Timeouts::default());
    let (sender, mut receiver) = one.split();
    peer.send("not received").await.unwrap();
    let waiting = sender.clone();
    let executor = LocalExecutor::new();
    let waiting = executor.spawn(async move { waiting.until_closed().await });
    let story = async {
        delay(adapter, 1).await;
        sender.abort();
        assert_eq!((sender.state(), waiting.await.unwrap().code()), (State::Closed, 1006));
        assert!(matches!(receiver.recv().await, Err(Error::ConnectionLost)));
        assert!(matches!(peer.recv().await, Err(Error::ConnectionLost)));
        assert!(matches!(sender.send("late").await, Err(Error::Send(SendError::NotOpen))));
        assert_eq!(peer.closed().unwrap().code(), 1006);
    };
    assert_eq!(timed(&clock, executor.run(story)).await.1, s(1));
}

async fn halves_are_put_together_again(adapter: &impl Adapter) {
    let [one, mut peer] = adapter.both(Timeouts::default());
    let (sender, mut receiver) = one.split();
    peer.feed("one").await.unwrap();
    peer.send("two").await.unwrap();
    assert_eq!(receiver.recv().await.unwrap(), Some("one".into()));
    sender.feed("fed").await.unwrap();
    let other = sender.clone();
    let (receiver, sender) = receiver.reunite(sender).unwrap_err();
    drop(other);
    let mut whole = receiver.reunite(sender).unwrap();
    assert_eq!(whole.recv().await.unwrap(), Some("two".into()));
    whole.flush().await.unwrap();
    assert_eq!(peer.recv().await.unwrap(), Some("fed".into()));
}

#[test]
fn what_the_sink_was_given_is_not_lost() {
    let clock = ManualClock::new();
    run_on(&clock, what_the_sink_was_given_goes_over(&OnFutures(clock.clone())));
}

/// A sink that has taken a message owes it to the peer.
async fn what_the_sink_was_given_goes_over(adapter: &impl Adapter) {
    let [one, mut peer] = adapter.both(Timeouts::default());
    let (mut sender, receiver) = one.split();
    give(&mut sender, "given".into()).await.unwrap();
    let mut whole = receiver.reunite(sender).unwrap();
    whole.send("next").await.unwrap();
    for expected in ["given", "next"] {
        assert_eq!(peer.recv().await.unwrap(), Some(expected.into()));
    }
}
