//! Several handles of one connection that close, wait or send at the same time: none waits for
//! another that does not proceed, and the async and the blocking adapters report the same.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::future::poll_fn;
use std::io::Read;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_sink::Sink;
use sansocket::{
    Backpressure, CloseCode, Config, Connection, Error, Overflow, State, TimedOut, Timeouts,
    TrySendError, blocking,
};
use support::adapters::s;
use support::gate::{Gate, Task, halves, server};
use support::{Chunking, masked, stream_pair};

fn close_timed_out<T>(closed: &Result<T, Error>) -> bool {
    matches!(closed, Err(Error::TimedOut(TimedOut::Close)))
}

/// A blocking connection whose peer does not read, and the peer's end.
fn blocking_server(
    timeouts: Timeouts,
) -> (impl Read, blocking::WebSocket<impl blocking::TryClone>) {
    let (peer, stream) = stream_pair(Chunking::Whole);
    peer.wire().set_capacity(0);
    let server = Connection::server(Config::new());
    (peer, blocking::WebSocket::from_parts(stream, server, timeouts).unwrap())
}

/// Timeouts of which only the close timeout is set.
fn only_close(close: Duration) -> Timeouts {
    Timeouts { ping: None, write: None, close: Some(close), ..Timeouts::default() }
}

/// Sends more than a task reads before it yields.
fn send_more_than_a_read_budget(gate: &Gate) {
    for _ in 0..40 {
        gate.write(&masked(0x82, &[0; 60_000]));
    }
}

#[test]
fn close_beside_an_idle_receiver_ends_by_its_deadline() {
    let (gate, clock, socket) = server(only_close(s(5)));
    let (sender, _receiver) = socket.split();
    let mut stalled = Task::pending(sender.send(vec![7; 500]));
    send_more_than_a_read_budget(&gate);
    let mut closing = Task::new(sender.close(CloseCode::NORMAL, ""));
    assert!(closing.poll().is_pending());
    for _ in 0..5 {
        assert!(stalled.run().is_none() && closing.run().is_none());
        clock.advance(s(1));
    }
    let closed = closing.run().expect("the close deadline has passed");
    assert!(close_timed_out(&closed), "{closed:?}");
    assert_eq!(sender.state(), State::Closed);
    stalled.run().expect("the connection has ended").unwrap_err();
}

// Sinks.

#[test]
fn sinks_that_close_do_not_wake_each_other() {
    let (gate, sender, _receiver) = halves(1_000_000);
    sender.try_send(vec![7; 5000]).unwrap();
    let mut closing: Vec<_> = (0..2)
        .map(|_| {
            let mut sink = sender.clone();
            Task::pending(poll_fn(move |cx| Pin::new(&mut sink).poll_close(cx)))
        })
        .collect();
    gate.read(10);
    let mut polls = 0;
    while let Some(task) = closing.iter_mut().find(|task| task.wakes.take() > 0) {
        assert!(task.poll().is_pending());
        polls += 1;
        assert!(polls < 10, "the stream was ready once");
    }
}

#[test]
fn reunite_succeeds_after_poll_ready_of_the_only_sender() {
    let (_gate, mut sender, receiver) = halves(1000);
    let ready = Pin::new(&mut sender).poll_ready(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(ready, Poll::Ready(Ok(()))), "{ready:?}");
    assert!(receiver.reunite(sender).is_ok(), "there is no other sender");
}

// Policies.

#[test]
fn policies_that_do_not_wait_for_room_do_not_wait_behind_reserve() {
    for overflow in [Overflow::Fail, Overflow::DropNewest, Overflow::Close] {
        for feeds in [false, true] {
            let (_gate, sender, _receiver) = halves(1000);
            sender.set_backpressure(Backpressure {
                high_water_mark: 1000,
                hard_limit: 100_000,
                overflow,
                ..Backpressure::default()
            });
            sender.try_send(vec![7; 2000]).unwrap();
            let _reserving = Task::pending(sender.reserve());
            let before = sender.buffered_amount();
            let polled = if feeds {
                Task::new(sender.feed("queued")).poll()
            } else {
                Task::new(sender.send("queued")).poll()
            };
            assert!(matches!(polled, Poll::Ready(Ok(()))), "{overflow:?}: {polled:?}");
            assert_eq!(sender.buffered_amount(), before + 8, "{overflow:?}");
        }
    }
}

#[test]
fn try_send_writes_before_it_refuses_a_message() {
    let (gate, sender, _receiver) = halves(1000);
    sender.set_backpressure(Backpressure {
        high_water_mark: 1000,
        hard_limit: 1000,
        ..Backpressure::default()
    });
    sender.try_send(vec![7; 2000]).unwrap();
    let refused = sender.try_send("more");
    assert!(matches!(refused, Err(TrySendError::Full(_))), "{refused:?}");
    gate.read(10_000);
    sender.try_send("more").expect("the stream accepts the full output");
}

// Closing.

#[test]
fn second_close_after_a_close_timeout_times_out_too() {
    let (gate, clock, mut socket) = server(Timeouts::default());
    gate.read(1000);
    let mut closing = Task::pending(socket.close(CloseCode::NORMAL, ""));
    clock.advance(s(5));
    let first = closing.run();
    drop(closing);
    assert!(first.as_ref().is_some_and(close_timed_out), "{first:?}");
    let second = Task::new(socket.close(CloseCode::NORMAL, "")).poll();
    assert!(matches!(&second, Poll::Ready(closed) if close_timed_out(closed)), "{second:?}");

    let (_peer, mut socket) = blocking_server(only_close(Duration::from_millis(10)));
    for _ in 0..2 {
        let closed = socket.close(CloseCode::NORMAL, "");
        assert!(close_timed_out(&closed), "{closed:?}");
    }
}

#[test]
fn close_beside_a_receiver_that_is_not_polled_times_out_and_ends_the_connection() {
    let (gate, clock, socket) = server(Timeouts::default());
    gate.read(1000);
    let (sender, _receiver) = socket.split();
    let mut closing = Task::pending(sender.close(CloseCode::NORMAL, ""));
    clock.advance(s(5));
    let closed = closing.run().expect("the close deadline has passed");
    assert!(close_timed_out(&closed), "{closed:?}");
    assert_eq!(sender.state(), State::Closed);

    let (_peer, socket) = blocking_server(only_close(Duration::from_millis(10)));
    let (sender, _receiver) = socket.split().unwrap();
    let closed = sender.close(CloseCode::NORMAL, "");
    assert!(close_timed_out(&closed), "{closed:?}");
    assert_eq!(sender.state(), State::Closed);
}

#[test]
fn failed_write_is_no_error_of_until_closed() {
    let (gate, sender, mut receiver) = halves(1_000_000);
    sender.try_send(vec![7; 500]).unwrap();
    let mut waiting = Task::pending(sender.until_closed());
    let mut receiving = Task::pending(receiver.recv());
    gate.fail();
    let ended = waiting.poll();
    assert!(ended.is_pending() && receiving.run().is_none(), "{ended:?}");
}

#[test]
fn failed_write_is_no_error_of_close() {
    let (gate, sender, mut receiver) = halves(1_000_000);
    gate.fail();
    let mut receiving = Task::pending(receiver.recv());
    let mut closing = Task::new(sender.close(CloseCode::NORMAL, ""));
    let closed = closing.poll();
    assert!(closed.is_pending() && receiving.run().is_none(), "{closed:?}");
}

#[test]
fn stalled_write_is_no_error_of_until_closed() {
    let (_gate, clock, socket) =
        server(Timeouts { ping: None, write: Some(s(30)), ..Timeouts::default() });
    let (sender, mut receiver) = socket.split();
    sender.try_send(vec![7; 500]).unwrap();
    let mut waiting = Task::pending(sender.until_closed());
    let mut receiving = Task::pending(receiver.recv());
    clock.advance(s(31));
    let ended = waiting.poll();
    assert!(ended.is_pending(), "{ended:?}");
    let received = receiving.run().expect("the receiver reports the stalled write");
    assert!(matches!(received, Err(Error::TimedOut(TimedOut::Write))), "{received:?}");
}
