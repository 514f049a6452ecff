//! `MessageWriter`: a message that is written in chunks arrives whole or closes the connection, is
//! never interleaved with others, and is never held in memory as a whole.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use sansocket::{
    Chunk, CloseCode, Config, Connection, Error, Event, Kind, Message, Role, SendError, State,
    Timeouts, TrySendError,
};
use smol::LocalExecutor;
use support::adapters::{Adapter, in_every_adapter, s, timed};
use support::peer::{read_events, read_to_close, text_event};
use support::{connection, entropy};
use tokio::io::AsyncWriteExt;

in_every_adapter! {
    chunks_make_one_message
    pings_are_answered_between_chunks
    invalid_utf8_chunk_is_not_sent
    dropping_an_unused_writer_sends_nothing
    dropping_an_unfinished_writer_closes_the_connection
    writer_fails_after_another_sender_starts_the_close
    other_senders_wait_until_the_writer_finishes
    senders_behind_a_dropped_writer_fail_only_if_a_chunk_was_sent
    writer_waits_for_permits
    permit_stays_valid_while_senders_wait
    finished_message_is_complete_while_the_writer_still_exists
}

/// Runs the body for a socket and for a sender.
macro_rules! for_socket_and_sender {
    ($adapter:ident, |$out:ident, $peer:ident| $body:block) => {{
        let (mut $peer, mut $out) = $adapter.server(Timeouts::default());
        $body
        let (mut $peer, socket) = $adapter.server(Timeouts::default());
        let (mut $out, _receiver) = socket.split();
        $body
    }};
}

async fn chunks_make_one_message(adapter: &impl Adapter) {
    // Two bytes each, so that odd sizes split characters.
    let text = "é".repeat(150_000);
    for_socket_and_sender!(adapter, |out, peer| {
        let mut writer = out.writer(Kind::Text).await.unwrap();
        let (first, rest) = text.as_bytes().split_at(70_001);
        for piece in first.chunks(999) {
            writer.write_all(piece).await.unwrap();
        }
        AsyncWriteExt::flush(&mut writer).await.unwrap();
        poll_fn(|cx| futures_io::AsyncWrite::poll_flush(Pin::new(&mut writer), cx)).await.unwrap();
        let (second, rest) = rest.split_at(100_000);
        writer.write_chunk(second.to_vec()).await.unwrap();
        let (mut third, last) = rest.split_at(100_000);
        while !third.is_empty() {
            let written =
                poll_fn(|cx| futures_io::AsyncWrite::poll_write(Pin::new(&mut writer), cx, third))
                    .await
                    .unwrap();
            third = &third[written..];
        }
        writer.write_chunk(last.to_vec()).await.unwrap();
        writer.write_chunk("").await.unwrap();
        writer.finish().await.unwrap();

        let mut writer = out.writer(Kind::Binary).await.unwrap();
        writer.write_all(b"for tokio").await.unwrap();
        writer.shutdown().await.unwrap();
        drop(writer);
        let mut writer = out.writer(Kind::Binary).await.unwrap();
        poll_fn(|cx| futures_io::AsyncWrite::poll_write(Pin::new(&mut writer), cx, b"for futures"))
            .await
            .unwrap();
        poll_fn(|cx| futures_io::AsyncWrite::poll_close(Pin::new(&mut writer), cx)).await.unwrap();
        drop(writer);
        out.writer(Kind::Text).await.unwrap().finish().await.unwrap();

        let (sizes, events) = read_events(&mut peer);
        assert!(sizes.len() < 12 && sizes.iter().all(|size| *size <= 64 * 1024), "{sizes:?}");
        let binary = |bytes: &'static [u8]| Event::Message(Message::from(bytes.to_vec()));
        assert!(events[0] == text_event(&text), "{:?}", events[0]);
        assert_eq!(events[1..], [binary(b"for tokio"), binary(b"for futures"), text_event("")]);
    });
}

async fn pings_are_answered_between_chunks(adapter: &impl Adapter) {
    let (peer, socket) = adapter.server(Timeouts::default());
    peer.wire().set_capacity(10_000);
    let client = Connection::client(Config::new().receive_in_chunks(true), entropy());
    let mut peer = adapter.open(peer, client, Timeouts::default());
    let (mut sender, mut receiver) = socket.split();
    let executor = LocalExecutor::new();
    let receiving = executor.spawn(async move { receiver.recv().await });
    let writing = executor.spawn(async move {
        let mut writer = sender.writer(Kind::Binary).await.unwrap();
        writer.write_chunk(vec![7; 2_000_000]).await.unwrap();
        writer.finish().await.unwrap();
        sender
    });
    let exchange = async {
        let (mut parts, mut answered) = (Vec::new(), None);
        loop {
            match peer.recv_event().await.unwrap().unwrap() {
                Event::Chunk(Chunk { bytes, last, .. }) => {
                    if parts.is_empty() {
                        peer.start_ping().await.unwrap();
                    }
                    parts.push(bytes.len());
                    if last {
                        break;
                    }
                }
                Event::Pong(_) => answered = Some(parts.iter().sum::<usize>()),
                event => panic!("{event:?}"),
            }
        }
        assert_eq!(parts.iter().sum::<usize>(), 2_000_000);
        assert!(
            answered.is_some_and(|after| after < 1_000_000),
            "a pong came after {answered:?} bytes"
        );
    };
    executor.run(exchange).await;
    drop((executor.run(writing).await, receiving));
}

async fn invalid_utf8_chunk_is_not_sent(adapter: &impl Adapter) {
    let invalid = |result: Result<(), Error>| {
        assert!(matches!(result, Err(Error::Send(SendError::InvalidUtf8))), "{result:?}")
    };
    for_socket_and_sender!(adapter, |out, peer| {
        // No frame of these was sent: the connection stays open.
        for (bytes, finish) in [(&b"\xff"[..], false), (b"\xce", true), (b"\xed\xa0\x80", false)] {
            let mut writer = out.writer(Kind::Text).await.unwrap();
            if finish {
                writer.write_all(bytes).await.unwrap();
                invalid(writer.finish().await);
                continue;
            }
            invalid(writer.write_chunk(bytes.to_vec()).await);
            invalid(writer.write_chunk("valid").await);
            writer.write_all(b"valid").await.unwrap();
            let error = AsyncWriteExt::flush(&mut writer).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
            invalid(writer.finish().await);
        }
        assert_eq!(out.state(), State::Open);
        out.send("still here").await.unwrap();

        let mut writer = out.writer(Kind::Text).await.unwrap();
        writer.write_chunk(b"\xce".to_vec()).await.unwrap();
        writer.write_chunk(b"\xb1".to_vec()).await.unwrap();
        invalid(writer.write_chunk(b"\xff".to_vec()).await);
        invalid(writer.write_chunk("valid").await);
        invalid(writer.finish().await);
        assert_eq!(out.state(), State::Closing);
        let (events, code) = read_to_close(&mut peer);
        assert_eq!((events, code), (vec![text_event("still here")], 1011));
    });
}

async fn dropping_an_unused_writer_sends_nothing(adapter: &impl Adapter) {
    for_socket_and_sender!(adapter, |out, peer| {
        drop(out.writer(Kind::Text).await.unwrap());
        out.send("one").await.unwrap();
        let mut writer = out.writer(Kind::Binary).await.unwrap();
        writer.write_all(b"gathered, and not sent").await.unwrap();
        drop(writer);
        out.send("two").await.unwrap();
        assert_eq!(read_events(&mut peer).1, [text_event("one"), text_event("two")]);
    });
}

async fn dropping_an_unfinished_writer_closes_the_connection(adapter: &impl Adapter) {
    for_socket_and_sender!(adapter, |out, peer| {
        let mut writer = out.writer(Kind::Binary).await.unwrap();
        writer.write_chunk("half").await.unwrap();
        drop(writer);
        assert_eq!(out.state(), State::Closing);
        assert!(matches!(
            out.writer(Kind::Binary).await.map(drop),
            Err(Error::Send(SendError::NotOpen))
        ));
        assert_eq!(read_to_close(&mut peer), (vec![], 1011));
    });
}

/// After `start_close` no further chunk of the message is sent.
async fn writer_fails_after_another_sender_starts_the_close(adapter: &impl Adapter) {
    let (mut peer, socket) = adapter.server(Timeouts::default());
    let (mut sender, _receiver) = socket.split();
    let other = sender.clone();
    let mut writer = sender.writer(Kind::Text).await.unwrap();
    writer.write_chunk("half").await.unwrap();
    other.start_close(CloseCode::GOING_AWAY, "").await.unwrap();
    for _ in 0..2 {
        assert!(matches!(writer.write_chunk("late").await, Err(Error::Send(SendError::NotOpen))));
    }
    drop(writer);
    assert_eq!(read_to_close(&mut peer), (vec![], 1001));
}

async fn other_senders_wait_until_the_writer_finishes(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, socket) = adapter.server(Timeouts::default());
    let (mut sender, _receiver) = socket.split();
    let others: Vec<_> = (0..3).map(|_| sender.clone()).collect();
    let last = sender.clone();
    let executor = LocalExecutor::new();
    let mut writer = sender.writer(Kind::Text).await.unwrap();
    writer.write_chunk("be").await.unwrap();
    assert!(matches!(last.try_send("full"), Err(TrySendError::Full(_))));
    let tasks: Vec<_> = others
        .into_iter()
        .zip(0..)
        .map(|(mut sender, number)| {
            executor.spawn(async move {
                sender.feed("fed").await.unwrap();
                if number == 0 {
                    let mut writer = sender.writer(Kind::Text).await.unwrap();
                    writer.write_chunk("in ").await.unwrap();
                    smol::future::yield_now().await;
                    writer.write_chunk("two").await.unwrap();
                    writer.finish().await.unwrap();
                }
                sender.send("sent").await.unwrap();
            })
        })
        .collect();
    let exchange = async {
        smol::future::yield_now().await;
        writer.write_chunk("fo").await.unwrap();
        smol::future::yield_now().await;
        writer.finish().await.unwrap();
        for task in tasks {
            task.await;
        }
        last.try_send("last").unwrap();
    };
    assert_eq!(
        timed(&clock, executor.run(exchange)).await.1,
        s(0),
        "the senders are woken without a timer"
    );
    let (_, events) = read_events(&mut peer);
    assert_eq!((&events[0], events.last().unwrap()), (&text_event("befo"), &text_event("last")));
    let count = |text| events.iter().filter(|event| **event == text_event(text)).count();
    assert_eq!((count("fed"), count("in two"), count("sent"), events.len()), (3, 1, 3, 9));
}

async fn senders_behind_a_dropped_writer_fail_only_if_a_chunk_was_sent(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let (mut peer, socket) = adapter.server(Timeouts::default());
    let (mut sender, _receiver) = socket.split();
    let (one, two, mut three) = (sender.clone(), sender.clone(), sender.clone());
    let executor = LocalExecutor::new();
    for half_sent in [false, true] {
        let mut writer = sender.writer(Kind::Text).await.unwrap();
        if half_sent {
            writer.write_chunk("half").await.unwrap();
        }
        let sending = executor.spawn({
            let (one, two, mut three) = (one.clone(), two.clone(), three.clone());
            async move {
                tokio::join!(one.send("x"), async { two.reserve().await.map(drop) }, async {
                    three.writer(Kind::Text).await.map(drop)
                })
            }
        });
        let exchange = executor.run(async {
            smol::future::yield_now().await;
            drop(writer);
            sending.await
        });
        let ((sent, reserved, begun), after) = timed(&clock, exchange).await;
        assert_eq!(
            (sent.is_ok(), reserved.is_ok(), begun.is_ok(), after),
            (!half_sent, !half_sent, !half_sent, s(0))
        );
    }
    for error in [
        one.send("x").await,
        two.reserve().await.map(drop),
        three.writer(Kind::Text).await.map(drop),
    ] {
        assert!(matches!(error, Err(Error::Send(SendError::NotOpen))));
    }
    assert_eq!(read_to_close(&mut peer), (vec![text_event("x")], 1011));
}

async fn writer_waits_for_permits(adapter: &impl Adapter) {
    for used in [true, false] {
        let clock = adapter.clock();
        let (mut peer, socket) = adapter.server(Timeouts::default());
        let (sender, _receiver) = socket.split();
        let (mut other, third, fourth) = (sender.clone(), sender.clone(), sender.clone());
        let permit = sender.reserve().await.unwrap();
        let executor = LocalExecutor::new();
        let writing = executor.spawn(async move { other.writer(Kind::Text).await?.finish().await });
        let reserving = executor.spawn(async move { fourth.reserve().await.map(drop) });
        let exchange = executor.run(async {
            smol::future::yield_now().await;
            third.send("others may").await.unwrap();
            assert!(
                !reserving.is_finished(),
                "reserve waits for the writer, which would starve otherwise"
            );
            if used {
                permit.send("reserved").unwrap();
            } else {
                drop(permit);
            }
            writing.await.unwrap();
            reserving.await.unwrap();
        });
        assert_eq!(timed(&clock, exchange).await.1, s(0));
        let (_, mut events) = read_events(&mut peer);
        assert_eq!(
            (events.remove(0), events.pop()),
            (text_event("others may"), Some(text_event("")))
        );
        assert_eq!(events, if used { vec![text_event("reserved")] } else { vec![] });
    }
}

async fn permit_stays_valid_while_senders_wait(adapter: &impl Adapter) {
    let (mut peer, socket) = adapter.server(Timeouts::default());
    let wire = peer.wire();
    wire.set_capacity(1);
    let (sender, mut receiver) = socket.split();
    let (other, third) = (sender.clone(), sender.clone());
    let (permit, late) = (sender.reserve().await.unwrap(), third.reserve().await.unwrap());
    while other.try_send(vec![7; 300_000]).is_ok() {}
    permit.send("reserved").unwrap();
    assert!(matches!(other.try_send("x"), Err(TrySendError::Full(_))));
    wire.set_capacity(usize::MAX);
    other.flush().await.unwrap();
    drop(
        poll_fn(|cx| {
            Poll::Ready(pin!(receiver.close(CloseCode::NORMAL, "")).poll(cx).map_ok(drop))
        })
        .await,
    );
    let refused = late.send("late").unwrap_err();
    assert_eq!(refused, TrySendError::Send("late".into(), SendError::NotOpen));
    let (events, code) = read_to_close(&mut peer);
    assert_eq!((events.last(), code), (Some(&text_event("reserved")), 1000));
}

async fn finished_message_is_complete_while_the_writer_still_exists(adapter: &impl Adapter) {
    for_socket_and_sender!(adapter, |out, peer| {
        let mut writer = out.writer(Kind::Text).await.unwrap();
        writer.write_all(b"all").await.unwrap();
        writer.shutdown().await.unwrap();
        writer.shutdown().await.unwrap();
        let more = async {
            writer.write_all(b"more").await?;
            AsyncWriteExt::flush(&mut writer).await
        };
        assert!(more.await.is_err(), "write_all after shutdown does not begin a new message");
        assert!(writer.write_chunk("and more").await.is_err());
        drop(writer);
        assert_eq!((out.state(), read_events(&mut peer).1), (State::Open, vec![text_event("all")]));
    });
}

/// 64 MiB each way, in one message.
#[tokio::test]
async fn message_of_64_mib_is_streamed_in_bounded_memory() {
    const PIECE: usize = 256 * 1024;
    const PIECES: usize = 256;
    let piece = bytes::Bytes::from(vec![7; PIECE]);
    for client_writes in [true, false] {
        let (one, two) = tokio::io::duplex(64 * 1024);
        let open = |stream, role| {
            let connection =
                connection(role, Config::new().receive_in_chunks(true).max_message_size(u64::MAX));
            let clock = sansocket::tokio::TokioClock::new();
            sansocket::tokio::WebSocket::from_parts(
                sansocket::tokio::TokioStream(stream),
                clock,
                connection,
                Timeouts::default(),
            )
        };
        let roles =
            if client_writes { [Role::Client, Role::Server] } else { [Role::Server, Role::Client] };
        let (mut writing, mut reading) = (open(one, roles[0]), open(two, roles[1]));
        let before = support::allocator::LIVE.get();
        support::allocator::PEAK.set(before);
        let write = async {
            let mut writer = writing.writer(Kind::Binary).await.unwrap();
            for _ in 0..PIECES {
                writer.write_chunk(piece.clone()).await.unwrap();
            }
            writer.finish().await.unwrap();
        };
        let read = async {
            let mut total = 0;
            loop {
                match reading.recv_event().await.unwrap().unwrap() {
                    Event::Chunk(part) => {
                        assert!(part.bytes.iter().all(|byte| *byte == 7));
                        total += part.bytes.len();
                        if part.last {
                            break total;
                        }
                    }
                    event => panic!("{event:?}"),
                }
            }
        };
        let ((), total) = tokio::join!(write, read);
        let peak = support::allocator::PEAK.get() - before;
        assert_eq!(total, PIECE * PIECES);
        assert!(peak < 1 << 20, "{roles:?}: {peak} bytes were held");
    }
}
