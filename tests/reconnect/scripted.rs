//! A server that does with each attempt what a test says, in both async adapters, and a log of what
//! the client reports when.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join;
use sansocket::futures::FuturesStream;
use sansocket::reconnect::{Cause, Event, GivenUp, Policy, Reconnect, Schedule};
use sansocket::runtime::{Clock, Stream, WebSocket};
use sansocket::testing::{ManualClock, TestStream, Wire};
use sansocket::tokio::{TokioClock, TokioStream};
use sansocket::{Error, Response, futures, tokio};
use support::adapters::{OnFutures, OnTokio, request, write_all};
use support::{Chunking, stream_pair};

type Future<T> = Pin<Box<dyn std::future::Future<Output = T> + Send>>;
pub type Socket<A> = WebSocket<<A as Runtime>::Stream, <A as Runtime>::Clock>;
type Opened<A> = Result<(Socket<A>, Response), Error>;

/// An adapter whose futures can be sent to other threads.
pub trait Runtime: Clone + Send + 'static {
    type Stream: Stream + Send + 'static;
    type Clock: Clock + Send + 'static;

    fn clock(&self) -> Self::Clock;
    fn connect(&self, stream: TestStream) -> Future<Opened<Self>>;
    fn accept(&self, stream: TestStream) -> Future<Result<Socket<Self>, Error>>;
}

#[derive(Clone)]
pub struct Tokio;

impl Runtime for Tokio {
    type Stream = TokioStream<TestStream>;
    type Clock = TokioClock;

    fn clock(&self) -> TokioClock {
        TokioClock::new()
    }

    fn connect(&self, stream: TestStream) -> Future<Opened<Self>> {
        Box::pin(async { tokio::connect_with_stream(stream, &request()).await })
    }

    fn accept(&self, stream: TestStream) -> Future<Result<Socket<Self>, Error>> {
        Box::pin(tokio::accept(stream))
    }
}

impl Runtime for ManualClock {
    type Stream = FuturesStream<TestStream>;
    type Clock = ManualClock;

    fn clock(&self) -> ManualClock {
        self.clone()
    }

    fn connect(&self, stream: TestStream) -> Future<Opened<Self>> {
        let clock = self.clone();
        Box::pin(async { futures::connect_with_stream(stream, clock, &request()).await })
    }

    fn accept(&self, stream: TestStream) -> Future<Result<Socket<Self>, Error>> {
        Box::pin(futures::accept(stream, self.clone()))
    }
}

/// The runtimes of `in_every_adapter`.
pub trait Adapter {
    type Runtime: Runtime;

    fn runtime(&self) -> Self::Runtime;
}

impl Adapter for OnTokio {
    type Runtime = Tokio;

    fn runtime(&self) -> Tokio {
        Tokio
    }
}

impl Adapter for OnFutures {
    type Runtime = ManualClock;

    fn runtime(&self) -> ManualClock {
        self.0.clone()
    }
}

/// What the server does with an attempt.
#[derive(Clone, Copy, Debug)]
pub enum Attempt {
    /// Nobody listens.
    Down,
    /// Answers with these lines.
    Answers(&'static str),
    Accepts,
    /// Does not answer.
    Silent,
}

/// A client of the server, and what it reported when.
pub struct Client<A: Runtime> {
    pub reconnect: Reconnect<A::Stream, A::Clock>,
    clock: A::Clock,
    started: Duration,
    attempts: Arc<Mutex<Server<A>>>,
    pub log: Vec<String>,
}

struct Server<A: Runtime> {
    script: VecDeque<Attempt>,
    /// The server's end of the connection.
    accepted: Option<Socket<A>>,
    wire: Option<Wire>,
    /// Of a server that does not answer.
    silent: Vec<TestStream>,
}

/// No delay of its own, so that the times of the log are those of the server.
pub fn at_once() -> Policy {
    Policy::new().delays(Duration::ZERO, Duration::ZERO)
}

impl<A: Runtime> Client<A> {
    pub fn new(runtime: &A, policy: Policy, script: &[Attempt]) -> Self {
        let server =
            Server { script: script.to_vec().into(), accepted: None, wire: None, silent: vec![] };
        let attempts = Arc::new(Mutex::new(server));
        let (of_client, of_runtime) = (Arc::clone(&attempts), runtime.clone());
        let schedule = Schedule::from_seed(policy, [7; 32]);
        let reconnect = Reconnect::new(schedule, runtime.clock(), move || {
            let attempt = of_client.lock().unwrap().script.pop_front().expect("one attempt more");
            connect(of_runtime.clone(), attempt, Arc::clone(&of_client))
        });
        let clock = runtime.clock();
        let started = clock.now();
        Self { reconnect, clock, started, attempts, log: vec![] }
    }

    fn note(&mut self, line: &str) {
        let now = (self.clock.now() - self.started).as_secs();
        self.log.push(format!("{now} {line}"));
    }

    /// The next event, noted.
    pub async fn next(&mut self) -> Result<Option<Event<Socket<A>>>, GivenUp> {
        let next = self.reconnect.next_event().await;
        let line = match &next {
            Ok(Some(Event::Connecting { attempt })) => format!("connecting {attempt}"),
            Ok(Some(Event::Connected { .. })) => "connected".into(),
            Ok(Some(Event::Waiting { delay, cause })) => {
                format!("waiting {}: {}", delay.as_secs(), short(&cause.to_string()))
            }
            Ok(Some(event)) => panic!("{event:?}"),
            Ok(None) => "over".into(),
            Err(error) => format!("given up: {}", short(&error.to_string())),
        };
        self.note(&line);
        next
    }

    /// Both ends of the next connection.
    pub async fn connected(&mut self) -> (Socket<A>, Socket<A>) {
        loop {
            match self.next().await.unwrap() {
                Some(Event::Connected { socket, .. }) => return (socket, self.accepted()),
                Some(_) => {}
                None => panic!("{:#?}", self.log),
            }
        }
    }

    /// The server's end of the latest connection.
    pub fn accepted(&self) -> Socket<A> {
        self.attempts.lock().unwrap().accepted.take().unwrap()
    }

    /// The wire of the latest connection.
    pub fn wire(&self) -> Wire {
        self.attempts.lock().unwrap().wire.clone().unwrap()
    }

    /// Runs until no other connection is tried.
    pub async fn given_up(&mut self) {
        while let Ok(Some(_)) = self.next().await {}
    }

    /// Receives to the end, and reports it.
    pub async fn serve(&mut self, socket: &mut Socket<A>) {
        let result = loop {
            match socket.recv().await {
                Ok(Some(_)) => {}
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.note("ended");
        self.reconnect.ended(Cause::of(result, socket.closed()));
    }
}

fn connect<A: Runtime>(
    runtime: A,
    attempt: Attempt,
    server: Arc<Mutex<Server<A>>>,
) -> Future<Opened<A>> {
    let (client, mut end) = stream_pair(Chunking::Whole);
    server.lock().unwrap().wire = Some(end.wire());
    match attempt {
        Attempt::Down => {
            Box::pin(async { Err(io::Error::from(ErrorKind::ConnectionRefused).into()) })
        }
        Attempt::Answers(lines) => Box::pin(async move {
            write_all(
                &mut end,
                format!("HTTP/1.1 {lines}\r\nContent-Length: 0\r\n\r\n").as_bytes(),
            )
            .await;
            runtime.connect(client).await
        }),
        Attempt::Accepts => Box::pin(async move {
            let (connected, accepted) = join(runtime.connect(client), runtime.accept(end)).await;
            server.lock().unwrap().accepted = Some(accepted.unwrap());
            connected
        }),
        Attempt::Silent => {
            server.lock().unwrap().silent.push(end);
            runtime.connect(client)
        }
    }
}

/// The first words of a text.
fn short(text: &str) -> String {
    text.split([';', ',']).next().unwrap_or_default().to_string()
}
