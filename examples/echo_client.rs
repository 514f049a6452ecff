//! Sends messages and prints what comes back: `cargo run --release --example echo_client --
//! [--deflate] URL [MESSAGE…]`

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use sansocket::{ClientRequest, CloseCode, Config, Message, blocking};

const HELP: &str = "\
Sends messages to a WebSocket server, and prints what comes back for each.

Usage: echo_client [--deflate] URL [MESSAGE...]

  URL        ws://host[:port][/path][?query]
  MESSAGE    text to send; without one, every line of the standard input is sent
  --deflate  compress, if the server can  (built with --features deflate)
  --help     this text";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo_client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some(arguments) = Arguments::parse()? else { return Ok(()) };
    let request = ClientRequest::new(&arguments.url)?;
    let (mut socket, _) = blocking::Options::new().config(arguments.config).connect(&request)?;
    for message in arguments.messages {
        socket.send(message?)?;
        match socket.recv()? {
            // Not `println`, which panics if the output is closed: `| head`, for example.
            Some(Message::Text(text)) => writeln!(io::stdout(), "{text}")?,
            Some(Message::Binary(bytes)) => writeln!(io::stdout(), "{} bytes", bytes.len())?,
            None => {
                return Err(format!(
                    "the server closed before it answered: {}",
                    describe(socket.closed())
                )
                .into());
            }
        }
    }
    let closed = socket.close(CloseCode::NORMAL, "")?;
    writeln!(io::stdout(), "closed: {}", describe(Some(&closed)))?;
    if closed.was_clean() { Ok(()) } else { Err("the connection was not closed cleanly".into()) }
}

fn describe(closed: Option<&sansocket::Closed>) -> String {
    let Some(closed) = closed else { return "no Close frame".into() };
    let clean = if closed.was_clean() { "clean" } else { "not clean" };
    format!("{} {:?}, {clean}", closed.code(), closed.reason())
}

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
    url: String,
    config: Config,
    messages: Box<dyn Iterator<Item = io::Result<String>>>,
}

impl Arguments {
    /// Returns `None` after `--help`.
    fn parse() -> Result<Option<Self>, Box<dyn Error>> {
        let (mut words, mut config) = (Vec::new(), Config::new());
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Value(word) => {
                    words.push(
                        word.into_string()
                            .map_err(|word| format!("{word:?} is not valid UTF-8"))?,
                    );
                }
                lexopt::Arg::Long("deflate") => config = deflate()?,
                lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
                    println!("{HELP}");
                    return Ok(None);
                }
                other => return Err(format!("{}; see --help", other.unexpected()).into()),
            }
        }
        let mut words = words.into_iter();
        let url = words.next().ok_or("the URL is missing; see --help")?;
        let messages: Box<dyn Iterator<Item = _>> = if words.len() > 0 {
            Box::new(words.map(Ok))
        } else {
            Box::new(io::stdin().lock().lines())
        };
        Ok(Some(Self { url, config, messages }))
    }
}
