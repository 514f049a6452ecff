//! An echo server for many connections in an event loop on mio: `cargo run --release --example
//! mio_echo -- --help` lists the options.
//!
//! The session has the protocol, the deadlines, backpressure and the shutdown sequence. The loop
//! has the system calls, and waits for the next deadline or for a socket.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::{self, Shutdown};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lexopt::prelude::*;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use sansocket::session::{Driven, Exchange, Next, Session};
use sansocket::{Config, Connection, Event, Rejection, ServerHandshake, State, Timeouts};

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

const HELP: &str = "\
Sends every message back, on an event loop.

Usage: mio_echo [--listen HOST:PORT] [--ping-seconds N]

  --listen HOST:PORT  where to listen; port 0 takes a free one  [default: 127.0.0.1:9001]
  --ping-seconds N    silence before a ping  [default: 20]
  --help              this text";

/// The token of the listener. Connections have other numbers.
const LISTENER: Token = Token(0);
/// Each event is reported once: after it, the loop continues until the stream blocks.
pub(crate) const EVENTS: Interest = Interest::READABLE.add(Interest::WRITABLE);
/// System calls for one connection before the next one is served.
const BUDGET: usize = 64;
/// The pause after a failed accept: the process may have too many open files.
const PAUSE: Duration = Duration::from_millis(50);

/// A connection: its socket, and what drives it now.
struct Peer {
    stream: TcpStream,
    phase: Phase,
    /// When to continue at the latest, if the socket is not ready before.
    wake_at: Duration,
}

enum Phase {
    /// Reads the client's request.
    Request(Exchange<ServerHandshake>),
    /// Writes the response that accepts it.
    Acceptance(Exchange<Connection>),
    /// Writes the response that rejects it, and shuts the stream down.
    Rejection(Exchange<Rejection>),
    /// Exchanges messages, until the stream is shut down.
    Open(Session),
    Done,
}

impl Phase {
    fn driven(&mut self) -> Option<&mut dyn Driven> {
        match self {
            Self::Request(exchange) => Some(exchange),
            Self::Acceptance(exchange) => Some(exchange),
            Self::Rejection(exchange) => Some(exchange),
            Self::Open(session) => Some(session),
            Self::Done => None,
        }
    }
}

impl Peer {
    /// Does what the socket allows, within the budget. Returns when to continue at the latest, or
    /// `None` at the end.
    fn drive(&mut self, buffer: &mut [u8], now: Duration) -> Result<Option<Duration>> {
        self.phase.driven().into_iter().for_each(|driven| driven.stream_ready());
        for _ in 0..BUDGET {
            self.take_received(now)?;
            let Some(driven) = self.phase.driven() else { return Ok(None) };
            match driven.next(now)? {
                Next::Wait(until) => return Ok(Some(until.unwrap_or(Duration::MAX))),
                Next::Done => {
                    // The response is written: the connection is open. Anything else has ended.
                    let phase = mem::replace(&mut self.phase, Phase::Done);
                    let Phase::Acceptance(exchange) = phase else { return Ok(None) };
                    self.phase = Phase::Open(exchange.into_session(now));
                }
                next => transfer(driven, next, &mut self.stream, buffer, now),
            }
        }
        Ok(Some(now))
    }

    /// Takes what was received: the request, or messages, which are sent back.
    fn take_received(&mut self, now: Duration) -> Result<()> {
        match &mut self.phase {
            Phase::Request(exchange) => match exchange.receive() {
                Ok(None) => {}
                Ok(Some(request)) => {
                    self.phase = Phase::Acceptance(exchange.accept(request.accept()));
                }
                Err(rejection) => {
                    self.phase = Phase::Rejection(exchange.reject(rejection, now));
                }
            },
            // Backpressure: a session whose events are not taken does not read from its peer.
            Phase::Open(session) => {
                while !session.is_above_high_water_mark() {
                    match session.receive(now) {
                        Some(Event::Message(message)) if session.state() == State::Open => {
                            session.send(message)?;
                        }
                        Some(_) => {}
                        None => break,
                    }
                }
            }
            Phase::Acceptance(_) | Phase::Rejection(_) | Phase::Done => {}
        }
        Ok(())
    }
}

/// Makes one system call, and reports what came of it.
pub(crate) fn transfer(
    driven: &mut dyn Driven,
    next: Next,
    stream: &mut TcpStream,
    buffer: &mut [u8],
    now: Duration,
) {
    match next {
        Next::Write => match stream.write(driven.chunk()) {
            Ok(count) => driven.wrote(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => driven.write_would_block(now),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => driven.write_failed(),
        },
        Next::Flush => driven.flushed(), // A socket does not buffer.
        Next::ShutdownWrite => {
            let _ = stream.shutdown(Shutdown::Write);
            driven.write_half_shut_down();
        }
        Next::Read => match stream.read(buffer) {
            Ok(0) => driven.end_input(),
            Ok(count) => driven.received(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => driven.read_would_block(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => driven.end_input(),
        },
        Next::Wait(_) | Next::Done => {} // See `drive`.
    }
}

/// Serves until the process is ended.
pub(crate) fn serve(mut listener: TcpListener, config: Config, timeouts: Timeouts) -> Result<()> {
    let epoch = Instant::now();
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut peers: HashMap<Token, Peer> = HashMap::new();
    // Of the connections, and of a listener that pauses.
    let mut deadlines: BTreeSet<(Duration, Token)> = BTreeSet::new();
    let (mut last, mut buffer) = (LISTENER, vec![0; 64 * 1024]);
    loop {
        let nearest = deadlines.first().filter(|(at, _)| *at < Duration::MAX);
        let timeout = nearest.map(|(at, _)| at.saturating_sub(epoch.elapsed()));
        match poll.poll(&mut events, timeout) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        let now = epoch.elapsed();
        let due = deadlines.iter().take_while(|(at, _)| *at <= now).map(|(_, token)| *token);
        let mut ready: Vec<_> = due.chain(events.iter().map(|event| event.token())).collect();
        while let Some(token) = ready.pop() {
            if token == LISTENER {
                deadlines.retain(|(_, token)| *token != LISTENER);
                last.0 += 1;
                let accepted = listener.accept().and_then(|(mut stream, _)| {
                    stream.set_nodelay(true)?;
                    poll.registry().register(&mut stream, last, EVENTS)?;
                    Ok(stream)
                });
                match accepted {
                    Ok(stream) => {
                        let exchange = Exchange::server(config.clone(), timeouts, now);
                        let phase = Phase::Request(exchange);
                        peers.insert(last, Peer { stream, phase, wake_at: now });
                        ready.extend([LISTENER, last]);
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => {
                        eprintln!("a connection was not accepted: {error}");
                        deadlines.insert((now + PAUSE, LISTENER));
                    }
                }
                continue;
            }
            let Some(peer) = peers.get_mut(&token) else { continue };
            deadlines.remove(&(peer.wake_at, token));
            match peer.drive(&mut buffer, now) {
                Ok(Some(until)) => {
                    peer.wake_at = until;
                    deadlines.insert((until, token));
                    continue;
                }
                Ok(None) => {}
                Err(error) => eprintln!("a connection ended: {error}"),
            }
            peers.remove(&token);
        }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mio_echo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until the process is ended.
fn run() -> Result<()> {
    let parsed = parse().map_err(|error| format!("{error}; see --help"))?;
    let Some((listen, timeouts)) = parsed else { return Ok(()) };
    let listener = net::TcpListener::bind(&listen)
        .map_err(|error| format!("can't listen on {listen}: {error}"))?;
    listener.set_nonblocking(true)?;
    println!("listening on ws://{}/", listener.local_addr()?);
    io::stdout().flush()?;
    serve(TcpListener::from_std(listener), Config::new(), timeouts)
}

/// The command line; `None` after `--help`.
fn parse() -> Result<Option<(String, Timeouts)>> {
    let (mut listen, mut timeouts) = (String::from("127.0.0.1:9001"), Timeouts::default());
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("listen") => listen = parser.value()?.parse()?,
            Long("ping-seconds") => {
                timeouts.ping = Some(Duration::from_secs(parser.value()?.parse()?));
            }
            Long("help") | Short('h') => {
                println!("{HELP}");
                return Ok(None);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some((listen, timeouts)))
}
