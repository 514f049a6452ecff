//! An echo server, on the adapter or the loop of your choice:
//! `cargo run --release --example echo_server -- --help` lists the options.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut};
use sansocket::{Config, Event, ServerHandshake, Timeouts, blocking};

/// The event loop, which is an example of its own.
#[path = "mio_echo.rs"]
#[allow(dead_code)]
mod mio_echo;

const HELP: &str = "\
Sends every message back.

Usage: echo_server [--listen HOST:PORT] [--driver DRIVER] [--deflate]

  --listen HOST:PORT  where to listen; port 0 takes a free one  [default: 127.0.0.1:9001]
  --driver DRIVER     what moves the bytes  [default: blocking]
                        blocking  the adapter for std::net, one thread per connection
                        core      a loop on the connection alone, one thread per connection
                        session   the event loop of mio_echo on the session, one thread
                        tokio     the adapter for tokio (built with --features tokio)
                        futures   the adapter for futures-io (built with --features async-io)
  --deflate           compress, if the client can  (built with --features deflate)
  --help              this text";

fn main() -> ExitCode {
    let parsed = Arguments::parse().map_err(|error| format!("{error}; see --help").into());
    match parsed.and_then(|arguments| arguments.map_or(Ok(()), |arguments| serve(&arguments))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo_server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until the process is ended.
fn serve(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(&arguments.listen)
        .map_err(|error| format!("can't listen on {}: {error}", arguments.listen))?;
    println!("listening on ws://{}/", listener.local_addr()?);
    io::stdout().flush()?;
    (arguments.serve)(listener, arguments.config.clone())
}

type Serve = fn(TcpListener, Config) -> Result<(), Box<dyn Error>>;
type Echo = fn(TcpStream, Config) -> Result<(), Box<dyn Error>>;

fn serve_blocking(listener: TcpListener, config: Config) -> Result<(), Box<dyn Error>> {
    serve_in_threads(&listener, &config, echo_blocking)
}

fn serve_core(listener: TcpListener, config: Config) -> Result<(), Box<dyn Error>> {
    serve_in_threads(&listener, &config, echo_core)
}

fn serve_session(listener: TcpListener, config: Config) -> Result<(), Box<dyn Error>> {
    listener.set_nonblocking(true)?;
    mio_echo::serve(mio::net::TcpListener::from_std(listener), config, Timeouts::default())
}

#[cfg(feature = "async-io")]
fn serve_futures(listener: TcpListener, config: Config) -> Result<(), Box<dyn Error>> {
    serve_in_threads(&listener, &config, echo_futures)
}

fn serve_in_threads(
    listener: &TcpListener,
    config: &Config,
    echo: Echo,
) -> Result<(), Box<dyn Error>> {
    for stream in listener.incoming() {
        let config = config.clone();
        let connection = stream.and_then(|stream| {
            thread::Builder::new().spawn(move || {
                if let Err(error) = echo(stream, config) {
                    eprintln!("a connection ended: {error}");
                }
            })
        });
        if let Err(error) = connection {
            eprintln!("a connection was not accepted: {error}");
            thread::sleep(PAUSE);
        }
    }
    Ok(())
}

/// With the blocking adapter.
fn echo_blocking(stream: TcpStream, config: Config) -> Result<(), Box<dyn Error>> {
    let mut socket = blocking::Options::new().config(config).accept(stream)?;
    loop {
        match socket.recv() {
            Ok(Some(message)) => socket.feed(message)?,
            // Our Close frame arrives although the client may still send.
            Ok(None) | Err(sansocket::Error::Protocol(_)) => break,
            Err(error) => return Err(error.into()),
        }
    }
    socket.until_closed()?;
    Ok(())
}

/// With the adapter for tokio: a task for each connection, all on this thread.
#[cfg(feature = "tokio")]
fn serve_tokio(listener: TcpListener, config: Config) -> Result<(), Box<dyn Error>> {
    async fn echo(stream: tokio::net::TcpStream, config: Config) -> Result<(), sansocket::Error> {
        let mut socket = sansocket::tokio::Options::new().config(config).accept(stream).await?;
        loop {
            match socket.recv().await {
                Ok(Some(message)) => socket.feed(message).await?,
                Ok(None) | Err(sansocket::Error::Protocol(_)) => break,
                Err(error) => return Err(error),
            }
        }
        socket.until_closed().await?;
        Ok(())
    }

    listener.set_nonblocking(true)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let config = config.clone();
                    tokio::spawn(async {
                        if let Err(error) = echo(stream, config).await {
                            eprintln!("a connection ended: {error}");
                        }
                    });
                }
                Err(error) => {
                    eprintln!("a connection was not accepted: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    })
}

/// With the adapter for futures-io, on async-io. An executor (smol's, for example) would run a task
/// for each connection instead of a thread.
#[cfg(feature = "async-io")]
fn echo_futures(stream: TcpStream, config: Config) -> Result<(), Box<dyn Error>> {
    async_io::block_on(async {
        stream.set_nodelay(true)?;
        let stream = sansocket::futures::TcpStream(async_io::Async::new(stream)?);
        let clock = sansocket::futures::AsyncIoClock::new();
        let mut socket =
            sansocket::futures::Options::new().config(config).accept(stream, clock).await?;
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

/// With the connection alone: this loop moves the bytes, and has no keep-alive.
fn echo_core(mut stream: TcpStream, config: Config) -> Result<(), Box<dyn Error>> {
    let mut buffer = vec![0; 64 * 1024];
    stream.set_nodelay(true)?;

    // The opening handshake makes the connection.
    const TIMEOUT: Duration = Duration::from_secs(10);
    let started = Instant::now();
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut handshake = ServerHandshake::new(config);
    let mut connection = loop {
        match handshake.receive() {
            Ok(Some(request)) => break request.accept(),
            Ok(None) if started.elapsed() < TIMEOUT => {}
            Ok(None) => return Err("the opening handshake took too long".into()),
            Err(mut rejection) => {
                stream.write_all(rejection.output().chunk())?;
                shut_down(&stream, &mut buffer)?;
                return Err((*rejection.error()).into());
            }
        }
        match stream.read(&mut buffer)? {
            0 => handshake.end_input(),
            n => handshake.input().put_slice(&buffer[..n]),
        }
    };

    // Take every event, write once, read once.
    stream.set_read_timeout(None)?;
    loop {
        while let Some(event) = connection.receive() {
            match event {
                Event::Message(message) => connection.send(message)?,
                Event::Closed(closed) if !closed.was_clean() => {
                    eprintln!("a connection ended: {:?}", closed.outcome())
                }
                _ => {}
            }
        }
        while connection.wants_write() {
            let written = stream.write(connection.output().chunk())?;
            connection.output().advance(written);
        }
        if !connection.wants_read() {
            break;
        }
        match stream.read(&mut buffer)? {
            0 => connection.end_input(),
            n => connection.input().put_slice(&buffer[..n]),
        }
    }
    shut_down(&stream, &mut buffer)?;
    Ok(())
}

/// Shuts the stream down (RFC 6455 §7.1.1). A socket that is closed with unread bytes is reset, and
/// the reset destroys a Close frame on its way.
fn shut_down(mut stream: &TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    const TIMEOUT: Duration = Duration::from_secs(5);
    let started = Instant::now();
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    while started.elapsed() < TIMEOUT && stream.read(buffer)? > 0 {}
    Ok(())
}

/// The pause after a failed accept: the process may have too many open files or threads.
const PAUSE: Duration = Duration::from_millis(50);

/// The configuration for `--deflate`.
#[cfg(feature = "deflate")]
fn deflate() -> Result<Config, Box<dyn Error>> {
    Ok(Config::new().deflate(sansocket::deflate::Deflate::new()))
}

#[cfg(not(feature = "deflate"))]
fn deflate() -> Result<Config, Box<dyn Error>> {
    Err("compression is not built in; add --features deflate".into())
}

struct Arguments {
    listen: String,
    serve: Serve,
    config: Config,
}

impl Arguments {
    /// Returns `None` after `--help`.
    fn parse() -> Result<Option<Self>, Box<dyn Error>> {
        let mut arguments =
            Self { listen: "127.0.0.1:9001".into(), serve: serve_blocking, config: Config::new() };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Long("listen") => {
                    arguments.listen = parser.value()?.to_string_lossy().into_owned()
                }
                lexopt::Arg::Long("deflate") => arguments.config = deflate()?,
                lexopt::Arg::Long("driver") => {
                    arguments.serve = match parser.value()?.to_str() {
                        Some("blocking") => serve_blocking,
                        Some("core") => serve_core,
                        Some("session") => serve_session,
                        #[cfg(feature = "tokio")]
                        Some("tokio") => serve_tokio,
                        #[cfg(not(feature = "tokio"))]
                        Some("tokio") => {
                            return Err(
                                "the tokio driver is not built in; add --features tokio".into()
                            );
                        }
                        #[cfg(feature = "async-io")]
                        Some("futures") => serve_futures,
                        #[cfg(not(feature = "async-io"))]
                        Some("futures") => {
                            return Err(
                                "the futures driver is not built in; add --features async-io"
                                    .into(),
                            );
                        }
                        _ => {
                            return Err(
                                "--driver is one of: blocking, core, session, tokio, futures"
                                    .into(),
                            );
                        }
                    }
                }
                lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
                    println!("{HELP}");
                    return Ok(None);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(arguments))
    }
}
