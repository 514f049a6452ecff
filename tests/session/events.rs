//! What a framework needs whose messages have control frames: a poll for the next event, and
//! control frames that are queued without waiting.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use futures_sink::Sink;
use futures_util::StreamExt;
use futures_util::stream::FusedStream;
use sansocket::{
    CloseCode, CloseFrame, CloseOutcome, Error, Event, Message, SendError, State, TimedOut,
    Timeouts,
};
use support::gate::{Task, halves, server};
use support::{masked, unmasked};

const PEER_CLOSE: &[u8] = &[3, 0xe8];

/// Without keep-alive pings.
fn timeouts() -> Timeouts {
    Timeouts { ping: None, ..Timeouts::default() }
}

#[test]
fn control_frames_are_queued_without_waiting_and_the_payload_is_the_callers() {
    let (gate, _, mut socket) = server(timeouts());
    gate.read(1000);
    socket.try_ping(b"beat").unwrap();
    socket.try_pong(b"alive").unwrap();
    socket.try_close_with(CloseFrame::new(CloseCode::GOING_AWAY, "x").unwrap());
    let close = unmasked(0x88, b"\x03\xe9x");
    let controls = [unmasked(0x89, b"beat"), unmasked(0x8a, b"alive"), close].concat();
    assert_eq!(gate.lock().written, controls);

    let (gate, sender, _receiver) = halves(10);
    gate.read(1000);
    sender.try_ping(b"beat").unwrap();
    sender.try_pong(b"alive").unwrap();
    sender.try_close_with(None);
    let controls =
        [unmasked(0x89, b"beat"), unmasked(0x8a, b"alive"), unmasked(0x88, b"")].concat();
    assert_eq!(gate.lock().written, controls);
}

#[test]
fn control_frame_that_is_too_long_or_after_a_close_is_not_queued() {
    let (gate, _, mut socket) = server(timeouts());
    gate.read(1000);
    for sent in [socket.try_ping([0; 126]), socket.try_pong([0; 126])] {
        assert!(matches!(sent, Err(Error::Send(SendError::ControlTooLong { len: 126 }))));
    }
    socket.try_close_with(CloseCode::NORMAL);
    for sent in [socket.try_ping(b""), socket.try_pong(b"")] {
        assert!(matches!(sent, Err(Error::Send(SendError::NotOpen))));
    }
    socket.try_close_with(CloseCode::GOING_AWAY);
    assert_eq!(gate.lock().written, unmasked(0x88, PEER_CLOSE), "the first Close frame only");
}

#[test]
fn poll_recv_event_returns_control_frames_and_then_the_end() {
    let input = [
        masked(0x89, b"ping"),
        masked(0x81, b"text"),
        masked(0x8a, b"pong"),
        masked(0x88, PEER_CLOSE),
    ];
    let expected = [
        Event::Ping(b"ping"[..].into()),
        Event::Message("text".into()),
        Event::Pong(b"pong"[..].into()),
    ];

    let (gate, _, mut socket) = server(timeouts());
    gate.read(1000);
    gate.write(&input.concat());
    let mut task = Task::new(async {
        let mut events = Vec::new();
        while let Some(event) = poll_fn(|cx| socket.poll_recv_event(cx)).await.unwrap() {
            events.push(event);
        }
        events
    });
    task.wakes.increment();
    assert_eq!(task.run().expect("it ends"), expected);

    let (gate, sender, mut receiver) = halves(10);
    gate.read(1000);
    gate.write(&input.concat());
    let mut task = Task::new(async {
        let mut events = Vec::new();
        while let Some(event) = poll_fn(|cx| receiver.poll_recv_event(cx)).await.unwrap() {
            events.push(event);
        }
        events
    });
    task.wakes.increment();
    assert_eq!(task.run().expect("it ends"), expected);
    assert_eq!(sender.closed().unwrap().outcome(), CloseOutcome::Clean);
}

/// A task that polls for events, and another that fills the output, share one connection.
#[test]
fn task_that_waits_for_room_is_woken_although_another_polls_for_events() {
    let (gate, _, socket) = server(timeouts());
    let socket = RefCell::new(socket);
    let mut sends = Task::pending(async {
        poll_fn(|cx| Pin::new(&mut *socket.borrow_mut()).poll_ready(cx)).await.unwrap();
        Pin::new(&mut *socket.borrow_mut()).start_send(Message::from("full")).unwrap();
        poll_fn(|cx| Pin::new(&mut *socket.borrow_mut()).poll_flush(cx)).await.unwrap();
    });
    let mut receives = Task::pending(poll_fn(|cx| socket.borrow_mut().poll_recv_event(cx)));
    gate.read(1000);
    assert!(sends.is_woken(), "the stream has room");
    sends.run().expect("it was flushed");
    gate.write(&masked(0x89, b"?"));
    let event = receives.run().expect("it was woken").unwrap();
    assert_eq!(event, Some(Event::Ping(b"?"[..].into())));
}

#[test]
fn task_that_receives_is_woken_when_a_close_frame_is_queued() {
    let (gate, clock, socket) = server(Timeouts { write: None, ..timeouts() });
    gate.read(1000);
    let socket = RefCell::new(socket);
    let mut receives = Task::pending(poll_fn(|cx| socket.borrow_mut().poll_recv_event(cx)));
    socket.borrow_mut().try_close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(socket.borrow().state(), State::Closing);
    assert!(receives.is_woken(), "the close deadline has begun");
    assert!(receives.run().is_none());
    clock.advance(Duration::from_secs(5));
    assert!(matches!(receives.run(), Some(Err(Error::TimedOut(TimedOut::Close)))));
}

#[test]
fn stream_of_messages_is_terminated_after_its_end_only() {
    let (gate, _, mut socket) = server(timeouts());
    gate.read(1000);
    gate.write(&[masked(0x81, b"one"), masked(0x88, PEER_CLOSE)].concat());
    let mut task = Task::new(async {
        assert!(!socket.is_terminated());
        assert!(socket.next().await.is_some_and(|message| message.is_ok()));
        assert!(!socket.is_terminated());
        assert!(socket.next().await.is_none());
        assert!(socket.is_terminated());
    });
    task.wakes.increment();
    task.run().expect("it ends");

    let (gate, _sender, mut receiver) = halves(10);
    gate.read(1000);
    gate.write(&masked(0x88, PEER_CLOSE));
    let mut task = Task::new(async {
        assert!(!receiver.is_terminated());
        assert!(receiver.next().await.is_none());
        assert!(receiver.is_terminated());
    });
    task.wakes.increment();
    task.run().expect("it ends");
}
