//! Halves in both async adapters, on manually advanced clocks: wake-ups, timeouts and closing.
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
    every_waiting_sender_times_out_when_the_peer_does_not_read
    retry_after_a_write_timeout_gets_a_new_write_deadline
    close_returns_after_our_close_frame_is_written
    unanswered_close_times_out_after_five_seconds
    close_deadline_wakes_a_receiver_that_already_waits
    stalled_sender_ends_at_the_close_deadline_after_recv_had_the_error
    waiting_receiver_flushes_fed_messages
    dropped_flush_is_completed_by_another_waiting_handle
    silent_peer_fails_with_a_keep_alive_timeout
    bytes_of_an_unfinished_message_reset_the_keep_alive
    ping_returns_the_round_trip_time
    dropping_the_receiver_drops_the_stream
    until_closed_of_the_receiver_keeps_a_connection_that_only_sends
    end_of_the_connection_wakes_every_waiting_half
    sink_and_stream_echo_messages
    writer_waits_for_a_sink_that_is_ready
    poll_close_of_the_sink_is_a_closing_handshake
    sender_aborts_the_stream_without_a_close_frame
    reunite_fails_while_another_sender_exists_and_loses_no_message
}

async fn delay(adapter: &impl Adapter, seconds: u64) {
    let mut clock = adapter.clock();
    let deadline = clock.now() + s(seconds);
    until(&mut clock, deadline).await;
}

// Writing.

async fn every_waiting_sender_times_out_when_the_peer_does_not_read(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let timeouts = Timeouts { ping: None, write: Some(s(30)), ..Timeouts::default() };
    let (peer, socket) = adapter.server(timeouts);
    peer.wire().set_capacity(1000);
    let (sender, mut receiver) = socket.split();
    let executor = LocalExecutor::new();
    let tasks: Vec<_> = (0..5)
        .map(|number| {
            let (mut sender, clock) = (sender.clone(), &clock);
            executor.spawn(timed(clock, async move {
                match number {
                    // These wait for a write, for room, or for the fragmented-send lock.
                    0 => sender.send(vec![0; 300_000]).await,
                    1 => sender.feed(vec![0; 300_000]).await,
                    2 => sender.flush().await,
                    3 => sender.reserve().await.map(drop),
                    _ => sender.writer(Kind::Text).await?.write_chunk("x").await,
                }
            }))
        })
        .collect();
    let mut errors = Vec::new();
    executor
        .run(async {
            for (number, task) in tasks.into_iter().enumerate() {
                let (sent, after) = task.await;
                errors.push(sent.unwrap_err().to_string());
                // The writer gets the lock when the senders before it have timed out.
                assert_eq!(after, if number == 4 { s(60) } else { s(30) });
            }
        })
        .await;
    let [write, room] = [TimedOut::Write, TimedOut::Room].map(|why| why.to_string());
    assert_eq!(
        errors,
        [&write, &room, &write, &room, &write].map(String::as_str),
        "TimedOut::Room: not queued; TimedOut::Write: queued"
    );
    assert_eq!((sender.state(), receiver.state()), (State::Open, State::Open));
    let received = receiver.recv().await;
    assert!(
        matches!(received, Err(Error::TimedOut(TimedOut::Write))),
        "the receiver reports the timeout, too: {received:?}"
    );
}

async fn retry_after_a_write_timeout_gets_a_new_write_deadline(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let timeouts = Timeouts { write: Some(s(30)), ..Timeouts::default() };
    let (mut peer, socket) = adapter.server(timeouts);
    let wire = peer.wire();
    wire.set_capacity(1000);
    let (sender, _receiver) = socket.split();
    for (message, why) in [(vec![7; 300_000], TimedOut::Write), (vec![8; 10], TimedOut::Room)] {
        let (sent, after) = timed(&clock, sender.send(message)).await;
        assert!(
            matches!(&sent, Err(Error::TimedOut(reason)) if *reason == why) && after == s(30),
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
    let mut received_bytes = vec![0; 300_010];
    std::io::Read::read_exact(&mut peer, &mut received_bytes).unwrap();
    assert!(
        received_bytes == unmasked(0x82, &[7; 300_000]),
        "the message arrives whole after three timeouts"
    );
    std::io::Read::read_exact(&mut peer, &mut received_bytes[..6]).unwrap();
    assert_eq!(
        received_bytes[..6],
        unmasked(0x81, b"sent"),
        "the message that timed out for room was not sent"
    );
}

async fn waiting_receiver_flushes_fed_messages(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, socket) = adapter.server(Timeouts::default());
    let (sender, mut receiver) = socket.split();
    let executor = LocalExecutor::new();
    let receiving = executor.spawn(async move { receiver.recv().await });
    let exchange = executor.run(async {
        delay(adapter, 1).await;
        sender.feed("fed").await.unwrap();
        assert_eq!(read(&mut peer, 5).await, unmasked(0x81, b"fed"));
        write_all(&mut peer, &masked(0x81, b"thanks")).await;
        assert_eq!(receiving.await.unwrap(), Some("thanks".into()));
    });
    assert_eq!(timed(&clock, exchange).await.1, s(1), "the waiting receiver wrote the message");
}

async fn dropped_flush_is_completed_by_another_waiting_handle(adapter: &impl Adapter) {
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
        let exchange = executor.run(async {
            delay(adapter, 1).await;
            let given_up =
                poll_fn(|cx| Poll::Ready(pin!(sender.flush()).poll(cx).is_pending())).await;
            assert!(given_up);
            assert_eq!(read(&mut peer, 102).await, unmasked(0x82, &[7; 100]));
            drop(peer);
            assert!(waiting.await);
        });
        assert_eq!(timed(&clock, exchange).await.1, s(1));
    }
}

// Closing.

async fn close_returns_after_our_close_frame_is_written(adapter: &impl Adapter) {
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
    let ((closed, after), received_bytes) =
        executor.run(async { (closing.await, reading.await) }).await;
    assert_eq!(received_bytes, unmasked(0x88, b"\x03\xe8"));
    assert!(
        closed.unwrap().was_clean() && after >= s(3),
        "close returned after {after:?}, before its Close was written"
    );
    assert_eq!(executor.run(receiving).await.unwrap(), None);
}

async fn unanswered_close_times_out_after_five_seconds(adapter: &impl Adapter) {
    // A receiver that is polled, and one that is not.
    for receiving in [true, false] {
        let clock = adapter.clock();
        let (_peer, socket) = adapter.server(Timeouts::default());
        let (sender, mut receiver) = socket.split();
        let background = async {
            if receiving {
                receiver.recv().await.unwrap_err();
            }
            std::future::pending().await
        };
        let (closed, after) =
            during(background, timed(&clock, sender.close(CloseCode::NORMAL, ""))).await;
        assert!(matches!(closed, Err(Error::TimedOut(TimedOut::Close))), "{closed:?}");
        assert_eq!(after, s(5));
    }
}

/// The receiver's alarm was set for the next keep-alive ping, which is later.
async fn close_deadline_wakes_a_receiver_that_already_waits(adapter: &impl Adapter) {
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

/// The receiver is kept, and does nothing more. The sender's alarm was set for its write deadline,
/// which is later, or for none.
async fn stalled_sender_ends_at_the_close_deadline_after_recv_had_the_error(
    adapter: &impl Adapter,
) {
    for write in [Some(s(120)), None] {
        let clock = adapter.clock();
        let (mut peer, socket) = adapter.server(Timeouts { write, ..Timeouts::default() });
        peer.wire().set_capacity(10);
        let (sender, mut receiver) = socket.split();
        let executor = LocalExecutor::new();
        let sending = executor.spawn(timed(&clock, async move { sender.send(vec![7; 100]).await }));
        let exchange = async {
            delay(adapter, 1).await;
            peer.write_all(&masked(0x83, b"")).unwrap();
            assert!(matches!(receiver.recv().await, Err(Error::Protocol(_))));
            sending.await
        };
        let (sent, after) = executor.run(exchange).await;
        assert!(matches!(sent, Err(Error::ConnectionLost)), "{sent:?}");
        assert_eq!(after, s(6), "write: {write:?}");
    }
}

async fn end_of_the_connection_wakes_every_waiting_half(adapter: &impl Adapter) {
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
        let exchange = async {
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
        executor.run(exchange).await;
        assert_eq!(executor.run(receiving).await.is_ok(), code == 1001);
    }
}

/// Dropping the receiver drops the stream, although senders are kept; waits end.
async fn dropping_the_receiver_drops_the_stream(adapter: &impl Adapter) {
    let [server, mut peer] = adapter.both(Timeouts { ping: None, ..Timeouts::default() });
    let (sender, receiver) = server.split();
    let (second, third) = (sender.clone(), sender.clone());
    let executor = LocalExecutor::new();
    let pinging = executor.spawn(async move { second.ping().await });
    let waiting = executor.spawn(async move { third.until_closed().await });
    let leaving = executor.spawn(async move {
        delay(adapter, 1).await;
        drop(receiver);
    });
    executor.run(leaving).await;
    assert!(matches!(executor.run(pinging).await, Err(Error::ConnectionLost)));
    for closed in [
        executor.run(waiting).await.unwrap(),
        executor.run(sender.close(CloseCode::NORMAL, "")).await.unwrap(),
    ] {
        assert_eq!((closed.code(), closed.was_clean()), (1006, false));
    }
    assert!(matches!(sender.send("late").await, Err(Error::Send(SendError::NotOpen))));
    assert!(matches!(peer.recv().await, Err(Error::ConnectionLost)));
    assert!(matches!(peer.send("nobody takes this").await, Err(Error::Send(_))));
}

/// A connection that only sends has a task that discards what arrives.
async fn until_closed_of_the_receiver_keeps_a_connection_that_only_sends(adapter: &impl Adapter) {
    let [server, mut peer] = adapter.both(Timeouts::default());
    let (sender, mut receiver) = server.split();
    let executor = LocalExecutor::new();
    let discarding = executor.spawn(async move { receiver.until_closed().await });
    let exchange = async {
        peer.send("discarded").await.unwrap();
        sender.send("one").await.unwrap();
        assert_eq!(peer.recv().await.unwrap(), Some("one".into()));
        assert!(peer.close(CloseCode::GOING_AWAY, "").await.unwrap().was_clean());
    };
    executor.run(exchange).await;
    assert_eq!(executor.run(discarding).await.unwrap().code(), 1001);
    assert_eq!(sender.until_closed().await.unwrap().code(), 1001);
}

// Keep-alive.

async fn silent_peer_fails_with_a_keep_alive_timeout(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, socket) = adapter.server(Timeouts::default());
    let (sender, mut receiver) = socket.split();
    let executor = LocalExecutor::new();
    // Sent messages and pings do not reset the keep-alive.
    let sending = executor.spawn(async move {
        while sender.send("still there?").await.is_ok() {
            let mut pinging = pin!(sender.ping());
            poll_fn(|cx| Poll::Ready(pinging.as_mut().poll(cx).is_ready())).await;
            delay(adapter, 9).await;
        }
    });
    let exchange = async {
        delay(adapter, 7).await;
        write_all(&mut peer, &masked(0x81, b"last message")).await;
        assert_eq!(receiver.recv().await.unwrap(), Some("last message".into()));
        peer.wire().blackhole();
        timed(&clock, receiver.recv()).await
    };
    let (received, after) = executor.run(exchange).await;
    assert!(matches!(received, Err(Error::TimedOut(TimedOut::KeepAlive))), "{received:?}");
    assert!(after > s(120) && after <= s(140), "{after:?}");
    drop(sending);
}

/// Half a message, a byte at a time, with gaps that are longer than the time to the first ping.
async fn bytes_of_an_unfinished_message_reset_the_keep_alive(adapter: &impl Adapter) {
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

async fn ping_returns_the_round_trip_time(adapter: &impl Adapter) {
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
    let exchange = async {
        delay(adapter, 5).await;
        let answering = executor.spawn(async move { peer.recv().await.map(drop) });
        for (task, seconds) in pinging.into_iter().zip([5, 4, 3]) {
            let (trip, closed) = task.await;
            assert!(trip >= s(seconds) && trip < s(seconds + 1), "{trip:?}");
            assert!(closed.unwrap().was_clean());
        }
        answering.await.unwrap();
    };
    executor.run(exchange).await;
    executor.run(receiving).await.unwrap();
}

// The standard traits.

async fn next<S: runtime::Stream, C: Clock>(
    receiver: &mut Receiver<S, C>,
) -> Option<Result<Message, Error>> {
    poll_fn(|cx| Pin::new(&mut *receiver).poll_next(cx)).await
}

async fn feed_sink<S: runtime::Stream, C: Clock>(
    sender: &mut Sender<S, C>,
    message: Message,
) -> Result<(), Error> {
    poll_fn(|cx| Pin::new(&mut *sender).poll_ready(cx)).await?;
    Pin::new(&mut *sender).start_send(message)
}

async fn sink_flush<S: runtime::Stream, C: Clock>(sender: &mut Sender<S, C>) -> Result<(), Error> {
    poll_fn(|cx| Sink::poll_flush(Pin::new(&mut *sender), cx)).await
}

async fn sink_and_stream_echo_messages(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (wire, [one, two]) = adapter.wired(Timeouts::default());
    wire.set_capacity(100);
    let ((mut sender, mut receiver), (mut echo_sender, mut echo_receiver)) =
        (one.split(), two.split());
    let executor = LocalExecutor::new();
    let echoing = executor.spawn(async move {
        while let Some(message) = next(&mut echo_receiver).await {
            feed_sink(&mut echo_sender, message.unwrap()).await.unwrap();
            sink_flush(&mut echo_sender).await.unwrap();
        }
    });
    let sending = executor.spawn(async move {
        for number in 0..50 {
            feed_sink(&mut sender, vec![number; 300].into()).await.unwrap();
        }
        sink_flush(&mut sender).await.unwrap();
        sender
    });
    let exchange = async {
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
            "the stream ends and stays at its end"
        );
        closing.await.unwrap();
        echoing.await;
    };
    assert_eq!(timed(&clock, executor.run(exchange)).await.1, s(0));
}

/// `poll_ready` reserves: the message of `start_send` is neither lost nor sent between the frames
/// of a writer's message.
async fn writer_waits_for_a_sink_that_is_ready(adapter: &impl Adapter) {
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
    let exchange = async {
        delay(adapter, 1).await;
        Pin::new(&mut sink).start_send("given".into()).unwrap();
        writing.await;
        for expected in ["given", "in two parts"] {
            assert_eq!(peer.recv().await.unwrap(), Some(expected.into()));
        }
        poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)).await.unwrap();
        drop(sink);
    };
    executor.run(exchange).await;
}

async fn poll_close_of_the_sink_is_a_closing_handshake(adapter: &impl Adapter) {
    let [one, mut peer] = adapter.both(Timeouts::default());
    let (mut sender, mut receiver) = one.split();
    let executor = LocalExecutor::new();
    let receiving = executor.spawn(async move { receiver.recv().await });
    let peer_receiving = executor.spawn(async move {
        (peer.recv().await, peer.recv().await, peer.closed().map(|closed| closed.code()))
    });
    let exchange = async {
        feed_sink(&mut sender, "last".into()).await.unwrap();
        poll_fn(|cx| Sink::poll_close(Pin::new(&mut sender), cx)).await.unwrap();
        let (last, end, code) = peer_receiving.await;
        assert_eq!((last.unwrap(), end.unwrap(), code), (Some("last".into()), None, Some(1000)));
        assert!(receiving.await.unwrap().is_none());
        assert!(matches!(
            feed_sink(&mut sender, "late".into()).await,
            Err(Error::Send(SendError::NotOpen))
        ));
    };
    executor.run(exchange).await;
}

/// `abort` does not wait.
async fn sender_aborts_the_stream_without_a_close_frame(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let [one, mut peer] = adapter.both(Timeouts::default());
    let (sender, mut receiver) = one.split();
    peer.send("not received").await.unwrap();
    let waiting = sender.clone();
    let executor = LocalExecutor::new();
    let waiting = executor.spawn(async move { waiting.until_closed().await });
    let exchange = async {
        delay(adapter, 1).await;
        sender.abort();
        assert_eq!((sender.state(), waiting.await.unwrap().code()), (State::Closed, 1006));
        assert!(matches!(receiver.recv().await, Err(Error::ConnectionLost)));
        assert!(matches!(peer.recv().await, Err(Error::ConnectionLost)));
        assert!(matches!(sender.send("late").await, Err(Error::Send(SendError::NotOpen))));
        assert_eq!(peer.closed().unwrap().code(), 1006);
    };
    assert_eq!(timed(&clock, executor.run(exchange)).await.1, s(1));
}

async fn reunite_fails_while_another_sender_exists_and_loses_no_message(adapter: &impl Adapter) {
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
fn message_given_to_the_sink_is_written_after_reunite() {
    let clock = ManualClock::new();
    run_on(&clock, reunite_keeps_the_message_given_to_the_sink(&OnFutures(clock.clone())));
}

/// A message that `start_send` accepted survives `reunite`.
async fn reunite_keeps_the_message_given_to_the_sink(adapter: &impl Adapter) {
    let [one, mut peer] = adapter.both(Timeouts::default());
    let (mut sender, receiver) = one.split();
    feed_sink(&mut sender, "given".into()).await.unwrap();
    let mut whole = receiver.reunite(sender).unwrap();
    whole.send("next").await.unwrap();
    for expected in ["given", "next"] {
        assert_eq!(peer.recv().await.unwrap(), Some(expected.into()));
    }
}
