//! What an async client reports when, against a server that fails in every way, on a clock that
//! moves when nothing else can be done.

use std::collections::VecDeque;
use std::pin::pin;
use std::task::{Context, Waker};

use sansocket::reconnect::{Cause, Event, Limit, Policy, Reconnect, Schedule};
use sansocket::runtime::Clock;
use sansocket::testing::TestStream;
use sansocket::tokio::{TokioClock, TokioStream};
use sansocket::{CloseCode, Error, Outgoing};
use support::adapters::{in_every_adapter, ready, s, until};

use super::scripted::{Adapter, Attempt, Client, Runtime, at_once};
use Attempt::{Accepts, Answers, Down, Silent};

in_every_adapter! {
    server_that_is_killed_restarted_and_overloaded
    server_that_accepts_and_closes_at_once
    refusals_that_stay_end_the_client
    normal_close_of_either_side_is_no_failure
    end_without_a_report_counts_as_lost
    silent_server_is_tried_again_after_the_handshake_timeout
    time_after_the_end_does_not_make_a_connection_last
    delays_are_waited_for_as_reported
    dropped_futures_continue
    first_failure_is_reported_at_once
    every_accepted_message_is_received_or_unsent
    message_that_cannot_be_fed_is_not_lost
}

async fn server_that_is_killed_restarted_and_overloaded<A: Adapter>(adapter: &A) {
    let runtime = adapter.runtime();
    let script = [Down, Answers("503 Busy\r\nRetry-After: 30"), Accepts, Down, Accepts, Accepts];
    let mut client = Client::new(&runtime, at_once(), &script);
    let mut clock = runtime.clock();
    let started = clock.now();

    let (mut socket, server) = client.connected().await;
    until(&mut clock, started + s(130)).await;
    drop(server); // killed
    client.serve(&mut socket).await;

    let (mut socket, mut server) = client.connected().await;
    until(&mut clock, started + s(135)).await;
    server.start_close(CloseCode::SERVICE_RESTART, "deploy").await.unwrap();
    client.serve(&mut socket).await;

    let (mut socket, mut server) = client.connected().await;
    server.start_close(CloseCode::POLICY_VIOLATION, "").await.unwrap();
    client.serve(&mut socket).await;
    client.given_up().await;
    client.given_up().await;
    assert_eq!(
        client.log,
        [
            "0 connecting 1",
            "0 waiting 0: connection refused",
            "0 connecting 2",
            "0 waiting 30: the server answered 503 Busy instead of 101",
            "30 connecting 3",
            "30 connected",
            "130 ended",
            "130 waiting 0: the connection was lost without a closing handshake",
            "130 connecting 1", // it had lasted
            "130 waiting 0: connection refused",
            "130 connecting 2",
            "130 connected",
            "135 ended",
            "135 waiting 0: the connection was closed: 1012 \"deploy\"",
            "135 connecting 3",
            "135 connected",
            "135 ended",
            "135 given up: the connection was closed: 1008 \"\"",
            "135 over",
        ]
    );
}

async fn server_that_accepts_and_closes_at_once<A: Adapter>(adapter: &A) {
    let policy = at_once().max_attempts(3);
    let mut client = Client::new(&adapter.runtime(), policy, &[Accepts; 3]);
    for code in [CloseCode::TRY_AGAIN_LATER, CloseCode::GOING_AWAY, CloseCode::INTERNAL_ERROR] {
        let (mut socket, mut server) = client.connected().await;
        server.start_close_with(code).await.unwrap();
        client.serve(&mut socket).await;
    }
    client.given_up().await;
    assert_eq!(
        client.log,
        [
            "0 connecting 1",
            "0 connected",
            "0 ended",
            "0 waiting 0: the connection was closed: 1013 \"\"",
            "0 connecting 2",
            "0 connected",
            "0 ended",
            "0 waiting 0: the connection was closed: 1001 \"\"",
            "0 connecting 3",
            "0 connected",
            "0 ended",
            "0 given up: gave up after 3 attempts",
        ]
    );
}

async fn refusals_that_stay_end_the_client<A: Adapter>(adapter: &A) {
    for lines in ["401 Unauthorized", "403 Forbidden", "404 Not Found", "200 OK"] {
        let mut client = Client::new(&adapter.runtime(), at_once(), &[Answers(lines)]);
        client.given_up().await;
        let given_up = format!("0 given up: the server answered {lines} instead of 101");
        assert_eq!(client.log, ["0 connecting 1", &given_up]);
    }
}

async fn normal_close_of_either_side_is_no_failure<A: Adapter>(adapter: &A) {
    for by_server in [true, false] {
        let mut client = Client::new(&adapter.runtime(), at_once(), &[Accepts]);
        let (mut socket, mut server) = client.connected().await;
        match by_server {
            true => server.start_close(CloseCode::NORMAL, "done").await.unwrap(),
            false => {
                socket.start_close(CloseCode::GOING_AWAY, "").await.unwrap();
                assert_eq!(server.recv().await.unwrap(), None);
            }
        }
        client.serve(&mut socket).await;
        client.given_up().await;
        client.given_up().await;
        assert_eq!(client.log, ["0 connecting 1", "0 connected", "0 ended", "0 over", "0 over"]);
    }
}

async fn end_without_a_report_counts_as_lost<A: Adapter>(adapter: &A) {
    let mut client = Client::new(&adapter.runtime(), at_once(), &[Accepts, Accepts]);
    drop(client.connected().await);
    drop(client.connected().await);
    assert_eq!(
        client.log[2..4],
        ["0 waiting 0: the connection was lost without a closing handshake", "0 connecting 2"]
    );
    // The first report counts, and none before or after a connection.
    client.reconnect.ended(Error::TlsNeeded);
    client.reconnect.ended(Error::ConnectionLost);
    let given_up = client.reconnect.connect().await.unwrap_err();
    assert!(matches!(given_up.cause(), Cause::Error(Error::TlsNeeded)));
    assert_eq!((given_up.limit(), given_up.attempts()), (Limit::Permanent, 2));
    client.reconnect.ended(Error::ConnectionLost);
    assert!(client.reconnect.connect().await.unwrap().is_none());
}

async fn silent_server_is_tried_again_after_the_handshake_timeout<A: Adapter>(adapter: &A) {
    let mut client = Client::new(&adapter.runtime(), at_once(), &[Silent, Accepts]);
    drop(client.connected().await);
    assert_eq!(
        client.log,
        [
            "0 connecting 1",
            "10 waiting 0: the peer did not complete the opening handshake in time",
            "10 connecting 2",
            "10 connected",
        ]
    );
}

async fn time_after_the_end_does_not_make_a_connection_last<A: Adapter>(adapter: &A) {
    let runtime = adapter.runtime();
    let mut client = Client::new(&runtime, at_once(), &[Accepts, Accepts]);
    let mut clock = runtime.clock();
    let started = clock.now();
    let (mut socket, server) = client.connected().await;
    drop(server);
    client.serve(&mut socket).await;
    until(&mut clock, started + s(100)).await;
    drop(client.connected().await);
    assert_eq!(
        client.log[2..],
        [
            "0 ended",
            "100 waiting 0: the connection was lost without a closing handshake",
            "100 connecting 2",
            "100 connected",
        ]
    );
}

async fn delays_are_waited_for_as_reported<A: Adapter>(adapter: &A) {
    let runtime = adapter.runtime();
    let clock = runtime.clock();
    let mut client = Client::new(&runtime, Policy::new(), &[Down; 8]);
    let (mut waited_until, mut delays) = (clock.now(), 0);
    while delays < 7 {
        match client.next().await.unwrap().unwrap() {
            Event::Connecting { .. } => {
                // The manual clock moves by seconds, and tokio's by milliseconds.
                let late = clock.now().checked_sub(waited_until).expect("the delay is over");
                assert!(late <= s(1), "{late:?}");
            }
            Event::Waiting { delay, .. } => {
                delays += 1;
                waited_until = clock.now() + delay;
            }
            event => panic!("{event:?}"),
        }
    }
}

async fn dropped_futures_continue<A: Adapter>(adapter: &A) {
    let runtime = adapter.runtime();
    let script = [Answers("503 Busy\r\nRetry-After: 30"), Silent, Accepts];
    let mut client = Client::new(&runtime, at_once(), &script);
    let mut clock = runtime.clock();
    let started = clock.now();
    let mut events = 0;
    // Each future is polled once, at each second.
    for second in 1..60 {
        loop {
            let mut next = pin!(client.next());
            let polled = next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if polled.is_pending() {
                break;
            }
            events += 1;
            if events == 6 {
                break;
            }
        }
        if events == 6 {
            break;
        }
        until(&mut clock, started + s(second)).await;
    }
    assert_eq!(
        client.log,
        [
            "0 connecting 1",
            "0 waiting 30: the server answered 503 Busy instead of 101",
            "30 connecting 2",
            "40 waiting 0: the peer did not complete the opening handshake in time",
            "40 connecting 3",
            "41 connected", // the second poll of the handshake
        ]
    );
}

async fn first_failure_is_reported_at_once<A: Adapter>(adapter: &A) {
    let policy = Policy::new().fail_fast(true);
    let mut client = Client::new(&adapter.runtime(), policy.clone(), &[Down]);
    client.given_up().await;
    assert_eq!(client.log, ["0 connecting 1", "0 given up: connection refused"]);
    let mut client = Client::new(&adapter.runtime(), policy, &[Accepts, Down, Accepts]);
    drop(client.connected().await);
    drop(client.connected().await);
}

/// Every connection of a client that sends again what is unsent: the server is killed after it has
/// read so many messages of each.
async fn every_accepted_message_is_received_or_unsent<A: Adapter>(adapter: &A) {
    const MESSAGES: usize = 40;
    let mut client = Client::new(&adapter.runtime(), at_once(), &[Accepts; 6]);
    let number = |outgoing: &Outgoing| outgoing.message.as_text().unwrap().trim().parse().unwrap();
    let (mut next, mut unsent, mut received) = (0, Vec::<Outgoing>::new(), Vec::<usize>::new());
    // Messages that were written, and that the server had not read when it was killed.
    let mut unknown = Vec::<usize>::new();
    for reads in [0, 3, 7, 1, 5, MESSAGES] {
        let (mut socket, mut server) = client.connected().await;
        socket.keep_unsent();
        let (mut sent, mut read) = (Vec::new(), Vec::new());
        let again: Vec<_> = std::mem::take(&mut unsent);
        let new = (next..MESSAGES).map(|number| Outgoing::from(format!("{number:100}")));
        let mut waiting = again.into_iter().chain(new).peekable();
        // The wire has room for some messages only.
        client.wire().set_capacity(450);
        while sent.len() < read.len() + 8 && waiting.peek().is_some() {
            let message = waiting.next().unwrap();
            sent.push(number(&message));
            let mut sending = pin!(socket.send(message));
            let _ = sending.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if read.len() < reads {
                let received = ready(server.recv()).unwrap().unwrap();
                read.push(received.as_text().unwrap().trim().parse().unwrap());
            }
        }
        next = next.max(sent.iter().max().map_or(0, |last| last + 1));
        let rest: Vec<_> = waiting.take_while(|message| number(message) < next).collect();
        if reads < MESSAGES {
            drop(server);
        } else {
            server.start_close(CloseCode::SERVICE_RESTART, "").await.unwrap();
        }
        client.serve(&mut socket).await;
        let lost: Vec<usize> = socket.unsent().iter().map(number).collect();
        // What was read, written and unsent are all that was sent, in order.
        assert_eq!(sent[..read.len()], read);
        assert_eq!(sent[sent.len() - lost.len()..], lost);
        unknown.extend(&sent[read.len()..sent.len() - lost.len()]);
        received.extend(read);
        unsent = socket.unsent();
        unsent.extend(rest);
    }
    assert_eq!(unsent, []);
    assert!(!unknown.is_empty(), "the server was killed with messages in its socket");
    let mut all: Vec<usize> = received.into_iter().chain(unknown).collect();
    all.sort();
    assert_eq!(all, (0..MESSAGES).collect::<Vec<_>>(), "each once");
}

/// The loop in the docs of `Connector::reconnect`, with a connection that ends at once.
async fn message_that_cannot_be_fed_is_not_lost<A: Adapter>(adapter: &A) {
    let mut client = Client::new(&adapter.runtime(), at_once(), &[Accepts; 2]);
    let messages = ["1", "2", "3"].map(Outgoing::from);
    let mut unsent = VecDeque::from(messages.clone());
    for is_lost in [true, false] {
        let (mut socket, mut server) = client.connected().await;
        socket.keep_unsent();
        if is_lost {
            drop(server);
            client.serve(&mut socket).await;
        } else {
            ready(async {
                while let Some(message) = unsent.front().cloned() {
                    socket.feed(message).await.unwrap();
                    unsent.pop_front();
                }
                socket.flush().await.unwrap();
            });
            assert_eq!(ready(server.recv()).unwrap(), Some("1".into()));
            continue;
        }
        while let Some(message) = unsent.front().cloned() {
            if socket.feed(message).await.is_err() {
                break;
            }
            unsent.pop_front();
        }
        unsent = socket.unsent().into_iter().chain(unsent).collect();
        assert_eq!(unsent, messages);
    }
}

#[test]
fn clock_without_a_timer_is_an_error_and_no_endless_wait() {
    // No runtime: tokio's timer is not there.
    let schedule = Schedule::from_seed(Policy::new().retry_if(|_, _| true), [7; 32]);
    let clock = TokioClock::new();
    let mut reconnect: Reconnect<TokioStream<TestStream>, TokioClock> =
        Reconnect::new(schedule, clock, || async { Err(Error::ConnectionLost) });
    let given_up = ready(reconnect.connect()).unwrap_err();
    assert!(matches!(given_up.into_cause(), Cause::Error(Error::NoTimer)));
}

#[test]
fn reconnect_can_be_sent_to_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    let schedule = Schedule::from_seed(Policy::new(), [7; 32]);
    let mut reconnect: sansocket::tokio::Reconnect =
        Reconnect::new(schedule, TokioClock::new(), || async { Err(Error::TlsNeeded) });
    is_send(&reconnect);
    is_send(&reconnect.connect());
}
