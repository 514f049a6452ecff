//! Every read, write and flush of a conversation fails once, in each way that a stream can fail, in
//! each adapter.
//!
//! The peer at the other end checks the bytes, so a byte that is written twice, or not at all, is
//! noticed. Interrupted, short and not-ready calls must not change the outcome. Other failures must
//! be reported as the right error. No call panics, and the bytes on the wire are valid.
#![cfg(all(feature = "tokio", feature = "futures-io"))]

mod stream;
mod wire;

use std::io::ErrorKind;

use sansocket::{
    ClientRequest, Error, HandshakeError, HeadError, Message, RequestError, ResponseError,
    blocking, futures, tokio,
};
use stream::{Socket, StoppedClock, Stream};
use support::streams::Scripted;
use wire::{Fault, Wire};

const FAULTS: [Fault; 7] = [
    Fault::Interrupted,
    Fault::WouldBlock,
    Fault::Short,
    Fault::Reset,
    Fault::Strange,
    Fault::Zero,
    Fault::TooMany,
];

/// A call of the application.
#[derive(Clone, Copy, Debug)]
enum Step {
    Recv,
    Send(&'static str),
    SendLarge,
    Close,
}

/// The peer sends "welcome" and a ping, and echoes messages; "bye" makes it close, and "bad" makes
/// it violate the protocol.
const CONVERSATIONS: [&[Step]; 4] = [
    &[Step::Recv, Step::Send("one"), Step::Recv, Step::Send("two"), Step::Recv, Step::Close],
    &[Step::Recv, Step::SendLarge, Step::Send("two"), Step::Recv, Step::Recv, Step::Close],
    &[Step::Recv, Step::Send("bye"), Step::Recv, Step::Recv],
    &[Step::Recv, Step::Send("bad"), Step::Recv, Step::Recv],
];

const LARGE: usize = 10_000;

/// What the application received up to the first error, that error, and what the peer received.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    seen: Vec<String>,
    error: Option<String>,
    peer_received: Vec<Message>,
    pongs: usize,
}

/// A comparable form of an error.
fn name(error: &Error) -> String {
    match error {
        Error::Io(error) => format!("{:?}", error.kind()),
        // EOF before the end of the opening handshake.
        Error::Handshake(
            HandshakeError::Request(RequestError::Head(HeadError::Incomplete))
            | HandshakeError::Response(ResponseError::Head(HeadError::Incomplete)),
        ) => "ConnectionLost".into(),
        other => format!("{other:?}"),
    }
}

fn is_not_ready<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock)
}

/// Takes a step; repeats a call whose blocking stream was not ready.
async fn take<S: Socket>(socket: &mut S, step: Step) -> Result<String, Error> {
    match step {
        Step::Recv => {
            let mut received = socket.recv().await;
            if is_not_ready(&received) {
                received = socket.recv().await;
            }
            received.map(|message| format!("{message:?}"))
        }
        Step::Send(_) | Step::SendLarge => {
            let message =
                if let Step::Send(text) = step { text.into() } else { vec![7; LARGE].into() };
            let mut sent = socket.send(message).await;
            if is_not_ready(&sent) {
                sent = socket.flush().await;
            }
            sent.map(|()| "sent".into())
        }
        Step::Close => {
            let closed = socket.close().await?;
            if closed.was_clean() { Ok(closed.to_string()) } else { Err(Error::ConnectionLost) }
        }
    }
}

/// The application's part. It continues after an error.
async fn perform<S: Socket>(stream: &Stream, opened: Result<S, Error>, steps: &[Step]) -> Outcome {
    let (mut seen, mut error) = (Vec::new(), None);
    match opened {
        Err(failed) => error = Some(name(&failed)),
        Ok(mut socket) => {
            for step in steps {
                match (take(&mut socket, *step).await, &error) {
                    (Ok(said), None) => seen.push(said),
                    (Err(failed), None) => error = Some(name(&failed)),
                    _ => {}
                }
            }
            for _ in 0..3 {
                let _ =
                    (socket.recv().await, socket.send("late".into()).await, socket.flush().await);
            }
        }
    }
    let wire = stream.0.borrow();
    Outcome { seen, error, peer_received: wire.peer_received.clone(), pongs: wire.pongs }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Adapter {
    Blocking,
    Tokio,
    Futures,
}

/// Runs a conversation in which call number `fails_at` fails; returns the outcome and the number of
/// calls.
fn run(
    adapter: Adapter,
    is_server: bool,
    steps: &[Step],
    fails_at: usize,
    fault: Fault,
) -> (Outcome, usize) {
    let stream = Stream::new(Wire::new(is_server, fails_at, fault));
    let request = ClientRequest::new("ws://localhost/").unwrap();
    let ours = stream.clone();
    let outcome = async {
        match (adapter, is_server) {
            (Adapter::Blocking, true) => perform(&stream, blocking::accept(ours), steps).await,
            (Adapter::Blocking, false) => {
                perform(
                    &stream,
                    blocking::connect_with_stream(ours, &request).map(|(socket, _)| socket),
                    steps,
                )
                .await
            }
            (Adapter::Tokio, true) => {
                perform(&stream, tokio::accept(Scripted(ours)).await, steps).await
            }
            (Adapter::Tokio, false) => {
                perform(
                    &stream,
                    tokio::connect_with_stream(Scripted(ours), &request)
                        .await
                        .map(|(socket, _)| socket),
                    steps,
                )
                .await
            }
            (Adapter::Futures, true) => {
                perform(&stream, futures::accept(Scripted(ours), StoppedClock).await, steps).await
            }
            (Adapter::Futures, false) => {
                perform(
                    &stream,
                    futures::connect_with_stream(Scripted(ours), StoppedClock, &request)
                        .await
                        .map(|(socket, _)| socket),
                    steps,
                )
                .await
            }
        }
    };
    let outcome = ::tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(outcome);
    let calls = stream.0.borrow().calls;
    (outcome, calls)
}

/// What may become of a conversation that would have gone like this.
fn check(
    good: &Outcome,
    outcome: &Outcome,
    steps: &[Step],
    fault: Fault,
    adapter: Adapter,
) -> Result<(), &'static str> {
    if outcome == good {
        return Ok(());
    }
    if !good.seen.starts_with(&outcome.seen)
        || !good.peer_received.starts_with(&outcome.peer_received)
        || outcome.pongs > good.pongs
    {
        return Err("the outcome is not a prefix of the one without failures");
    }
    let Some(error) = outcome.error.as_deref() else {
        return Err("the conversation ended early without an error");
    };
    let at_the_end = outcome.seen.len() + 1 == steps.len();
    let is = |name: &str| error == name;
    let right = match fault {
        Fault::Interrupted | Fault::Short => return Err("the outcome should be unchanged"),
        Fault::WouldBlock if adapter != Adapter::Blocking => {
            return Err("an async stream may be not ready at any time");
        }
        // During the opening and the closing handshake the call cannot be repeated.
        Fault::WouldBlock if outcome.seen.is_empty() || at_the_end => is("WouldBlock"),
        Fault::WouldBlock => return Err("the repeated call should have succeeded"),
        Fault::Reset | Fault::Zero => is("ConnectionLost"),
        // If our Close could not be written, the lost connection may be reported instead.
        Fault::Strange => is("Other") || at_the_end && is("ConnectionLost"),
        Fault::TooMany => is("InvalidData") || at_the_end && is("ConnectionLost"),
    };
    // The peer's protocol violation may be reported, even if our Close could not be written.
    if right || good.error.as_deref() == Some(error) { Ok(()) } else { Err("the wrong error") }
}

fn fail_every_call_once(adapter: Adapter) {
    let mut failures = 0;
    for (steps, is_server) in
        CONVERSATIONS.into_iter().flat_map(|steps| [(steps, true), (steps, false)])
    {
        let (good, calls) = run(adapter, is_server, steps, usize::MAX, Fault::Reset);
        let violated = steps.iter().any(|step| matches!(step, Step::Send("bad")));
        assert_eq!(good.error.is_some(), violated, "{good:?}");
        assert_eq!(
            (good.seen.len(), good.pongs),
            (steps.len() - usize::from(violated), 1),
            "{good:?}"
        );
        for (fault, fails_at) in
            FAULTS.into_iter().flat_map(|fault| (0..calls).map(move |call| (fault, call)))
        {
            let (outcome, _) = run(adapter, is_server, steps, fails_at, fault);
            let case = || {
                format!(
                    "{adapter:?}, we serve: {is_server}, {steps:?}, call {fails_at} of {calls} {fault:?}"
                )
            };
            check(&good, &outcome, steps, fault, adapter)
                .unwrap_or_else(|wrong| panic!("{wrong}: {}: {outcome:?}", case()));
            failures += 1;
        }
    }
    assert!(failures > 500, "{failures}");
}

#[test]
fn blocking_adapter_survives_one_failure_of_every_io_call() {
    fail_every_call_once(Adapter::Blocking);
}

#[test]
fn tokio_adapter_survives_one_failure_of_every_io_call() {
    fail_every_call_once(Adapter::Tokio);
}

#[test]
fn futures_adapter_survives_one_failure_of_every_io_call() {
    fail_every_call_once(Adapter::Futures);
}
