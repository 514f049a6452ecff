//! Every read, write and flush of a conversation fails once, in each way that a stream can fail, in
//! each adapter.
//!
//! At the other end of the stream is a peer that judges what arrives, so a byte that is written
//! twice, or not at all, is seen. What a stream may do at any time (interrupt a call, do less than
//! asked, not be ready) changes nothing; what breaks it is an error of the right type; and whatever
//! was called before and after, nothing panics and the bytes on the wire are as they should be.
#![cfg(all(feature = "tokio", feature = "futures-io"))]

mod stream;
mod wire;

use std::io::ErrorKind;

use sansocket::{
    ClientRequest, Error, HandshakeError, HeadError, Message, RequestError, ResponseError,
    blocking, futures, tokio,
};
use stream::{Socket, Still, Stream};
use support::streams::Scripted;
use wire::{Fault, Wire};

const FAULTS: [Fault; 6] = [
    Fault::Interrupted,
    Fault::WouldBlock,
    Fault::Short,
    Fault::Reset,
    Fault::Strange,
    Fault::Zero,
];

/// What the application does.
#[derive(Clone, Copy, Debug)]
enum Step {
    Recv,
    Send(&'static str),
    SendLarge,
    Close,
}

/// The peer welcomes, pings, and repeats what it hears; "bye" makes it close, and "bad" makes it
/// break the protocol.
const CONVERSATIONS: [&[Step]; 4] = [
    &[Step::Recv, Step::Send("one"), Step::Recv, Step::Send("two"), Step::Recv, Step::Close],
    &[Step::Recv, Step::SendLarge, Step::Send("two"), Step::Recv, Step::Recv, Step::Close],
    &[Step::Recv, Step::Send("bye"), Step::Recv, Step::Recv],
    &[Step::Recv, Step::Send("bad"), Step::Recv, Step::Recv],
];

const LARGE: usize = 10_000;

/// What the application sees, up to the first error; that, if there is one; and what the peer
/// heard.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Story {
    seen: Vec<String>,
    error: Option<String>,
    heard: Vec<Message>,
    pongs: usize,
}

/// Says what matters of an error.
fn name(error: &Error) -> String {
    match error {
        Error::Io(error) => format!("{:?}", error.kind()),
        // The stream ended too early for anything else.
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

/// Takes a step. A blocking stream that was not ready is asked again.
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

/// The application's part. It goes on after an error, as if it knew nothing.
async fn perform<S: Socket>(stream: &Stream, opened: Result<S, Error>, steps: &[Step]) -> Story {
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
    Story { seen, error, heard: wire.heard.clone(), pongs: wire.pongs }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Adapter {
    Blocking,
    Tokio,
    Futures,
}

/// Runs a conversation in which this call fails; gives the story, and how many calls there were.
fn run(
    adapter: Adapter,
    we_serve: bool,
    steps: &[Step],
    fails_at: usize,
    fault: Fault,
) -> (Story, usize) {
    let stream = Stream::new(Wire::new(we_serve, fails_at, fault));
    let request = ClientRequest::new("ws://localhost/").unwrap();
    let ours = stream.clone();
    let story = async {
        match (adapter, we_serve) {
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
                perform(&stream, futures::accept(Scripted(ours), Still).await, steps).await
            }
            (Adapter::Futures, false) => {
                perform(
                    &stream,
                    futures::connect_with_stream(Scripted(ours), Still, &request)
                        .await
                        .map(|(socket, _)| socket),
                    steps,
                )
                .await
            }
        }
    };
    let story = ::tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(story);
    let calls = stream.0.borrow().calls;
    (story, calls)
}

/// What may become of a conversation that would have gone like this.
fn judge(
    good: &Story,
    story: &Story,
    steps: &[Step],
    fault: Fault,
    adapter: Adapter,
) -> Result<(), &'static str> {
    if story == good {
        return Ok(());
    }
    if !good.seen.starts_with(&story.seen)
        || !good.heard.starts_with(&story.heard)
        || story.pongs > good.pongs
    {
        return Err("it went another way, not less far");
    }
    let Some(error) = story.error.as_deref() else {
        return Err("something is missing, and nobody said so");
    };
    let at_the_end = story.seen.len() + 1 == steps.len();
    let is = |name: &str| error == name;
    let right = match fault {
        Fault::Interrupted | Fault::Short => return Err("nothing should have changed"),
        Fault::WouldBlock if adapter != Adapter::Blocking => {
            return Err("an async stream may be not ready at any time");
        }
        // Before there is a connection, and when it is given up, there is nothing to go on with.
        Fault::WouldBlock if story.seen.is_empty() || at_the_end => is("WouldBlock"),
        Fault::WouldBlock => return Err("asked again, it should have gone on"),
        Fault::Reset | Fault::Zero => is("ConnectionLost"),
        // A last word that could not be written is no news, if the peer can be heard no more
        // either.
        Fault::Strange => is("Other") || at_the_end && is("ConnectionLost"),
    };
    // A peer that broke the protocol did so, whatever became of our complaint.
    if right || good.error.as_deref() == Some(error) { Ok(()) } else { Err("the wrong error") }
}

fn every_call_fails_once(adapter: Adapter) {
    let mut failures = 0;
    for (steps, we_serve) in
        CONVERSATIONS.into_iter().flat_map(|steps| [(steps, true), (steps, false)])
    {
        let (good, calls) = run(adapter, we_serve, steps, usize::MAX, Fault::Reset);
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
            let (story, _) = run(adapter, we_serve, steps, fails_at, fault);
            let case = || {
                format!(
                    "{adapter:?}, we serve: {we_serve}, {steps:?}, call {fails_at} of {calls} {fault:?}"
                )
            };
            judge(&good, &story, steps, fault, adapter)
                .unwrap_or_else(|wrong| panic!("{wrong}: {}: {story:?}", case()));
            failures += 1;
        }
    }
    assert!(failures > 500, "{failures}");
}

#[test]
fn every_call_of_the_blocking_adapter_fails_once() {
    every_call_fails_once(Adapter::Blocking);
}

#[test]
fn every_call_of_the_tokio_adapter_fails_once() {
    every_call_fails_once(Adapter::Tokio);
}

#[test]
fn every_call_of_the_futures_adapter_fails_once() {
    every_call_fails_once(Adapter::Futures);
}
