//! An echo server: `cargo run --release --example echo_server -- [--addr HOST:PORT] [--driver core|blocking]`

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use bytes::{Buf, BufMut};
use sansocket::{Config, Event, ServerHandshake, blocking};

const HELP: &str = "\
Sends every message back.

Usage: echo_server [--addr HOST:PORT] [--driver DRIVER]

  --addr HOST:PORT  where to listen; port 0 takes a free one  [default: 127.0.0.1:9001]
  --driver DRIVER   what moves the bytes  [default: blocking]
                      blocking  the adapter for std::net, a thread a connection
                      core      the loop of the README around the sans-IO core
  --help            this text";

fn main() -> ExitCode {
    match Arguments::parse().and_then(|arguments| arguments.map_or(Ok(()), |arguments| serve(&arguments))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo_server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until it is ended from outside.
fn serve(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(&arguments.addr).map_err(|error| format!("can't listen on {}: {error}", arguments.addr))?;
    println!("listening on ws://{}/", listener.local_addr()?);
    io::stdout().flush()?;
    for stream in listener.incoming() {
        let echo = arguments.echo;
        let connection = stream.and_then(|stream| {
            thread::Builder::new().spawn(move || {
                if let Err(error) = echo(stream) {
                    eprintln!("a connection ended: {error}");
                }
            })
        });
        if let Err(error) = connection {
            eprintln!("a connection was not accepted: {error}");
            // Perhaps too many files are open, or threads: this is no time to try again at once.
            thread::sleep(Duration::from_millis(50));
        }
    }
    Ok(())
}

type Echo = fn(TcpStream) -> Result<(), Box<dyn Error>>;

/// With the blocking adapter.
fn echo_blocking(stream: TcpStream) -> Result<(), Box<dyn Error>> {
    let mut socket = blocking::accept(stream)?;
    while let Some(message) = socket.recv()? {
        socket.feed(message)?;
    }
    Ok(())
}

/// With nothing but the core: the bytes are moved by hand.
fn echo_core(mut stream: TcpStream) -> Result<(), Box<dyn Error>> {
    let mut buffer = vec![0; 64 * 1024];
    stream.set_nodelay(true)?;

    // The opening handshake makes the connection.
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut handshake = ServerHandshake::new(Config::new());
    let mut connection = loop {
        match handshake.receive() {
            Ok(Some(request)) => break request.accept(),
            Ok(None) => {}
            Err(mut rejection) => {
                stream.write_all(rejection.output().chunk())?;
                hang_up(&stream, &mut buffer)?;
                return Err(rejection.error().clone().into());
            }
        }
        match stream.read(&mut buffer)? {
            0 => handshake.end_input(),
            n => handshake.input().put_slice(&buffer[..n]),
        }
    };

    // The conversation: take what is there, answer it, write once, read once.
    stream.set_read_timeout(None)?;
    loop {
        while let Some(event) = connection.receive() {
            match event {
                Event::Message(message) => connection.send(message)?,
                Event::Closed(closed) if !closed.was_clean() => eprintln!("a connection ended: {:?}", closed.ending()),
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
    hang_up(&stream, &mut buffer)?;
    Ok(())
}

/// Lets the last words arrive: bytes of the peer's that nobody reads would make the system cut the stream off.
fn hang_up(mut stream: &TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    while stream.read(buffer)? > 0 {}
    Ok(())
}

struct Arguments {
    addr: String,
    echo: Echo,
}

impl Arguments {
    /// `None` if help was all that was wanted.
    fn parse() -> Result<Option<Self>, Box<dyn Error>> {
        let mut arguments = Self { addr: "127.0.0.1:9001".into(), echo: echo_blocking };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Long("addr") => arguments.addr = parser.value()?.to_string_lossy().into_owned(),
                lexopt::Arg::Long("driver") => {
                    arguments.echo = match parser.value()?.to_str() {
                        Some("blocking") => echo_blocking,
                        Some("core") => echo_core,
                        _ => return Err("--driver is one of: blocking, core".into()),
                    }
                }
                lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
                    println!("{HELP}");
                    return Ok(None);
                }
                other => return Err(format!("{}; see --help", other.unexpected()).into()),
            }
        }
        Ok(Some(arguments))
    }
}
