//! The client for the conformance suite's fuzzing server: runs every case, and echoes every
//! message.
//!
//! `autobahn_client ws://127.0.0.1:9001 --driver core|session|blocking|tokio|futures --agent NAME`;
//! started by `autobahn/run`.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut};
use sansocket::session::{Driven, Exchange, Next, Session};
use sansocket::{ClientHandshake, ClientRequest, Config, Entropy, Event, Timeouts, blocking};

/// Its event loop and this one make the same system calls.
#[path = "../examples/mio_echo.rs"]
#[allow(dead_code)]
mod mio_echo;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("autobahn_client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let Arguments { server, agent, echo } = Arguments::parse()?;
    let mut socket = blocking::connect(&format!("{server}/getCaseCount"))?;
    let count = socket.recv()?.ok_or("the suite did not say how many cases there are")?;
    let count: usize = count.as_text().ok_or("the number of cases is not text")?.parse()?;
    for case in 1..=count {
        println!("case {case}/{count}");
        // Most cases violate the protocol on purpose: the suite checks how a connection is closed.
        let _ = echo(&format!("{server}/runCase?case={case}&agent={agent}"), config());
    }
    // The suite may still be writing the report of an earlier client, and does not respond meanwhile.
    let timeouts = Timeouts { handshake: Some(Duration::from_secs(60)), ..Timeouts::default() };
    let request = ClientRequest::new(&format!("{server}/updateReports?agent={agent}"))?;
    let (mut socket, _) = blocking::Options::new().timeouts(timeouts).connect(&request)?;
    while socket.recv()?.is_some() {}
    Ok(())
}

type Echo = fn(&str, Config) -> Result<(), Box<dyn Error>>;

/// Offers all extensions; the suite accepts those that a case needs.
fn config() -> Config {
    #[cfg(feature = "deflate")]
    return Config::new().deflate(sansocket::deflate::Deflate::new());
    #[cfg(not(feature = "deflate"))]
    Config::new()
}

/// With the blocking adapter.
fn echo_blocking(url: &str, config: Config) -> Result<(), Box<dyn Error>> {
    let (mut socket, _) =
        blocking::Options::new().config(config).connect(&ClientRequest::new(url)?)?;
    loop {
        match socket.recv() {
            Ok(Some(message)) => socket.feed(message)?,
            // Our Close frame arrives although the suite may still send.
            Ok(None) | Err(sansocket::Error::Protocol(_)) => break,
            Err(error) => return Err(error.into()),
        }
    }
    socket.until_closed()?;
    Ok(())
}

/// With the adapter for tokio.
#[cfg(feature = "tokio")]
fn echo_tokio(url: &str, config: Config) -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let (mut socket, _) = sansocket::tokio::Options::new()
            .config(config)
            .connect(&ClientRequest::new(url)?)
            .await?;
        loop {
            match socket.recv().await {
                Ok(Some(message)) => socket.feed(message).await?,
                Ok(None) | Err(sansocket::Error::Protocol(_)) => break,
                Err(error) => return Err(error.into()),
            }
        }
        socket.until_closed().await?;
        Ok(())
    })
}

/// With the adapter for futures-io, on async-io.
#[cfg(feature = "async-io")]
fn echo_futures(url: &str, config: Config) -> Result<(), Box<dyn Error>> {
    async_io::block_on(async {
        let request = ClientRequest::new(url)?;
        let stream = TcpStream::connect((request.uri().host(), request.uri().port()))?;
        let stream = async_io::Async::new(stream)?;
        let clock = sansocket::futures::AsyncIoClock::new();
        let (mut socket, _) = sansocket::futures::Options::new()
            .config(config)
            .connect_with_stream(stream, clock, &request)
            .await?;
        loop {
            match socket.recv().await {
                Ok(Some(message)) => socket.feed(message).await?,
                Ok(None) | Err(sansocket::Error::Protocol(_)) => break,
                Err(error) => return Err(error.into()),
            }
        }
        socket.until_closed().await?;
        Ok(())
    })
}

/// With the session, in an event loop without an adapter.
fn echo_session(url: &str, config: Config) -> Result<(), Box<dyn Error>> {
    let request = ClientRequest::new(url)?;
    let (timeouts, entropy) = (Timeouts::default(), Entropy::from_os()?);
    let mut socket = Socket::connect((request.uri().host(), request.uri().port()))?;
    let mut handshake =
        Exchange::client(&request, config, entropy, timeouts, socket.epoch.elapsed());
    let connection = loop {
        if let Some((connection, _)) = handshake.receive()? {
            break connection;
        }
        socket.step(&mut handshake)?;
    };
    let mut session = Session::new(connection, timeouts, socket.epoch.elapsed());
    loop {
        let now = socket.epoch.elapsed();
        while !session.is_above_high_water_mark() {
            match session.receive(now) {
                Some(Event::Message(message)) => session.send(message)?,
                Some(_) => {}
                None => break,
            }
        }
        if !socket.step(&mut session)? {
            return Ok(());
        }
    }
}

/// A socket in an event loop of its own.
struct Socket {
    stream: mio::net::TcpStream,
    poll: mio::Poll,
    events: mio::Events,
    buffer: Vec<u8>,
    epoch: Instant,
}

impl Socket {
    fn connect(address: (&str, u16)) -> Result<Self, Box<dyn Error>> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        let poll = mio::Poll::new()?;
        poll.registry().register(&mut stream, mio::Token(0), mio_echo::EVENTS)?;
        let events = mio::Events::with_capacity(1);
        Ok(Self { stream, poll, events, buffer: vec![0; 64 * 1024], epoch: Instant::now() })
    }

    /// Makes one system call. Returns `false` at the end of the connection.
    fn step(&mut self, driven: &mut dyn Driven) -> Result<bool, Box<dyn Error>> {
        let now = self.epoch.elapsed();
        match driven.next(now)? {
            Next::Done => return Ok(false),
            Next::Wait(until) => {
                self.poll.poll(&mut self.events, until.map(|until| until - now))?;
                driven.stream_ready();
            }
            next => mio_echo::transfer(driven, next, &mut self.stream, &mut self.buffer, now),
        }
        Ok(true)
    }
}

/// With the connection alone, without a session and an adapter.
fn echo_core(url: &str, config: Config) -> Result<(), Box<dyn Error>> {
    let request = ClientRequest::new(url)?;
    let mut stream = TcpStream::connect((request.uri().host(), request.uri().port()))?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 64 * 1024];

    let mut handshake = ClientHandshake::new(&request, config, Entropy::from_os()?);
    stream.write_all(handshake.output().chunk())?;
    let mut connection = loop {
        if let Some((connection, _)) = handshake.receive()? {
            break connection;
        }
        match stream.read(&mut buffer)? {
            0 => handshake.end_input(),
            n => handshake.input().put_slice(&buffer[..n]),
        }
    };

    loop {
        while let Some(event) = connection.receive() {
            if let Event::Message(message) = event {
                connection.send(message)?;
            }
        }
        while connection.wants_write() {
            let written = stream.write(connection.output().chunk())?;
            connection.output().advance(written);
        }
        if !connection.wants_read() {
            return Ok(());
        }
        match stream.read(&mut buffer)? {
            0 => connection.end_input(),
            n => connection.input().put_slice(&buffer[..n]),
        }
    }
}

struct Arguments {
    server: String,
    agent: String,
    echo: Echo,
}

impl Arguments {
    fn parse() -> Result<Self, Box<dyn Error>> {
        let (mut server, mut agent, mut echo) = (None, None, None);
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Value(value) => {
                    server = Some(value.to_string_lossy().trim_end_matches('/').to_owned())
                }
                lexopt::Arg::Long("agent") => {
                    agent = Some(parser.value()?.to_string_lossy().into_owned())
                }
                lexopt::Arg::Long("driver") => {
                    echo = match parser.value()?.to_str() {
                        Some("blocking") => Some(echo_blocking as Echo),
                        Some("core") => Some(echo_core as Echo),
                        Some("session") => Some(echo_session as Echo),
                        #[cfg(feature = "tokio")]
                        Some("tokio") => Some(echo_tokio as Echo),
                        #[cfg(feature = "async-io")]
                        Some("futures") => Some(echo_futures as Echo),
                        _ => {
                            return Err(
                                "--driver is one of: blocking, core, session, tokio, futures (the last two with --all-features)".into()
                            );
                        }
                    }
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Self {
            server: server.ok_or("the suite's address is missing")?,
            agent: agent.ok_or("--agent is missing")?,
            echo: echo.ok_or("--driver is missing")?,
        })
    }
}
